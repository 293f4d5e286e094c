"""What the billing system keeps: accounts, bills, payments, orders; values, replaced whole on a change."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from simulators.kit.clock import SHANGHAI

if TYPE_CHECKING:
    from collections.abc import Mapping

NULL_TIME = "1900-01-01 00:00:00"
FINAL = frozenset({"50", "60", "70"})
_WITH_FEE = (("10", 0.0), ("20", 4.0), ("30", 8.0), ("40", 20.0), ("50", 26.0))
_WITH_WORKS = (("10", 0.0), ("20", 4.0), ("40", 20.0), ("50", 26.0))
_ON_PAPER = (("10", 0.0), ("20", 4.0), ("50", 20.0))
_PLANS = {"02": _WITH_FEE, "04": _WITH_FEE} | dict.fromkeys(("01", "06", "08", "09", "11"), _ON_PAPER)


@dataclass(frozen=True, slots=True)
class Bill:
    """A month's bill, in fen."""

    month: str
    volume: int
    water: int
    sewage: int
    penalty: int
    receipt: str = ""  # of the payment that settled it

    @property
    def total(self) -> int:
        return self.water + self.sewage + self.penalty


@dataclass(frozen=True, slots=True)
class Account:
    """A customer at an address."""

    number: str
    company: str
    name: str
    id_type: str
    id_number: str
    mobile: str
    address: str
    use: str = "01"
    size: str = "20"
    meter: str = ""
    status: str = "0"
    members: int = 3
    bills: tuple[Bill, ...] = ()
    broken: bool = False  # its record makes the program crash

    @property
    def arrears(self) -> int:
        return sum(bill.total for bill in self.bills if not bill.receipt)


@dataclass(frozen=True, slots=True)
class Payment:
    """Money taken, for an account or for an order's fee."""

    serial: str
    company: str
    receipt: str
    account: str
    order: str
    fen: int
    channel: str
    at: datetime
    reversal: str = ""  # serial of the reversal
    reversed_at: datetime | None = None
    reversed_by: str = ""  # channel of the reversal


@dataclass(frozen=True, slots=True)
class Upload:
    """An announced file and the chunks of it that have come."""

    size: int
    sm3: str = ""
    total: int = 0
    chunks: Mapping[int, bytes] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        return bool(self.total) and len(self.chunks) == self.total

    @property
    def missing(self) -> str:
        if not self.total:
            return "*"
        return ",".join(str(number) for number in range(1, self.total + 1) if number not in self.chunks)


@dataclass(frozen=True, slots=True)
class Order:
    """An accepted application. It stands at `mark` since `marked_at` and goes on by its plan from there."""

    number: str
    serial: str
    company: str
    kind: str
    account: str
    key: tuple[str, str]
    facts: Mapping[str, Any]
    accepted_at: datetime
    mark: str
    marked_at: datetime
    fee: int = 0
    uploads: Mapping[tuple[str, str], Upload] = field(default_factory=dict)
    opinion: str = ""
    contract: str = ""
    certificate: str = ""

    @property
    def files_complete(self) -> bool:
        return all(upload.complete for upload in self.uploads.values())


@dataclass(frozen=True, slots=True)
class Pace:
    """How business hours run: on weekdays only, unless always open."""

    factor: float = 1.0
    every_day: bool = False

    def later(self, start: datetime, hours: float) -> datetime:
        left, local = timedelta(hours=hours * self.factor), start.astimezone(SHANGHAI)
        while left and not self.every_day:
            midnight = (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
            if local.weekday() >= 5:
                local = midnight
            elif local + left <= midnight:
                break
            else:
                left -= midnight - local
                local = midnight
        return (local + left).astimezone(start.tzinfo)


def stage(order: Order, now: datetime, pace: Pace) -> tuple[str, datetime]:
    """The order's state now, and since when."""
    state, since = order.mark, order.marked_at
    for following, due in ahead(order, pace):
        if due > now:
            break
        state, since = following, due
    return state, since


def ahead(order: Order, pace: Pace) -> list[tuple[str, datetime]]:
    """The states to come, each with its hour, as far as nobody has to do anything first."""
    plan = _PLANS.get(order.kind, _WITH_WORKS)
    done = next((hours for state, hours in plan if state == order.mark), None)
    if done is None or order.mark == "30" or (order.mark == "10" and not order.files_complete):
        return []
    coming = [(state, pace.later(order.marked_at, hours - done)) for state, hours in plan if hours > done]
    stop = next((place for place, (state, _) in enumerate(coming, 1) if state == "30"), len(coming))
    return coming[:stop]


def completion(order: Order, pace: Pace) -> datetime | None:
    """When the order will be finished, if nothing holds it up."""
    return next((due for state, due in ahead(order, pace) if state == "50"), None)


def states_of(kind: str) -> set[str]:
    """The states an order of a kind can be in."""
    return {state for state, _ in _PLANS.get(kind, _WITH_WORKS)} | {"60", "70"}


def yuan(fen: int) -> str:
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def fen(yuan_text: str) -> int:
    whole, _, part = yuan_text.partition(".")
    return int(whole) * 100 + int(part)


def local_time(when: datetime) -> str:
    return f"{when.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
