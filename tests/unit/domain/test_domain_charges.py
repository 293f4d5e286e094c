"""Charges: told from what a task knows and from its payments; the same debt keeps its name."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hub.domain.case import PreCheck, PreCheckState, Task
from hub.domain.charges import ChargeKind, ChargeState, arrears_charge
from hub.domain.form import OrderForm
from hub.domain.machine import advance_payment
from hub.domain.numbers import NumberFault, parse_task_number, payment_number, serial20, task_of_serial20
from hub.domain.owing import bill_charge, charges_of, fee_charge
from hub.domain.payments import Payment, PaymentProof
from hub.domain.reply import Bill, Reply
from hub.domain.states import PaymentState, TaskState
from hub.domain.taxonomy import ErrorCode, ServiceError

P, T0 = PaymentState, datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
FORM = OrderForm(account_no="0100012345")
CASE = "JX6202611243304020000015"


def a_task(state=TaskState.AWAITING_PAYMENT, **changes):
    made = Task(
        number=f"{CASE}-01",
        case_number=CASE,
        item="JX6-WAT-02",
        provider="water-city",
        endpoint="water-city",
        operation="3001:02",
        state=state,
        fee_due_fen=5000,
        provider_ref="W1",
        state_since=T0,
        created_at=T0,
    )
    return made.with_(**changes)


def paid(charge, state, number="51"):
    return Payment(id=f"{CASE}-{number}", bills=charge.debts, amount_fen=charge.amount_fen, state=state, charge=charge)


def only(task, *payments, online=True):
    (charge,) = charges_of(task, FORM, payments, online=online)
    return charge


def owed(*months, fen=100):
    return Reply(bills=tuple(Bill(period=month, total_fen=fen) for month in months))


def test_fee_is_due_while_its_order_waits_and_another_one_when_it_waits_again():
    charge = only(a_task())
    assert (charge.kind, charge.amount_fen, charge.order_ref, charge.state) == ("FEE", 5000, "W1", ChargeState.DUE)
    assert charges_of(a_task(TaskState.IN_PROGRESS), FORM, (), online=True) == ()
    assert fee_charge(a_task(state_since=T0 + timedelta(hours=1))).id != charge.id


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        (P.PAID, ChargeState.PAYING),
        (P.UNKNOWN, ChargeState.PAYING),
        (P.REVERSING, ChargeState.PAYING),
        (P.POSTED, ChargeState.SETTLED),
        (P.REVERSED, ChargeState.DUE),
    ],
)
def test_charge_stands_as_its_payment_makes_it(state, shown):
    charge = fee_charge(a_task())
    assert only(a_task(), paid(charge, state)).state is shown
    gone = only(a_task(TaskState.CANCELLED), paid(charge, state))
    assert gone.state is (ChargeState.RETURNED if state is P.REVERSED else shown)


@given(st.lists(st.sampled_from(list(P)), max_size=6))
def test_charge_is_settled_exactly_when_a_payment_of_it_is_posted(states):
    charge = fee_charge(a_task())
    found = only(a_task(), *(paid(charge, state, f"{51 + n}") for n, state in enumerate(states)))
    assert (found.state is ChargeState.SETTLED) == (P.POSTED in states)
    assert (found.state is ChargeState.DUE) == (set(states) <= {P.REVERSED})


def test_same_bills_are_the_same_charge_whatever_order_or_penalty():
    one = arrears_charge("t", "e", "a", owed("202609", "202610"), T0)
    two = arrears_charge("t", "e", "a", owed("202610", "202609", fen=110), T0 + timedelta(days=1))
    assert (one.id, one.debts) == (two.id, two.debts)
    assert (one.amount_fen, two.amount_fen) == (200, 220)
    assert arrears_charge("t", "e", "a", Reply(arrears_fen=0), T0) is None
    assert arrears_charge("t", "e", "a", Reply(arrears_fen=-5), T0) is None


def test_debt_without_names_is_the_same_for_a_day():
    one, same, next_day = [
        arrears_charge("t", "e", "a", Reply(arrears_fen=fen), T0 + timedelta(days=days))
        for fen, days in ((5, 0), (6, 0), (5, 1))
    ]
    assert one.debts == same.debts != next_day.debts


def test_arrears_that_stop_an_order_are_a_charge_unless_asking_has_found_them():
    error = ServiceError(code=ErrorCode.ELG_ARREARS, amount_fen=700)
    task = a_task(TaskState.REJECTED, error=error)
    charge = only(task)
    assert (charge.kind, charge.amount_fen, charge.account_no) == (ChargeKind.ARREARS, 700, "0100012345")
    found = arrears_charge(task.number, "water-city", "0100012345", owed("202610", fen=700), T0)
    assert only(task.with_(arrears=(found,))).id == found.id


def test_what_a_precheck_found_is_a_charge_until_the_order_is_done():
    check = PreCheck(state=PreCheckState.OBSTACLE, charges=owed("202610").bills, as_of=T0, checked_at=T0)
    assert only(a_task(TaskState.PENDING, precheck=check)).bill_ids == ("202610",)
    assert charges_of(a_task(TaskState.COMPLETED, precheck=check), FORM, (), online=True) == ()


def test_payment_item_is_a_charge_of_its_amount():
    form = FORM.with_(amount=1200, bill_ids=("202610",))
    charge = bill_charge(a_task(), form)
    assert (charge.kind, charge.amount_fen, charge.debts) == ("BILL", 1200, {"water-city|0100012345|202610"})


def test_payment_numbers_are_never_those_of_tasks_and_have_serials_of_their_own():
    numbers = [payment_number(CASE, n) for n in range(1, 50)]
    assert min(parse_task_number(number)[1] for number in numbers) == 51
    assert [task_of_serial20(serial20(number)) for number in numbers] == numbers
    for wrong in (0, 50):
        with pytest.raises(NumberFault):
            payment_number(CASE, wrong)


@pytest.mark.parametrize(
    "wrong", [{"amount_fen": 0}, {"channel": "GOLD"}, {"reference": "王"}, {"paid_at": datetime(2026, 11, 24)}]
)
def test_proof_that_proves_nothing_is_refused(wrong):
    good = {"reference": "P-1", "channel": "POS", "amount_fen": 1, "paid_at": T0}
    assert PaymentProof(**good)
    with pytest.raises(ValidationError):
        PaymentProof(**{**good, **wrong})


@given(st.lists(st.sampled_from(list(P)), max_size=12))
def test_payment_that_ended_reversed_moves_no_more(steps):
    payment = paid(fee_charge(a_task()), P.PAID)
    for to in steps:
        before = payment
        payment = advance_payment(payment, to).payment
        assert before.state is not P.REVERSED or payment == before
    assert payment.repayable == (payment.state is P.REVERSED)
