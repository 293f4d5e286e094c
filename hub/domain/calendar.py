"""Working days and working hours, and due dates reckoned in them.

The table of exceptions is data: seeded from the published national calendar, corrected by a local one. A year
that the table does not know is reckoned Monday to Friday, and every answer that leans on it says `assumed`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING

from chinese_calendar import constants

from hub.clock import SHANGHAI

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_DAY = timedelta(days=1)
_SATURDAY = 5
_LONGEST = 10_000


@dataclass(frozen=True, slots=True)
class Hours:
    """Working hours of a day in local time, as spans that do not overlap."""

    spans: tuple[tuple[time, time], ...]

    def __post_init__(self) -> None:
        edges = [edge for span in self.spans for edge in span]
        if not edges or any(a >= b for a, b in pairwise(edges)):
            raise ValueError("working hours are spans in order, each ending after it begins")

    @property
    def length(self) -> timedelta:
        """How much work a day holds."""
        return sum((_gap(*span) for span in self.spans), timedelta(0))


OFFICE_HOURS = Hours(((time(8, 30), time(17, 30)),))


@dataclass(frozen=True, slots=True)
class WorkingDay:
    """A date found by counting; `assumed` when a year on the way is not in the table."""

    on: date
    assumed: bool


@dataclass(frozen=True, slots=True)
class Due:
    """An instant found by counting; `assumed` when a year on the way is not in the table."""

    at: datetime
    assumed: bool


@dataclass(frozen=True, slots=True)
class Interval:
    """A span of time, from `start` up to but without `end`; both aware."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("an interval lies between two aware times")
        if self.end < self.start:
            raise ValueError("an interval cannot end before it starts")


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """Working calendar 工作日历. `table` holds the exceptions from Monday to Friday; `years` are those it covers."""

    table: Mapping[date, bool] = field(default_factory=dict)
    years: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        object.__setattr__(self, "table", MappingProxyType(dict(self.table)))

    @classmethod
    def seeded(cls, local: Mapping[date, bool] | None = None) -> WorkCalendar:
        """The national calendar, with the days of `local` put over it; a local day makes its year known."""
        table: dict[date, bool] = dict.fromkeys(constants.holidays, False)
        table |= dict.fromkeys(constants.workdays, True)
        table |= local or {}
        return cls(table, frozenset(day.year for day in table))

    def is_workday(self, day: date) -> bool:
        """Whether people work on that day."""
        return self.table.get(day, day.weekday() < _SATURDAY)

    def assumes(self, first: date, last: date) -> bool:
        """Whether a year between the two days is only guessed at."""
        return any(year not in self.years for year in range(first.year, last.year + 1))

    def add_working_days(self, start: date, n: int) -> WorkingDay:
        """The n-th working day after `start`; for 0, `start` itself or the next working day."""
        if not 0 <= n <= _LONGEST:
            raise ValueError(f"a time limit is 0 to {_LONGEST} working days")
        day = start
        while n == 0 and not self.is_workday(day):
            day += _DAY
        left = n
        while left:
            day += _DAY
            left -= self.is_workday(day)
        return WorkingDay(day, self.assumes(start, day))

    def working_time(self, start: datetime, end: datetime, hours: Hours | None = None) -> timedelta:
        """Time worked between two instants: of `hours`, or of whole working days when there are none."""
        span = Interval(start, end)
        return sum((_overlap(span, open_) for open_ in self._open(span, hours)), timedelta(0))

    def net_working_time(
        self, start: datetime, end: datetime, stopped: Iterable[Interval], hours: Hours | None = None
    ) -> timedelta:
        """Time worked between two instants, without the parts that fall into a stopped interval."""
        used = self.working_time(start, end, hours)
        for pause in _merged(stopped, Interval(start, end)):
            used -= self.working_time(pause.start, pause.end, hours)
        return used

    def due(self, start: datetime, days: int, stopped: Iterable[Interval] = (), hours: Hours | None = None) -> Due:
        """The instant when `days` working days from `start` are used up, stopped intervals not counted.

        Working days are whole days, or days of `hours`. Counting begins at `start` itself; 0 days are due at once.
        """
        if not 0 <= days <= _LONGEST:
            raise ValueError(f"a time limit is 0 to {_LONGEST} working days")
        left = (hours.length if hours else _DAY) * days
        pauses = list(_merged(stopped, Interval(start, datetime.max.replace(tzinfo=start.tzinfo))))
        at = start
        for pause in pauses:
            worked = self.working_time(at, pause.start, hours)
            if worked >= left:
                break
            left -= worked
            at = pause.end
        return self._spend(start, at, left, hours)

    def after(self, start: datetime, worked: timedelta) -> datetime:
        """The instant at which `worked` of working time has passed since `start`; whole working days count."""
        return self._spend(start, start, worked, None).at

    def _spend(self, start: datetime, at: datetime, left: timedelta, hours: Hours | None) -> Due:
        day = at.astimezone(SHANGHAI).date()
        while left:
            for open_ in self._opening(day, hours):
                begin = max(open_.start, at)
                room = max(open_.end - begin, timedelta(0))
                if room >= left:
                    at, left = begin + left, timedelta(0)
                    break
                left -= room
            day += _DAY
        last = at.astimezone(SHANGHAI).date()
        return Due(at.astimezone(start.tzinfo), self.assumes(start.astimezone(SHANGHAI).date(), last))

    def _open(self, span: Interval, hours: Hours | None) -> Iterable[Interval]:
        day = span.start.astimezone(SHANGHAI).date()
        last = span.end.astimezone(SHANGHAI).date()
        while day <= last:
            yield from self._opening(day, hours)
            day += _DAY

    def _opening(self, day: date, hours: Hours | None) -> Iterable[Interval]:
        if not self.is_workday(day):
            return
        if hours is None:
            yield Interval(_local(day, time.min), _local(day + _DAY, time.min))
            return
        for begin, end in hours.spans:
            yield Interval(_local(day, begin), _local(day, end))


def _local(day: date, at: time) -> datetime:
    return datetime.combine(day, at, SHANGHAI)


def _gap(begin: time, end: time) -> timedelta:
    return datetime.combine(date.min, end) - datetime.combine(date.min, begin)


def _overlap(a: Interval, b: Interval) -> timedelta:
    return max(min(a.end, b.end) - max(a.start, b.start), timedelta(0))


def _merged(intervals: Iterable[Interval], within: Interval) -> Iterable[Interval]:
    """Yield the intervals in order, cut to `within`, overlapping ones as one."""
    current: Interval | None = None
    for interval in sorted(intervals, key=lambda one: one.start):
        start, end = max(interval.start, within.start), min(interval.end, within.end)
        if start >= end:
            continue
        if current is None or start > current.end:
            if current is not None:
                yield current
            current = Interval(start, end)
        else:
            current = Interval(current.start, max(current.end, end))
    if current is not None:
        yield current
