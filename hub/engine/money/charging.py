"""The counter's side of money, in one transaction each: what is owed, what is paid, what is to be given back."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, datetime, timedelta

from hub.clock import SHANGHAI
from hub.domain import numbers
from hub.domain.charges import Charge, ChargeKind, ChargeState, total_fen
from hub.domain.machine import HOLDS_BILL
from hub.domain.money import format_yuan
from hub.domain.owing import charges_of
from hub.domain.payments import Payment, PaymentProof
from hub.domain.states import PaymentState
from hub.domain.taxonomy import ErrorCode
from hub.domain.work import CommandKind
from hub.engine.money import paying, payitems
from hub.engine.money.reversing import barrier, give_back, returned
from hub.engine.money.till import Till
from hub.errors import DuplicateRequest, Fault, InputError, NotAllowed, NotFound, NotSupported
from hub.store.books import PaymentRecord

P = PaymentState


def charges(till: Till, number: str) -> tuple[Charge, ...]:
    """Every charge of a case, task by task. Raises NotFound."""
    till.unit.case(number)
    found: list[Charge] = []
    for record in till.unit.tasks(number):
        if payitems.is_payment(record):
            payitems.own_payment(till.unit, till.rules, record)
        made = [each.payment for each in till.unit.payments_of_task(record.task.number)]
        served = till.rules.endpoints.get(record.row.endpoint)
        online = served is not None and CommandKind.PAY.value in served.adapter.operations
        found += charges_of(record.task, record.order.form, made, online=online)
    return tuple(found)


def pay(till: Till, number: str, ids: Collection[str], proof: PaymentProof) -> tuple[Payment, ...]:
    """Take money for charges: all or none. The same proof again is the same payment."""
    known = {charge.id: charge for charge in charges(till, number)}
    if unknown := sorted(set(ids) - known.keys()):
        raise NotFound(f"case {number} has no charge {unknown[0]}; it has {', '.join(sorted(known)) or 'none'}")
    if not ids:
        raise InputError(Fault("charge_ids", ErrorCode.VAL_REQUIRED.value, "name at least one charge"))
    earlier = till.unit.payments_by(proof.reference)
    if earlier:
        return tuple(each.payment for each in _repeated(till, number, set(ids), proof, earlier))
    wanted = [known[each] for each in dict.fromkeys(ids)]
    if total_fen(wanted) != proof.amount_fen:
        owed, given = format_yuan(total_fen(wanted)), format_yuan(proof.amount_fen)
        text = f"the charges come to {owed} yuan, the proof says {given}"
        raise InputError(Fault("paid.amount_fen", ErrorCode.PAY_AMOUNT.value, text))
    for charge in wanted:
        _refuse(till, charge)
    return tuple(paying.take(till, _number(till, number), number, charge, proof).payment for charge in wanted)


def refund(till: Till, number: str, reason: str, repaid: PaymentProof | None) -> Payment:
    """Give a payment back: at the utility first, then `repaid` proves that the payer has the money."""
    record = till.unit.payment(number)
    state = record.payment.state
    if state is P.POSTED:
        text = barrier(till, record)
        if text is not None:
            raise NotAllowed(f"payment {number} is posted and stays so: {text}")
        give_back(till, record, None, reason)
    elif state is P.PAID and record.charge.kind is ChargeKind.BILL:
        raise NotAllowed(f"payment {number} goes with task {record.row.task}; cancel the task")
    elif state is P.PAID or (state is P.UNKNOWN and _absent_in_files(till, record)):
        returned(till, record, record.payment.error, reason)
    elif state is P.UNKNOWN:
        text = "its outcome at the utility is not known; comparing the utility's files of its days will tell"
        raise NotAllowed(f"payment {number} cannot be given back now: {text}")
    if repaid is not None:
        _repay(till, record, repaid)
    return record.payment


def _refuse(till: Till, charge: Charge) -> None:
    if not charge.online:
        raise NotSupported(f"{charge.endpoint} takes no payments by its interface; charge {charge.id} is paid there")
    if charge.state is not ChargeState.DUE:
        raise NotAllowed(f"charge {charge.id} is {charge.state}; give this money back to the payer")
    if any(each.payment.state in HOLDS_BILL | {P.PAID} for each in till.unit.rivals(charge)):
        raise NotAllowed(f"charge {charge.id} is being paid by another payment; give this money back to the payer")
    state = till.unit.task(charge.task).task.state
    if charge.kind is ChargeKind.FEE and state in paying.UNDONE | paying.UNDOING:
        raise NotAllowed(f"task {charge.task} is {state} and waits for no fee; give this money back to the payer")


def _repeated(
    till: Till, number: str, ids: set[str], proof: PaymentProof, earlier: list[PaymentRecord]
) -> Iterator[PaymentRecord]:
    """The payments of the same proof; one that was given up is tried again."""
    same = all(
        each.row.case_number == number and each.payment.proof == proof.with_(paid_at=each.payment.proof.paid_at)
        for each in earlier
        if each.payment.proof is not None
    )
    if not same or {each.charge.id for each in earlier} != ids:
        text = "this reference has paid for something else; every payment has its own"
        raise DuplicateRequest(Fault("paid.reference", "DUPLICATE", text))
    for record in earlier:
        if record.payment.state is P.PAID and record.payment.needs_person:
            record.row.failures = 0
            till.change(record, needs_person=False)
            till.queue(record, CommandKind.PAY, till.now)
            till.refresh(record.row.task)
        yield record


def _number(till: Till, case_number: str) -> str:
    try:
        return numbers.payment_number(case_number, till.unit.count(f"payment:{case_number}"))
    except numbers.NumberFault as fault:
        raise NotAllowed(f"case {case_number} has too many payments ({fault})") from None


def _repay(till: Till, record: PaymentRecord, repaid: PaymentProof) -> None:
    if repaid.amount_fen != record.payment.amount_fen:
        text = f"{format_yuan(record.payment.amount_fen)} yuan are to be given back"
        raise InputError(Fault("repaid.amount_fen", ErrorCode.PAY_AMOUNT.value, text))
    if record.payment.repaid is not None and record.payment.repaid.reference != repaid.reference:
        raise NotAllowed(f"payment {record.row.number} was given back already")
    if record.payment.state is not P.REVERSED:
        raise NotAllowed(f"payment {record.row.number} is {record.payment.state}; give it back when it is REVERSED")
    if record.payment.repaid is None:
        till.change(record, repaid=repaid)
        till.tell(record, "PAYMENT_REPAID", "已退还缴费人")


def _absent_in_files(till: Till, record: PaymentRecord) -> bool:
    """Whether the utility's files of every day on which it may have been booked are there, and none has it.

    One that a file has is no longer UNKNOWN: comparing adopts it.
    """
    last = till.unit.last_sent(record.row.number)
    if record.row.at is None or last is None or not record.payment.needs_person:
        return False
    day, end = _day(record.row.at), _day(last)
    if end >= till.now.astimezone(SHANGHAI).date():
        return False
    while day <= end:
        if not any(run.error is None for run in till.unit.runs(day, record.row.endpoint)):
            return False
        day += timedelta(days=1)
    return True


def _day(moment: datetime) -> date:
    return moment.astimezone(SHANGHAI).date()
