"""Paying: a charge's money posted to its utility at most once, and what follows for the task that waits for it.

A payment that is being sent is UNKNOWN until its fate is known, so that no other payment of the same debt goes out
beside it; after a crash, a lost reply or an unreadable one it is asked about, never sent again before.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from hub.domain.charges import Charge, ChargeKind
from hub.domain.machine import LIVE, may_post, waiting
from hub.domain.outcome import Absent, Accepted, Completed, Faulty, NotSent, Outcome, Rejected
from hub.domain.payments import PaymentProof
from hub.domain.states import PaymentState, TaskState
from hub.domain.taxonomy import ErrorCode, ServiceError
from hub.domain.work import Command, CommandKind, Result
from hub.engine.bundles import prechecks
from hub.engine.money import reversing
from hub.engine.money.moneyorder import money_order
from hub.engine.money.reversing import give_back, returned
from hub.engine.money.till import Till
from hub.engine.rules import Rules
from hub.store.books import PaymentRecord
from hub.store.tables import CommandRow
from hub.store.unit import UnitOfWork

P = PaymentState
UNDONE = frozenset({TaskState.REJECTED, TaskState.CANCELLED, TaskState.COMPENSATED})
UNDOING = frozenset({TaskState.CANCELLING, TaskState.COMPENSATING})
_LOOK_AGAIN = timedelta(minutes=2)


def take(till: Till, number: str, case_number: str, charge: Charge, proof: PaymentProof) -> PaymentRecord:
    """Note money that was given for a charge, and queue its posting."""
    record = till.unit.insert_payment(number, case_number, charge, proof, till.now)
    till.queue(record, CommandKind.PAY, till.now)
    till.tell(record, "PAYMENT_TAKEN", "已收款, 待销账")
    return record


def prepare(
    unit: UnitOfWork, rules: Rules, row: CommandRow, base: Command, deadline: datetime, touched: set[str]
) -> Command | None:
    """The command of a claimed row with its order; None when there is nothing to send now, or any more."""
    till = Till(unit, rules, touched)
    record = unit.payment(row.task or "")
    kind = CommandKind(row.kind)
    goes = _goes if kind is CommandKind.PAY else _reverses
    if row.deliveries == 1:
        if not goes(till, record, row):
            return None
        till.sent(record, row, deadline)
    task = unit.task(record.row.task)
    command: Command = base.with_(order=money_order(record, task, kind, rules), params=dict(task.task.params))
    return command


def standing(till: Till, record: PaymentRecord) -> Literal["free", "busy", "settled"]:
    """Whether the debt of a payment is free to be posted, may be settled by another payment, or is."""
    rivals = [each.payment for each in till.unit.rivals(record.charge, beside=record.row.number)]
    if may_post(record.payment, rivals):
        return "free"
    return "settled" if any(each.state is P.POSTED for each in rivals) else "busy"


def after(till: Till, record: PaymentRecord, outcome: Outcome, result: Result) -> None:
    """Apply what a payment, or a question about it, came to."""
    if result.kind is CommandKind.REVERSE:
        reversing.after(till, record, outcome, result)
        return
    if record.payment.state is not P.UNKNOWN:
        return  # the day's file has told meanwhile
    fence = record.row.doubt_until or till.now
    early = result.inquired and till.now < fence
    match outcome:
        case Completed() | Accepted():
            posted(till, record, receipt_of(outcome), result.finished_at)
        case Absent() | Rejected() if early:
            till.inquire(record, result, outcome, fence)
        case Rejected(error=error):
            returned(till, record, error)
        case Absent():
            till.move(record, P.PAID)
            till.absent(record, CommandKind.PAY)
        case NotSent() if not result.inquired:
            till.move(record, P.PAID, error=outcome.error)
            till.not_sent(record, CommandKind.PAY, outcome)
        case Faulty(error=error):
            till.stuck(record, error)
        case _:
            till.inquire(record, result, outcome, till.now)


def posted(till: Till, record: PaymentRecord, receipt: str | None, at: datetime) -> None:
    """The utility has booked it. A second posting of a debt, and the fee of an order that is undone, go back."""
    record.row.done_at, record.row.at = at, record.row.at or at
    till.move(record, P.POSTED, receipt=receipt, error=None, needs_person=False)
    till.tell(record, "PAYMENT_POSTED", "已销账")
    task = till.unit.task(record.row.task)
    if record.payment.state is P.REVERSING:
        give_back(till, record, twice(record.row.endpoint))
    elif record.charge.kind is ChargeKind.FEE and task.task.state in UNDONE:
        give_back(till, record, None, task.task.state.label_zh)
    elif task.task.precheck is not None and waiting(task.task):
        prechecks.ask(till.unit, task, till.now)  # what was in the way may be gone
    elif task.task.state in LIVE:
        served = till.rules.endpoints[task.row.endpoint]
        follow = served.operation(task.task.operation).follow
        if follow is not None:
            name = f"{task.task.number}:news:{record.row.number}"
            till.unit.enqueue(
                name, CommandKind.POLL, task.row.endpoint, follow, task=task.task.number, not_before=till.now
            )


def receipt_of(outcome: Completed | Accepted) -> str | None:
    """The utility's number of what it booked."""
    outputs = outcome.outputs if isinstance(outcome, Completed) else ()
    receipts = (output.identifier for output in outputs if output.kind == "receipt")
    return next(receipts, None) or outcome.provider_ref


def _goes(till: Till, record: PaymentRecord, row: CommandRow) -> bool:
    """Whether a payment is to be sent now; else it is put off, given back, or was dealt with."""
    task = till.unit.task(record.row.task).task
    fee = record.charge.kind is ChargeKind.FEE
    debt = standing(till, record)
    held = till.held_until(record)
    if record.payment.state is not P.PAID:
        till.unit.finish(row.id)
    elif fee and (task.state in UNDONE or task.undo == "wanted"):
        till.unit.finish(row.id)
        give_back(till, record, None, task.state.label_zh)
    elif debt == "settled":
        till.unit.finish(row.id)
        give_back(till, record, twice(record.row.endpoint))
    elif held is not None or debt == "busy" or (fee and task.state in UNDOING):
        till.unit.hold(row, held or till.now + _LOOK_AGAIN)
    else:
        record.row.at = till.now
        till.move(record, P.UNKNOWN, error=None, needs_person=False)
        return True
    return False


def _reverses(till: Till, record: PaymentRecord, row: CommandRow) -> bool:
    held = till.held_until(record)
    if record.payment.state is not P.REVERSING:
        till.unit.finish(row.id)
        return False
    if held is not None:
        till.unit.hold(row, held)
        return False
    record.row.reversed_at = till.now
    return True


def twice(endpoint: str) -> ServiceError:
    """Why a payment goes back whose debt another payment has settled."""
    return ServiceError(code=ErrorCode.DUP_SAME, provider=endpoint, note="the debt is settled already")
