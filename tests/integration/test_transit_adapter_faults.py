"""What the transit adapter makes of faults: of the connection, of a file on its way, of a file that comes back."""

from __future__ import annotations

import asyncssh
import pytest

from hub.domain.states import TaskState
from hub.domain.taxonomy import ErrorCode
from hub.sdk import Absent, Accepted, Completed, Faulty, NotSent, Progress, Unknown
from hub.wire.exchange import Exchanged, FileList, FileResponse, Phase
from tests.integration.transit_desk import ENDPOINT, Desk, about_card, batch_of, senior_card, topup, working
from tests.integration.transit_hub import IV, batch, decrypt, encrypt, rchg

DAY = "20260105"


@pytest.fixture
async def desk():
    async with working() as desk:
        yield desk


async def done(desk, *orders):
    """Whether the answers of the next cycle say so of every order, and each was carried out once."""
    await desk.cycle(2)
    found = await desk.answers()
    return [type(found.get(order.serial)) for order in orders] == [Completed] * len(orders) and desk.effects(
        *orders
    ) == [1] * len(orders)


# the connection, and the file on its way


@pytest.mark.parametrize(("kind", "note"), [("refused", "refused"), ("down", "refused"), ("connect-hang", None)])
async def test_unreachable_centre_means_not_sent(desk, kind, note):
    order = topup()
    desk.simulator.faults.arm(kind)
    outcome = await desk.topup(order, seq=1)
    assert isinstance(outcome, NotSent)
    assert outcome.error.code is ErrorCode.UPS_UNAVAILABLE
    assert note is None or outcome.error.note == note
    desk.simulator.faults.clear()
    assert await desk.topup(order, seq=1) == Accepted(raw_code="FILE")
    assert await done(desk, order)


async def test_photo_that_does_not_get_through_means_that_no_file_was_sent(desk):
    desk.simulator.faults.arm("down")
    outcome = await desk.apply(senior_card(), seq=1)
    assert isinstance(outcome, NotSent)
    desk.simulator.faults.clear()
    assert await desk.run("find_batch", batch_of("APPL", senior_card())) == Absent()


async def test_busy_centre_that_opens_no_file_took_nothing(desk):
    order = topup()
    desk.simulator.faults.arm("busy")
    assert isinstance(await desk.topup(order, seq=1), NotSent)
    assert isinstance(await desk.topup(order, seq=1), Accepted)
    assert await done(desk, order)


@pytest.mark.parametrize(
    ("kind", "options", "arrived"),
    [
        ("before-commit", {}, False),
        ("half-body", {}, False),
        ("dribble", {"delay": 3}, False),
        ("after-commit", {}, True),
        ("half-status", {}, True),
    ],
)
@pytest.mark.parametrize("name", ["apply", "topup"])
async def test_doubtful_file_is_inquired_and_every_order_of_it_is_done_once(desk, name, kind, options, arrived):
    orders = [about_card("JX6-BUS-05", 1, loss_kind="oral")] if name == "apply" else [topup(1), topup(2)]
    sent = batch_of("APPL" if name == "apply" else "RCHG", *orders)
    desk.simulator.faults.arm(kind, **options)
    outcome = await desk.run(name, sent)
    assert isinstance(outcome, Unknown)
    assert outcome.error.code is ErrorCode.UPS_TIMEOUT_UNKNOWN
    desk.simulator.faults.clear()
    found = await desk.run("find_batch", sent)
    assert found == (Accepted(raw_code="FILE") if arrived else Absent())
    if not arrived:
        assert await desk.run(name, sent) == Accepted(raw_code="FILE")
    assert await done(desk, *orders)


async def test_number_under_which_other_orders_stand_is_no_proof(desk):
    await desk.topup(topup(1), seq=1)
    assert await desk.run("find_batch", batch_of("RCHG", topup(2))) == Absent()
    await desk.put(f"/in/{DAY}/{stem('RCHG')}.dat", b"torn")
    assert await desk.run("find_batch", batch_of("RCHG", topup(1))) == Absent()


async def test_file_under_a_key_that_is_gone_leaves_the_doubt(desk):
    sent = batch_of("RCHG", topup())
    await desk.run("topup", sent)
    keys = desk.simulator.connection()["sm4_keys"]
    other = Desk(desk.clock, desk.simulator, sm4_keys={"02": keys["02"]}, key_version="02")
    outcome = await other.run("find_batch", sent)
    await other.transport.aclose()
    assert (type(outcome), outcome.error.code) == (NotSent, ErrorCode.UPS_AUTH)


async def test_inquiry_that_fails_leaves_the_doubt(desk):
    sent = batch_of("RCHG", topup())
    desk.simulator.faults.arm("after-commit")
    assert isinstance(await desk.run("topup", sent), Unknown)
    desk.simulator.faults.arm("down")
    assert not isinstance(await desk.run("find_batch", sent), Accepted | Absent)


async def test_same_file_sent_twice_before_and_after_the_pick_up_is_done_once(desk):
    order = topup()
    for _ in range(2):
        assert isinstance(await desk.topup(order, seq=1), Accepted)
    assert await done(desk, order)
    assert isinstance(await desk.topup(order, seq=1), Accepted)
    await desk.cycle()
    assert await desk.refusals() == {f"{ENDPOINT}:RCHG:{DAY}:0001": Accepted(raw_code="9003")}
    assert desk.effects(order) == [1]


# the file that comes back


@pytest.mark.parametrize("kind", ["garbage", "html", "wrong-charset"])
async def test_spoilt_answer_is_left_until_it_is_mended(desk, kind):
    order = topup()
    desk.simulator.faults.arm(kind)
    await desk.topup(order)
    await desk.cycle(2)
    assert await desk.answers() == {}
    [(name, code)] = desk.damaged
    assert name.startswith(f"JXGJ_RESP_0402_{DAY}")
    assert code == "FILE_DIGEST"
    assert await done(desk, order)
    assert desk.damaged == []


@pytest.mark.parametrize(("kind", "options"), [("before-commit", {}), ("half-body", {}), ("dribble", {"delay": 5})])
async def test_answer_that_cannot_be_read_now_is_read_the_next_time(desk, kind, options):
    order = topup()
    await desk.topup(order)
    await desk.cycle(2)
    desk.simulator.faults.arm(kind, operation="RESP", **options)
    assert isinstance(await desk.collect(), NotSent)
    desk.simulator.faults.clear()
    assert isinstance((await desk.answers())[order.serial], Completed)


async def test_half_written_answer_is_not_touched(desk):
    order = topup()
    await desk.topup(order)
    await desk.clock.advance(minutes=55, seconds=1)
    names = await desk.transport.exchange(FileList(f"/out/{DAY}"), desk._equipment.limits)
    assert any(name.startswith("JXGJ_RESP_0402") for name, _ in names.response.names)
    assert await desk.answers() == {}
    assert desk.damaged == []
    await desk.clock.advance(seconds=2)
    assert isinstance((await desk.answers())[order.serial], Completed)


async def test_half_written_snapshot_leaves_the_one_of_the_night_before(desk):
    await desk.clock.advance(hours=16, minutes=55, seconds=1)  # 02:00:01
    before = await desk.run("snapshot", about_card("JX6-BUS-07"))
    await desk.clock.advance(seconds=2)
    after = await desk.run("snapshot", about_card("JX6-BUS-07"))
    nights = [outcome.outputs[0].as_of.day for outcome in (before, after)]
    assert nights == [4, 5]  # in UTC


async def test_spoilt_snapshot_answers_nothing_until_it_is_mended(desk):
    desk.simulator.faults.arm("garbage", operation="CARD")
    await desk.clock.advance(hours=17)
    outcome = await desk.run("snapshot", about_card("JX6-BUS-07"))
    assert (type(outcome), outcome.error.code) == (NotSent, ErrorCode.FILE_DIGEST)
    await desk.cycle(9)
    assert isinstance(await desk.run("snapshot", about_card("JX6-BUS-07")), Completed)


async def test_lost_answer_is_found_in_the_reconciliation(desk):
    order, refused, making = topup(), topup(2, card="3104330000000099992"), senior_card(3)
    for name in ("RCHG", "APPL"):
        desk.simulator.faults.arm("resp-lost", operation=name)
    await desk.topup(order, refused)
    await desk.apply(making)
    await desk.cycle(2)
    assert await desk.answers() == {}
    await desk.cycle(43)
    found = await desk.answers()
    assert isinstance(found[order.serial], Completed)
    assert found[order.serial].outputs[0].identifier == found[order.serial].provider_ref
    assert (found[refused.serial].kind, found[refused.serial].raw_code) == ("rejected", "09")
    assert found[making.serial].state is TaskState.IN_PROGRESS
    assert desk.effects(order, refused, making) == [1, 0, 1]


async def test_reconciliation_says_nothing_of_a_photo_that_was_asked_for_again(desk):
    order = senior_card(evidence=())
    await desk.apply(order)
    await desk.cycle(2)
    assert (await desk.answers())[order.serial].state is TaskState.AWAITING_APPLICANT
    await desk.cycle(43)
    assert await desk.answers() == {}
    assert any("_RECN_" in name for name in desk.files)


async def test_late_answer_is_read_under_the_name_it_should_have_had(desk):
    order = topup()
    desk.simulator.faults.arm("resp-late", cycles=6)
    await desk.topup(order)
    await desk.cycle(4)
    assert await desk.answers() == {}
    await desk.cycle(6)
    assert isinstance((await desk.answers())[order.serial], Completed)
    assert desk.effects(order) == [1]


# whole files that were not taken


def stem(kind, seq=1, key="01"):
    return f"JXGJ_{kind}_0402_{DAY}_{seq:04d}_K{key}"


async def test_spoilt_file_is_refused_and_its_orders_go_through_in_the_next_one(desk):
    order = topup()
    await desk.topup(order, seq=1)
    await desk.put(f"/in/{DAY}/{stem('RCHG')}.dat", b"spoilt")
    await desk.cycle()
    [(batch_id, outcome)] = (await desk.refusals()).items()
    assert batch_id == f"{ENDPOINT}:RCHG:{DAY}:0001"
    assert (type(outcome), outcome.error.code) == (NotSent, ErrorCode.FILE_DIGEST)
    assert isinstance(await desk.topup(order, seq=2), Accepted)
    await desk.cycle()
    [(held, outcome)] = (await desk.refusals()).items()
    assert (held, outcome.state, outcome.error.code) == (
        f"{ENDPOINT}:RCHG:{DAY}:0002",
        TaskState.SUSPENDED,
        ErrorCode.FILE_GAP,
    )
    assert await done(desk, order)


async def test_number_that_is_only_late_is_never_taken_up_by_an_empty_file(desk):
    first, second = topup(1), topup(2)
    await desk.topup(second, seq=2)
    await desk.cycle()
    [outcome] = (await desk.refusals()).values()
    assert isinstance(outcome, Progress)
    await desk.collect()
    assert await desk.run("find_batch", batch_of("RCHG")) == Absent()
    await desk.topup(first, seq=1)
    assert await done(desk, first, second)


async def test_file_that_contradicts_itself_is_refused(desk):
    plain = batch("RCHG", "0402", DAY, 1, [rchg("3104330000000000016", 100)], count=2)
    await upload(desk, stem("RCHG"), encrypt(plain, bytes.fromhex(desk.adapter.config["sm4_keys"]["01"])))
    await desk.cycle()
    [outcome] = (await desk.refusals()).values()
    assert (type(outcome), outcome.error.code, outcome.error.provider_code_raw) == (
        NotSent,
        ErrorCode.FILE_COUNT,
        "9002",
    )


async def upload(desk, name, data):
    await desk.put(f"/in/{DAY}/{name}.dat", data)
    await desk.put(f"/in/{DAY}/{name}.ok", desk.flag(data))


async def test_number_that_another_file_has_taken_leads_to_a_new_file(desk):
    first, second = topup(1), topup(2)
    await desk.topup(first, seq=1)
    assert await done(desk, first)
    await desk.topup(second, seq=1)
    await desk.cycle()
    [outcome] = (await desk.refusals()).values()
    assert (type(outcome), outcome.error.provider_code_raw) == (NotSent, "9003")
    await desk.topup(second, seq=2)
    assert await done(desk, second)


async def test_retired_key_is_told_and_the_new_one_reads_and_writes(desk):
    await desk.simulator.advance("*", "rotate-key")
    order = topup()
    await desk.topup(order, seq=1)
    await desk.cycle()
    [outcome] = (await desk.refusals()).values()
    assert (type(outcome), outcome.error.code) == (NotSent, ErrorCode.UPS_AUTH)
    renewed = Desk(desk.clock, desk.simulator, key_version="02")
    renewed.files = desk.files
    try:
        assert isinstance(await renewed.topup(order, seq=2), Accepted)
        await renewed.cycle()
        await renewed.collect()
        assert await done(renewed, order)
    finally:
        await renewed.transport.aclose()


async def test_file_under_a_name_the_centre_does_not_take_is_refused(desk):
    data = encrypt(batch("RCHG", "0402", DAY, 1, [], head_day="20260104"), bytes(16))
    plain = decrypt(data, bytes(16))
    await upload(desk, stem("RCHG"), IV + encrypt(plain, bytes.fromhex(desk.adapter.config["sm4_keys"]["01"]))[16:])
    await desk.cycle()
    [outcome] = (await desk.refusals()).values()
    assert (type(outcome), outcome.error.provider_code_raw) == (NotSent, "9005")


class Folder:
    """A far side that holds some files and nothing else."""

    def __init__(self, **files: bytes) -> None:
        self.files = files

    async def exchange(self, request, limits):
        if isinstance(request, FileList):
            names = tuple((name, len(body)) for name, body in self.files.items()) if request.path.endswith(DAY) else ()
            return Exchanged(Phase.RECEIVED, FileResponse(names=names))
        body = self.files.get(request.path.rpartition("/")[2])
        return Exchanged(Phase.RECEIVED, FileResponse(found=body is not None, body=body or b""))


async def test_error_file_with_a_new_code_or_none_does_not_stop_the_collection(desk, monkeypatch):
    far = Folder(**{f"{stem('APPL', 1)}.err": b"9099 novelty", f"{stem('APPL', 2)}.err": b"<html>"})
    monkeypatch.setattr(type(desk.transport), "exchange", lambda _, request, limits: far.exchange(request, limits))
    [(batch_id, outcome)] = (await desk.refusals()).items()
    assert (batch_id, type(outcome), outcome.error.provider_code_raw) == (
        f"{ENDPOINT}:APPL:{DAY}:0001",
        Faulty,
        "9099",
    )
    assert desk.damaged == [(f"{stem('APPL', 2)}.err", "UPS_PROTOCOL")]
    assert await desk.refusals() == {}


# credentials


async def test_check_tells_good_from_refused_from_unreachable(desk):
    stranger = asyncssh.generate_private_key("ssh-ed25519")
    assert (await desk.run("check", None)).error is None
    found = {}
    wrong = [
        {"private_key": stranger.export_private_key().decode()},
        {"host_key": stranger.export_public_key().decode()},
        {"port": 1},
    ]
    for changes in wrong:
        other = Desk(desk.clock, desk.simulator, **changes)
        outcome = await other.run("check", None)
        await other.transport.aclose()
        assert isinstance(outcome, NotSent)
        found[outcome.error.note] = outcome.error.code
    assert found == {
        "login": ErrorCode.UPS_AUTH,
        "host-key": ErrorCode.UPS_AUTH,
        "refused": ErrorCode.UPS_UNAVAILABLE,
    }


async def test_nothing_personal_and_no_secret_is_told(desk, caplog):
    caplog.set_level("DEBUG")
    order = senior_card()
    told = []
    for kind in ("busy", "before-commit", "after-commit"):
        desk.simulator.faults.arm(kind)
        told.append(await desk.apply(order, seq=1))
    await desk.cycle(2)
    told += (await desk.answers()).values()
    told.append(await desk.apply(order.with_(form=order.form.with_(pickup_site="南湖区某某路一号")), seq=2))
    text = caplog.text + "".join(f"{each!r} {each.model_dump_json()}" for each in told) + repr(desk.calls)
    secrets = [desk.adapter.config["private_key"], *desk.adapter.config["sm4_keys"].values()]
    for private in ("王秀兰", "330402195203140024", "13800138000", "某某路", *secrets):
        assert private not in text
