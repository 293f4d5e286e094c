"""The till: what posting a payment and taking it back have in common: commands, doubts, tries, and who is told."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from hub.domain.charges import ChargeKind
from hub.domain.machine import advance_payment
from hub.domain.money import format_yuan
from hub.domain.outcome import NotSent, Outcome
from hub.domain.payments import Payment
from hub.domain.states import PaymentState, TaskState
from hub.domain.taxonomy import ErrorCode, Retry, ServiceError
from hub.domain.work import CommandKind, Result
from hub.engine.events import hub_event, step_of
from hub.engine.policy import exhausted
from hub.engine.rules import Rules
from hub.sdk.operation import Operation
from hub.store.books import PaymentRecord
from hub.store.tables import CommandRow
from hub.store.unit import UnitOfWork

MONEY = frozenset({CommandKind.PAY, CommandKind.REVERSE})
_HOLD = timedelta(minutes=30)
_WAITING = frozenset({TaskState.AWAITING_PAYMENT, TaskState.AWAITING_APPLICANT})
_UNSETTLED = frozenset({PaymentState.PAID, PaymentState.UNKNOWN})


class Till:
    """Payments in one unit of work. `touched` collects the cases in which something changed."""

    def __init__(self, unit: UnitOfWork, rules: Rules, touched: set[str] | None = None) -> None:
        self.unit, self.rules, self.now = unit, rules, rules.now()
        self.touched = touched if touched is not None else set()

    def operation(self, record: PaymentRecord, kind: CommandKind) -> Operation | None:
        """The operation that carries out a command, if the adapter has one."""
        return self.rules.endpoints[record.row.endpoint].adapter.operations.get(kind.value)

    def held_until(self, record: PaymentRecord) -> datetime | None:
        """Until when the utility takes no money, by the announced windows."""
        pay = self.operation(record, CommandKind.PAY)
        upstream = pay.serves[0] if pay is not None and pay.serves else CommandKind.PAY.value
        return self.rules.held_until(record.row.endpoint, upstream, self.now)

    # commands

    def queue(
        self, record: PaymentRecord, kind: CommandKind, when: datetime, *, step: int = 0, doubt: bool = False
    ) -> None:
        """Queue the next try; in `doubt` about the last one, the question what became of it."""
        attempt = record.row.attempts + (not doubt)
        self.unit.enqueue(
            f"{record.row.number}:{kind.value}:{attempt}.{step}",
            kind,
            record.row.endpoint,
            kind.value,
            task=record.row.number,
            attempt=attempt,
            not_before=when,
            doubt=doubt,
        )

    def sent(self, record: PaymentRecord, row: CommandRow, deadline: datetime) -> None:
        """Note that a try goes out, and from when on an "absent" about it is to be believed."""
        operation = self.operation(record, CommandKind(row.kind))
        if not record.row.failures:
            record.row.since = self.now
        record.row.attempts = row.attempt
        record.row.doubt_until = self.rules.believe_absent_from(record.row.endpoint, deadline, operation)
        self.unit.save_payment(record)

    def not_sent(self, record: PaymentRecord, kind: CommandKind, outcome: NotSent) -> None:
        """Provably nothing happened: try again under the endpoint's policy, after an announced closure at its end."""
        closed = outcome.error.code.rule.retry is Retry.HOLD
        record.row.failures = 0 if closed else record.row.failures + 1
        if not closed and self._exhausted(record, record.row.failures):
            self.stuck(record, outcome.error)
            return
        delay = self.rules.backoff(record.row.endpoint, record.row.failures or 1, outcome.retry_after)
        if closed:
            delay = outcome.retry_after or (self.held_until(record) or self.now + _HOLD) - self.now
        self.unit.save_payment(record)
        self.queue(record, kind, self.now + delay)

    def absent(self, record: PaymentRecord, kind: CommandKind) -> None:
        """The utility has nothing of it, and that is to be believed: try again with the same keys."""
        record.row.failures += 1
        if self._exhausted(record, record.row.failures):
            self.stuck(record, ServiceError(code=ErrorCode.SYS_EXHAUSTED, provider=record.row.endpoint))
            return
        self.unit.save_payment(record)
        self.queue(record, kind, self.now + self.rules.backoff(record.row.endpoint, record.row.failures))

    def inquire(self, record: PaymentRecord, result: Result, outcome: Outcome, not_before: datetime) -> None:
        """Ask (again) what became of it; where nobody can be asked, or for too long, a person sees to it."""
        step = step_of(result.command) + 1
        operation = self.operation(record, result.kind)
        error = getattr(outcome, "error", None) or ServiceError(code=ErrorCode.PAY_UNKNOWN, provider=result.endpoint)
        if operation is None or operation.inquiry is None or self._exhausted(record, step - 1):
            self.stuck(record, error)
            return
        retry_after = getattr(outcome, "retry_after", None)
        delay = timedelta(seconds=operation.visibility_lag)
        if step > 1 or retry_after:
            delay = max(delay, self.rules.backoff(record.row.endpoint, step, retry_after))
        self.change(record, error=error)
        self.queue(record, result.kind, max(self.now + delay, not_before), step=step, doubt=True)

    def stuck(self, record: PaymentRecord, error: ServiceError | None) -> None:
        """Nothing moves it by itself any more."""
        self.change(record, error=error, needs_person=True)
        self.tell(record, "PAYMENT_STUCK", "缴费待人工处理")

    # values

    def move(self, record: PaymentRecord, *states: PaymentState, receipt: str | None = None, **changes: Any) -> None:
        """Move a payment on, state by state; a second posting of a debt comes out as REVERSING."""
        rivals = [each.payment for each in self.unit.rivals(record.charge, beside=record.row.number)]
        for state in states:
            record.payment = advance_payment(record.payment, state, rivals, receipt=receipt).payment
        self.change(record, **changes)

    def change(self, record: PaymentRecord, **changes: Any) -> None:
        changed: Payment = record.payment.with_(**changes)
        record.payment = changed
        self.unit.save_payment(record)
        self.touched.add(record.row.case_number)

    def tell(self, record: PaymentRecord, code: str, words: str) -> None:
        """Put a line into the case's history, and see whether the task has still money on its way."""
        task = self.unit.task(record.row.task)
        event = hub_event(
            task.task.number,
            f"{record.row.number}:{code.lower()}:{record.row.attempts}",
            task.task.state,
            self.now,
            raw_code=code,
            opinion=f"{words} {format_yuan(record.payment.amount_fen)}元",
            error=record.payment.error,
        )
        self.unit.add_event(event.with_(from_=task.task.state, applied=False), record.row.case_number)
        self.refresh(task.task.number)

    def refresh(self, number: str) -> None:
        """Let the task say whether money of it is on its way, or was what its utility waited for."""
        record = self.unit.task(number)
        paying = any(self._under_way(each, record.task.state, record.task.state_since) for each in self._of(number))
        if paying != record.task.paying:
            record.task = record.task.with_(paying=paying)
            self.unit.save(record)
            self.touched.add(record.task.case_number)

    def _of(self, number: str) -> list[PaymentRecord]:
        return self.unit.payments_of_task(number)

    def _under_way(self, record: PaymentRecord, state: TaskState, since: datetime) -> bool:
        if record.charge.kind is ChargeKind.BILL and record.payment.state in _UNSETTLED:
            return False  # the task itself is on its way
        posted = record.payment.state is PaymentState.POSTED and record.row.done_at is not None
        awaited = posted and state in _WAITING and (record.row.done_at or since) >= since
        return record.payment.moving or awaited

    def _exhausted(self, record: PaymentRecord, tries: int) -> bool:
        policy = self.rules.endpoints[record.row.endpoint].spec.retry
        return exhausted(tries, record.row.since, self.now, policy)
