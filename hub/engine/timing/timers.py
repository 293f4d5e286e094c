"""What the hub does by itself at a certain time: commands that no worker takes, fired in the relay's transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from hub.domain.work import CommandKind
from hub.engine.rules import HUB, Rules
from hub.engine.supplements import wanted
from hub.engine.timing import deadlines, expiry, lapsed, lapsing
from hub.store.tables import CommandRow
from hub.store.unit import TaskRecord, UnitOfWork

_AT_ONCE = 100
_LEASE = timedelta(minutes=5)
Fire = Callable[[UnitOfWork, Rules, TaskRecord, CommandRow], None]
_FIRE: Mapping[str, Fire] = {
    deadlines.NAME: deadlines.fire,
    lapsing.REMINDER: lapsed.remind,
    lapsing.LAPSE: lapsed.ask,
    wanted.REMINDER: expiry.fire,
    wanted.EXPIRY: expiry.fire,
}


def fire_due(unit: UnitOfWork, rules: Rules, now: datetime) -> set[str]:
    """Fire what is due, each once: it is finished in the transaction of what it does. Tells whose cases it was."""
    touched = set()
    for row in unit.claim(HUB, _AT_ONCE, now, rules.owner, now + _LEASE):
        if CommandKind(row.kind) is CommandKind.TIMER and row.task is not None:
            record = unit.task(row.task)
            _FIRE[row.operation](unit, rules, record, row)
            touched.add(record.task.case_number)
        unit.finish(row.id)
    return touched
