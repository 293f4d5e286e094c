"""Money in any order of events: no debt is booked twice, no payment is sent again unasked, and all comes to rest."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta

import pytest

from hub import PaymentProof, TaskState
from hub.domain.outcome import Absent, Completed, Output, Progress
from hub.domain.states import PaymentState
from hub.domain.work import CommandKind
from hub.engine.money import charging
from hub.engine.money.till import Till
from hub.errors import HubError
from tests.toy.desk import CLOSED, DOWN, LOST, NO, ODD
from tests.toy.hubs import TUESDAY
from tests.toy.table import Table, result
from tests.toy.till import FEE, TillAdapter

STEPS = 150
WAYS = (*("well", "lost", "cut", "late") * 3, "down", "closed", "no", "odd", "dies-before", "dies-after")
ASKS = ("well", "well", "down", "lost", "dies-before")
P = PaymentState
_TOTAL = timedelta(seconds=0.9)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    made = Table(tmp_path_factory.mktemp("money"), TillAdapter)
    yield made
    made.close()


class MoneyDesk:
    """The utility: what it has booked and taken back under each serial, whatever its answers made of it."""

    def __init__(self, clock):
        self.clock = clock
        self.booked, self.reversed, self.late = Counter(), Counter(), []
        self.doubts, self.blind, self.gone, self.paid = set(), [], set(), set()

    def serve(self, command, how):
        self.catch_up()
        serial, kind = command.order.serial, command.kind
        if kind in {CommandKind.PAY, CommandKind.REVERSE}:
            return self._asked(command, how) if command.in_doubt else self._written(command, how)
        if kind is CommandKind.CANCEL and not command.in_doubt:
            self.gone.add(serial)
        state = TaskState.CANCELLED if serial in self.gone else TaskState.AWAITING_PAYMENT
        if serial in self.paid:
            state = TaskState.IN_PROGRESS
        return Progress(state=state, provider_ref=f"T{serial[-8:]}", fee_due_fen=FEE)

    def _asked(self, command, how):
        if how not in ASKS:
            how = "well"
        if how != "well":
            return {"dies-before": None, "lost": LOST}.get(how, DOWN)
        self.doubts.discard((command.order.serial, command.kind))
        done = self.booked if command.kind is CommandKind.PAY else self.reversed
        return self._yes(command) if done[command.order.serial] else Absent()

    def _written(self, command, how):
        if self.clock.now() > command.send_deadline:
            return DOWN
        doubt = (command.order.serial, command.kind)
        if doubt in self.doubts:
            self.blind.append(command.id)
        if how in {"lost", "cut", "late", "dies-before", "dies-after"}:
            self.doubts.add(doubt)
        if how == "late":
            self.late.append((self.clock.now() + _TOTAL, command))
        if how in {"well", "lost", "dies-after"}:
            self._effect(command)
        told = {"down": DOWN, "closed": CLOSED, "no": NO, "odd": ODD, "well": self._yes(command)}
        return None if how.startswith("dies") else told.get(how, LOST)

    def _effect(self, command):
        done = self.booked if command.kind is CommandKind.PAY else self.reversed
        done[command.order.serial] += 1

    def _yes(self, command):
        return Completed(outputs=(Output(kind="receipt", identifier=f"R{command.order.serial}"),))

    def catch_up(self):
        arrived = [each for each in self.late if each[0] <= self.clock.now()]
        self.late = [each for each in self.late if each not in arrived]
        for _, command in arrived:
            self._effect(command)


class Game:
    def __init__(self, table, seed):
        table.clear()
        self.table, self.draw, self.desk = table, random.Random(seed), MoneyDesk(table.clock)
        self.numbers, self.held, self.results, self.log, self.proofs = [], [], [], [], 0

    def play(self):
        moves = {
            self.submit: 2,
            self.pay: 4,
            self.refund: 3,
            self.cancel: 0.1,
            self.claim: 12,
            self.work: 14,
            self.old_result: 2,
            self.time_passes: 8,
            self.killed: 1,
        }
        for _ in range(STEPS):
            self.draw.choices(list(moves), list(moves.values()))[0]()
            self.check()
        self.calm()

    def submit(self):
        if len(self.numbers) < 2:
            self.numbers.append(self.table.submit(f"money-{len(self.numbers):04}"))

    def pay(self):
        for number in self.numbers:
            self.proofs += self.draw.random() < 0.5
            self._do(self._pay, number)

    def _pay(self, till, number):
        case = till.unit.task(number).task.case_number
        ids = [each.id for each in charging.charges(till, case) if each.task == number]
        proof = PaymentProof(
            reference=f"P-{number}-{self.proofs}", channel="POS", amount_fen=FEE * (len(ids) or 1), paid_at=TUESDAY
        )
        charging.pay(till, case, ids, proof)

    def refund(self):
        for record in self._payments():
            # What the utility has, rather: money that never went out says nothing.
            if self.draw.random() < (0.5 if record.payment.state is P.POSTED else 0.05):
                self._do(lambda till, name: charging.refund(till, name, "wanted", None), record.row.number)

    def cancel(self):
        if self.numbers:
            self.table.cancel(self.draw.choice(self.numbers))

    def _do(self, act, name):
        try:
            self.table.run(lambda unit: act(Till(unit, self.table.rules), name))
            self.log.append((act.__name__, name))
        except HubError as error:
            self.log.append((act.__name__, name, type(error).__name__))

    def claim(self):
        found = self.table.claim()
        self.log += [("claim", each.id, each.delivery) for each in found]
        self.held += found

    def work(self):
        if not self.held:
            return
        command = self.held.pop(self.draw.randrange(len(self.held)))
        how = self.draw.choice(ASKS if command.in_doubt else WAYS)
        outcome = self.desk.serve(command, how)
        self.log.append((how, command.id, command.delivery, outcome))
        if outcome is not None:
            self.results.append(result(command, outcome, at=self.table.clock.now()))
            if self.draw.random() < 0.8:
                self.table.apply(self.results[-1])

    def old_result(self):
        if self.results:
            self.table.apply(self.draw.choice(self.results))

    def time_passes(self):
        self.table.clock.time += timedelta(seconds=self.draw.choice((0.2, 0.5, 1, 1, 1, 3, 3, 10, 2000)))
        self.desk.catch_up()

    def killed(self):
        self.log.append(("killed",))
        self.held.clear()
        self.results.clear()
        self.table.restart()

    def _payments(self):
        return self.table.run(lambda unit: [each for number in self.numbers for each in unit.payments_of_task(number)])

    def check(self):
        told = "\n".join(map(str, self.log))
        assert self.desk.blind == [], told
        assert all(count <= 1 for count in (*self.desk.booked.values(), *self.desk.reversed.values())), told
        debts = Counter()
        for record in self._payments():
            debts[record.charge.id] += self.desk.booked[record.row.serial] - self.desk.reversed[record.row.serial]
        assert all(held in {0, 1} for held in debts.values()), told

    def calm(self):
        for _ in range(200):
            self.held += self.table.claim()
            moving = [record for record in self._payments() if record.payment.moving]
            if not moving and all(command.kind is CommandKind.POLL for command in self.held):
                break
            for command in self.held:
                self.log.append(("calm", command.id, command.delivery))
                outcome = self.desk.serve(command, "well")
                self.table.apply(result(command, outcome, at=self.table.clock.now()))
            self.held = []
            self.table.clock.time += timedelta(minutes=31)
        else:
            pytest.fail("it never comes to rest\n" + "\n".join(map(str, self.log)))
        self.check()


@pytest.mark.parametrize("seed", range(24))
def test_any_order_of_events_books_each_debt_at_most_once_and_comes_to_rest(table, seed):
    game = Game(table, seed)
    game.play()
    told = "\n".join(map(str, game.log))
    for record in game._payments():
        kept = game.desk.booked[record.row.serial] - game.desk.reversed[record.row.serial]
        if record.payment.needs_person and record.payment.state in {P.UNKNOWN, P.REVERSING}:
            continue
        assert (record.payment.state is P.POSTED) == bool(kept), f"{record} {record.payment.state} {kept}\n{told}"
