"""One step of one task: the event is applied and both are stored."""

from __future__ import annotations

from hub.domain.case import Task, TaskEvent
from hub.domain.machine import LIVE, Advance, advance
from hub.domain.outcome import Outcome
from hub.domain.states import EventSource, TaskState
from hub.domain.taxonomy import ErrorCode, ServiceError
from hub.domain.work import Result
from hub.engine.events import SOURCE, event_of, hub_event, name_of
from hub.engine.money import payitems
from hub.engine.rules import Rules
from hub.engine.supplements import wanted
from hub.engine.timing import lapsing
from hub.store.unit import TaskRecord, UnitOfWork

OPEN = frozenset({TaskState.DISPATCHING, TaskState.UNKNOWN})
"""An order of which nobody knows whether the utility has it."""


class Steps:
    """The steps of one unit of work. `touched` collects the cases whose state may have changed."""

    def __init__(self, unit: UnitOfWork, rules: Rules) -> None:
        self.unit, self.rules = unit, rules
        self.now = rules.now()
        self.touched: set[str] = set()

    def advance(self, record: TaskRecord, event: TaskEvent) -> None:
        step = apply_event(self.unit, self.rules, record, event)
        self.touched.add(record.task.case_number)
        if step.applied and record.task.state.final:
            self.unit.withdraw(record.task.number)
        lapsing.watch(self.unit, self.rules, record)

    def outcome(self, record: TaskRecord, outcome: Outcome, result: Result, to: TaskState | None = None) -> None:
        """The event that a result makes of its outcome; `to` where that means something else than it says."""
        source = EventSource.POLL if result.inquired else SOURCE[result.kind]
        event_id = name_of(result.command, record.task.number, result.attempt)
        self.advance(record, event_of(record.task.number, event_id, outcome, source, result.finished_at, to))

    def own(self, record: TaskRecord, event_id: str, to: TaskState, **details: object) -> None:
        """An event of the hub's own doing."""
        self.advance(record, hub_event(record.task.number, event_id, to, self.now, **details))

    def give_up(self, record: TaskRecord, command: str, error: ServiceError | None) -> None:
        """Hand an order that nothing more can be tried for to a person."""
        error = error or self.error(record, ErrorCode.UPS_TIMEOUT_UNKNOWN)
        if record.task.state in LIVE | OPEN | {TaskState.CANCELLING, TaskState.COMPENSATING}:
            self.own(record, name_of(command, record.task.number, "end"), TaskState.MANUAL, error=error)
        else:
            self.unit.save(record)

    def error(self, record: TaskRecord, code: ErrorCode, note: str | None = None) -> ServiceError:
        return ServiceError(code=code, provider=record.row.endpoint, note=note)


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
    if step.applied:
        wanted.follow(unit, rules, record, event)
        payitems.follow(unit, rules, record)
    elif step.reason == "same-state":
        wanted.learn(unit, record, event)
    return step


def _news(before: Task, after: Task) -> bool:
    details = ("provider_ref", "outputs", "fee_due_fen", "legal_effect", "error")
    return any(getattr(before, name) != getattr(after, name) for name in details)
