"""The cards that exist when the simulator starts; every holder is synthetic."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from simulators.kit.people import FORMER_HOLDER, resident_id, synthetic_people
from simulators.transit.cards import (
    BLACKLISTED,
    COUNTIES,
    LOST,
    OVERDUE,
    RETURNED,
    STATUSES,
    Card,
    CardCentre,
    Holder,
    Production,
    working_days_after,
)
from simulators.transit.records import CARD_TYPES, luhn_valid, resident_birth, with_luhn

_HOME = "0402"
_YEARLY_REVIEW_SOON = timedelta(days=10)


def load(centre: CardCentre, seed: int, now: datetime, today: date) -> None:
    """The same cards in the same order for the same seed."""
    _issue_fixed(centre, today)
    people = [
        Holder(p.name, "111", p.id_number, p.birth_date)
        for p in synthetic_people(len(COUNTIES) + 5, seed)
        if p.id_number != FORMER_HOLDER.id_number
    ]
    lost, blacklisted, twice, waiting, *others = people
    centre.issue(lost, "10", _HOME, today, status=LOST, balance=2_350)
    centre.issue(blacklisted, "10", _HOME, today, status=BLACKLISTED)
    centre.issue(twice, "10", _HOME, today - timedelta(days=900), status=RETURNED)
    centre.issue(twice, "10", _HOME, today, balance=880)
    for inst, holder in zip(COUNTIES, others, strict=False):
        centre.issue(holder, "10", inst, today, balance=1_000)
    _issue_everywhere(centre, today)
    order, due = centre.next_order(today), working_days_after(now, 3)
    centre.productions.append(Production("", order, _HOME, "01", "10", waiting, "", 0, due))


def _issue_fixed(centre: CardCentre, today: date) -> None:
    former = Holder(FORMER_HOLDER.name, "111", FORMER_HOLDER.id_number, resident_birth(FORMER_HOLDER.id_number))
    centre.issue(former, "10", _HOME, today, balance=5_000)
    centre.issue(_born("陈小明", today.year - 12, 31), "20", _HOME, today, balance=19_000)
    senior = _born("钱桂英", 1958, 44)
    centre.issue(senior, "30", _HOME, today, balance=600, reviewdue=today + _YEARLY_REVIEW_SOON)
    oldest = _born("孙福根", 1945, 51)
    centre.issue(oldest, "31", _HOME, today, status=OVERDUE, reviewdue=today - timedelta(days=1))
    # Longer than the 30 bytes of the name field, and ending in characters of four bytes.
    centre.issue(_born("阿卜杜热西提·买买提依明·𠅤𬭎·吐尔逊江", 1990, 61), "10", _HOME, today, balance=4_200)


def _issue_everywhere(centre: CardCentre, today: date) -> None:
    """In each county a card of the former holder, one that was lost, and a senior's."""
    former = Holder(FORMER_HOLDER.name, "111", FORMER_HOLDER.id_number, resident_birth(FORMER_HOLDER.id_number))
    loser, senior = _born("沈小兵", 1980, 71), _born("钱桂英", 1958, 44)
    for inst in COUNTIES:
        cards: tuple[tuple[Holder, str, dict[str, Any]], ...] = (
            (former, "10", {"balance": 5_000}),
            (loser, "10", {"status": LOST}),
            (senior, "30", {}),
        )
        for running, (holder, kind, facts) in enumerate(cards, start=1):
            number = with_luhn(f"3104330{inst}{running:07d}")
            if (inst, running) != (_HOME, 1):  # that one is the first of all cards
                made = centre.issue(holder, kind, inst, today, **facts)
                centre.cards[number] = replace(centre.cards.pop(made.cardno), cardno=number)


def _born(name: str, year: int, order: int) -> Holder:
    birth = date(year, 3, 14)
    return Holder(name, "111", resident_id("330402", birth, order), birth)


def add(
    centre: CardCentre,
    today: date,
    *,
    name: str,
    id_number: str,
    id_type: str = "111",
    inst: str = _HOME,
    card_type: str = "10",
    status: str = "00",
    balance: int = 0,
    card_no: str = "",
    birth: date | str | None = None,
    review_due: date | str | None = None,
) -> Card:
    """One more card; dates may be ISO text, as they come over the control port."""
    if inst not in COUNTIES or card_type not in CARD_TYPES or status not in STATUSES:
        raise ValueError(f"inst {inst!r}, card_type {card_type!r} or status {status!r} is unknown")
    if card_no and not luhn_valid(card_no):
        raise ValueError("card_no: its check digit is wrong")
    holder = Holder(name, id_type, id_number, _date(birth) or resident_birth(id_number))
    card = centre.issue(holder, card_type, inst, today, status=status, balance=balance)
    if card_no:
        del centre.cards[card.cardno]
        card = centre.cards[card_no] = replace(card, cardno=card_no)
    return centre.change(card, reviewdue=_date(review_due)) if review_due else card


def _date(given: date | str | None) -> date | None:
    return date.fromisoformat(given) if isinstance(given, str) else given
