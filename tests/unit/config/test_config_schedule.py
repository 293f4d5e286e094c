"""Cron lines in the city's time, and when a maintenance window is open."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.clock import SHANGHAI
from hub.config import closure, cron
from hub.domain.provider import MaintenanceWindow


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("endpoint", "operation", "now", "until"),
    [
        ("water-city", "2001", "2026-12-01T23:29:59", None),
        ("water-city", "2001", "2026-12-01T23:30:00", "2026-12-02T00:30:00"),
        ("water-city", "2001", "2026-12-02T00:29:59", "2026-12-02T00:30:00"),
        ("water-city", "2001", "2026-12-02T00:30:00", None),
        ("water-city", "3001:01", "2026-12-02T00:10:00", None),
        ("power", "app/submit:210", "2026-12-01T00:00:00", "2026-12-01T06:00:00"),
        ("power", "app/submit:210", "2026-12-01T06:00:00", None),
        ("power", "app/submit:210", "2026-12-02T03:00:00", None),
        ("power", "app/submit:110", "2026-12-01T03:00:00", None),
        ("transit-0402", "APPL:01", "2026-12-01T23:00:00", None),
    ],
)
def test_the_shipped_windows_close_what_they_say(configuration, endpoint, operation, now, until):
    found = closure(configuration.maintenance, endpoint, operation, local(now).astimezone(UTC))
    assert (found.until if found else None) == (local(until) if until else None)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)), st.integers(1, 3000))
def test_a_closure_holds_from_its_start_for_its_length_and_not_longer(at, minutes):
    window = MaintenanceWindow(id="w", endpoints=("e",), operations=("*",), start="15 3 * * sun", minutes=minutes)
    now = at.replace(tzinfo=SHANGHAI)
    found = closure((window,), "e", "anything", now)
    start = now.replace(hour=3, minute=15, second=0, microsecond=0)
    start -= timedelta(days=(start.weekday() + 1) % 7)
    if start > now:
        start -= timedelta(days=7)
    expected = start + timedelta(minutes=minutes)
    assert (found.until if found else None) == (expected if now < expected else None)


def test_of_two_open_windows_the_longer_counts():
    windows = [
        MaintenanceWindow(id=str(m), endpoints=("e",), operations=("2001",), start="0 1 * * *", minutes=m)
        for m in (30, 90, 60)
    ]
    assert closure(windows, "e", "2001", local("2026-12-01T01:10:00")).until == local("2026-12-01T02:30:00")


@pytest.mark.parametrize(
    "line", ["", "* * * *", "61 * * * *", "0 0 * * 1", "0 0 * * 0-4", "0 0 * * mon,2", "x * * * *"]
)
def test_a_wrong_or_ambiguous_cron_line_is_refused(line):
    with pytest.raises(ValueError, match=r"cron line|weekdays"):
        cron(line)


def test_weekdays_by_name_are_taken():
    fires = cron("0 9 * * mon-fri").get_next_fire_time(None, local("2026-11-28T00:00:00"))
    assert fires == local("2026-11-30T09:00:00")
