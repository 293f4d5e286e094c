"""The power adapter when things go wrong: every fault kind, tokens, throttling, and exactly one effect."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest

from hub.domain.taxonomy import ErrorCode
from tests.integration.power_hub import DEBTOR, DEMO, day_query, material, order_of, payment, query, running

DOUBTFUL = ["before-commit", "after-commit", "half-status", "half-body", "dribble", "garbage", "html", "wrong-charset"]
WRITES = {"accept": ("app/submit", "order"), "pay": ("pay/writeoff", "payment")}


def source(name):
    if name == "pay":
        return order_of("JX6-ELE-15", form={"account_no": DEBTOR, "amount": 100})
    return order_of("JX6-ELE-05")


@pytest.mark.parametrize("name", sorted(WRITES))
@pytest.mark.parametrize("kind", DOUBTFUL)
async def test_doubtful_write_is_unknown_and_after_the_inquiry_there_is_one_effect(name, kind):
    service, effect = WRITES[name]
    async with running() as hub:
        hub.power.faults.arm(kind, operation=service)
        outcome = await hub.run(name, source(name))
        assert outcome.kind == "unknown"
        settled = await hub.run(hub.adapter.operation(name).inquiry, source(name))
        if settled.kind == "absent":
            assert kind == "before-commit"
            settled = await hub.run(name, source(name))
        assert settled.kind in {"accepted", "completed"}
        assert hub.power.ledger.count(effect) == 1


@pytest.mark.parametrize("name", sorted(WRITES))
@pytest.mark.parametrize("kind", ["refused", "down"])
async def test_unreachable_platform_means_not_sent(name, kind):
    async with running() as hub:
        hub.power.faults.arm(kind)
        outcome = await hub.run(name, source(name))
        assert (outcome.kind, outcome.error.code) == ("not_sent", ErrorCode.UPS_UNAVAILABLE)
        hub.power.faults.clear()
        assert (await hub.settle(name, source(name))).kind in {"accepted", "completed"}
        assert hub.power.ledger.count(WRITES[name][1]) == 1


async def test_connection_that_hangs_at_login_is_not_sent():
    async with running() as hub:
        hub.power.faults.arm("connect-hang")
        assert (await hub.run("accept", source("accept"))).kind == "not_sent"


@pytest.mark.parametrize("kind", DOUBTFUL)
async def test_reads_are_never_in_doubt(kind):
    async with running() as hub:
        hub.power.faults.arm(kind, operation="consumer/query")
        assert (await hub.run("accounts", query(account_no=DEMO))).kind == "not_sent"
        assert (await hub.run("accounts", query(account_no=DEMO))).accounts


async def test_lost_reply_with_the_inquiry_down_stays_unknown():
    async with running() as hub:
        hub.power.faults.arm("after-commit", operation="app/submit")
        assert (await hub.run("accept", source("accept"))).kind == "unknown"
        hub.power.faults.arm("down")
        assert (await hub.run("find", source("accept"))).kind == "not_sent"
        hub.power.faults.clear()
        assert (await hub.run("find", source("accept"))).kind == "accepted"


@pytest.mark.parametrize(
    ("options", "code", "seconds"),
    [
        ({}, ErrorCode.UPS_BUSY, None),
        ({"status": 429, "retry_after": 7}, ErrorCode.UPS_THROTTLED, 7),
        ({"status": 429, "retry_after": 90, "retry_after_form": "date"}, ErrorCode.UPS_THROTTLED, 90),
        ({"status": 503, "retry_after": 30}, ErrorCode.UPS_UNAVAILABLE, 30),
    ],
)
async def test_busy_platform_did_nothing_and_says_when_to_come_again(options, code, seconds):
    async with running() as hub:
        hub.power.faults.arm("busy", operation="app/submit", **options)
        outcome = await hub.run("accept", source("accept"))
        assert (outcome.kind, outcome.error.code) == ("not_sent", code)
        assert outcome.retry_after == (None if seconds is None else timedelta(seconds=seconds))
        assert (await hub.run("accept", source("accept"))).kind == "accepted"
        assert hub.power.ledger.count("order") == 1


async def test_used_key_with_the_query_busy_stays_a_doubt():
    async with running() as hub:
        order = order_of("JX6-ELE-05", evidence=(material(),))
        await hub.run("accept", order)
        hub.power.faults.arm("busy", operation="app/query")
        outcome = await hub.run("accept", order.with_(evidence=()))
        assert (outcome.kind, outcome.error.code) == ("unknown", ErrorCode.UPS_BUSY)
        assert (await hub.run("find", order)).kind == "accepted"
        assert hub.power.ledger.count("order") == 1


async def test_token_is_shared_and_refreshed_before_it_ends():
    async with running() as hub:
        await hub.run("accounts", query(account_no=DEMO))
        await hub.clock.advance(hours=1)
        await hub.run("accounts", query(account_no=DEMO))
        assert len(hub.messages("token")) == 1
        await hub.clock.advance(minutes=59)
        await hub.run("accounts", query(account_no=DEMO))
        assert [call.request_tree.get("grantType") for call in hub.messages("token")] == [None, "refreshToken"]


async def test_refresh_token_that_is_used_up_leads_to_a_first_token():
    async with running() as hub:
        await hub.run("accounts", query(account_no=DEMO))
        await hub.power.reset()
        await hub.clock.advance(hours=3)
        assert (await hub.run("accounts", query(account_no=DEMO))).accounts
        assert [call.request_tree.get("grantType") for call in hub.messages("token")] == [None, "refreshToken", None]


async def test_token_that_the_platform_forgot_is_renewed_once_and_the_order_sent_once():
    async with running() as hub:
        await hub.run("accounts", query(account_no=DEMO))
        await hub.power.reset()
        assert (await hub.run("accept", source("accept"))).kind == "accepted"
        assert len(hub.messages("app.submit")) == 2
        assert hub.power.ledger.count("order") == 1


async def test_wrong_secret_is_tried_once():
    async with running(config={"app_secret": "WRONG"}) as hub:
        outcome = await hub.run("accept", source("accept"))
        assert (outcome.kind, outcome.error.code, outcome.error.provider_code_raw) == (
            "not_sent",
            ErrorCode.UPS_AUTH,
            "10003",
        )
        assert len(hub.calls) == 1


async def test_failed_upload_leaves_no_order():
    async with running() as hub:
        hub.power.faults.arm("before-commit", operation="upload")
        order = order_of("JX6-ELE-05", evidence=(material(),))
        assert (await hub.run("accept", order)).kind == "not_sent"
        assert (await hub.run("accept", order)).kind == "accepted"
        assert hub.power.ledger.count("order") == 1


async def test_spoilt_day_file_is_not_read():
    async with running() as hub:
        await hub.run("pay", payment())
        await hub.clock.advance(hours=20)
        hub.power.faults.arm("garbage", operation="recon/download")
        outcome = await hub.run("reconcile", day_query())
        assert (outcome.kind, outcome.error.code) == ("not_sent", ErrorCode.FILE_DIGEST)
        assert len((await hub.run("reconcile", day_query())).records) == 1


async def test_nothing_personal_and_no_secret_is_told(caplog):
    caplog.set_level(logging.DEBUG)
    async with running() as hub:
        order = order_of("JX6-ELE-05", evidence=(material(),))
        told = []
        for kind in ("garbage", "half-body", "html"):
            hub.power.faults.arm(kind, operation="app/submit")
            outcome = await hub.run("accept", order)
            told.append(outcome.error.model_dump_json())
        told.append(
            (
                await hub.run("accept", order_of("JX6-ELE-05", seq=2, form={"account_no": DEBTOR}))
            ).error.model_dump_json()
        )
        told += [repr(call) for call in hub.calls]
        text = "".join(told) + caplog.text
        for secret in (
            hub.adapter.config["app_secret"],
            hub.adapter.config["app_private_key"],
            hub.messages("token")[0].reply.token,
        ):
            assert secret not in text
        for personal in ("王秀兰", "李建国", order.applicant.document.number, order.applicant.mobile, DEMO):
            assert personal not in text
