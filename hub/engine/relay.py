"""The relay: claims what is due, marks it as under way, and hands it to the bus."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from datetime import datetime
from typing import Any

from hub.bus import Bus
from hub.clock import Clock
from hub.domain.order import Batch
from hub.domain.states import EventSource, TaskState
from hub.domain.work import Command, CommandKind
from hub.engine import batches
from hub.engine.events import hub_event
from hub.engine.rules import Rules
from hub.engine.step import apply_event
from hub.store.port import Store
from hub.store.tables import CommandRow
from hub.store.unit import TaskRecord, UnitOfWork

_LOOK_AGAIN = 2.0  # seconds of real time, under every clock


class Relay:
    """Feeds the workers. Each endpoint has its own share, so a slow one never holds up another."""

    def __init__(self, store: Store, bus: Bus, rules: Rules, clock: Clock) -> None:
        self._store, self._bus, self._rules, self._clock = store, bus, rules, clock
        self._wake = asyncio.Event()
        self._under_way: Counter[str] = Counter()

    @property
    def under_way(self) -> int:
        """How many commands have been handed out without a stored result."""
        return sum(self._under_way.values())

    def wake(self) -> None:
        """Say that something may be due."""
        self._wake.set()

    def done(self, endpoint: str) -> None:
        """Say that a command of an endpoint has its result stored."""
        self._under_way[endpoint] -= 1
        self._wake.set()

    async def run(self) -> None:
        """Claim and publish for ever."""
        while True:
            self._wake.clear()
            with self._clock.busy():
                commands, due = await self._store.run(self._claim)
                for command in commands:
                    await self._bus.publish(command)
            if not commands:
                await self._rest(due)

    async def _rest(self, due: datetime | None) -> None:
        """Wait until something is due or somebody wakes us; look again soon, as others may write to the store."""
        waits: set[asyncio.Future[Any]] = {
            asyncio.ensure_future(self._wake.wait()),
            asyncio.ensure_future(asyncio.sleep(_LOOK_AGAIN)),
        }
        if due is not None:
            waits.add(asyncio.ensure_future(self._clock.sleep_until(due)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await each

    def _claim(self, unit: UnitOfWork) -> tuple[list[Command], datetime | None]:
        now = self._rules.now()
        commands: list[Command] = []
        blocked = False
        for endpoint in sorted(unit.due_endpoints(now) & self._rules.endpoints.keys()):
            served = self._rules.endpoints[endpoint]
            room = served.spec.limits.concurrency * 2 - self._under_way[endpoint]
            if room <= 0:
                blocked = True
                continue
            deadline = self._rules.send_deadline(endpoint, now)
            lease = deadline + self._clock.io_span(served.limits.total * 8 + 60)
            for row in unit.claim(endpoint, room, now, self._rules.owner, lease):
                command = _prepare(unit, self._rules, row, now, deadline)
                if command is not None:
                    commands.append(command)
                    self._under_way[endpoint] += 1
        # With a full endpoint its due commands are no reason to look again at once: its next result is.
        return commands, None if blocked and not commands else unit.next_due()


def _prepare(unit: UnitOfWork, rules: Rules, row: CommandRow, now: datetime, deadline: datetime) -> Command | None:
    """Make the command of a claimed row, moving its tasks to DISPATCHING; None when there is nothing to do any more."""
    kind = CommandKind(row.kind)
    base = Command(
        id=row.id,
        kind=kind,
        endpoint=row.endpoint,
        operation=row.operation,
        params=dict(rules.endpoints[row.endpoint].params),
        attempt=row.attempt,
        delivery=row.deliveries,
        send_deadline=deadline,
    )
    if kind is CommandKind.COLLECT:
        days = tuple(datetime.fromisoformat(day).date() for day in (row.body or {}).get("days", ()))
        return _command(base, days=days, known=unit.known_files(row.endpoint))
    if row.batch_id is not None:
        batch = batches.load(unit, row.batch_id)
        if kind is CommandKind.SEND_BATCH and not _dispatch_batch(unit, rules, row, batch, now, deadline):
            return None
        return _command(base, batch=batch)
    record = unit.task(row.task or "")
    if kind is CommandKind.SEND and not _dispatch(unit, rules, record, row, now, deadline):
        return None
    return _command(base, order=record.order, params=dict(record.task.params))


def _dispatch_batch(
    unit: UnitOfWork, rules: Rules, row: CommandRow, batch: Batch, now: datetime, deadline: datetime
) -> bool:
    """Move the orders of a file to DISPATCHING; the file goes as long as one of them does."""
    if row.deliveries > 1:
        return True
    stored = unit.batch(batch.id)
    if stored is not None:
        stored.sent = row.attempt
    moved = [_claim_task(unit, rules, unit.task(order.task_number), row, now, deadline) for order in batch.orders]
    return any(moved) or not unit.finish(row.id)


def _dispatch(
    unit: UnitOfWork, rules: Rules, record: TaskRecord, row: CommandRow, now: datetime, deadline: datetime
) -> bool:
    """Move a task to DISPATCHING for the first delivery of an attempt; tells whether the command is to be delivered."""
    if row.deliveries > 1:
        # The earlier delivery may have been carried out: the worker will inquire, the fence stays where it was.
        return True
    held = rules.held_until(row.endpoint, record.task.operation, now)
    stamp = f"{row.id}:{now.isoformat()}"
    if held is not None:
        event = hub_event(record.task.number, f"{stamp}:hold", TaskState.HELD, now, source=EventSource.TIMER)
        apply_event(unit, rules, record, event)
        unit.hold(row, held)
        return False
    if record.task.state is TaskState.HELD:
        apply_event(unit, rules, record, hub_event(record.task.number, f"{stamp}:resume", TaskState.READY, now))
    return _claim_task(unit, rules, record, row, now, deadline) or not unit.finish(row.id)


def _claim_task(
    unit: UnitOfWork, rules: Rules, record: TaskRecord, row: CommandRow, now: datetime, deadline: datetime
) -> bool:
    event = hub_event(record.task.number, f"{row.id}:{record.task.number[-2:]}", TaskState.DISPATCHING, now)
    if not apply_event(unit, rules, record, event).applied:
        return False
    operation = rules.endpoints[row.endpoint].operation(record.task.operation)
    record.row.attempts = record.task.attempts
    record.row.doubt_until = rules.believe_absent_from(row.endpoint, deadline, operation)
    unit.save(record)
    return True


def _command(base: Command, **changes: object) -> Command:
    changed = base.with_(**changes)
    assert isinstance(changed, Command)  # noqa: S101 -- narrows the untyped copy
    return changed
