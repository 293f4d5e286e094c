"""Money of a case: fees and arrears posted at most once whatever happens to the exchange, asked about, taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hub import CaseState, TaskState
from hub.domain.charges import ChargeKind, ChargeState
from hub.domain.states import PaymentState
from hub.domain.taxonomy import ErrorCode
from hub.errors import DuplicateRequest, InputError, NotAllowed, NotFound, TryLater
from tests.toy.paying import ACCOUNT, due, pay_all, proof, till, waiting

P = PaymentState
LOST = ("after-commit", "half-status", "half-body", "garbage", "html", "dribble")
NOT_DONE = ("refused", "connect-hang", "before-commit", "busy")


async def states(hub, number):
    return [payment.state for payment in await hub.payments(number)]


async def test_fee_of_an_order_is_a_charge_and_paying_it_lets_the_order_go_on(tmp_path):
    async with till(tmp_path) as (_, server, hub):
        number = await waiting(hub, server)
        (charge,) = await due(hub, number)
        assert (charge.kind, charge.amount_fen, charge.online) == (ChargeKind.FEE, 5000, True)
        (payment,) = await pay_all(hub, number)
        assert payment.state is P.PAID
        assert (await hub.case(number)).tasks[0].paying
        case = await hub.wait(number, seconds=20)
        assert case.tasks[0].state is not TaskState.AWAITING_PAYMENT
        assert await states(hub, number) == [P.POSTED]
        (charge,) = await hub.charges(number)
        assert (charge.state, charge.payment) == (ChargeState.SETTLED, payment.id)
        assert server.ledger.summary() == {"order": 1, "payment": 1}


@pytest.mark.parametrize("kind", [*LOST, *NOT_DONE])
async def test_fee_is_posted_once_whatever_happens_to_its_message(tmp_path, kind):
    async with till(tmp_path) as (_, server, hub):
        number = await waiting(hub, server)
        server.faults.arm(kind, operation="pay")
        await pay_all(hub, number)
        await hub.wait(number, seconds=20)
        assert await states(hub, number) == [P.POSTED]
        assert server.ledger.summary() == {"order": 1, "payment": 1}
        serials = {serial for operation, serial, _ in server.calls if operation in {"pay", "paid"}}
        assert len(serials) == 1
        if kind in LOST:
            assert "paid" in [operation for operation, *_ in server.calls]


async def test_paying_twice_with_one_proof_is_one_payment_and_with_another_is_refused(tmp_path):
    async with till(tmp_path) as (_, server, hub):
        number = await waiting(hub, server)
        (charge,) = await due(hub, number)
        first = await hub.pay(number, [charge.id], proof("PAY-1"))
        again = await hub.pay(number, [charge.id, charge.id], proof("PAY-1"))
        assert [each.id for each in first] == [each.id for each in again]
        with pytest.raises(NotAllowed, match="give this money back"):
            await hub.pay(number, [charge.id], proof("PAY-2"))
        await hub.wait(number, seconds=20)
        assert (await hub.pay(number, [charge.id], proof("PAY-1")))[0].state is P.POSTED
        with pytest.raises(DuplicateRequest):
            await hub.pay(number, [charge.id], proof("PAY-1", 4999))
        assert server.ledger.count("payment") == 1


async def test_wrong_charges_and_amounts_store_nothing(tmp_path):
    async with till(tmp_path) as (_, server, hub):
        number = await waiting(hub, server)
        (charge,) = await due(hub, number)
        with pytest.raises(NotFound):
            await hub.pay(number, [f"{charge.id}0"], proof())
        with pytest.raises(InputError, match=r"50\.00 yuan"):
            await hub.pay(number, [charge.id], proof(fen=4999))
        with pytest.raises(InputError):
            await hub.pay(number, [], proof())
        assert await hub.payments(number) == ()


async def test_what_the_utility_refuses_is_the_payers_again(tmp_path):
    async with till(tmp_path) as (_, server, hub):
        number = await waiting(hub, server)
        server.refuses["pay"] = "amount"
        (payment,) = await pay_all(hub, number)
        await hub.wait(number, seconds=20)
        (payment,) = await hub.payments(number)
        assert (payment.state, payment.error.code, payment.repayable) == (P.REVERSED, ErrorCode.PAY_AMOUNT, True)
        server.refuses.clear()
        payment = await hub.refund(payment.id, reason="单位不收", repaid=proof("BACK-1"))
        assert (payment.repaid.reference, payment.repayable) == ("BACK-1", False)
        (payment,) = await pay_all(hub, number, "PAY-2")
        await hub.wait(number, seconds=20)
        assert await states(hub, number) == [P.REVERSED, P.POSTED]
        assert server.ledger.count("payment") == 1


async def test_money_for_an_order_that_is_cancelled_before_it_was_posted_goes_back(tmp_path):
    async with till(tmp_path) as (_, server, hub):
        number = await waiting(hub, server)
        server.refuses["pay"] = "busy"
        await pay_all(hub, number)
        while not (await hub.payments(number))[0].error:
            await hub.clock.sleep(1)
        await hub.cancel(number)
        with pytest.raises(NotAllowed):
            await hub.pay(number, [charge.id for charge in await hub.charges(number)], proof("PAY-2"))
        server.refuses.clear()
        await hub.wait(number, seconds=20)
        assert await states(hub, number) == [P.REVERSED]
        assert server.ledger.summary() == {"order": 1, "cancel": 1}


@pytest.mark.parametrize("kind", ["after-commit", "before-commit"])
async def test_fee_posted_while_its_order_is_being_cancelled_is_reversed_once(tmp_path, kind):
    async with till(tmp_path) as (clock, server, hub):
        number = await waiting(hub, server)
        server.faults.arm(kind, operation="pay")
        server.faults.arm("before-commit", operation="paid", times=3)
        await pay_all(hub, number)
        while await states(hub, number) == [P.PAID]:
            await clock.sleep(0.1)
        assert await states(hub, number) == [P.UNKNOWN]
        await hub.cancel(number)
        case = await hub.wait(number, seconds=20)
        assert case.tasks[0].state is TaskState.CANCELLED
        assert await states(hub, number) == [P.REVERSED]
        booked = [row["kind"] for row in server.booked]
        assert booked == (["P", "R"] if kind == "after-commit" else [])


async def test_posted_fee_of_an_order_that_the_utility_then_ends_is_reversed(tmp_path):
    async with till(tmp_path) as (clock, server, hub):
        number = await waiting(hub, server)
        await pay_all(hub, number)
        while await states(hub, number) != [P.POSTED]:
            await clock.sleep(1)
        server.stuck = "no"
        await hub.wait(number, seconds=20)
        assert await states(hub, number) == [P.REVERSED]
        assert server.ledger.summary() == {"order": 1, "payment": 1, "reversal": 1}


@pytest.mark.parametrize("kind", [None, *LOST, *NOT_DONE])
async def test_refund_reverses_once_whatever_happens_to_its_message(tmp_path, kind):
    async with till(tmp_path) as (_, server, hub):
        number = await waiting(hub, server)
        await pay_all(hub, number)
        await hub.wait(number, seconds=20)
        (payment,) = await hub.payments(number)
        if kind:
            server.faults.arm(kind, operation="reverse")
        for _ in range(2):
            await hub.refund(payment.id, reason="重复缴费")
        await hub.wait(number, seconds=20)
        assert await states(hub, number) == [P.REVERSED]
        assert server.ledger.count("reversal") == 1


async def test_refund_outside_the_utilitys_terms_is_refused_and_changes_nothing(tmp_path):
    async with till(tmp_path) as (clock, server, hub):
        number = await waiting(hub, server)
        await pay_all(hub, number)
        await hub.wait(number, seconds=20)
        (payment,) = await hub.payments(number)
        await clock.sleep(86400)
        with pytest.raises(NotAllowed, match="own day"):
            await hub.refund(payment.id, reason="重复缴费")
        assert await states(hub, number) == [P.POSTED]


async def test_reversal_that_the_utility_refuses_leaves_the_payment_posted_and_says_so(tmp_path):
    async with till(tmp_path) as (_, server, hub):
        number = await waiting(hub, server)
        await pay_all(hub, number)
        await hub.wait(number, seconds=20)
        (payment,) = await hub.payments(number)
        server.refuses["reverse"] = "late"
        await hub.refund(payment.id, reason="重复缴费")
        await hub.wait(number, seconds=20)
        (payment,) = await hub.payments(number)
        assert (payment.state, payment.error.code, payment.needs_person) == (P.POSTED, ErrorCode.ELG_STATUS, True)


async def test_payment_that_nobody_can_tell_anything_about_stays_unknown_and_is_not_sent_again(tmp_path):
    few = {"retry": {"attempts": 4, "base_seconds": 5, "cap_seconds": 60, "deadline_hours": 48}}
    async with till(tmp_path, changes=few) as (_, server, hub):
        number = await waiting(hub, server)
        server.faults.arm("after-commit", operation="pay")
        server.faults.arm("before-commit", operation="paid", times=1000)
        server.stuck = "fee"
        await pay_all(hub, number)
        while not (await hub.payments(number))[0].needs_person:
            await hub.clock.sleep(60)
        (payment,) = await hub.payments(number)
        assert payment.state is P.UNKNOWN
        with pytest.raises(NotAllowed, match="not known"):
            await hub.refund(payment.id, reason="超时")
        assert [operation for operation, *_ in server.calls].count("pay") == 1


# arrears


async def test_arrears_that_are_asked_for_become_a_charge_and_are_paid(tmp_path):
    async with till(tmp_path) as (_, server, hub):
        server.owed[ACCOUNT] = {"202609": 1200, "202610": 3400}
        number = await waiting(hub, server, "work")
        assert await hub.charges(number) == ()
        (charge,) = await due(hub, number, ask=True)
        assert (charge.kind, charge.amount_fen, charge.bill_ids) == (ChargeKind.ARREARS, 4600, ("202609", "202610"))
        await pay_all(hub, number)
        while await states(hub, number) != [P.POSTED]:
            await hub.clock.sleep(1)
        assert await due(hub, number, ask=True) == []
        (paid,) = server.ledger.entries[-1:]
        assert (paid.effect, paid.facts["fen"]) == ("payment", 4600)


async def test_utility_that_does_not_answer_about_arrears_is_named(tmp_path):
    async with till(tmp_path) as (_, server, hub):
        number = await waiting(hub, server, "work")
        server.faults.arm("before-commit", operation="arrears")
        with pytest.raises(TryLater, match="water-city"):
            await hub.charges(number, ask=True)


async def test_debt_that_two_cases_pay_is_posted_once_and_the_second_payer_gets_the_money_back(tmp_path):
    async with till(tmp_path) as (_, server, hub):
        server.owed[ACCOUNT] = {"202610": 3400}
        one, two = [await waiting(hub, server, "work", request_id=f"request-{n}") for n in (1, 2)]
        (charge,), (same,) = await due(hub, one, ask=True), await due(hub, two, ask=True)
        server.refuses["pay"] = "busy"
        await hub.pay(one, [charge.id], proof("PAY-1", 3400))
        with pytest.raises(NotAllowed, match="another payment"):
            await hub.pay(two, [same.id], proof("PAY-2", 3400))
        server.refuses.clear()
        while await states(hub, one) != [P.POSTED]:
            await hub.clock.sleep(60)
        assert server.ledger.count("payment") == 1


# payment items


def item(n=1, **form):
    from tests.toy.hubs import application

    made = application("JX6-WAT-14", request_id=f"bill-request-{n}")
    (request,) = made.items
    given = {"account_no": ACCOUNT, "bill_ids": ["202610"], "amount": 3400, **form}
    return made.with_(items=(request.with_(form={**request.form, **given}),))


@pytest.mark.parametrize("kind", [None, *LOST, *NOT_DONE])
async def test_payment_item_has_a_payment_that_stands_where_its_task_stands(tmp_path, kind):
    async with till(tmp_path) as (_, server, hub):
        server.owed[ACCOUNT] = {"202610": 3400}
        if kind:
            server.faults.arm(kind, operation="pay")
        case = await hub.submit(item())
        assert (await hub.payments(case.number))[0].state in {P.PAID, P.UNKNOWN}
        case = await hub.wait(case.number, seconds=20)
        assert case.state is CaseState.DECIDED
        (payment,) = await hub.payments(case.number)
        assert (payment.state, payment.id) == (P.POSTED, case.tasks[0].number)
        assert payment.provider_receipt == server.booked[0]["receipt"]
        assert server.ledger.summary() == {"payment": 1}
        await hub.refund(payment.id, reason="多缴")
        await hub.wait(case.number, seconds=20)
        assert await states(hub, case.number) == [P.REVERSED]


async def test_two_payment_items_for_one_bill_are_posted_once(tmp_path):
    async with till(tmp_path) as (_, server, hub):
        server.owed[ACCOUNT] = {"202610": 3400}
        server.refuses["pay"] = "busy"
        one, two = [await hub.submit(item(n)) for n in (1, 2)]
        await hub.clock.sleep(30)
        server.refuses.clear()
        cases = [await hub.wait(case.number, seconds=20) for case in (one, two)]
        assert sorted(case.tasks[0].state for case in cases) == [TaskState.CANCELLED, TaskState.COMPLETED]
        assert sorted([*await states(hub, one.number), *await states(hub, two.number)]) == [P.POSTED, P.REVERSED]
        assert server.ledger.summary() == {"payment": 1}


async def test_payment_item_that_is_refused_gives_its_money_back(tmp_path):
    async with till(tmp_path) as (_, _, hub):
        case = await hub.submit(item())
        case = await hub.wait(case.number, seconds=20)
        assert case.tasks[0].state is TaskState.REJECTED
        (payment,) = await hub.payments(case.number)
        assert (payment.state, payment.error.code) == (P.REVERSED, ErrorCode.PAY_AMOUNT)


# the day's file


async def test_hub_ledger_and_file_agree_to_the_fen(tmp_path):
    async with till(tmp_path) as (clock, server, hub):
        server.owed[ACCOUNT] = {"202610": 3400}
        number = await waiting(hub, server)
        await pay_all(hub, number)
        await hub.wait(number, seconds=20)
        case = await hub.submit(item())
        await hub.wait(case.number, seconds=20)
        (payment,) = await hub.payments(case.number)
        await hub.refund(payment.id, reason="多缴")
        await hub.wait(case.number, seconds=20)
        await clock.sleep(86400)
        (run,) = await hub.reconcile((clock.now() - timedelta(days=1)).date(), "water-city")
        assert run.agrees, [each.model_dump() for each in run.differences]
        assert run.ours == run.theirs
        assert (run.ours.count, run.ours.sum_fen) == (3, 5000)
        assert sum(row["fen"] for row in server.booked) == 5000


async def test_day_without_a_file_is_a_run_with_an_error(tmp_path):
    async with till(tmp_path) as (clock, _, hub):
        (run,) = await hub.reconcile(clock.now().date(), "water-city")
        assert (run.agrees, run.error.code) == (False, ErrorCode.UPS_MAINTENANCE)
        with pytest.raises(InputError):
            await hub.reconcile((clock.now() + timedelta(days=1)).date())
        with pytest.raises(NotFound):
            await hub.reconcile(clock.now().date(), "nobody")


async def test_payment_in_doubt_that_the_file_lists_is_adopted(tmp_path):
    few = {"retry": {"attempts": 4, "base_seconds": 5, "cap_seconds": 60, "deadline_hours": 48}}
    async with till(tmp_path, changes=few) as (clock, server, hub):
        number = await waiting(hub, server)
        server.faults.arm("after-commit", operation="pay")
        server.faults.arm("before-commit", operation="paid", times=1000)
        await pay_all(hub, number)
        await clock.sleep(86400)
        day = (clock.now() - timedelta(days=1)).date()
        (run,) = await hub.reconcile(day, "water-city")
        assert [(each.kind, each.resolution) for each in run.differences] == [(ErrorCode.REC_STATUS, "ADOPT")]
        (payment,) = await hub.payments(number)
        assert (payment.state, payment.needs_person) == (P.POSTED, False)
        (run,) = await hub.reconcile(day, "water-city")
        assert run.agrees
        assert server.ledger.count("payment") == 1


async def test_payment_in_doubt_that_no_file_lists_may_be_given_back(tmp_path):
    few = {"retry": {"attempts": 4, "base_seconds": 5, "cap_seconds": 60, "deadline_hours": 48}}
    async with till(tmp_path, changes=few) as (clock, server, hub):
        number = await waiting(hub, server)
        server.faults.arm("before-commit", operation="pay")
        server.faults.arm("before-commit", operation="paid", times=1000)
        await pay_all(hub, number)
        await clock.sleep(86400)
        (payment,) = await hub.payments(number)
        with pytest.raises(NotAllowed):
            await hub.refund(payment.id, reason="未到账")
        (run,) = await hub.reconcile((clock.now() - timedelta(days=1)).date(), "water-city")
        assert [each.resolution for each in run.differences] == ["INQUIRE"]
        assert (await hub.refund(payment.id, reason="未到账")).state is P.REVERSED
        assert server.booked == []
