"""Each fault point on each of the three systems: one effect per order, none lost, and the others are not held up."""

from __future__ import annotations

import logging

import pytest

from hub import CaseState, simulated
from simulators.kit.simulator import Profile
from tests.acceptance.city import SYSTEMS, effects, quick_config
from tests.acceptance.story import make_application

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
)
CANARIES = ("王秀兰", "330402195203140024", "13800138000", "李建国", "中山东路100号")
QUICK = Profile(pace=0.04, always_open=True)
INQUIRIES = {"water": "3002", "power": "app/query"}


def _leaks(caplog):
    text = caplog.text + "".join(str(vars(record)) for record in caplog.records)
    return [canary for canary in CANARIES if canary in text]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("system", SYSTEMS)
async def test_fault_leaves_one_effect_per_order_and_the_case_completes(tmp_path, caplog, system, kind):
    caplog.set_level(logging.DEBUG)
    async with simulated(config=quick_config(tmp_path), profile=QUICK) as city:
        city.simulators[system].faults.arm(kind)
        case = await city.hub.submit(await make_application(city.hub))
        case = await city.hub.wait(case.number, seconds=60)
        assert case.summary == f"case {case.number} DECIDED ALL_COMPLETED 3/3", [task.error for task in case.tasks]
        assert effects(city.simulators) == {"water": 1, "power": 1, "transit": 1}
    assert _leaks(caplog) == []


@pytest.mark.parametrize("system", ["water", "power"])
async def test_reply_lost_and_inquiry_down_stays_unknown_until_the_inquiry_answers(tmp_path, system):
    async with simulated(config=quick_config(tmp_path), profile=QUICK) as city:
        faults = city.simulators[system].faults
        faults.arm("after-commit")
        faults.arm("before-commit", operation=INQUIRIES[system], times=6)
        if system == "power":
            faults.arm("callback-drop", operation="callback", times=1)
        case = await city.hub.submit(await make_application(city.hub))
        case = await city.hub.wait(case.number, seconds=60)
        assert case.state is CaseState.DECIDED
        assert effects(city.simulators) == {"water": 1, "power": 1, "transit": 1}


@pytest.mark.parametrize("system", SYSTEMS)
async def test_system_that_is_down_delays_only_its_own_task_and_gets_it_when_it_returns(tmp_path, system):
    async with simulated(config=quick_config(tmp_path), profile=QUICK) as city:
        city.simulators[system].faults.arm("down")
        case = await city.hub.submit(await make_application(city.hub))
        while sum(task.state.final for task in (await city.hub.case(case.number)).tasks) < 2:
            await city.clock.sleep(600)
        waiting = [task for task in (await city.hub.case(case.number)).tasks if not task.state.final]
        assert [task.endpoint.split("-")[0] for task in waiting] == [system]
        city.simulators[system].faults.clear()
        case = await city.hub.wait(case.number, seconds=60)
        assert case.state is CaseState.DECIDED
        assert effects(city.simulators) == {"water": 1, "power": 1, "transit": 1}


async def test_host_name_that_does_not_resolve_is_not_sent_and_tried_again(tmp_path):
    async with simulated(config=quick_config(tmp_path), profile=QUICK) as city:
        adapter = city.hub._parts.equipment["water-city"].adapter
        good = adapter.config["base_url"]
        adapter.config["base_url"] = "http://no-such-host.invalid"
        case = await city.hub.submit(await make_application(city.hub))
        while not (await city.hub.case(case.number)).tasks[0].error:
            await city.clock.sleep(60)
        adapter.config["base_url"] = good
        case = await city.hub.wait(case.number, seconds=60)
        assert case.state is CaseState.DECIDED
        assert effects(city.simulators) == {"water": 1, "power": 1, "transit": 1}
