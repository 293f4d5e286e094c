"""What the engine does after each outcome: one effect per order, whatever happens to the exchange."""

from __future__ import annotations

import pytest

from hub import CaseState, TaskState
from tests.toy.hubs import application, city

LOST = ("after-commit", "half-status", "half-body", "garbage", "html", "dribble")


async def test_order_that_goes_well_is_completed_with_one_effect(tmp_path):
    async with city(tmp_path) as (_, server, hub):
        case = await hub.submit(application())
        case = await hub.wait(case.number, seconds=20)
        assert case.summary == f"case {case.number} DECIDED ALL_COMPLETED 1/1"
        assert server.ledger.summary() == {"order": 1}
        states = [event.to for event in (await hub.trace(case.number)).events if event.applied]
        assert states == [TaskState.DISPATCHING, TaskState.ACCEPTED, TaskState.IN_PROGRESS, TaskState.COMPLETED]


@pytest.mark.parametrize("kind", LOST)
async def test_reply_lost_after_commit_is_found_by_inquiry_and_adopted(tmp_path, kind):
    async with city(tmp_path) as (_, server, hub):
        server.faults.arm(kind)
        case = await hub.submit(application())
        case = await hub.wait(case.number, seconds=30)
        assert case.state is CaseState.DECIDED
        assert server.ledger.summary() == {"order": 1}
        events = (await hub.trace(case.number)).events
        assert TaskState.UNKNOWN in [event.to for event in events]
        assert [operation for operation, *_ in server.calls].count("accept") == 1


async def test_cut_before_commit_is_sent_again_with_the_same_serial_only_once_absent_may_be_believed(tmp_path):
    async with city(tmp_path) as (_, server, hub):
        server.faults.arm("before-commit")
        case = await hub.submit(application())
        case = await hub.wait(case.number, seconds=30)
        assert case.tasks[0].state is TaskState.COMPLETED
        assert case.tasks[0].attempts == 2
        assert server.ledger.summary() == {"order": 1}
        sent = [at for operation, _, at in server.calls if operation == "accept"]
        assert len({serial for _, serial, _ in server.calls}) == 1
        believed = (sent[0] - case.submitted_at).total_seconds()
        assert believed >= 2.0


@pytest.mark.parametrize("kind", ["down", "connect-hang"])
async def test_utility_that_is_down_gets_the_order_when_it_returns_without_restart(tmp_path, kind):
    async with city(tmp_path) as (clock, server, hub):
        server.faults.arm(kind, **({"times": 4} if kind == "connect-hang" else {}))
        case = await hub.submit(application())
        while (await hub.case(case.number)).tasks[0].attempts < 2:
            await clock.sleep(60)
        server.faults.clear()
        case = await hub.wait(case.number, seconds=30)
        assert case.tasks[0].state is TaskState.COMPLETED
        assert server.ledger.summary() == {"order": 1}


async def test_refusal_by_the_utility_is_final_and_keeps_its_code(tmp_path):
    async with city(tmp_path) as (_, server, hub):
        server.answer = {"code": "arrears"}
        case = await hub.wait((await hub.submit(application())).number, seconds=20)
        assert case.tasks[0].state is TaskState.REJECTED
        assert case.tasks[0].error.provider_code_raw == "arrears"
        assert len(server.calls) == 1


async def test_code_that_no_table_knows_ends_in_manual_with_the_raw_code(tmp_path):
    async with city(tmp_path) as (_, server, hub):
        server.answer = {"code": "9999"}
        case = await hub.wait((await hub.submit(application())).number, seconds=20)
        assert case.tasks[0].state is TaskState.MANUAL
        assert case.tasks[0].error.code == "UPS_UNMAPPED"
        assert case.tasks[0].error.provider_code_raw == "9999"


async def test_write_without_inquiry_goes_to_manual_and_is_never_sent_again(tmp_path):
    async with city(tmp_path) as (_, server, hub):
        server.faults.arm("after-commit")
        case = await hub.wait((await hub.submit(application("JX6-WAT-14"))).number, seconds=20)
        assert case.tasks[0].state is TaskState.MANUAL
        assert [operation for operation, *_ in server.calls] == ["pay"]


async def test_inquiry_that_fails_is_repeated_until_it_answers(tmp_path):
    async with city(tmp_path) as (_, server, hub):
        server.faults.arm("after-commit")
        server.faults.arm("before-commit", operation="find", times=5)
        case = await hub.wait((await hub.submit(application())).number, seconds=30)
        assert case.tasks[0].state is TaskState.COMPLETED
        assert server.ledger.summary() == {"order": 1}


async def test_inquiry_that_never_answers_ends_in_manual_without_a_second_send(tmp_path):
    retry = {"attempts": 4, "base_seconds": 5, "cap_seconds": 60, "deadline_hours": 1}
    async with city(tmp_path, changes={"retry": retry}) as (_, server, hub):
        server.faults.arm("after-commit")
        server.faults.arm("before-commit", operation="find", times=1000)
        case = await hub.wait((await hub.submit(application())).number, seconds=30)
        assert case.tasks[0].state is TaskState.MANUAL
        assert [operation for operation, *_ in server.calls].count("accept") == 1


async def test_announced_closure_holds_the_order_and_lets_it_go_afterwards(tmp_path):
    async with city(tmp_path) as (clock, server, hub):
        server.answer = {"code": "closed"}
        case = await hub.submit(application())
        while (await hub.case(case.number)).tasks[0].state is not TaskState.HELD:
            await clock.sleep(5)
        server.answer = None
        case = await hub.wait(case.number, seconds=20)
        assert case.tasks[0].state is TaskState.COMPLETED
        assert server.ledger.summary() == {"order": 1}


async def test_order_with_the_utility_is_cancelled_by_asking_it(tmp_path):
    async with city(tmp_path) as (clock, server, hub):
        case = await hub.submit(application())
        while (await hub.case(case.number)).tasks[0].state is not TaskState.IN_PROGRESS:
            await clock.sleep(60)
        await hub.cancel(case.number)
        case = await hub.wait(case.number, seconds=20)
        assert case.tasks[0].state is TaskState.CANCELLED
        assert server.ledger.summary() == {"order": 1, "cancel": 1}


async def test_order_that_waits_for_a_closed_utility_is_cancelled_at_once_and_never_sent(tmp_path):
    async with city(tmp_path) as (clock, server, hub):
        server.faults.arm("down")
        case = await hub.submit(application())
        while (await hub.case(case.number)).tasks[0].attempts < 1:
            await clock.sleep(1)
        case = await hub.cancel(case.number)
        server.faults.clear()
        await clock.sleep(3600)
        case = await hub.case(case.number)
        assert case.tasks[0].state is TaskState.CANCELLED
        assert server.ledger.summary() == {}


async def test_same_request_id_is_the_same_case_and_one_effect(tmp_path):
    async with city(tmp_path) as (_, server, hub):
        first = await hub.submit(application())
        again = await hub.submit(application())
        assert first.number == again.number
        await hub.wait(first.number, seconds=20)
        assert server.ledger.summary() == {"order": 1}
