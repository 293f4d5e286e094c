"""The billing system's books: every account, payment and order, kept up to the present hour."""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from simulators.kit.clock import SHANGHAI
from simulators.water.outcomes import applied, contract_of, newly_connected
from simulators.water.records import FINAL, Account, Order, Pace, Payment, completion, stage

if TYPE_CHECKING:
    from datetime import datetime

    from simulators.kit.ledger import Ledger

MESSAGES = {
    "0000": "成功",
    "0001": "用户不存在",
    "0002": "户名证件不符",
    "0003": "存在欠费",
    "0004": "表状态不允许",
    "0005": "已有在途业务",
    "0006": "参数错误",
    "0007": "签名错误",
    "0008": "系统忙或查询过频",
    "0009": "日终结账",
    "0010": "金额不符",
    "0011": "流水号重复",
    "0012": "非本公司用户",
    "9999": "系统错误",
}


class Refused(Exception):
    """A RetCode other than 0000, with what it carries."""

    def __init__(self, code: str, detail: str = "", **carried: str) -> None:
        super().__init__(code)
        self.code, self.carried = code, carried
        self.message = MESSAGES.get(code, "未知错误") + (f": {detail}" if detail else "")


class Crash(Exception):
    """The program falls over a customer's record."""

    def __init__(self, customer: str) -> None:
        super().__init__("crash")
        self.customer = customer


class Books:
    """All records of all companies. `settle` first brings them up to an hour; nothing else moves by itself."""

    def __init__(self, ledger: Ledger, pace: Pace) -> None:
        self.ledger, self.pace = ledger, pace
        self.accounts: dict[str, Account] = {}
        self.payments: dict[tuple[str, str], Payment] = {}
        self.orders: dict[str, Order] = {}
        self.asked: dict[str, datetime] = {}
        self._by_serial: dict[tuple[str, str], str] = {}
        self._open: dict[tuple[str, str], str] = {}
        self._due: list[tuple[datetime, str]] = []
        self._counters: Counter[str] = Counter()

    def account(self, number: str, company: str) -> Account:
        found = self.accounts.get(number)
        if found is None:
            raise Refused("0001")
        if found.company != company:
            raise Refused("0012")
        if found.broken:
            raise Crash(found.name)
        return found

    def order(self, number: str, company: str) -> Order:
        found = self.orders.get(number)
        if found is None:
            raise Refused("0001", "受理单不存在")
        if found.company != company:
            raise Refused("0012")
        return found

    def order_by_serial(self, serial: str, company: str) -> Order:
        return self.order(self._by_serial.get((company, serial), ""), company)

    def open_order(self, key: tuple[str, str]) -> str | None:
        return self._open.get(key)

    def stage(self, order: Order, now: datetime) -> tuple[str, datetime]:
        return stage(order, now, self.pace)

    def keep(self, order: Order) -> None:
        """Store an order as it now is, and note when it will finish."""
        self.orders[order.number] = order
        self._by_serial[order.company, order.serial] = order.number
        if order.mark in FINAL:
            if self._open.get(order.key) == order.number:
                del self._open[order.key]
            return
        self._open[order.key] = order.number
        due = completion(order, self.pace)
        if due is not None:
            heapq.heappush(self._due, (due, order.number))

    def settle(self, now: datetime) -> None:
        """Carry out what the orders finished by now were for."""
        while self._due and self._due[0][0] <= now:
            due, number = heapq.heappop(self._due)
            order = self.orders[number]
            # An order that was cancelled, or put elsewhere by hand, has another hour or none.
            if order.mark not in FINAL and completion(order, self.pace) == due:
                self.finish(order, due)

    def finish(self, order: Order, when: datetime) -> None:
        if order.account:
            self.accounts[order.account] = applied(self.accounts[order.account], order)
        elif order.kind in {"02", "03"}:
            account = newly_connected(order, self._counters, set(self.accounts))
            self.accounts[account.number] = account
            order = replace(order, account=account.number)
        order = contract_of(order, self.number("HT", when, 4))
        self.keep(replace(order, mark="50", marked_at=when))

    def number(self, kind: str, when: datetime, digits: int) -> str:
        """The next number of a kind on a day: letter, yyyyMMdd, counter."""
        day = f"{kind}{when.astimezone(SHANGHAI):%Y%m%d}"
        self._counters[day] += 1
        return f"{day}{self._counters[day]:0{digits}d}"

    def summary(self, now: datetime) -> dict[str, Any]:
        self.settle(now)
        orders = {n: {"lsh": o.serial, "ywlx": o.kind, "blzt": self.stage(o, now)[0]} for n, o in self.orders.items()}
        accounts = {n: {"gsdm": a.company, "yhzt": a.status, "arrears": a.arrears} for n, a in self.accounts.items()}
        return {"accounts": accounts, "orders": orders, "payments": len(self.payments)}
