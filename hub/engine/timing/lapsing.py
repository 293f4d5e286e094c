"""Outputs that lapse by themselves, such as an oral loss report after five days: when to remind, when to look.

Nobody tells the hub of a lapse. So the timers are set when the output comes, and what stands is asked for afterwards.
"""

from __future__ import annotations

from datetime import timedelta

from hub.domain.outcome import expiry_of
from hub.domain.states import TaskState
from hub.domain.work import CommandKind
from hub.engine.rules import Rules
from hub.store.unit import TaskRecord, UnitOfWork

HUB = "hub"
REMINDER, LAPSE = "lapse-reminder", "lapse"
_AHEAD = timedelta(hours=24)
# The utility's clock need not be ours.
_AFTER = timedelta(minutes=5)


def watch(unit: UnitOfWork, rules: Rules, record: TaskRecord) -> None:
    """Set the timers for the first output of a completed task that lapses; the same lapse is watched once."""
    expires, number = expiry_of(record.task.outputs), record.task.number
    if record.task.state is not TaskState.COMPLETED or expires is None:
        return
    moments = {LAPSE: expires + _AFTER}
    if expires > rules.now():
        moments[REMINDER] = max(expires - _AHEAD, rules.now())
    for name, when in moments.items():
        command = f"{number}:{name}:{expires.timestamp():.0f}"
        unit.enqueue(command, CommandKind.TIMER, HUB, name, task=number, not_before=when)
