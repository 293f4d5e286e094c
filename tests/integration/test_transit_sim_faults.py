"""Each fault of the bus card exchange: what a client meets, and what has happened all the same."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import asyncssh
import httpx
import pytest

from simulators.kit.clock import ManualClock
from simulators.transit import TransitSimulator
from tests.integration.transit_hub import (
    Hub,
    appl,
    batch,
    decrypt,
    encrypt,
    jpeg,
    login,
    rchg,
    rows_of,
    running,
    sm3,
)

CUT = (asyncssh.SFTPConnectionLost, asyncssh.ConnectionLost, asyncssh.SFTPNoConnection, ConnectionError)
CARD_NO = "3104330000000000016"


@pytest.fixture
async def hub():
    async with running() as hub:
        yield hub


async def again(hub):
    """The same hub on a new connection, as after a cut; closed with the simulator."""
    connection = await login(hub.simulator)
    return Hub(hub.simulator, hub.clock, await connection.start_sftp_client())


@pytest.mark.parametrize("kind", ["down", "refused"])
async def test_closed_port_cuts_the_open_connection_and_refuses_a_new_one(hub, kind):
    hub.simulator.faults.arm(kind)
    with pytest.raises(CUT):
        await hub.names("/in")
    with pytest.raises(ConnectionRefusedError):
        await login(hub.simulator)
    hub.simulator.faults.clear()
    assert await (await again(hub)).names("/in") == [hub.today]


async def test_hanging_connection_is_taken_and_never_greeted(hub):
    hub.simulator.faults.arm("connect-hang")
    with pytest.raises(CUT):
        await hub.names("/in")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await login(hub.simulator)
    assert await (await again(hub)).names("/in") == [hub.today]


async def test_busy_refuses_to_open_the_dat_and_nothing_stays(hub):
    hub.simulator.faults.arm("busy")
    with pytest.raises(asyncssh.SFTPFailure):
        await hub.send("APPL", [appl()])
    assert await hub.names(f"/in/{hub.today}") == []
    await hub.send("APPL", [appl()], seq=1)
    await hub.cycle()
    assert hub.simulator.ledger.count() == 1


@pytest.mark.parametrize(("kind", "share"), [("before-commit", 0), ("half-body", 2)])
async def test_cut_upload_leaves_a_part_without_effect_and_the_same_file_can_be_sent_again(hub, kind, share):
    hub.simulator.faults.arm(kind)
    with pytest.raises(CUT):
        await hub.send("APPL", [appl()])
    fresh = await again(hub)
    [part] = await fresh.names(f"/in/{hub.today}")
    size = len(encrypt(batch("APPL", "0402", hub.today, 1, [appl()]), hub.key()))
    assert part.endswith(".dat.tmp")
    assert (await fresh.sftp.stat(f"/in/{hub.today}/{part}")).size == (size // share if share else 0)
    await fresh.cycle()
    assert hub.simulator.ledger.count() == 0
    await fresh.send("APPL", [appl()])
    await fresh.cycle(2)
    assert [row["result"] for row in await fresh.rows("RESP")] == ["0100"]
    assert hub.simulator.ledger.count() == 1


@pytest.mark.parametrize("kind", ["after-commit", "half-status"])
@pytest.mark.parametrize("renamed", [True, False])
async def test_cut_after_the_ok_stands_leaves_a_file_that_is_taken_once(hub, kind, renamed):
    hub.simulator.faults.arm(kind)
    day = hub.today
    stem = f"/in/{day}/JXGJ_RCHG_0402_{day}_0001_K01"
    data = encrypt(batch("RCHG", "0402", day, 1, [rchg(CARD_NO, 100)]), hub.key())
    with pytest.raises(CUT):
        await hub.upload(stem, data, rename=renamed)
    fresh = await again(hub)
    assert await fresh.get(f"{stem}.ok") == f"{len(data)} {sm3(data)}".encode()
    await fresh.cycle(2)
    assert [row["result"] for row in await fresh.rows("RESP")] == ["0000"]
    assert hub.simulator.ledger.count("topup") == 1


async def test_fault_named_for_one_type_spares_the_other_and_after_lets_files_through(hub):
    hub.simulator.faults.arm("busy", operation="RCHG", after=1)
    await hub.send("APPL", [appl()])
    await hub.send("RCHG", [rchg(CARD_NO, 100)])
    with pytest.raises(asyncssh.SFTPFailure):
        await hub.send("RCHG", [rchg(CARD_NO, 100)])


async def test_photo_upload_can_be_hit_by_its_own_name(hub):
    hub.simulator.faults.arm("half-body", operation="photo")
    with pytest.raises(CUT):
        await hub.put("/photo/p.jpg", jpeg())
    assert await (await again(hub)).get("/photo/p.jpg") == jpeg()[: len(jpeg()) // 2]


async def test_dribble_makes_every_later_answer_slow(hub):
    hub.simulator.faults.arm("dribble", delay=0.3)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await hub.send("APPL", [appl()])
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await hub.names("/in")
    assert await (await again(hub)).names("/in") == [hub.today]


@pytest.mark.parametrize("kind", ["before-commit", "half-body"])
async def test_reading_a_named_file_can_be_cut(hub, kind):
    hub.simulator.faults.arm(kind, operation="CARD")
    [name] = [n for n in await hub.names(f"/out/{hub.today}") if "CARD_0402" in n and n.endswith(".dat")]
    with pytest.raises(CUT):
        await hub.get(f"/out/{hub.today}/{name}")
    assert len(await (await again(hub)).rows("CARD")) > 1


@pytest.mark.parametrize("kind", ["garbage", "html", "wrong-charset"])
async def test_spoilt_resp_does_not_match_its_ok_and_is_mended_in_the_next_cycle(hub, kind):
    hub.simulator.faults.arm(kind)
    await hub.send("APPL", [appl()])
    await hub.cycle(2)
    stem = f"/out/{hub.today}/JXGJ_RESP_0402_{hub.today}_0001_K01"
    ok, spoilt = await hub.get(f"{stem}.ok"), await hub.get(f"{stem}.dat")
    assert ok.split()[1] != sm3(spoilt).encode()
    if kind == "html":
        assert b"<html>" in spoilt
    if kind == "wrong-charset":
        assert "受理" in decrypt(spoilt, hub.key()).decode("utf-8")
    assert hub.simulator.ledger.count() == 1
    await hub.cycle()
    assert [row["result"] for row in await hub.rows("RESP")] == ["0100"]
    assert await hub.get(f"{stem}.ok") == ok


async def test_lost_resp_never_comes_but_the_reconciliation_knows(hub):
    hub.simulator.faults.arm("resp-lost")
    await hub.send("RCHG", [rchg(CARD_NO, 100, reqno="LOST")])
    await hub.cycle(2)
    await hub.ask(rchg(CARD_NO, 100, reqno="NEXT"), ftype="RCHG")
    assert [row["reqno"] for row in await hub.rows("RESP")] == ["NEXT"]
    assert [n[5:9] + n[-12:] for n in await hub.names(f"/out/{hub.today}") if "RESP" in n] == [
        "RESP0002_K01.dat",
        "RESP_0002_K01.ok",
    ]
    await hub.clock.play(timedelta(hours=22))
    rows = await hub.rows("RECN", day="20260106")
    assert [(row["reqno"], row["status"]) for row in rows] == [("LOST", "00"), ("NEXT", "00")]


async def test_late_resp_comes_cycles_later_under_its_own_number(hub):
    hub.simulator.faults.arm("resp-late", cycles=2)
    await hub.send("APPL", [appl(reqno="LATE")])
    await hub.cycle(2)
    assert await hub.rows("RESP") == []
    await hub.send("APPL", [appl(reqno="NEXT", photo="")])
    await hub.cycle(2)
    stem = f"/out/{hub.today}/JXGJ_RESP_0402_{hub.today}_0001_K01"
    [late] = rows_of(decrypt(await hub.get(f"{stem}.dat"), hub.key()), "RESP")
    assert (late["reqno"], late["result"]) == ("LATE", "0100")
    assert [row["reqno"] for row in await hub.rows("RESP")] == ["LATE", "NEXT"]


async def test_named_file_type_can_be_spoilt_too(hub):
    hub.simulator.faults.arm("garbage", operation="BLKL")
    await hub.cycle(2)  # 10:00 has a blacklist
    name = f"/out/{hub.today}/JXGJ_BLKL_0402_{hub.today}_0001_K01"
    assert (await hub.get(f"{name}.ok")).split()[1] != sm3(await hub.get(f"{name}.dat")).encode()
    await hub.cycle()
    assert await hub.files("BLKL") == [[]]


async def test_struck_faults_stand_in_the_journal(hub):
    hub.simulator.faults.arm("busy")
    with pytest.raises(asyncssh.SFTPFailure):
        await hub.send("APPL", [appl()])
    hub.simulator.faults.arm("garbage")
    await hub.send("APPL", [appl()], seq=1)
    await hub.cycle(2)
    assert [(e.operation, e.fault) for e in hub.simulator.journal.entries if e.fault] == [
        ("APPL", "busy"),
        ("RESP", "garbage"),
    ]


async def test_control_port_arms_faults_turns_the_clock_and_shows_the_ledger():
    async with (
        TransitSimulator(clock=ManualClock()) as simulator,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{simulator.control_port}/__sim__/") as control,
        login(simulator) as connection,
        connection.start_sftp_client() as sftp,
    ):
        hub = Hub(simulator, simulator.clock, sftp)
        await control.post("faults", content=json.dumps({"kind": "resp-lost"}))
        await hub.send("RCHG", [rchg(CARD_NO, 100)])
        await control.post("advance", content=json.dumps({"order": "*", "state": "pickup"}))
        assert (await control.get("ledger")).json()["summary"] == {"topup": 1}
        await control.post("clock", content=json.dumps({"advance_seconds": 1900}))
        assert await hub.rows("RESP") == []
        state = (await control.get("state")).json()
        assert state["next"]["pickup"] == "2026-01-05T02:00:00+00:00"
        assert state["cards"][CARD_NO]["balance"] == 5_100
        assert (await control.get("connection")).json()["username"] == "onewindow"
