"""Money: payBill, reversePayment, getReconciliation."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from simulators.gas.records import Customer, Order, Payment, fen, yuan, zulu
from simulators.gas.soap import ServiceFault, many
from simulators.kit.clock import SHANGHAI

if TYPE_CHECKING:
    from datetime import datetime

    from simulators.gas.books import Books
    from simulators.gas.customers import Asked
    from simulators.gas.soap import Fields

_PAGE = 50


def pay_bill(books: Books, asked: Asked) -> Fields:
    """Post a payment: all of the named bills, or the fee of the order that is named in their place."""
    bills, amount = many(asked.get("billId")), fen(asked.fields["amount"])
    if asked.get("orderNo") is not None:
        order = books.order(asked.fields["orderNo"], asked.company)
        payment = _fee_paid(books, asked, order, amount)
    else:
        lacking = "customerNo" if asked.get("customerNo") is None else "" if bills else "billId"
        if lacking:
            raise ServiceFault("GAS-1011", "缺少必填要素", fieldName=lacking)
        customer = books.customer(asked.fields["customerNo"], asked.company)
        payment = _bills_paid(books, asked, customer, bills, amount)
    facts = {
        "receipt": payment.receipt,
        "fen": amount,
        "customer": payment.customer or "",
        "order_no": payment.order or "",
    }
    books.ledger.record("payment", payment.reference, **facts)
    return {"receiptNo": payment.receipt, "bookedAt": zulu(payment.at)}


def _bills_paid(books: Books, asked: Asked, customer: Customer, wanted: list[str], amount: int) -> Payment:
    if customer.meter_kind == "IC_CARD":
        raise ServiceFault("GAS-1007", "IC卡表不能在线缴费, 请到自助机写卡")
    named = [bill for bill in customer.bills if bill.period in wanted]
    if len(named) < len(set(wanted)):
        raise ServiceFault("GAS-1009", "账单不存在", fieldName="billId")
    paid = next((bill for bill in named if bill.receipt), None)
    if paid is not None:
        raise ServiceFault("GAS-2002", "账单已缴", receiptNo=paid.receipt)
    due = sum(bill.total for bill in named)
    if amount != due:
        raise ServiceFault("GAS-2001", "金额不符", fieldName="amount", amount=yuan(due))
    payment = _received(books, asked, amount, customer=customer.number)
    settled = tuple(replace(bill, receipt=payment.receipt) if bill in named else bill for bill in customer.bills)
    books.customers[customer.number] = replace(customer, bills=settled)
    return payment


def _fee_paid(books: Books, asked: Asked, order: Order, amount: int) -> Payment:
    earlier = next((each for each in books.payments.values() if each.order == order.number), None)
    if earlier is not None:
        raise ServiceFault("GAS-2002", "费用已缴", receiptNo=earlier.receipt)
    if order.status != "PENDING_PAYMENT":
        raise ServiceFault("GAS-1010", "受理单不在待缴费环节", orderNo=order.number)
    if amount != order.fee_due:
        raise ServiceFault("GAS-2001", "金额不符", fieldName="amount", amount=yuan(order.fee_due))
    payment = _received(books, asked, amount, order=order.number)
    books.move(replace(order, opinion=None), "ON_SITE", asked.now)
    return payment


def _received(
    books: Books, asked: Asked, amount: int, *, customer: str | None = None, order: str | None = None
) -> Payment:
    receipt = books.number("R", asked.now, 7)
    payment = Payment(receipt, asked.fields["channelRef"], asked.company, customer, order, amount, asked.now)
    books.payments[receipt] = payment
    return payment


def reverse_payment(books: Books, asked: Asked) -> Fields:
    payment = books.payments.get(asked.fields["receiptNo"])
    if payment is None or payment.company != asked.company:
        raise ServiceFault("GAS-1009", "缴费记录不存在", fieldName="receiptNo")
    if payment.reversed is not None:
        raise ServiceFault("GAS-2003", "该笔缴费已冲正", receiptNo=payment.reversed[0])
    if _day(payment.at) != _day(asked.now) or payment.customer is None:
        raise ServiceFault("GAS-1010", "只能冲正当日的气费缴费")
    receipt = books.number("R", asked.now, 7)
    books.payments[payment.receipt] = replace(payment, reversed=(receipt, asked.fields["channelRef"], asked.now))
    customer = books.customers[payment.customer]
    bills = tuple(replace(bill, receipt="") if bill.receipt == payment.receipt else bill for bill in customer.bills)
    books.customers[customer.number] = replace(customer, bills=bills)
    books.ledger.record("reversal", payment.reference, receipt=receipt, fen=payment.fen)
    return {"receiptNo": receipt, "bookedAt": zulu(asked.now)}


def get_reconciliation(books: Books, asked: Asked) -> Fields:
    day, page = date.fromisoformat(asked.fields["date"]), int(asked.fields["page"])
    lines: list[Fields] = []
    for payment in books.payments.values():
        if payment.company == asked.company and _day(payment.at) == day:
            lines.append(_line("PAYMENT", payment.receipt, payment.reference, payment, payment.fen, payment.at))
            if payment.reversed is not None:  # always of the same day
                receipt, reference, at = payment.reversed
                lines.append(_line("REVERSAL", receipt, reference, payment, -payment.fen, at))
    pages = max(1, -(-len(lines) // _PAGE))
    return {
        "date": day.isoformat(),
        "page": page,
        "pages": pages,
        "count": len(lines),
        "total": yuan(sum(_signed(line["amount"]) for line in lines)),
        "payment": lines[(page - 1) * _PAGE : page * _PAGE],
    }


def _line(kind: str, receipt: str, reference: str, payment: Payment, amount: int, at: datetime) -> Fields:
    return {
        "kind": kind,
        "receiptNo": receipt,
        "channelRef": reference,
        "customerNo": payment.customer,
        "orderNo": payment.order,
        "amount": yuan(amount),
        "at": zulu(at),
    }


def _signed(amount: str) -> int:
    return -fen(amount[1:]) if amount.startswith("-") else fen(amount)


def _day(when: datetime) -> date:
    return when.astimezone(SHANGHAI).date()
