"""The relay: claims what is due, marks it as under way, and hands it to the bus."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime, timedelta
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from hub.bus import Bus
from hub.clock import Clock
from hub.domain.machine import waiting
from hub.domain.order import Batch
from hub.domain.states import EventSource, TaskState
from hub.domain.work import Command, CommandKind
from hub.engine import batches
from hub.engine.applier import Applier
from hub.engine.events import hub_event, name_of
from hub.engine.money import paying, payitems
from hub.engine.money.till import MONEY, Till
from hub.engine.rules import HUB, Rules
from hub.engine.step import apply_event
from hub.engine.supplements import wanted
from hub.engine.timing import timers
from hub.store.port import Store
from hub.store.tables import CommandRow
from hub.store.unit import TaskRecord, UnitOfWork

_LOG = logging.getLogger("hub.relay")
_LOOK = 2.0
_PUT_OFF = timedelta(minutes=5)
Told = Callable[[set[str]], Awaitable[None]]
_FENCED = frozenset({CommandKind.CANCEL, CommandKind.COMPENSATE, CommandKind.SUPPLEMENT})


class Relay:
    """Feeds the workers. Each endpoint has its own share, so a slow one never holds up another."""

    def __init__(self, store: Store, bus: Bus, rules: Rules, clock: Clock, told: Told | None = None) -> None:
        self._store, self._bus, self._rules, self._clock, self._told = store, bus, rules, clock, told
        self._touched: set[str] = set()
        self._wake = asyncio.Event()
        # By endpoint: the commands that are handed out, and how long each lease holds.
        self._leases: defaultdict[str, dict[str, datetime]] = defaultdict(dict)

    @property
    def under_way(self) -> int:
        """How many commands have been handed out without a stored result."""
        return sum(len(leases) for leases in self._leases.values())

    def wake(self) -> None:
        """Say that something may be due."""
        self._wake.set()

    def done(self, endpoint: str, command: str) -> None:
        """Say that a command of an endpoint has its result stored."""
        self._leases[endpoint].pop(command, None)
        self._wake.set()

    async def run(self) -> None:
        """Claim and publish for ever."""
        while True:
            self._wake.clear()
            with self._clock.busy():
                commands, due = await self._store.run(partial(self.claim, room=self.room()))
                for command in commands:
                    self._leases[command.endpoint][command.id] = self._lease(command.endpoint, command.send_deadline)
                    await self._bus.publish(command)
                await self._tell()
            if not commands:
                leases = (lease for held in self._leases.values() for lease in held.values())
                await self._rest(min([*due, *leases], default=None))

    async def _tell(self) -> None:
        """Say which cases changed by what was, or was not, sent."""
        touched, self._touched = self._touched, set()
        if touched and self._told is not None:
            woken = self._wake.is_set()
            await self._told(touched)
            if not woken:  # who is told wakes us in turn, and nothing is due by that
                self._wake.clear()

    async def _rest(self, due: datetime | None) -> None:
        """Wait until something is due or somebody wakes us; look now and then what another process has stored."""
        waits: set[asyncio.Future[object]] = {asyncio.ensure_future(self._wake.wait())}
        if due is not None:
            waits.add(asyncio.ensure_future(self._clock.sleep_until(due)))
        try:
            await asyncio.wait(waits, timeout=_LOOK, return_when=asyncio.FIRST_COMPLETED)
        finally:
            # Not awaited: a cancellation of this very task would be taken for theirs, and lost.
            for each in waits:
                each.cancel()

    def room(self) -> dict[str, int]:
        """How many commands each endpoint may be given now. A lease that ran out takes no room any more."""
        now, room = self._rules.now(), {}
        for endpoint, served in self._rules.endpoints.items():
            held = {command: lease for command, lease in self._leases[endpoint].items() if lease > now}
            self._leases[endpoint] = held
            room[endpoint] = served.spec.limits.concurrency * 2 - len(held)
        return {endpoint: free for endpoint, free in room.items() if free > 0}

    def claim(self, unit: UnitOfWork, room: Mapping[str, int]) -> tuple[list[Command], list[datetime]]:
        """The commands that are due now; if there are none, when the next ones of endpoints with room are."""
        now = self._rules.now()
        commands: list[Command] = []
        touched: set[str] = set()
        places = unit.due_endpoints(now)
        if HUB in places:
            touched |= timers.fire_due(unit, self._rules, now)
        for endpoint in sorted(places & room.keys()):
            deadline = self._rules.send_deadline(endpoint, now)
            lease = self._lease(endpoint, deadline)
            for row in unit.claim(endpoint, room[endpoint], now, self._rules.owner, lease):
                command = self._prepared(unit, row, now, deadline, touched)
                if command is not None:
                    commands.append(command)
        for number in touched:
            Applier(unit, self._rules).settle(number)
        self._touched |= touched
        # With a full endpoint its due commands are no reason to look again at once: its next result is.
        heard = {*room, HUB}
        return commands, [] if commands else [due for endpoint, due in unit.next_due().items() if endpoint in heard]

    def _lease(self, endpoint: str, deadline: datetime) -> datetime:
        return deadline + self._clock.io_span(self._rules.endpoints[endpoint].limits.total * 8 + 60)

    def _prepared(
        self, unit: UnitOfWork, row: CommandRow, now: datetime, deadline: datetime, touched: set[str]
    ) -> Command | None:
        try:
            return _prepare(unit, self._rules, row, now, deadline, touched)
        except SQLAlchemyError:
            raise
        except Exception as error:  # noqa: BLE001 -- one order that cannot be read must not hold up all others
            _LOG.error("a command cannot be made", extra={"command": row.id, "error": type(error).__name__})
            unit.hold(row, now + _PUT_OFF)
            return None


def _prepare(  # noqa: PLR0911 -- one way for each kind of command
    unit: UnitOfWork, rules: Rules, row: CommandRow, now: datetime, deadline: datetime, touched: set[str]
) -> Command | None:
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
    if kind is CommandKind.RECONCILE:
        return _command(base, days=(date.fromisoformat((row.body or {})["day"]),))
    if row.batch_id is not None:
        batch = batches.load(unit, row.batch_id)
        if kind is CommandKind.SEND_BATCH and not _dispatch_batch(unit, rules, row, batch, now, deadline):
            return None
        return _command(base, batch=batch)
    if kind in MONEY:
        return paying.prepare(unit, rules, row, base, deadline, touched)
    record = unit.task(row.task or "")
    moot = kind is CommandKind.PRECHECK and not waiting(record.task) and unit.finish(row.id)
    if moot or (kind is CommandKind.SEND and not _dispatch(unit, rules, record, row, now, deadline, touched)):
        return None
    if kind in _FENCED and row.deliveries == 1:
        operation = rules.endpoints[row.endpoint].adapter.operations.get(row.operation)
        record.row.doubt_until = rules.believe_absent_from(row.endpoint, deadline, operation)
        unit.save(record)
    order = record.order if kind is not CommandKind.SUPPLEMENT else wanted.answer_order(unit, record, row)
    return _command(base, order=order, params=dict(record.task.params))


def _dispatch_batch(
    unit: UnitOfWork, rules: Rules, row: CommandRow, batch: Batch, now: datetime, deadline: datetime
) -> bool:
    """Move the orders of a file to DISPATCHING; the file goes as long as one of them does."""
    if row.deliveries > 1:
        return True
    stored = unit.batch(batch.id)
    if stored is not None:
        stored.sent = row.attempt
    records = [unit.task(order.task_number) for order in batch.orders]
    going = [record for record in records if record.row.batch_id == batch.id and not record.task.state.final]
    for record in going:
        _claim_task(unit, rules, record, row, now, deadline)
    return bool(going) or not unit.finish(row.id)


def _dispatch(
    unit: UnitOfWork,
    rules: Rules,
    record: TaskRecord,
    row: CommandRow,
    now: datetime,
    deadline: datetime,
    touched: set[str],
) -> bool:
    """Move a task to DISPATCHING for the first delivery of an attempt; tells whether the command is to be delivered."""
    if row.deliveries > 1:
        # The earlier delivery may have been carried out: the worker will inquire, the fence stays where it was.
        return True
    held = rules.held_until(row.endpoint, record.task.operation, now)
    stamp = f"{row.id}:{now.isoformat()}"
    if payitems.is_payment(record) and not _debt_is_free(unit, rules, record, row, now):
        touched.add(record.task.case_number)
        return False
    if held is not None:
        record.row.failures = 0
        event = hub_event(record.task.number, f"{stamp}:hold", TaskState.HELD, now, source=EventSource.TIMER)
        apply_event(unit, rules, record, event)
        unit.hold(row, held)
        return False
    return _claim_task(unit, rules, record, row, now, deadline) or not unit.finish(row.id)


def _debt_is_free(unit: UnitOfWork, rules: Rules, record: TaskRecord, row: CommandRow, now: datetime) -> bool:
    """Whether no other payment settles, or may settle, what a payment item pays; else it waits, or is cancelled."""
    standing = paying.standing(Till(unit, rules), payitems.own_payment(unit, rules, record))
    if standing == "busy":
        unit.hold(row, now + _PUT_OFF)
    elif standing == "settled":
        unit.finish(row.id)
        error = paying.twice(row.endpoint)
        for state in (TaskState.CANCELLING, TaskState.CANCELLED):
            event = hub_event(record.task.number, f"{row.id}:settled:{state}", state, now, error=error)
            apply_event(unit, rules, record, event)
    return standing == "free"


def _claim_task(
    unit: UnitOfWork, rules: Rules, record: TaskRecord, row: CommandRow, now: datetime, deadline: datetime
) -> bool:
    """Move a task to DISPATCHING and put up the fence behind which an "absent" counts; tells whether it moved."""
    operation = rules.endpoints[row.endpoint].operation(record.task.operation)
    number, stamp = record.task.number, f"{now.isoformat()}:resume"
    if record.task.state is TaskState.HELD:
        apply_event(unit, rules, record, hub_event(number, name_of(row.id, number, stamp), TaskState.READY, now))
    moved = False
    if record.task.state is TaskState.READY:
        event = hub_event(number, name_of(row.id, number, "claim"), TaskState.DISPATCHING, now)
        moved = apply_event(unit, rules, record, event).applied
    if not moved and record.row.batch_id is None:
        return False
    if not record.row.failures:
        record.row.ready_at = now
    record.row.attempts = record.task.attempts
    record.row.doubt_until = rules.believe_absent_from(row.endpoint, deadline, operation)
    unit.save(record)
    return moved


def _command(base: Command, **changes: object) -> Command:
    changed = base.with_(**changes)
    assert isinstance(changed, Command)  # noqa: S101 -- narrows the untyped copy
    return changed
