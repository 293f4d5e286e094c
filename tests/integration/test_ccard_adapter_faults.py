"""Each fault at each point of a citizen card message: one effect, or a top-up that is surely undone; nothing leaks."""

from __future__ import annotations

import asyncio

import pytest

from hub.domain.taxonomy import ErrorCode
from hub.wire.exchange import Phase
from tests.integration.ccard_hub import ACTS, DEMO, CcardHub, act_of, by_holder, order_of, query, rrn, running, topup

NOTHING_DONE = ("refused", "down", "before-commit", "busy")
DONE = (
    "after-commit",
    "half-status",
    "half-body",
    "garbage",
    "html",
    "wrong-mac",
    "late",
    "told-timeout",
    "dribble",
)


@pytest.mark.parametrize("kind", [*NOTHING_DONE, *DONE, "wrong-charset", "connect-hang"])
@pytest.mark.parametrize("name", ["JX6-CIT-02", "JX6-CIT-06"])
async def test_act_has_exactly_one_effect_whatever_happens(kind, name):
    async with running() as hub:
        order, effect = act_of(name)
        await hub.run("check", None)  # the fault meets a connection that is open
        hub.centre.faults.arm(kind)
        outcome = await hub.run("act", order)
        if kind in {"refused", "down", "connect-hang"}:
            hub.centre.faults.clear()
        outcome = outcome if outcome.kind == "completed" else await hub.settle("act", order)
        assert outcome.kind == "completed", outcome
        assert hub.centre.ledger.summary() == {effect: 1}
        assert outcome.outputs[0].identifier == rrn(order)


@pytest.mark.parametrize("name", ACTS)
async def test_act_whose_answer_is_lost_is_found_by_its_inquiry_or_by_its_repeat(name):
    async with running() as hub:
        order, effect = act_of(name)
        order = by_holder(hub, order)
        hub.centre.faults.arm("after-commit")
        assert (await hub.run("act", order)).kind == "unknown"
        found = await hub.run("acted", order)
        # The status of a card does not show that its password was set anew.
        assert found.kind == ("absent" if name == "JX6-CIT-06" else "completed")
        assert (await hub.settle("act", order)).kind == "completed"
        assert hub.centre.ledger.summary() == {effect: 1}


@pytest.mark.parametrize("kind", NOTHING_DONE)
async def test_topup_that_never_was_is_credited_once_in_the_end(kind):
    async with running() as hub:
        await hub.run("check", None)
        hub.centre.faults.arm(kind)
        outcome = await hub.run("pay", topup())
        if kind in {"refused", "down"}:
            hub.centre.faults.clear()
        outcome = await hub.settle("pay", topup()) if outcome.kind == "not_sent" else outcome
        if outcome.kind == "unknown":
            assert (await hub.run("undo", topup())).kind == "absent"
            outcome = await hub.run("pay", topup())
        assert outcome.kind == "completed"
        assert hub.centre.ledger.summary() == {"topup": 1}
        assert hub.standing(DEMO)["balance"] == 10_000


async def undone(hub):
    """The reversal, repeated as long as nobody knows."""
    for _ in range(4):
        outcome = await hub.run("undo", topup())
        if outcome.kind not in {"unknown", "not_sent"}:
            break
    return outcome


@pytest.mark.parametrize("kind", DONE)
async def test_topup_in_doubt_is_taken_back_and_never_credited_twice(kind):
    async with running() as hub:
        hub.centre.faults.arm(kind)
        assert (await hub.run("pay", topup())).kind == "unknown"
        outcome = await undone(hub)
        assert (outcome.kind, outcome.error.code) == ("rejected", ErrorCode.PAY_REVERSED)
        assert hub.centre.ledger.summary() == {"topup": 1, "reversal": 1}
        assert hub.standing(DEMO)["balance"] == 5_000


@pytest.mark.parametrize("kind", DONE)
async def test_reversal_whose_answer_is_lost_is_repeated_without_harm(kind):
    async with running() as hub:
        await hub.run("pay", topup())
        hub.centre.faults.arm(kind, operation="0400")
        outcome = await undone(hub)
        assert outcome.error.code is ErrorCode.PAY_REVERSED
        assert hub.centre.ledger.summary() == {"topup": 1, "reversal": 1}
        assert hub.standing(DEMO)["balance"] == 5_000


@pytest.mark.parametrize("kind", ["before-commit", "after-commit", "half-status", "half-body", "garbage", "late"])
async def test_question_that_fails_is_simply_asked_again(kind):
    async with running() as hub:
        hub.centre.faults.arm(kind, operation="300000")
        assert (await hub.run("status", order_of("JX6-CIT-08"))).kind == "not_sent"
        assert (await hub.run("status", order_of("JX6-CIT-08"))).kind == "completed"


async def test_late_answer_of_one_order_is_not_taken_for_that_of_another():
    async with running() as hub:
        hub.centre.faults.arm("late", operation="630000")
        assert (await hub.run("pay", topup(1))).kind == "unknown"
        other = await hub.run("pay", topup(2))
        assert other.provider_ref == rrn(topup(2))
        balance = await hub.run("accounts", query(account_no=DEMO))
        assert balance.accounts[0].balance_fen == 15_000


async def test_phase_tells_what_left_and_what_did_not():
    async with running() as hub:
        hub.centre.faults.arm("down")
        await hub.run("pay", topup())
        hub.centre.faults.clear()
        hub.centre.faults.arm("after-commit")
        await hub.run("pay", topup())
        await hub.run("undo", topup())
        assert [call.phase for call in hub.calls] == [Phase.CONNECT, Phase.SENT, Phase.RECEIVED]


# keys and connections


async def test_keys_that_the_centre_forgot_are_renewed_and_the_message_goes_once_more():
    async with running() as hub:
        await hub.run("check", None)
        await hub.centre.advance("*", "drop-keys")
        outcome = await hub.run("pay", topup())
        assert (outcome.kind, hub.codes()) == ("completed", ["A0", "00"])
        assert hub.centre.ledger.summary() == {"topup": 1}


async def test_keys_are_renewed_after_as_many_messages_as_the_centre_allows():
    async with running(extra={"key_messages": 2}) as hub:
        for seq in range(1, 7):
            assert (await hub.run("pay", topup(seq, 100))).kind == "completed"
        assert hub.codes().count("A0") == 2
        assert hub.centre.ledger.count("topup") == 6


async def test_keys_that_the_centre_sends_are_taken():
    async with running() as hub:
        await hub.run("check", None)
        await hub.centre.advance("*", "new-keys")
        await asyncio.sleep(0.01)
        assert (await hub.run("pay", topup())).kind == "completed"
        assert hub.codes() == ["00"]


async def test_second_connection_closes_the_first_and_the_first_comes_back():
    async with running() as hub:
        await hub.run("check", None)
        other = CcardHub(hub.centre, hub.clock)
        await other.run("check", None)
        assert (await hub.settle("act", act_of("JX6-CIT-06")[0])).kind == "completed"
        await other.transport.aclose()
        assert hub.centre.ledger.summary() == {"password_reset": 1}


async def test_nothing_personal_and_no_secret_is_told(caplog):
    caplog.set_level("DEBUG")
    async with running() as hub:
        told = []
        for seq, kind in enumerate(("busy", "before-commit", "after-commit", "garbage", "wrong-mac"), start=1):
            hub.centre.faults.arm(kind)
            told.append(await hub.run("act", act_of("JX6-CIT-06", seq)[0]))
        told.append(await hub.run("act", order_of("JX6-CIT-06", 9, form={"card_no": "王秀兰"})))
        config = hub.adapter.config
        text = caplog.text + "".join(f"{each!r} {each.model_dump_json()}" for each in told) + repr(hub.calls)
        text += str(hub.centre.journal.entries)
        for private in ("王秀兰", "330402195203140024", "13800138000", DEMO):
            assert private not in text
        for key in ("master_key", "sign_private_key", "sftp_private_key"):
            assert str(config[key]) not in text
