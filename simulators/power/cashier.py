"""Payments, their reversal, and the daily reconciliation file."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulators.power.refusals import parameter
from simulators.power.times import day, stamp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from simulators.power.accounts import Account, Settlement
    from simulators.power.orders import Order

HEADER = "chargeId\tchannelSerial\tbizType\tconsNo\tappNo\tamt\tbizTime\torigChargeId"


@dataclass(slots=True)
class Charge:
    """One payment of a consumer's bills or of an order's fee."""

    number: str
    serial: str
    amount: int
    at: datetime
    account: Account | None = None
    order: Order | None = None
    settlement: Settlement | None = None
    reversed_at: datetime | None = None

    @property
    def prepaid(self) -> int:
        return self.account.prepaid if self.account else 0

    def settled(self) -> list[dict[str, Any]]:
        parts = self.settlement.parts if self.settlement else ()
        return [{"rcvblYm": bill.month, "amt": part, "settleFlag": bill.flag} for bill, part in parts]

    def line(self, kind: str, amount: int, at: datetime, number: str, original: str) -> str:
        cons_no = self.account.cons_no if self.account else ""
        app_no = str(self.order.app_no) if self.order else ""
        return "\t".join((number, self.serial, kind, cons_no, app_no, str(amount), stamp(at), original))


class Cashier:
    """Takes money and gives it back."""

    def __init__(self) -> None:
        self._charges: dict[str, Charge] = {}

    def pay(self, account: Account, serial: str, amount: int, now: datetime) -> Charge:
        return self._keep(
            Charge(self._number(now), serial, amount, now, account=account, settlement=account.pay(amount))
        )

    def pay_fee(self, order: Order, serial: str, amount: int, now: datetime) -> Charge:
        order.fee_paid += amount
        return self._keep(Charge(self._number(now), serial, amount, now, order=order))

    def reverse(self, number: str, now: datetime) -> Charge:
        charge = self._charges.get(number)
        if charge is None:
            raise parameter("chargeId", "exists")
        if charge.reversed_at is not None:
            raise parameter("chargeId", "reversed")
        if day(charge.at) != day(now):
            raise parameter("chargeId", "sameDay")
        charge.reversed_at = now
        if charge.account is not None and charge.settlement is not None:
            charge.account.undo(charge.settlement)
        if charge.order is not None:
            charge.order.fee_paid -= charge.amount
        return charge

    def file(self, date: str) -> bytes:
        """The reconciliation file of one day; the same day always gives the same bytes."""
        text = "\n".join((HEADER, *self._lines(date))) + "\n"
        return gzip.compress(text.encode(), mtime=0)

    def count(self, date: str) -> int:
        return sum(1 for _ in self._lines(date))

    def _lines(self, date: str) -> Iterator[str]:
        for charge in self._charges.values():
            if day(charge.at) == date:
                yield charge.line("01", charge.amount, charge.at, charge.number, "")
            if charge.reversed_at is not None and day(charge.reversed_at) == date:
                number = f"9{charge.number[1:]}"
                yield charge.line("02", -charge.amount, charge.reversed_at, number, charge.number)

    def _number(self, now: datetime) -> str:
        return f"{day(now)}{len(self._charges) + 1:012d}"

    def _keep(self, charge: Charge) -> Charge:
        self._charges[charge.number] = charge
        return charge
