"""What the hub does by itself at a certain time: commands that no worker takes, fired in the relay's transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from hub.domain.work import CommandKind
from hub.engine import deadlines, lapsed, lapsing
from hub.engine.rules import Rules
from hub.store.tables import CommandRow
from hub.store.unit import TaskRecord, UnitOfWork

HUB = deadlines.HUB
_AT_ONCE = 100
_LEASE = timedelta(minutes=5)
Fire = Callable[[UnitOfWork, Rules, TaskRecord, CommandRow], None]
_FIRE: Mapping[str, Fire] = {
    deadlines.NAME: deadlines.fire,
    lapsing.REMINDER: lapsed.remind,
    lapsing.LAPSE: lapsed.ask,
}


def fire_due(unit: UnitOfWork, rules: Rules, now: datetime) -> None:
    """Fire what is due, each once: it is finished in the transaction of what it does."""
    for row in unit.claim(HUB, _AT_ONCE, now, rules.owner, now + _LEASE):
        if CommandKind(row.kind) is CommandKind.TIMER and row.task is not None:
            _FIRE[row.operation](unit, rules, unit.task(row.task), row)
        unit.finish(row.id)
