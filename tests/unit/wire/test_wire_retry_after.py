"""Retry-After: seconds or a date, never beyond the ceiling."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.wire.http import retry_after

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


@given(st.integers(0, 10**12))
def test_retry_after_in_seconds_is_read_up_to_the_ceiling(seconds):
    ceiling = timedelta(minutes=10)
    wanted = min(seconds, 600)
    assert retry_after({"retry-after": f" {seconds} "}, NOW, ceiling) == timedelta(seconds=wanted)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("Sun, 01 Mar 2026 08:02:00 GMT", 120),
        ("Sun, 01 Mar 2026 16:02:00 +0800", 120),
        ("Sun, 01 Mar 2026 08:02:00 -0000", 120),
        ("Sun, 01 Mar 2026 07:00:00 GMT", 0),
        ("Sun, 01 Mar 2036 07:00:00 GMT", 3600),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("9" * 6000, 3600),
    ],
)
def test_retry_after_is_read_in_both_forms_and_garbage_is_absent(value, seconds):
    wait = retry_after({"retry-after": value}, NOW)
    assert wait == (None if seconds is None else timedelta(seconds=seconds))


def test_retry_after_is_absent_without_the_header():
    assert retry_after({}, NOW) is None
