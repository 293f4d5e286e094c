"""What an HTTP status says by itself, whatever stands in the body."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hub.sdk import DecodeError, ErrorCode, Refused, as_http, expect_ok, refused_by_status, whole_file
from hub.sdk.wire import FileResponse, HttpResponse, crypto

NOW = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)


def answer(status, **headers):
    return HttpResponse(status, headers, b"")


def test_status_of_the_table_is_a_refusal_with_its_code_and_wait():
    waiting = answer(429, **{"retry-after": "30"})
    with pytest.raises(Refused) as refused:
        refused_by_status(waiting, NOW, {429: ErrorCode.UPS_BUSY})
    assert (refused.value.code, refused.value.raw) == (ErrorCode.UPS_BUSY, "HTTP 429")
    assert refused.value.retry_after == timedelta(seconds=30)


@pytest.mark.parametrize("status", [200, 500, 503])
def test_status_that_is_not_in_the_table_passes(status):
    refused_by_status(answer(status), NOW, {429: ErrorCode.UPS_BUSY})


@pytest.mark.parametrize(
    ("status", "code"),
    [(429, ErrorCode.UPS_THROTTLED), (503, ErrorCode.UPS_UNAVAILABLE), (404, ErrorCode.UPS_PROTOCOL)],
)
def test_status_that_did_nothing_is_refused_where_only_200_is_a_yes(status, code):
    with pytest.raises(Refused) as refused:
        expect_ok(answer(status), NOW)
    assert refused.value.code is code


def test_status_that_leaves_open_what_was_done_is_no_refusal():
    with pytest.raises(DecodeError):
        expect_ok(answer(500), NOW)
    expect_ok(answer(200), NOW)


def test_answer_by_another_way_than_http_is_not_read():
    with pytest.raises(DecodeError):
        as_http(FileResponse(body=b""))
    assert as_http(answer(500)).status == 500


def test_download_is_the_file_that_the_utility_told_of_or_nothing():
    content = HttpResponse(200, {}, b"rows")
    assert whole_file(content, crypto.sm3(b"rows").hex()) == b"rows"
    with pytest.raises(Refused) as refused:
        whole_file(content, crypto.sm3(b"other").hex())
    assert refused.value.code is ErrorCode.FILE_DIGEST
    with pytest.raises(Refused) as refused:
        whole_file(answer(404), "")
    assert refused.value.code is ErrorCode.UPS_UNAVAILABLE
