"""Undoing what was committed early and whose lead has failed: a write like any other, tried through the utility.

The utility's `compensate` is asked, else its `cancel`; a request whose fate is unknown is not repeated before a
question. What cannot be undone goes to a person, with what was said.
"""

from __future__ import annotations

from datetime import datetime

from hub.domain.outcome import Absent, Accepted, Completed, NotSent, Outcome, Progress, Unknown
from hub.domain.states import TaskState
from hub.domain.taxonomy import ErrorCode
from hub.domain.work import CommandKind, Result
from hub.engine.events import step_of
from hub.engine.policy import exhausted
from hub.engine.step import Steps
from hub.sdk.adapter import Adapter
from hub.store.unit import TaskRecord

OPERATION = "compensate"
_WORDS = "前置事项未办成, 撤回已办事项"


def way_back(adapter: Adapter | type[Adapter] | None) -> str | None:
    """The operation by which an adapter undoes an order, if it has one."""
    return next((name for name in (OPERATION, "cancel") if adapter and name in adapter.operations), None)


class Compensating:
    """The undoing of orders in one unit of work."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps

    def begin(self, record: TaskRecord) -> None:
        """Take a completed order back; once."""
        number = record.task.number
        record.task = record.task.with_(undo="tried")
        details = {"raw_code": "GATE_FAILED", "opinion": _WORDS}
        self._steps.own(record, f"{number}:compensating", TaskState.COMPENSATING, **details)
        self._ask(record, 1, self._steps.now)

    def after(self, record: TaskRecord, outcome: Outcome, result: Result) -> None:
        """Apply what a request to undo came to, or the answer to the question what became of it."""
        step = step_of(result.command) + 1
        now = self._steps.now
        if record.task.state is not TaskState.COMPENSATING:
            self._steps.unit.save(record)
            return
        match outcome:
            case Progress(state=TaskState.CANCELLED):
                self._steps.outcome(record, outcome, result, to=TaskState.COMPENSATED)
            case Completed() | Accepted() if self._done(record, result):
                self._steps.outcome(record, outcome, result, to=TaskState.COMPENSATED)
            case NotSent() | Unknown():
                self._ask_later(record, step, outcome, doubt=result.inquired or isinstance(outcome, Unknown))
            case Absent():
                # Not undone, by a question: to be believed only behind the fence of the request.
                believed_from = record.row.doubt_until or now
                self._ask_later(record, step, outcome, doubt=now < believed_from, not_before=believed_from)
            case _:
                self._steps.give_up(record, result.command, getattr(outcome, "error", None))

    def _done(self, record: TaskRecord, result: Result) -> bool:
        """Whether a yes means undone; that of `cancel`'s inquiry means the order: it still stands."""
        served = self._steps.rules.endpoints.get(record.row.endpoint)
        return not result.inquired or way_back(served.adapter if served else None) == OPERATION

    def _ask_later(
        self, record: TaskRecord, step: int, outcome: Outcome, *, doubt: bool, not_before: datetime | None = None
    ) -> None:
        now, retry_after = self._steps.now, getattr(outcome, "retry_after", None)
        delay = self._steps.rules.backoff(record.row.endpoint, step, retry_after)
        self._ask(record, step, max(now + delay, not_before or now), doubt=doubt)

    def _ask(self, record: TaskRecord, step: int, when: datetime, *, doubt: bool = False) -> None:
        """Queue the request; in `doubt` about an earlier one, the question what became of it."""
        number, rules = record.task.number, self._steps.rules
        served = rules.endpoints.get(record.row.endpoint)
        name = way_back(served.adapter if served else None)
        command = f"{number}:{OPERATION}:{step}"
        if name is None or served is None:
            error = self._steps.error(record, ErrorCode.SYS_INTERNAL, "the utility's interface cannot undo it")
            self._steps.give_up(record, command, error)
            return
        unclear = doubt and served.adapter.operations[name].inquiry is None
        if unclear or exhausted(step - 1, record.task.state_since, self._steps.now, served.spec.retry):
            self._steps.give_up(record, command, None)
            return
        self._steps.unit.save(record)
        self._steps.unit.enqueue(
            command,
            CommandKind.COMPENSATE,
            record.row.endpoint,
            name,
            task=number,
            attempt=record.task.attempts,
            not_before=when,
            doubt=doubt,
        )
