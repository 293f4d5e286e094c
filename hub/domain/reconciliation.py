"""Reconciliation 对账: the utility's file of a day against the hub's own record, difference by difference.

Pure. What both sides call the same act is told by our serial, or else by the utility's number; an act counts for
the day on which the utility booked it, so an act of ours near midnight is also looked for in the days beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from hub.domain.base import Frozen, Labelled
from hub.domain.reply import FileRecord
from hub.domain.states import TaskState
from hub.domain.taxonomy import ErrorCode, ServiceError

REVERSAL = "reversal"


class Standing(StrEnum):
    """What the hub knows of an act of its own."""

    DONE = "done"
    DOUBT = "doubt"
    OPEN = "open"
    NOT_DONE = "not_done"


class Resolution(Labelled):
    """What resolves a difference."""

    ADOPT = "ADOPT", "以单位账为准补登"
    INQUIRE = "INQUIRE", "向单位查询后处理"
    REPEAT = "REPEAT", "按原流水号重新销账或退款"
    REVERSE = "REVERSE", "由单位冲正多记的一笔"
    CORRECT = "CORRECT", "核对凭证后更正金额"
    NEXT_DAY = "NEXT_DAY", "并入次日对账"
    PERSON = "PERSON", "由财务人员核实"


class OwnEntry(Frozen):
    """One act as the hub recorded it. `kind` as in the utility's file; `amount_fen` is negative for a reversal.

    `at` is when it was done; `next_day` says that the utility may have booked it on the following day.
    """

    serial: str
    kind: str | None = None
    provider_ref: str | None = None
    amount_fen: int | None = None
    standing: Standing = Standing.DONE
    state: TaskState | None = None
    task: str | None = None
    at: datetime
    next_day: bool = False


class Difference(Frozen):
    """One difference. `kind` is a REC_ code; `ours` and `theirs` are what the two sides say, as far as they say it."""

    kind: ErrorCode
    resolution: Resolution
    serial: str | None = None
    provider_ref: str | None = None
    task: str | None = None
    ours_fen: int | None = None
    theirs_fen: int | None = None
    ours_state: str | None = None
    theirs_state: str | None = None


class Totals(Frozen):
    """How many entries with money, and their sum in fen (reversals are negative)."""

    count: int = 0
    sum_fen: int = 0


class ReconciliationRun(Frozen):
    """Reconciliation run 对账: the comparison of one endpoint's day. With `error` there was no file to compare."""

    endpoint: str
    day: date
    compared_at: datetime
    ours: Totals = Totals()
    theirs: Totals = Totals()
    differences: tuple[Difference, ...] = ()
    error: ServiceError | None = None

    @property
    def agrees(self) -> bool:
        """Whether there was a file, and nothing in it differs."""
        return self.error is None and not self.differences


class _Key(NamedTuple):
    reversal: bool
    name: str


def totals(amounts: Iterable[int | None]) -> Totals:
    """Count and sum of the amounts that are there."""
    known = [amount for amount in amounts if amount is not None]
    return Totals(count=len(known), sum_fen=sum(known))


def compare(
    ours: Iterable[OwnEntry], theirs: Iterable[FileRecord], *, beside: Iterable[OwnEntry] = ()
) -> tuple[Difference, ...]:
    """Every difference between the hub's entries of a day and the utility's records of it.

    Args:
        ours: what the hub did that day.
        theirs: the records of the utility's file.
        beside: entries of the days before and after, which the utility may have booked on this one.
    """
    mine = tuple(ours)
    known = {**_index(beside), **_index(mine)}
    found: list[Difference] = []
    met: set[int] = set()
    for record in _standing(tuple(theirs), known):
        entry = _find(record, known)
        if entry is not None and id(entry) in met and record.amount_fen:
            found.append(_of(ErrorCode.REC_MISSING_OURS, Resolution.REVERSE, None, record))
            continue
        found += _judge(entry, record)
        if entry is not None:
            met.add(id(entry))
    found += [_unmet(entry) for entry in mine if id(entry) not in met and _expected(entry)]
    return tuple(found)


def _index(entries: Iterable[OwnEntry]) -> dict[_Key, OwnEntry]:
    index: dict[_Key, OwnEntry] = {}
    for entry in entries:
        for name in (entry.serial, entry.provider_ref):
            if name:
                index.setdefault(_Key(entry.kind == REVERSAL, name), entry)
    return index


def _find(record: FileRecord, known: Mapping[_Key, OwnEntry]) -> OwnEntry | None:
    keys = (_Key(record.kind == REVERSAL, name) for name in (record.serial, record.provider_ref) if name)
    return next((known[key] for key in keys if key in known), None)


def _standing(theirs: tuple[FileRecord, ...], known: Mapping[_Key, OwnEntry]) -> Iterable[FileRecord]:
    """Their records without a payment that was taken back the same day, where the hub knows it as not done.

    A doubt is resolved so; the hub has then no reversal of its own in its books.
    """
    gone: set[int] = set()
    for back in theirs:
        if back.kind != REVERSAL or _find(back, known) is not None:
            continue
        for paid in theirs:
            same = paid.serial == back.serial and paid.provider_ref == back.provider_ref
            if same and paid.kind != REVERSAL and (paid.amount_fen or 0) == -(back.amount_fen or 0):
                entry = _find(paid, known)
                if entry is not None and entry.standing is Standing.NOT_DONE:
                    gone |= {id(paid), id(back)}
    return (record for record in theirs if id(record) not in gone)


def _judge(entry: OwnEntry | None, record: FileRecord) -> list[Difference]:
    """What differs between an act of ours and their record of it."""
    if entry is None:
        # Another channel's acts without money are none of ours to judge.
        return [_of(ErrorCode.REC_MISSING_OURS, Resolution.PERSON, None, record)] if record.amount_fen else []
    refused = record.state is TaskState.REJECTED
    if refused:
        done = entry.standing is Standing.DONE
        return [_of(ErrorCode.REC_STATUS, Resolution.PERSON, entry, record)] if done else []
    if entry.standing is Standing.NOT_DONE:
        resolution = Resolution.REVERSE if record.amount_fen else Resolution.PERSON
        return [_of(ErrorCode.REC_STATUS, resolution, entry, record)]
    if entry.amount_fen is not None and record.amount_fen is not None and entry.amount_fen != record.amount_fen:
        return [_of(ErrorCode.REC_AMOUNT, Resolution.CORRECT, entry, record)]
    # Money that is to be sent (again) and is booked already must not go out any more.
    booked = record.state is TaskState.COMPLETED or (entry.amount_fen is not None and bool(record.amount_fen))
    if entry.standing is Standing.DOUBT or (entry.standing is Standing.OPEN and booked):
        return [_of(ErrorCode.REC_STATUS, Resolution.ADOPT, entry, record)]
    return []


def _expected(entry: OwnEntry) -> bool:
    """Whether the utility's file should have it: money that was, or may have been, posted."""
    return entry.amount_fen is not None and entry.standing in {Standing.DONE, Standing.DOUBT}


def _unmet(entry: OwnEntry) -> Difference:
    if entry.next_day:
        resolution = Resolution.NEXT_DAY
    else:
        resolution = Resolution.INQUIRE if entry.standing is Standing.DOUBT else Resolution.REPEAT
    return _of(ErrorCode.REC_MISSING_THEIRS, resolution, entry, None)


def _of(kind: ErrorCode, resolution: Resolution, entry: OwnEntry | None, record: FileRecord | None) -> Difference:
    return Difference(
        kind=kind,
        resolution=resolution,
        serial=(entry.serial if entry else None) or (record.serial if record else None),
        provider_ref=(record.provider_ref if record else None) or (entry.provider_ref if entry else None),
        task=entry.task if entry else None,
        ours_fen=entry.amount_fen if entry else None,
        theirs_fen=record.amount_fen if record else None,
        ours_state=(entry.state or entry.standing).value if entry else None,
        theirs_state=(record.state.value if record.state else record.raw_code) if record else None,
    )
