"""Cancelling an order: a write like any other, so a request whose fate is unknown is not repeated before a question."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from hub.domain.machine import LIVE, waiting
from hub.domain.outcome import Accepted, Completed, Faulty, NotSent, Outcome, Progress, Rejected, Unknown
from hub.domain.states import EventSource, TaskState
from hub.domain.work import CommandKind, Result
from hub.engine.events import step_of
from hub.engine.policy import exhausted
from hub.engine.step import Steps
from hub.store.unit import TaskRecord

IDLE = frozenset({TaskState.PENDING, TaskState.READY, TaskState.HELD})
"""An order that the utility surely does not have."""


class Cancelling:
    """The cancelling of orders in one unit of work. `go_on` sees to what comes next for an order that lives on."""

    def __init__(self, steps: Steps, go_on: Callable[[TaskRecord], None]) -> None:
        self._steps, self._go_on = steps, go_on

    def begin(self, record: TaskRecord) -> None:
        """Cancel at once where the utility has nothing yet, else ask it; a doubt is resolved first."""
        record.row.cancel_asked = True
        # An order in a closed file goes with it: the file's content may not change any more.
        if waiting(record.task) or (record.task.state in IDLE and record.row.batch_id is None):
            self._steps.unit.withdraw(record.task.number)
            self.done(record)
        elif record.task.state in LIVE:
            self._cancelling(record)
            # An order that came back from a person may still have a request under way: one at a time.
            if not self._steps.unit.has_open(record.task.number, CommandKind.CANCEL):
                self._ask(record, 1, self._steps.now)
        else:
            self._steps.unit.save(record)

    def done(self, record: TaskRecord) -> None:
        """The utility has nothing of a task that is to be cancelled."""
        if record.task.state is not TaskState.CANCELLING:
            self._cancelling(record)
        self._steps.own(record, self._name(record, "cancelled"), TaskState.CANCELLED)

    def after(self, record: TaskRecord, outcome: Outcome, result: Result) -> None:
        """Apply what a request to cancel came to, or the answer to the question what became of it."""
        step = step_of(result.command) + 1
        if result.inquired:
            self._after_inquiry(record, outcome, result, step)
            return
        match outcome:
            case Completed() | Accepted() | Progress(state=TaskState.CANCELLED):
                self._steps.outcome(record, outcome, result, to=TaskState.CANCELLED)
            case Rejected() | Faulty():
                self._refused(record, outcome, result)
            case _ if record.task.state is not TaskState.CANCELLING:
                self._steps.unit.save(record)
            case NotSent() | Unknown():
                self._ask_later(record, step, outcome, doubt=isinstance(outcome, Unknown))
            case _:
                # Taken, not yet decided: polls tell. Who cannot be polled is asked about the request itself.
                self._steps.unit.save(record)
                place = self._steps.rules.endpoints[record.row.endpoint]
                if place.operation(record.task.operation).follow is None:
                    when = self._steps.now + self._steps.rules.poll_every(record.row.endpoint)
                    self._ask(record, step, when, doubt=True)

    def _after_inquiry(self, record: TaskRecord, outcome: Outcome, result: Result, step: int) -> None:
        """Cancelled or decided: adopt it. Still open, and to be believed: ask again. Else inquire again."""
        believed_from = record.row.doubt_until or self._steps.now
        match outcome:
            case Progress(state=TaskState.CANCELLED) | Completed() | Rejected() | Faulty():
                self._steps.outcome(record, outcome, result)
            case _ if record.task.state is not TaskState.CANCELLING:
                self._steps.unit.save(record)
            case NotSent() | Unknown():
                self._ask_later(record, step, outcome, doubt=True)
            case _:
                doubt = self._steps.now < believed_from
                self._ask_later(record, step, outcome, doubt=doubt, not_before=believed_from)

    def _refused(self, record: TaskRecord, outcome: Rejected | Faulty, result: Result) -> None:
        record.row.cancel_asked = False
        if record.task.state is not TaskState.CANCELLING:
            self._steps.unit.save(record)
            return
        error = outcome.error
        details = {"error": error, "raw_code": error.provider_code_raw}
        self._steps.own(record, f"{result.command}:refused", TaskState.IN_PROGRESS, **details)
        self._go_on(record)

    def _ask_later(
        self, record: TaskRecord, step: int, outcome: Outcome, *, doubt: bool, not_before: datetime | None = None
    ) -> None:
        now, retry_after = self._steps.now, getattr(outcome, "retry_after", None)
        delay = self._steps.rules.backoff(record.row.endpoint, step, retry_after)
        self._ask(record, step, max(now + delay, not_before or now), doubt=doubt)

    def _ask(self, record: TaskRecord, step: int, when: datetime, *, doubt: bool = False) -> None:
        """Queue the request to cancel; in `doubt` about an earlier one, the question what became of it."""
        served = self._steps.rules.endpoints[record.row.endpoint]
        operation = served.adapter.operations.get("cancel")
        unclear = doubt and operation is not None and operation.inquiry is None
        command = f"{record.task.number}:cancel:{record.task.attempts}.{record.row.version}.{step}"
        if unclear or exhausted(step - 1, record.task.state_since, self._steps.now, served.spec.retry):
            self._steps.give_up(record, command, None)
            return
        self._steps.unit.save(record)
        self._steps.unit.enqueue(
            command,
            CommandKind.CANCEL,
            record.row.endpoint,
            "cancel",
            task=record.task.number,
            attempt=record.task.attempts,
            not_before=when,
            doubt=doubt,
        )

    def _cancelling(self, record: TaskRecord) -> None:
        self._steps.own(record, self._name(record, "cancel"), TaskState.CANCELLING, source=EventSource.APPLICANT)

    def _name(self, record: TaskRecord, what: str) -> str:
        return f"{record.task.number}:{what}:{record.task.attempts}.{record.row.version}"
