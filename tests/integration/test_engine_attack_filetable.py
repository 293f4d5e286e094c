"""Orders in files, any order of events: no order is in two files that are worked on, none is forgotten."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from hub import TaskState
from hub.domain.outcome import Faulty
from hub.domain.taxonomy import ErrorCode, ServiceError
from hub.domain.work import CommandKind
from tests.toy.filedesk import SENDINGS, FileDesk
from tests.toy.filing import FilingAdapter
from tests.toy.table import Table, result

STEPS = 60
_CANNOT = Faulty(error=ServiceError(code=ErrorCode.SYS_INTERNAL))


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    made = Table(tmp_path_factory.mktemp("table"), FilingAdapter)
    yield made
    made.close()


class Game:
    """One run; its moves are drawn by a seed and kept in `log`."""

    def __init__(self, table, seed):
        table.clear()
        self.table, self.draw = table, random.Random(seed)
        self.desk = FileDesk(table.clock, self.draw)
        self.serials, self.held, self.results, self.log, self.collections = {}, [], [], [], 0

    def play(self, steps):
        moves = {
            self.submit: 3,
            self.close: 4,
            self.cancel: 1,
            self.claim: 8,
            self.work: 10,
            self.old_result: 2,
            self.collect: 4,
            self.time_passes: 8,
            self.killed: 1,
        }
        for _ in range(steps):
            self.draw.choices(list(moves), list(moves.values()))[0]()
            self.check()
        self.calm()

    def submit(self):
        if len(self.serials) < 4:
            number = self.table.submit(f"request-{len(self.serials):04}")
            self.serials[number] = self.table.run(lambda unit: unit.task(number).order.serial)
            self.log.append(("submit", number))

    def close(self):
        self.log.append(("close", self.table.close_batches()))

    def cancel(self):
        if self.serials:
            number = self.draw.choice(list(self.serials))
            self.log.append(("cancel", number))
            self.table.cancel(number)

    def claim(self):
        found = self.table.claim()
        self.log += [("claim", each.id, each.delivery) for each in found]
        self.held += found

    def work(self):
        if self.held:
            command = self.held.pop(self.draw.randrange(len(self.held)))
            self.carry_out(command, self.draw.choice(SENDINGS), self.draw.random() < 0.8)

    def carry_out(self, command, how, applied):
        cannot = command.kind is CommandKind.CANCEL
        outcome = _CANNOT if cannot else self.desk.serve(command, how)
        self.log.append((how, command.id, command.delivery, outcome))
        if outcome is not None:
            self.results.append(result(command, outcome, at=self.table.clock.now()))
            if applied:
                self.table.apply(self.results[-1])

    def old_result(self):
        if self.results:
            again = self.draw.choice(self.results)
            self.log.append(("result", again.command))
            self.table.apply(again)

    def collect(self, most=2):
        """Some of the answers are collected, whether or not they were before."""
        files = self.draw.sample(self.desk.answers, min(most, len(self.desk.answers)))
        self.collections += 1
        name = f"collect-{self.collections}"
        now = self.table.clock.now()
        self.table.run(lambda unit: unit.enqueue(name, CommandKind.COLLECT, "water-city", "collect", not_before=now))
        (command,) = [each for each in self.table.claim() if each.id == name or self.held.append(each)]
        self.log.append(("collect", [file.name for file in files]))
        self.table.apply(result(command, None, at=now, files=tuple(files)))

    def time_passes(self):
        seconds = self.draw.choice((1, 1, 3, 3, 10, 100, 2000))
        self.log.append(("seconds", seconds))
        self.table.clock.time += timedelta(seconds=seconds)
        self.desk.catch_up()

    def killed(self):
        self.log.append(("killed",))
        self.held.clear()
        self.results.clear()
        self.table.restart()

    def check(self):
        told = "\n".join(map(str, self.log))
        assert self.table.lost() == [], told
        assert all(count <= 1 for count in self.desk.effects.values()), told

    def calm(self):
        """Everything works from now on, and every answer is collected."""
        self.desk.calm = True
        for _ in range(60):
            self.close()
            self.claim()
            for command in self.held:
                self.carry_out(command, "well", applied=True)
            self.held = []
            self.table.clock.time += timedelta(minutes=31)
            self.collect(most=len(self.desk.answers))
            self.check()


@pytest.mark.parametrize("seed", range(12))
def test_any_order_of_events_brings_each_order_into_one_file_that_is_worked_on(table, seed):
    game = Game(table, seed)
    game.play(STEPS)
    told = "\n".join(map(str, game.log))
    for number, serial in game.serials.items():
        state, effects = table.task(number).state, game.desk.effects[serial]
        assert state in {TaskState.COMPLETED, TaskState.REJECTED, TaskState.CANCELLED, TaskState.MANUAL}, told
        if state is not TaskState.MANUAL:
            assert effects == (state is TaskState.COMPLETED), told
        assert table.case_of(number).state == ("PROCESSING" if state is TaskState.MANUAL else "DECIDED"), told
