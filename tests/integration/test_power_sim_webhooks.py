"""The power simulator's webhooks: signature, retries, and the ways delivery can go wrong."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from tests.integration.power_sim_client import DEMO, Subscriber, form, running, signature_holds

PAYMENT = {"consNo": "3304020012402", "channelSerial": "S", "payTime": "20260106090000"}


async def test_each_node_is_announced_once_signed_and_with_its_own_time():
    async with running() as (_, client), Subscriber(client.clock) as hub:
        accepted = await client.ok("app/submit", form("110", callbackUrl=hub.url))
        await client.clock.play(timedelta(hours=30))
        assert hub.nodes == ["01", "02", "03", "05", "06"]
        await client.login()
        order = await client.ok("app/query", {"outerNo": "JX6-0001"})
        public = client.connection["callback_public_key"]
        for event, node in zip(hub.events, order["nodes"], strict=True):
            assert set(event) == {
                "code",
                "eventId",
                "appNo",
                "outerNo",
                "nodeCode",
                "nodeTime",
                "signSm2",
            }
            assert (event["code"], event["appNo"], event["outerNo"]) == ("1", accepted["appNo"], "JX6-0001")
            assert event["nodeTime"] == node["nodeTime"]
            assert len(event["signSm2"]) == 128
            assert signature_holds(event, public)
        assert not signature_holds({**hub.events[0], "nodeCode": "06"}, public)
        assert len({event["eventId"] for event in hub.events}) == 5


async def test_order_without_a_callback_url_is_silent():
    async with running() as (power, client):
        await client.ok("app/submit", form())
        await client.clock.play(timedelta(hours=30))
        assert [entry for entry in power.journal.entries if entry.operation == "callback"] == []


@pytest.mark.parametrize(
    "answer", [(500, b""), (200, b"ok"), (200, b'{"code":1}'), (200, b'{"code":"0"}'), (201, b'{"code":"1"}')]
)
async def test_anything_but_code_text_one_with_http_200_is_tried_again(answer):
    async with running() as (_, client), Subscriber(client.clock, [answer]) as hub:
        await client.ok("app/submit", form("310", callbackUrl=hub.url))
        await client.clock.play(timedelta(minutes=2))
        assert hub.nodes == ["01", "01"]
        assert hub.events[0] == hub.events[1] | {"signSm2": hub.events[0]["signSm2"]}


async def test_retries_come_after_1_5_30_and_120_minutes_and_then_stop():
    no = (503, b"")
    async with running() as (power, client), Subscriber(client.clock, [no] * 9) as hub:
        await client.ok("app/submit", form(consNo=DEMO, callbackUrl=hub.url))
        await power.advance("JX6-0001", "08")  # waits: no further node disturbs the count
        await client.clock.play(timedelta(hours=10))
        first = [at for at, node in zip(hub.arrivals, hub.nodes, strict=True) if node == "01"]
        gaps = [(late - early).total_seconds() / 60 for early, late in pairwise(first)]
        assert gaps == [1, 5, 30, 120]
        assert len({event["eventId"] for event in hub.events if event["nodeCode"] == "01"}) == 1
        codes = [entry.code for entry in power.journal.entries if entry.operation == "callback"]
        assert "given up" in codes


async def test_unreachable_subscriber_is_tried_again_and_reached_later():
    async with running() as (_, client):
        async with Subscriber(client.clock) as gone:
            url = gone.url
        await client.ok("app/submit", form("310", callbackUrl=url))
        await client.clock.play(30)
        hub = Subscriber(client.clock)
        hub._server._listener.port = int(url.split(":")[2].split("/")[0])
        async with hub:
            await client.clock.play(40)
            assert hub.nodes == ["01"]


async def test_events_can_be_held_back_so_that_the_answer_to_their_request_comes_first():
    async with running(extra={"callback_delay": 2}) as (_, client), Subscriber(client.clock) as hub:
        await client.ok("app/submit", form("310", callbackUrl=hub.url))
        await client.clock.play(1.9)
        assert hub.nodes == []
        await client.clock.play(0.2)
        assert hub.nodes == ["01"]


async def test_slow_subscriber_is_given_up_after_the_time_limit_and_tried_again():
    async with running(extra={"callback_timeout": 0.05}) as (power, client), Subscriber(client.clock) as hub:
        quick, hub._server._handler = hub._server._handler, _sleepy(hub)
        await client.ok("app/submit", form("310", callbackUrl=hub.url))
        await client.clock.play(30)
        hub._server._handler = quick
        await client.clock.play(40)
        codes = [entry.code for entry in power.journal.entries if entry.operation == "callback"]
        assert codes[0] in {"TimeoutError", "ReadTimeout"}
        assert codes[1] == "1"


def _sleepy(hub):
    import asyncio

    async def handle(call):
        await asyncio.sleep(0.3)
        return await hub._handle(call)

    return handle


async def test_duplicate_fault_sends_the_same_event_twice():
    async with running() as (power, client), Subscriber(client.clock) as hub:
        power.faults.arm("callback-duplicate", operation="callback")
        await client.ok("app/submit", form("310", callbackUrl=hub.url))
        await client.clock.play(1)
        assert hub.nodes == ["01", "01"]
        assert hub.events[0]["eventId"] == hub.events[1]["eventId"]


async def test_reorder_fault_holds_an_event_until_the_next_one_is_out():
    async with running() as (power, client), Subscriber(client.clock) as hub:
        power.faults.arm("callback-reorder", operation="callback", after=1)
        await client.ok("app/submit", form(callbackUrl=hub.url))
        await client.clock.play(timedelta(seconds=10))
        for node in ("05", "06"):
            await power.advance("JX6-0001", node)
            await client.clock.play(timedelta(seconds=10))
        assert hub.nodes == ["01", "06", "05"]
        by_time = sorted(hub.events, key=lambda event: (event["nodeTime"], event["nodeCode"]))
        assert [event["nodeCode"] for event in by_time] == ["01", "05", "06"]


async def test_held_event_with_no_successor_is_sent_after_an_hour():
    async with running() as (power, client), Subscriber(client.clock) as hub:
        power.faults.arm("callback-reorder", operation="callback")
        await client.ok("app/submit", form(callbackUrl=hub.url))
        await client.clock.play(timedelta(minutes=59))
        assert hub.nodes == []
        await client.clock.play(timedelta(minutes=2))
        assert hub.nodes == ["01"]


async def test_badsign_fault_spoils_one_attempt_and_the_retry_is_right():
    async with running() as (power, client), Subscriber(client.clock, [(200, b'{"code":"0"}')]) as hub:
        power.faults.arm("callback-badsign", operation="callback")
        await client.ok("app/submit", form("310", callbackUrl=hub.url))
        await client.clock.play(timedelta(minutes=2))
        public = client.connection["callback_public_key"]
        assert [signature_holds(event, public) for event in hub.events] == [False, True]


async def test_drop_fault_loses_the_event_and_only_app_query_tells():
    async with running() as (power, client), Subscriber(client.clock) as hub:
        power.faults.arm("callback-drop", operation="callback", after=1)
        await client.ok("app/submit", form("310", callbackUrl=hub.url))
        await client.clock.play(timedelta(hours=40))
        assert hub.nodes == ["01"]
        await client.login()
        assert (await client.ok("app/query", {"outerNo": "JX6-0001"}))["nodeCode"] == "06"


async def test_final_bill_announces_08_and_after_the_payment_05_and_06():
    async with running() as (power, client), Subscriber(client.clock) as hub:
        account = power._services.accounts.find("3304020012402")
        asked = form(consNo=account.cons_no, oldCustName=account.name, callbackUrl=hub.url)
        await client.ok("app/submit", asked)
        await client.clock.play(timedelta(hours=30))
        assert hub.nodes == ["01", "02", "05", "08"]
        await client.login()
        await client.ok("pay/writeoff", {**PAYMENT, "payAmt": 4_320})
        await client.clock.play(timedelta(hours=10))
        assert hub.nodes == ["01", "02", "05", "08", "05", "06"]


async def test_event_of_node_01_goes_out_though_the_reply_of_the_submit_was_lost():
    import httpx

    async with running() as (power, client), Subscriber(client.clock) as hub:
        power.faults.arm("after-commit")
        with pytest.raises(httpx.TransportError):
            await client.call("app/submit", form(callbackUrl=hub.url))
        await client.clock.play(1)
        assert (hub.nodes, hub.events[0]["outerNo"]) == (["01"], "JX6-0001")
