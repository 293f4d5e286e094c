"""The batch exchange: takes the hub's files, has the desk decide on their records, puts out the centre's own."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from simulators.kit.clock import SHANGHAI
from simulators.transit.cards import COUNTIES, Act
from simulators.transit.desk import DONE, IN_PRODUCTION, Answer, Batch
from simulators.transit.files import FileError, FileName, check_flag, details_of, open_text, sm3_hex, to_date
from simulators.transit.layouts import LayoutError
from simulators.transit.records import Application, parse, reqno_of

if TYPE_CHECKING:
    from datetime import date, datetime

    from simulators.kit.journal import Journal
    from simulators.kit.ledger import Ledger
    from simulators.transit.cards import Card, CardCentre, Production
    from simulators.transit.desk import Desk
    from simulators.transit.keys import KeyRing
    from simulators.transit.publisher import Publisher
    from simulators.transit.tree import Tree

TAKEN_TYPES = ("APPL", "RCHG")
_EFFECTS = {"APPL": "application", "RCHG": "topup"}


class Exchange:
    """One turn of each cycle; `Publisher.finish` has to follow every one of them."""

    def __init__(
        self,
        *,
        tree: Tree,
        centre: CardCentre,
        desk: Desk,
        publisher: Publisher,
        keys: KeyRing,
        ledger: Ledger,
        journal: Journal,
    ) -> None:
        self._tree, self._centre, self._desk, self._publisher = tree, centre, desk, publisher
        self._keys, self._ledger, self._journal = keys, ledger, journal
        self._accepted: dict[tuple[str, str, str], list[str]] = defaultdict(list)
        self._answers: dict[str, list[tuple[str, Answer]]] = defaultdict(list)

    def pick_up(self, at: datetime) -> None:
        self._publisher.cycle()
        for made in [made for made in self._centre.productions if made.due <= at]:
            self._deliver(made, at)
        self._answer(at)
        for path in sorted(self._tree.arrived):
            self._take(path, self._tree.arrived[path], at)

    def blacklist(self, at: datetime) -> None:
        listed = self._centre.put_in_force()
        for inst in COUNTIES:
            rows = [
                {"cardno": card.cardno, "reason": reason, "effective": _time(at)}
                for card, reason in listed
                if card.inst == inst
            ]
            self._publisher.publish("BLKL", inst, rows, at)

    def snapshot(self, at: datetime) -> None:
        self._centre.age_cards(at.astimezone(SHANGHAI).date())
        for inst in COUNTIES:
            cards = sorted(c.cardno for c in self._centre.cards.values() if c.inst == inst)
            self._publisher.publish("CARD", inst, [_card_row(self._centre.cards[c]) for c in cards], at)

    def reconcile(self, at: datetime) -> None:
        today = at.astimezone(SHANGHAI).date()
        for inst in COUNTIES:
            acts = [a for a in self._centre.acts if a.inst == inst and _is_day_before(a, today)]
            self._publisher.publish("RECN", inst, [_act_row(act) for act in acts], at)

    def held(self) -> list[str]:
        return sorted(posixpath.basename(path) for path in self._tree.arrived)

    def _take(self, path: str, peer: str, at: datetime) -> None:
        stem, folder = path.removesuffix(".ok"), path.split("/")[2]
        error_path = f"/out/{folder}/{posixpath.basename(stem)}.err"
        try:
            name, untidy = self._take_file(stem, folder, at)
        except FileError as error:
            said = f"{error.code} {error.text}".encode("ascii")
            if error.code != "9006":
                self._tree.arrived.pop(path, None)
            elif self._tree.read(error_path) == said:
                return
            self._tree.put(error_path, said)
            name, untidy, code = posixpath.basename(stem), (str(error),), error.code
        else:
            self._tree.arrived.pop(path, None)
            self._tree.drop(error_path)
            code = "0000"
        operation = name[5:9] if name[5:9] in TAKEN_TYPES else "unknown"
        self._journal.record(operation, peer=peer, request=name, code=code, violations=untidy)

    def _take_file(self, stem: str, folder: str, at: datetime) -> tuple[str, tuple[str, ...]]:
        name = FileName.parse(posixpath.basename(stem))
        bizdate = to_date(name.day)
        known = name.ftype in TAKEN_TYPES and name.inst in COUNTIES and name.seq > 0
        if not known or bizdate is None or name.day != folder or bizdate > at.astimezone(SHANGHAI).date():
            raise FileError("9005", "type, institution, date or sequence is not one to send")
        accepted = self._accepted[name.sequence]
        if name.seq <= len(accepted):
            raise FileError("9003", f"seq {name.seq:04d} was taken before {accepted[name.seq - 1]}")
        data = self._tree.read(f"{stem}.dat")
        check_flag(data, self._tree.read(f"{stem}.ok") or b"")
        if name.seq > len(accepted) + 1:
            raise FileError("9006", f"expected {len(accepted) + 1:04d}")
        data = data or b""
        details, untidy = details_of(name, open_text(name, data, self._keys.taken()))
        accepted.append(sm3_hex(data))
        batch = Batch(name.ftype, name.inst, bizdate, at)
        for index, line in enumerate(details, 1):
            untidy += self._take_record(line, index, batch)
        return str(name), untidy

    def _take_record(self, line: bytes, index: int, batch: Batch) -> tuple[str, ...]:
        try:
            record = parse(batch.ftype, line, index)
        except LayoutError as error:
            reqno = reqno_of(line)
            answer = Answer(reqno, "1001", str(error))
            self._centre.used.setdefault((batch.inst, f"{batch.bizdate:%Y%m%d}", reqno), "")
            self._answers[batch.inst].append((batch.ftype, answer))
            return (f"record {index}: {error}",)
        answer = self._desk.decide(record, batch)
        if answer.result in {DONE, IN_PRODUCTION}:
            self._ledger.record(
                _EFFECTS[batch.ftype],
                record.reqno,
                inst=batch.inst,
                bizdate=f"{batch.bizdate:%Y%m%d}",
                biz=record.biz if isinstance(record, Application) else "11",
                orderno=answer.orderno,
                amount=record.amount,
            )
        self._answers[batch.inst].append((batch.ftype, answer))
        return ()

    def _deliver(self, made: Production, at: datetime) -> None:
        self._centre.productions.remove(made)
        good = made.verdict == DONE
        new = self._centre.finish(made, at).cardno if good else ""
        if not made.reqno:
            return  # ordered at a counter of their own: not our business
        msg = "卡已制成" if good else "制卡未成"
        effdate = _time(at)[:8] if good else ""
        answer = Answer(made.reqno, made.verdict, msg, made.old, new, made.orderno, effdate=effdate)
        status = "00" if good else "09"
        self._centre.acts.append(Act(made.inst, made.reqno, made.orderno, new or made.old, made.biz, 0, at, status))
        self._answers[made.inst].append(("APPL", answer))

    def _answer(self, at: datetime) -> None:
        for inst in sorted(self._answers):
            answers = self._answers[inst]
            rows = [_answer_row(answer) for _, answer in answers]
            self._publisher.publish("RESP", inst, rows, at, frozenset(source for source, _ in answers))
        self._answers.clear()

    def hurry(self, reqno: str, verdict: str, now: datetime) -> bool:
        """Have a card ready, or failed, with the next cycle."""
        for index, made in enumerate(self._centre.productions):
            if made.reqno == reqno:
                self._centre.productions[index] = replace(made, due=now, verdict=verdict)
                return True
        return False


def _answer_row(answer: Answer) -> dict[str, str | int]:
    return {
        "reqno": answer.reqno,
        "result": answer.result,
        "cardno": answer.cardno,
        "newcard": answer.newcard,
        "orderno": answer.orderno,
        "fee": answer.fee,
        "effdate": answer.effdate,
        "msg": answer.msg,
    }


def _card_row(card: Card) -> dict[str, str | int]:
    return {
        "cardno": card.cardno,
        "cardtype": card.cardtype,
        "status": card.status,
        "name": card.holder.name,
        "idmask": masked(card.holder.idno),
        "balance": card.balance,
        "validto": f"{card.validto:%Y%m%d}",
        "lasttxn": card.lasttxn,
        "reviewdue": f"{card.reviewdue:%Y%m%d}" if card.reviewdue else "",
    }


def _act_row(act: Act) -> dict[str, str | int]:
    return {
        "reqno": act.reqno,
        "orderno": act.orderno,
        "cardno": act.cardno,
        "txn": act.txn,
        "amount": act.amount,
        "txntime": _time(act.at),
        "status": act.status,
    }


def masked(idno: str) -> str:
    if len(idno) == 18:
        return f"{idno[:6]}{'*' * 8}{idno[-4:]}"
    return f"{idno[:2]}{'*' * max(0, len(idno) - 4)}{idno[-2:]}"


def _is_day_before(act: Act, today: date) -> bool:
    return act.at.astimezone(SHANGHAI).date() == today - timedelta(days=1)


def _time(at: datetime) -> str:
    return f"{at.astimezone(SHANGHAI):%Y%m%d%H%M%S}"
