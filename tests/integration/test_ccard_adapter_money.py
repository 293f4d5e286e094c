"""The citizen card adapter against the simulator: top-ups at most once, reversals, the day's file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hub.domain.taxonomy import ErrorCode
from tests.integration.ccard_hub import (
    DEMO,
    FORMAL,
    FULL,
    LOST,
    NOBODY,
    RESTRICTED,
    START,
    TODAY,
    day_query,
    order_of,
    rrn,
    running,
    topup,
)


async def test_topup_is_credited_with_its_receipt_and_the_new_balance():
    async with running() as hub:
        order = topup(amount=5000)
        outcome = await hub.run("pay", order)
        assert (outcome.kind, outcome.provider_ref) == ("completed", rrn(order))
        receipt, answer = outcome.outputs
        assert (receipt.kind, receipt.identifier, answer.data) == ("receipt", rrn(order), {"balance_fen": 10_000})
        assert hub.standing(DEMO)["balance"] == 10_000


async def test_repeat_of_a_topup_credits_nothing_and_has_the_same_receipt():
    async with running() as hub:
        first, second = await hub.run("pay", topup()), await hub.run("pay", topup())
        assert (second.kind, second.raw_code, second.provider_ref) == ("completed", "94", first.provider_ref)
        assert (hub.centre.ledger.count("topup"), hub.standing(DEMO)["balance"]) == (1, 10_000)


async def test_two_topups_of_one_day_are_two():
    async with running() as hub:
        assert [(await hub.run("pay", topup(seq))).raw_code for seq in (1, 2)] == ["00", "00"]
        assert hub.standing(DEMO)["balance"] == 15_000


@pytest.mark.parametrize(
    ("card", "amount", "code", "error"),
    [
        (FULL, 5000, "61", ErrorCode.PAY_AMOUNT),
        (DEMO, 100_001, "61", ErrorCode.PAY_AMOUNT),
        (LOST, 5000, "41", ErrorCode.ELG_STATUS),
        (FORMAL, 5000, "43", ErrorCode.ELG_STATUS),
        (RESTRICTED, 5000, "36", ErrorCode.ELG_STATUS),
        (NOBODY, 5000, "14", ErrorCode.ELG_ACCOUNT_NOT_FOUND),
    ],
)
async def test_topup_that_the_card_does_not_take_is_rejected_and_credits_nothing(card, amount, code, error):
    async with running() as hub:
        outcome = await hub.run("pay", topup(card=card, amount=amount))
        assert (outcome.kind, outcome.error.code, outcome.raw_code) == ("rejected", error, code)
        assert hub.centre.ledger.count() == 0


@pytest.mark.parametrize(
    ("code", "kind", "error"),
    [
        ("12", "rejected", ErrorCode.ELG_STATUS),
        ("30", "rejected", ErrorCode.VAL_FORMAT),
        ("51", "rejected", ErrorCode.ELG_NOT_ELIGIBLE),
        ("68", "unknown", ErrorCode.PAY_UNKNOWN),
        ("91", "not_sent", ErrorCode.UPS_UNAVAILABLE),
        ("96", "unknown", ErrorCode.PAY_UNKNOWN),
        ("N3", "rejected", ErrorCode.IDN_MISMATCH),
    ],
)
async def test_each_code_of_a_topup_has_its_outcome(code, kind, error):
    async with running() as hub:
        await hub.centre.advance(DEMO, code)
        outcome = await hub.run("pay", topup())
        assert (outcome.kind, outcome.error.code, outcome.error.provider_code_raw) == (kind, error, code)


async def test_topup_during_the_day_cut_is_held():
    async with running(start=START.replace(hour=15, minute=0)) as hub:  # 23:00 in Shanghai
        outcome = await hub.run("pay", topup())
        assert (outcome.kind, outcome.error.code) == ("not_sent", ErrorCode.UPS_MAINTENANCE)


# a doubt is taken back


async def test_doubt_of_a_credited_topup_is_reversed_and_the_payer_refunded():
    async with running() as hub:
        await hub.run("pay", topup())
        outcome = await hub.run("undo", topup())
        assert (outcome.kind, outcome.error.code, outcome.error.ref) == (
            "rejected",
            ErrorCode.PAY_REVERSED,
            rrn(topup()),
        )
        assert hub.centre.ledger.summary() == {"topup": 1, "reversal": 1}
        assert hub.standing(DEMO)["balance"] == 5_000
        again = await hub.run("undo", topup())
        assert (again.kind, again.error.code) == ("rejected", ErrorCode.PAY_REVERSED)
        assert hub.centre.ledger.count("reversal") == 1


async def test_doubt_of_a_topup_that_never_arrived_is_absent_and_may_be_sent_again():
    async with running() as hub:
        assert (await hub.run("undo", topup())).kind == "absent"
        assert (await hub.run("pay", topup())).kind == "completed"
        assert hub.centre.ledger.summary() == {"topup": 1}


async def test_topup_that_was_spent_before_its_reversal_stays():
    async with running() as hub:
        await hub.run("pay", topup())
        hub.centre.register.cards[DEMO].balance = 0
        outcome = await hub.run("undo", topup())
        assert (outcome.kind, outcome.raw_code, outcome.provider_ref) == ("completed", "51", rrn(topup()))
        assert hub.centre.ledger.count("reversal") == 0


async def test_topup_after_its_own_reversal_is_not_credited_again_under_the_same_number():
    async with running() as hub:
        await hub.run("pay", topup())
        await hub.run("undo", topup())
        await hub.run("pay", topup())
        assert hub.centre.ledger.count("topup") == 1
        assert hub.standing(DEMO)["balance"] == 5_000


@pytest.mark.parametrize("kind", ["before-commit", "half-status", "down"])
async def test_reversal_without_an_answer_is_repeated_half_a_minute_later(kind):
    async with running() as hub:
        await hub.run("pay", topup())
        hub.centre.faults.arm(kind, operation="0400")
        outcome = await hub.run("undo", topup())
        assert outcome.kind in {"unknown", "not_sent"}
        assert outcome.retry_after == timedelta(seconds=30)
        hub.centre.faults.clear()
        assert (await hub.run("undo", topup())).error.code is ErrorCode.PAY_REVERSED
        assert hub.centre.ledger.count("reversal") == 1


async def test_reversal_during_the_day_cut_waits():
    async with running(start=START.replace(hour=14, minute=59)) as hub:
        await hub.run("pay", topup())
        await hub.clock.advance(minutes=2)
        outcome = await hub.run("undo", topup())
        assert (outcome.kind, outcome.error.code, outcome.retry_after) == (
            "not_sent",
            ErrorCode.UPS_MAINTENANCE,
            timedelta(seconds=30),
        )
        await hub.clock.advance(minutes=10)
        assert (await hub.run("undo", topup())).error.code is ErrorCode.PAY_REVERSED


async def test_reversal_asked_for_is_done_once_and_a_repeat_says_the_same():
    async with running() as hub:
        paid = await hub.run("pay", topup())
        order = topup().with_(provider_ref=paid.provider_ref)
        assert [(await hub.run("reverse", order)).kind for _ in range(2)] == ["completed", "completed"]
        assert hub.centre.ledger.count("reversal") == 1
        assert hub.standing(DEMO)["balance"] == 5_000
        never = await hub.run("reverse", topup(2))
        assert (never.kind, never.raw_code) == ("rejected", "12")


async def test_topup_on_new_year_s_eve_is_reversed_in_the_new_year_and_its_time_has_the_right_year():
    async with running(start=datetime(2026, 12, 31, 15, 59, 50, tzinfo=UTC), always_open=True) as hub:
        order = topup(on=datetime(2026, 12, 31, tzinfo=UTC).date()).with_(submitted_at=hub.clock.now())
        paid = await hub.run("pay", order)
        assert paid.event_time.year == 2026
        await hub.clock.advance(seconds=20)
        outcome = await hub.run("undo", order)
        assert (outcome.error.code, outcome.event_time) == (
            ErrorCode.PAY_REVERSED,
            datetime(2026, 12, 31, 16, 0, 10, tzinfo=UTC),  # the first of January in Shanghai
        )


# the day's file


async def test_day_s_file_has_every_topup_and_reversal_and_agrees_with_the_centre():
    async with running() as hub:
        for seq in (1, 2, 3):
            await hub.run("pay", topup(seq, 1000 * seq))
        await hub.run("reverse", topup(3))
        early = await hub.run("reconcile", day_query())
        assert (early.kind, early.error.code) == ("not_sent", ErrorCode.FILE_LATE)
        await hub.clock.advance(hours=15)
        reply = await hub.run("reconcile", day_query())
        assert [(r.serial, r.kind, r.amount_fen, r.provider_ref) for r in reply.records] == [
            (topup(1).serial, "payment", 1000, rrn(topup(1))),
            (topup(2).serial, "payment", 2000, rrn(topup(2))),
            (topup(3).serial, "payment", 3000, rrn(topup(3))),
            (topup(3).serial, "reversal", -3000, rrn(topup(3))),
        ]
        assert {record.card_no for record in reply.records} == {DEMO}
        assert reply.records[0].at == START
        assert hub.messages("totals")[-1].reply.raw_code == "00"


async def test_day_without_money_has_an_empty_file():
    async with running() as hub:
        await hub.clock.advance(hours=15)
        reply = await hub.run("reconcile", day_query())
        assert (reply.records, reply.error) == ((), None)


async def test_file_that_is_not_the_whole_day_is_not_believed():
    async with running() as hub:
        await hub.run("pay", topup(1))
        await hub.centre.advance("*", "day-file")
        await hub.run("pay", topup(2))
        await hub.clock.advance(hours=14, minutes=20)  # after the cut, before the file of 23:15
        reply = await hub.run("reconcile", day_query())
        assert (reply.error, reply.raw_code) == (ErrorCode.FILE_COUNT, "97")


async def test_totals_during_the_day_cut_are_asked_for_later():
    async with running() as hub:
        await hub.centre.advance("*", "day-file")
        reply = await hub.run("reconcile", day_query())
        assert (reply.error, reply.raw_code) == (ErrorCode.UPS_MAINTENANCE, "90")


async def test_file_with_a_wrong_signature_is_refused_and_read_when_it_is_right():
    async with running() as hub:
        await hub.run("pay", topup(1))
        hub.centre.faults.arm("wrong-signature", operation="TRANS")
        await hub.clock.advance(hours=14, minutes=40)
        outcome = await hub.run("reconcile", day_query())
        assert (outcome.kind, outcome.error.code) == ("not_sent", ErrorCode.FILE_DIGEST)
        await hub.clock.advance(hours=1)
        assert len((await hub.run("reconcile", day_query())).records) == 1


async def test_file_signed_by_somebody_else_is_refused():
    from tests.integration.ccard_hub import CcardHub

    async with running() as hub:
        await hub.run("pay", topup(1))
        await hub.clock.advance(hours=15)
        other = CcardHub(hub.centre, hub.clock, centre_public_key=_another_key())
        outcome = await other.run("reconcile", day_query())
        await other.transport.aclose()
        assert (outcome.kind, outcome.error.code) == ("not_sent", ErrorCode.FILE_DIGEST)


def _another_key() -> str:
    from hub.wire.crypto import sm2_public

    return sm2_public(b"\x07" * 32).hex()


@pytest.mark.parametrize("code", ["30", "91", "96"])
async def test_totals_that_are_refused_leave_the_day_open(code):
    async with running() as hub:
        await hub.clock.advance(hours=15)
        hub.centre.faults.arm("unknown-code", operation="0500", code=code)
        reply = await hub.run("reconcile", day_query())
        assert (reply.error is not None, reply.raw_code) == (True, code)


async def test_day_query_of_a_day_before_the_last_is_answered_from_its_own_file():
    async with running() as hub:
        await hub.run("pay", topup(1))
        await hub.clock.advance(days=2)
        assert len((await hub.run("reconcile", day_query(TODAY))).records) == 1
        assert (await hub.run("reconcile", day_query(TODAY + timedelta(days=1)))).records == ()


async def test_order_of_another_item_is_no_topup():
    async with running() as hub:
        assert hub.adapter.serving("8583:630000").name == "pay"
        outcome = await hub.run("pay", order_of("JX6-CIT-06"))
        assert (outcome.kind, outcome.error.field) == ("faulty", "DE4")
