"""The engine on a table: its own intake, relay, applier and database, but no sockets, tasks or workers of its own.

A test plays the workers and the utility, decides how every attempt ends and in which order things happen, and sees
the database between any two steps.
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

from sqlmodel import SQLModel, select

from hub.bootstrap import _admission, _router, _rules
from hub.config import load_configuration
from hub.domain.machine import LIVE
from hub.domain.states import TaskState
from hub.domain.work import Command, CommandKind, Result
from hub.engine import batches
from hub.engine.applier import Applier
from hub.engine.callbacks import Callbacks
from hub.engine.intake import Intake
from hub.engine.relay import Relay
from hub.sdk.operation import Kind
from hub.store.seal import Vault
from hub.store.sql import SqlStore, migrate
from hub.store.tables import BatchRow, CommandRow, TaskRow
from tests.toy.hubs import TUESDAY, application, overlay, registry
from tests.toy.talking import TalkingAdapter

READS = {CommandKind.INQUIRE, CommandKind.INQUIRE_BATCH, CommandKind.POLL, CommandKind.COLLECT}
WAITING_FOR_PEOPLE = {TaskState.MANUAL, TaskState.AWAITING_APPLICANT, TaskState.AWAITING_PAYMENT}
_RETRY = {"attempts": 8, "base_seconds": 5, "cap_seconds": 60, "deadline_hours": 24}


class HandClock:
    """Stands still until it is moved."""

    def __init__(self, start):
        self.time = start

    def now(self):
        return self.time

    def io_span(self, seconds):
        return timedelta(seconds=seconds)


class Table:
    """One engine. `adapter` serves the city's water company."""

    def __init__(self, folder, adapter=TalkingAdapter, **changes):
        self.clock = HandClock(TUESDAY)
        draw = random.Random(7).randbytes
        vault = Vault(b"0" * 16, draw)
        self.store = SqlStore("sqlite://", vault)
        migrate(self.store._engine)
        found = registry(adapter)
        configuration = load_configuration(
            overlay=overlay(folder, adapter=adapter.spec.id, **{"retry": _RETRY, **changes})
        )
        spec = next(each for each in configuration.endpoints if each.id == "water-city")
        opened = [found.open(spec, {"base_url": "http://127.0.0.1:1"})]
        self.rules = _rules(configuration, opened, self.clock, draw, {spec.id})
        admission = _admission(configuration, vault, self.clock, draw)
        self._intake = Intake(configuration, self.rules, _router(configuration, self.clock), admission)
        self._restarts = 0
        self.restart()

    def clear(self):
        """Forget everything."""
        tables = [each for each in SQLModel.metadata.sorted_tables if each.name.startswith("hub_")]
        self.run(lambda unit: [unit._session.execute(table.delete()) for table in tables])
        self.clock.time = TUESDAY
        self.restart()

    def close(self):
        self.store._engine.dispose()

    def run(self, work):
        return self.store._transact(work)

    # what the hub does

    def submit(self, request_id, *codes):
        return self.submit_case(request_id, *codes).tasks[0].number

    def submit_case(self, request_id, *codes, **changes):
        made = application(*codes, request_id=request_id, **changes)
        return self.run(lambda unit: self._intake.store(unit, made))

    def cancel(self, number):
        self.run(lambda unit: _cancel(unit, self.rules, number))

    def claim(self) -> list[Command]:
        """What the relay hands out now."""
        # A relay that has handed out nothing yet: here nobody holds back for the workers.
        relay = Relay(self.store, None, self.rules, self.clock)
        commands, _ = self.run(lambda unit: relay.claim(unit, relay.room()))
        return commands

    def apply(self, *results):
        self.run(lambda unit: Applier(unit, self.rules).apply(results))

    def callback(self, callback):
        made = Callbacks(self.store, self.rules, self.clock, None)
        self.run(lambda unit: made._store_one(unit, "water-city", callback))

    def close_batches(self):
        return self.run(lambda unit: batches.close(unit, self.rules, "water-city"))

    def restart(self):
        """The process died; another takes over."""
        self._restarts += 1
        self.rules = replace(self.rules, owner=f"process-{self._restarts}")
        self.run(lambda unit: unit.release(self.rules.owner))

    # what can be seen

    def task(self, number):
        return self.run(lambda unit: unit.task(number).task)

    def row(self, number):
        return self.run(lambda unit: unit.task(number).row)

    def case_of(self, number):
        return self.run(lambda unit: unit.case(unit.task(number).task.case_number))

    def events(self, number):
        return self.run(lambda unit: [each for _, each in unit.events(unit.task(number).task.case_number)])

    def open_commands(self, *, timers=False):
        """What is to be sent; with `timers` what the hub wakes itself for instead."""
        query = select(CommandRow).where(CommandRow.state != "done")
        rows = self.run(lambda unit: list(unit._session.exec(query)))
        return [row for row in rows if (row.kind == CommandKind.TIMER.value) is timers]

    def lost(self):
        """Orders that nothing will ever move again although they are neither decided nor with a person."""
        return self.run(
            lambda unit: [row.number for row in unit._session.exec(select(TaskRow)) if self._lost(unit, row)]
        )

    def _lost(self, unit, row):  # noqa: PLR0911 -- one line for each kind of state
        state = TaskState(row.state)
        if state.final or state in WAITING_FOR_PEOPLE:
            return False
        query = select(CommandRow).where(CommandRow.state != "done")
        kinds = {CommandKind(each.kind) for each in unit._session.exec(query.where(CommandRow.task == row.number))}
        if state in {TaskState.PENDING, TaskState.COMPENSATING}:
            wanted = CommandKind.PRECHECK if state is TaskState.PENDING else CommandKind.COMPENSATE
            return wanted not in kinds and not unit.task(row.number).task.waits
        operation = self.rules.endpoints[row.endpoint].operation(unit.task(row.number).task.operation)
        if operation.kind is Kind.BATCH:
            return not self._file_moves(unit, row, state)
        if state in {TaskState.READY, TaskState.HELD, TaskState.DISPATCHING}:
            return CommandKind.SEND not in kinds
        if state is TaskState.UNKNOWN:
            return CommandKind.INQUIRE not in kinds and CommandKind.SEND not in kinds
        if state is TaskState.CANCELLING:
            return not kinds & {CommandKind.CANCEL, CommandKind.POLL}
        return operation.follow is not None and CommandKind.POLL not in kinds

    def _file_moves(self, unit, row, state):
        if row.batch_id is None:
            return state in {TaskState.READY, TaskState.HELD}
        batch = unit._session.get(BatchRow, row.batch_id)
        query = select(CommandRow.kind).where(CommandRow.state != "done", CommandRow.batch_id == batch.id)
        under_way = unit._session.exec(query).first() is not None
        cancelling = state is TaskState.CANCELLING
        # A file that came through is answered by a file.
        return under_way or (batch.sent > 0 and (state in LIVE or cancelling))


def _cancel(unit, rules, number):
    applier = Applier(unit, rules)
    record = unit.task(number)
    if not record.task.state.final:
        applier.cancel(record)
    applier.apply(())


def result(command, outcome, *, inquired=None, at=None, **more):
    """The result that a worker gives back for a command."""
    asked = command.in_doubt or command.kind in {CommandKind.INQUIRE, CommandKind.INQUIRE_BATCH}
    return Result(
        command=command.id,
        kind=command.kind,
        endpoint=command.endpoint,
        attempt=command.attempt,
        inquired=asked if inquired is None else inquired,
        outcomes=dict.fromkeys(command.tasks or (command.endpoint,), outcome) if outcome is not None else {},
        finished_at=at or TUESDAY,
        **more,
    )
