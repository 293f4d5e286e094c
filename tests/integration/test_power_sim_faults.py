"""Every fault kind against the power simulator: what the client sees, and what the ledger then holds."""

from __future__ import annotations

import asyncio
import json
import secrets

import httpx
import pytest

from tests.integration.power_sim_client import form, running

PAY = {"consNo": "3304020012352", "payAmt": 100, "channelSerial": "S-1", "payTime": "20260105090000"}
EFFECTS = {"app/submit": ("order", form()), "pay/writeoff": ("payment", PAY)}


@pytest.mark.parametrize("service", sorted(EFFECTS))
@pytest.mark.parametrize(
    ("kind", "effects"),
    [("before-commit", 0), ("after-commit", 1), ("half-status", 1), ("half-body", 1)],
)
async def test_cut_reply_leaves_the_effect_its_kind_says_and_a_retry_makes_it_one(kind, effects, service):
    effect, data = EFFECTS[service]
    async with running() as (power, client):
        power.faults.arm(kind)
        request_id = secrets.token_hex(16)
        with pytest.raises(httpx.TransportError):
            await client.call(service, data, X_Request_Id=request_id)
        assert power.ledger.count(effect) == effects
        await client.ok(service, data, X_Request_Id=request_id)
        assert power.ledger.count(effect) == 1
        assert kind in [entry.fault for entry in power.journal.entries]


async def test_lost_reply_is_found_by_outer_no():
    async with running() as (power, client):
        power.faults.arm("after-commit")
        with pytest.raises(httpx.TransportError):
            await client.call("app/submit", form())
        found = await client.ok("app/query", {"outerNo": "JX6-0001"})
        assert found["appNo"] == power.ledger.entries[0].facts["appNo"]


async def test_request_cut_before_commit_is_absent():
    async with running() as (power, client):
        power.faults.arm("before-commit")
        with pytest.raises(httpx.TransportError):
            await client.call("app/submit", form())
        assert await client.ok("app/query", {"outerNo": "JX6-0001"}) == {"found": False}


@pytest.mark.parametrize("kind", ["garbage", "html", "wrong-charset"])
async def test_spoilt_reply_fails_its_signature_though_the_effect_was_made(kind):
    async with running() as (power, client):
        power.faults.arm(kind)
        request_id = secrets.token_hex(16)
        with pytest.raises(ValueError, match="X-Resp-Sign does not hold"):
            await client.call("app/submit", form(), X_Request_Id=request_id)
        assert power.ledger.count("order") == 1
        await client.ok("app/submit", form(), X_Request_Id=request_id)
        assert power.ledger.count("order") == 1


async def test_dribbled_reply_outlasts_a_total_deadline():
    async with running() as (power, client):
        power.faults.arm("dribble", delay=0.05)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.4):
                await client.call("app/submit", form())
        assert power.ledger.count("order") == 1


async def test_refused_port_opens_again_by_the_clock():
    async with running() as (power, client):
        power.faults.arm("refused", times=2)
        await asyncio.sleep(0.02)  # kept-alive connections are dropped in the next turn of the loop
        with pytest.raises(httpx.ConnectError):
            await client.call("app/submit", form())
        client.clock.advance(3)
        await asyncio.sleep(0.02)
        await client.ok("app/submit", form())


async def test_outage_lasts_until_it_is_cleared():
    async with running() as (power, client):
        power.faults.arm("down")
        await asyncio.sleep(0.02)  # kept-alive connections are dropped in the next turn of the loop
        for _ in range(2):
            with pytest.raises(httpx.ConnectError):
                await client.call("app/submit", form())
        power.faults.clear()
        await client.ok("app/submit", form())
        assert power.ledger.count("order") == 1


async def test_connection_that_hangs_is_never_answered():
    async with running() as (power, client):
        power.faults.arm("connect-hang")
        await asyncio.sleep(0.02)  # kept-alive connections are dropped in the next turn of the loop
        client.http.timeout = httpx.Timeout(0.2)
        with pytest.raises(httpx.TimeoutException):
            await client.call("app/submit", form())
        assert power.ledger.count() == 0


async def test_fault_named_for_one_service_leaves_the_others_alone():
    async with running() as (power, client):
        power.faults.arm("after-commit", operation="app/query")
        await client.ok("app/submit", form())
        with pytest.raises(httpx.TransportError):
            await client.call("app/query", {"outerNo": "JX6-0001"})
        await client.ok("app/query", {"outerNo": "JX6-0001"})


async def test_fault_waits_for_an_effect_and_spares_a_refusal():
    async with running() as (power, client):
        power.faults.arm("after-commit")
        assert (await client.call("app/submit", form(oldCustName="别人")))["code"] == 20002
        with pytest.raises(httpx.TransportError):
            await client.call("app/submit", form())


async def test_token_service_and_upload_can_fail_too():
    async with running() as (power, client):
        power.faults.arm("before-commit", operation="oauth/token")
        with pytest.raises(httpx.TransportError):
            await client.login()
        power.faults.arm("before-commit", operation="upload")
        with pytest.raises(httpx.TransportError):
            await client.upload()
        await client.login()
        assert len(await client.upload()) == 32


async def test_journal_and_state_hold_no_personal_data():
    async with running() as (power, client):
        await client.ok("app/submit", form("320"))
        await client.call("app/submit", form(oldCustName="别人", outer="X"))
        written = json.dumps([entry.as_dict() for entry in power.journal.entries], ensure_ascii=False)
        written += json.dumps(power.state(), ensure_ascii=False) + repr(power._services.accounts.find("3304020012345"))
        for secret in ("李建国", "李小明", "330402198801010012", "13800138000", "中山东路", "别人"):
            assert secret not in written
