"""Supplements: what the applicant gave is sent to the utility once; a request whose fate is unknown is asked about."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from hub.domain.outcome import Absent, Accepted, Faulty, NotSent, Outcome, Progress, Rejected, Unknown
from hub.domain.states import TaskState
from hub.domain.supplement import Supplement
from hub.domain.taxonomy import Retry, ServiceError
from hub.domain.work import CommandKind, Result
from hub.engine.events import hub_event, step_of
from hub.engine.policy import exhausted
from hub.engine.step import Steps
from hub.engine.supplements import wanted
from hub.store.unit import TaskRecord

_HOLD = timedelta(minutes=30)


class Supplementing:
    """The supplements of one unit of work. `go_on` sees to what comes next for an order that goes on."""

    def __init__(self, steps: Steps, go_on: Callable[[TaskRecord], None]) -> None:
        self.steps, self._go_on = steps, go_on

    def begin(self, record: TaskRecord, digest: str, sealed: str) -> None:
        """Send what was given. The waiting is over with the utility's word, not before: the clock stands still."""
        now = self.steps.now
        self._change(record, answered_at=now, digest=digest, refused=None)
        # What was refused may be given again: then it is another request, with a name of its own.
        body = {"number": _asking(record).number, "given": record.row.version, "sealed": sealed}
        self._send(record, 0, now, body)

    def after(self, record: TaskRecord, outcome: Outcome, result: Result) -> None:
        """Apply what came of it, or the answer to the question what became of it."""
        command = self.steps.unit.command(result.command)
        body = (command.body if command else None) or {}
        waits = record.task.state is TaskState.AWAITING_APPLICANT and record.task.supplement is not None
        if not waits or _asking(record).number != body.get("number"):
            # The utility has said meanwhile, by a callback or to a poll, how the order goes on.
            self._go_on(record)
            return
        again = isinstance(outcome, Progress) and outcome.state is TaskState.AWAITING_APPLICANT
        match outcome:
            case Rejected(error=error) if not result.inquired:
                self._refused(record, result.command, error)
            case Progress() if again and not result.inquired:
                wanted.ask(self.steps.unit, self.steps.rules, record, outcome.asked)
            case NotSent() if not result.inquired:
                self._not_sent(record, outcome, result, body)
            case Absent() | Progress() if isinstance(outcome, Absent) or again:
                fence = record.row.doubt_until or self.steps.now
                early = self.steps.now < fence
                self._later(record, result, outcome, body, doubt=early, not_before=fence)
            case NotSent() | Unknown():
                self._later(record, result, outcome, body, doubt=True)
            case Faulty() | _:
                to = TaskState.IN_PROGRESS if isinstance(outcome, Accepted) else None
                self.steps.outcome(record, outcome, result, to=to)
        self._go_on(record)

    def _not_sent(self, record: TaskRecord, outcome: NotSent, result: Result, body: dict[str, Any]) -> None:
        if outcome.error.code.rule.retry is Retry.HOLD:
            self._send(record, step_of(result.command) + 1, self.steps.now + (outcome.retry_after or _HOLD), body)
        elif self._exhausted(record, step_of(result.command)):
            self._refused(record, result.command, outcome.error)
        else:
            self._later(record, result, outcome, body, doubt=False)

    def _later(
        self,
        record: TaskRecord,
        result: Result,
        outcome: Outcome,
        body: dict[str, Any],
        *,
        doubt: bool,
        not_before: datetime | None = None,
    ) -> None:
        step, now = step_of(result.command) + 1, self.steps.now
        place = record.row.endpoint
        operation = self.steps.rules.endpoints[place].adapter.operations.get(CommandKind.SUPPLEMENT.value)
        nobody = doubt and (operation is None or operation.inquiry is None)
        if nobody or self._exhausted(record, step):
            self.steps.give_up(record, result.command, getattr(outcome, "error", None))
            return
        delay = self.steps.rules.backoff(place, step, getattr(outcome, "retry_after", None))
        self._send(record, step, max(now + delay, not_before or now), body, doubt=doubt)

    def _send(
        self, record: TaskRecord, step: int, when: datetime, body: dict[str, Any], *, doubt: bool = False
    ) -> None:
        self.steps.unit.enqueue(
            f"{record.task.number}:supplement:{body['number']}.{body['given']}.{step}",
            CommandKind.SUPPLEMENT,
            record.row.endpoint,
            CommandKind.SUPPLEMENT.value,
            task=record.task.number,
            attempt=record.task.attempts,
            not_before=when,
            body=body,
            doubt=doubt,
        )

    def _refused(self, record: TaskRecord, command: str, error: ServiceError) -> None:
        """The utility did not take it: it waits on, and the applicant may give it again."""
        self._change(record, answered_at=None, digest=None, refused=error)
        event = hub_event(
            record.task.number,
            f"{command}:refused",
            record.task.state,
            self.steps.now,
            raw_code="SUPPLEMENT_REFUSED",
            error=error,
        )
        self.steps.advance(record, event)

    def _change(self, record: TaskRecord, **changes: Any) -> None:
        record.task = record.task.with_(supplement=_asking(record).with_(**changes))
        self.steps.unit.save(record)
        self.steps.touched.add(record.task.case_number)

    def _exhausted(self, record: TaskRecord, tries: int) -> bool:
        since = _asking(record).answered_at or self.steps.now
        return exhausted(tries, since, self.steps.now, self.steps.rules.endpoints[record.row.endpoint].spec.retry)


def _asking(record: TaskRecord) -> Supplement:
    assert record.task.supplement is not None  # noqa: S101 -- whoever calls has seen that the utility asked
    return record.task.supplement
