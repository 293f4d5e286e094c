"""What an adapter is given to post a payment or to take it back: an order with the payment's own serials."""

from __future__ import annotations

from hub.domain import numbers
from hub.domain.charges import ChargeKind
from hub.domain.form import OrderForm
from hub.domain.order import ServiceOrder
from hub.domain.owing import ACCOUNT_FIELDS
from hub.domain.work import CommandKind
from hub.engine.rules import Rules
from hub.store.books import PaymentRecord
from hub.store.unit import TaskRecord

_ORDER = "order"


def money_order(record: PaymentRecord, task: TaskRecord, kind: CommandKind, rules: Rules) -> ServiceOrder:
    """The order of a payment, the same in every try; with `provider_ref` the fee of that order, or when taken back
    the receipt of what was posted.
    """
    order = task.order if record.charge.kind is ChargeKind.BILL else _of_charge(record, task, rules)
    if kind is CommandKind.REVERSE:
        form = order.form.with_(reason=record.payment.reason)
        order = order.with_(form=form, provider_ref=record.payment.provider_receipt)
    return order


def _of_charge(record: PaymentRecord, task: TaskRecord, rules: Rules) -> ServiceOrder:
    charge, proof, order = record.charge, record.payment.proof, task.order
    fee = charge.kind is ChargeKind.FEE
    named = next((name for name in ACCOUNT_FIELDS if getattr(order.form, name)), "account_no")
    form = OrderForm().with_(
        amount=charge.amount_fen,
        pay_channel=proof.channel if proof else None,
        bill_ids=charge.bill_ids or None,
        **{named: getattr(order.form, named) if fee else charge.account_no},
    )
    pay = rules.endpoints[record.row.endpoint].adapter.operations[CommandKind.PAY.value]
    made: ServiceOrder = order.with_(
        task_number=record.row.number,
        serial=record.row.serial,
        request_id=numbers.serial32hex(record.row.number, _ORDER),
        # The fee of an order goes by that order's own operation, a debt by the one that pays bills.
        operation=order.operation if fee or not pay.serves else pay.serves[0],
        variant=order.variant if fee else "",
        submitted_at=record.row.created_at,
        form=form,
        evidence=(),
        provider_ref=charge.order_ref if fee else None,
    )
    return made
