"""Batch files: orders gathered, a file closed once and for ever, sent until it is through or refused."""

from __future__ import annotations

from datetime import datetime, timedelta

from hub.clock import SHANGHAI
from hub.domain.order import Batch
from hub.domain.outcome import Accepted, Faulty, NotSent, Outcome
from hub.domain.states import EventSource, TaskState
from hub.domain.work import CommandKind, Result
from hub.engine.events import event_of
from hub.engine.policy import exhausted
from hub.engine.rules import Rules
from hub.engine.step import apply_event
from hub.store.tables import BatchRow
from hub.store.unit import TaskRecord, UnitOfWork

LARGEST = 5000


def close(unit: UnitOfWork, rules: Rules, endpoint: str) -> int:
    """Close a batch of each type for the orders that wait at an endpoint; tells how many orders go."""
    served, now = rules.endpoints[endpoint], rules.now()
    types = {each.batch_type for each in served.adapter.operations.values() if each.batch_type}
    gone = 0
    for batch_type in sorted(types):
        records = unit.ready_for_batch(endpoint, batch_type, LARGEST)
        if records:
            gone += len(records)
            _write(unit, rules, endpoint, batch_type, records, now)
    return gone


def _write(
    unit: UnitOfWork, rules: Rules, endpoint: str, batch_type: str, records: list[TaskRecord], when: datetime
) -> None:
    day = rules.now().astimezone(SHANGHAI).date()
    seq = unit.count(f"batch:{endpoint}:{batch_type}:{day:%Y%m%d}")
    batch_id = f"{endpoint}:{batch_type}:{day:%Y%m%d}:{seq:04d}"
    tasks = [record.task.number for record in records]
    unit.add_batch(
        BatchRow(id=batch_id, endpoint=endpoint, type=batch_type, day=day, seq=seq, tasks=tasks, closed_at=when)
    )
    for record in records:
        record.row.batch_id = batch_id
        unit.save(record)
    _enqueue(unit, rules, batch_id, endpoint, records[0].task.operation, 1, when)


def _enqueue(
    unit: UnitOfWork, rules: Rules, batch_id: str, endpoint: str, upstream: str, attempt: int, when: datetime
) -> None:
    operation = rules.endpoints[endpoint].operation(upstream)
    unit.enqueue(
        f"{batch_id}:send:{attempt}",
        CommandKind.SEND_BATCH,
        endpoint,
        operation.name,
        batch_id=batch_id,
        attempt=attempt,
        not_before=when,
    )


def load(unit: UnitOfWork, batch_id: str) -> Batch:
    """The batch with its orders, always in the same order."""
    row = unit.batch(batch_id)
    if row is None:
        raise LookupError(batch_id)
    orders = tuple(unit.task(number).order.with_(provider_ref=None) for number in row.tasks or ())
    return Batch(id=row.id, endpoint=row.endpoint, type=row.type, day=row.day, seq=row.seq, orders=orders)


def send_again(unit: UnitOfWork, rules: Rules, batch_id: str, upstream: str, when: datetime) -> None:
    """Queue the same file again; however many of its orders ask for it, once."""
    row = unit.batch(batch_id)
    if row is not None:
        _enqueue(unit, rules, batch_id, row.endpoint, upstream, row.sent + 1, when)


def inquire(unit: UnitOfWork, batch_id: str, result: Result, step: int, when: datetime) -> None:
    """Queue the question whether the file is there; once for all its orders."""
    first = unit.command(result.command)
    unit.enqueue(
        f"{batch_id}:inquire:{result.attempt}.{step}",
        CommandKind.INQUIRE_BATCH,
        result.endpoint,
        first.operation if first else "",
        batch_id=batch_id,
        attempt=result.attempt,
        not_before=when,
    )


def refused(unit: UnitOfWork, rules: Rules, batch_id: str, outcome: Outcome) -> None:
    """The utility refused a whole file, or holds it. Refused, nothing of it was done: its orders go into a new file."""
    row = unit.batch(batch_id)
    if row is None:
        return
    records = [unit.task(number) for number in row.tasks or ()]
    records = [record for record in records if record.row.batch_id == batch_id and not record.task.state.final]
    if isinstance(outcome, NotSent) and records:
        policy = rules.endpoints[row.endpoint].spec.retry
        if not exhausted(row.seq, row.closed_at, rules.now(), policy):
            pause = outcome.retry_after or timedelta(0)
            _write(unit, rules, row.endpoint, row.type, records, rules.now() + pause)
            return
        outcome = Faulty(error=outcome.error)
    for record in records:
        if isinstance(outcome, Accepted) and record.task.state is not TaskState.DISPATCHING:
            continue
        event_id = f"{batch_id}:{outcome.kind}:{record.task.number}"
        apply_event(unit, rules, record, event_of(record.task.number, event_id, outcome, EventSource.FILE, rules.now()))
