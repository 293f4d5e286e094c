"""Working days: make-up days, unknown years, hours, and due dates with the clock stopped in between."""

import itertools
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.clock import SHANGHAI
from hub.domain.calendar import OFFICE_HOURS, Hours, Interval, WorkCalendar

CALENDAR = WorkCalendar.seeded()
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 6, 30), timezones=st.just(UTC))
pauses = st.lists(
    st.builds(lambda start, hours: Interval(start, start + hours * HOUR), moments, st.integers(0, 200)), max_size=4
)
hours = st.sampled_from([None, OFFICE_HOURS, Hours(((time(8, 30), time(12)), (time(13, 30), time(17, 30))))])


def local(*parts):
    return datetime(*parts, tzinfo=SHANGHAI)


def test_make_up_sunday_is_a_workday_and_a_holiday_is_none():
    assert CALENDAR.is_workday(date(2024, 2, 4))
    assert not CALENDAR.is_workday(date(2026, 10, 1))
    assert not CALENDAR.is_workday(date(2026, 11, 22))
    assert CALENDAR.is_workday(date(2026, 11, 24))


def test_counting_skips_the_national_holiday():
    found = CALENDAR.add_working_days(date(2026, 9, 30), 1)
    assert found.on == date(2026, 10, 8)
    assert not found.assumed


def test_counting_nothing_stays_on_a_workday_and_leaves_a_day_off():
    assert CALENDAR.add_working_days(date(2026, 11, 24), 0).on == date(2026, 11, 24)
    assert CALENDAR.add_working_days(date(2026, 11, 21), 0).on == date(2026, 11, 23)


def test_unknown_year_is_counted_monday_to_friday_and_says_so():
    found = CALENDAR.add_working_days(date(2031, 12, 31), 3)
    assert found.on == date(2032, 1, 5)
    assert found.assumed
    assert CALENDAR.add_working_days(date(2026, 12, 31), 1).assumed


def test_local_day_overrides_the_national_one_and_makes_its_year_known():
    local_ = WorkCalendar.seeded({date(2026, 11, 24): False, date(2031, 1, 1): False})
    assert not local_.is_workday(date(2026, 11, 24))
    assert not local_.assumes(date(2031, 5, 1), date(2031, 5, 2))
    assert CALENDAR.is_workday(date(2026, 11, 24))


def test_calendar_cannot_be_changed_from_outside():
    table = {date(2026, 11, 24): False}
    calendar = WorkCalendar(table, frozenset({2026}))
    table[date(2026, 11, 25)] = False
    assert calendar.is_workday(date(2026, 11, 25))
    with pytest.raises(TypeError):
        calendar.table[date(2026, 11, 25)] = False


@pytest.mark.parametrize("n", [-1, 10_001])
def test_senseless_number_of_days_is_refused(n):
    with pytest.raises(ValueError, match="working days"):
        CALENDAR.add_working_days(date(2026, 1, 5), n)
    with pytest.raises(ValueError, match="working days"):
        CALENDAR.due(local(2026, 1, 5), n)


def test_office_hours_count_from_half_past_eight_to_half_past_five():
    friday, monday = local(2026, 11, 20, 16, 30), local(2026, 11, 23, 9, 30)
    assert CALENDAR.working_time(friday, monday, OFFICE_HOURS) == 2 * HOUR
    assert CALENDAR.working_time(friday, monday) == timedelta(hours=7.5) + timedelta(hours=9.5)
    assert CALENDAR.working_time(local(2026, 11, 21), local(2026, 11, 22, 23)) == timedelta(0)


def test_working_time_is_counted_in_local_days_whatever_the_zone():
    start, end = datetime(2026, 11, 20, 15, 30, tzinfo=UTC), datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
    assert CALENDAR.working_time(start, end) == HOUR / 2


def test_time_that_runs_backwards_or_has_no_zone_is_refused():
    with pytest.raises(ValueError, match="before"):
        CALENDAR.working_time(local(2026, 11, 24), local(2026, 11, 23))
    with pytest.raises(ValueError, match="aware"):
        CALENDAR.working_time(datetime(2026, 11, 23), datetime(2026, 11, 24))


@pytest.mark.parametrize("spans", [(), ((time(9), time(9)),), ((time(9), time(12)), (time(11), time(17)))])
def test_hours_that_overlap_or_are_none_are_refused(spans):
    with pytest.raises(ValueError, match="working hours"):
        Hours(spans)


def test_due_in_two_working_days_over_a_weekend():
    due = CALENDAR.due(local(2026, 11, 20, 10), 2)
    assert due.at == local(2026, 11, 24, 10)
    assert not due.assumed


def test_due_counts_office_hours():
    assert CALENDAR.due(local(2026, 11, 20, 16, 30), 1, hours=OFFICE_HOURS).at == local(2026, 11, 23, 16, 30)
    assert CALENDAR.due(local(2026, 11, 20, 22), 1, hours=OFFICE_HOURS).at == local(2026, 11, 23, 17, 30)


def test_due_moves_by_the_working_time_that_was_stopped():
    start = local(2026, 11, 23, 10)
    stopped = [
        Interval(local(2026, 11, 24, 10), local(2026, 11, 25, 10)),
        Interval(local(2026, 11, 24, 12), local(2026, 11, 25, 12)),
    ]
    assert CALENDAR.due(start, 3).at == local(2026, 11, 26, 10)
    assert CALENDAR.due(start, 3, stopped).at == local(2026, 11, 27, 12)


def test_stop_after_the_due_time_changes_nothing():
    start = local(2026, 11, 23, 10)
    later = [Interval(local(2026, 11, 25, 10), local(2026, 12, 25, 10))]
    assert CALENDAR.due(start, 2, later).at == local(2026, 11, 25, 10)


def test_due_keeps_the_zone_of_its_start_and_tells_of_unknown_years():
    due = CALENDAR.due(datetime(2026, 12, 31, 2, tzinfo=UTC), 5)
    assert due.at.tzinfo is UTC
    assert due.assumed


@given(moments, moments, pauses, hours)
def test_clock_is_working_time_less_stopped_time(one, other, stopped, open_):
    start, end = min(one, other), max(one, other)
    used = CALENDAR.net_working_time(start, end, stopped, open_)
    step = timedelta(minutes=30)
    counted = timedelta(0)
    # Reckoned anew, piece by piece between all edges: a piece counts unless some pause covers it.
    edges = sorted({start, end, *(e for p in stopped for e in (p.start, p.end) if start < e < end)})
    for begin, finish in itertools.pairwise(edges):
        if not any(p.start <= begin and finish <= p.end for p in stopped):
            counted += CALENDAR.working_time(begin, finish, open_)
    assert used == counted
    assert timedelta(0) <= used <= CALENDAR.working_time(start, end, open_)
    assert CALENDAR.net_working_time(start, end + step, stopped, open_) >= used


@given(moments, st.integers(1, 30), pauses, hours)
def test_due_time_uses_up_exactly_the_limit(start, days, stopped, open_):
    due = CALENDAR.due(start, days, stopped, open_)
    limit = (open_.length if open_ else DAY) * days
    assert CALENDAR.net_working_time(start, due.at, stopped, open_) == limit
    just_before = due.at - timedelta(microseconds=1)
    assert CALENDAR.net_working_time(start, just_before, stopped, open_) < limit


@given(moments, st.integers(0, 400))
def test_the_instant_after_some_working_time_is_the_earliest_that_uses_it_up(start, count):
    worked = count * HOUR
    found = CALENDAR.after(start, worked)
    assert CALENDAR.working_time(start, found) == worked
    assert not count or CALENDAR.working_time(start, found - timedelta(seconds=1)) < worked


@given(st.dates(date(2004, 1, 1), date(2026, 11, 1)), st.integers(1, 40))
def test_added_working_days_are_as_many_as_lie_between(start, n):
    end = CALENDAR.add_working_days(start, n).on
    days = [start + k * DAY for k in range(1, (end - start).days + 1)]
    assert sum(map(CALENDAR.is_workday, days)) == n
    assert CALENDAR.is_workday(end)
