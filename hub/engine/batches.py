"""Batch files: orders gathered, a file closed once and for ever, sent until it is through or refused."""

from __future__ import annotations

from datetime import datetime, timedelta

from hub.clock import SHANGHAI
from hub.domain.order import Batch
from hub.domain.states import TaskState
from hub.domain.work import CommandKind, Result
from hub.engine.policy import exhausted
from hub.engine.rules import Rules
from hub.store.tables import BatchRow
from hub.store.unit import TaskRecord, UnitOfWork

LARGEST = 5000


def close(unit: UnitOfWork, rules: Rules, endpoint: str) -> int:
    """Close a batch of each type for the orders that wait at an endpoint; tells how many orders go."""
    served, now = rules.endpoints[endpoint], rules.now()
    types = {each.batch_type for each in served.adapter.operations.values() if each.batch_type}
    gone = 0
    for batch_type in sorted(types):
        while records := unit.ready_for_batch(endpoint, batch_type, LARGEST):
            gone += len(records)
            _write(unit, rules, endpoint, batch_type, records, closed_at=now, when=now)
    return gone


def _write(
    unit: UnitOfWork,
    rules: Rules,
    endpoint: str,
    batch_type: str,
    records: list[TaskRecord],
    *,
    closed_at: datetime,
    when: datetime,
) -> None:
    day = rules.now().astimezone(SHANGHAI).date()
    seq = unit.count(f"batch:{endpoint}:{batch_type}:{day:%Y%m%d}")
    batch_id = f"{endpoint}:{batch_type}:{day:%Y%m%d}:{seq:04d}"
    tasks = [record.task.number for record in records]
    unit.add_batch(
        BatchRow(id=batch_id, endpoint=endpoint, type=batch_type, day=day, seq=seq, tasks=tasks, closed_at=closed_at)
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


def members(unit: UnitOfWork, batch_id: str) -> list[TaskRecord]:
    """The orders that still stand or fall with a file: not gone into a later one, not decided, not with a person."""
    row = unit.batch(batch_id)
    records = [unit.task(number) for number in (row.tasks if row else None) or ()]
    return [record for record in records if record.row.batch_id == batch_id and under_way(record)]


def under_way(record: TaskRecord) -> bool:
    """Whether the hub itself has still to see to an order."""
    return not record.task.state.final and record.task.state is not TaskState.MANUAL


def write_again(
    unit: UnitOfWork, rules: Rules, batch_id: str, records: list[TaskRecord], pause: timedelta | None
) -> bool:
    """Write a new file for orders of which the utility did nothing; False when that went on for too long."""
    row = unit.batch(batch_id)
    if row is None or not records:
        return True
    if exhausted(0, row.closed_at, rules.now(), rules.endpoints[row.endpoint].spec.retry):
        return False
    when = rules.now() + (pause or timedelta(0))
    # Still the hour in which the first of these files was closed: refusals must not go on for ever.
    _write(unit, rules, row.endpoint, row.type, records, closed_at=row.closed_at, when=when)
    return True
