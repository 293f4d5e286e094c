"""The centre's register: cards with their holders, the booked transactions, applications in production."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from simulators.kit.clock import SHANGHAI

FUNCTIONS = ("BUS", "BIKE", "LIB", "WALLET")
OFF_AFTER_REISSUE = frozenset({"BIKE", "LIB"})
ORAL = timedelta(hours=5 * 24)
NORMAL, LOST, FORMALLY_LOST, RESTRICTED = "00", "41", "43", "36"
_REMEMBERED = timedelta(days=180)


@dataclass(slots=True)
class Card:
    """One card. An oral loss report is only its end: it lapses by itself, and nobody is told."""

    number: str
    name: str
    id_number: str
    id_type: str = "01"
    mobile: str = ""
    address: str = ""
    insured: str = "330402"
    balance: int = 0
    functions: frozenset[str] = frozenset(FUNCTIONS)
    state: str = NORMAL
    lost_until: datetime | None = None
    replaced: bool = False
    next_code: str = ""

    def standing(self, now: datetime) -> str:
        if self.state == NORMAL and self.lost_until is not None and now < self.lost_until:
            return LOST
        return self.state

    def lapsed(self, now: datetime) -> bool:
        return self.state == NORMAL and self.lost_until is not None and now >= self.lost_until


@dataclass(slots=True)
class Booking:
    """One transaction that was done; `original` is the one that a reversal takes back."""

    rrn: str
    stan: str
    date: str
    terminal: str
    code: str
    card: str
    amount: int
    at: datetime
    reversed: bool = False


@dataclass(slots=True)
class Job:
    """A line of an APPLY or INFO file under way, and what will be said of it."""

    serial: str
    act: str
    due: datetime
    status: str = "00"
    reason: str = ""
    text: str = ""
    card: str = ""
    batch: str = ""
    pickup: str = ""
    wanted: dict[str, str] = field(default_factory=dict)
    told: bool = False


@dataclass(slots=True)
class Register:
    """Everything the centre knows."""

    cards: dict[str, Card] = field(default_factory=dict)
    bookings: list[Booking] = field(default_factory=list)
    jobs: dict[tuple[str, str], Job] = field(default_factory=dict)
    issued: int = 0

    def new_number(self) -> str:
        self.issued += 1
        body = f"314033{self.issued:012d}"
        return body + luhn_digit(body)

    def add(self, card: Card) -> Card:
        self.cards[card.number] = card
        return card

    def card(self, number: str) -> Card | None:
        found = self.cards.get(number)
        return None if found is None or found.replaced else found

    def card_of(self, id_number: str) -> Card | None:
        return next((c for c in self.cards.values() if c.id_number == id_number and not c.replaced), None)

    def duplicate(self, stan: str, date: str, terminal: str, now: datetime) -> bool:
        return any(
            (b.stan, b.date, b.terminal) == (stan, date, terminal) and now - b.at < _REMEMBERED
            for b in self.bookings
            if b.code != REVERSAL
        )

    def original(self, rrn: str, stan: str, date: str) -> Booking | None:
        return next(
            (b for b in self.bookings if (b.rrn, b.stan, b.date) == (rrn, stan, date) and b.code == TOP_UP), None
        )

    def money_of(self, day: str) -> list[Booking]:
        """Top-ups and reversals booked on a Shanghai day (yyyyMMdd)."""
        return [b for b in self.bookings if b.code in {TOP_UP, REVERSAL} and day_of(b.at) == day]


TOP_UP, REVERSAL = "630000", "040000"


def day_of(at: datetime) -> str:
    return f"{at.astimezone(SHANGHAI):%Y%m%d}"


def luhn_digit(body: str) -> str:
    total = 0
    for place, digit in enumerate(reversed(body)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)
