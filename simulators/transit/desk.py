"""The clerk's desk of the centre: decides on each record by the rules of the trade."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from simulators.kit.clock import SHANGHAI
from simulators.transit import records
from simulators.transit.cards import (
    BLACKLISTED,
    COUNTIES,
    LOST,
    NORMAL,
    ORDINARY,
    OVERDUE,
    RETURNED,
    Act,
    Card,
    CardCentre,
    Holder,
    Production,
    working_days_after,
)
from simulators.transit.photo import PORTRAIT, jpeg_size
from simulators.transit.records import Application, TopUp

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

DONE, IN_PRODUCTION, TOP_UP = "0000", "0100", "11"
_AGES = {"20": (6, 30), "30": (60, 200), "31": (70, 200), "41": (18, 200)}
_STUDENT_LIMIT, _LIMIT = 20_000, 100_000
_NEW_CARD_FEE = 1_000
_PRODUCTION_DAYS = 3
_REVIEW_DAYS = 365
_STOPPED = frozenset({LOST, BLACKLISTED})


@dataclass(frozen=True, slots=True)
class Answer:
    """One record of a RESP."""

    reqno: str
    result: str
    msg: str = ""
    cardno: str = ""
    newcard: str = ""
    orderno: str = ""
    fee: int = 0
    effdate: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """From which file a record came, and when it is looked at."""

    ftype: str
    inst: str
    bizdate: date
    at: datetime


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The card that is to be made."""

    holder: Holder
    cardtype: str
    credit: int
    old: str = ""


class _Refused(Exception):
    """The rules say no."""

    def __init__(self, code: str, msg: str) -> None:
        super().__init__(code)
        self.code, self.msg = code, msg


class Desk:
    """Decides, and carries out what it grants; `photo` reads a portrait, `in_force` is when a listing takes effect."""

    def __init__(
        self,
        centre: CardCentre,
        photo: Callable[[str], bytes | None],
        in_force: Callable[[datetime], datetime],
        pace: float,
    ) -> None:
        self._centre, self._photo, self._in_force, self._pace = centre, photo, in_force, pace

    def decide(self, record: Application | TopUp, batch: Batch) -> Answer:
        key = (batch.inst, f"{batch.bizdate:%Y%m%d}", record.reqno)
        cardno = record.cardno if int(record.cardno) else ""
        first = self._centre.used.get(key)
        if first is not None:
            return Answer(record.reqno, "2002", "流水号重复", cardno, orderno=first)
        try:
            answer = self._granted(record, batch)
        except _Refused as refusal:
            answer = Answer(record.reqno, refusal.code, refusal.msg, cardno)
        self._centre.used[key] = answer.orderno
        self._note(record, batch, answer)
        return answer

    def _granted(self, record: Application | TopUp, batch: Batch) -> Answer:
        if isinstance(record, TopUp):
            return self._top_up(record, batch)
        if record.division and record.division[:6] != COUNTIES[batch.inst]:
            raise _Refused("1003", "非本区县业务")
        if record.biz == records.APPLY:
            return self._apply(record, batch)
        card = self._card(record.cardno, batch)
        if card.holder.document != (record.idtype, record.idno):
            raise _Refused("1006", "卡不存在或非本人卡")
        other_type = record.cardtype not in {"00", card.cardtype}
        if record.biz == records.REPLACE:
            return self._replace(record, batch, card)
        if other_type:
            raise _Refused("1003", "卡种不符")
        acts = {
            records.REISSUE: self._reissue,
            records.REVIEW: self._review,
            records.LOSS: self._report_loss,
            records.FOUND: self._cancel_loss,
            records.RETURN: self._take_back,
        }
        return acts[record.biz](record, batch, card)

    def _apply(self, record: Application, batch: Batch) -> Answer:
        holder = Holder(record.name, record.idtype, record.idno, record.birth)
        standings = {self._centre.standing(card) for card in self._centre.cards_of(holder.document)}
        if BLACKLISTED in standings:
            raise _Refused("1005", "持卡人在黑名单中")
        if standings - {RETURNED} or self._centre.in_production(document=holder.document):
            raise _Refused("1004", "已有有效卡或在制卡")
        _check_age(record.cardtype, record.birth, batch.bizdate)
        _check_limit(record.cardtype, record.amount)
        return self._produce(record, batch, _Wanted(holder, record.cardtype, record.amount))

    def _reissue(self, record: Application, batch: Batch, card: Card) -> Answer:
        standing = self._centre.standing(card)
        if standing == BLACKLISTED:
            raise _Refused("1005", "卡在黑名单中")
        if standing != LOST or self._centre.in_production(old=card.cardno):
            raise _Refused("1004", "原卡未挂失或正在制卡")
        return self._make_anew(record, batch, card, card.cardtype)

    def _replace(self, record: Application, batch: Batch, card: Card) -> Answer:
        self._refuse_stopped(card)
        if self._centre.in_production(old=card.cardno):
            raise _Refused("1004", "正在制卡")
        wanted = card.cardtype if record.cardtype == "00" else record.cardtype
        _check_age(wanted, record.birth or card.holder.birth, batch.bizdate)
        return self._make_anew(record, batch, card, wanted)

    def _make_anew(self, record: Application, batch: Batch, card: Card, cardtype: str) -> Answer:
        surplus = max(0, record.amount - _NEW_CARD_FEE)
        _check_limit(cardtype, card.balance + surplus)
        return self._produce(record, batch, _Wanted(card.holder, cardtype, surplus, card.cardno))

    def _produce(self, record: Application, batch: Batch, wanted: _Wanted) -> Answer:
        portrait = self._photo(record.photo) if record.photo else None
        if portrait is None or jpeg_size(portrait) != PORTRAIT:
            raise _Refused("1002", "照片缺失或不是358x441的JPEG")
        due = batch.at + (working_days_after(batch.at, _PRODUCTION_DAYS) - batch.at) * self._pace
        order = self._centre.next_order(_day(batch.at))
        self._centre.productions.append(
            Production(
                reqno=record.reqno,
                orderno=order,
                inst=batch.inst,
                biz=record.biz,
                cardtype=wanted.cardtype,
                holder=wanted.holder,
                old=wanted.old,
                credit=wanted.credit,
                due=due,
            )
        )
        return Answer(
            reqno=record.reqno,
            result=IN_PRODUCTION,
            msg="已受理,制卡中",
            cardno=wanted.old,
            orderno=order,
            fee=max(0, _NEW_CARD_FEE - record.amount) if wanted.old else 0,
            effdate=f"{_day(due):%Y%m%d}",
        )

    def _review(self, record: Application, batch: Batch, card: Card) -> Answer:
        self._refuse_stopped(card)
        if card.cardtype == ORDINARY:
            raise _Refused("1003", "普通卡无需年审")
        _check_age(card.cardtype, card.holder.birth, batch.bizdate)
        if self._centre.standing(card) == OVERDUE:
            self._centre.listings[card.cardno] = NORMAL
        due = _day(batch.at) + timedelta(days=_REVIEW_DAYS)
        self._centre.change(card, status=NORMAL, reviewdue=due)
        return self._done(record, batch, f"年审通过,有效至{due:%Y-%m-%d}", batch.at)

    def _report_loss(self, record: Application, batch: Batch, card: Card) -> Answer:
        self._refuse_stopped(card)
        return self._list(record, batch, card, LOST)

    def _cancel_loss(self, record: Application, batch: Batch, card: Card) -> Answer:
        standing = self._centre.standing(card)
        if standing == BLACKLISTED:
            raise _Refused("1005", "卡在黑名单中")
        if standing != LOST:
            raise _Refused("1003", "卡未挂失")
        if self._centre.in_production(old=card.cardno):
            raise _Refused("1004", "正在补卡")
        overdue = card.reviewdue is not None and card.reviewdue < _day(batch.at)
        return self._list(record, batch, card, OVERDUE if overdue else NORMAL)

    def _list(self, record: Application, batch: Batch, card: Card, reason: str) -> Answer:
        self._centre.listings[card.cardno] = reason
        at = self._in_force(batch.at)
        said = f"已登记,{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}随黑名单生效"
        return self._done(record, batch, said, at)

    def _take_back(self, record: Application, batch: Batch, card: Card) -> Answer:
        self._refuse_stopped(card)
        if self._centre.in_production(old=card.cardno):
            raise _Refused("1004", "正在制卡")
        self._centre.change(card, status=RETURNED, balance=0)
        self._centre.listings[card.cardno] = RETURNED
        return self._done(record, batch, f"已退卡,余额{card.balance}分待退", batch.at)

    def _top_up(self, record: TopUp, batch: Batch) -> Answer:
        card = self._card(record.cardno, batch)
        self._refuse_stopped(card)
        if self._centre.standing(card) == OVERDUE:
            raise _Refused("1003", "卡年审过期")
        _check_limit(card.cardtype, card.balance + record.amount)
        self._centre.change(card, balance=card.balance + record.amount, lasttxn=record.paytime)
        return self._done(record, batch, "充值成功", batch.at)

    def _card(self, cardno: str, batch: Batch) -> Card:
        card = self._centre.cards.get(cardno)
        if card is not None and card.inst != batch.inst:
            raise _Refused("1003", "非本区县卡")
        if card is None or card.status == RETURNED:
            raise _Refused("1006", "卡不存在或已退")
        return card

    def _refuse_stopped(self, card: Card) -> None:
        if self._centre.standing(card) in _STOPPED:
            raise _Refused("1005", "卡已挂失或在黑名单中")

    def _done(self, record: Application | TopUp, batch: Batch, msg: str, effective: datetime) -> Answer:
        order = self._centre.next_order(_day(batch.at))
        effdate = f"{_day(effective):%Y%m%d}"
        return Answer(record.reqno, DONE, msg, record.cardno, orderno=order, effdate=effdate)

    def _note(self, record: Application | TopUp, batch: Batch, answer: Answer) -> None:
        status = {DONE: "00", IN_PRODUCTION: "01"}.get(answer.result, "09")
        txn = TOP_UP if isinstance(record, TopUp) else record.biz
        amount = 0 if status == "09" else record.amount
        self._centre.acts.append(
            Act(batch.inst, record.reqno, answer.orderno, answer.cardno, txn, amount, batch.at, status)
        )


def _check_age(cardtype: str, birth: date | None, on: date) -> None:
    youngest, oldest = _AGES.get(cardtype, (0, 200))
    if cardtype in _AGES and (birth is None or not youngest <= _age(birth, on) <= oldest):
        raise _Refused("1003", "年龄不符合该卡种")


def _check_limit(cardtype: str, balance: int) -> None:
    if balance > (_STUDENT_LIMIT if cardtype == records.STUDENT else _LIMIT):
        raise _Refused("2001", "余额将超过上限")


def _age(birth: date, on: date) -> int:
    return on.year - birth.year - ((on.month, on.day) < (birth.month, birth.day))


def _day(at: datetime) -> date:
    return at.astimezone(SHANGHAI).date()
