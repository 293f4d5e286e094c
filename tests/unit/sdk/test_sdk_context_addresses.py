"""Addresses that an answer names: followed, but never out of the protection that the endpoint itself has."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from hub.clock import VirtualClock
from hub.domain.taxonomy import ErrorCode
from hub.sdk.context import Context, Equipment, Sessions
from hub.sdk.errors import CallEnded
from hub.wire.exchange import Exchanged, HttpRequest, HttpResponse, Phase

START = datetime(2026, 11, 24, 2, tzinfo=UTC)


class Wire:
    def __init__(self):
        self.sent = []

    async def exchange(self, request, _limits):
        self.sent.append(request.url)
        return Exchanged(Phase.RECEIVED, HttpResponse(200, {}))


def context(base_url, wire, calls):
    message = SimpleNamespace(effect=False, seconds=None)
    spec = SimpleNamespace(id="toy", messages={"put": message})
    adapter = SimpleNamespace(spec=spec, endpoint="toy", config={"base_url": base_url})
    clock = VirtualClock(START)
    equipment = Equipment(adapter, None, wire, clock, bytes, None, Sessions())
    return Context(equipment, "op", deadline=START + timedelta(hours=1), record=calls.append, correlation="c")


@pytest.mark.parametrize("url", ["http://files.example/1", "HTTP://files.example/1", "ftp://files.example/1", ""])
async def test_file_for_a_utility_behind_tls_does_not_go_in_the_clear(url):
    wire, calls = Wire(), []
    with pytest.raises(CallEnded) as caught:
        await context("https://power.example", wire, calls).fetch("put", HttpRequest("PUT", url, (), b"material"))
    assert (caught.value.outcome.kind, caught.value.outcome.error.code) == ("not_sent", ErrorCode.UPS_PROTOCOL)
    assert (wire.sent, [call.failure for call in calls]) == ([], ["not-https"])


@pytest.mark.parametrize(
    ("base", "url"),
    [("https://power.example", "https://files.example/1"), ("http://127.0.0.1:1", "http://127.0.0.1:2/1")],
)
async def test_address_as_safe_as_the_endpoint_is_followed(base, url):
    wire = Wire()
    await context(base, wire, []).fetch("put", HttpRequest("PUT", url))
    assert wire.sent == [url]
