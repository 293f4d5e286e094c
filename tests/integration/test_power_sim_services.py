"""The power simulator's consumers, bills, payments, uploads and reconciliation file."""

from __future__ import annotations

import gzip
from datetime import timedelta

import httpx
import pytest

from tests.integration.power_sim_client import DEMO, FORMER, running, sm3

DEBTOR = "3304020012352"


def payment(cons_no, amount, serial="S-1", **more):
    return {
        "consNo": cons_no,
        "payAmt": amount,
        "channelSerial": serial,
        "payTime": "20260105090000",
        **more,
    }


async def test_consumer_query_by_number_gives_the_whole_record():
    async with running() as (_, client):
        found = await client.ok("consumer/query", {"consNo": DEMO})
        assert found["total"] == 1
        assert found["consumers"] == [
            {
                "consNo": DEMO,
                "consNoOld": "0012345678",
                "consName": "李建国",
                "elecAddr": "嘉兴市南湖区建设街道中山东路100号1幢2单元301室",
                "orgNo": "330402001",
                "elecTypeCode": "200",
                "contractCap": "8",
                "voltCode": "AC00220",
                "statusCode": "0",
                "arrears": 0,
                "prepayBal": 0,
                "touPlan": "00",
                "memberCount": 0,
                "openAppNo": None,
            }
        ]


async def test_legacy_number_of_ten_digits_is_answered_with_thirteen():
    async with running() as (_, client):
        found = await client.ok("consumer/query", {"consNo": "0012345678"})
        assert found["consumers"][0]["consNo"] == DEMO
        assert (await client.ok("bill/arrears", {"consNo": "0012345678"}))["consNo"] == DEMO


async def test_consumer_query_by_certificate_lists_all_accounts_within_the_authority():
    async with running() as (power, client):
        person = {"certTypeCode": "02", "certNo": "E12345678"}
        for number in ("3304020018001", "3304810018002"):
            power.add_account(cons_no=number, name="甲", cert_type="02", cert_no="E12345678")
        found = await client.ok("consumer/query", person)
        assert [one["consNo"] for one in found["consumers"]] == ["3304020018001", "3304810018002"]
        found = await client.ok("consumer/query", {**person, "orgNo": "330481001"})
        assert [one["consNo"] for one in found["consumers"]] == ["3304810018002"]
        nobody = await client.ok("consumer/query", {"certTypeCode": "02", "certNo": "NOBODY"})
        assert nobody == {"total": 0, "consumers": []}


async def test_seeded_person_with_three_accounts_is_found_in_three_counties():
    async with running() as (power, client):
        several = power._services.accounts.find("3304110012341")
        found = await client.ok("consumer/query", {"certTypeCode": "01", "certNo": several.cert_no})
        assert [one["orgNo"] for one in found["consumers"]] == ["330402001", "330411001", "330481001"]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"consNo": "9999999999999"}, 20001),
        ({"consNo": "9999999999"}, 20001),
        ({"consNo": DEMO, "orgNo": "330481001"}, 20006),
        ({"consNo": "123"}, 10001),
        ({}, 10001),
        ({"certTypeCode": "01"}, 10001),
        ({"certNo": "330402198801010012"}, 10001),
        ({"consNo": DEMO, "certTypeCode": "01", "certNo": "330402198801010012"}, 10001),
        ({"consNo": DEMO, "shoeSize": 43}, 10001),
        ({"consNo": DEMO + "\n"}, 10001),
        ([], 10001),
        ("text", 10001),
    ],
)
async def test_consumer_query_refuses(asked, code):
    async with running() as (_, client):
        assert (await client.call("consumer/query", asked))["code"] == code


async def test_wrong_authority_names_the_right_one():
    async with running() as (_, client):
        answer = await client.call("bill/arrears", {"consNo": "3304810012343", "orgNo": "330402001"})
        assert (answer["code"], answer["data"]) == (20006, {"orgNo": "330481001"})
        assert (await client.call("bill/arrears", {"consNo": "3304810012343", "orgNo": "330400000"}))["code"] == 1


async def test_parameter_error_names_field_and_rule_and_never_the_value():
    async with running() as (power, client):
        answer = await client.call("consumer/query", {"consNo": "secret-number"})
        assert answer["data"] == {"field": "consNo", "rule": "pattern"}
        assert "secret-number" not in str(answer)
        assert "secret-number" not in str(power.journal.entries)
        assert len(power.journal.violations()) == 1


async def test_arrears_are_listed_in_fen_with_part_payment_and_penalty():
    async with running() as (_, client):
        owed = await client.ok("bill/arrears", {"consNo": DEBTOR})
        assert owed["totalAmt"] == 18_650
        assert owed["bills"] == [
            {"rcvblYm": "202510", "rcvblAmt": 9650, "rcvedAmt": 5000, "penaltyAmt": 120, "settleFlag": "02"},
            {"rcvblYm": "202511", "rcvblAmt": 13400, "rcvedAmt": 0, "penaltyAmt": 480, "settleFlag": "01"},
        ]
        found = await client.ok("consumer/query", {"consNo": DEBTOR})
        assert found["consumers"][0]["arrears"] == 18_650


async def test_refund_is_a_negative_bill_and_no_arrears():
    async with running() as (_, client):
        owed = await client.ok("bill/arrears", {"consNo": "3304020012428"})
        assert owed["totalAmt"] == -3150
        assert owed["bills"][0]["rcvblAmt"] == -3150
        found = await client.ok("consumer/query", {"consNo": "3304020012428"})
        assert found["consumers"][0]["arrears"] == 0


async def test_period_shows_paid_bills_too():
    async with running() as (_, client):
        await client.ok("pay/writeoff", payment(DEBTOR, 4_770))
        open_bills = await client.ok("bill/arrears", {"consNo": DEBTOR})
        assert [bill["rcvblYm"] for bill in open_bills["bills"]] == ["202511"]
        period = {"consNo": DEBTOR, "beginYm": "202510", "endYm": "202510"}
        shown = await client.ok("bill/arrears", period)
        assert [(bill["rcvblYm"], bill["settleFlag"]) for bill in shown["bills"]] == [("202510", "03")]
        assert (await client.call("bill/arrears", {"consNo": DEBTOR, "beginYm": "202510"}))["code"] == 10001
        assert (await client.call("bill/arrears", {**period, "endYm": "202513"}))["code"] == 10001


async def test_part_payment_settles_the_oldest_bill_first():
    async with running() as (power, client):
        paid = await client.ok("pay/writeoff", payment(DEBTOR, 5_000))
        assert paid["settled"] == [
            {"rcvblYm": "202510", "amt": 4770, "settleFlag": "03"},
            {"rcvblYm": "202511", "amt": 230, "settleFlag": "02"},
        ]
        assert (paid["paidAmt"], paid["prepayBal"]) == (5000, 0)
        assert len(paid["chargeId"]) == 20
        assert (await client.ok("bill/arrears", {"consNo": DEBTOR}))["totalAmt"] == 13_650
        assert [entry.effect for entry in power.ledger.effects("S-1")] == ["payment"]


async def test_over_payment_becomes_prepaid_balance():
    async with running() as (_, client):
        paid = await client.ok("pay/writeoff", payment(DEBTOR, 20_000))
        assert paid["prepayBal"] == 1_350
        assert (await client.ok("bill/arrears", {"consNo": DEBTOR}))["totalAmt"] == 0


async def test_same_channel_serial_under_a_new_request_id_is_a_second_payment():
    async with running() as (power, client):
        await client.ok("pay/writeoff", payment(DEBTOR, 100))
        await client.ok("pay/writeoff", payment(DEBTOR, 100))
        assert power.ledger.count("payment") == 2


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"payAmt": 0}, "payAmt"),
        ({"payAmt": -5}, "payAmt"),
        ({"payAmt": 12.0}, "payAmt"),
        ({"payAmt": "12"}, "payAmt"),
        ({"payAmt": True}, "payAmt"),
        ({"payTime": "2026-01-05 09:00:00"}, "payTime"),
        ({"payTime": "20260230090000"}, "payTime"),
        ({"channelSerial": "has space"}, "channelSerial"),
        ({"appNo": 3304260105000001}, "data"),
    ],
)
async def test_payment_with_a_wrong_field_is_refused_by_name(change, field):
    async with running() as (power, client):
        answer = await client.call("pay/writeoff", payment(DEBTOR, 100, **change) | change)
        assert (answer["code"], answer["data"]["field"]) == (10001, field)
        assert power.ledger.count() == 0


async def test_reversal_on_the_same_day_restores_the_debt_once():
    async with running() as (power, client):
        paid = await client.ok("pay/writeoff", payment(DEBTOR, 20_000))
        undo = {"chargeId": paid["chargeId"], "reason": "收错户"}
        back = await client.ok("pay/reverse", undo)
        assert back["reversedAmt"] == 20_000
        owed = await client.ok("bill/arrears", {"consNo": DEBTOR})
        assert (owed["totalAmt"], owed["prepayBal"]) == (18_650, 0)
        again = await client.call("pay/reverse", undo)
        assert (again["code"], again["data"]["rule"]) == (10001, "reversed")
        assert power.ledger.summary() == {"payment": 1, "reversal": 1}


async def test_reversal_after_midnight_in_shanghai_or_of_an_unknown_charge_is_refused():
    async with running() as (_, client):
        paid = await client.ok("pay/writeoff", payment(DEBTOR, 100))
        client.clock.advance(timedelta(hours=15))
        await client.login()
        late = await client.call("pay/reverse", {"chargeId": paid["chargeId"], "reason": "x"})
        assert (late["code"], late["data"]["rule"]) == (10001, "sameDay")
        unknown = await client.call("pay/reverse", {"chargeId": "0" * 20, "reason": "x"})
        assert unknown["data"]["rule"] == "exists"


async def test_presigned_upload_takes_the_bytes_it_was_made_for_and_may_repeat():
    async with running() as (_, client):
        content = b"\x89PNG synthetic"
        slot = await client.ok("attach/presign", {"fileName": "身份证.png", "size": len(content), "sm3": sm3(content)})
        for wrong, rule in ((content + b"!", "size"), (content[:-1] + b"?", "sm3")):
            reply = await client.http.put(slot["uploadUrl"], content=wrong)
            assert (reply.status_code, reply.json()["data"]["rule"]) == (400, rule)
        for _ in range(2):
            reply = await client.http.put(slot["uploadUrl"], content=content)
            assert (reply.status_code, reply.json()["code"]) == (200, 1)


async def test_upload_ticket_dies_after_ten_minutes_and_cannot_be_guessed():
    async with running() as (_, client):
        slot = await client.ok("attach/presign", {"fileName": "a.pdf", "size": 1, "sm3": sm3(b"x")})
        guessed = httpx.URL(slot["uploadUrl"]).copy_set_param("ticket", "0" * 32)
        assert (await client.http.put(guessed, content=b"x")).status_code == 403
        client.clock.advance(601)
        reply = await client.http.put(slot["uploadUrl"], content=b"x")
        assert (reply.status_code, reply.json()["code"]) == (403, 10002)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"fileName": "a.exe"}, "fileName"),
        ({"fileName": "../a.pdf"}, "fileName"),
        ({"size": 0}, "size"),
        ({"size": 10_485_761}, "size"),
        ({"sm3": "A" * 64}, "sm3"),
    ],
)
async def test_presign_refuses(change, field):
    async with running() as (_, client):
        answer = await client.call("attach/presign", {"fileName": "a.pdf", "size": 1, "sm3": sm3(b"x"), **change})
        assert (answer["code"], answer["data"]["field"]) == (10001, field)


async def test_reconciliation_file_lists_payments_and_reversals_of_one_shanghai_day():
    async with running() as (_, client):
        first = await client.ok("pay/writeoff", payment(DEBTOR, 700, "S-1"))
        second = await client.ok("pay/writeoff", payment("0012345678", 300, "S-2"))
        await client.ok("pay/reverse", {"chargeId": second["chargeId"], "reason": "x"})
        assert (await client.call("recon/file", {"bizDate": "20260105"}))["data"]["rule"] == "closed"
        client.clock.advance(timedelta(days=1))
        await client.login()
        await client.ok("pay/writeoff", payment(DEBTOR, 900, "S-3"))
        offer = await client.ok("recon/file", {"bizDate": "20260105"})
        content = (await client.http.get(offer["url"])).content
        assert (sm3(content), offer["count"]) == (offer["sm3"], 3)
        assert offer["fileName"] == "recon_20260105.tsv.gz"
        header, *lines = gzip.decompress(content).decode().split("\n")
        assert header.split("\t")[:3] == ["chargeId", "channelSerial", "bizType"]
        assert lines.pop() == ""
        rows = [dict(zip(header.split("\t"), line.split("\t"), strict=True)) for line in lines]
        assert [(row["channelSerial"], row["bizType"], row["amt"]) for row in rows] == [
            ("S-1", "01", "700"),
            ("S-2", "01", "300"),
            ("S-2", "02", "-300"),
        ]
        assert rows[0]["chargeId"] == first["chargeId"]
        assert rows[1]["consNo"] == DEMO
        assert rows[2]["origChargeId"] == second["chargeId"]
        client.clock.advance(601)
        assert (await client.http.get(offer["url"])).status_code == 403


async def test_reconciliation_file_of_a_quiet_day_has_only_its_header():
    async with running() as (_, client):
        offer = await client.ok("recon/file", {"bizDate": "20260101"})
        text = gzip.decompress((await client.http.get(offer["url"])).content).decode()
        assert (text.count("\n"), offer["count"]) == (1, 0)
        assert (await client.call("recon/file", {"bizDate": "2026011"}))["code"] == 10001


async def test_control_port_serves_state_accounts_ledger_and_advance():
    from simulators.kit.clock import ManualClock
    from simulators.power import PowerSimulator

    async with PowerSimulator(clock=ManualClock()) as power, httpx.AsyncClient(trust_env=False) as http:
        base = f"http://127.0.0.1:{power.control_port}/__sim__"
        account = {"cons_no": "3304020019999", "name": "乙", "cert_no": "E1", "arrears": 5}
        assert (await http.post(f"{base}/accounts", json=account)).status_code == 200
        state = (await http.get(f"{base}/state")).json()
        assert state["accounts"]["3304020019999"]["arrears"] == 5
        assert FORMER["custName"] not in str(state)
        (other,) = state["orders"]
        moved = await http.post(f"{base}/advance", json={"order": other["outerNo"], "state": "06"})
        assert moved.status_code == 200
        assert (await http.get(f"{base}/state")).json()["orders"][0]["nodeCode"] == "06"
        assert (await http.post(f"{base}/advance", json={"order": "none", "state": "06"})).status_code == 400
