"""Attachments of an order, chunk by chunk, as a foreign client sends them."""

import hashlib
from datetime import timedelta

import pytest

from tests.integration.water_foreign_client import TRANSFER, Foreigner, chunk, running

PHOTO = bytes(range(256)) * 2500  # 640 000 bytes: three chunks


async def state_of(ask, number):
    return (await ask("3002", YLSH=number)).body


def announced(content=PHOTO, **more):
    return [{"FJLX": "01", "FJXH": "1", "WJM": "证件.jpg", "DX": str(len(content)), **more}]


def parts(content=PHOTO, size=262_144):
    return [content[start : start + size] for start in range(0, len(content), size)]


async def test_chunks_may_come_in_any_order_and_the_missing_ones_are_named():
    async with running() as water:
        ask = Foreigner(water)
        sm3 = hashlib.new("sm3", PHOTO).hexdigest()
        number = (await ask("3001", {**TRANSFER, "FJLIST": announced(SM3=sm3)}, lsh="L1")).body["SLBH"]
        part = {"SLBH": number, "FJLX": "01", "FJXH": "1", "ZS": "3"}
        listed = [(await ask("3005", SLBH=number)).body["FJLIST"]]
        for index in (3, 1, 1, 2):
            reply = await ask("3004", {**part, "XH": str(index), "NR": chunk(parts()[index - 1])})
            assert reply.body == {"FJID": f"{number}010001"}
            listed.append((await ask("3005", SLBH=number)).body["FJLIST"])
        assert [(one["QSXH"], one["WZ"], one["ZS"]) for (one,) in listed] == [
            ("*", "0", "0"),
            ("1,2", "0", "3"),
            ("2", "0", "3"),
            ("2", "0", "3"),
            ("", "1", "3"),
        ]
        assert (await ask("3004", {**part, "XH": "2", "NR": chunk(parts()[1])})).code == "0000"
        assert [entry.effect for entry in water.ledger.effects("L1")] == ["order", "attachment"]


async def test_an_order_waits_for_its_files_and_starts_with_the_last():
    async with running() as water:
        ask = Foreigner(water)
        number = (await ask("3001", {**TRANSFER, "FJLIST": announced(b"abc")}, lsh="L1")).body["SLBH"]
        water.clock.advance(timedelta(days=1))
        assert (await state_of(ask, "L1"))["BLZT"] == "10"
        await ask("3004", {"SLBH": number, "FJLX": "01", "XH": "1", "ZS": "1", "NR": chunk(b"abc")})
        water.clock.advance(timedelta(hours=4))
        assert (await state_of(ask, "L1"))["BLZT"] == "20"
        water.clock.advance(timedelta(hours=17))
        assert (await state_of(ask, "L1"))["BLZT"] == "50"


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"FJLX": "02"}, "FJLX"),
        ({"FJXH": "2"}, "FJXH"),
        ({"XH": "4"}, "XH"),
        ({"ZS": "4"}, "ZS"),
        ({"NR": "***"}, "NR"),
        ({"NR": chunk(bytes(262_145))}, "NR"),
    ],
)
async def test_a_wrong_chunk_is_0006(change, place):
    async with running() as water:
        ask = Foreigner(water)
        number = (await ask("3001", {**TRANSFER, "FJLIST": announced()})).body["SLBH"]
        part = {"SLBH": number, "FJLX": "01", "FJXH": "1", "ZS": "3", "XH": "1", "NR": chunk(parts()[0])}
        assert (await ask("3004", part)).code == "0000"
        reply = await ask("3004", {**part, **change})
        assert reply.code == "0006"
        assert place in reply.message


@pytest.mark.parametrize("more", [{"DX": "4"}, {"SM3": "0" * 64}])
async def test_a_file_that_differs_from_its_announcement_must_be_sent_again(more):
    async with running() as water:
        ask = Foreigner(water)
        number = (await ask("3001", {**TRANSFER, "FJLIST": announced(b"abc", **more)})).body["SLBH"]
        part = {"SLBH": number, "FJLX": "01", "XH": "1", "ZS": "1", "NR": chunk(b"abc")}
        assert (await ask("3004", part)).code == "0006"
        assert (await ask("3005", SLBH=number)).body["FJLIST"][0]["QSXH"] == "*"
        assert water.ledger.count("attachment") == 0


async def test_a_final_order_takes_no_files():
    async with running() as water:
        ask = Foreigner(water)
        number = (await ask("3001", {**TRANSFER, "FJLIST": announced(b"abc")})).body["SLBH"]
        await water.advance(number, "60")
        part = {"SLBH": number, "FJLX": "01", "XH": "1", "ZS": "1", "NR": chunk(b"abc")}
        assert (await ask("3004", part)).code == "0004"


async def test_dialect_b_carries_an_order_with_its_file_to_the_end():
    async with running() as water:
        ask = Foreigner(water, "B", "0481")
        body = {**TRANSFER, "YHBH": "0810012345", "YHMC": "王䶮兰", "FJLIST": announced(b"abc")}
        number = (await ask("3001", body, lsh="HN1")).body["orderNo"]
        again = await ask("3001", body, lsh="HN1")
        assert (again.code, again.body) == ("0005", {"orderNo": number})
        part = {"SLBH": number, "FJLX": "01", "XH": "1", "ZS": "1", "NR": chunk(b"abc")}
        assert (await ask("3004", part)).body == {"fileId": f"{number}010001"}
        water.clock.advance(timedelta(days=1))
        shown = (await ask("3002", YLSH="HN1")).body
        assert (shown["orderStatus"], shown["finishTime"]) == ("50", "2026-01-06 05:00:00")
        assert (await ask("1001", YHBH="0810012345")).body["accounts"][0]["customerName"] == "王䶮兰"
