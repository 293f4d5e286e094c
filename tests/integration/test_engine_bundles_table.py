"""Gates at the table: what opens them, what a failed lead takes with it, and what a pre-check changes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hub import CaseState, TaskState
from hub.domain.case import PreCheckState
from hub.domain.outcome import Absent, Accepted, Completed, Progress, Rejected
from hub.domain.states import CaseOutcome, EventSource
from hub.domain.taxonomy import ErrorCode, ServiceError
from hub.domain.work import CommandKind
from hub.engine import window
from hub.errors import NotAllowed
from tests.toy.bundled import CHAIN, CHECK, EARLY, LEAD, LEGAL, ONE, SURVEY, TWO, BundledAdapter, write_bundles
from tests.toy.desk import DOWN, LOST, NO
from tests.toy.table import Table, result
from tests.toy.talking import TalkingAdapter

YES = Completed(opinion="可以办理")
ARREARS = Rejected(
    error=ServiceError(code=ErrorCode.ELG_ARREARS, provider_code_raw="0003", amount_fen=12860), raw_code="0003"
)
GONE = Progress(state=TaskState.CANCELLED)
REFUSED = Rejected(error=ServiceError(code=ErrorCode.ELG_STATUS), raw_code="90")
S = TaskState


@pytest.fixture(scope="module", params=[BundledAdapter])
def shared(request, tmp_path_factory):
    made = Table(write_bundles(tmp_path_factory.mktemp("bundles")), request.param)
    yield made
    made.close()


@pytest.fixture
def table(shared):
    shared.clear()
    return shared


@pytest.fixture
def plain(tmp_path):
    """A utility that can be asked nothing beforehand and takes nothing back."""
    made = Table(write_bundles(tmp_path), TalkingAdapter)
    yield made
    made.close()


class Played:
    """One case of a bundle, its tasks by item, and the commands that its workers hold."""

    def __init__(self, table, theme, *items, **changes):
        self.table = table
        case = table.submit_case("bundle-0001", *(items or (LEAD, ONE, TWO)), theme=theme, **changes)
        self.case = case.number
        self.numbers = {task.item: task.number for task in case.tasks}
        self.held, self.sent = [], []

    def task(self, item):
        return self.table.task(self.numbers[item])

    @property
    def states(self):
        return [self.task(item).state for item in self.numbers]

    def claim(self):
        new = self.table.claim()
        self.held += new
        self.sent += [(each.kind, each.order.item) for each in new]
        return [(each.kind, each.order.item) for each in new]

    def answer(self, kind, item, outcome):
        """A worker answers a command of a kind for an item."""
        (command,) = [each for each in self.held if (each.kind, each.order.item) == (kind, item)]
        self.held.remove(command)
        self.table.apply(result(command, outcome, at=self.table.clock.now()))
        return command

    def prechecks(self, **answers):
        self.claim()
        for command in [each for each in self.held if each.kind is CommandKind.PRECHECK]:
            self.answer(CommandKind.PRECHECK, command.order.item, answers.get(command.order.item[-2:], YES))

    def passes(self, **delta):
        self.table.clock.time += timedelta(**delta)

    def poll(self, item, outcome):
        self.passes(minutes=31)
        self.claim()
        return self.answer(CommandKind.POLL, item, outcome)

    def enter(self, item=LEAD, **after):
        """The lead is accepted and, after a while, entered."""
        self.claim()
        self.answer(CommandKind.SEND, item, Accepted(provider_ref="R1"))
        self.passes(**after)
        entered = self.table.clock.now()
        return self.poll(item, Progress(state=S.IN_PROGRESS, provider_ref="R1", legal_effect=entered))

    @property
    def standing(self):
        case = self.table.case_of(self.numbers[next(iter(self.numbers))])
        return case.state, case.outcome

    def says(self, work, **given):
        self.table.run(lambda unit: work(unit, self.table.rules, self.case, **given))


# the gate


def test_members_wait_and_are_asked_beforehand_in_parallel_while_the_lead_is_sent(table):
    played = Played(table, LEGAL)
    assert played.states == [S.READY, S.PENDING, S.PENDING]
    kinds = set(played.claim())
    assert kinds == {(CommandKind.SEND, LEAD), (CommandKind.PRECHECK, ONE), (CommandKind.PRECHECK, TWO)}


def test_legal_effect_opens_the_gate_long_before_the_lead_is_completed(table):
    played = Played(table, LEGAL)
    played.prechecks()
    played.enter()
    assert played.states == [S.IN_PROGRESS, S.READY, S.READY]
    assert {(CommandKind.SEND, ONE), (CommandKind.SEND, TWO)} <= set(played.claim())


def test_lead_that_ends_without_a_word_of_legal_effect_opens_the_gate_by_being_completed(table):
    played = Played(table, LEGAL)
    played.prechecks()
    played.claim()
    played.answer(CommandKind.SEND, LEAD, Completed())
    assert played.states == [S.COMPLETED, S.READY, S.READY]


def test_results_of_the_lead_that_come_twice_or_late_send_each_member_once(table):
    played = Played(table, LEGAL)
    played.prechecks()
    poll = played.enter()
    again = result(poll, Progress(state=S.IN_PROGRESS, legal_effect=table.clock.now()), at=table.clock.now())
    for each in (again, again.with_(command=poll.id), again):
        table.apply(each)
    played.claim()
    played.answer(CommandKind.SEND, ONE, Accepted(provider_ref="M1"))
    table.apply(again)
    table.restart()
    played.claim()
    assert played.sent.count((CommandKind.SEND, ONE)) == 1


def test_time_of_a_member_begins_when_its_gate_opens(table):
    played = Played(table, LEGAL)
    assert played.task(ONE).due_at is None
    played.prechecks()
    played.enter(days=9)
    played.prechecks()
    opened = played.task(ONE)
    assert opened.clock_used == timedelta(0)
    assert opened.due_at > table.clock.now()
    assert opened.number in {each.task for each in table.open_commands(timers=True)}


def test_deadline_is_not_watched_while_a_task_waits(table):
    played = Played(table, LEGAL)
    assert {each.task for each in table.open_commands(timers=True)} == {played.numbers[LEAD]}


@pytest.mark.parametrize("end", [REFUSED, GONE])
def test_failed_lead_cancels_what_waits_for_it(table, end):
    played = Played(table, LEGAL)
    played.prechecks()
    played.claim()
    played.answer(CommandKind.SEND, LEAD, end)
    assert played.states[1:] == [S.CANCELLED, S.CANCELLED]
    outcome = CaseOutcome.ALL_REJECTED if end is REFUSED else CaseOutcome.ALL_CANCELLED
    assert played.standing == (CaseState.DECIDED, outcome)
    assert (CommandKind.SEND, ONE) not in played.sent


def test_failure_goes_down_a_chain_and_success_opens_only_the_next_gate(table):
    played = Played(table, CHAIN)
    assert played.states == [S.READY, S.PENDING, S.PENDING]
    played.prechecks()
    played.answer(CommandKind.SEND, LEAD, Completed())
    assert played.states == [S.COMPLETED, S.READY, S.PENDING]
    played.claim()
    played.answer(CommandKind.SEND, ONE, REFUSED)
    assert played.states == [S.COMPLETED, S.REJECTED, S.CANCELLED]
    assert played.standing == (CaseState.DECIDED, CaseOutcome.PARTLY_COMPLETED)


def test_failure_of_the_first_of_a_chain_cancels_all_of_it_in_one_transaction(table):
    played = Played(table, CHAIN)
    played.prechecks()
    played.answer(CommandKind.SEND, LEAD, REFUSED)
    assert played.states == [S.REJECTED, S.CANCELLED, S.CANCELLED]


def test_gate_that_has_opened_stays_open_when_its_lead_is_withdrawn_afterwards(table):
    played = Played(table, LEGAL)
    played.prechecks()
    played.enter()
    played.poll(LEAD, GONE)
    assert S.CANCELLED not in played.states[1:]


def test_optional_member_that_was_not_chosen_is_not_in_the_case(table):
    played = Played(table, LEGAL, LEAD, ONE)
    assert played.states == [S.READY, S.PENDING]


# pre-checks


def test_obstacle_is_told_at_once_and_does_not_stop_the_lead(table):
    played = Played(table, LEGAL)
    played.prechecks(**{ONE[-2:]: ARREARS})
    check = played.task(ONE).precheck
    assert (check.state, check.error.code, check.charges[0].total_fen) == (
        PreCheckState.OBSTACLE,
        ErrorCode.ELG_ARREARS,
        12860,
    )
    told = [each.raw_code for each in table.events(played.numbers[ONE]) if each.task == played.numbers[ONE]]
    assert told == ["PRECHECK_OBSTACLE"]
    assert played.task(TWO).precheck.opinion == "可以办理"


def test_obstacle_is_asked_about_again_until_the_gate_and_a_yes_is_not(table):
    played = Played(table, LEGAL)
    played.prechecks(**{ONE[-2:]: ARREARS})
    played.passes(hours=5)
    assert (CommandKind.PRECHECK, ONE) in played.claim()
    played.answer(CommandKind.PRECHECK, ONE, YES)
    played.passes(hours=50)
    assert not [each for each in played.claim() if each[0] is CommandKind.PRECHECK]
    assert played.task(ONE).precheck.state is PreCheckState.PASSED


def test_same_obstacle_again_is_not_told_again(table):
    played = Played(table, LEGAL)
    for _ in range(3):
        played.prechecks(**{ONE[-2:]: ARREARS})
        played.passes(hours=5)
    assert len([each for each in table.events(played.numbers[ONE]) if each.task == played.numbers[ONE]]) == 1


def test_utility_that_cannot_be_reached_is_asked_again_and_blocks_nothing(table):
    played = Played(table, LEGAL)
    played.prechecks(**{ONE[-2:]: DOWN})
    assert played.task(ONE).precheck.state is PreCheckState.UNKNOWN
    played.enter()
    assert played.task(ONE).state is S.PENDING  # asked once more, now that it is to be committed
    played.claim()
    played.answer(CommandKind.PRECHECK, ONE, DOWN)
    assert played.task(ONE).state is S.READY


def test_old_check_is_made_anew_when_the_gate_opens_and_its_answer_commits(table):
    played = Played(table, LEGAL)
    played.prechecks()
    played.enter(hours=30)
    assert played.states == [S.IN_PROGRESS, S.PENDING, S.PENDING]
    played.prechecks()
    assert played.states == [S.IN_PROGRESS, S.READY, S.READY]


def test_gate_that_opens_before_any_check_is_answered_waits_for_that_answer_only(table):
    played = Played(table, LEGAL)
    played.claim()
    played.answer(CommandKind.SEND, LEAD, Completed())
    assert played.states == [S.COMPLETED, S.PENDING, S.PENDING]
    played.answer(CommandKind.PRECHECK, ONE, YES)
    assert played.task(ONE).state is S.READY
    assert len([each for each in played.sent if each == (CommandKind.PRECHECK, TWO)]) == 1


def test_obstacle_at_the_gate_waits_for_the_applicant_and_is_sent_once_it_is_gone(table):
    played = Played(table, LEGAL)
    played.prechecks(**{ONE[-2:]: ARREARS})
    played.enter()
    played.prechecks(**{ONE[-2:]: ARREARS})
    assert (played.task(ONE).state, played.task(ONE).error.amount_fen) == (S.AWAITING_APPLICANT, 12860)
    played.says(window.check_again, task=played.numbers[ONE])
    played.prechecks()
    assert played.task(ONE).state is S.READY
    assert (CommandKind.SEND, ONE) in played.claim()


def test_case_whose_members_wait_for_the_applicant_waits_for_a_supplement(table):
    played = Played(table, LEGAL, LEAD, ONE)
    played.prechecks(**{ONE[-2:]: ARREARS})
    played.answer(CommandKind.SEND, LEAD, Completed())
    played.prechecks(**{ONE[-2:]: ARREARS})
    assert played.standing == (CaseState.SUPPLEMENT, None)


def test_check_on_demand_takes_the_place_of_the_next_one_by_time(table):
    played = Played(table, LEGAL)
    played.prechecks(**{ONE[-2:]: ARREARS})
    for _ in range(3):
        played.says(window.check_again, task=None)
    assert sorted(played.claim()) == sorted([(CommandKind.PRECHECK, ONE), (CommandKind.PRECHECK, TWO)])


def test_check_that_its_worker_lost_is_asked_again_after_a_restart(table):
    played = Played(table, LEGAL)
    played.claim()
    played.held.clear()
    table.restart()
    assert (CommandKind.PRECHECK, ONE) in played.claim()


def test_answer_of_a_check_that_comes_after_the_order_is_sent_changes_nothing(table):
    played = Played(table, LEGAL)
    played.claim()
    late = next(each for each in played.held if each.kind is CommandKind.PRECHECK and each.order.item == ONE)
    played.prechecks()
    played.enter()
    table.apply(result(late, ARREARS, at=table.clock.now()))
    assert played.task(ONE).state is S.READY


def test_utility_that_cannot_be_asked_beforehand_gets_the_order_when_the_gate_opens(plain):
    played = Played(plain, LEGAL)
    assert played.task(ONE).precheck.state is PreCheckState.UNKNOWN
    assert {each[0] for each in played.claim()} == {CommandKind.SEND}
    played.answer(CommandKind.SEND, LEAD, Completed())
    assert played.states == [S.COMPLETED, S.READY, S.READY]


def test_nothing_is_checked_again_where_nothing_waits(table):
    played = Played(table, LEGAL, LEAD)
    with pytest.raises(NotAllowed):
        played.says(window.check_again, task=None)


# early commit


def _early(table, *, done):
    played = Played(table, EARLY)
    assert played.states == [S.READY, S.READY, S.PENDING]
    played.prechecks()
    played.answer(CommandKind.SEND, ONE, Completed() if done else Accepted(provider_ref="M1"))
    return played


def test_member_committed_early_is_taken_back_when_its_lead_fails(table):
    played = _early(table, done=True)
    played.answer(CommandKind.SEND, LEAD, REFUSED)
    assert played.states == [S.REJECTED, S.COMPENSATING, S.CANCELLED]
    assert (CommandKind.COMPENSATE, ONE) in played.claim()
    played.answer(CommandKind.COMPENSATE, ONE, GONE)
    assert played.states == [S.REJECTED, S.COMPENSATED, S.CANCELLED]
    assert played.standing == (CaseState.DECIDED, CaseOutcome.ALL_REJECTED)


def test_member_committed_early_and_not_done_yet_is_cancelled_when_its_lead_fails(table):
    played = _early(table, done=False)
    played.answer(CommandKind.SEND, LEAD, REFUSED)
    assert played.task(ONE).state is S.CANCELLING
    played.claim()
    played.answer(CommandKind.CANCEL, ONE, GONE)
    assert played.task(ONE).state is S.CANCELLED


def test_member_that_is_done_although_it_was_to_be_cancelled_is_taken_back_then(table):
    played = _early(table, done=False)
    played.answer(CommandKind.SEND, LEAD, REFUSED)
    played.claim()
    played.answer(CommandKind.CANCEL, ONE, NO)
    assert played.task(ONE).state is S.IN_PROGRESS
    played.poll(ONE, Completed())
    assert played.task(ONE).state is S.COMPENSATING
    assert [each[0] for each in played.claim()].count(CommandKind.COMPENSATE) == 1


@pytest.mark.parametrize("answer", [NO, Rejected(error=ServiceError(code=ErrorCode.ELG_CONTRACT))])
def test_what_cannot_be_taken_back_goes_to_a_person_with_what_was_said_and_stays_there(table, answer):
    played = _early(table, done=True)
    played.answer(CommandKind.SEND, LEAD, REFUSED)
    played.claim()
    played.answer(CommandKind.COMPENSATE, ONE, answer)
    assert (played.task(ONE).state, played.task(ONE).error) == (S.MANUAL, answer.error)
    played.passes(days=3)
    assert not played.claim()
    assert table.lost() == []


def test_taking_back_is_repeated_only_when_nothing_of_the_first_can_arrive_any_more(table):
    played = _early(table, done=True)
    played.answer(CommandKind.SEND, LEAD, REFUSED)
    played.claim()
    played.answer(CommandKind.COMPENSATE, ONE, LOST)
    fence = table.row(played.numbers[ONE]).doubt_until
    table.clock.time = fence - timedelta(seconds=0.5)
    for each in table.open_commands():
        table.run(lambda unit, name=each.id: setattr(unit.command(name), "not_before", table.clock.now()))
    played.claim()
    played.answer(CommandKind.COMPENSATE, ONE, Absent())
    assert (CommandKind.COMPENSATE, ONE) not in played.claim()
    played.passes(hours=1)
    played.claim()
    assert next(each for each in played.held if each.kind is CommandKind.COMPENSATE).in_doubt
    played.answer(CommandKind.COMPENSATE, ONE, Absent())
    played.passes(hours=1)
    played.claim()
    assert not next(each for each in played.held if each.kind is CommandKind.COMPENSATE).in_doubt


def test_lost_answer_to_a_taking_back_is_asked_about_and_not_repeated(table):
    played = _early(table, done=True)
    played.answer(CommandKind.SEND, LEAD, REFUSED)
    played.claim()
    played.answer(CommandKind.COMPENSATE, ONE, LOST)
    played.passes(hours=1)
    played.claim()
    (again,) = [each for each in played.held if each.kind is CommandKind.COMPENSATE]
    assert again.in_doubt
    played.answer(CommandKind.COMPENSATE, ONE, GONE)
    assert played.task(ONE).state is S.COMPENSATED


def test_lead_that_reaches_the_gate_leaves_an_early_member_alone(table):
    played = _early(table, done=True)
    played.answer(CommandKind.SEND, LEAD, Completed())
    assert played.task(ONE).state is S.COMPLETED
    assert played.task(ONE).waits == ()


def test_case_with_a_done_early_member_can_be_cancelled_and_takes_it_back(table):
    played = _early(table, done=True)
    played.answer(CommandKind.SEND, LEAD, Accepted(provider_ref="R1"))
    played.says(window.cancel, task=None)
    assert played.states == [S.CANCELLING, S.COMPLETED, S.CANCELLED]
    played.claim()
    played.answer(CommandKind.CANCEL, LEAD, GONE)
    assert played.states == [S.CANCELLED, S.COMPENSATING, S.CANCELLED]


# cancelling


def test_cancelled_lead_takes_the_waiting_with_it_and_a_cancelled_member_only_itself(table):
    played = Played(table, LEGAL)
    played.says(window.cancel, task=played.numbers[ONE])
    assert played.states == [S.READY, S.CANCELLED, S.PENDING]
    played.says(window.cancel, task=played.numbers[LEAD])
    assert played.states == [S.CANCELLED, S.CANCELLED, S.CANCELLED]
    assert not played.claim()


def test_order_that_waits_for_the_applicant_and_was_never_sent_is_cancelled_at_once(table):
    played = Played(table, LEGAL)
    played.prechecks(**{ONE[-2:]: ARREARS})
    played.enter()
    played.prechecks(**{ONE[-2:]: ARREARS})
    played.says(window.cancel, task=played.numbers[ONE])
    assert played.task(ONE).state is S.CANCELLED
    assert (CommandKind.CANCEL, ONE) not in played.claim()


# gates that no task opens


def test_lead_that_is_registered_elsewhere_is_waited_for_until_the_window_says_so(table):
    played = Played(table, LEGAL, ONE, TWO)
    played.prechecks()
    assert played.states == [S.PENDING, S.PENDING]
    played.says(window.tell_gate, passed=True, note="已登簿, 见不动产权证")
    assert played.states == [S.READY, S.READY]
    said = {each.opinion: each.source for each in table.events(played.numbers[ONE])}
    assert said["已登簿, 见不动产权证"] is EventSource.CLERK
    with pytest.raises(NotAllowed):
        played.says(window.tell_gate, passed=True, note=None)


def test_joint_survey_holds_everything_until_it_was_held_and_cancels_everything_if_it_fails(table):
    played = Played(table, SURVEY)
    assert {each[0] for each in played.claim()} == {CommandKind.PRECHECK}
    played.says(window.tell_gate, passed=False, note="不具备接入条件")
    assert played.states == [S.CANCELLED] * 3
    assert played.standing == (CaseState.DECIDED, CaseOutcome.ALL_CANCELLED)


def test_joint_check_sends_all_together_as_soon_as_none_has_an_obstacle(table):
    played = Played(table, CHECK)
    played.claim()
    played.answer(CommandKind.PRECHECK, LEAD, YES)
    played.answer(CommandKind.PRECHECK, ONE, DOWN)
    assert played.states == [S.PENDING] * 3
    played.answer(CommandKind.PRECHECK, TWO, YES)
    assert played.task(LEAD).state is played.task(TWO).state is S.READY


def test_obstacle_at_a_joint_check_holds_the_others_until_it_is_gone_or_its_part_is_given_up(table):
    played = Played(table, CHECK)
    played.prechecks(**{ONE[-2:]: ARREARS})
    assert played.states == [S.PENDING, S.AWAITING_APPLICANT, S.PENDING]
    assert played.standing == (CaseState.SUPPLEMENT, None)
    played.says(window.cancel, task=played.numbers[ONE])
    assert played.states == [S.READY, S.CANCELLED, S.READY]


def test_joint_check_at_utilities_that_cannot_be_asked_sends_at_once(plain):
    assert Played(plain, CHECK).states == [S.READY] * 3


def test_gate_that_a_task_of_the_case_opens_takes_no_word(table):
    played = Played(table, LEGAL)
    with pytest.raises(NotAllowed):
        played.says(window.tell_gate, passed=True, note=None)
