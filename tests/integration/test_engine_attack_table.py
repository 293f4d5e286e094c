"""Any order of events, any end of any attempt: nothing is done twice, nothing is lost, between any two steps."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from hub import TaskState
from hub.domain.work import CommandKind
from tests.toy.desk import ASKINGS, CANCELLINGS, SENDINGS, Desk
from tests.toy.table import Table, result
from tests.toy.talking import CallingAdapter, TalkingAdapter

STEPS = 60
_WAYS = {CommandKind.SEND: SENDINGS, CommandKind.CANCEL: CANCELLINGS}


@pytest.fixture(scope="module", params=[TalkingAdapter, CallingAdapter])
def table(request, tmp_path_factory):
    made = Table(tmp_path_factory.mktemp("table"), request.param)
    yield made
    made.close()


class Game:
    """One run; its moves are drawn by a seed and kept in `log`."""

    def __init__(self, table, seed):
        table.clear()
        self.table, self.draw = table, random.Random(seed)
        self.desk = Desk(table.clock)
        self.serials, self.held, self.results, self.log = {}, [], [], []

    def play(self, steps):
        moves = {
            self.submit: 2,
            self.cancel: 4,
            self.claim: 8,
            self.work: 10,
            self.old_result: 2,
            self.utility_works: 4,
            self.callback: 4,
            self.time_passes: 8,
            self.killed: 1,
        }
        for _ in range(steps):
            self.draw.choices(list(moves), list(moves.values()))[0]()
            self.check()
        self.calm()

    def submit(self):
        if len(self.serials) < 3:
            number = self.table.submit(f"request-{len(self.serials):04}")
            self.serials[number] = self.table.run(lambda unit: unit.task(number).order.serial)
            self.log.append(("submit", number))

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
        """A worker carries out a command; its result may lie about for a while."""
        if not self.held:
            return
        command = self.held.pop(self.draw.randrange(len(self.held)))
        how = self.draw.choice(ASKINGS if command.in_doubt else _WAYS.get(command.kind, ASKINGS))
        outcome = self.desk.serve(command, how)
        self.log.append((how, command.id, command.delivery, outcome))
        if outcome is not None:
            self.results.append(result(command, outcome, at=self.table.clock.now()))
            if self.draw.random() < 0.8:
                self.table.apply(self.results[-1])

    def old_result(self):
        if self.results:
            again = self.draw.choice(self.results)
            self.log.append(("result", again.command, again.outcomes))
            self.table.apply(again)

    def utility_works(self):
        if self.desk.orders:
            serial = self.draw.choice(list(self.desk.orders))
            self.desk.work(serial)
            self.log.append(("works", serial, self.desk.orders[serial].state))

    def callback(self):
        if self.desk.calls:
            call = self.draw.choice(self.desk.calls)
            self.log.append(("callback", call))
            self.table.callback(call)

    def time_passes(self):
        seconds = self.draw.choice((1, 1, 3, 3, 10, 100, 2000, 90_000))
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
        assert all(kept.effects <= 1 and kept.cancels <= 1 for kept in self.desk.orders.values()), told
        assert self.desk.blind == [], told

    def calm(self):
        """Everything works from now on; the utility goes on with an order whenever it is asked about it."""
        for call in self.desk.calls:
            self.table.callback(call)
        for _ in range(300):
            self.held += self.table.claim()
            if not self.held and not self.table.open_commands():
                break
            for command in self.held:
                outcome = self.desk.serve(command, "well")
                self.log.append(("calm", command.id, command.delivery, outcome))
                self.table.apply(result(command, outcome, at=self.table.clock.now()))
                if command.kind is CommandKind.POLL and command.order.serial in self.desk.orders:
                    self.desk.work(command.order.serial)
            self.held = []
            self.table.clock.time += timedelta(minutes=31)
        else:
            pytest.fail("it never comes to rest")
        self.check()


@pytest.mark.parametrize("seed", [*range(10), 17, 95])
def test_any_order_of_events_makes_each_order_happen_at_most_once_and_come_to_an_end(table, seed):
    game = Game(table, seed)
    game.play(STEPS)
    told = "\n".join(map(str, game.log))
    for number, serial in game.serials.items():
        task, kept = table.task(number), game.desk.orders.get(serial)
        match task.state:
            case TaskState.COMPLETED:
                assert (kept.effects, kept.state) == (1, "done"), told
            case TaskState.CANCELLED:
                assert kept is None or kept.state == "gone", told
            case TaskState.REJECTED:
                assert kept is None, told
            case TaskState.ACCEPTED | TaskState.IN_PROGRESS:
                # With the utility; only its call can tell how it goes on.
                assert kept is not None, told
                assert table.rules.endpoints["water-city"].operation(task.operation).follow is None, told
            case state:
                assert state is TaskState.MANUAL, told
