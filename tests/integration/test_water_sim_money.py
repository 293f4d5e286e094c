"""Queries, payments, reversals and the daily file, as a foreign client meets them, in both dialects."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from tests.integration.water_foreign_client import Foreigner, running

OWING = "0100020001"
PAYMENT = {"YHBH": OWING, "JE": "128.60", "ZFFS": "04", "ZFLSH": "WX20260105001"}


async def test_1001_by_number_shows_the_account_with_a_masked_id():
    async with running() as water:
        reply = await Foreigner(water)("1001", YHBH="0100012345")
        assert (reply.code, reply.message) == ("0000", "成功")
        assert reply.body["YHLIST"] == [
            {
                "YHBH": "0100012345",
                "YHMC": "李建国",
                "ZJHM": "330402********0012",
                "YSDZ": "嘉兴市南湖区建设街道中山东路100号1幢2单元301室",
                "YSXZ": "01",
                "SBKJ": "20",
                "BH": "M0100012345",
                "YHZT": "0",
                "RKS": "3",
            }
        ]


async def test_1001_in_dialect_b_is_english_json():
    async with running() as water:
        reply = await Foreigner(water, "B", "0481")("1001", YHBH="0810012345")
        assert reply.code == "0000"
        assert reply.head == {"companyCode": "0481", "serialNo": "T01-000001", "tradeTime": "2026-01-05 09:00:00"}
        assert reply.body["accounts"][0]["customerName"] == "李建国"
        assert reply.body["accounts"][0]["accountStatus"] == "0"


async def test_1001_by_id_number_may_find_several_accounts():
    async with running() as water:
        ask = Foreigner(water)
        number = water.books.accounts["0100020005"].id_number
        found = (await ask("1001", ZJLX="0", ZJHM=number)).body["YHLIST"]
        assert [one["YHBH"] for one in found] == ["0100020005", "0100020006", "0100020007"]


async def test_1001_by_meter_finds_its_account():
    async with running() as water:
        reply = await Foreigner(water)("1001", BH="M0100020003")
        assert [one["YHZT"] for one in reply.body["YHLIST"]] == ["1"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"YHBH": "0199999999"}, "0001"),
        ({"ZJLX": "0", "ZJHM": "330402199001010010"}, "0001"),
        ({"BH": "M1"}, "0001"),
        ({"YHBH": "0810012345"}, "0012"),
        ({}, "0006"),
        ({"ZJLX": "0"}, "0006"),
        ({"YHBH": "0100012345", "BH": "M1"}, "0006"),
    ],
)
async def test_1001_refuses_what_it_cannot_find(body, code):
    async with running() as water:
        assert (await Foreigner(water)("1001", body)).code == code


async def test_1001_cuts_long_names_to_twenty_bytes_on_a_character():
    async with running() as water:
        reply = await Foreigner(water)("1001", YHBH="0100020009")
        assert reply.body["YHLIST"][0]["YHMC"] == "嘉兴市南湖区测试精密"
        assert len(reply.body["YHLIST"][0]["YHMC"].encode("gbk")) == 20


async def test_names_outside_gbk_come_back_as_question_marks_in_a_but_not_in_b():
    async with running() as water:
        water.add_account(YHBH="0100030001", YHMC="张䶮喆")
        shown = [await Foreigner(water, dialect)("1001", YHBH="0100030001") for dialect in "AB"]
        assert shown[0].body["YHLIST"][0]["YHMC"] == "张?喆"
        assert shown[1].body["accounts"][0]["customerName"] == "张䶮喆"


async def test_1002_lists_open_bills_in_yuan():
    async with running() as water:
        reply = await Foreigner(water)("1002", YHBH=OWING)
        assert reply.body["QFJE"] == "128.60"
        first, second = reply.body["ZDLIST"]
        assert first == {"ZDYF": "202511", "SL": "21", "SF": "60.90", "PWF": "19.95", "WYJ": "0.85", "HJ": "81.70"}
        assert second["HJ"] == "46.90"
        narrowed = await Foreigner(water)("1002", YHBH=OWING, ZDYF="202512")
        assert (narrowed.body["QFJE"], len(narrowed.body["ZDLIST"])) == ("128.60", 1)
        assert (await Foreigner(water)("1002", YHBH="0100012345")).body == {"QFJE": "0.00", "ZDLIST": []}


async def test_2001_settles_the_bills_once_and_a_repeat_shows_the_receipt():
    async with running() as water:
        ask = Foreigner(water)
        paid = await ask("2001", PAYMENT, lsh="PAY1")
        assert paid.body == {"PZH": "P202601050000001", "YE": "0.00"}
        again = await ask("2001", PAYMENT, lsh="PAY1")
        assert (again.code, again.body) == ("0011", {"PZH": "P202601050000001"})
        assert (await ask("1002", YHBH=OWING)).body["QFJE"] == "0.00"
        assert [(e.effect, e.facts["fen"]) for e in water.ledger.effects("PAY1")] == [("payment", 12860)]


@pytest.mark.parametrize("amount", ["128.59", "128.61", "0.00", "46.90"])
async def test_2001_wants_the_exact_amount(amount):
    async with running() as water:
        reply = await Foreigner(water)("2001", {**PAYMENT, "JE": amount})
        assert (reply.code, reply.body) == ("0010", {"QFJE": "128.60"})
        assert water.ledger.count() == 0


@pytest.mark.parametrize("amount", ["128.6", "12860", "-128.60", "1,28.60", "１28.60"])
async def test_2001_wants_yuan_with_two_decimals(amount):
    async with running() as water:
        reply = await Foreigner(water)("2001", {**PAYMENT, "JE": amount})
        assert reply.code == "0006"
        assert "JE" in reply.message
        assert water.journal.violations() == ["#1 2001: JE: does not fit its format or code list"]


async def test_2001_reopens_an_account_that_was_cut_off():
    async with running() as water:
        ask = Foreigner(water)
        await ask("2001", {**PAYMENT, "YHBH": "0100020008", "JE": "56.30"})
        assert (await ask("1001", YHBH="0100020008")).body["YHLIST"][0]["YHZT"] == "0"


@pytest.mark.parametrize(
    ("hour", "code"), [("23:29:59", "0000"), ("23:30:00", "0009"), ("00:29:59", "0009"), ("00:30:00", "0000")]
)
async def test_2001_is_closed_around_midnight_in_shanghai(hour, code):
    start = datetime.fromisoformat(f"2026-01-06T{hour}+08:00").astimezone(UTC)
    async with running(start) as water:
        assert (await Foreigner(water)("2001", PAYMENT)).code == code
        assert water.ledger.count("payment") == (code == "0000")
    async with running(start, always_open=True) as water:
        assert (await Foreigner(water)("2001", PAYMENT)).code == "0000"


async def test_2001_closed_also_hides_that_it_was_done():
    async with running(datetime(2026, 1, 5, 15, 29, tzinfo=UTC)) as water:
        ask = Foreigner(water)
        assert (await ask("2001", PAYMENT, lsh="PAY1")).code == "0000"
        water.clock.advance(60)
        assert (await ask("2001", PAYMENT, lsh="PAY1")).code == "0009"
        water.clock.advance(timedelta(hours=1))
        assert (await ask("2001", PAYMENT, lsh="PAY1")).code == "0011"


async def test_2002_reverses_a_payment_of_the_same_day_once():
    async with running() as water:
        ask = Foreigner(water)
        await ask("2001", PAYMENT, lsh="PAY1")
        assert (await ask("2002", YLSH="PAY1")).code == "0000"
        assert (await ask("1002", YHBH=OWING)).body["QFJE"] == "128.60"
        assert (await ask("2002", YLSH="PAY1")).code == "0011"
        assert [entry.effect for entry in water.ledger.effects("PAY1")] == ["payment", "reversal"]
        assert (await ask("2002", YLSH="PAY9")).code == "0001"


async def test_2002_refuses_the_next_day():
    async with running() as water:
        ask = Foreigner(water)
        await ask("2001", PAYMENT, lsh="PAY1")
        water.clock.advance(timedelta(days=1))
        assert (await ask("2002", YLSH="PAY1")).code == "0004"


@pytest.mark.parametrize(("dialect", "charset"), [("A", "gbk"), ("B", "utf-8")])
async def test_9001_gives_the_days_payments_with_their_sum(dialect, charset):
    async with running() as water:
        ask, kiosk = Foreigner(water, dialect), Foreigner(water, dialect, channel="02")
        await ask("2001", PAYMENT, lsh="PAY1")
        await kiosk("2001", {**PAYMENT, "YHBH": "0100020008", "JE": "56.30"}, lsh="PAY2")
        await ask("2002", YLSH="PAY1", lsh="REV1")
        assert (await ask("9001", JYRQ="20260105")).code == "0009"
        water.clock.advance(timedelta(days=1))
        body = (await ask("9001", JYRQ="20260105")).body
        name, content = (body["WJM"], body["NR"]) if dialect == "A" else (body["fileName"], body["content"])
        assert name == "0401_20260105.txt"
        assert base64.b64decode(content).decode(charset).splitlines() == [
            "3|56.30",
            "20260105|PAY1|0100020001|128.60|01|1",
            "20260105|REV1|0100020001|-128.60|01|2",
            "20260105|PAY2|0100020008|56.30|02|1",
        ]
        empty = (await ask("9001", JYRQ="20260104")).body
        assert base64.b64decode(empty["NR" if dialect == "A" else "content"]) == b"0|0.00\n"
