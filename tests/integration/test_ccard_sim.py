"""The simulated card centre by its contract, with a client that was written by hand: seals, codes, money, files."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from datetime import timedelta

import pytest

from simulators.ccard import CcardSimulator, iso
from simulators.ccard.cards import luhn_digit
from simulators.kit.people import FORMER_HOLDER
from tests.golden.ccard_frames import frame
from tests.integration.ccard_foreign_client import DEMO, HOLDER, START, Client, centre, mac

FORMER = "3140330000000000028"
HELD = {"de2": DEMO, "tags": {"001": "王秀兰", "002": HOLDER}}


def original(trace, date="1124"):
    return f"0200{trace}{date}0000000003304000100000000000"


async def test_reply_repeats_the_request_s_numbers_and_is_sealed():
    async with centre() as (_, client):
        told = await client.ask("300000", **HELD)
        assert (told["mti"], told["39"], told["2"], told["11"], told["37"]) == (
            "0210",
            "00",
            DEMO,
            "000003",
            "000000000003",
        )
        assert told["64"].encode() == mac(client.key, told["signed"])
        assert told["54"] == "0002156C000000005000"
        assert (told["48.001"], told["48.006"]) == ("王**", "BUS,BIKE,LIB,WALLET")


async def test_nothing_is_done_without_a_good_seal():
    async with centre() as (simulator, client):
        assert (await client.ask("630000", de4="000000001000", de2=DEMO, key=bytes(16)))["39"] == "A0"
        assert simulator.ledger.count() == 0
        client.take_keys((await client.manage("101"))["62"])
        assert (await client.ask("630000", de4="000000001000", de2=DEMO))["39"] == "00"


async def test_nothing_is_done_before_sign_on():
    async with centre(sign_on=False) as (simulator, client):
        assert (await client.manage("101"))["39"] == "12"
        assert (await client.ask("300000", key=bytes(16), **HELD))["39"] == "A0"
        assert (await client.manage("001", institution="99999999"))["39"] == "30"
        assert (await client.manage("999"))["39"] == "12"
        assert (await client.manage("301"))["39"] == "00"
        assert simulator.ledger.count() == 0


async def test_keys_wear_out_after_as_many_messages_as_are_allowed():
    async with centre(extra={"key_messages": 2}) as (_, client):
        codes = [(await client.ask("300000", **HELD))["39"] for _ in range(3)]
        assert codes == ["00", "00", "A0"]
        client.take_keys((await client.manage("101"))["62"])
        assert (await client.ask("300000", **HELD))["39"] == "00"


async def test_keys_may_be_pushed_and_the_old_ones_hold_until_the_new_are_used():
    async with centre() as (simulator, client):
        await simulator.advance("*", "new-keys")
        pushed = await client.receive()
        assert (pushed["mti"], pushed["70"]) == ("0800", "101")
        assert (await client.ask("300000", **HELD))["39"] == "00"
        old = client.key
        client.take_keys(pushed["62"])
        assert (await client.ask("300000", **HELD))["39"] == "00"
        assert (await client.ask("300000", key=old, **HELD))["39"] == "A0"


async def test_second_connection_closes_the_first():
    async with centre() as (simulator, client):
        second = await (await Client.connect(simulator)).sign_on()
        assert (await second.ask("300000", **HELD))["39"] == "00"
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await client.ask("300000", **HELD)
        second.close()


async def test_same_trace_number_date_and_terminal_are_done_once():
    async with centre() as (simulator, client):
        codes = [
            (await client.ask("630000", trace="000777", de2=DEMO, de4="000000001000"))["39"],
            (await client.ask("630000", trace="000777", de2=DEMO, de4="000000001000"))["39"],
            (await client.ask("630000", trace="000777", de2=DEMO, de4="000000001000", de13="1125"))["39"],
            (await client.ask("630000", trace="000777", de2=DEMO, de4="000000001000", de41="33040202"))["39"],
        ]
        assert codes == ["00", "94", "00", "00"]
        assert simulator.ledger.count("topup") == 3


async def test_refused_request_may_be_repeated_under_its_trace_number():
    async with centre() as (simulator, client):
        await simulator.advance(DEMO, "91")
        codes = [(await client.ask("900040", trace="000777", **HELD))["39"] for _ in range(2)]
        assert codes == ["91", "00"]


async def test_reversal_finds_its_original_by_reference_trace_number_and_date():
    async with centre() as (simulator, client):
        await client.ask("630000", trace="000777", de2=DEMO, de4="000000001000")
        back = {"de2": DEMO, "de4": "000000001000", "mti": "0400", "trace": "000777"}
        assert (await client.ask("630000", **back, de90=original("000778")))["39"] == "12"
        assert (await client.ask("630000", **back, de90=original("000777", "1123")))["39"] == "12"
        assert (await client.ask("630000", **back, de90="0" * 42))["39"] == "30"
        answers = [await client.ask("630000", **back, de90=original("000777")) for _ in range(2)]
        assert [(each["mti"], each["39"]) for each in answers] == [("0410", "00")] * 2
        assert simulator.ledger.summary() == {"topup": 1, "reversal": 1}


@pytest.mark.parametrize(
    ("code", "fields", "expected"),
    [
        ("777777", {}, "12"),
        ("300000", {"de2": None, "tags": None}, "30"),
        ("300000", {"de2": "3140330000000099993", "tags": None}, "14"),
        ("300000", {"tags": {"002": "330402198801010012"}}, "N3"),
        ("300000", {"de49": "840"}, "30"),
        ("300000", {"de49": None}, "30"),
        ("300000", {"de7": "1332090000"}, "30"),
        ("300000", {"de32": "33040009"}, "30"),
        ("300000", {"tags": {"001": "王" * 31}}, "30"),
        ("630000", {"tags": None, "de4": "000000000000"}, "30"),
        ("900010", {"tags": {"001": "王秀兰"}}, "30"),
        ("900011", {}, "N3"),
        ("900020", {}, "12"),
        ("900030", {"tags": {"002": HOLDER, "006": "BUS,TRAM"}}, "30"),
        ("900030", {}, "30"),
    ],
)
async def test_each_request_that_breaks_a_rule_has_its_code(code, fields, expected):
    async with centre() as (simulator, client):
        assert (await client.ask(code, **{**HELD, **fields}))["39"] == expected
        assert simulator.ledger.count() == 0


async def test_card_without_a_wallet_takes_no_money():
    async with centre() as (simulator, client):
        simulator.add_account(
            name="沈乐", id_number="330402202005060811", functions=["BUS"], card_no="3140330000000500001"
        )
        assert (await client.ask("630000", de2="3140330000000500001", de4="000000001000"))["39"] == "36"


async def test_oral_report_lapses_after_five_days_without_a_word():
    async with centre() as (simulator, client):
        told = await client.ask("900010", **HELD)
        assert (told["39"], told["48.008"]) == ("00", "20261129090000")
        assert (await client.ask("300000", **HELD))["39"] == "41"
        await simulator.clock.play(timedelta(days=5) - timedelta(seconds=1))
        assert (await client.ask("300000", **HELD))["39"] == "41"
        await simulator.clock.play(1)
        assert (await client.ask("300000", **HELD))["39"] == "00"
        assert (await client.ask("900020", **HELD))["39"] == "N2"


async def test_day_is_cut_for_ten_minutes_and_then_totalled():
    async with centre(start=START.replace(hour=14, minute=59)) as (simulator, client):
        await client.ask("630000", trace="000777", de2=DEMO, de4="000000001000")
        right = {"mti": "0500", "de70": "201", "de49": None, "de3": None, "tags": {"009": "630000000001000000001000"}}
        assert (await client.ask("", **right))["39"] == "90"
        await simulator.clock.play(120)
        assert (await client.ask("300000", **HELD))["39"] == "90"
        await simulator.clock.play(600)
        assert (await client.ask("", **right))["39"] == "00"
        assert (await client.ask("", **{**right, "tags": {"009": "630000000001000000001001"}}))["39"] == "97"
        assert (await client.ask("", **{**right, "tags": None}))["39"] == "97"


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"<html>",
        b"0200" + b"Z" * 16,
        b"02000000000000000800",
        b"0200" + b"4000000000000000" + b"xx1",
        frame("0200", de2=DEMO) + b"0",
        frame("0800", de70="001", de11="00000x"),
    ],
)
async def test_frame_that_is_no_message_ends_the_connection_and_is_noted(broken):
    async with centre() as (simulator, client):
        await client.send(broken or b"x")
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await client.receive()
        assert len(simulator.journal.violations()) == 1


def test_own_codec_reads_what_it_writes_and_names_what_it_does_not_know():
    before, after = iso.write("0400", {11: "000001", 90: "0" * 42}, iso.write_tags([("001", "王𬭎")]))
    read = iso.read(before + b"0" * 16 + after)
    assert (read.mti, read.get(11), read.tag("001"), read.signed) == ("0400", "000001", "王𬭎", before)
    with pytest.raises(iso.FormatError, match="DE5"):
        iso.read(b"0200" + b"0800000000000000" + b"1")


def test_card_numbers_carry_a_check_digit():
    assert luhn_digit(DEMO[:-1]) == DEMO[-1]
    assert luhn_digit(FORMER[:-1]) == FORMER[-1]


async def test_control_port_shows_cards_and_pushes_them_into_a_state():
    async with centre() as (simulator, client):
        base = f"http://127.0.0.1:{simulator.control_port}/__sim__"

        def call(path, body=None):
            data = json.dumps(body).encode() if body is not None else None
            with urllib.request.urlopen(f"{base}/{path}", data) as answer:  # noqa: S310 -- our own port on loopback
                return json.loads(answer.read())

        await asyncio.to_thread(call, "advance", {"order": FORMER, "state": "formal"})
        told = await client.ask("300000", de2=FORMER, tags={"002": FORMER_HOLDER.id_number})
        assert told["39"] == "43"
        state = await asyncio.to_thread(call, "state")
        assert state["cards"][FORMER]["standing"] == "43"
        with pytest.raises(ValueError, match="want"):
            await simulator.advance("nothing", "nowhere")


async def test_same_seed_gives_the_same_cards_and_keys_and_reset_brings_them_back():
    async with CcardSimulator(control_port=None) as one, CcardSimulator(control_port=None) as other:
        assert one.state()["cards"].keys() == other.state()["cards"].keys()
        keys = ("master_key", "sign_private_key", "centre_public_key", "sftp_host_key")
        assert [one.connection()[key] for key in keys] == [other.connection()[key] for key in keys]
        await one.advance(DEMO, "formal")
        await one.reset()
        assert one.state()["cards"][DEMO]["standing"] == "00"
    assert not one._folder.exists()
