"""The gas adapter against the simulator: what is owed, payments, fees, reversals, the day's records."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hub.domain.states import TaskState
from hub.domain.taxonomy import ErrorCode
from tests.integration.gas_hub import START, acceptable, day_query, order_of, payment, query, running

OWING = "10020001"


def receipt_of(outcome):
    return [output.identifier for output in outcome.outputs if output.kind == "receipt"]


async def test_arrears_are_told_to_a_query_and_to_an_order_of_the_item():
    async with running() as hub:
        reply = await hub.run("arrears", query(account_no=OWING))
        assert (reply.arrears_fen, [bill.bill_id for bill in reply.bills]) == (8640, ["202511", "202512"])
        assert [(bill.charge_fen, bill.penalty_fen, bill.total_fen) for bill in reply.bills] == [
            (4960, 120, 5080),
            (3410, 150, 3560),
        ]
        outcome = await hub.run("arrears", order_of("JX6-GAS-12", form={"account_no": OWING, "period": "202512"}))
        assert (outcome.kind, outcome.outputs[0].data["arrears_fen"]) == ("completed", 8640)
        assert [bill["period"] for bill in outcome.outputs[0].data["bills"]] == ["202512"]
        assert "records" not in outcome.outputs[0].data


async def test_arrears_of_an_unknown_account_reject_the_order():
    async with running() as hub:
        outcome = await hub.run("arrears", order_of("JX6-GAS-12", form={"account_no": "10099999"}))
        assert (outcome.kind, outcome.error.code) == ("rejected", ErrorCode.ELG_ACCOUNT_NOT_FOUND)


async def test_payment_is_posted_once_and_a_repeat_brings_the_same_receipt():
    async with running() as hub:
        first, second = await hub.run("pay", payment()), await hub.run("pay", payment())
        assert (first.kind, second.kind) == ("completed", "completed")
        assert receipt_of(first) == receipt_of(second) == ["R202611240000001"]
        assert hub.gas.ledger.count("payment") == 1
        assert (await hub.run("arrears", query(account_no=OWING))).arrears_fen == 0


async def test_bill_that_another_channel_has_paid_is_refused_and_not_called_ours():
    async with running() as hub:
        await hub.run("pay", payment(seq=1))
        outcome = await hub.run("pay", payment(seq=2))
        assert (outcome.kind, outcome.error.code, outcome.raw_code) == ("rejected", ErrorCode.PAY_AMOUNT, "GAS-2002")
        assert hub.gas.ledger.count("payment") == 1


async def test_some_of_the_bills_can_be_paid():
    async with running() as hub:
        assert (await hub.run("pay", payment(amount=5080, bills=("202511",)))).kind == "completed"
        assert (await hub.run("arrears", query(account_no=OWING))).arrears_fen == 3560


@pytest.mark.parametrize(
    ("changes", "code", "raw", "amount"),
    [
        ({"amount": 8641}, ErrorCode.PAY_AMOUNT, "GAS-2001", 8640),
        ({"account": "10020006"}, ErrorCode.ELG_NOT_ELIGIBLE, "GAS-1007", None),
        ({"account": "10099999"}, ErrorCode.ELG_ACCOUNT_NOT_FOUND, "GAS-1001", None),
        ({"bills": ("202501",)}, ErrorCode.ELG_ACCOUNT_NOT_FOUND, "GAS-1009", None),
    ],
)
async def test_payment_is_refused_with_its_reason(changes, code, raw, amount):
    async with running() as hub:
        outcome = await hub.run("pay", payment(**changes))
        assert (outcome.kind, outcome.error.code, outcome.raw_code) == ("rejected", code, raw)
        assert outcome.error.amount_fen == amount
        assert hub.gas.ledger.count() == 0


async def test_inquiry_of_a_payment_that_was_not_made_is_absent_and_pays_nothing():
    async with running() as hub:
        assert (await hub.run("find_payment", payment())).kind == "absent"
        assert hub.gas.ledger.count() == 0


@pytest.mark.parametrize("kind", ["before-commit", "after-commit", "garbage", "crash-after-commit"])
async def test_fee_of_an_order_is_paid_once_whatever_becomes_of_the_answer(kind):
    async with running() as hub:
        order = await hub.accepted("JX6-GAS-01")
        fee = order.with_(form=order.form.with_(amount=250_000, pay_channel="WECHAT"))
        early = await hub.run("pay", fee)
        assert (early.kind, early.raw_code) == ("rejected", "GAS-1010")
        await hub.gas.advance(order.provider_ref, "PENDING_PAYMENT")
        hub.gas.faults.arm(kind, operation="payBill")
        assert (await hub.run("pay", fee)).kind == "unknown"
        settled = await hub.run("find_payment", fee)
        if settled.kind == "absent":
            assert kind == "before-commit"
            settled = await hub.run("pay", fee)
        assert (settled.kind, settled.provider_ref) == ("completed", order.provider_ref)
        assert receipt_of(settled) == receipt_of(await hub.run("pay", fee)) == ["R202611240000001"]
        assert hub.gas.ledger.count("payment") == 1
        assert (await hub.run("progress", order)).state is TaskState.IN_PROGRESS


async def test_fee_that_another_channel_has_paid_is_not_ours():
    async with running() as hub:
        order = await hub.accepted("JX6-GAS-05")
        await hub.gas.advance(order.provider_ref, "PENDING_PAYMENT")
        fee = order.with_(form=order.form.with_(amount=30_000))
        await hub.run("pay", fee.with_(serial="9" * 20))
        outcome = await hub.run("pay", fee)
        assert (outcome.kind, outcome.error.code) == ("rejected", ErrorCode.PAY_AMOUNT)


async def test_reversal_takes_a_payment_back_once_and_on_the_same_day_only():
    async with running() as hub:
        paid = await hub.run("pay", payment())
        back = payment(seq=2).with_(provider_ref=paid.provider_ref)
        assert [(await hub.run("reverse", back)).kind for _ in range(2)] == ["completed", "completed"]
        assert hub.gas.ledger.count("reversal") == 1
        assert (await hub.run("arrears", query(account_no=OWING))).arrears_fen == 8640
        paid = await hub.run("pay", payment(seq=3))
        await hub.clock.advance(hours=24)
        late = await hub.run("reverse", payment(seq=4).with_(provider_ref=paid.provider_ref))
        assert (late.kind, late.error.code) == ("rejected", ErrorCode.ELG_STATUS)


async def test_reversal_of_an_unknown_receipt_is_refused():
    async with running() as hub:
        outcome = await hub.run("reverse", payment().with_(provider_ref="R202611249999999"))
        assert (outcome.kind, outcome.raw_code) == ("rejected", "GAS-1009")


async def test_day_s_records_come_from_all_pages_with_exact_amounts():
    async with running() as hub:
        serials = []
        for number in range(60):
            account = f"1003{number:04d}"
            hub.gas.add_account(customerNo=account, bills=[{"period": "202610", "charge": "10.05"}])
            one = payment(account, 1005, ("202610",), seq=number + 1)
            serials.append(one.serial)
            paid = await hub.run("pay", one)
        back = payment(seq=99).with_(provider_ref=paid.provider_ref)
        await hub.run("reverse", back)
        records = (await hub.run("reconcile", day_query())).records
        assert len(hub.messages("getReconciliation")) == 2
        assert [record.serial for record in records] == [*serials, back.serial]
        assert {record.amount_fen for record in records[:-1]} == {1005}
        assert (records[-1].kind, records[-1].amount_fen, records[0].kind) == ("reversal", -1005, "payment")
        assert (records[0].provider_ref, records[0].account_no) == ("R202611240000001", "10030000")
        assert records[0].at == START


async def test_day_without_payments_is_an_empty_answer():
    async with running() as hub:
        assert (await hub.run("reconcile", day_query(START.date() - timedelta(days=1)))).records == ()


async def test_day_of_the_company_is_that_of_jiaxing():
    async with running(start=START.replace(hour=16, minute=30)) as hub:  # 00:30 of the 25th in Jiaxing
        await hub.run("pay", payment())
        assert (await hub.run("reconcile", day_query(START.date()))).records == ()
        assert len((await hub.run("reconcile", day_query(START.date() + timedelta(days=1)))).records) == 1


async def test_pages_that_do_not_add_up_are_asked_for_again():
    async with running() as hub:
        await hub.run("pay", payment())
        decode = hub.adapter.decode

        def short(message, response, env):
            tree = decode(message, response, env)
            return {key: {**value, "payment": []} for key, value in tree.items()}

        hub.adapter.decode = short
        outcome = await hub.run("reconcile", day_query())
        assert (outcome.kind, outcome.error.code) == ("not_sent", ErrorCode.FILE_COUNT)


async def test_unpaid_order_fee_is_told_with_the_order():
    async with running() as hub:
        order = await hub.accepted("JX6-GAS-05")
        await hub.gas.advance(order.provider_ref, "PENDING_PAYMENT")
        outcome = await hub.run("find", acceptable("JX6-GAS-05").with_(provider_ref=order.provider_ref))
        assert (outcome.state, outcome.fee_due_fen) == (TaskState.AWAITING_PAYMENT, 30_000)
