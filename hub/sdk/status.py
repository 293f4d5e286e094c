"""What an HTTP status says by itself, before any body: whether the utility did anything with the request."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from hub.domain.taxonomy import ErrorCode
from hub.errors import DecodeError
from hub.sdk.errors import Refused
from hub.wire import crypto
from hub.wire.exchange import HttpResponse, WireResponse
from hub.wire.http import retry_after

_DID_NOTHING = {429: ErrorCode.UPS_THROTTLED, 503: ErrorCode.UPS_UNAVAILABLE}
_OUR_MISTAKE = frozenset({404, 405, 415})


def as_http(response: WireResponse) -> HttpResponse:
    """The response of an adapter that speaks HTTP only. Raises DecodeError for any other."""
    if not isinstance(response, HttpResponse):
        raise DecodeError("response", "is not HTTP")
    return response


def expect_ok(response: HttpResponse, now: datetime) -> None:
    """Let a 200 pass.

    Raises:
        Refused: for a status that says that nothing was done; with the time to wait, if the utility names one.
        DecodeError: for any other, which leaves open what was done.
    """
    refused_by_status(response, now, _DID_NOTHING)
    status = response.status
    if status in _OUR_MISTAKE:
        raise Refused(ErrorCode.UPS_PROTOCOL, f"HTTP {status}")
    if status != 200:
        raise DecodeError("status", f"HTTP {status} is not part of the contract")


def whole_file(response: HttpResponse, sm3: str) -> bytes:
    """The content of a download that has the digest, in hex, which the utility told of it.

    Raises:
        Refused: UPS_UNAVAILABLE for another status than 200, FILE_DIGEST for other content.
    """
    if response.status != 200:
        raise Refused(ErrorCode.UPS_UNAVAILABLE, f"HTTP {response.status}")
    if not crypto.same(crypto.sm3(response.body).hex(), sm3):
        raise Refused(ErrorCode.FILE_DIGEST, "sm3")
    return response.body


def refused_by_status(response: HttpResponse, now: datetime, codes: Mapping[int, ErrorCode]) -> None:
    """Let every status pass that is not in `codes`: these say that nothing was done, and why.

    Raises:
        Refused: with the code of the status, and the time to wait, if the utility names one.
    """
    status = response.status
    if status in codes:
        raise Refused(codes[status], f"HTTP {status}", retry_after(response.headers, now))
