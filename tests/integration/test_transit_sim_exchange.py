"""The bus card exchange as a whole: login, directories, cycles, and what is said of a file as such."""

from __future__ import annotations

import asyncio
import inspect
from datetime import timedelta

import asyncssh
import pytest

from simulators.kit.simulator import Profile
from simulators.transit import TransitSimulator
from simulators.transit.session import Session
from tests.integration.transit_hub import Hub, appl, batch, encrypt, jpeg, login, running, sm3


@pytest.fixture
async def hub():
    async with running() as hub:
        yield hub


async def test_login_wants_the_user_and_the_key_and_shows_the_pinned_host_key(hub):
    stranger = asyncssh.generate_private_key("ssh-ed25519")
    for changes in ({"username": "root"}, {"private_key": stranger.export_private_key().decode()}):
        with pytest.raises(asyncssh.PermissionDenied):
            await login(hub.simulator, **changes)
    with pytest.raises(asyncssh.HostKeyNotVerifiable):
        await login(hub.simulator, host_key=stranger.export_public_key().decode())


async def test_same_seed_gives_the_same_keys_and_another_seed_others():
    async with running(seed=1) as one, running(seed=1) as same, running(seed=2) as other:
        connections = [{**h.simulator.connection(), "port": 0} for h in (one, same, other)]
    for connection in connections[:2]:
        connection.pop("private_key")  # its PEM carries a random check number
    assert connections[0] == connections[1]
    assert connections[0]["host_key"] != connections[2]["host_key"]
    assert connections[0]["sm4_keys"] != connections[2]["sm4_keys"]
    assert all(bytes.fromhex(key).startswith(b"TEST") for key in connections[0]["sm4_keys"].values())


def test_a_session_inherits_nothing_that_could_touch_the_disk():
    harmless = {"channel", "connection", "env", "logger", "convert_attrs", "exit", "map_path", "reverse_map_path"}
    formatting = {"format_user", "format_group", "format_longname"}
    public = {name for name, _ in inspect.getmembers(asyncssh.SFTPServer) if not name.startswith("_")}
    assert {name for name in public - harmless - formatting if name not in vars(Session)} == set()


async def test_the_hub_may_write_in_and_photo_and_only_read_out(hub):
    assert await hub.names("/") == ["in", "out", "photo"]
    for path in ("/out/20260105/x.dat", "/x.dat", "/in/x.dat", "/out/x"):
        with pytest.raises(asyncssh.SFTPPermissionDenied):
            await hub.put(path, b"x")
    for path in ("/out/20260106", "/in/tomorrow", "/photo/2026"):
        with pytest.raises(asyncssh.SFTPPermissionDenied):
            await hub.sftp.mkdir(path)
    await hub.sftp.mkdir("/in/20260106")
    assert await hub.names("/in") == ["20260105", "20260106"]
    with pytest.raises(asyncssh.SFTPError):
        await hub.sftp.symlink("/etc/passwd", "/photo/passwd")


async def test_plain_rename_refuses_an_existing_target_and_posix_rename_replaces_it(hub):
    await hub.put("/photo/a.jpg", b"a")
    await hub.put("/photo/b.jpg", b"b")
    with pytest.raises(asyncssh.SFTPFailure):
        await hub.sftp.rename("/photo/a.jpg", "/photo/b.jpg")
    await hub.sftp.posix_rename("/photo/a.jpg", "/photo/b.jpg")
    assert await hub.get("/photo/b.jpg") == b"a"
    assert await hub.names("/photo") == ["b.jpg", "good.jpg"]


async def test_a_large_photo_goes_up_and_comes_down_unchanged(hub, tmp_path):
    (tmp_path / "p.jpg").write_bytes(jpeg() + bytes(range(256)) * 2000)
    await hub.sftp.put(str(tmp_path / "p.jpg"), "/photo/p.jpg")
    await hub.sftp.get("/photo/p.jpg", str(tmp_path / "back.jpg"))
    assert (tmp_path / "back.jpg").read_bytes() == (tmp_path / "p.jpg").read_bytes()
    assert (await hub.sftp.stat("/photo/p.jpg")).size == (tmp_path / "p.jpg").stat().st_size


async def test_a_file_is_taken_on_the_half_hour_and_answered_in_the_next_cycle(hub):
    await hub.send("APPL", [appl()])
    await hub.cycle()
    assert hub.simulator.ledger.count("application") == 1
    assert await hub.rows("RESP") == []
    await hub.cycle()
    assert [row["result"] for row in await hub.rows("RESP")] == ["0100"]


async def test_nothing_is_taken_between_ten_at_night_and_six(hub):
    await hub.clock.play(timedelta(hours=13, minutes=5))  # 22:10
    await hub.send("APPL", [appl()])
    await hub.clock.play(timedelta(hours=7, minutes=45))  # 05:55
    assert hub.simulator.ledger.count() == 0
    await hub.cycle()  # 06:25
    assert hub.simulator.ledger.count() == 1
    await hub.cycle()
    assert hub.today == "20260106"
    assert len(await hub.rows("RESP")) == 1


async def test_always_open_takes_files_at_night_and_a_short_beat_at_any_second():
    async with running(always_open=True) as hub:
        await hub.clock.play(timedelta(hours=14))
        await hub.send("APPL", [appl()])
        await hub.cycle()
        assert hub.simulator.ledger.count() == 1
    async with running(extra={"pickup_seconds": 5}) as hub:
        await hub.send("APPL", [appl()])
        await hub.clock.play(11)
        assert len(await hub.rows("RESP")) == 1


async def test_a_dat_without_ok_is_not_looked_at(hub):
    day = hub.today
    data = encrypt(batch("APPL", "0402", day, 1, [appl()]), hub.key())
    await hub.put(f"/in/{day}/JXGJ_APPL_0402_{day}_0001_K01.dat", data)
    await hub.cycle(2)
    assert hub.simulator.ledger.count() == 0
    assert hub.simulator.journal.violations() == []


async def test_outgoing_dat_is_visible_half_written_before_its_ok(hub):
    await hub.send("APPL", [appl()])
    await hub.clock.play(timedelta(minutes=55))  # 10:00 sharp
    [half] = [name for name in await hub.names("/out/20260105") if "RESP" in name]
    size = (await hub.sftp.stat(f"/out/20260105/{half}")).size
    await hub.clock.play(2)
    whole = [name for name in await hub.names("/out/20260105") if "RESP" in name]
    assert whole == [half, half.replace(".dat", ".ok")]
    assert (await hub.sftp.stat(f"/out/20260105/{half}")).size // 2 == size


async def test_files_stay_in_the_in_directory_after_pick_up(hub):
    stem = await hub.send("APPL", [appl()])
    await hub.cycle(2)
    assert await hub.names(f"/in/{hub.today}") == [f"{stem}.dat", f"{stem}.ok"]


async def refused(hub, stem, code):
    """The file is refused as a whole: .err says so, nothing has happened, the journal has it as a violation."""
    assert (await hub.error(stem)).split()[0] == code
    assert hub.simulator.ledger.count() == 0
    assert await hub.rows("RESP") == []
    assert any(code in violation for violation in hub.simulator.journal.violations())


@pytest.mark.parametrize("ok", [b"12 " + b"0" * 64, b"", b"rubbish", "size", "digest"])
async def test_9001_when_the_flag_does_not_fit_the_dat(hub, ok):
    day = hub.today
    stem = f"JXGJ_APPL_0402_{day}_0001_K01"
    data = encrypt(batch("APPL", "0402", day, 1, [appl()]), hub.key())
    ok = {"size": f"{len(data) + 1} {sm3(data)}".encode(), "digest": f"{len(data)} {sm3(data[1:])}".encode()}.get(
        ok, ok
    )
    await hub.upload(f"/in/{day}/{stem}", data, ok)
    await hub.cycle(2)
    await refused(hub, stem, "9001")


async def test_9001_when_the_dat_is_missing_and_the_same_name_is_taken_when_sent_again(hub):
    day = hub.today
    stem = f"JXGJ_APPL_0402_{day}_0001_K01"
    await hub.put(f"/in/{day}/{stem}.ok", b"1 " + b"0" * 64)
    await hub.cycle()
    await refused(hub, stem, "9001")
    await hub.upload(f"/in/{day}/{stem}", encrypt(batch("APPL", "0402", day, 1, [appl()]), hub.key()))
    await hub.cycle()
    assert await hub.error(stem) == ""
    assert hub.simulator.ledger.count() == 1


@pytest.mark.parametrize(
    "wrong", [{"count": 2}, {"amount": 5}, {"trailer_amount": 5}, {"amount": 9, "trailer_amount": 9}]
)
async def test_9002_when_counts_or_amounts_disagree(hub, wrong):
    stem = await hub.send("APPL", [appl()], **wrong)
    await hub.cycle(2)
    await refused(hub, stem, "9002")


@pytest.mark.parametrize("plain", [b"", b"hello\r\n", b"H" * 256 + b"\r\n" + b"T" + b" " * 200 + b"\r\n"])
async def test_9002_when_header_or_trailer_is_not_there(hub, plain):
    stem = f"JXGJ_APPL_0402_{hub.today}_0001_K01"
    await hub.upload(f"/in/{hub.today}/{stem}", encrypt(plain, hub.key()))
    await hub.cycle(2)
    await refused(hub, stem, "9002")


async def test_9003_when_a_seq_comes_again_and_the_digest_tells_ours_from_another(hub):
    stem = await hub.send("APPL", [appl()])
    await hub.cycle(2)
    data = await hub.get(f"/in/{hub.today}/{stem}.dat")
    await hub.send("APPL", [appl(reqno="OTHER")], seq=1)
    await hub.cycle(2)
    code, *_, digest = (await hub.error(stem)).split()
    assert (code, digest) == ("9003", sm3(data))
    assert hub.simulator.ledger.count() == 1
    assert len(await hub.rows("RESP")) == 1


async def test_reupload_before_pick_up_only_replaces_the_file(hub):
    for reqno in ("FIRST", "SECOND"):
        stem = await hub.send("APPL", [appl(reqno=reqno)], seq=1)
    await hub.cycle(2)
    assert await hub.error(stem) == ""
    assert [row["reqno"] for row in await hub.rows("RESP")] == ["SECOND"]


async def test_9004_when_the_key_version_is_unknown_or_differs_or_the_key_is_wrong(hub):
    day = hub.today
    plain = batch("APPL", "0402", day, 1, [appl()], keyver="09")
    stems = [f"JXGJ_APPL_0402_{day}_0001_K09", f"JXGJ_APPL_0411_{day}_0001_K01"]
    for stem, key in zip(stems, (hub.key(), b"another key 1234"), strict=True):
        await hub.upload(f"/in/{day}/{stem}", encrypt(plain, key))
    await hub.cycle()
    for stem in stems:
        await refused(hub, stem, "9004")
    stem = await hub.send("APPL", [appl()], head_keyver="02")
    await hub.cycle()
    await refused(hub, stem, "9004")


async def test_second_key_version_is_taken_and_a_rotated_one_is_refused_and_no_longer_written(hub):
    await hub.send("APPL", [appl()], keyver="02")
    await hub.cycle()
    await hub.simulator.advance("*", "rotate-key")
    assert hub.simulator.connection()["key_version"] == "02"
    stem = await hub.send("APPL", [appl(reqno="LATER")], keyver="01")
    await hub.cycle()
    assert (await hub.error(stem)).startswith("9004")
    assert len(await hub.rows("RESP")) == 1
    assert any("_K02.dat" in name and "RESP" in name for name in await hub.names(f"/out/{hub.today}"))


@pytest.mark.parametrize(
    "stem",
    ["JXGJ_APPL_0402_20260105_1_K01", "JXGJ_RESP_0402_20260105_0001_K01", "JXGJ_APPL_0499_20260105_0001_K01",
     "JXGJ_APPL_0402_20260104_0001_K01", "JXGJ_APPL_0402_20260105_0000_K01", "JXGJ_APPL_0402_20261399_0001_K01"],
)  # fmt: skip
async def test_9005_when_the_name_is_not_one_to_send(hub, stem):
    await hub.upload(f"/in/20260105/{stem}", b"x" * 32)
    await hub.cycle(2)
    await refused(hub, stem, "9005")


async def test_9005_when_the_day_lies_ahead_or_the_header_differs_from_the_name(hub):
    await hub.sftp.mkdir("/in/20260106")
    ahead = await hub.send("APPL", [appl()], day="20260106")
    differing = await hub.send("APPL", [appl()], head_day="20260104")
    await hub.cycle(2)
    await refused(hub, differing, "9005")
    assert (await hub.error(ahead, day="20260106")).startswith("9005")


async def test_9006_holds_files_behind_a_gap_until_it_is_filled_and_takes_them_in_order(hub):
    third = await hub.send("APPL", [appl(reqno="THIRD")], seq=3)
    second = await hub.send("APPL", [appl(reqno="SECOND")], seq=2)
    await hub.cycle(3)
    assert [await hub.error(stem) for stem in (second, third)] == ["9006 expected 0001"] * 2
    assert hub.simulator.ledger.count() == 0
    await hub.send("APPL", [appl(reqno="FIRST", biz="05", cardno="3104330000000000016", idno="330402198801010012",
                                 birth=0)], seq=1)  # fmt: skip
    await hub.cycle(2)
    assert [await hub.error(stem) for stem in (second, third)] == ["", ""]
    assert [row["reqno"] for row in await hub.rows("RESP")] == ["FIRST", "SECOND", "THIRD"]


async def test_seq_runs_for_each_type_institution_and_day_apart(hub):
    await hub.send("APPL", [appl()])
    await hub.send("RCHG", [], seq=1)
    await hub.send("APPL", [appl(reqno="X")], inst="0481")
    await hub.cycle()
    await hub.clock.play(timedelta(days=1))
    await hub.send("APPL", [appl(reqno="Y")], seq=1)
    await hub.cycle()
    assert [entry.code for entry in hub.simulator.journal.entries if entry.peer] == ["0000"] * 4


async def test_journal_names_filler_and_missing_line_end_as_violations(hub):
    day = hub.today
    plain = batch("APPL", "0402", day, 1, [appl()[:-1] + b"x"])
    await hub.upload(f"/in/{day}/JXGJ_APPL_0402_{day}_0001_K01", encrypt(plain.removesuffix(b"\r\n"), hub.key()))
    await hub.cycle()
    assert hub.simulator.ledger.count() == 1
    [no_end, filler] = hub.simulator.journal.violations()
    assert "CRLF" in no_end
    assert "line 2: filler" in filler


async def test_same_seed_and_same_files_give_the_same_bytes_out():
    out = []
    for _ in range(2):
        async with running(seed=3) as hub:
            await hub.send("APPL", [appl()])
            await hub.cycle(2)
            out.append([await hub.get(f"/out/20260105/{n}") for n in await hub.names("/out/20260105")])
    assert out[0] == out[1]


async def test_reset_goes_back_to_the_seeded_state(hub):
    await hub.send("APPL", [appl()])
    await hub.cycle(2)
    await hub.simulator.reset()
    assert hub.simulator.ledger.count() == 0
    assert await hub.names("/in/20260105") == []
    assert {name[5:9] for name in await hub.names("/out/20260105")} == {"CARD"}


async def test_real_time_with_a_short_beat_answers_within_a_moment():
    profile = Profile(pace=0, extra={"pickup_seconds": 0.05})
    async with (
        TransitSimulator(profile=profile, control_port=None) as simulator,
        login(simulator) as connection,
        connection.start_sftp_client() as sftp,
    ):
        hub = Hub(simulator, simulator.clock, sftp)
        await hub.put("/photo/good.jpg", jpeg())
        await hub.send("APPL", [appl()])
        async with asyncio.timeout(5):
            while len(rows := await hub.rows("RESP")) < 2:  # noqa: ASYNC110 -- a remote file tree has no event to wait for
                await asyncio.sleep(0.02)
        assert [row["result"] for row in rows] == ["0100", "0000"]


async def test_a_whole_month_passes_in_seconds_and_every_day_is_there(hub):
    await hub.clock.play(timedelta(days=30))
    last = "20260203"
    for ftype, files in {"CARD": 1, "RECN": 1, "BLKL": 12}.items():
        assert len(await hub.files(ftype, day=last)) == files
