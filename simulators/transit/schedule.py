"""When the centre does what: pick-ups, blacklists, the nightly snapshot, the reconciliation."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from simulators.kit.clock import SHANGHAI

if TYPE_CHECKING:
    from simulators.kit.simulator import Profile

BLACKLIST, SNAPSHOT, RECONCILIATION, PICKUP = "blacklist", "snapshot", "reconciliation", "pickup"
KINDS = (BLACKLIST, SNAPSHOT, RECONCILIATION, PICKUP)  # at one instant they happen in this order
_OPENS, _CLOSES = time(6), time(22)


class Schedule:
    """A pure calendar; `extra["pickup_seconds"]` and the like in the profile put a short beat in its place."""

    def __init__(self, profile: Profile) -> None:
        self._always_open = profile.always_open
        self._beats = {kind: float(profile.extra.get(f"{kind}_seconds", 0)) for kind in KINDS}

    def beat(self, kind: str) -> float:
        """The seconds between two turns, 0 where the calendar rules."""
        return self._beats[kind]

    def following(self, kind: str, after: datetime) -> datetime:
        if self._beats[kind]:
            return _next_beat(after, self._beats[kind])
        if kind == BLACKLIST:
            return _next_slot(after, timedelta(hours=2))
        if kind == PICKUP:
            return self._next_pickup(after)
        return _next_time(after, time(2) if kind == SNAPSHOT else time(7))

    def preceding_snapshot(self, before: datetime) -> datetime:
        return _next_time(before - timedelta(days=1), time(2))

    def _next_pickup(self, after: datetime) -> datetime:
        at = _next_slot(after, timedelta(minutes=30))
        while not (self._always_open or _OPENS <= at.astimezone(SHANGHAI).time() <= _CLOSES):
            at = _next_slot(at, timedelta(minutes=30))
        return at


def _next_slot(after: datetime, step: timedelta) -> datetime:
    midnight = datetime.combine(after.astimezone(SHANGHAI).date(), time(), SHANGHAI)
    past = (after - midnight) // step
    return (midnight + (past + 1) * step).astimezone(after.tzinfo)


def _next_time(after: datetime, at: time) -> datetime:
    today = datetime.combine(after.astimezone(SHANGHAI).date(), at, SHANGHAI)
    return (today if today > after else today + timedelta(days=1)).astimezone(after.tzinfo)


def _next_beat(after: datetime, seconds: float) -> datetime:
    beat = timedelta(seconds=seconds)
    epoch = datetime.fromtimestamp(0, after.tzinfo)
    return epoch + ((after - epoch) // beat + 1) * beat
