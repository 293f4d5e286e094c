"""The books of all companies, brought up to the present hour before anything is answered."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from simulators.gas.outcomes import applied, connected
from simulators.gas.records import COMPANIES, CONTRACTS, FINAL, Customer, Order, Pace, Payment, Slot, coming, slots_of
from simulators.gas.soap import ServiceFault
from simulators.kit.clock import SHANGHAI

if TYPE_CHECKING:
    from datetime import date

    from simulators.kit.ledger import Ledger


class Books:
    """All records. `lag` is how long a change takes until searches and the change feed show it."""

    def __init__(self, ledger: Ledger, pace: Pace, lag: timedelta) -> None:
        self.ledger, self.pace, self.lag = ledger, pace, lag
        self.customers: dict[str, Customer] = {}
        self.orders: dict[str, Order] = {}
        self.payments: dict[str, Payment] = {}
        self.booked: Counter[str] = Counter()
        self._counters: Counter[str] = Counter()

    def customer(self, number: str, company: str) -> Customer:
        found = self.customers.get(number)
        if found is None:
            raise ServiceFault("GAS-1001", "用户不存在", fieldName="customerNo")
        if found.company != company:
            raise ServiceFault("GAS-1006", "不属本公司经营区域", fieldName="customerNo")
        return found

    def order(self, number: str, company: str) -> Order:
        found = self.orders.get(number)
        if found is None or found.company != company:
            raise ServiceFault("GAS-1009", "受理单不存在", fieldName="orderNo")
        return found

    def settle(self, now: datetime) -> None:
        """Let every open order go on as far as its time has come."""
        for order in [order for order in self.orders.values() if order.status not in FINAL]:
            self._go_on(order, now)

    def _go_on(self, order: Order, now: datetime) -> None:
        while (following := coming(order, self.pace)) is not None and following[1] <= now:
            state, when = following
            if state == "CANCELLED":
                order = replace(order, opinion="五个工作日内未签订供用气合同, 已撤销")
            order = self.move(order, state, when)

    def move(self, order: Order, state: str, when: datetime) -> Order:
        """Put an order into a state, and do what that state brings."""
        order = replace(order, history=(*order.history, (state, when)))
        if state == "PENDING_PAYMENT":
            order = replace(order, opinion="请缴纳工程费用")
        elif state == "COMPLETED":
            order = self._complete(order, when)
        self.orders[order.number] = order
        return order

    def _complete(self, order: Order, when: datetime) -> Order:
        if order.customer is not None:
            self.customers[order.customer] = applied(self.customers[order.customer], order, when.date())
        else:
            customer = connected(order, self._customer_number(order.company), when.date())
            self.customers[customer.number] = customer
            order = replace(order, customer=customer.number)
        contract = self.number("HT", when, 4) if order.kind in CONTRACTS else None
        return replace(order, opinion="已办结", contract=contract)

    def _customer_number(self, company: str) -> str:
        prefix = COMPANIES[company][0]
        while True:
            self._counters[prefix] += 1
            number = f"{prefix}{300_000 + self._counters[prefix]:06d}"
            if number not in self.customers:
                return number

    def number(self, letter: str, when: datetime, digits: int) -> str:
        """The next number of a kind on a day in Jiaxing."""
        day = f"{letter}{when.astimezone(SHANGHAI):%Y%m%d}"
        self._counters[day] += 1
        return f"{day}{self._counters[day]:0{digits}d}"

    def slots(self, county: str, first: date, last: date) -> list[Slot]:
        days = [first + timedelta(days=each) for each in range(min((last - first).days + 1, 31))]
        return [replace(slot, free=slot.free - self.booked[slot.id]) for day in days for slot in slots_of(county, day)]

    def slot(self, slot_id: str) -> Slot | None:
        _, day, _ = slot_id.split("-")
        when = datetime.strptime(day, "%Y%m%d").replace(tzinfo=SHANGHAI).date()
        return next((each for each in self.slots(slot_id[1:7], when, when) if each.id == slot_id), None)

    def summary(self, now: datetime) -> dict[str, Any]:
        self.settle(now)
        orders = {n: {"ref": o.reference, "type": o.kind, "status": o.status} for n, o in self.orders.items()}
        customers = {n: {"status": c.status, "arrears": c.arrears} for n, c in self.customers.items()}
        return {"customers": customers, "orders": orders, "payments": len(self.payments)}
