"""The water adapter when things go wrong: every fault kind, refused signatures, crashes, and exactly one effect."""

from __future__ import annotations

import logging

import pytest

from hub.domain.taxonomy import ErrorCode
from tests.integration.water_hub import acceptable, day_query, material, order_of, payment, query, running

DOUBTFUL = [
    "before-commit",
    "after-commit",
    "half-status",
    "half-body",
    "dribble",
    "garbage",
    "html",
    "wrong-charset",
    "crash",
    "crash-after-commit",
]
WRITES = {"accept": ("3001", "order"), "pay": ("2001", "payment"), "reverse": ("2002", "reversal")}
NOTHING_HAPPENED = {"before-commit", "crash"}


def source(name):
    return acceptable("JX6-WAT-01") if name == "accept" else payment()


async def prepared(hub, name):
    if name == "reverse":
        await hub.run("pay", payment())


@pytest.mark.parametrize("name", sorted(WRITES))
@pytest.mark.parametrize("kind", DOUBTFUL)
async def test_doubtful_write_is_unknown_and_after_the_inquiry_there_is_one_effect(name, kind):
    trade, effect = WRITES[name]
    async with running() as hub:
        await prepared(hub, name)
        hub.water.faults.arm(kind, operation=trade)
        assert (await hub.run(name, source(name))).kind == "unknown"
        settled = await hub.run(hub.adapter.operation(name).inquiry, source(name))
        if settled.kind == "absent":
            assert kind in NOTHING_HAPPENED
            settled = await hub.run(name, source(name))
        assert settled.kind in {"accepted", "completed"}
        assert hub.water.ledger.count(effect) == 1


@pytest.mark.parametrize("kind", ["after-commit", "html", "crash-after-commit"])
async def test_dialect_b_recovers_as_a_does(kind):
    async with running("B") as hub:
        order = acceptable("JX6-WAT-01", "B")
        hub.water.faults.arm(kind, operation="3001")
        assert (await hub.run("accept", order)).kind == "unknown"
        assert (await hub.run("find", order)).kind == "accepted"
        assert hub.water.ledger.count("order") == 1


@pytest.mark.parametrize("name", sorted(WRITES))
@pytest.mark.parametrize("kind", ["refused", "down"])
async def test_unreachable_company_means_not_sent(name, kind):
    async with running() as hub:
        await prepared(hub, name)
        await hub.equipment.transport.aclose()
        hub.water.faults.arm(kind)
        outcome = await hub.run(name, source(name))
        assert (outcome.kind, outcome.error.code) == ("not_sent", ErrorCode.UPS_UNAVAILABLE)
        hub.water.faults.clear()
        assert (await hub.settle(name, source(name))).kind in {"accepted", "completed"}
        assert hub.water.ledger.count(WRITES[name][1]) == 1


async def test_connection_that_is_taken_and_never_served_is_a_doubt_that_the_inquiry_resolves():
    async with running() as hub:
        hub.water.faults.arm("connect-hang")
        assert (await hub.run("accept", source("accept"))).kind == "unknown"
        assert (await hub.run("find", source("accept"))).kind == "absent"
        assert (await hub.run("accept", source("accept"))).kind == "accepted"
        assert hub.water.ledger.count("order") == 1


@pytest.mark.parametrize("kind", [kind for kind in DOUBTFUL if kind != "crash-after-commit"])
async def test_reads_are_never_in_doubt(kind):
    async with running() as hub:
        hub.water.faults.arm(kind, operation="1001")
        assert (await hub.run("accounts", query(account_no="0100012345"))).kind == "not_sent"
        assert (await hub.run("accounts", query(account_no="0100012345"))).accounts


@pytest.mark.parametrize("name", sorted(WRITES))
async def test_busy_company_did_nothing_and_is_left_alone_for_a_minute(name):
    trade, effect = WRITES[name]
    async with running() as hub:
        await prepared(hub, name)
        hub.water.faults.arm("busy", operation=trade)
        outcome = await hub.run(name, source(name))
        assert (outcome.kind, outcome.error.code) == ("not_sent", ErrorCode.UPS_THROTTLED)
        assert outcome.retry_after.total_seconds() == 60
        assert hub.water.ledger.count(effect) == 0


async def test_lost_reply_with_the_inquiry_down_stays_unknown_until_it_is_up():
    async with running() as hub:
        order = source("accept")
        hub.water.faults.arm("after-commit", operation="3001")
        assert (await hub.run("accept", order)).kind == "unknown"
        hub.water.faults.arm("down")
        assert (await hub.run("find", order)).kind == "not_sent"
        hub.water.faults.clear()
        assert (await hub.run("find", order)).kind == "accepted"
        assert hub.water.ledger.count("order") == 1


@pytest.mark.parametrize("name", sorted(WRITES))
async def test_code_nobody_knows_is_faulty_with_the_raw_code(name):
    async with running() as hub:
        await prepared(hub, name)
        hub.water.faults.arm("unknown-code", operation=WRITES[name][0], code="0047")
        outcome = await hub.run(name, source(name))
        assert (outcome.kind, outcome.error.code) == ("faulty", ErrorCode.UPS_UNMAPPED)
        assert outcome.error.provider_code_raw == "0047"


async def test_system_error_in_a_write_is_a_doubt_and_in_a_read_none():
    async with running() as hub:
        hub.water.faults.arm("unknown-code", operation="3001", code="9999")
        assert (await hub.run("accept", source("accept"))).kind == "unknown"
        hub.water.faults.arm("unknown-code", operation="3002", code="9999")
        outcome = await hub.run("find", source("accept"))
        assert (outcome.kind, outcome.error.code) == ("not_sent", ErrorCode.UPS_UNAVAILABLE)


@pytest.mark.parametrize("dialect", ["A", "B"])
async def test_check_tells_good_credentials_bad_ones_and_no_company(dialect):
    async with running(dialect) as hub:
        assert (await hub.run("check", query())).error is None
        await hub.equipment.transport.aclose()
        hub.water.faults.arm("down")
        assert (await hub.run("check", query())).error.code is ErrorCode.UPS_UNAVAILABLE
    async with running(dialect, config={"sign_key": "WRONG"}) as hub:
        assert (await hub.run("check", query())).error is ErrorCode.UPS_AUTH


async def test_wrong_signature_is_not_sent_and_tried_once():
    async with running(config={"sign_key": "WRONG"}) as hub:
        outcome = await hub.run("accept", source("accept"))
        assert (outcome.kind, outcome.error.code) == ("not_sent", ErrorCode.UPS_AUTH)
        assert len(hub.calls) == 1


async def test_neither_secrets_nor_names_are_in_logs_outcomes_or_representations(caplog):
    caplog.set_level(logging.DEBUG)
    secrets = ["TEST-WATER-0401", "王秀兰", "李建国", "330402195203140024", "13800138000", "中山东路"]
    async with running() as hub:
        hub.store.files = {"one": b"%PDF"}
        order = order_of("JX6-WAT-01", evidence=(material(b"%PDF"),))
        said = []
        for kind in ("crash-after-commit", "garbage", "html", "unknown-code", None):
            if kind:
                hub.water.faults.arm(kind, operation="3001")
            said.append(await hub.run("accept", order))
            said.append(await hub.run("find", order))
        said.append(await hub.run("accounts", query(account_no="0100099999")))
        said.append(await hub.run("reconcile", day_query()))
        told = [outcome.model_dump_json() for outcome in said if hasattr(outcome, "kind")]
        shown = "\n".join([caplog.text, *told, *map(repr, said), *map(repr, hub.calls), repr(hub.adapter)])
        assert [secret for secret in secrets if secret in shown] == []
