"""Consumers, their bills and what money does to them. Amounts are fen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

CITY = "330400000"
COUNTIES = ("330402", "330411", "330421", "330424", "330481", "330482", "330483")
CLOSED, SUSPENDED, NORMAL = "9", "1", "0"


def org_of(division: str) -> str:
    """The county company that serves a division, or nothing outside the city."""
    return f"{division[:6]}001" if division[:6] in COUNTIES else ""


def has_authority(org: str, over: str) -> bool:
    return org in {CITY, over}


@dataclass(slots=True)
class Bill:
    """One month's bill; a refund has a negative amount."""

    month: str
    amount: int
    penalty: int = 0
    received: int = 0

    @property
    def open(self) -> int:
        return self.amount + self.penalty - self.received

    @property
    def flag(self) -> str:
        if self.open == 0:
            return "03"
        return "02" if self.received else "01"

    def as_wire(self) -> dict[str, Any]:
        return {
            "rcvblYm": self.month,
            "rcvblAmt": self.amount,
            "rcvedAmt": self.received,
            "penaltyAmt": self.penalty,
            "settleFlag": self.flag,
        }


@dataclass(frozen=True, slots=True)
class Settlement:
    """What one payment did, so that it can be undone."""

    parts: tuple[tuple[Bill, int], ...]
    prepaid: int


@dataclass(slots=True)
class Account:
    """One consumer."""

    cons_no: str
    name: str = field(repr=False)
    cert_no: str = field(repr=False)
    cert_type: str = "01"
    old_no: str = ""
    address: str = field(default="", repr=False)
    org_no: str = "330402001"
    elec_type: str = "200"
    capacity: str = "8"
    volt: str = "AC00220"
    status: str = NORMAL
    bills: list[Bill] = field(default_factory=list)
    prepaid: int = 0
    tou: str = "00"
    members: int = 0
    contract_until: str = ""
    fate: str = ""
    final_bill: int = 0

    @property
    def balance(self) -> int:
        """What is owed; below zero when a refund outweighs the bills."""
        return sum(bill.open for bill in self.bills)

    @property
    def arrears(self) -> int:
        return max(0, self.balance)

    def charge(self, bill: Bill) -> None:
        bill.received = min(self.prepaid, bill.open)
        self.prepaid -= bill.received
        self.bills.append(bill)

    def pay(self, amount: int) -> Settlement:
        """Settle refunds first, then the oldest bills; the rest is kept as prepaid balance."""
        parts = [(bill, bill.open) for bill in self.bills if bill.open < 0]
        pool = amount - sum(part for _, part in parts)
        for bill in sorted((bill for bill in self.bills if bill.open > 0), key=lambda bill: bill.month):
            part = min(pool, bill.open)
            if part:
                parts.append((bill, part))
                pool -= part
        for bill, part in parts:
            bill.received += part
        self.prepaid += pool
        return Settlement(tuple(parts), pool)

    def undo(self, settlement: Settlement) -> None:
        for bill, part in settlement.parts:
            bill.received -= part
        self.prepaid -= settlement.prepaid


class Accounts:
    """All consumers, found by either number or by certificate."""

    def __init__(self) -> None:
        self._by_number: dict[str, Account] = {}
        self._current: dict[str, str] = {}
        self._next = 0

    def add(self, account: Account) -> None:
        self._by_number[account.cons_no] = account
        if account.old_no:
            self._current[account.old_no] = account.cons_no

    def find(self, number: str) -> Account | None:
        """By the 13-digit number or the legacy one of 10 digits."""
        return self._by_number.get(self._current.get(number, number))

    def of_holder(self, cert_type: str, cert_no: str) -> list[Account]:
        holder = (cert_type, cert_no)
        return [a for a in self._by_number.values() if (a.cert_type, a.cert_no) == holder]

    def new_number(self, org: str) -> str:
        self._next += 1
        return f"{org[:6]}9{self._next:06d}"

    def __iter__(self) -> Any:
        return iter(self._by_number.values())
