"""What the card centre knows: cards, cards in production, what the next blacklist will carry, what was done when."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from simulators.kit.clock import SHANGHAI
from simulators.transit.records import with_luhn

NORMAL, LOST, BLACKLISTED, RETURNED, OVERDUE = "00", "01", "02", "03", "04"
STATUSES = frozenset({NORMAL, LOST, BLACKLISTED, RETURNED, OVERDUE})
ORDINARY = "10"
COUNTIES = {
    "0402": "330402",
    "0411": "330411",
    "0421": "330421",
    "0424": "330424",
    "0481": "330481",
    "0482": "330482",
    "0483": "330483",
}
_VALID_DAYS = 3650
_REVIEW_DAYS = 365
_FRIDAY = 4


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose card it is; the document decides, the name is only printed."""

    name: str
    idtype: str
    idno: str
    birth: date | None

    @property
    def document(self) -> tuple[str, str]:
        return self.idtype, self.idno

    def __repr__(self) -> str:
        return "Holder(***)"


@dataclass(frozen=True, slots=True)
class Card:
    """One card that was made."""

    cardno: str
    cardtype: str
    inst: str
    holder: Holder
    validto: date
    status: str = NORMAL
    balance: int = 0
    lasttxn: str = ""
    reviewdue: date | None = None


@dataclass(frozen=True, slots=True)
class Production:
    """A card being made; `reqno` is empty if another channel than the batch ordered it."""

    reqno: str
    orderno: str
    inst: str
    biz: str
    cardtype: str
    holder: Holder
    old: str
    credit: int
    due: datetime
    verdict: str = "0000"


@dataclass(frozen=True, slots=True)
class Act:
    """One line of the reconciliation."""

    inst: str
    reqno: str
    orderno: str
    cardno: str
    txn: str
    amount: int
    at: datetime
    status: str


@dataclass(slots=True)
class CardCentre:
    """The state of the centre; `listings` are the status changes that wait for the next blacklist."""

    cards: dict[str, Card] = field(default_factory=dict)
    productions: list[Production] = field(default_factory=list)
    listings: dict[str, str] = field(default_factory=dict)
    used: dict[tuple[str, str, str], str] = field(default_factory=dict)
    acts: list[Act] = field(default_factory=list)
    _cards_made: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _orders: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def issue(self, holder: Holder, cardtype: str, inst: str, today: date, **more: object) -> Card:
        cardno = next(n for n in map(_cardno, self._cards_made) if n not in self.cards)
        due = None if cardtype == ORDINARY else today + timedelta(days=_REVIEW_DAYS)
        card = Card(cardno, cardtype, inst, holder, today + timedelta(days=_VALID_DAYS), reviewdue=due)
        card = replace(card, **more)  # type: ignore[arg-type]  # seeded facts are the fields' own types
        self.cards[card.cardno] = card
        return card

    def change(self, card: Card, **to: object) -> Card:
        changed = self.cards[card.cardno] = replace(card, **to)  # type: ignore[arg-type]  # as above
        return changed

    def standing(self, card: Card) -> str:
        """The status as it will be once the next blacklist is out."""
        return self.listings.get(card.cardno, card.status)

    def cards_of(self, document: tuple[str, str]) -> list[Card]:
        return [card for card in self.cards.values() if card.holder.document == document]

    def in_production(self, *, document: tuple[str, str] | None = None, old: str = "") -> bool:
        return any(made.holder.document == document or (old and made.old == old) for made in self.productions)

    def next_order(self, today: date) -> str:
        return f"G{today:%y%m%d}{next(self._orders):09d}"

    def finish(self, made: Production, at: datetime) -> Card:
        """The new card is there: it takes over the money, and the old one is no longer good."""
        today = at.astimezone(SHANGHAI).date()
        old = self.cards.get(made.old)
        balance = made.credit + (old.balance if old else 0)
        if old:
            self.change(old, status=RETURNED, balance=0)
            self.listings[old.cardno] = RETURNED
        return self.issue(made.holder, made.cardtype, made.inst, today, balance=balance)

    def age_cards(self, today: date) -> None:
        """Cards past their yearly review stop being good."""
        for card in list(self.cards.values()):
            if card.status == NORMAL and card.reviewdue and card.reviewdue < today:
                self.change(card, status=OVERDUE)
                self.listings.setdefault(card.cardno, OVERDUE)

    def put_in_force(self) -> list[tuple[Card, str]]:
        """Let the waiting listings take effect; the cards with their reasons, by number."""
        listed = []
        for cardno, reason in sorted(self.listings.items()):
            listed.append((self.change(self.cards[cardno], status=reason), reason))
        self.listings.clear()
        return listed


def working_days_after(start: datetime, days: int) -> datetime:
    """The same time of day so many Mondays to Fridays later, in Shanghai."""
    local = start.astimezone(SHANGHAI)
    while days:
        local += timedelta(days=1)
        days -= local.weekday() <= _FRIDAY
    return local.astimezone(start.tzinfo)


def _cardno(serial: int) -> str:
    return with_luhn(f"3104330000000{serial:05d}")
