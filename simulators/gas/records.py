"""What the companies keep: customers, bills, payments, orders, visits; values, replaced whole on a change."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from simulators.kit.clock import SHANGHAI

if TYPE_CHECKING:
    from collections.abc import Mapping

FINAL = frozenset({"COMPLETED", "REJECTED", "CANCELLED"})
STATES = ("REGISTERED", "SCHEDULED", "ON_SITE", "HAZARD_HOLD", "PENDING_PAYMENT", *sorted(FINAL))
CONTRACTS = frozenset({"NEW_CONN", "BIZ_CONN", "TRANSFER", "USAGE_CHANGE"})
CONNECTIONS = frozenset({"NEW_CONN", "BIZ_CONN"})
FEES = {"NEW_CONN": 2500_00, "BIZ_CONN": 12000_00, "PIPE_ALTER": 300_00}
COMPANIES = {
    "city": ("10", ("330402", "330411")),
    "jiashan": ("21", ("330421",)),
    "haiyan": ("24", ("330424",)),
    "haining": ("81", ("330481",)),
    "pinghu": ("82", ("330482",)),
    "tongxiang": ("83", ("330483",)),
}
_HOURS = {"REGISTERED": 4.0, "SCHEDULED": 8.0, "ON_SITE": 4.0, "PENDING_PAYMENT": 6.0}
_UNSIGNED_DAYS = 5
_SLOTS = ((8, 30), (10, 0), (13, 30), (15, 0))  # each an hour and a half, two of them before noon


@dataclass(frozen=True, slots=True)
class Bill:
    """A month's bill, in fen."""

    period: str
    volume: int
    charge: int
    penalty: int = 0
    receipt: str = ""  # of the payment that settled it

    @property
    def total(self) -> int:
        return self.charge + self.penalty


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer of one company, at an address."""

    number: str
    company: str
    name: str
    id_type: str
    id_number: str
    phone: str | None
    address: Mapping[str, str]
    usage: str = "RESIDENTIAL"
    meter_kind: str = "IOT"
    reading: str = "1234.00"
    checked: date | None = None
    check: str = "PASS"
    status: str = "ACTIVE"
    bills: tuple[Bill, ...] = ()

    @property
    def arrears(self) -> int:
        return sum(bill.total for bill in self.bills if not bill.receipt)


@dataclass(frozen=True, slots=True)
class Payment:
    """Money taken for bills or for an order's fee; `reversed` holds receipt, reference and time of its reversal."""

    receipt: str
    reference: str
    company: str
    customer: str | None
    order: str | None
    fen: int
    at: datetime
    reversed: tuple[str, str, datetime] | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with an order."""

    number: str
    kind: str
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Order:
    """An order. `history` is every state it was in, with its time; the last one holds."""

    number: str
    reference: str
    company: str
    user: str
    kind: str
    customer: str | None
    facts: Mapping[str, Any]
    signed: bool
    history: tuple[tuple[str, datetime], ...]
    slot: str | None = None
    opinion: str | None = None
    contract: str | None = None
    attachments: tuple[Attachment, ...] = ()

    @property
    def status(self) -> str:
        return self.history[-1][0]

    @property
    def since(self) -> datetime:
        return self.history[-1][1]

    @property
    def created(self) -> datetime:
        return self.history[0][1]

    @property
    def fee_due(self) -> int:
        return FEES.get(self.kind, 0) if self.status == "PENDING_PAYMENT" else 0


@dataclass(frozen=True, slots=True)
class Pace:
    """How long the companies take: hours of working days, or of every day if always open."""

    factor: float = 1.0
    every_day: bool = False

    def after(self, start: datetime, hours: float) -> datetime:
        """The moment when so many hours of work are over; weekends do not count."""
        local, left = start.astimezone(SHANGHAI), timedelta(hours=hours * self.factor)
        while not self.every_day:
            midnight = datetime.combine(local.date() + timedelta(days=1), time(), SHANGHAI)
            if local.weekday() < 5:
                if local + left <= midnight:
                    break
                left -= midnight - local
            local = midnight
        return (local + left).astimezone(UTC)


def coming(order: Order, pace: Pace) -> tuple[str, datetime] | None:
    """The next state and its hour, if the order goes on by itself."""
    status = order.status
    if status in FINAL or status in {"HAZARD_HOLD", "PENDING_PAYMENT"}:
        return None
    if status == "REGISTERED" and not order.signed:
        return "CANCELLED", pace.after(order.created, _UNSIGNED_DAYS * 24)
    if order.kind == "INFO_CHANGE":
        following = "COMPLETED"  # nobody goes out to change a telephone number
    elif status == "ON_SITE":
        paid = any(state == "PENDING_PAYMENT" for state, _ in order.history)
        following = "PENDING_PAYMENT" if order.kind in FEES and not paid else "COMPLETED"
    else:
        following = {"REGISTERED": "SCHEDULED", "SCHEDULED": "ON_SITE"}[status]
    return following, pace.after(order.since, _HOURS[status])


@dataclass(frozen=True, slots=True)
class Slot:
    """One visit that can be booked."""

    id: str
    begin: datetime
    end: datetime
    free: int = field(default=2, compare=False)


def slots_of(county: str, day: date) -> list[Slot]:
    """The visits of a working day in a county."""
    if day.weekday() >= 5:
        return []
    found = []
    for number, (hour, minute) in enumerate(_SLOTS, 1):
        begin = datetime.combine(day, time(hour, minute), SHANGHAI).astimezone(UTC)
        found.append(Slot(f"S{county}-{day:%Y%m%d}-{number:02d}", begin, begin + timedelta(minutes=90)))
    return found


def yuan(fen: int) -> str:
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def fen(yuan_text: str) -> int:
    """An xs:decimal of at most two places: `12`, `12.5`, `012.50`, `+12.`."""
    whole, _, part = yuan_text.strip().lstrip("+").partition(".")
    return int(whole or 0) * 100 + int(part.ljust(2, "0")[:2] or 0)


def zulu(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
