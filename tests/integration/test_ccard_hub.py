"""Every citizen card item in every county through the whole hub; faults, lapses and the day's file as the engine has them."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime, timedelta

import pytest

from hub import CaseState, example_case, simulated
from hub.clock import VirtualClock
from hub.config import load_configuration
from hub.domain.states import EventSource, TaskState
from hub.domain.taxonomy import ErrorCode
from simulators.kit.simulator import Profile
from tests.acceptance.city import quick_config

CATALOGUE = load_configuration().catalogue
TOWNS = ("330402007", "330411002", "330421001", "330424001", "330481001", "330482001", "330483001")
CARD = "3140330000000000010"
START = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)  # a Tuesday, 09:00 in Shanghai
DONE_AT_ONCE = ("JX6-CIT-08", "JX6-CIT-02", "JX6-CIT-03", "JX6-CIT-05", "JX6-CIT-06", "JX6-CIT-09")
QUICK = Profile(pace=0.02)


def application(item, town=TOWNS[0], *, number=1, form=None, **changes):
    made = example_case([item], "individual", CATALOGUE, division=town)
    (request,) = made.items
    request = request.with_(form={**request.form, **(form or {})})
    return made.with_(request_id=f"{item}-{town}-{number}", items=(request,), **changes)


async def done(city, app, seconds=60):
    case = await city.hub.submit(app)
    return await city.hub.wait(case.number, seconds=seconds)


@pytest.mark.parametrize("town", TOWNS)
async def test_every_item_of_messages_is_done_in_every_county(tmp_path, town):
    async with simulated("ccard", config=quick_config(tmp_path), profile=QUICK, clock=VirtualClock(START)) as city:
        centre = city.simulators["ccard"]
        for item in DONE_AT_ONCE:
            case = await done(city, application(item, town))
            assert case.summary.endswith("ALL_COMPLETED 1/1"), (item, case.tasks[0].error)
        await done(city, application("JX6-CIT-02", town, number=2, form={"loss_kind": "formal"}))
        assert centre.journal.violations() == []
        effects = ("loss_oral", "unloss", "activation", "password_reset", "topup", "loss_formal")
        assert centre.ledger.summary() == dict.fromkeys(effects, 1)


async def test_every_item_of_files_is_decided_in_every_county(tmp_path):
    async with simulated("ccard", config=quick_config(tmp_path), profile=QUICK, clock=VirtualClock(START)) as city:
        centre = city.simulators["ccard"]
        for number in range(len(TOWNS)):
            card = {"card_no": f"31403300000001{number:05d}", "state": "formal", "balance": 100}
            centre.add_account(name="王秀兰", id_number="330402195203140024", **card)
        sent = []
        for number, town in enumerate(TOWNS):
            card = {"card_no": f"31403300000001{number:05d}", "reissue_reason": "lost"}
            change = application("JX6-CIT-07", town)
            second = application("JX6-CIT-01", town).with_(applicant=change.applicant)  # who has a card already
            apps = (change, application("JX6-CIT-04", town, form=card), second)
            sent.append([await city.hub.submit(each) for each in apps])
        for cases in sent:
            changed, reissued, refused = [(await city.hub.wait(each.number, seconds=60)).tasks[0] for each in cases]
            assert (changed.state, reissued.state) == (TaskState.COMPLETED, TaskState.COMPLETED), reissued.error
            assert centre.register.cards[reissued.outputs[0].identifier].balance == 100
            assert (refused.state, refused.error.provider_code_raw) == (TaskState.REJECTED, "F2")
        assert centre.journal.violations() == []
        assert centre.ledger.summary() == {"change": 14, "application": 7}


KINDS = (
    "refused",
    "connect-hang",
    "before-commit",
    "after-commit",
    "half-status",
    "half-body",
    "dribble",
    "garbage",
    "html",
    "wrong-charset",
    "busy",
    "late",
    "wrong-mac",
    "told-timeout",
)


@pytest.mark.parametrize("kind", KINDS)
async def test_fault_leaves_one_effect_for_each_act_and_file_and_a_topup_at_most_one(tmp_path, caplog, kind):
    caplog.set_level(logging.DEBUG)
    async with simulated("ccard", config=quick_config(tmp_path), profile=QUICK, clock=VirtualClock(START)) as city:
        centre = city.simulators["ccard"]
        apps = {
            "JX6-CIT-02": "loss_oral",
            "JX6-CIT-03": "unloss",
            "JX6-CIT-06": "password_reset",
            "JX6-CIT-09": "topup",
            "JX6-CIT-07": "change",
        }
        for item, effect in apps.items():
            centre.faults.arm(kind)
            form = {"contact_change": None} if item == "JX6-CIT-07" else {}
            case = await done(city, application(item, form=form))
            centre.faults.clear()
            task, effects = case.tasks[0], centre.ledger.count(effect)
            if effect == "topup":
                credited = effects - centre.ledger.count("reversal")
                assert credited == (1 if task.state is TaskState.COMPLETED else 0), task.error
                assert effects <= 1
                assert task.state is TaskState.COMPLETED or task.error.code is ErrorCode.PAY_REVERSED
                assert centre.register.cards[CARD].balance == 5_000 + 5_000 * credited
            else:
                assert (task.state, effects) == (TaskState.COMPLETED, 1), (item, task.error)
        text = caplog.text + "".join(str(vars(record)) for record in caplog.records)
        assert not [each for each in ("王秀兰", "330402195203140024", "13800138000", CARD) if each in text]


async def test_centre_that_is_down_gets_the_order_when_it_returns(tmp_path):
    async with simulated("ccard", config=quick_config(tmp_path), profile=QUICK, clock=VirtualClock(START)) as city:
        city.simulators["ccard"].faults.arm("down")
        case = await city.hub.submit(application("JX6-CIT-09"))
        await city.clock.sleep(3600)
        assert not (await city.hub.case(case.number)).tasks[0].state.final
        city.simulators["ccard"].faults.lift("down")
        case = await city.hub.wait(case.number, seconds=60)
        assert (case.state, city.simulators["ccard"].ledger.summary()) == (CaseState.DECIDED, {"topup": 1})


async def test_order_in_the_day_cut_is_held_until_it_ends(tmp_path):
    late = START.replace(hour=15, minute=1)  # 23:01 in Shanghai
    async with simulated("ccard", config=quick_config(tmp_path), profile=QUICK, clock=VirtualClock(START)) as city:
        await city.clock.sleep_until(late)
        with city.clock.busy():
            case = await city.hub.submit(application("JX6-CIT-09"))
        case = await city.hub.wait(case.number, seconds=60)
        events = (await city.hub.trace(case.number)).events
        assert TaskState.HELD in {event.to for event in events}
        assert city.clock.now() >= late.replace(minute=10)
        assert city.simulators["ccard"].ledger.summary() == {"topup": 1}


async def timers(city, case):
    trace = await city.hub.trace(case.number)
    return {event.raw_code: event for event in trace.events if event.source is EventSource.TIMER}


async def test_oral_report_is_reminded_of_and_its_lapse_is_seen_in_the_card_s_status(tmp_path):
    async with simulated("ccard", config=quick_config(tmp_path), profile=QUICK, clock=VirtualClock(START)) as city:
        case = await done(city, application("JX6-CIT-02"))
        expires = case.tasks[0].outputs[0].expires
        (report,) = city.simulators["ccard"].ledger.entries
        assert expires - report.at == timedelta(days=5)
        await city.clock.sleep_until(expires - timedelta(hours=20))
        assert list(await timers(city, case)) == ["EXPIRING"]
        await city.clock.sleep_until(expires + timedelta(hours=4))
        told = await timers(city, case)
        assert list(told) == ["EXPIRING", "LAPSED"]
        assert told["LAPSED"].received_at > expires
        assert city.simulators["ccard"].journal.entries[-1].code == "00"


async def test_oral_report_made_formal_in_time_still_holds_when_the_first_would_have_lapsed(tmp_path):
    async with simulated("ccard", config=quick_config(tmp_path), profile=QUICK, clock=VirtualClock(START)) as city:
        case = await done(city, application("JX6-CIT-02"))
        await done(city, application("JX6-CIT-02", number=2, form={"loss_kind": "formal"}))
        await city.clock.sleep_until(case.tasks[0].outputs[0].expires + timedelta(hours=12))
        assert list(await timers(city, case)) == ["EXPIRING", "HOLDS"]


async def test_day_s_file_is_compared_by_the_engine_and_a_topup_taken_back_is_no_difference(tmp_path):
    async with simulated("ccard", config=quick_config(tmp_path), profile=QUICK, clock=VirtualClock(START)) as city:
        await done(city, application("JX6-CIT-09"))
        city.simulators["ccard"].faults.arm("after-commit")
        undone = await done(city, application("JX6-CIT-09", number=2))
        assert undone.tasks[0].error.code is ErrorCode.PAY_REVERSED
        await city.clock.sleep_until(START + timedelta(hours=20))
        (run,) = await city.hub._parts.store.run(lambda unit: unit.runs(date(2026, 11, 24), "ccard"))
        assert run.error is None
        assert (run.theirs.count, run.theirs.sum_fen) == (3, 5_000)
        assert run.differences == ()
