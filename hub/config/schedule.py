"""Cron lines in the city's time, and which maintenance window is open at a moment. Pure: the moment is passed in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from functools import lru_cache

from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from hub.clock import SHANGHAI
from hub.domain.provider import MaintenanceWindow

_FIELDS = 5


@dataclass(frozen=True, slots=True)
class Closure:
    """An operation is closed now, because of `window`, until `until`."""

    window: MaintenanceWindow
    until: datetime


@lru_cache(maxsize=256)
def cron(line: str) -> CronTrigger:
    """Read a cron line of five fields in Asia/Shanghai. Raises ValueError that says what is wrong."""
    fields = line.split()
    if len(fields) != _FIELDS:
        raise ValueError("a cron line has five fields: minute, hour, day, month, weekday")
    # APScheduler counts weekdays from Monday = 0, every other cron from Sunday: names are the only safe way.
    if re.search(r"(?<!/)\b\d", fields[4].split("#", 1)[0].replace("*/", "/")):
        raise ValueError("write weekdays as names (mon-fri): 0 would be Monday here and Sunday elsewhere")
    try:
        return CronTrigger.from_crontab(line, timezone=SHANGHAI)
    except ValueError as error:
        raise ValueError(f"not a cron line: {error}") from None


def timetable(line: str, start: datetime) -> CronTrigger | IntervalTrigger:
    """Read a cron line, or `every N seconds` counted from `start`. Raises ValueError that says what is wrong."""
    found = re.fullmatch(r"every ([0-9]+(?:\.[0-9]+)?) seconds", line)
    if found is None:
        return cron(line)
    if float(found[1]) <= 0:
        raise ValueError("a pause is longer than nothing")
    return IntervalTrigger(seconds=float(found[1]), start_date=start, timezone=SHANGHAI)


def closure(windows: Iterable[MaintenanceWindow], endpoint: str, operation: str, now: datetime) -> Closure | None:
    """The window that closes `operation` of `endpoint` now; of several, the one that ends last."""
    found: Closure | None = None
    for window in windows:
        if endpoint in window.endpoints and any(fnmatchcase(operation, each) for each in window.operations):
            until = _open_until(window, now)
            if until is not None and (found is None or until > found.until):
                found = Closure(window, until)
    return found


def _open_until(window: MaintenanceWindow, now: datetime) -> datetime | None:
    span = timedelta(minutes=window.minutes)
    trigger = cron(window.start)
    begun: datetime | None = None
    at = trigger.get_next_fire_time(None, (now - span + timedelta(microseconds=1)).astimezone(SHANGHAI))
    while at is not None and at <= now:
        begun = at
        at = trigger.get_next_fire_time(None, (at + timedelta(seconds=1)).astimezone(SHANGHAI))
    return (begun + span).astimezone(now.tzinfo) if begun else None
