"""The task and payment machines: which step is allowed to whom, and what each refusal leaves behind."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.calendar import WorkCalendar
from hub.domain.case import Task, TaskEvent
from hub.domain.machine import (
    ALLOWED,
    LIVE,
    MAY_SAY,
    PAYMENTS,
    SOURCES,
    Payment,
    advance,
    advance_payment,
    clock_at,
    may_post,
)
from hub.domain.outcome import Output
from hub.domain.states import CaseState, ClockKind, EventSource, PaymentState, TaskState
from hub.domain.taxonomy import ErrorCode, ServiceError

S, By, P = TaskState, EventSource, PaymentState
T0 = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def a_task(state=S.READY, **changes):
    fields = {
        "number": "JX6202611243304020000011-01",
        "case_number": "JX6202611243304020000011",
        "item": "JX6-WAT-01",
        "provider": "water-city",
        "endpoint": "water-city",
        "operation": "3001:01",
        "state": state,
        "state_since": T0,
        "created_at": T0,
    }
    return Task(**fields | changes)


def an_event(to, source=By.CALLBACK, minutes=1.0, **changes):
    at = T0 + minutes * MINUTE
    fields = {
        "id": f"{source}-{to}-{minutes}",
        "task": "JX6202611243304020000011-01",
        "source": source,
        "to": to,
        "event_time": at,
        "received_at": at,
    }
    return TaskEvent(**fields | changes)


def test_every_state_is_in_the_table():
    assert set(ALLOWED) == set(S)
    assert set(PAYMENTS) == set(P)


@pytest.mark.parametrize("labels", [S, CaseState, P, By])
def test_every_state_has_its_own_chinese_label(labels):
    zh = [state.label_zh for state in labels]
    assert all(label and not label.isascii() for label in zh)
    if labels is not P:
        assert len(set(zh)) == len(zh)


def test_final_states_are_left_only_for_compensation():
    for state in S:
        if state.final:
            assert ALLOWED[state] == ({S.COMPENSATING} if state is S.COMPLETED else frozenset())
        else:
            assert ALLOWED[state], "a state that is not final leads somewhere"


def test_dispatching_is_reached_only_from_ready():
    assert [state for state in S if S.DISPATCHING in ALLOWED[state]] == [S.READY]


def test_every_open_state_but_compensating_can_be_cancelled():
    for state in S:
        open_ = not state.final and state not in {S.CANCELLING, S.COMPENSATING}
        assert (S.CANCELLING in ALLOWED[state]) is open_


def test_every_state_is_reachable_and_every_open_one_can_end():
    seen, grey = {S.PENDING}, [S.PENDING]
    while grey:
        for to in ALLOWED[grey.pop()] - seen:
            seen.add(to)
            grey.append(to)
    assert seen == set(S)


def test_source_rules_name_only_allowed_steps():
    for (state, to), sources in SOURCES.items():
        assert to in ALLOWED[state]
        assert sources


def test_every_source_may_say_something_and_none_makes_a_task_wait_for_its_gate():
    assert set(MAY_SAY) == set(By)
    assert all(states and S.PENDING not in states for states in MAY_SAY.values())


def test_live_orders_have_a_clock_of_the_provider_or_none():
    assert {state.clock for state in LIVE} == {ClockKind.PROVIDER, ClockKind.STOPPED}


@pytest.mark.parametrize(
    "steps",
    [
        [(S.DISPATCHING, By.HUB), (S.COMPLETED, By.CALL)],
        [(S.DISPATCHING, By.HUB), (S.ACCEPTED, By.CALL), (S.IN_PROGRESS, By.POLL), (S.COMPLETED, By.CALLBACK)],
        [(S.HELD, By.TIMER), (S.READY, By.TIMER), (S.DISPATCHING, By.HUB), (S.HELD, By.CALL), (S.READY, By.TIMER)],
        [(S.DISPATCHING, By.HUB), (S.UNKNOWN, By.CALL), (S.ACCEPTED, By.POLL), (S.REJECTED, By.CALLBACK)],
        [(S.DISPATCHING, By.HUB), (S.UNKNOWN, By.TIMER), (S.READY, By.POLL), (S.DISPATCHING, By.HUB)],
        [(S.DISPATCHING, By.HUB), (S.UNKNOWN, By.CALL), (S.MANUAL, By.TIMER), (S.READY, By.CLERK)],
        [(S.DISPATCHING, By.HUB), (S.ACCEPTED, By.CALL), (S.CANCELLING, By.APPLICANT), (S.CANCELLED, By.CALL)],
        [(S.DISPATCHING, By.HUB), (S.IN_PROGRESS, By.CALL), (S.CANCELLING, By.APPLICANT), (S.IN_PROGRESS, By.HUB)],
        [(S.DISPATCHING, By.HUB), (S.COMPLETED, By.CALL), (S.COMPENSATING, By.HUB), (S.COMPENSATED, By.CALL)],
        [(S.DISPATCHING, By.HUB), (S.IN_PROGRESS, By.CALL), (S.AWAITING_PAYMENT, By.POLL), (S.SUSPENDED, By.FILE)],
    ],
)
def test_usual_course_is_allowed(steps):
    task = a_task()
    for minute, (to, source) in enumerate(steps, 1):
        result = advance(task, an_event(to, source, minute))
        assert result.applied, result.reason
        task = result.task
        assert task.state is to


@pytest.mark.parametrize(
    ("state", "to", "source", "reason"),
    [
        (S.PENDING, S.DISPATCHING, By.HUB, "not-allowed"),
        (S.PENDING, S.READY, By.CALLBACK, "source"),
        (S.UNKNOWN, S.DISPATCHING, By.HUB, "not-allowed"),
        (S.UNKNOWN, S.READY, By.TIMER, "source"),
        (S.UNKNOWN, S.READY, By.CALL, "source"),
        (S.DISPATCHING, S.READY, By.TIMER, "source"),
        (S.PENDING, S.CANCELLED, By.TIMER, "source"),
        (S.IN_PROGRESS, S.COMPLETED, By.TIMER, "source"),
        (S.READY, S.ACCEPTED, By.CALL, "source"),
        (S.IN_PROGRESS, S.ACCEPTED, By.CALL, "not-allowed"),
        (S.IN_PROGRESS, S.UNKNOWN, By.CALL, "not-allowed"),
        (S.IN_PROGRESS, S.COMPLETED, By.APPLICANT, "source"),
        (S.CANCELLING, S.IN_PROGRESS, By.CALLBACK, "source"),
        (S.CANCELLING, S.READY, By.CALL, "not-allowed"),
        (S.COMPLETED, S.CANCELLING, By.APPLICANT, "final"),
        (S.COMPLETED, S.IN_PROGRESS, By.CALLBACK, "final"),
        (S.COMPLETED, S.COMPENSATING, By.CALLBACK, "source"),
        (S.CANCELLED, S.COMPLETED, By.CALLBACK, "final"),
        (S.COMPENSATING, S.COMPLETED, By.POLL, "source"),
    ],
)
def test_step_is_refused_and_leaves_the_task_as_it_was(state, to, source, reason):
    task = a_task(state)
    result = advance(task, an_event(to, source))
    assert (result.applied, result.reason) == (False, reason)
    assert result.task is task
    assert (result.event.from_, result.event.applied) == (state, False)


def test_only_a_clerk_sends_again_from_manual_and_only_what_was_sent():
    for source in By:
        sent = advance(a_task(S.MANUAL, attempts=1), an_event(S.READY, source))
        assert sent.applied is (source is By.CLERK)
        assert not advance(a_task(S.MANUAL), an_event(S.READY, source)).applied


def test_unlisted_steps_are_refused_from_every_source():
    for state, to, source in product(S, S, By):
        if to is state or to in ALLOWED[state]:
            continue
        assert not advance(a_task(state), an_event(to, source)).applied


def test_late_order_that_turns_up_is_adopted_before_it_is_sent_again():
    for state in (S.READY, S.HELD):
        result = advance(a_task(state), an_event(S.ACCEPTED, By.CALLBACK, provider_ref="W1"))
        assert result.applied
        assert result.task.provider_ref == "W1"


def test_event_of_another_task_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="another task"):
        advance(a_task(), an_event(S.HELD, By.TIMER).with_(task="JX6202611243304020000011-02"))


def test_same_event_again_is_a_duplicate():
    event = an_event(S.IN_PROGRESS)
    once = advance(a_task(S.ACCEPTED), event)
    twice = advance(once.task, event)
    assert once.applied
    assert (twice.applied, twice.reason) == (False, "duplicate")
    assert twice.task is once.task


def test_older_provider_event_is_stale():
    task = advance(a_task(S.ACCEPTED), an_event(S.AWAITING_PAYMENT, minutes=5)).task
    late = advance(task, an_event(S.IN_PROGRESS, minutes=4))
    assert (late.reason, late.task) == ("stale", task)


def test_rank_orders_events_of_one_instant():
    task = advance(a_task(S.ACCEPTED), an_event(S.AWAITING_PAYMENT, rank=4)).task
    assert advance(task, an_event(S.IN_PROGRESS, rank=3)).reason == "stale"
    assert advance(task, an_event(S.IN_PROGRESS, rank=5)).applied


def test_hub_time_is_never_compared_with_the_providers():
    task = advance(a_task(S.DISPATCHING), an_event(S.ACCEPTED, By.CALL, minutes=5)).task
    assert advance(task, an_event(S.IN_PROGRESS, By.CALLBACK, minutes=4)).applied
    ahead = advance(a_task(S.ACCEPTED), an_event(S.IN_PROGRESS, minutes=60)).task
    assert advance(ahead, an_event(S.CANCELLING, By.APPLICANT, minutes=2)).applied


def test_report_of_the_same_state_moves_nothing_but_brings_details():
    task = a_task(S.COMPLETED, provider_ref="W1")
    contract = Output(kind="contract", identifier="HT1")
    result = advance(task, an_event(S.COMPLETED, outputs=(contract,)))
    assert (result.applied, result.reason) == (False, "same-state")
    assert result.task.outputs == (contract,)
    assert result.task.state_since == task.state_since
    assert advance(result.task, an_event(S.COMPLETED, minutes=2)).task.outputs == (contract,)


def test_legal_effect_is_learnt_without_a_change_of_state_and_not_forgotten():
    task = advance(a_task(S.ACCEPTED), an_event(S.IN_PROGRESS, By.POLL)).task
    entered = advance(task, an_event(S.IN_PROGRESS, By.POLL, minutes=7, legal_effect=T0 + 7 * MINUTE)).task
    assert (task.legal_effect, entered.legal_effect) == (None, T0 + 7 * MINUTE)
    assert advance(entered, an_event(S.COMPLETED, By.POLL, minutes=9)).task.legal_effect == T0 + 7 * MINUTE


def test_poll_that_brings_nothing_new_leaves_the_task_as_it_was():
    task = advance(a_task(S.ACCEPTED), an_event(S.IN_PROGRESS, By.POLL)).task
    again = an_event(S.IN_PROGRESS, By.POLL).with_(id="poll-2", received_at=T0 + 60 * MINUTE)
    assert advance(task, again).task is task
    later = advance(task, an_event(S.IN_PROGRESS, By.POLL, minutes=9)).task
    assert later.seen == task.seen
    assert later.last_event_time == T0 + 9 * MINUTE


def test_order_of_another_number_is_not_ours():
    task = a_task(S.ACCEPTED, provider_ref="W1")
    result = advance(task, an_event(S.COMPLETED, provider_ref="W2"))
    assert (result.reason, result.task) == ("other-order", task)
    assert advance(task, an_event(S.COMPLETED, By.CLERK, provider_ref="W2")).task.provider_ref == "W2"


@pytest.mark.parametrize("state", [S.CANCELLING, S.IN_PROGRESS])
def test_overtaken_reply_still_tells_the_order_number(state):
    result = advance(a_task(state), an_event(S.ACCEPTED, By.CALL, provider_ref="W1"))
    assert not result.applied
    assert (result.task.state, result.task.provider_ref) == (state, "W1")


def test_applied_event_is_kept_whole_with_its_raw_code():
    result = advance(a_task(S.ACCEPTED), an_event(S.AWAITING_PAYMENT, raw_code="30", fee_due_fen=5000))
    assert (result.event.from_, result.event.to, result.event.raw_code) == (S.ACCEPTED, S.AWAITING_PAYMENT, "30")
    assert result.event.applied
    assert result.task.fee_due_fen == 5000
    assert result.task.version == 1


def test_attempts_count_the_claims():
    task = a_task()
    for minute, (to, source) in enumerate([(S.DISPATCHING, By.HUB), (S.READY, By.CALL), (S.DISPATCHING, By.HUB)], 1):
        task = advance(task, an_event(to, source, minute)).task
    assert task.attempts == 2


def test_error_stays_through_the_hubs_own_steps_and_goes_with_the_next_report():
    busy = ServiceError(code=ErrorCode.UPS_BUSY)
    task = advance(a_task(S.DISPATCHING), an_event(S.READY, By.CALL, error=busy)).task
    task = advance(task, an_event(S.DISPATCHING, By.HUB, 2)).task
    assert task.error == busy
    assert advance(task, an_event(S.ACCEPTED, By.CALL, 3)).task.error is None


def test_clock_runs_on_the_calendar_and_stands_while_the_applicant_is_waited_for():
    worked = WorkCalendar.seeded().working_time
    task = a_task(S.ACCEPTED)
    for to, hours in ((S.AWAITING_APPLICANT, 2), (S.IN_PROGRESS, 26), (S.COMPLETED, 27)):
        task = advance(task, an_event(to, minutes=hours * 60), worked=worked).task
    assert task.clock_used == timedelta(hours=3)
    assert clock_at(task, T0 + timedelta(days=5), worked=worked) == timedelta(hours=3)


def test_clock_of_the_present_state_runs_on():
    assert clock_at(a_task(S.ACCEPTED), T0 + 3 * MINUTE) == 3 * MINUTE
    assert clock_at(a_task(S.AWAITING_PAYMENT), T0 + 3 * MINUTE) == timedelta(0)


def test_event_time_before_the_last_change_or_in_the_future_does_not_bend_the_clock():
    early = advance(a_task(S.ACCEPTED), an_event(S.AWAITING_PAYMENT, minutes=-5)).task
    assert (early.state_since, early.clock_used) == (T0, timedelta(0))
    ahead = an_event(S.AWAITING_PAYMENT, minutes=90, received_at=T0 + MINUTE)
    assert advance(a_task(S.ACCEPTED), ahead).task.clock_used == MINUTE


def a_payment(state=P.PAID, id_="p1", bills=("b1",)):
    return Payment(id=id_, bills=frozenset(bills), amount_fen=1250, state=state)


def test_payment_course_from_paid_to_posted_to_reversed():
    payment = a_payment(P.INITIATED)
    for to in (P.PAID, P.UNKNOWN, P.POSTED, P.REVERSING, P.REVERSED):
        result = advance_payment(payment, to, receipt="PZ1" if to is P.POSTED else None)
        assert result.applied
        payment = result.payment
    assert (payment.state, payment.provider_receipt) == (P.REVERSED, "PZ1")


@pytest.mark.parametrize(
    ("state", "to", "reason"),
    [
        (P.INITIATED, P.POSTED, "not-allowed"),
        (P.REVERSED, P.POSTED, "not-allowed"),
        (P.POSTED, P.PAID, "not-allowed"),
        (P.POSTED, P.POSTED, "same-state"),
    ],
)
def test_payment_step_is_refused(state, to, reason):
    payment = a_payment(state)
    result = advance_payment(payment, to)
    assert (result.payment, result.applied, result.reason) == (payment, False, reason)


@pytest.mark.parametrize("rival", [P.POSTED, P.UNKNOWN, P.REVERSING])
def test_bill_that_may_be_settled_already_is_not_posted(rival):
    assert not may_post(a_payment(), [a_payment(rival, "p2")])
    assert may_post(a_payment(), [a_payment(rival, "p2", bills=("b2",))])


def test_only_the_first_of_two_paid_payments_may_be_posted():
    one, two = a_payment(id_="p1"), a_payment(id_="p2", bills=("b1", "b2"))
    assert may_post(one, [one, two])
    assert not may_post(two, [one, two])
    assert may_post(two, [a_payment(P.REVERSED, "p1"), two])


def test_second_posting_of_a_bill_is_turned_into_its_reversal():
    result = advance_payment(a_payment(P.UNKNOWN), P.POSTED, [a_payment(P.POSTED, "p2")])
    assert (result.payment.state, result.applied, result.reason) == (P.REVERSING, True, "posted-twice")


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from(list(P))),
        max_size=40,
    )
)
def test_no_bill_is_ever_posted_twice(steps):
    bills = [("b1",), ("b1", "b2"), ("b2",), ("b1",)]
    payments = [a_payment(P.INITIATED, f"p{n}", bills[n]) for n in range(4)]
    for which, to in steps:
        payments[which] = advance_payment(payments[which], to, payments).payment
        posted = [bill for payment in payments if payment.state is P.POSTED for bill in payment.bills]
        assert len(posted) == len(set(posted))
