"""The second-hand home transfer of the shipped configuration: a registry that leads, water and power that follow."""

from __future__ import annotations

import pytest

from hub import CaseState, TaskState
from hub.domain.case import PreCheckState
from hub.domain.states import CaseOutcome
from hub.domain.taxonomy import ErrorCode
from hub.errors import NotAllowed
from tests.toy.registry import HOME, home_transfer, transfer

S, P = TaskState, PreCheckState
OWED = [{"ZDYF": "202610", "SL": "10", "SF": "20.00", "PWF": "9.50"}]


async def until(hub, clock, number, reached):
    """Let time pass until a case is as wanted."""
    for _ in range(400):
        case = await hub.case(number)
        if reached(case):
            return case
        await clock.sleep(300)
    pytest.fail(case.summary)


def checked(case):
    return all(task.precheck for task in case.tasks[1:])


def effects(running):
    return {name: simulator.ledger.count("order") for name, simulator in running.items()}


def enter(registry, clock):
    (serial,) = registry.orders
    registry.entered[serial] = clock.now()


def debts(water, *bills):
    water.add_account(YHBH="0100012345", YHMC="李建国", ZJLX="0", ZJHM="330402198801010012", GSDM="0401", bills=bills)


async def test_members_are_checked_at_once_committed_when_the_registration_is_entered_and_all_is_done(tmp_path):
    async with home_transfer(tmp_path) as (clock, registry, running, hub):
        case = await hub.submit(transfer())
        case = await until(hub, clock, case.number, checked)
        assert [task.state for task in case.tasks] == [S.IN_PROGRESS, S.PENDING, S.PENDING]
        assert {task.precheck.state for task in case.tasks[1:]} == {P.PASSED}
        await clock.sleep(86400)
        assert effects(running) == {"water": 0, "power": 0}
        enter(registry, clock)
        await until(hub, clock, case.number, lambda case: case.tasks[1].state is case.tasks[2].state is S.COMPLETED)
        registry.stuck = None
        case = await hub.wait(case.number, seconds=30)
        assert (case.state, case.outcome) == (CaseState.DECIDED, CaseOutcome.ALL_COMPLETED)
        assert effects(running) == {"water": 1, "power": 1}
        assert case.tasks[0].legal_effect is not None


async def test_debt_is_told_at_once_holds_only_its_own_order_and_goes_once_it_is_paid(tmp_path):
    async with home_transfer(tmp_path) as (clock, registry, running, hub):
        debts(running["water"], *OWED)
        case = await hub.submit(transfer())
        case = await until(hub, clock, case.number, checked)
        water, power = case.tasks[1:]
        assert (water.precheck.state, water.precheck.error.amount_fen) == (P.OBSTACLE, 2950)
        assert power.precheck.state is P.PASSED
        enter(registry, clock)
        registry.stuck = None
        case = await hub.wait(case.number, seconds=30)
        assert [task.state for task in case.tasks] == [S.COMPLETED, S.AWAITING_APPLICANT, S.COMPLETED]
        assert (case.state, case.tasks[1].error.code) == (CaseState.SUPPLEMENT, ErrorCode.ELG_ARREARS)
        assert effects(running) == {"water": 0, "power": 1}
        debts(running["water"])
        await hub.recheck(case.number, case.tasks[1].number)
        case = await until(hub, clock, case.number, lambda case: case.state is CaseState.DECIDED)
        assert case.outcome is CaseOutcome.ALL_COMPLETED
        assert effects(running) == {"water": 1, "power": 1}


async def test_registration_that_is_refused_leaves_the_utilities_untouched(tmp_path):
    async with home_transfer(tmp_path) as (clock, registry, running, hub):
        case = await hub.submit(transfer())
        await until(hub, clock, case.number, checked)
        registry.stuck = "no"
        case = await hub.wait(case.number, seconds=30)
        assert [task.state for task in case.tasks] == [S.REJECTED, S.CANCELLED, S.CANCELLED]
        assert case.outcome is CaseOutcome.ALL_REJECTED
        assert effects(running) == {"water": 0, "power": 0}


async def test_utility_that_is_down_while_it_is_asked_gets_its_order_when_it_is_back(tmp_path):
    async with home_transfer(tmp_path) as (clock, registry, running, hub):
        running["water"].faults.arm("down")
        case = await hub.submit(transfer())
        case = await until(hub, clock, case.number, checked)
        assert case.tasks[1].precheck.state is P.UNKNOWN
        enter(registry, clock)
        registry.stuck = None
        await until(hub, clock, case.number, lambda case: case.tasks[1].state not in {S.PENDING})
        running["water"].faults.clear()
        case = await hub.wait(case.number, seconds=30)
        assert case.outcome is CaseOutcome.ALL_COMPLETED
        assert effects(running) == {"water": 1, "power": 1}


async def test_registration_elsewhere_is_waited_for_and_the_case_is_settled_until_word_comes(tmp_path):
    async with home_transfer(tmp_path) as (_, registry, running, hub):
        case = await hub.submit(transfer(*HOME[1:]))
        case = await hub.wait(case.number, seconds=20)
        assert [task.state for task in case.tasks] == [S.PENDING, S.PENDING]
        assert checked(case)
        await hub.gate(case.number, passed=True, note="已见不动产权证")
        case = await hub.wait(case.number, seconds=30)
        assert case.outcome is CaseOutcome.ALL_COMPLETED
        assert (effects(running), registry.calls) == ({"water": 1, "power": 1}, [])
        with pytest.raises(NotAllowed):
            await hub.gate(case.number, passed=True)


async def test_watch_tells_of_an_obstacle_when_it_is_found(tmp_path):
    async with home_transfer(tmp_path) as (_, _, running, hub):
        debts(running["water"], *OWED)
        case = await hub.submit(transfer(*HOME[1:]))
        told = [event async for event in hub.watch(case.number)]
        assert "PRECHECK_OBSTACLE" in [event.raw_code for event in told]
        trace = await hub.trace(case.number)
        assert {said["message"] for task in trace.tasks for _, said in task.exchanges} >= {"1001", "1002"}
        assert "李建国" not in trace.model_dump_json()
