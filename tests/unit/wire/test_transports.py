"""An endpoint with several transports: each request goes to the one that carries it."""

import pytest

from hub.errors import EncodeError
from hub.wire.exchange import Exchanged, FileGet, HttpRequest, Limits, Phase
from hub.wire.transports import SeveralTransports


class Kept:
    """A transport that keeps what it was given."""

    def __init__(self):
        self.requests, self.closed = [], False

    async def exchange(self, request, limits):
        self.requests.append(request)
        return Exchanged(Phase.CONNECT, failure="refused")

    async def aclose(self):
        self.closed = True


async def test_each_request_goes_to_the_transport_that_carries_it():
    http, files = Kept(), Kept()
    several = SeveralTransports([((HttpRequest,), http), ((FileGet,), files)])
    await several.exchange(FileGet("/out/a"), Limits())
    await several.exchange(HttpRequest("GET", "http://127.0.0.1/"), Limits())
    assert [len(http.requests), len(files.requests)] == [1, 1]
    await several.aclose()
    assert http.closed
    assert files.closed


async def test_a_request_that_nothing_carries_is_refused_before_anything_is_sent():
    http = Kept()
    with pytest.raises(EncodeError, match="FileGet"):
        await SeveralTransports([((HttpRequest,), http)]).exchange(FileGet("/x"), Limits())
    assert not http.requests
