"""The realty simulator by itself: what it takes, what it turns down, and how it can be pushed about."""

from __future__ import annotations

import httpx
import pytest
from sqlalchemy import select

from simulators.kit.clock import ManualClock
from simulators.kit.people import FORMER_HOLDER
from simulators.kit.simulator import Profile
from simulators.realty import RealtySimulator, seed
from simulators.realty.rules import REASONS
from simulators.realty.schema import APPLICATION, FILE, HOLDING, PARTY, PROGRESS, RESULT
from simulators.realty.units import certificate_no, same_number
from tests import postgres

UNIT = seed.unit_no("330402", 1)
KEY = "a" * 32


def application(**changes):
    return {
        "BSM": KEY, "SLBH": "CASE-1".ljust(20), "QXDM": UNIT[:6], "DJLX": "200", "DJYY": "买卖", "BDCDYH": UNIT,
        "BDCQZH": certificate_no("330402", 2024, 12345), "ZL": "某路1号", "HTBH": "HT0001", "QDJG": 128.5,
        "SQSJ": "2026-01-05 09:00:00", "LBSX": " ", "HZMC": " ", "HZZJZL": " ", "HZZJH": " ", "DLRMC": " ",
        "DLRZJZL": " ", "DLRZJH": " ", "DLRDH": " ", "JHBZ": "0", "JHCS": 0, "SBYY": " ", "CXBZ": "0", "BZBZ": "0",
        **changes,
    }  # fmt: skip


def parties(**changes):
    common = {"SQBSM": KEY, "ZJZL": "1", "DH": " ", "GYFS": "0", "QLBL": " ", "SXH": "001"}
    buyer = {**common, "BSM": "b" * 32, "LX": "1", "MC": "王秀兰", "ZJH": "330402195203140024", **changes}
    seller = {**common, "BSM": "c" * 32, "LX": "2", "MC": FORMER_HOLDER.name, "ZJH": FORMER_HOLDER.id_number}
    return [buyer, seller]


def hand_in(registry, row=None, people=None, files=()):
    with registry.database.transaction() as connection:
        connection.execute(APPLICATION.insert(), [row or application()])
        if people != []:
            connection.execute(PARTY.insert(), people or parties())
        for file in files:
            connection.execute(FILE.insert().values(file))


def read(registry, table):
    with registry.database.transaction() as connection:
        return [dict(row) for row in connection.execute(select(table)).mappings()]


@pytest.fixture
async def registry():
    async with RealtySimulator(clock=ManualClock(), control_port=None) as made:
        yield made


async def test_pause_between_turns_is_the_profiles():
    profile = Profile(extra={"turn_seconds": 3_600})
    async with RealtySimulator(clock=ManualClock(), control_port=None, profile=profile) as registry:
        hand_in(registry)
        await registry.clock.play(3_599)
        assert not registry.journal.entries
        await registry.clock.play(1)
        assert [entry.operation for entry in registry.journal.entries] != []


async def test_application_is_taken_at_the_next_turn_by_its_own_fast_clock(registry):
    await registry.clock.play(1)  # the registry's task needs a first turn of the loop
    hand_in(registry)
    await registry.clock.play(300)
    (row,) = read(registry, APPLICATION)
    (node,) = read(registry, PROGRESS)
    assert (row["JHBZ"], node["JDDM"], node["JDSJ"]) == ("2", "10", "2026-01-05 09:08:00")
    assert registry.ledger.summary() == {"application": 1}


async def test_case_goes_through_its_nodes_and_the_unit_changes_hands(registry):
    hand_in(registry)
    await registry.clock.play(4 * 3600)
    assert [row["JDDM"] for row in sorted(read(registry, PROGRESS), key=lambda row: row["JDSJ"])] == [
        "10", "20", "40", "50", "60", "70",
    ]  # fmt: skip
    (result,) = read(registry, RESULT)
    assert (registry.database.disk / result["WJLJ"]).read_bytes().startswith(b"%PDF-")
    (unit,) = [row for row in read(registry, HOLDING) if row["BDCDYH"] == UNIT]
    assert (unit["QLRMC"], unit["BDCQZH"]) == ("王秀兰", "浙（2026）嘉兴市不动产权第0090001号")


BROKEN = {
    "no parties": (application(), []),
    "one side only": (application(), parties()[:1]),
    "not padded": (application(SLBH="CASE-1"), None),
    "capital X": (application(), parties(ZJH="33040219700101001X")),
    "null": (application(ZL=None), None),
    "code": (application(LBSX="S;D"), None),
    "time": (application(SQSJ="2026/1/5 9:00"), None),
    "share": (application(), parties(QLBL="50%")),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_row_set_that_breaks_the_contract_is_turned_down_and_noted(registry, name):
    hand_in(registry, *BROKEN[name])
    registry.turn()
    (row,) = read(registry, APPLICATION)
    assert (row["JHBZ"], row["SBYY"]) == ("3", "数据不合规范")
    assert registry.journal.violations()
    assert "王秀兰" not in str(registry.journal.entries)
    assert registry.ledger.summary() == {}


async def test_missing_or_other_file_is_unclear(registry):
    file = {"BSM": "d" * 32, "SQBSM": KEY, "FJLX": "03", "WJM": "x", "WJLJ": "in/x", "SM3": "0" * 64, "PC": "0"}
    hand_in(registry, files=[file])
    registry.turn()
    assert read(registry, APPLICATION)[0]["SBYY"] == "材料不清晰"


async def test_rows_older_than_thirty_days_are_purged(registry):
    hand_in(registry)
    registry.turn()
    registry.clock.set(registry.clock.now().replace(month=2, day=10))
    registry.turn()
    registry.turn()
    assert read(registry, APPLICATION) == []


async def test_numbers_from_before_1999_and_a_small_x_name_the_same_person():
    assert same_number("330402700101001", "33040219700101001x")
    assert same_number("33040219700101001X", "33040219700101001x ")
    assert not same_number("330402700101001", "330402197001010036")


async def test_reset_forgets_and_the_same_seed_registers_the_same(registry):
    before = read(registry, HOLDING)
    hand_in(registry)
    registry.turn()
    await registry.advance("CASE-1", "70")
    registry.faults.arm("locked")
    await registry.reset()
    assert registry.ledger.summary() == {}
    assert [row | {"GXSJ": ""} for row in read(registry, HOLDING)] == [row | {"GXSJ": ""} for row in before]
    assert seed.register(7).units == seed.register(7).units
    assert seed.register(7).units != seed.register(8).units


async def test_control_port_pushes_arms_and_shows():
    async with (
        RealtySimulator(clock=ManualClock()) as registry,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{registry.control_port}/__sim__/") as control,
    ):
        hand_in(registry)
        assert (await control.post("advance", json={"order": "*", "state": "turn"})).status_code == 200
        assert (await control.post("advance", json={"order": KEY, "state": "50"})).status_code == 200
        assert (await control.post("advance", json={"order": KEY, "state": "55"})).status_code == 400
        assert (await control.post("advance", json={"order": "none", "state": "50"})).status_code == 400
        assert (await control.get("state")).json()["cases"][KEY]["entered"] is True
        unit = {"unit": seed.unit_no("330402", 50), "name": "周一", "number": "330402198801010012"}
        assert (await control.post("accounts", json=unit)).status_code == 200
        assert (await control.post("accounts", json=unit | {"unit": "x"})).status_code == 400
        assert (await control.post("faults", json={"kind": "half-rows"})).status_code == 200
        assert (await control.post("faults", json={"kind": "none"})).status_code == 400
        assert (await control.get("connection")).json()["database_url"].startswith("sqlite:///")
        assert (await control.get("ledger")).json()["summary"] == {"application": 1, "registration": 1}


async def test_two_registries_stand_apart_on_one_server():
    profile = Profile(extra={"database_url": postgres.address()})
    async with (
        RealtySimulator(clock=ManualClock(), profile=profile, control_port=None) as one,
        RealtySimulator(clock=ManualClock(), profile=profile, control_port=None) as other,
    ):
        hand_in(one)
        one.turn()
        other.turn()
        assert (len(read(one, APPLICATION)), read(other, APPLICATION)) == (1, [])
        assert one.port != other.port != 0


def test_reasons_are_all_different():
    assert len(set(REASONS)) == len(REASONS) == 12
