"""The water adapter against the simulator: what is owed, payments, reversals, the daily file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hub.domain.taxonomy import ErrorCode
from tests.integration.water_hub import START, acceptable, day_query, order_of, payment, query, running

OWING = "0100020001"
BILLS = [{"ZDYF": "202610", "SL": "10", "SF": "30.00", "PWF": "10.00", "WYJ": "0.10"}]
DAY_END = datetime(2026, 11, 24, 15, 40, tzinfo=UTC)  # 23:40 in Shanghai


async def test_arrears_are_told_to_a_query_and_to_an_order_of_the_item():
    async with running() as hub:
        reply = await hub.run("arrears", query(account_no=OWING))
        assert (reply.arrears_fen, len(reply.bills)) == (12860, 2)
        assert sum(bill.total_fen for bill in reply.bills) == 12860
        outcome = await hub.run("arrears", order_of("JX6-WAT-13", form={"account_no": OWING, "period": None}))
        assert (outcome.kind, outcome.outputs[0].data["arrears_fen"]) == ("completed", 12860)
        period = reply.bills[0].period
        narrow = await hub.run("arrears", order_of("JX6-WAT-13", form={"account_no": OWING, "period": period}))
        assert [bill["period"] for bill in narrow.outputs[0].data["bills"]] == [period]


async def test_account_without_debt_owes_nothing():
    async with running("B") as hub:
        reply = await hub.run("arrears", query(account_no="0810012345"))
        assert (reply.arrears_fen, reply.bills) == (0, ())


async def test_arrears_of_an_unknown_account_reject_the_order():
    async with running() as hub:
        outcome = await hub.run("arrears", order_of("JX6-WAT-13", form={"account_no": "0199999999"}))
        assert (outcome.kind, outcome.error.code) == ("rejected", ErrorCode.ELG_ACCOUNT_NOT_FOUND)


@pytest.mark.parametrize("dialect", ["A", "B"])
async def test_payment_is_posted_once_and_a_repeat_brings_the_same_receipt(dialect):
    async with running(dialect) as hub:
        number = hub.account({"A": "0100030001", "B": "0810030001"}[dialect], bills=BILLS)
        paid = payment(number, 4010, dialect=dialect)
        first, second = await hub.run("pay", paid), await hub.run("pay", paid)
        assert (first.kind, second.kind) == ("completed", "completed")
        assert [o.identifier for o in first.outputs if o.kind == "receipt"] == [
            o.identifier for o in second.outputs if o.kind == "receipt"
        ]
        assert first.outputs[0].identifier.startswith("P20261124")
        assert (second.raw_code, hub.water.ledger.count("payment")) == ("0011", 1)


@pytest.mark.parametrize("amount", [1, 12859, 12861])
async def test_payment_of_another_amount_is_refused_with_what_is_due(amount):
    async with running() as hub:
        outcome = await hub.run("pay", payment(OWING, amount))
        assert (outcome.kind, outcome.error.code, outcome.error.amount_fen) == (
            "rejected",
            ErrorCode.PAY_AMOUNT,
            12860,
        )
        assert hub.water.ledger.count() == 0


async def test_payment_at_day_end_is_held():
    async with running(start=DAY_END) as hub:
        outcome = await hub.run("pay", payment())
        assert (outcome.kind, outcome.error.code) == ("not_sent", ErrorCode.UPS_MAINTENANCE)
        await hub.clock.advance(hours=1)
        assert (await hub.run("pay", payment())).kind == "completed"


async def test_inquiry_of_a_payment_that_was_not_made_is_absent_and_pays_nothing():
    async with running() as hub:
        assert (await hub.run("find_payment", payment())).kind == "absent"
        assert hub.water.ledger.count() == 0


async def test_inquiry_of_a_payment_that_was_made_brings_its_receipt():
    async with running() as hub:
        paid = await hub.run("pay", payment())
        found = await hub.run("find_payment", payment())
        assert (found.kind, found.outputs[0].identifier) == ("completed", paid.outputs[0].identifier)
        assert hub.water.ledger.count("payment") == 1


async def test_inquiry_of_a_debt_that_somebody_else_paid_ends_the_payment():
    async with running() as hub:
        await hub.run("pay", payment(seq=2))
        outcome = await hub.run("find_payment", payment(seq=1))
        assert (outcome.kind, outcome.error.code) == ("rejected", ErrorCode.PAY_AMOUNT)
        assert hub.water.ledger.count("payment") == 1


async def test_inquiry_that_is_refused_does_not_reject_the_payment():
    async with running() as hub:
        hub.water.faults.arm("unknown-code", operation="1002", code="0001")
        assert (await hub.run("find_payment", payment())).kind == "faulty"
        hub.water.faults.arm("busy", operation="1002")
        outcome = await hub.run("find_payment", payment())
        assert (outcome.kind, outcome.retry_after) == ("not_sent", timedelta(seconds=60))


async def test_fee_of_an_order_is_paid_once_and_its_inquiry_finds_it():
    async with running() as hub:
        order = acceptable("JX6-WAT-02")
        order = order.with_(provider_ref=(await hub.run("accept", order)).provider_ref)
        await hub.clock.advance(hours=10)
        due = (await hub.run("progress", order)).fee_due_fen
        fee = order.with_(form=order.form.with_(amount=due, pay_channel="WECHAT"))
        assert [(await hub.run(name, fee)).kind for name in ("pay", "pay", "find_payment")] == ["completed"] * 3
        assert hub.water.ledger.count("payment") == 1
        await hub.clock.advance(minutes=2)
        assert (await hub.run("progress", order)).raw_code == "40"


async def test_payment_is_reversed_once_on_the_same_day_and_the_debt_is_back():
    async with running() as hub:
        await hub.run("pay", payment())
        assert [(await hub.run("reverse", payment())).kind for _ in range(2)] == ["completed", "completed"]
        assert hub.water.ledger.count("reversal") == 1
        assert (await hub.run("arrears", query(account_no=OWING))).arrears_fen == 12860


async def test_payment_of_yesterday_cannot_be_reversed():
    async with running() as hub:
        await hub.run("pay", payment())
        await hub.clock.advance(days=1)
        outcome = await hub.run("reverse", payment())
        assert (outcome.kind, outcome.error.code) == ("rejected", ErrorCode.ELG_STATUS)


async def test_reversal_of_a_payment_that_never_was_is_refused():
    async with running() as hub:
        assert (await hub.run("reverse", payment())).kind == "rejected"


@pytest.mark.parametrize("dialect", ["A", "B"])
async def test_daily_file_shows_payments_reversals_and_fees(dialect):
    async with running(dialect) as hub:
        number = hub.account({"A": "0100030001", "B": "0810030001"}[dialect], bills=BILLS)
        paid = payment(number, 4010, dialect=dialect)
        await hub.run("pay", paid)
        await hub.run("reverse", paid)
        order = acceptable("JX6-WAT-02", dialect, seq=2)
        order = order.with_(provider_ref=(await hub.run("accept", order)).provider_ref)
        await hub.water.advance(order.serial, "30")
        due = (await hub.run("progress", order)).fee_due_fen
        await hub.run("pay", order.with_(form=order.form.with_(amount=due, pay_channel="CASH")))
        early = await hub.run("reconcile", day_query())
        assert (early.error, early.records) == (ErrorCode.UPS_MAINTENANCE, ())
        await hub.clock.advance(days=1)
        reply = await hub.run("reconcile", day_query())
        ours = [record for record in reply.records if record.serial and record.serial[-19:] in _own(paid, order)]
        assert [(r.kind, r.amount_fen, r.account_no, r.provider_ref) for r in ours] == [
            ("payment", 4010, number, None),
            ("reversal", -4010, number, None),
            ("payment", due, None, order.provider_ref),
        ]
        assert (ours[0].serial, ours[0].day) == (paid.serial, START.date())


def _own(*orders):
    return {order.serial[-19:] for order in orders}
