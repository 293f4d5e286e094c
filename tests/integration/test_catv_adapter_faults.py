"""The cable television adapter when things go wrong: faults, lost sessions, wrong passwords, and exactly one effect."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

import pytest

from hub.domain.reply import Reply
from hub.domain.taxonomy import ErrorCode
from hub.sdk import outcome_of
from tests.integration.catv_hub import acceptable, day_query, order_of, payment, query, running, stamp

DOUBTFUL = [
    "before-commit",
    "after-commit",
    "half-status",
    "half-body",
    "dribble",
    "garbage",
    "html",
    "crash",
    "crash-after-commit",
    "page",
    "page-after-commit",
]
WRITES = {
    "accept": ("BS3004", "order"),
    "pay": ("BS4001", "payment"),
    "reverse": ("BS4002", "reversal"),
    "cancel": ("BS5002", "cancel"),
}
NOTHING_HAPPENED = {"before-commit", "crash", "page"}
DONE = {"accepted", "completed", "progress"}


async def prepared(hub, name):
    """The source of a write, and whatever must have gone before it."""
    if name == "accept":
        return acceptable("JX6-CTV-05")
    if name == "pay":
        return payment()
    if name == "reverse":
        paid = await hub.run("pay", payment())
        return payment().with_(provider_ref=paid.provider_ref)
    order = acceptable("JX6-CTV-01")
    return order.with_(provider_ref=(await hub.run("accept", order)).provider_ref)


@pytest.mark.parametrize("name", sorted(WRITES))
@pytest.mark.parametrize("kind", DOUBTFUL)
async def test_doubtful_write_is_unknown_and_after_the_inquiry_there_is_one_effect(name, kind):
    service, effect = WRITES[name]
    async with running() as hub:
        source = await prepared(hub, name)
        hub.catv.faults.arm(kind, operation=service)
        assert (await hub.run(name, source)).kind == "unknown"
        settled = await hub.run(hub.adapter.operation(name).inquiry, source)
        if settled.kind == "absent" or (name == "cancel" and kind in NOTHING_HAPPENED):
            assert kind in NOTHING_HAPPENED
            assert hub.catv.ledger.count(effect) == 0
            settled = await hub.run(name, source)
        assert settled.kind in DONE
        assert hub.catv.ledger.count(effect) == 1


@pytest.mark.parametrize("name", sorted(WRITES))
async def test_answer_in_another_charset_never_makes_a_second_effect(name):
    service, effect = WRITES[name]
    async with running() as hub:
        source = await prepared(hub, name)
        hub.catv.faults.arm("wrong-charset", operation=service)
        # Digits alone are the same in every charset, and may well be understood.
        assert (await hub.settle(name, source)).kind in DONE
        assert hub.catv.ledger.count(effect) == 1


async def test_warning_in_another_charset_is_a_doubt():
    async with running() as hub:
        order = acceptable("JX6-CTV-06", form={"cust_no": "330400020003"})
        holder = hub.catv.books.customers["330400020003"]
        document = order.applicant.document.with_(number=holder.id_number.upper())
        order = order.with_(applicant=order.applicant.with_(name=holder.name, document=document))
        hub.catv.faults.arm("wrong-charset", operation="BS3005")
        assert (await hub.run("accept", order)).kind == "unknown"
        assert (await hub.run("find", order)).kind == "completed"
        assert hub.catv.ledger.count("order") == 1


@pytest.mark.parametrize("name", sorted(WRITES))
@pytest.mark.parametrize("kind", ["refused", "down"])
async def test_unreachable_boss_means_not_sent(name, kind):
    service, effect = WRITES[name]
    async with running() as hub:
        source = await prepared(hub, name)
        await hub.equipment.transport.aclose()
        hub.catv.faults.arm(kind)
        outcome = await hub.run(name, source)
        assert (outcome.kind, outcome.error.code) == ("not_sent", ErrorCode.UPS_UNAVAILABLE)
        hub.catv.faults.clear()
        assert (await hub.settle(name, source)).kind in DONE
        assert hub.catv.ledger.count(effect) == 1
        assert len([entry for entry in hub.catv.journal.entries if entry.operation == service]) == 1


async def test_connection_that_is_taken_and_never_served_is_a_doubt_that_the_inquiry_resolves():
    async with running() as hub:
        order = acceptable("JX6-CTV-05")
        await hub.run("check", query())
        await hub.equipment.transport.aclose()
        hub.catv.faults.arm("connect-hang")
        assert (await hub.run("accept", order)).kind == "unknown"
        assert (await hub.run("find", order)).kind == "absent"
        assert (await hub.run("accept", order)).kind == "completed"
        assert hub.catv.ledger.count("order") == 1


@pytest.mark.parametrize("kind", [kind for kind in DOUBTFUL if kind != "crash-after-commit"])
@pytest.mark.parametrize("service", ["BS1001", "BS2001"])
async def test_reads_and_logins_are_never_in_doubt(kind, service):
    async with running() as hub:
        hub.catv.faults.arm(kind, operation=service)
        said = await hub.run("accounts", query(account_no="330400012345"))
        assert (outcome_of(said) if isinstance(said, Reply) else said).kind == "not_sent"
        assert (await hub.run("accounts", query(account_no="330400012345"))).accounts


@pytest.mark.parametrize("kind", [*DOUBTFUL, "busy", "wrong-charset"])
async def test_login_that_fails_before_a_write_leaves_nothing_in_doubt(kind):
    async with running() as hub:
        order = acceptable("JX6-CTV-05")
        hub.catv.faults.arm(kind, operation="BS1001")
        outcome = await hub.run("accept", order)
        assert outcome.kind in {"not_sent", "completed"}
        assert (await hub.settle("accept", order)).kind == "completed"
        assert hub.catv.ledger.count("order") == 1


@pytest.mark.parametrize("name", sorted(WRITES))
async def test_busy_boss_did_nothing_and_the_same_serial_goes_again(name):
    service, effect = WRITES[name]
    async with running() as hub:
        source = await prepared(hub, name)
        hub.catv.faults.arm("busy", operation=service)
        outcome = await hub.run(name, source)
        assert (outcome.kind, outcome.error.code) == ("not_sent", ErrorCode.UPS_BUSY)
        assert hub.catv.ledger.count(effect) == 0
        assert (await hub.run(name, source)).kind in DONE


async def test_lost_reply_with_the_inquiry_down_stays_unknown_until_it_is_up():
    async with running() as hub:
        order = acceptable("JX6-CTV-05")
        hub.catv.faults.arm("after-commit", operation="BS3004")
        assert (await hub.run("accept", order)).kind == "unknown"
        hub.catv.faults.arm("down")
        assert (await hub.run("find", order)).kind == "not_sent"
        hub.catv.faults.clear()
        assert (await hub.run("find", order)).kind == "completed"
        assert hub.catv.ledger.count("order") == 1


@pytest.mark.parametrize("name", sorted(WRITES))
async def test_code_nobody_knows_is_faulty_with_the_raw_code(name):
    async with running() as hub:
        source = await prepared(hub, name)
        hub.catv.faults.arm("unknown-code", operation=WRITES[name][0], code="7777")
        outcome = await hub.run(name, source)
        assert (outcome.kind, outcome.error.code) == ("faulty", ErrorCode.UPS_UNMAPPED)
        assert outcome.error.provider_code_raw == "7777"


# sessions


@pytest.mark.parametrize("name", sorted(WRITES))
async def test_session_lost_in_the_middle_is_renewed_and_the_write_goes_out_once(name):
    """Somebody logs in as the operator between two calls: 1001, nothing done, and the same serial in a new session."""
    service, effect = WRITES[name]
    async with running() as hub:
        source = await prepared(hub, name)
        logins = len(hub.messages("BS1001"))
        hub.catv.faults.arm("kick", operation=service)
        await hub.run("check", query())
        outcome = await hub.run(name, source)
        assert outcome.kind in DONE
        assert hub.catv.ledger.count(effect) == 1
        assert len(hub.messages("BS1001")) == max(logins, 1) + 1
        assert not hub.catv.journal.violations()


async def test_session_lost_with_every_call_is_not_sent_and_not_tried_for_ever():
    async with running() as hub:
        hub.catv.faults.arm("kick", operation="BS3004", times=9)
        outcome = await hub.run("accept", acceptable("JX6-CTV-05"))
        assert (outcome.kind, outcome.error.code, outcome.error.provider_code_raw) == (
            "not_sent",
            ErrorCode.UPS_AUTH,
            "1001",
        )
        assert len(hub.messages("BS3004")) == 2
        assert hub.catv.ledger.count() == 0


async def test_idle_session_is_renewed_before_the_boss_ends_it():
    async with running() as hub:
        await hub.run("check", query())
        await hub.clock.advance(minutes=17)
        await hub.run("check", query())
        await hub.clock.advance(minutes=17)
        await hub.run("check", query())
        assert len(hub.messages("BS1001")) == 2
        assert "1001" not in {entry.code for entry in hub.catv.journal.entries}


async def test_session_that_ended_at_the_boss_is_renewed_when_it_says_so():
    async with running() as hub:
        await hub.run("check", query())
        hub.catv.operators.kick("OW0001")
        assert (await hub.run("accounts", query(account_no="330400012345"))).accounts
        assert [entry.code for entry in hub.catv.journal.entries][-3:] == ["1001", "0", "0"]


async def test_calls_of_one_operator_go_one_after_another():
    """The BOSS takes its time, and many ask at once: each is served, none meets another, one login is enough."""
    async with running(extra={"think_seconds": 0.01}) as hub:
        numbers = ["330400012345", "330400020001", "330400020005", "330400020009"] * 2
        replies = await asyncio.gather(*(hub.run("arrears", query(account_no=number)) for number in numbers))
        assert [reply.accounts[0].account_no for reply in replies] == numbers
        assert len(hub.messages("BS1001")) == 1
        assert not hub.catv.journal.violations()
        assert "9999" not in {entry.code for entry in hub.catv.journal.entries}


async def test_orders_sent_at_once_each_have_one_effect_though_the_session_is_lost_between():
    async with running(extra={"think_seconds": 0.005}) as hub:
        hub.catv.faults.arm("kick", operation="BS3001", after=1, times=2)
        orders = [acceptable("JX6-CTV-01", seq=seq) for seq in range(1, 7)]
        outcomes = await asyncio.gather(*(hub.settle("accept", order) for order in orders))
        assert [outcome.kind for outcome in outcomes] == ["accepted"] * 6
        assert [hub.catv.ledger.effects(stamp(order))[0].effect for order in orders] == ["order"] * 6
        assert hub.catv.ledger.count() == 6


async def test_wrong_password_is_tried_once_and_let_rest_so_that_the_operator_is_not_locked():
    async with running(config={"password": "WRONG"}) as hub:
        order = acceptable("JX6-CTV-05")
        for _ in range(20):
            outcome = await hub.run("accept", order)
            assert (outcome.kind, outcome.error.code, outcome.error.provider_code_raw) == (
                "not_sent",
                ErrorCode.UPS_AUTH,
                "1002",
            )
            assert outcome.retry_after == timedelta(minutes=30)
        assert len(hub.messages("BS1001")) == 1
        for _ in range(8):
            await hub.clock.advance(minutes=31)
            await hub.run("accept", order)
        assert hub.catv.operators.find("OW0001").locked_until is None
        assert hub.catv.ledger.count() == 0


async def test_locked_operator_is_told_and_serves_again_after_the_rest():
    async with running() as hub:
        operator = hub.catv.operators.find("OW0001")
        operator.locked_until = hub.clock.now() + timedelta(minutes=25)
        outcome = await hub.run("accept", acceptable("JX6-CTV-05"))
        assert (outcome.kind, outcome.error.provider_code_raw) == ("not_sent", "1003")
        await hub.clock.advance(minutes=31)
        assert (await hub.run("accept", acceptable("JX6-CTV-05"))).kind == "completed"


async def test_check_tells_good_credentials_bad_ones_and_no_boss():
    async with running() as hub:
        assert (await hub.run("check", query())).error is None
        await hub.equipment.transport.aclose()
        hub.catv.faults.arm("down")
        assert (await hub.run("check", query())).error.code is ErrorCode.UPS_UNAVAILABLE
    async with running(config={"password": "WRONG"}) as hub:
        assert (await hub.run("check", query())).error.code is ErrorCode.UPS_AUTH


async def test_wrong_password_for_the_files_is_told():
    async with running(config={"files_password": "WRONG"}) as hub:
        outcome = await hub.run("reconcile", day_query())
        assert (outcome.kind, outcome.error.code) == ("not_sent", ErrorCode.UPS_AUTH)


async def test_neither_secrets_nor_names_are_in_logs_outcomes_or_representations(caplog):
    caplog.set_level(logging.DEBUG)
    secrets = ["TEST-CATV", "王秀兰", "李建国", "330402195203140024", "13800138000", "中山东路"]
    async with running() as hub:
        order = order_of("JX6-CTV-03")
        said = []
        for kind in ("crash-after-commit", "garbage", "html", "page", "unknown-code", None):
            if kind:
                hub.catv.faults.arm(kind, operation="BS3002")
            said.append(await hub.run("accept", order))
            said.append(await hub.run("find", order))
        said.append(await hub.run("reconcile", day_query()))
        told = [outcome.model_dump_json() for outcome in said if hasattr(outcome, "kind")]
        session = hub.catv.operators.find("OW0001").session
        shown = "\n".join([caplog.text, *told, *map(repr, said), *map(repr, hub.calls), repr(hub.adapter)])
        assert [secret for secret in [*secrets, session] if secret in shown] == []
