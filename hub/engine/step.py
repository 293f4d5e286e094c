"""One step of one task: the event is applied and both are stored."""

from __future__ import annotations

from hub.domain.case import TaskEvent
from hub.domain.machine import Advance, advance
from hub.engine.rules import Rules
from hub.store.unit import TaskRecord, UnitOfWork


def apply_event(unit: UnitOfWork, rules: Rules, record: TaskRecord, event: TaskEvent) -> Advance:
    """Advance a task by one event and store both; the event is kept also when it changes nothing."""
    step = advance(record.task, event, worked=rules.worked)
    unit.add_event(step.event, record.task.case_number)
    record.task = step.task
    unit.save(record)
    return step
