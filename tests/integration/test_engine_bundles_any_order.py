"""One-thing bundles in any order of events: nothing is committed before its gate, nothing twice, and all comes to an end."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from hub import CaseState, TaskState
from hub.domain.gates import awaits_word
from hub.domain.work import CommandKind
from hub.engine import window
from hub.errors import NotAllowed
from tests.toy.bundled import CHAIN, CHECK, EARLY, LEAD, LEGAL, ONE, SURVEY, TWO, BundledAdapter, write_bundles
from tests.toy.bundledesk import CHECKINGS, UNDOINGS, BundleDesk
from tests.toy.desk import ASKINGS, CANCELLINGS, SENDINGS
from tests.toy.table import Table, result

S = TaskState
ALL = (LEAD, ONE, TWO)
SHAPES = [(LEGAL, ALL), (LEGAL, (ONE, TWO)), *[(EARLY, ALL)] * 3, (CHAIN, ALL), (CHECK, ALL), (SURVEY, ALL)]
WAYS = {
    CommandKind.SEND: SENDINGS,
    CommandKind.CANCEL: CANCELLINGS,
    CommandKind.PRECHECK: CHECKINGS,
    CommandKind.COMPENSATE: UNDOINGS,
}
SECONDS = (1, 3, 10, 100, 2000, 20_000, 90_000)
# Each step is several transactions: shrinking a failure would take longer than reading it.
SETTINGS = settings(
    max_examples=30,
    stateful_step_count=40,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    made = Table(write_bundles(tmp_path_factory.mktemp("bundles")), BundledAdapter)
    yield made
    made.close()


class BundleLife(RuleBasedStateMachine):
    table = None

    @initialize(shape=st.sampled_from(SHAPES))
    def submit(self, shape):
        self.table.clear()
        self.desk = BundleDesk(self.table.clock)
        theme, items = shape
        case = self.table.submit_case("request-0001", *items, theme=theme)
        self.case, self.waits = case.number, {task.number: task.waits for task in case.tasks}
        self.numbers = [task.number for task in case.tasks]
        self.serials = {n: self.table.run(lambda unit, n=n: unit.task(n).order.serial) for n in self.numbers}
        self.gated = {task.number for task in case.tasks if task.gated}
        self.word = None
        self.held, self.results, self.turns = [], [], itertools.count()

    # what may happen at any moment

    @rule()
    def claim(self):
        for command in self.table.claim():
            if command.kind is CommandKind.SEND and command.delivery == 1:
                self._may_be_sent(command.order.task_number)
            self.held.append(command)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), applied=st.sampled_from([True, True, True, False]))
    def work(self, data, applied):
        """A worker carries out a command; its result may lie about for a while."""
        command = self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))
        ways = WAYS.get(command.kind, ASKINGS)
        if command.in_doubt:
            ways = ASKINGS
        outcome = self.desk.serve(command, data.draw(st.sampled_from(ways)))
        if outcome is not None:
            self.results.append(result(command, outcome, at=self.table.clock.now()))
            if applied:
                self.table.apply(self.results[-1])

    @precondition(lambda self: self.results)
    @rule(data=st.data())
    def result_that_comes_late_or_again(self, data):
        self.table.apply(data.draw(st.sampled_from(self.results)))

    @precondition(lambda self: self.desk.orders)
    @rule(data=st.data(), does=st.sampled_from(["work", "work", "enter", "refuse"]))
    def utility_works(self, data, does):
        serial = data.draw(st.sampled_from(sorted(self.desk.orders)))
        getattr(self.desk, does)(serial)

    @precondition(lambda self: self.desk.calls)
    @rule(data=st.data())
    def callback(self, data):
        self.table.callback(data.draw(st.sampled_from(self.desk.calls)))

    @rule(seconds=st.sampled_from(SECONDS))
    def time_passes(self, seconds):
        self.table.clock.time += timedelta(seconds=seconds)
        self.desk.catch_up()

    @rule(data=st.data(), whole=st.sampled_from([False, False, True]))
    def cancel(self, data, whole):
        number = None if whole else data.draw(st.sampled_from(self.numbers))
        self._says(window.cancel, task=number)

    @rule(passed=st.sampled_from([True, True, False]))
    def word_from_outside(self, passed):
        if self._says(window.tell_gate, passed=passed, note=None):
            self.word = passed

    @rule()
    def check_again(self):
        self._says(window.check_again, task=None)

    @rule()
    def killed(self):
        self.held.clear()
        self.results.clear()
        self.table.restart()

    # what must hold between any two steps

    @invariant()
    def nothing_is_done_twice_and_nothing_is_lost(self):
        assert self.table.lost() == []
        assert all(kept.effects <= 1 and kept.cancels <= 1 for kept in self.desk.orders.values())
        assert all(times == 1 for times in self.desk.undone.values())
        assert self.desk.blind == []

    @invariant()
    def what_waits_was_never_sent(self):
        for number in self.gated:
            if self.table.task(number).state is S.PENDING:
                assert self.serials[number] not in self.desk.orders

    def _may_be_sent(self, number):
        """Invariant 9: what is gated is committed only behind its gate."""
        if number not in self.gated:
            return
        for wait in self.waits[number]:
            if wait.after:
                assert all(self.desk.reached(self.serials[each], wait.gate) for each in wait.after)
            elif wait.gate != "joint_check":
                assert self.word is True

    def _says(self, work, **given):
        try:
            self.table.run(lambda unit: work(unit, self.table.rules, self.case, **given))
        except NotAllowed:
            return False
        return True

    # from some moment on everything works

    def teardown(self):
        if not hasattr(self, "numbers"):
            return
        for call in self.desk.calls:
            self.table.callback(call)
        for _ in range(400):
            if any(awaits_word(w) and w.gate != "joint_check" for n in self.numbers for w in self.table.task(n).waits):
                self.word_from_outside(passed=True)
            self._go_on_calmly()
            if not self.table.open_commands():
                break
            self.table.clock.time += timedelta(minutes=31)
        else:
            pytest.fail("it never comes to rest")
        self.nothing_is_done_twice_and_nothing_is_lost()
        self._all_is_over()

    def _go_on_calmly(self):
        self.claim()
        for command in self.held:
            outcome = self.desk.serve(command, "well")
            self.table.apply(result(command, outcome, at=self.table.clock.now()))
            serial = command.order.serial
            # Slowly, so that what the hub makes of each step can be seen.
            if command.kind is CommandKind.POLL and serial in self.desk.orders and next(self.turns) % 3 == 0:
                self.desk.work(serial)
        self.held = []

    def _all_is_over(self):
        tasks = {number: self.table.task(number) for number in self.numbers}
        for number, task in tasks.items():
            serial, kept = self.serials[number], self.desk.orders.get(self.serials[number])
            match task.state:
                case S.COMPLETED:
                    assert (kept.effects, kept.state) == (1, "done")
                    assert serial not in self.desk.undone
                case S.COMPENSATED:
                    assert kept.state == "done"
                    assert self.desk.undone[serial] == 1
                case S.CANCELLED:
                    assert kept is None or kept.state == "gone"
                case S.REJECTED:
                    assert kept is None or kept.state == "no"
                case S.PENDING:
                    # What it waits for is with a person.
                    leads = {each for wait in task.waits for each in wait.after}
                    assert any(tasks[each].state in {S.MANUAL, S.PENDING} for each in leads)
                case state:
                    assert state is S.MANUAL, state
        self._what_a_failed_lead_took_with_it(tasks)
        if all(task.state.final for task in tasks.values()):
            assert self.table.case_of(self.numbers[0]).state is CaseState.DECIDED

    def _what_a_failed_lead_took_with_it(self, tasks):
        for number, waits in self.waits.items():
            for each in {each for wait in waits for each in wait.after}:
                lead = tasks[each]
                if lead.state in {S.REJECTED, S.CANCELLED} and self.desk.lost_for_good(self.serials[each]):
                    assert tasks[number].state in {S.CANCELLED, S.COMPENSATED, S.REJECTED, S.MANUAL}


def test_bundles_in_any_order_of_events(table):
    BundleLife.table = table
    run_state_machine_as_test(BundleLife, settings=SETTINGS)
