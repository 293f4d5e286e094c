"""Money: paying in, paying an order's fee, taking a payment back, and the file of a day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from simulators.catv.asked import Answer, Asked
from simulators.catv.books import COUNTIES, Books, Refused
from simulators.catv.records import Order, Payment, fen_of, short_time, today, yuan
from simulators.kit.clock import SHANGHAI

if TYPE_CHECKING:
    from collections.abc import Iterator

COLUMNS = ("流水号", "操作员", "客户编号", "客户姓名", "业务类型", "金额", "缴费方式", "办理时间", "收据号", "工单号")
_WRITTEN_AT = time(1, 0)


def pay(books: Books, asked: Asked) -> Answer:
    amount = fen_of(asked.get("AMOUNT"))
    if not amount:
        raise Refused("-1", "参数错误:AMOUNT")
    if number := asked.get("ORDERNO"):
        order = books.order(number, asked.branch)
        payment = _received(books, asked, order.customer, amount, _fee(order, amount))
        _release(books, order, asked.now)
        balance = 0
    else:
        customer = books.customer(asked.get("CUSTNO"), asked.branch)
        payment = _received(books, asked, customer.number, amount)
        balance = _credit(books, payment)
    facts = {"receipt": payment.receipt, "fen": amount, "customer": payment.customer, "number": payment.order}
    books.ledger.record("payment", asked.serial, **facts)
    return Answer({"RECEIPTNO": payment.receipt, "BALANCE": yuan(balance) if balance else ""})


def _fee(order: Order, amount: int) -> str:
    if not order.fee:
        raise Refused("2008")
    if amount != order.fee:
        raise Refused("2003", f"欠费:{yuan(order.fee)}")
    return order.number


def _release(books: Books, order: Order, now: datetime) -> None:
    """The fee is paid: the order goes on, unless devices are still due."""
    hold = str(order.facts.get("then", ""))
    books.keep(replace(order, fee=0, hold=hold, moving_since=now, state_at=now))


def _received(books: Books, asked: Asked, customer: str, amount: int, order: str = "") -> Payment:
    payment = Payment(
        receipt=books.number("R", asked.now, 6),
        serial=asked.serial,
        operator=asked.operator,
        branch=asked.branch,
        customer=customer,
        order=order,
        fen=amount,
        mode=asked.get("PAYMODE"),
        at=asked.now,
    )
    books.payments[payment.receipt] = payment
    books.used[asked.operator, asked.serial] = payment.receipt
    return payment


def _credit(books: Books, payment: Payment) -> int:
    """Settle bills, oldest first, as far as the money goes; the rest is kept as balance."""
    customer = books.customers[payment.customer]
    pool, bills = customer.balance + payment.fen, []
    for bill in sorted(customer.bills, key=lambda each: each.month):
        settled = not bill.receipt and bill.fen <= pool
        pool -= bill.fen if settled else 0
        bills.append(replace(bill, receipt=payment.receipt) if settled else bill)
    books.payments[payment.receipt] = replace(payment, kept=pool - customer.balance)
    books.change(customer.number, bills=tuple(bills), balance=pool)
    return pool


def reverse(books: Books, asked: Asked) -> Answer:
    payment = books.payments.get(asked.get("RECEIPTNO"))
    if payment is None or payment.branch != asked.branch:
        raise Refused("2001", "无此收据")
    customer = books.customers.get(payment.customer)
    same_day = today(payment.at) == today(asked.now)
    if payment.reversal or payment.order or customer is None or not same_day or customer.balance < payment.kept:
        raise Refused("2008")
    bills = tuple(replace(bill, receipt="") if bill.receipt == payment.receipt else bill for bill in customer.bills)
    books.change(customer.number, bills=bills, balance=customer.balance - payment.kept)
    books.payments[payment.receipt] = replace(payment, reversal=asked.serial, reversed_at=asked.now)
    books.used[asked.operator, asked.serial] = payment.receipt
    books.ledger.record("reversal", asked.serial, receipt=payment.receipt, fen=payment.fen)
    return Answer({"RECEIPTNO": payment.receipt})


def day_file(books: Books, branch: str, text: str, now: datetime) -> bytes | None:
    """The branch's money of the day yyyyMMdd, written at one in the following night; None before that."""
    try:
        day = date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None
    if branch not in COUNTIES or now < datetime.combine(day + timedelta(days=1), _WRITTEN_AT, SHANGHAI):
        return None
    lines = list(_lines(books, branch, day))
    total = yuan(sum(line[1] for line in lines))
    cells = [list(COLUMNS), *(line[2] for line in sorted(lines, key=lambda line: line[0]))]
    cells.append(["合计", "", str(len(lines)), "", "", total, "", "", "", ""])
    return "".join(",".join(line) + "\r\n" for line in cells).encode("gbk", "replace")


def _lines(books: Books, branch: str, day: date) -> Iterator[tuple[datetime, int, list[str]]]:
    for payment in books.payments.values():
        if payment.branch == branch and today(payment.at) == day:
            kind = "工费" if payment.order else "缴费"
            yield payment.at, payment.fen, _cells(books, payment, payment.serial, kind, payment.fen, payment.at)
        if payment.branch == branch and payment.reversed_at is not None and today(payment.reversed_at) == day:
            cells = _cells(books, payment, payment.reversal, "冲正", -payment.fen, payment.reversed_at)
            yield payment.reversed_at, -payment.fen, cells


def _cells(books: Books, payment: Payment, serial: str, kind: str, fen: int, at: datetime) -> list[str]:
    customer = books.customers.get(payment.customer)
    name = (customer.name if customer else "").replace('"', '""')
    return [
        _guarded(serial),
        payment.operator,
        _guarded(payment.customer),
        f'"{name}"' if set(name) & set(',"') else name,
        kind,
        yuan(fen),
        payment.mode,
        short_time(at),
        payment.receipt,
        _guarded(payment.order),
    ]


def _guarded(digits: str) -> str:
    return f'="{digits}"' if digits else ""
