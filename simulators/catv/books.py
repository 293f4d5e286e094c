"""The books of the BOSS: every customer, payment, order and address, kept up to the present hour."""

from __future__ import annotations

import zlib
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from simulators.catv.records import FINAL, Address, Customer, Device, Order, Payment, Product, day_of, due, today

if TYPE_CHECKING:
    from datetime import datetime

    from simulators.kit.ledger import Ledger

COUNTIES = {"0402": "330402", "0411": "330411", "0421": "330421", "0424": "330424", "0481": "330481", "0482": "330482",
            "0483": "330483"}  # fmt: skip
PRODUCTS = {"基本收视": "P1001", "高清互动": "P1002", "影视畅享": "P1003"}
_BROADBAND = "P2001"
_CONTRACT_DAYS = 365
_NEIGHBOURS = 20

MESSAGES = {
    "-1": "系统错误",
    "1001": "会话失效",
    "1002": "口令错误",
    "1003": "操作员已锁定",
    "2001": "无此客户",
    "2002": "存在多个客户",
    "2003": "存在欠费",
    "2004": "设备未归还",
    "2005": "地址未覆盖",
    "2006": "合约未到期",
    "2007": "非本分公司",
    "2008": "状态不允许(已报停或未报停、已派工等)",
    "3001": "流水号重复",
    "9999": "系统忙",
}


class Refused(Exception):
    """A RETURN other than 0; `info` is what stands in INFO, `breaches` what the request broke of the contract."""

    def __init__(self, code: str, info: str = "", breaches: tuple[str, ...] = ()) -> None:
        super().__init__(code)
        self.code, self.info, self.breaches = code, info or MESSAGES.get(code, ""), breaches


class Books:
    """All records. `settle` first brings them up to an hour; nothing else moves by itself."""

    def __init__(self, ledger: Ledger, pace: float) -> None:
        self.ledger, self.pace = ledger, pace
        self.customers: dict[str, Customer] = {}
        self.payments: dict[str, Payment] = {}
        self.orders: dict[str, Order] = {}
        self.addresses: dict[str, Address] = {}
        self.used: dict[tuple[str, str], str] = {}
        self._counters: Counter[str] = Counter()

    def customer(self, number: str, branch: str) -> Customer:
        found = self.customers.get(number)
        if found is None or found.closed:
            raise Refused("2001")
        if found.branch != branch:
            raise Refused("2007")
        return found

    def order(self, number: str, branch: str) -> Order:
        found = self.orders.get(number)
        if found is None:
            raise Refused("2001", "无此工单")
        if found.branch != branch:
            raise Refused("2007")
        return found

    def number(self, prefix: str, now: datetime, width: int) -> str:
        name = f"{prefix}{today(now):%Y%m%d}"
        self._counters[name] += 1
        return f"{name}{self._counters[name]:0{width}d}"

    def keep(self, order: Order) -> None:
        self.orders[order.number] = order

    def change(self, number: str, **changes: Any) -> None:
        self.customers[number] = replace(self.customers[number], **changes)

    def settle(self, now: datetime) -> None:
        for order in list(self.orders.values()):
            state, since = due(order, now, self.pace)
            if state != order.state:
                self.enter(order, state, since)

    def enter(self, order: Order, state: str, when: datetime) -> None:
        """Put an order into a state; at W3 its work is done, and whatever held it is lifted."""
        moved = replace(order, state=state, state_at=when, fee=0, hold="")
        if state == "W3" and order.state not in FINAL:
            moved = self._done(moved, when)
        self.keep(moved)

    def _done(self, order: Order, when: datetime) -> Order:
        facts: dict[str, Any] = order.facts
        if order.service == "BS3003":
            self.change(order.customer, address=facts["ADDRNAME"])
        elif order.service == "BS3006":
            self.change(order.customer, closed=True, balance=0)
        elif order.service in {"BS3001", "BS3007"}:
            number = order.customer or self._opened(order, facts, when)
            contract = f"HT{order.branch}{self.number('', when, 4)[4:]}"
            if order.service == "BS3007":
                until = today(when) + timedelta(days=_CONTRACT_DAYS)
                product = Product(_BROADBAND, f"宽带{facts['BANDWIDTH']}M", until)
                held = self.customers[number].products
                self.change(number, products=(*held, product), contract_end=until)
            return replace(order, customer=number, contract=contract)
        return order

    def _opened(self, order: Order, facts: dict[str, Any], when: datetime) -> str:
        number = f"{COUNTIES[order.branch]}{9 * 10**5 + int(self.number('C', when, 5)[-5:]):06d}"
        name = str(facts.get("PRODNAME", ""))
        self.customers[number] = Customer(
            number=number,
            branch=order.branch,
            name=facts["CUSTNAME"],
            id_type=facts["IDTYPE"],
            id_number=facts["IDNO"],
            mobile=facts["MOBILE"],
            address=facts["ADDRNAME"],
            products=(Product(PRODUCTS[name], name),) if name in PRODUCTS else (),
            devices=tuple(Device(stb, "", kind, "自购") for stb, kind in facts.get("devices", ())),
        )
        return number

    def covered(self, branch: str, area: str, text: str) -> list[Address]:
        """The addresses that a text may mean: the very one first, if it names a room, and rooms beside it."""
        if not area.startswith(COUNTIES[branch]):
            raise Refused("2007")
        if "未覆盖" in text:
            raise Refused("2005")
        stem = text.removesuffix("室").rstrip("0123456789")
        rooms = [f"{stem}{floor}0{door}室" for floor in range(1, 6) for door in range(1, 5)]
        names = dict.fromkeys([text, *rooms] if text.endswith("室") else rooms)
        return [self._address(area, name) for name in list(names)[:_NEIGHBOURS]]

    def _address(self, area: str, name: str) -> Address:
        found = Address(f"{zlib.crc32(f'{area}{name}'.encode()):010d}", name, area)
        self.addresses[found.number] = found
        return found

    def summary(self, now: datetime) -> dict[str, Any]:
        """The whole state without names."""
        self.settle(now)
        return {
            "customers": {
                each.number: {"branch": each.branch, "state": each.state(today(now)), "arrears": each.arrears}
                for each in self.customers.values()
            },
            "orders": {
                each.number: {"service": each.service, "serial": each.serial, "state": each.state, "fee": each.fee}
                for each in self.orders.values()
            },
            "payments": {
                each.receipt: {"serial": each.serial, "fen": each.fen, "reversed": bool(each.reversal)}
                for each in self.payments.values()
            },
        }


def customer_of(facts: dict[str, Any]) -> Customer:
    """A customer from the interface's tags: CUSTNO, BRANCH, CUSTNAME, IDTYPE, IDNO and whatever else is given."""
    given = dict(facts)
    return Customer(
        number=given["CUSTNO"],
        branch=given.get("BRANCH", "0402"),
        name=given["CUSTNAME"],
        id_type=given.get("IDTYPE", "身份证"),
        id_number=given["IDNO"],
        mobile=given.get("MOBILE", ""),
        address=given.get("ADDRNAME", ""),
        balance=given.get("balance", 0),
        bills=tuple(given.get("bills", ())),
        products=tuple(given.get("products", ())),
        devices=tuple(given.get("devices", ())),
        contract_end=day_of(given["CONTRACTEND"]) if "CONTRACTEND" in given else None,
        suspended=given.get("suspended"),
    )
