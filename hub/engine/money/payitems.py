"""What an event of a task means for its money: payment items have a payment as well, and fees follow their order."""

from __future__ import annotations

from hub.domain.charges import ChargeKind
from hub.domain.owing import bill_charge
from hub.domain.states import PaymentState, TaskState
from hub.engine.money.paying import UNDONE, twice
from hub.engine.money.reversing import give_back, returned
from hub.engine.money.till import Till
from hub.engine.rules import Rules
from hub.store.books import PaymentRecord
from hub.store.unit import TaskRecord, UnitOfWork

P = PaymentState
PAYMENT = "payment"
_WITH_HUB = frozenset({TaskState.READY, TaskState.HELD})
_KEPT = frozenset({TaskState.PENDING, TaskState.CANCELLING, TaskState.COMPENSATING, TaskState.COMPENSATED})


def is_payment(record: TaskRecord) -> bool:
    """Whether a task is a payment item: its order itself carries the money."""
    return record.order.business_type == PAYMENT and bool(record.order.form.amount)


def own_payment(unit: UnitOfWork, rules: Rules, record: TaskRecord) -> PaymentRecord:
    """The payment of a payment item, under the task's own number; noted when it is first asked for."""
    for each in unit.payments_of_task(record.task.number):
        if each.charge.kind is ChargeKind.BILL:
            return each
    charge = bill_charge(record.task, record.order.form)
    return unit.insert_payment(record.task.number, record.task.case_number, charge, None, rules.now())


def follow(unit: UnitOfWork, rules: Rules, record: TaskRecord) -> None:
    """Let the money of a task follow what has just happened to the task."""
    till = Till(unit, rules)
    if is_payment(record):
        _mirror(till, record, own_payment(unit, rules, record))
    if record.task.state in UNDONE:
        for payment in unit.payments_of_task(record.task.number):
            if payment.charge.kind is ChargeKind.FEE and payment.payment.state is P.POSTED:
                give_back(till, payment, None, record.task.state.label_zh)
    if record.task.paying:
        till.refresh(record.task.number)


def _mirror(till: Till, record: TaskRecord, payment: PaymentRecord) -> None:
    """A payment item's payment stands where its task stands."""
    state = record.task.state
    if state in _KEPT or payment.payment.state in {P.POSTED, P.REVERSING, P.REVERSED}:
        return
    if state in UNDONE:
        returned(till, payment, record.task.error)
    elif state is TaskState.COMPLETED:
        receipts = (output.identifier for output in record.task.outputs if output.kind == "receipt")
        payment.row.done_at, payment.row.at = till.now, payment.row.at or till.now
        receipt = next(receipts, None) or record.task.provider_ref
        till.move(payment, P.POSTED, receipt=receipt, error=None, needs_person=False)
        if payment.payment.moving:
            give_back(till, payment, twice(record.row.endpoint))
    elif state in _WITH_HUB:
        till.move(payment, P.PAID, error=record.task.error)
    else:
        if state is TaskState.DISPATCHING:
            payment.row.at = till.now
        stuck = state is TaskState.MANUAL
        # What went to a person before it was ever sent is not in doubt.
        states = () if stuck and payment.row.at is None else (P.UNKNOWN,)
        till.move(payment, *states, error=record.task.error, needs_person=stuck)
