"""Trades on accounts and money: 1001, 1002, 2001, 2002, 9001."""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import TYPE_CHECKING, Any

from simulators.kit.clock import SHANGHAI
from simulators.water.books import Books, Crash, Refused
from simulators.water.records import Account, Bill, Order, Payment, fen, yuan

if TYPE_CHECKING:
    from simulators.water.dialect import Body, Dialect

_CLOSING, _OPENING = time(23, 30), time(0, 30)
_LIST_NAME_BYTES = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, verified and read, with the hour at which it is handled."""

    dialect: Dialect
    head: dict[str, str]
    body: Body
    now: datetime
    always_open: bool = False

    @property
    def company(self) -> str:
        return self.head["GSDM"]

    def get(self, tag: str) -> Any:
        return self.body.get(tag, "")


def find_accounts(books: Books, asked: Asked) -> Body:
    if number := asked.get("YHBH"):
        found = [books.account(number, asked.company)]
    else:
        wanted = (asked.get("ZJLX"), asked.get("ZJHM"), asked.get("BH"))
        found = [account for account in books.accounts.values() if _is_meant(account, asked.company, *wanted)]
    if not found:
        raise Refused("0001")
    for account in found:
        if account.broken:
            raise Crash(account.name)
    return {"YHLIST": [_listed(account, asked) for account in found]}


def _is_meant(account: Account, company: str, id_type: str, id_number: str, meter: str) -> bool:
    if account.company != company:
        return False
    return account.meter == meter if meter else (account.id_type, account.id_number) == (id_type, id_number)


def _listed(account: Account, asked: Asked) -> dict[str, str]:
    return {
        "YHBH": account.number,
        "YHMC": asked.dialect.stored(_cut(account.name)),
        "ZJHM": account.id_number[:6] + "*" * (len(account.id_number) - 10) + account.id_number[-4:],
        "YSDZ": asked.dialect.stored(account.address),
        "YSXZ": account.use,
        "SBKJ": account.size,
        "BH": account.meter,
        "YHZT": account.status,
        "RKS": str(account.members),
    }


def _cut(name: str) -> str:
    while len(name.encode("gb18030")) > _LIST_NAME_BYTES:
        name = name[:-1]
    return name


def arrears(books: Books, asked: Asked) -> Body:
    account = books.account(asked.get("YHBH"), asked.company)
    month = asked.get("ZDYF")
    bills = [bill for bill in account.bills if not bill.receipt and month in ("", bill.month)]
    return {"QFJE": yuan(account.arrears), "ZDLIST": [_bill(bill) for bill in bills]}


def _bill(bill: Bill) -> dict[str, str]:
    return {
        "ZDYF": bill.month,
        "SL": str(bill.volume),
        "SF": yuan(bill.water),
        "PWF": yuan(bill.sewage),
        "WYJ": yuan(bill.penalty),
        "HJ": yuan(bill.total),
    }


def pay(books: Books, asked: Asked) -> Body:
    _refuse_at_day_end(asked)
    earlier = books.payments.get((asked.company, asked.head["LSH"]))
    if earlier is not None:
        raise Refused("0011", PZH=earlier.receipt)
    amount = fen(asked.get("JE"))
    if asked.get("SLBH"):
        order = books.order(asked.get("SLBH"), asked.company)
        receipt = _pay_fee(books, asked, order, amount)
    else:
        account = books.account(asked.get("YHBH"), asked.company)
        receipt = _pay_bills(books, asked, account, amount)
    facts = {"receipt": receipt, "fen": amount, "account": asked.get("YHBH"), "slbh": asked.get("SLBH")}
    books.ledger.record("payment", asked.head["LSH"], **facts)
    return {"PZH": receipt, "YE": "0.00"}


def _pay_bills(books: Books, asked: Asked, account: Account, amount: int) -> str:
    if amount != account.arrears or not amount:
        raise Refused("0010", QFJE=yuan(account.arrears))
    payment = _received(books, asked, amount)
    bills = tuple(replace(bill, receipt=bill.receipt or payment.receipt) for bill in account.bills)
    status = "0" if account.status == "3" else account.status
    books.accounts[account.number] = replace(account, bills=bills, status=status)
    return payment.receipt


def _pay_fee(books: Books, asked: Asked, order: Order, amount: int) -> str:
    if books.stage(order, asked.now)[0] != "30":
        raise Refused("0004", "该受理单不在待缴费环节")
    if amount != order.fee:
        raise Refused("0010", QFJE=yuan(order.fee))
    payment = _received(books, asked, amount)
    books.keep(replace(order, mark="40", marked_at=asked.now))
    return payment.receipt


def _received(books: Books, asked: Asked, amount: int) -> Payment:
    payment = Payment(
        serial=asked.head["LSH"],
        company=asked.company,
        receipt=books.number("P", asked.now, 7),
        account=asked.get("YHBH"),
        order=asked.get("SLBH"),
        fen=amount,
        channel=asked.head["QDLX"],
        at=asked.now,
    )
    books.payments[payment.company, payment.serial] = payment
    return payment


def reverse(books: Books, asked: Asked) -> Body:
    _refuse_at_day_end(asked)
    payment = books.payments.get((asked.company, asked.get("YLSH")))
    if payment is None:
        raise Refused("0001", "原交易不存在")
    if payment.reversal:
        raise Refused("0011", PZH=payment.receipt)
    if _day(payment.at) != _day(asked.now):
        raise Refused("0004", "只能冲正当日交易")
    if payment.order:
        raise Refused("0004", "工程费用不能冲正")
    account = books.accounts[payment.account]
    bills = tuple(replace(bill, receipt="") if bill.receipt == payment.receipt else bill for bill in account.bills)
    books.accounts[account.number] = replace(account, bills=bills)
    serial, channel = asked.head["LSH"], asked.head["QDLX"]
    reversed_ = replace(payment, reversal=serial, reversed_at=asked.now, reversed_by=channel)
    books.payments[payment.company, payment.serial] = reversed_
    books.ledger.record("reversal", payment.serial, receipt=payment.receipt, fen=payment.fen)
    return {}


def reconciliation(books: Books, asked: Asked) -> Body:
    day = asked.get("JYRQ")
    if day >= _day(asked.now) and not asked.always_open:
        raise Refused("0009", "该日尚未日终")
    lines = []
    for payment in books.payments.values():
        target = payment.account or payment.order
        if payment.company == asked.company and _day(payment.at) == day:
            lines.append((payment.serial, target, payment.fen, payment.channel, "1"))
            if payment.reversal:  # always of the same day
                lines.append((payment.reversal, target, -payment.fen, payment.reversed_by, "2"))
    text = "".join(f"{day}|{no}|{target}|{yuan(sum_)}|{by}|{kind}\n" for no, target, sum_, by, kind in lines)
    text = f"{len(lines)}|{yuan(sum(line[2] for line in lines))}\n" + text
    content = base64.b64encode(text.encode(asked.dialect.codec)).decode("ascii")
    return {"WJM": f"{asked.company}_{day}.txt", "NR": content}


def _refuse_at_day_end(asked: Asked) -> None:
    local = asked.now.astimezone(SHANGHAI).time()
    if not asked.always_open and (local >= _CLOSING or local < _OPENING):
        raise Refused("0009")


def _day(when: datetime) -> str:
    return f"{when.astimezone(SHANGHAI):%Y%m%d}"
