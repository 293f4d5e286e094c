"""Deadlines: a task whose promised time runs out is told so, in time, and once more when it is over.

The clock of a task stops while it waits for the applicant, so the moment of a warning is only known when it comes:
the timer looks, and sets itself again for when the rest would be used up.
"""

from __future__ import annotations

from datetime import timedelta

from hub.clock import SHANGHAI
from hub.domain.machine import clock_at
from hub.domain.states import ClockKind, EventSource
from hub.domain.work import CommandKind
from hub.engine.events import hub_event
from hub.engine.rules import HUB, Rules
from hub.engine.step import apply_event
from hub.store.tables import CommandRow
from hub.store.unit import TaskRecord, UnitOfWork

NAME = "deadline"
_WARN_AT = 0.8
_LOOK_AGAIN = timedelta(days=1)


def watch(unit: UnitOfWork, rules: Rules, record: TaskRecord) -> None:
    """Begin to watch the time limit of a task; one that is done at once has none."""
    if record.task.limit is not None:
        _set(unit, rules, record, 1, record.task.limit * _WARN_AT)


def fire(unit: UnitOfWork, rules: Rules, record: TaskRecord, row: CommandRow) -> None:
    """Look how much of the limit is used up; warn, tell that it is over, or look again later."""
    task, limit = record.task, record.task.limit
    if task.state.final or limit is None:
        return
    used = clock_at(task, rules.now(), worked=rules.worked)
    step = int(row.id.rpartition(":")[2]) + 1
    if used >= limit:
        _tell(unit, rules, record, "OVERDUE", "已超过承诺时限")
        return
    if used >= limit * _WARN_AT:
        due = rules.after(rules.now(), limit - used).astimezone(SHANGHAI)
        _tell(unit, rules, record, "DUE_SOON", f"承诺时限临近, {due:%m-%d %H:%M} 到期")
        left = limit - used
    else:
        left = limit * _WARN_AT - used
    stopped = task.state.clock is ClockKind.STOPPED
    _set(unit, rules, record, step, max(left, _LOOK_AGAIN) if stopped else left)


def _tell(unit: UnitOfWork, rules: Rules, record: TaskRecord, code: str, words: str) -> None:
    number = record.task.number
    event = hub_event(
        number,
        f"{number}:{code.lower()}",
        record.task.state,
        rules.now(),
        source=EventSource.TIMER,
        raw_code=code,
        opinion=words,
    )
    apply_event(unit, rules, record, event)


def _set(unit: UnitOfWork, rules: Rules, record: TaskRecord, step: int, left: timedelta) -> None:
    when = rules.after(max(rules.now(), record.task.state_since), left)
    number = record.task.number
    unit.enqueue(f"{number}:{NAME}:{step}", CommandKind.TIMER, HUB, NAME, task=number, not_before=when)
