"""The cable television adapter and money: paid at most once, taken back once, and found again in the day's files."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hub.domain.reconciliation import OwnEntry, compare
from hub.domain.taxonomy import ErrorCode
from simulators.catv import money
from simulators.catv.asked import Asked
from tests.integration.catv_hub import START, TOWNS, acceptable, day_query, payment, query, running, stamp

OWING = "330400020001"


def receipt(outcome):
    return next((output.identifier for output in outcome.outputs if output.kind == "receipt"), None)


async def elsewhere(hub, amount="1", serial="20261124090100000001", account=OWING):
    """A payment at the counter, under another operator."""
    books = hub.catv.books
    head = {"OPERID": "GT0001", "BRANCH": hub.params["branch"], "SERIALNO": serial}
    return money.pay(books, Asked(head, {"CUSTNO": account, "AMOUNT": amount, "PAYMODE": "现金"}, hub.clock.now()))


async def test_payment_is_posted_once_and_a_repeat_brings_the_same_receipt():
    async with running() as hub:
        first, second = await hub.run("pay", payment()), await hub.run("pay", payment())
        assert (first.kind, second.kind) == ("completed", "completed")
        assert receipt(first) == receipt(second) == first.provider_ref == "R20261124000001"
        assert (second.raw_code, hub.catv.ledger.count("payment")) == ("3001", 1)
        assert (await hub.run("arrears", query(account_no=OWING))).arrears_fen == 0


async def test_payment_settles_whole_bills_and_keeps_the_rest_as_balance():
    async with running() as hub:
        done = await hub.run("pay", payment(amount=2000))
        assert done.kind == "completed"
        reply = await hub.run("arrears", query(account_no=OWING))
        assert (reply.arrears_fen, reply.balance_fen) == (1800, 150)


@pytest.mark.parametrize("branch", sorted(TOWNS))
async def test_payment_is_posted_in_every_county(branch):
    async with running(branch) as hub:
        account = hub.account(f"33{branch}030001")
        order = payment(account, 1250)
        assert (await hub.run("pay", order)).kind == "completed"
        assert hub.catv.books.customers[account].balance == 1250


async def test_payment_to_an_unknown_account_is_refused():
    async with running() as hub:
        outcome = await hub.run("pay", payment("330400099999"))
        assert (outcome.kind, outcome.error.code) == ("rejected", ErrorCode.ELG_ACCOUNT_NOT_FOUND)


async def test_inquiry_of_a_payment_that_was_not_made_is_absent_and_pays_nothing():
    async with running() as hub:
        assert (await hub.run("find_payment", payment())).kind == "absent"
        await elsewhere(hub)
        later = payment(at=START + timedelta(hours=1))
        assert (await hub.run("find_payment", later)).kind == "absent"
        assert hub.catv.ledger.count("payment") == 1


async def test_inquiry_of_a_payment_that_was_made_brings_its_receipt():
    async with running() as hub:
        paid = await hub.run("pay", payment())
        found = await hub.run("find_payment", payment())
        assert (found.kind, receipt(found)) == ("completed", receipt(paid))
        assert hub.catv.ledger.count("payment") == 1


@pytest.mark.parametrize("made", [True, False])
async def test_payment_behind_another_is_told_by_its_own_serial_and_posted_once(made):
    """The account shows only its last payment: the same serial again is refused if it was used, and pays if it was not."""
    async with running() as hub:
        if made:
            hub.catv.faults.arm("after-commit", operation="BS4001")
            assert (await hub.run("pay", payment())).kind == "unknown"
        await elsewhere(hub)
        found = await hub.run("find_payment", payment())
        assert (found.kind, found.raw_code) == ("completed", "3001" if made else "0")
        assert (receipt(found) is None) is made
        assert len(hub.catv.ledger.effects(stamp(payment(), 1))) == 1


async def test_inquiry_that_is_refused_does_not_reject_the_payment():
    async with running() as hub:
        hub.catv.faults.arm("unknown-code", operation="BS2002", code="2001")
        assert (await hub.run("find_payment", payment())).kind == "faulty"
        hub.catv.faults.arm("busy", operation="BS2002")
        assert (await hub.run("find_payment", payment())).kind == "not_sent"


async def test_two_payments_of_one_citizen_are_two():
    async with running() as hub:
        for seq in (1, 2, 1, 2):
            assert (await hub.run("pay", payment(amount=1000, seq=seq))).kind == "completed"
        assert hub.catv.ledger.count("payment") == 2


# fees


async def move(hub):
    order = acceptable("JX6-CTV-04", seq=3)
    order = order.with_(provider_ref=(await hub.run("accept", order)).provider_ref)
    return order.with_(form=order.form.with_(amount=10800, pay_channel="ALIPAY"))


async def test_fee_of_an_order_is_paid_once_and_its_inquiry_finds_it():
    async with running() as hub:
        fee = await move(hub)
        said = [await hub.run(name, fee) for name in ("pay", "pay", "find_payment")]
        assert [each.kind for each in said] == ["completed"] * 3
        assert {each.provider_ref for each in said} == {fee.provider_ref}
        assert hub.catv.ledger.summary() == {"order": 1, "payment": 1}


async def test_fee_of_another_amount_is_refused_with_what_is_due():
    async with running() as hub:
        fee = await move(hub)
        outcome = await hub.run("pay", fee.with_(form=fee.form.with_(amount=10700)))
        assert (outcome.kind, outcome.error.code, outcome.error.amount_fen) == (
            "rejected",
            ErrorCode.PAY_AMOUNT,
            10800,
        )
        assert hub.catv.ledger.count("payment") == 0


async def test_fee_that_somebody_else_paid_is_not_paid_again():
    async with running() as hub:
        fee = await move(hub)
        await hub.catv.advance(stamp(fee), "W1")
        outcome = await hub.run("pay", fee)
        assert (outcome.kind, outcome.error.code) == ("rejected", ErrorCode.ELG_STATUS)
        assert hub.catv.ledger.count("payment") == 0


# reversals


async def test_payment_is_taken_back_once_on_the_same_day_and_the_debt_is_back():
    async with running() as hub:
        paid = await hub.run("pay", payment())
        back = payment().with_(provider_ref=receipt(paid))
        assert [(await hub.run("reverse", back)).kind for _ in range(2)] == ["completed", "completed"]
        assert hub.catv.ledger.count("reversal") == 1
        assert (await hub.run("arrears", query(account_no=OWING))).arrears_fen == 3650


async def test_payment_of_yesterday_cannot_be_taken_back():
    async with running() as hub:
        paid = await hub.run("pay", payment())
        await hub.clock.advance(days=1)
        outcome = await hub.run("reverse", payment().with_(provider_ref=receipt(paid)))
        assert (outcome.kind, outcome.error.code) == ("rejected", ErrorCode.ELG_STATUS)


async def test_receipt_nobody_wrote_cannot_be_taken_back():
    async with running() as hub:
        outcome = await hub.run("reverse", payment().with_(provider_ref="R20261124000099"))
        assert (outcome.kind, outcome.error.code) == ("rejected", ErrorCode.ELG_ACCOUNT_NOT_FOUND)


# the files of a day


async def test_day_files_of_all_branches_show_payments_reversals_and_fees_with_our_serials():
    async with running() as hub:
        await elsewhere(hub, "12.5")
        paid = await hub.run("pay", payment())
        await hub.run("reverse", payment().with_(provider_ref=receipt(paid)))
        fee = await move(hub)
        await hub.run("pay", fee)
        hub.params["branch"] = "0481"
        await hub.run("pay", payment("330481012345", 999, seq=2))
        await hub.clock.advance(days=1)
        reply = await hub.run("reconcile", day_query())
        serial, other = payment().serial, payment(seq=2).serial
        assert [(each.serial, each.kind, each.amount_fen, each.account_no) for each in reply.records] == [
            ("20261124090100000001", "payment", 1250, OWING),
            (serial, "payment", 3650, OWING),
            (serial, "reversal", -3650, OWING),
            (fee.serial, "payment", 10800, "330400012345"),
            (other, "payment", 999, "330481012345"),
        ]
        assert {each.at.date() for each in reply.records} == {START.date()}
        assert len(hub.messages("day.file")) == 7


async def test_day_that_is_not_over_has_no_file_and_is_asked_for_again():
    async with running() as hub:
        outcome = await hub.run("reconcile", day_query())
        assert (outcome.kind, outcome.error.code) == ("not_sent", ErrorCode.FILE_LATE)


@pytest.mark.parametrize("kind", ["garbage", "html", "half-body", "after-commit"])
async def test_damaged_day_file_is_refused_whole(kind):
    async with running() as hub:
        await hub.run("pay", payment())
        await hub.clock.advance(days=1)
        hub.catv.faults.arm(kind, operation="files")
        assert (await hub.run("reconcile", day_query())).kind == "not_sent"
        assert len((await hub.run("reconcile", day_query())).records) == 1


async def test_name_outside_gbk_does_not_spoil_the_day_file():
    async with running() as hub:
        await hub.run("pay", payment("330400020009", 100))
        await hub.clock.advance(days=1)
        assert [each.amount_fen for each in (await hub.run("reconcile", day_query())).records] == [100]


async def test_what_the_hub_did_agrees_with_the_files_and_a_stranger_is_a_difference():
    async with running() as hub:
        paid = await hub.run("pay", payment())
        await elsewhere(hub, "5")
        await hub.clock.advance(days=1)
        theirs = (await hub.run("reconcile", day_query())).records
        ours = OwnEntry(serial=payment().serial, provider_ref=receipt(paid), kind="payment", amount_fen=3650, at=START)
        (difference,) = compare([ours], theirs)
        assert (difference.kind, difference.theirs_fen) == (ErrorCode.REC_MISSING_OURS, 500)
