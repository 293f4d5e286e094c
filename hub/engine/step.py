"""One step of one task: the event is applied and both are stored."""

from __future__ import annotations

from hub.domain.case import Task, TaskEvent
from hub.domain.machine import Advance, advance
from hub.domain.states import EventSource
from hub.engine.rules import Rules
from hub.store.unit import TaskRecord, UnitOfWork


def apply_event(unit: UnitOfWork, rules: Rules, record: TaskRecord, event: TaskEvent) -> Advance:
    """Advance a task by one event and store both; the event is kept also when it changes nothing.

    Only a poll that brings no news is not kept: an order that takes a month is asked about a thousand times.
    """
    step = advance(record.task, event, worked=rules.worked)
    if step.reason == "same-state" and event.source is EventSource.POLL and not _news(record.task, step.task):
        return step
    unit.add_event(step.event, record.task.case_number)
    record.task = step.task
    unit.save(record)
    return step


def _news(before: Task, after: Task) -> bool:
    details = ("provider_ref", "outputs", "fee_due_fen", "error")
    return any(getattr(before, name) != getattr(after, name) for name in details)
