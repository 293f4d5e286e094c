"""The power simulator's orders after they were accepted: queries, cancelling, supplements, final bills, fees."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.integration.power_sim_client import form, running
from tests.integration.test_power_sim_orders import nodes_of, seeded


async def test_query_tells_absent_from_found_by_either_number():
    async with running() as (_, client):
        assert await client.ok("app/query", {"outerNo": "nobody"}) == {"found": False}
        assert await client.ok("app/query", {"appNo": 3304260105999999}) == {"found": False}
        accepted = await client.ok("app/submit", form())
        by_outer = await client.ok("app/query", {"outerNo": "JX6-0001"})
        assert await client.ok("app/query", {"appNo": accepted["appNo"]}) == by_outer
        assert (by_outer["appTypeCode"], by_outer["cancelFlag"], by_outer["rejectReason"]) == ("210", "0", "")
        for asked in ({}, {"appNo": accepted["appNo"], "outerNo": "JX6-0001"}, {"appNo": str(accepted["appNo"])}):
            assert (await client.call("app/query", asked))["code"] == 10001


async def test_cancel_ends_an_early_order_and_frees_the_account():
    async with running() as (power, client):
        await client.ok("app/submit", form())
        client.clock.advance(60)
        done = await client.ok("app/cancel", {"outerNo": "JX6-0001", "reason": "不办了"})
        assert (done["cancelled"], done["nodeCode"], done["nodeTime"]) == (True, "07", "20260105090100")
        assert (await client.ok("app/cancel", {"outerNo": "JX6-0001"}))["cancelled"] is True
        assert power.ledger.summary() == {"order": 1, "cancel": 1}
        found = await client.ok("app/query", {"outerNo": "JX6-0001"})
        assert (found["cancelFlag"], found["rejectReason"]) == ("1", "用户撤销")
        client.clock.advance(timedelta(days=3))
        assert await nodes_of(client) == ["01", "07"]
        await client.ok("app/submit", form(outer="JX6-0002"))


async def test_cancel_after_the_meter_reading_succeeds_with_cancelled_false():
    async with running() as (power, client):
        await client.ok("app/submit", form())
        await power.advance("JX6-0001", "05")
        late = await client.ok("app/cancel", {"outerNo": "JX6-0001"})
        assert (late["cancelled"], late["nodeCode"]) == (False, "05")
        assert (await client.call("app/cancel", {"outerNo": "nobody"}))["code"] == 20001


async def test_returned_order_waits_for_its_supplement_and_goes_on():
    async with running() as (power, client):
        broken = seeded(power, "3304020012452")
        await client.ok("app/submit", form("510", **broken))
        client.clock.advance(timedelta(days=5))
        assert await nodes_of(client) == ["01", "02", "08"]
        found = await client.ok("app/query", {"outerNo": "JX6-0001"})
        assert (found["rejectCode"], found["nodeCode"]) == ("M01", "08")
        refused = await client.call("app/supplement", {"outerNo": "JX6-0001", "fileIds": ["0" * 32]})
        assert refused["data"] == {"field": "fileIds[0]", "rule": "uploaded"}
        file_id = await client.upload()
        taken = await client.ok("app/supplement", {"appNo": found["appNo"], "fileIds": [file_id]})
        assert (taken["accepted"], taken["nodeCode"]) == (True, "02")
        client.clock.advance(timedelta(hours=30))
        assert await nodes_of(client) == ["01", "02", "08", "02", "05", "06"]


async def test_supplement_that_nobody_asked_for_succeeds_with_accepted_false():
    async with running() as (_, client):
        await client.ok("app/submit", form())
        given = {"outerNo": "JX6-0001", "fileIds": [await client.upload()]}
        assert (await client.ok("app/supplement", given))["accepted"] is False
        assert (await client.call("app/supplement", {**given, "outerNo": "nobody"}))["code"] == 20001
        assert (await client.call("app/supplement", {"outerNo": "JX6-0001", "fileIds": []}))["code"] == 10001


async def test_uploaded_files_are_taken_with_the_application():
    async with running() as (_, client):
        ids = [await client.upload(), await client.upload(b"another", "b.ofd")]
        await client.ok("app/submit", form(fileIds=ids))
        assert (await client.call("app/submit", form(outer="X", fileIds=[ids[0]] * 2)))["code"] == 10001


async def test_rejected_order_ends_at_07_with_its_reason():
    async with running() as (power, client):
        await client.ok("app/submit", form("510", **seeded(power, "3304020012460")))
        client.clock.advance(timedelta(hours=30))
        assert await nodes_of(client) == ["01", "02", "07"]
        found = await client.ok("app/query", {"outerNo": "JX6-0001"})
        assert (found["rejectCode"], found["cancelFlag"]) == ("S01", "0")
        assert found["rejectReason"]


async def test_final_bill_turns_an_accepted_transfer_to_08_until_it_is_paid():
    async with running() as (power, client):
        holder = seeded(power, "3304020012402")
        await client.ok("app/submit", form(consNo=holder["consNo"], oldCustName=holder["custName"]))
        client.clock.advance(timedelta(hours=60))
        assert await nodes_of(client) == ["01", "02", "05", "08"]
        found = await client.ok("app/query", {"outerNo": "JX6-0001"})
        assert (found["rejectCode"], found["arrearsAmt"]) == ("20003", 4_320)
        given = {"outerNo": "JX6-0001", "fileIds": [await client.upload()]}
        early = await client.call("app/supplement", given)
        assert (early["code"], early["data"]) == (20003, {"arrearsAmt": 4_320})
        part = {"consNo": holder["consNo"], "payAmt": 4_000, "channelSerial": "S", "payTime": "20260107210000"}
        await client.ok("pay/writeoff", part)
        assert (await nodes_of(client))[-1] == "08"
        await client.ok("pay/writeoff", {**part, "payAmt": 320})
        assert (await nodes_of(client))[-1] == "05"
        client.clock.advance(timedelta(hours=7))
        assert (await nodes_of(client))[-1] == "06"


async def test_order_with_a_contract_waits_at_04_for_the_signed_copy():
    async with running() as (power, client):
        await client.ok("app/submit", form("140", **seeded(power, "3304020012444")))
        client.clock.advance(timedelta(days=3))
        assert await nodes_of(client) == ["01", "02", "04"]
        found = await client.ok("app/query", {"outerNo": "JX6-0001"})
        assert found["contractNo"].startswith("HT")
        given = {"outerNo": "JX6-0001", "fileIds": [await client.upload()]}
        assert (await client.ok("app/supplement", given))["accepted"] is True
        client.clock.advance(timedelta(hours=20))
        assert await nodes_of(client) == ["01", "02", "04", "05", "06"]


async def test_order_with_a_fee_waits_at_04_until_the_fee_is_paid_by_order_number():
    async with running(extra={"fates": {"610": "fee"}}) as (power, client):
        accepted = await client.ok("app/submit", form("610"))
        pay = {"appNo": accepted["appNo"], "payAmt": 12_000, "channelSerial": "F", "payTime": "20260105090000"}
        assert (await client.call("pay/writeoff", pay))["data"] == {"field": "appNo", "rule": "noFeeDue"}
        client.clock.advance(timedelta(days=3))
        assert await nodes_of(client) == ["01", "02", "03", "04"]
        await client.ok("pay/writeoff", pay)
        found = await client.ok("app/query", {"outerNo": "JX6-0001"})
        assert (found["feeAmt"], found["feePaid"], found["nodeCode"]) == (12_600, 12_000, "04")
        await client.ok("pay/writeoff", {**pay, "payAmt": 600})
        client.clock.advance(timedelta(hours=20))
        assert (await nodes_of(client))[-1] == "06"
        assert power.ledger.count("payment") == 2
        assert (await client.call("pay/writeoff", {**pay, "appNo": 3304260105999999}))["code"] == 20001


async def test_advance_puts_an_order_at_a_node_and_it_goes_on_from_there():
    async with running() as (power, client):
        accepted = await client.ok("app/submit", form())
        await power.advance(str(accepted["appNo"]), "05")
        assert await nodes_of(client) == ["01", "05"]
        client.clock.advance(timedelta(hours=7))
        assert await nodes_of(client) == ["01", "05", "06"]
        with pytest.raises(ValueError, match="stays there"):
            await power.advance("JX6-0001", "02")
        with pytest.raises(ValueError, match="is no node"):
            await power.advance("JX6-0001", "99")
        with pytest.raises(KeyError, match="no order"):
            await power.advance("nobody", "02")


async def test_name_outside_gbk_comes_and_goes_whole():
    async with running() as (_, client):
        found = await client.ok("consumer/query", {"consNo": "3304020012436"})
        assert found["consumers"][0]["consName"] == "王㛃䶮"
        asked = form(consNo="3304020012436", oldCustName="王㛃䶮", custName="古力娜扎·买买提𬭎")
        await client.ok("app/submit", asked)
        client.clock.advance(timedelta(hours=30))
        await client.login()
        found = await client.ok("consumer/query", {"consNo": "3304020012436"})
        assert found["consumers"][0]["consName"] == "古力娜扎·买买提𬭎"
