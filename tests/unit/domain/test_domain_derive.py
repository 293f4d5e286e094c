"""The state of a case as its tasks make it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.case import Task
from hub.domain.derive import ARCHIVED_AFTER, BY_HAND, Standing, derive, must_hand_over
from hub.domain.outcome import Output
from hub.domain.states import CaseOutcome, CaseState, TaskState

S, C, O = TaskState, CaseState, CaseOutcome  # noqa: E741 -- read as the word Outcome beside S and C
T0 = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
FINAL = [state for state in S if state.final]
OPEN = [state for state in S if not state.final]


def a_task(state, index=1, *kinds):
    return Task(
        number=f"JX6202611243304020000011-{index:02d}",
        case_number="JX6202611243304020000011",
        item="JX6-WAT-01",
        provider="water-city",
        endpoint="water-city",
        operation="3001:01",
        state=state,
        outputs=tuple(Output(kind=kind) for kind in kinds),
        state_since=T0,
        created_at=T0,
    )


def tasks_in(*states):
    return [a_task(state, n) for n, state in enumerate(states, 1)]


@pytest.mark.parametrize(
    ("states", "standing"),
    [
        ((), Standing(C.ACCEPTED)),
        ((S.READY,), Standing(C.PROCESSING)),
        ((S.COMPLETED, S.IN_PROGRESS), Standing(C.PROCESSING)),
        ((S.SUSPENDED,), Standing(C.PROCESSING)),
        ((S.PENDING, S.PENDING), Standing(C.PROCESSING)),
        ((S.AWAITING_APPLICANT, S.IN_PROGRESS), Standing(C.PROCESSING)),
        ((S.AWAITING_APPLICANT, S.MANUAL), Standing(C.PROCESSING)),
        ((S.AWAITING_APPLICANT,), Standing(C.SUPPLEMENT)),
        ((S.AWAITING_PAYMENT, S.COMPLETED), Standing(C.SUPPLEMENT)),
        ((S.AWAITING_APPLICANT, S.PENDING, S.PENDING), Standing(C.SUPPLEMENT)),
        ((S.AWAITING_PAYMENT, S.AWAITING_APPLICANT, S.SUSPENDED), Standing(C.SUPPLEMENT)),
        ((S.COMPENSATING, S.REJECTED), Standing(C.PROCESSING)),
        ((S.COMPENSATING, S.AWAITING_PAYMENT), Standing(C.PROCESSING)),
        ((S.COMPLETED, S.COMPLETED), Standing(C.DECIDED, O.ALL_COMPLETED)),
        ((S.COMPLETED, S.REJECTED), Standing(C.DECIDED, O.PARTLY_COMPLETED)),
        ((S.COMPLETED, S.CANCELLED), Standing(C.DECIDED, O.PARTLY_COMPLETED)),
        ((S.REJECTED, S.REJECTED), Standing(C.DECIDED, O.ALL_REJECTED)),
        ((S.REJECTED, S.CANCELLED, S.COMPENSATED), Standing(C.DECIDED, O.ALL_REJECTED)),
        ((S.CANCELLED, S.COMPENSATED), Standing(C.DECIDED, O.ALL_CANCELLED)),
    ],
)
def test_standing_follows_from_the_tasks(states, standing):
    assert derive(tasks_in(*states)) == standing


def test_case_is_delivered_when_every_output_is_handed_over():
    tasks = [a_task(S.COMPLETED, 1, "contract"), a_task(S.COMPLETED, 2, "card"), a_task(S.REJECTED, 3)]
    assert derive(tasks, handed_over=[tasks[0].number]).state is C.DECIDED
    assert derive(tasks, handed_over=[tasks[0].number, tasks[1].number]) == Standing(C.DELIVERED, O.PARTLY_COMPLETED)


def test_case_without_anything_to_hand_over_is_delivered_at_once():
    assert derive([a_task(S.COMPLETED, 1, "answer")], handed_over=[]).state is C.DELIVERED
    assert derive([a_task(S.REJECTED)], handed_over=[]).state is C.DELIVERED
    assert not must_hand_over(a_task(S.COMPLETED, 1, "answer"))


def test_case_is_archived_after_180_days():
    tasks = [a_task(S.COMPLETED)]
    before, after = T0 + ARCHIVED_AFTER - timedelta(seconds=1), T0 + timedelta(days=180)
    assert derive(tasks, handed_over=[], delivered_at=T0, now=before).state is C.DELIVERED
    assert derive(tasks, handed_over=[], delivered_at=T0, now=after).state is C.ARCHIVED


@given(st.lists(st.sampled_from(list(S)), min_size=1, max_size=8))
def test_case_is_decided_exactly_when_all_tasks_are_final(states):
    standing = derive(tasks_in(*states))
    assert (standing.state is C.DECIDED) is all(state.final for state in states)
    assert (standing.outcome is None) is (standing.state is not C.DECIDED)


@given(st.lists(st.sampled_from(list(S)), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_order_of_the_tasks_does_not_matter(states, random):
    shuffled = list(states)
    random.shuffle(shuffled)
    assert derive(tasks_in(*states)) == derive(tasks_in(*shuffled))


@given(st.lists(st.sampled_from(FINAL), min_size=1, max_size=6), st.sampled_from(OPEN))
def test_one_open_task_keeps_a_case_open_whatever_the_others_came_to(final, open_):
    assert derive(tasks_in(*final, open_)).state in {C.PROCESSING, C.SUPPLEMENT}


def test_by_hand_no_case_gets_beyond_acceptance():
    derived = {C.PROCESSING, C.DECIDED, C.DELIVERED, C.ARCHIVED}
    assert not derived & set(BY_HAND)
    assert not derived & {to for steps in BY_HAND.values() for to in steps}
