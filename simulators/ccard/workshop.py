"""The card workshop: takes the files that have arrived, makes cards, and tells results and the day's money in files."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from simulators.ccard import files
from simulators.ccard.cards import FORMALLY_LOST, OFF_AFTER_REISSUE, Card, Job, Register, day_of
from simulators.ccard.files import FileError, FileName
from simulators.ccard.keys import SignKey, sign, verify
from simulators.kit.clock import SHANGHAI

if TYPE_CHECKING:
    from pathlib import Path

    from simulators.kit.faults import Faults
    from simulators.kit.journal import Journal
    from simulators.kit.ledger import Ledger

ISSUE, REISSUE, REPLACE = "01", "02", "03"
_MAKING_DAYS, _CHANGE_DAYS = 3, 1
_DISTRICTS = frozenset({"330402", "330411", "330421", "330424", "330481", "330482", "330483"})
_ID_TYPES = frozenset({"01", "02", "03", "04", "05", "06", "07"})
_JPEG = b"\xff\xd8"


class Workshop:
    """Works in the account's folder. `keys` are the hub's public key and the centre's own pair."""

    def __init__(
        self,
        folder: Path,
        register: Register,
        keys: tuple[bytes, SignKey],
        faults: Faults,
        journal: Journal,
        ledger: Ledger,
        pace: float,
    ) -> None:
        self._folder, self._register, self._faults = folder, register, faults
        self._hub_key, self._own = keys
        self._journal, self._ledger, self._pace = journal, ledger, pace
        self._looked_at: dict[str, bytes] = {}
        self._taken: dict[str, bytes] = {}
        self._numbers: dict[tuple[str, str], int] = {}
        self._late: list[list[dict[str, str]]] = []
        self._spoilt: dict[str, tuple[bytes, bytes]] = {}

    def cycle(self, now: datetime) -> None:
        """Mend what was spoilt, take what has arrived, then tell what is due."""
        for stem, whole in self._spoilt.items():
            self._write(stem, *whole)
        self._spoilt.clear()
        for signature in sorted((self._folder / "in").glob("*.sig")):
            stem = signature.name.removesuffix(".sig")
            if self._looked_at.get(stem) != signature.read_bytes():
                self._take(stem, signature.read_bytes(), now)
        self._tell(now)

    def day_file(self, day: str) -> None:
        """The money of a day."""
        rows = [
            {
                "rrn": each.rrn,
                "code": each.code,
                "card": each.card,
                "amount": str(each.amount),
                "at": _stamp(each.at),
            }
            for each in self._register.money_of(day)
        ]
        self._publish("TRANS", day, rows)

    def _take(self, stem: str, signature: bytes, now: datetime) -> None:
        error = self._folder / "out" / f"{stem}.err"
        path = self._folder / "in" / f"{stem}.txt"
        data = path.read_bytes() if path.is_file() else b""
        self._looked_at[stem] = signature
        if self._taken.get(stem) == data:
            return  # an upload of the same file that was made twice
        try:
            kind, rows = self._rows(stem, data, signature, now)
        except FileError as refused:
            error.write_text(f"{refused.code}|{refused.text}\n", encoding="utf-8")
            self._journal.record("FILE", request=stem, code=refused.code, violations=(str(refused),))
            return
        self._taken[stem] = data
        error.unlink(missing_ok=True)
        self._journal.record(kind, request=f"{stem} {len(rows)} lines", code="00")
        for row in rows:
            self._accept(kind, row, now)

    def _rows(self, stem: str, data: bytes, signature: bytes, now: datetime) -> tuple[str, list[dict[str, str]]]:
        """The type and the lines of a file of the hub. Raises FileError."""
        name = FileName.parse(stem)
        if not verify(self._hub_key, data, signature):
            raise FileError("S1", "signature")
        if name.type not in {"APPLY", "INFO"} or name.day > day_of(now):
            raise FileError("S3", "name")
        if stem in self._taken:
            raise FileError("S4", "another file was taken under this name")
        return name.type, files.read(name.type, data)

    def _accept(self, kind: str, row: dict[str, str], now: datetime) -> None:
        """A line is known by serial and act: one that comes again, in whatever file, is told again, not done again."""
        key = (row["serial"], row["act"])
        known = self._register.jobs.get(key)
        if known is not None:
            known.told = False
            return
        days = _MAKING_DAYS if kind == "APPLY" else _CHANGE_DAYS
        due = now + (_working_days_after(now, days) - now) * self._pace
        job = Job(row["serial"], row["act"], due, wanted={"kind": kind, **row})
        self._register.jobs[key] = job
        reason, text = (self._judge_card if kind == "APPLY" else self._judge_change)(row, now)
        if reason:
            job.status, job.reason, job.text = "90", reason, text
            return
        self._ledger.record("application" if kind == "APPLY" else "change", row["serial"], act=row["act"])

    def _judge_card(self, row: dict[str, str], now: datetime) -> tuple[str, str]:
        """Why no card is made; nothing if one is."""
        complete = all(row[each] for each in ("serial", "name", "id_number")) and row["id_type"] in _ID_TYPES
        if not complete or row["act"] not in {ISSUE, REISSUE, REPLACE}:
            return "F5", "资料不全"
        if (row["insured"] or row["act"] == ISSUE) and row["insured"][:6] not in _DISTRICTS:
            return "F6", "参保地不在本市"
        return self._judge_first(row) if row["act"] == ISSUE else self._judge_next(row, now)

    def _judge_first(self, row: dict[str, str]) -> tuple[str, str]:
        if self._register.card_of(row["id_number"]) is not None:
            return "F2", "已有有效卡"
        return ("", "") if self._has_photo(row["serial"]) else ("F1", "照片不合格")

    def _judge_next(self, row: dict[str, str], now: datetime) -> tuple[str, str]:
        old = self._register.card(row["old_card"])
        if old is None or old.id_number != row["id_number"]:
            return "F4", "无此卡或非本人卡"
        lost = row["act"] == REPLACE or old.standing(now) == FORMALLY_LOST
        return ("", "") if lost else ("F3", "原卡未正式挂失")

    def _judge_change(self, row: dict[str, str], _now: datetime) -> tuple[str, str]:
        card = self._register.card(row["card"])
        if card is None or card.id_number != row["id_number"]:
            return "F4", "无此卡或非本人卡"
        if row["act"] == "2" and row["insured"][:6] not in _DISTRICTS:
            return "F6", "参保地不在本市"
        wanted = ("insured",) if row["act"] == "2" else ("name", "mobile", "address")
        return ("", "") if any(row[each] for each in wanted) else ("F5", "没有变更内容")

    def _has_photo(self, serial: str) -> bool:
        photo = self._folder / "photo" / f"{serial}.jpg"
        return photo.is_file() and photo.read_bytes()[:2] == _JPEG

    def _tell(self, now: datetime) -> None:
        open_ = {job.serial for job in self._register.jobs.values() if job.status != "90" and job.due > now}
        # The lines of one serial are told together, once each of them is decided.
        due = [job for job in self._register.jobs.values() if not job.told and job.serial not in open_]
        rows = [self._finish(job, now) for job in due]
        late, self._late = self._late, []
        for batch in late:
            self._publish("RESULT", day_of(now), batch)
        fault = self._faults.take("result", "RESULT") if rows else None
        if fault is not None:
            self._late.append(rows)
        elif rows:
            self._publish("RESULT", day_of(now), rows)

    def _finish(self, job: Job, now: datetime) -> dict[str, str]:
        job.told = True
        if job.status == "00" and not job.batch:
            done: Callable[[Job, datetime], None] = self._make if job.wanted["kind"] == "APPLY" else self._change
            done(job, now)
            job.batch = f"B{day_of(now)}"
        facts = {"card": job.card, "batch": job.batch, "pickup": job.pickup, "reason": job.reason, "text": job.text}
        return {"serial": job.serial, "act": job.act, "status": job.status, "at": _stamp(now), **facts}

    def _make(self, job: Job, _now: datetime) -> None:
        row = job.wanted
        old = self._register.card(row["old_card"])
        functions = frozenset(filter(None, row["functions"].split(",")))
        if old is not None:
            # The library and the bicycles know the old card only.
            functions, old.replaced = old.functions - OFF_AFTER_REISSUE, True
            job.text = "图书借阅、公共自行车功能须重新开通"
        card = Card(self._register.new_number(), row["name"], row["id_number"], row["id_type"], row["mobile"])
        card.address, card.functions = row["address"], functions
        card.insured = row["insured"][:6] or (old.insured if old is not None else "")
        card.balance = old.balance if old is not None else 0
        job.card, job.pickup = self._register.add(card).number, row["pickup"] or "000000"

    def _change(self, job: Job, _now: datetime) -> None:
        row, card = job.wanted, self._register.card(job.wanted["card"])
        if card is None:
            return
        if job.act == "2":
            card.insured = row["insured"][:6]
        else:
            card.name, card.mobile = row["name"] or card.name, row["mobile"] or card.mobile
            card.address = row["address"] or card.address
        job.card = card.number

    def _publish(self, kind: str, day: str, rows: list[dict[str, str]]) -> None:
        seq = self._numbers[kind, day] = self._numbers.get((kind, day), 0) + 1
        stem = f"{FileName(kind, day, seq)}"
        data = files.write(kind, rows)
        signature = sign(self._own, data)
        fault = self._faults.take("publish", kind)
        if fault is not None:
            self._spoilt[stem] = (data, signature)
            data, signature = _spoilt(fault.kind, data, signature)
        self._write(stem, data, signature)
        self._journal.record(kind, request=f"{stem} {len(rows)} lines", fault=fault.kind if fault else "")

    def _write(self, stem: str, data: bytes, signature: bytes) -> None:
        (self._folder / "out" / f"{stem}.txt").write_bytes(data)
        (self._folder / "out" / f"{stem}.sig").write_bytes(signature)


def _spoilt(kind: str, data: bytes, signature: bytes) -> tuple[bytes, bytes]:
    if kind == "wrong-signature":
        return data, signature[:-8] + bytes(reversed(signature[-8:]))
    if kind == "garbage-file":
        return random.Random(len(data)).randbytes(len(data)), signature
    return data[: len(data) // 2], signature


def _working_days_after(start: datetime, days: int) -> datetime:
    at = start
    while days:
        at += timedelta(days=1)
        days -= at.astimezone(SHANGHAI).weekday() < 5
    return at


def _stamp(when: datetime) -> str:
    return f"{when.astimezone(SHANGHAI):%Y%m%d%H%M%S}"
