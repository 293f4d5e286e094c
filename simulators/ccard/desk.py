"""The centre's desk: decides each request by the rules of the trade, and books what it grants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from simulators.ccard.cards import (
    FORMALLY_LOST,
    FUNCTIONS,
    LOST,
    NORMAL,
    ORAL,
    REVERSAL,
    TOP_UP,
    Booking,
    Card,
    Register,
    day_of,
)
from simulators.kit.clock import SHANGHAI

if TYPE_CHECKING:
    from simulators.ccard.iso import Frame
    from simulators.kit.ledger import Ledger

INSTITUTION = "33040001"
_MOST_AT_ONCE, _MOST_ON_CARD = 100_000, 100_000
_CUT_BEGINS, _CUT_ENDS = time(23, 0), time(23, 10)
_WANTED = {
    "0200": (3, 7, 11, 12, 13, 32, 37, 41, 42, 49),
    "0400": (2, 3, 4, 7, 11, 12, 13, 32, 37, 41, 42, 49, 90),
    "0500": (7, 11, 12, 13, 32, 37, 41, 42, 70),
}
_EFFECTS = {
    "900010": "loss_oral",
    "900011": "loss_formal",
    "900020": "unloss",
    "900030": "activation",
    "900040": "password_reset",
    TOP_UP: "topup",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the desk says: field 39, further fields and tags; `done`: something was booked by this request."""

    code: str
    fields: dict[int, str] = field(default_factory=dict)
    tags: tuple[tuple[str, str], ...] = ()
    done: bool = False
    violations: tuple[str, ...] = ()


class _No(Exception):
    """The rules say no."""

    def __init__(self, code: str, violation: str = "") -> None:
        super().__init__(code)
        self.code, self.violation = code, violation


class Desk:
    """Answers 0200, 0400 and 0500."""

    def __init__(self, register: Register, ledger: Ledger, *, always_open: bool) -> None:
        self._register, self._ledger, self._always_open = register, ledger, always_open
        self._acts: dict[str, Callable[[Frame, Card, datetime], Answer]] = {
            "900010": self._oral,
            "900011": self._formal,
            "900020": self._found,
            "900030": self._activate,
            "900040": self._reset,
            TOP_UP: self._top_up,
        }

    def answer(self, frame: Frame, now: datetime) -> Answer:
        try:
            _check(frame)
            self._check_hours(now)
            if frame.mti == "0400":
                return self._reverse(frame, now)
            if frame.mti == "0500":
                return self._totals(frame, now)
            if frame.get(3) == "300000":
                return self._status(frame, now)
            return self._act(frame, now)
        except _No as no:
            return Answer(no.code, violations=(no.violation,) if no.violation else ())

    def _check_hours(self, now: datetime) -> None:
        if not self._always_open and _CUT_BEGINS <= now.astimezone(SHANGHAI).time() < _CUT_ENDS:
            raise _No("90")

    def _act(self, frame: Frame, now: datetime) -> Answer:
        act = self._acts.get(frame.get(3))
        if act is None:
            raise _No("12", "DE3: no such transaction")
        if self._register.duplicate(frame.get(11), frame.get(13), frame.get(41), now):
            raise _No("94")
        card = self._card(frame)
        answer = act(frame, card, now)
        amount = int(frame.get(4) or 0)
        self._book(frame, frame.get(3), card.number, amount, now)
        self._ledger.record(_EFFECTS[frame.get(3)], frame.get(37), card=card.number[-4:], amount=amount)
        return answer

    def _card(self, frame: Frame) -> Card:
        number, holder = frame.get(2), frame.tag("002")
        if not number and not holder:
            raise _No("30", "neither DE2 nor tag 002")
        card = self._register.card(number) if number else self._register.card_of(holder)
        if card is None:
            raise _No("14")
        if holder and holder != card.id_number:
            raise _No("N3")
        code, card.next_code = card.next_code, ""
        if code:
            raise _No(code)
        return card

    def _status(self, frame: Frame, now: datetime) -> Answer:
        card = self._card(frame)
        standing = card.standing(now)
        shown = [("001", _masked(card.name)), ("006", ",".join(f for f in FUNCTIONS if f in card.functions))]
        if standing == LOST and card.lost_until:
            shown.append(("008", _moment(card.lost_until)))
        fields = {2: card.number, 54: f"0002156C{card.balance:012d}"}
        return Answer(standing, fields, tuple(shown))

    def _oral(self, frame: Frame, card: Card, now: datetime) -> Answer:
        _want(frame, "002")
        _refuse(card, now, {LOST: "N1", FORMALLY_LOST: "N1"})
        card.lost_until = now.replace(microsecond=0) + ORAL
        return Answer("00", {2: card.number}, (("008", _moment(card.lost_until)),), done=True)

    def _formal(self, frame: Frame, card: Card, now: datetime) -> Answer:
        _want(frame, "002")
        if not frame.tag("004"):
            raise _No("N3")
        _refuse(card, now, {LOST: "", FORMALLY_LOST: "N1"})
        card.state, card.lost_until = FORMALLY_LOST, None
        return Answer("00", {2: card.number}, done=True)

    def _found(self, frame: Frame, card: Card, now: datetime) -> Answer:
        _want(frame, "002")
        if card.lapsed(now):
            raise _No("N2")
        if card.standing(now) == NORMAL or self._in_production(card):
            raise _No("12")
        _refuse(card, now, {LOST: "", FORMALLY_LOST: ""})
        card.state, card.lost_until = NORMAL, None
        return Answer("00", {2: card.number}, done=True)

    def _activate(self, frame: Frame, card: Card, now: datetime) -> Answer:
        wanted = set(filter(None, frame.tag("006").split(",")))
        if not wanted or wanted - set(FUNCTIONS):
            raise _No("30", "DE48.006")
        _refuse(card, now)
        card.functions |= wanted
        return Answer(
            "00", {2: card.number}, (("006", ",".join(f for f in FUNCTIONS if f in card.functions)),), done=True
        )

    def _reset(self, frame: Frame, card: Card, now: datetime) -> Answer:
        _want(frame, "002")
        _refuse(card, now)
        return Answer("00", {2: card.number}, done=True)

    def _top_up(self, frame: Frame, card: Card, now: datetime) -> Answer:
        amount = int(frame.get(4) or 0)
        if amount <= 0:
            raise _No("30", "DE4")
        _refuse(card, now)
        if "WALLET" not in card.functions:
            raise _No("36")
        if amount > _MOST_AT_ONCE or card.balance + amount > _MOST_ON_CARD:
            raise _No("61")
        card.balance += amount
        return Answer("00", {2: card.number, 4: frame.get(4), 54: f"0002156C{card.balance:012d}"}, done=True)

    def _reverse(self, frame: Frame, now: datetime) -> Answer:
        """Field 90: type, trace number, MMdd and time of the original (the time may be zeros), institution, zeros."""
        if frame.get(90)[:4] != "0200" or frame.get(90)[20:31].lstrip("0") != INSTITUTION:
            raise _No("30", "DE90")
        original = self._register.original(frame.get(37), frame.get(90)[4:10], frame.get(90)[10:14])
        if original is None:
            raise _No("12")
        if original.reversed:
            return Answer("00", {2: original.card})
        card = self._register.cards[original.card]
        if card.balance < original.amount:
            raise _No("51")
        card.balance -= original.amount
        original.reversed = True
        self._book(frame, REVERSAL, card.number, -original.amount, now)
        self._ledger.record("reversal", frame.get(37), card=card.number[-4:], amount=original.amount)
        return Answer("00", {2: card.number}, done=True)

    def _totals(self, frame: Frame, now: datetime) -> Answer:
        if frame.get(70) != "201":
            raise _No("12", "DE70")
        day = self._day(frame.get(13), now)
        if day == day_of(now) and not self._always_open and now.astimezone(SHANGHAI).time() < _CUT_ENDS:
            raise _No("90")
        counts: Counter[str] = Counter()
        sums: Counter[str] = Counter()
        for booking in self._register.money_of(day):
            counts[booking.code] += 1
            sums[booking.code] += abs(booking.amount)
        ours = {f"{code}{counts[code]:06d}{sums[code]:012d}" for code in counts}
        theirs = [value for tag, value in frame.tags if tag == "009"]
        return Answer("00" if sorted(ours) == sorted(theirs) else "97")

    def _day(self, month_day: str, now: datetime) -> str:
        """The last such day up to today: the messages have no year."""
        today = now.astimezone(SHANGHAI).date()
        days = (today - timedelta(days=back) for back in range(366))
        return next((f"{day:%Y%m%d}" for day in days if f"{day:%m%d}" == month_day), "")

    def _book(self, frame: Frame, code: str, card: str, amount: int, now: datetime) -> None:
        self._register.bookings.append(
            Booking(frame.get(37), frame.get(11), frame.get(13), frame.get(41), code, card, amount, now)
        )

    def _in_production(self, card: Card) -> bool:
        return any(job.wanted.get("old_card") == card.number and not job.told for job in self._register.jobs.values())


def _check(frame: Frame) -> None:
    missing = next((number for number in _WANTED.get(frame.mti, ()) if not frame.get(number)), None)
    if missing is not None:
        raise _No("30", f"DE{missing} is missing")
    if frame.mti not in _WANTED:
        raise _No("12", "MTI")
    if frame.get(32) != INSTITUTION:
        raise _No("30", "DE32")
    if frame.mti != "0500" and frame.get(49) != "156":
        raise _No("30", "DE49")
    stamp, local = frame.get(7), frame.get(13) + frame.get(12)
    for number, text in ((7, stamp), (13, local)):
        try:
            datetime.strptime(f"2024{text}", "%Y%m%d%H%M%S")  # noqa: DTZ007 -- the form alone, in a leap year
        except ValueError:
            raise _No("30", f"DE{number}") from None
    if len(frame.tag("001").encode("gb18030")) > 60:
        raise _No("30", "DE48.001")


def _want(frame: Frame, *tags: str) -> None:
    for tag in tags:
        if not frame.tag(tag):
            raise _No("30", f"DE48.{tag} is missing")


def _refuse(card: Card, now: datetime, instead: dict[str, str] | None = None) -> None:
    """Refuse a card by its standing; `instead` has another code for some standings, "" lets them pass."""
    standing = card.standing(now)
    code = (instead or {}).get(standing, standing)
    if code and code != NORMAL:
        raise _No(code)


def _masked(name: str) -> str:
    return name[:1] + "*" * (len(name) - 1)


def _moment(when: datetime) -> str:
    return f"{when.astimezone(SHANGHAI):%Y%m%d%H%M%S}"
