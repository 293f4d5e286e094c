"""Taking money back: what the utility never had is free at once; what it has booked it is asked to reverse, once."""

from __future__ import annotations

from hub.clock import SHANGHAI
from hub.domain.charges import ChargeKind
from hub.domain.outcome import Absent, Accepted, Completed, Faulty, NotSent, Outcome, Rejected
from hub.domain.states import PaymentState
from hub.domain.taxonomy import ErrorCode, ServiceError
from hub.domain.work import CommandKind, Result
from hub.engine.money.till import Till
from hub.store.books import PaymentRecord

P = PaymentState


def give_back(till: Till, record: PaymentRecord, error: ServiceError | None, reason: str | None = None) -> None:
    """Begin to give the money back, as far as the utility's terms allow it; else a person sees to it."""
    if record.payment.state in {P.POSTED, P.REVERSING}:
        text = barrier(till, record) if record.payment.state is P.POSTED else None
        if text is not None:
            refused = error or ServiceError(code=ErrorCode.ELG_STATUS, provider=record.row.endpoint, note=text)
            till.change(record, error=refused, needs_person=True)
            till.tell(record, "REVERSAL_REFUSED", "单位不予冲正")
            return
        record.row.failures = 0
        till.move(record, P.REVERSING, error=error, reason=reason, needs_person=False)
        till.queue(record, CommandKind.REVERSE, till.now)
        till.tell(record, "REVERSAL_ASKED", "申请冲正")
    else:
        returned(till, record, error, reason)


def returned(till: Till, record: PaymentRecord, error: ServiceError | None, reason: str | None = None) -> None:
    """The utility does not have the money: it is the payer's."""
    till.move(record, P.REVERSING, P.REVERSED, error=error, reason=reason or record.payment.reason, needs_person=False)
    till.tell(record, "PAYMENT_RETURNED", "款项未入账或已冲正, 待退还缴费人")


def barrier(till: Till, record: PaymentRecord) -> str | None:
    """Why the utility would not take a posted payment back, by its terms; None if nothing is in the way."""
    adapter = till.rules.endpoints[record.row.endpoint].adapter
    terms = adapter.spec.terms.reverse
    if CommandKind.REVERSE.value not in adapter.operations:
        return "its interface takes no payment back"
    if record.charge.kind is ChargeKind.FEE and not terms.fees:
        return "the fee of an order is not taken back"
    done = record.row.done_at or till.now
    if terms.same_day and done.astimezone(SHANGHAI).date() != till.now.astimezone(SHANGHAI).date():
        return "a payment is taken back on its own day only"
    return None


def after(till: Till, record: PaymentRecord, outcome: Outcome, result: Result) -> None:
    """Apply what a reversal came to, or the answer to the question what became of it."""
    if record.payment.state is not P.REVERSING:
        return
    fence = record.row.doubt_until or till.now
    early = result.inquired and till.now < fence
    match outcome:
        case Completed() | Accepted():
            record.row.reversed_at = result.finished_at
            returned(till, record, record.payment.error)
        case Absent() | Rejected() if early:
            till.inquire(record, result, outcome, fence)
        case Rejected(error=error):
            _refused(till, record, error)
        case Absent():
            record.row.reversed_at = None
            till.absent(record, CommandKind.REVERSE)
        case NotSent() if not result.inquired:
            record.row.reversed_at = None
            till.not_sent(record, CommandKind.REVERSE, outcome)
        case Faulty(error=error):
            till.stuck(record, error)
        case _:
            till.inquire(record, result, outcome, till.now)


def _refused(till: Till, record: PaymentRecord, error: ServiceError) -> None:
    """The utility keeps it. Its word stands beside the payment, which is posted as before."""
    record.row.reversed_at = None
    till.move(record, P.POSTED, error=error, needs_person=True)
    till.tell(record, "REVERSAL_REFUSED", "单位不予冲正")
