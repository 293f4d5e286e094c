"""Which task of a bundle waits for which, when a wait is over, and when it never will be."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.config import load_configuration
from hub.domain.case import PreCheck, PreCheckState, Task, Wait
from hub.domain.gates import applying, awaits_word, held_back, hopeless, met, stands, waits_of
from hub.domain.states import TaskState

S = TaskState
T0 = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
CATALOGUE = load_configuration().catalogue
BUNDLES = CATALOGUE.by_bundle


def numbered(*items):
    return [(f"C-{index:02d}", item) for index, item in enumerate(items, 1)]


def a_task(number="C-01", state=S.READY, **changes):
    fields = {"case_number": "C", "item": "JX6-WAT-01", "provider": "p", "endpoint": "e", "operation": "o"}
    return Task(number=number, state=state, state_since=T0, created_at=T0, **fields | changes)


def answered(state):
    return PreCheck(state=state, as_of=T0, checked_at=T0)


def test_members_of_the_home_transfer_wait_for_the_entry_and_may_be_checked_before():
    waits = waits_of(BUNDLES["JX6-TH-01"], numbered("JX6-RE-01", "JX6-WAT-01", "JX6-ELE-05"))
    assert waits == {
        number: (Wait(gate="legal_effect", after=("C-01",), precheck=True),) for number in ("C-02", "C-03")
    }


def test_lead_that_is_not_in_the_case_is_waited_for_by_word_from_outside():
    waits = waits_of(BUNDLES["JX6-TH-01"], numbered("JX6-WAT-01", "JX6-CTV-03"))
    assert all(awaits_word(wait) for each in waits.values() for wait in each)
    assert set(waits) == {"C-01", "C-02"}


def test_dependency_on_a_part_that_was_not_chosen_holds_nobody_back():
    assert waits_of(BUNDLES["JX6-TH-06"], numbered("JX6-CIT-02", "JX6-CIT-05")) == {}
    assert applying(BUNDLES["JX6-TH-06"], ["JX6-BUS-05", "JX6-BUS-06"])[0].after == "JX6-BUS-05"


def test_chain_of_the_lost_cards_goes_link_by_link():
    waits = waits_of(BUNDLES["JX6-TH-06"], numbered("JX6-CIT-05", "JX6-CIT-04", "JX6-CIT-02"))
    assert [waits[f"C-0{n}"][0].after for n in (1, 2)] == [("C-02",), ("C-03",)]


def test_item_that_stands_twice_is_waited_for_in_all_its_tasks():
    waits = waits_of(BUNDLES["JX6-TH-02"], numbered("JX6-GAS-01", "JX6-GAS-01", "JX6-GAS-04"))
    assert waits["C-03"][0].after == ("C-01", "C-02")


@pytest.mark.parametrize(("theme", "kind"), [("JX6-TH-03", "joint_survey"), ("JX6-TH-04", "joint_check")])
def test_parts_of_a_joint_gate_wait_together_and_what_is_not_in_the_bundle_does_not(theme, kind):
    members = BUNDLES[theme].members
    waits = waits_of(BUNDLES[theme], numbered(*members, "JX6-WAT-13"))
    assert [wait.gate for each in waits.values() for wait in each] == [kind] * len(members)


@pytest.mark.parametrize("theme", [None, "JX6-TH-05"])
def test_without_a_bundle_or_a_gate_nobody_waits(theme):
    assert waits_of(BUNDLES.get(theme), numbered("JX6-WAT-08", "JX6-GAS-09")) == {}


@pytest.mark.parametrize("theme", sorted(BUNDLES))
def test_every_shipped_bundle_can_come_to_an_end(theme):
    """With every part chosen, what has no wait left is done, and so on, until nothing waits."""
    codes = BUNDLES[theme].codes
    waits = waits_of(BUNDLES[theme], numbered(*codes))
    left = {number for number, each in waits.items() if any(wait.after for wait in each)}
    while left:
        free = {n for n in left if not any(after in left for wait in waits[n] for after in wait.after)}
        assert free
        left -= free


def test_legal_effect_is_enough_for_its_gate_and_not_for_that_of_completion():
    tasks = {"C-01": a_task(state=S.IN_PROGRESS, legal_effect=T0)}
    assert met(Wait(gate="legal_effect", after=("C-01",)), tasks)
    assert not met(Wait(gate="completed", after=("C-01",)), tasks)


@given(st.sampled_from(sorted(S)), st.booleans(), st.sampled_from(["legal_effect", "completed"]))
def test_wait_is_never_both_over_and_hopeless_and_a_final_lead_leaves_nobody_waiting(state, entered, gate):
    tasks = {"C-01": a_task(state=state, legal_effect=T0 if entered else None)}
    wait = Wait(gate=gate, after=("C-01",))
    assert not (met(wait, tasks) and hopeless(wait, tasks))
    if state.final:
        assert met(wait, tasks) or hopeless(wait, tasks)


@pytest.mark.parametrize(
    ("state", "over"),
    [(None, False), (PreCheckState.PASSED, True), (PreCheckState.UNKNOWN, True), (PreCheckState.OBSTACLE, False)],
)
def test_joint_check_is_over_when_each_part_is_answered_and_none_has_an_obstacle(state, over):
    wait = Wait(gate="joint_check", precheck=True)
    passed = a_task("C-01", S.PENDING, waits=(wait,), precheck=answered(PreCheckState.PASSED))
    other = a_task("C-02", S.PENDING, waits=(wait,), precheck=answered(state) if state else None)
    assert met(wait, {each.number: each for each in (passed, other)}) is over
    gone = other.with_(state=S.CANCELLED)
    assert met(wait, {each.number: each for each in (passed, gone)})


def test_only_what_is_committed_at_the_gate_is_held_back():
    early = Wait(gate="legal_effect", after=("C-01",), commit="early")
    assert not held_back((early,))
    assert held_back((early, Wait(gate="completed", after=("C-01",))))


def test_task_stands_when_it_waits_and_nobody_is_being_asked():
    wait = Wait(gate="joint_survey", precheck=True)
    assert not stands(a_task(state=S.PENDING, waits=(wait,)))
    assert stands(a_task(state=S.PENDING, waits=(wait,), precheck=answered(PreCheckState.PASSED)))
    assert not stands(a_task(state=S.PENDING, precheck=answered(PreCheckState.PASSED)))
    assert not stands(a_task(state=S.IN_PROGRESS))
