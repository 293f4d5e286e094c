"""Reconciliation in the engine: the utility is asked for its file of a day, and the answer is compared and kept.

What is compared is the hub's record as it stands then: payments and their reversals, and for files that also list
applications the tasks under their serials.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

from hub.clock import SHANGHAI
from hub.domain import numbers
from hub.domain.order import DayQuery
from hub.domain.outcome import NotSent, Outcome, Unknown
from hub.domain.reconciliation import OwnEntry, ReconciliationRun, Resolution, Standing, compare, totals
from hub.domain.reply import FileRecord
from hub.domain.states import TaskState
from hub.domain.taxonomy import ErrorCode, ServiceError
from hub.domain.work import Command, CommandKind, Result
from hub.engine.events import step_of
from hub.engine.money import adopting
from hub.engine.policy import exhausted
from hub.engine.rules import Rules
from hub.store.unit import TaskRecord, UnitOfWork

OPERATION = "reconcile"
_DAY = timedelta(days=1)
_MARKER = 999_997
_STANDING = {
    TaskState.COMPLETED: Standing.DONE,
    TaskState.COMPENSATED: Standing.DONE,
    TaskState.UNKNOWN: Standing.DOUBT,
}
_UNDONE = frozenset({TaskState.REJECTED, TaskState.CANCELLED})


def ask(unit: UnitOfWork, endpoint: str, day: date, when: datetime, *, step: int = 1) -> None:
    """Queue the question for a day's file; the same day is asked once, and again only after a failure."""
    name = f"{endpoint}:{OPERATION}:{day:%Y%m%d}.{step}"
    body = {"day": day.isoformat()}
    unit.enqueue(name, CommandKind.RECONCILE, endpoint, OPERATION, not_before=when, body=body)


def question(command: Command) -> DayQuery:
    """What the adapter is asked. A repeat is another request: a platform would replay its "not yet"."""
    day = command.days[0]
    marker = numbers.task_number(numbers.case_number(day, "330400", _MARKER), 99)
    request = hashlib.sha256(f"{command.id}\n{command.delivery}".encode()).hexdigest()[:32]
    return DayQuery(serial=numbers.serial20(marker), request_id=request, day=day)


def apply(unit: UnitOfWork, rules: Rules, result: Result, touched: set[str]) -> None:
    """Keep the comparison that an answer makes; without an answer ask again, until that went on for too long."""
    day = _day_of(unit, result)
    outcome = result.outcomes.get(result.endpoint)
    error = getattr(outcome, "error", None)
    if error is None:
        take(unit, rules, result.endpoint, day, result.records, touched)
        return
    if isinstance(outcome, NotSent | Unknown) and _may_go_on(unit, rules, result):
        step = step_of(result.command) + 1
        wait = rules.backoff(result.endpoint, step, getattr(outcome, "retry_after", None))
        ask(unit, result.endpoint, day, rules.now() + wait, step=step)
    unit.save_run(unanswered(result.endpoint, day, outcome, rules.now()))


def take(
    unit: UnitOfWork, rules: Rules, endpoint: str, day: date, records: Iterable[FileRecord], touched: set[str]
) -> ReconciliationRun:
    """Compare, keep the run, and adopt what the utility's books settle: a payment in doubt that is in its file."""
    run = compared(unit, endpoint, day, records, rules.now())
    unit.save_run(run)
    adopting.adopt(unit, rules, run, touched)
    return run


def unanswered(endpoint: str, day: date, outcome: Outcome | None, now: datetime) -> ReconciliationRun:
    """The run of a day whose file could not be had."""
    error = getattr(outcome, "error", None) or ServiceError(code=ErrorCode.FILE_LATE, provider=endpoint)
    return ReconciliationRun(endpoint=endpoint, day=day, compared_at=now, error=error)


def compared(
    unit: UnitOfWork, endpoint: str, day: date, records: Iterable[FileRecord], now: datetime
) -> ReconciliationRun:
    """Compare a day's records with what the hub knows of that day, and of the days beside it."""
    theirs = tuple(records)
    around = unit.money_of(endpoint, _start(day - _DAY), _start(day + 2 * _DAY))
    carried = _carried(unit, endpoint, day)
    around = [entry.with_(next_day=False) if _mark(entry) in carried else entry for entry in around]
    ours = [entry for entry in around if _start(day) <= entry.at < _start(day + _DAY) or _mark(entry) in carried]
    beside = [entry for entry in around if entry not in ours]
    named = {entry.serial for entry in around}
    tasks = [
        unit.find_task(endpoint, serial=each.serial) for each in theirs if each.serial and each.serial not in named
    ]
    beside += [_entry(record) for record in tasks if record is not None]
    return ReconciliationRun(
        endpoint=endpoint,
        day=day,
        compared_at=now,
        ours=totals(entry.amount_fen for entry in ours if entry.standing is Standing.DONE),
        theirs=totals(record.amount_fen for record in theirs if record.amount_fen),
        differences=compare(ours, theirs, beside=beside),
    )


def _carried(unit: UnitOfWork, endpoint: str, day: date) -> set[tuple[str | None, bool]]:
    """What was not in the file of the day before, and was to be in this one."""
    differences = [each for run in unit.runs(day - _DAY, endpoint) for each in run.differences]
    late = (each for each in differences if each.resolution is Resolution.NEXT_DAY)
    return {(each.serial, (each.ours_fen or 0) < 0) for each in late}


def _mark(entry: OwnEntry) -> tuple[str | None, bool]:
    return entry.serial, (entry.amount_fen or 0) < 0


def _entry(record: TaskRecord) -> OwnEntry:
    """A task as an act that a file may list; its money, if it is a payment, has an entry of its own."""
    task = record.task
    known = Standing.NOT_DONE if task.state in _UNDONE else _STANDING.get(task.state, Standing.OPEN)
    return OwnEntry(
        serial=record.order.serial,
        provider_ref=task.provider_ref,
        standing=known,
        state=task.state,
        task=task.number,
        at=task.state_since,
    )


def _day_of(unit: UnitOfWork, result: Result) -> date:
    command = unit.command(result.command)
    return date.fromisoformat((command.body if command and command.body else {})["day"])


def _may_go_on(unit: UnitOfWork, rules: Rules, result: Result) -> bool:
    first = unit.command(f"{result.command.rpartition('.')[0]}.1")
    since = first.not_before if first else rules.now()
    return not exhausted(step_of(result.command), since, rules.now(), rules.endpoints[result.endpoint].spec.retry)


def _start(day: date) -> datetime:
    return datetime.combine(day, time.min, SHANGHAI)
