"""The records of the BOSS and how they are written: customers, payments, orders; yuan without zeros, short dates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from simulators.kit.clock import SHANGHAI

STEPS = (("W1", 2.0), ("W2", 20.0), ("W3", 28.0))
FINAL = frozenset({"W3", "W4", "W5"})
STATES = ("W0", "W1", "W2", *sorted(FINAL))


@dataclass(frozen=True, slots=True)
class Device:
    """A terminal: the main one or a slave, the company's or the customer's own."""

    stb: str
    card: str = ""
    kind: str = "主"
    owner: str = "租用"


@dataclass(frozen=True, slots=True)
class Product:
    """A product of a customer."""

    number: str
    name: str
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Bill:
    """A month's fee; `receipt` once it is settled."""

    month: str
    fen: int
    receipt: str = ""


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer of one branch. `suspended` are the first and the last day without service."""

    number: str
    branch: str
    name: str
    id_type: str
    id_number: str
    mobile: str = ""
    address: str = ""
    closed: bool = False
    suspended: tuple[date, date] | None = None
    balance: int = 0
    bills: tuple[Bill, ...] = ()
    products: tuple[Product, ...] = ()
    devices: tuple[Device, ...] = ()
    contract_end: date | None = None
    penalty: int = 10800

    @property
    def arrears(self) -> int:
        return sum(bill.fen for bill in self.bills if not bill.receipt)

    def state(self, today: date) -> str:
        if self.closed:
            return "销户"
        return "报停" if self.suspended and self.suspended[0] <= today else "正常"

    def bound(self, today: date) -> bool:
        return self.contract_end is not None and self.contract_end >= today


@dataclass(frozen=True, slots=True)
class Payment:
    """Money received for a customer or for an order's fee, and perhaps given back."""

    receipt: str
    serial: str
    operator: str
    branch: str
    customer: str
    order: str
    fen: int
    mode: str
    at: datetime
    kept: int = 0
    reversal: str = ""
    reversed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """An act of the BOSS. One done at once is born W3; another walks through STEPS from `moving_since` on."""

    number: str
    serial: str
    operator: str
    service: str
    branch: str
    customer: str
    facts: dict[str, object]
    state: str
    state_at: datetime
    moving_since: datetime
    fee: int = 0
    hold: str = ""
    contract: str = ""
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Address:
    """An address that a cable reaches."""

    number: str
    name: str
    area: str


def due(order: Order, now: datetime, pace: float) -> tuple[str, datetime]:
    """The state of an order now, and since when."""
    if order.state in FINAL or order.fee or order.hold:
        return order.state, order.state_at
    state, since = order.state, order.state_at
    for name, hours in STEPS:
        when = order.moving_since + timedelta(hours=hours * pace)
        if when <= now and name > state:
            state, since = name, when
    return state, since


def yuan(fen: int) -> str:
    """Without zeros at the end: 12.5, 108, -3."""
    text = f"{Decimal(fen) / 100:.2f}"
    return text.rstrip("0").rstrip(".")


def fen_of(text: str) -> int:
    return int(Decimal(text) * 100)


def short_date(day: date) -> str:
    return f"{day.year}/{day.month}/{day.day}"


def short_time(when: datetime) -> str:
    local = when.astimezone(SHANGHAI)
    return f"{short_date(local.date())} {local.hour}:{local.minute:02d}"


def day_of(text: str) -> date:
    year, month, day = map(int, text.split("/"))
    return date(year, month, day)


def today(now: datetime) -> date:
    return now.astimezone(SHANGHAI).date()
