"""What is owed for a task now, and what has been paid of it: its charges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hub.domain.case import Task
from hub.domain.charges import Charge, ChargeKind, ChargeState, arrears_charge, charge_id
from hub.domain.form import OrderForm
from hub.domain.payments import Payment
from hub.domain.reply import Reply
from hub.domain.states import PaymentState, TaskState
from hub.domain.taxonomy import ErrorCode

ACCOUNT_FIELDS = ("account_no", "cust_no", "card_no")
"""The form fields that name whose debt it is, one of them in an order."""

_OVER = frozenset({TaskState.COMPLETED, TaskState.CANCELLED, TaskState.COMPENSATED})
_OPEN = frozenset({PaymentState.INITIATED, PaymentState.PAID, PaymentState.UNKNOWN, PaymentState.REVERSING})


def account_of(form: OrderForm) -> str | None:
    """The account, customer or card that an order is about."""
    return next((value for name in ACCOUNT_FIELDS if (value := getattr(form, name))), None)


def charges_of(task: Task, form: OrderForm, payments: Iterable[Payment], *, online: bool) -> tuple[Charge, ...]:
    """Every charge of a task, the paid ones too, each as its payments make it.

    Args:
        task: as it stands.
        form: of its order; says whose debt it is.
        payments: all that were made for the task.
        online: whether the utility's interface takes payments.
    """
    made = list(payments)
    paid = {each.charge.id: each.charge for each in made if each.charge is not None}
    due = {each.id: each for each in _due(task, form, made)}
    return tuple(
        _standing(charge, [each for each in made if each.charge is not None and each.charge.id == name], name in due)
        for name, charge in {**paid, **{name: each.with_(online=online) for name, each in due.items()}}.items()
    )


def fee_charge(task: Task) -> Charge | None:
    """The fee that an order waits for. Waiting anew later, it waits for another one; to be taken back, for none."""
    waits = task.state is TaskState.AWAITING_PAYMENT and task.undo is None
    if not waits or not task.fee_due_fen or task.fee_due_fen < 0:
        return None
    return Charge(
        id=charge_id(task.number, ChargeKind.FEE, task.state_since.isoformat()),
        task=task.number,
        kind=ChargeKind.FEE,
        endpoint=task.endpoint,
        amount_fen=task.fee_due_fen,
        order_ref=task.provider_ref,
        found_at=task.state_since,
    )


def bill_charge(task: Task, form: OrderForm) -> Charge:
    """The charge of a payment item: the amount that its application names."""
    return Charge(
        id=charge_id(task.number, ChargeKind.BILL),
        task=task.number,
        kind=ChargeKind.BILL,
        endpoint=task.endpoint,
        account_no=account_of(form),
        bill_ids=form.bill_ids or (),
        amount_fen=form.amount or 0,
        found_at=task.created_at,
    )


def _due(task: Task, form: OrderForm, payments: list[Payment]) -> Iterator[Charge]:
    fee = fee_charge(task)
    if fee is not None:
        yield fee
    found = {each.id: each for each in (*_prechecked(task, form), *task.arrears)}
    yield from found.values()
    told = _told(task, form)
    if told is None:
        return
    settled = {each.charge.id for each in payments if each.charge and each.state is PaymentState.POSTED}
    if not any(each.kind is ChargeKind.ARREARS and each.id not in settled for each in found.values()):
        yield told


def _prechecked(task: Task, form: OrderForm) -> Iterator[Charge]:
    """What a pre-check found to be owed; once the order is done that is history."""
    check, account = task.precheck, account_of(form)
    if check is not None and check.charges and account and task.state not in _OVER:
        found = arrears_charge(task.number, task.endpoint, account, Reply(bills=check.charges), check.as_of)
        if found is not None:
            yield found


def _told(task: Task, form: OrderForm) -> Charge | None:
    """The arrears for which the utility refuses an order, or sends it back."""
    error, account = task.error, account_of(form)
    stopped = task.state in {TaskState.AWAITING_APPLICANT, TaskState.REJECTED}
    if not stopped or error is None or error.code is not ErrorCode.ELG_ARREARS or not error.amount_fen or not account:
        return None
    return Charge(
        id=charge_id(task.number, ChargeKind.ARREARS, task.state_since.isoformat()),
        task=task.number,
        kind=ChargeKind.ARREARS,
        endpoint=task.endpoint,
        account_no=account,
        amount_fen=error.amount_fen,
        found_at=task.state_since,
    )


def _standing(charge: Charge, payments: list[Payment], due: bool) -> Charge:
    settled = next((each for each in payments if each.state is PaymentState.POSTED), None)
    under_way = next((each for each in payments if each.state in _OPEN), None)
    if settled is not None:
        state = ChargeState.SETTLED
    elif under_way is not None:
        state = ChargeState.PAYING
    else:
        state = ChargeState.DUE if due else ChargeState.RETURNED
    shown = settled or under_way or (payments[-1] if payments else None)
    changed: Charge = charge.with_(state=state, payment=shown.id if shown else None)
    return changed
