"""Orders that go in files: each once, whatever becomes of the file, its answers and the hub."""

from __future__ import annotations

from contextlib import asynccontextmanager

import pytest

from hub import CaseState, TaskState
from hub.clock import SHANGHAI, VirtualClock
from tests.toy.filing import FilingAdapter, FilingServer
from tests.toy.hubs import TUESDAY, application, toy_hub

CHANGES = {
    "batch": {"send": "every 600 seconds", "collect": "every 900 seconds"},
    "retry": {"attempts": 50, "base_seconds": 5, "cap_seconds": 600, "deadline_hours": 24},
}


@asynccontextmanager
async def filing(folder, **changes):
    clock = VirtualClock(TUESDAY)
    async with FilingServer(clock) as server, hub_of(folder, server, clock, **changes) as hub:
        yield clock, server, hub


def hub_of(folder, server, clock, **changes):
    return toy_hub(folder, server, clock, adapter=FilingAdapter, changes={**CHANGES, **changes})


async def submit(hub, count=3):
    return [(await hub.submit(application(request_id=f"request-{number}"))).number for number in range(count)]


async def ends(hub, numbers):
    return [(await hub.wait(number, seconds=30)).tasks[0].state for number in numbers]


def uploads(server):
    return [name for operation, name, _ in server.calls if operation == "file"]


async def test_orders_gathered_in_a_file_are_done_once_and_each_has_its_own_whole_history(tmp_path):
    async with filing(tmp_path) as (_, server, hub):
        numbers = await submit(hub)
        assert await ends(hub, numbers) == [TaskState.COMPLETED] * 3
        assert server.ledger.summary() == {"order": 3}
        assert len(uploads(server)) == 1
        for number in numbers:
            moves = [event.to for event in (await hub.trace(number)).events if event.applied]
            assert moves == [TaskState.DISPATCHING, TaskState.ACCEPTED, TaskState.COMPLETED]


@pytest.mark.parametrize("kind", ["after-commit", "half-body", "before-commit", "down", "busy"])
async def test_file_whose_upload_fails_is_worked_on_once_under_one_name(tmp_path, kind):
    async with filing(tmp_path) as (clock, server, hub):
        server.faults.arm(kind, operation="file")
        numbers = await submit(hub)
        if kind == "down":
            await clock.sleep(7200)
            server.faults.clear()
        assert await ends(hub, numbers) == [TaskState.COMPLETED] * 3
        assert server.ledger.summary() == {"order": 3}
        assert len(set(uploads(server))) == 1


async def test_orders_of_a_refused_file_go_into_a_new_one(tmp_path):
    async with filing(tmp_path) as (_, server, hub):
        server.refusing = 2
        numbers = await submit(hub)
        assert await ends(hub, numbers) == [TaskState.COMPLETED] * 3
        assert server.ledger.summary() == {"order": 3}
        assert [len(orders) for orders in server.files.values()] == [3, 3, 3]


@pytest.mark.parametrize("kind", ["after-commit", "before-commit", "busy"])
async def test_new_file_for_refused_orders_survives_the_same_troubles(tmp_path, kind):
    async with filing(tmp_path) as (_, server, hub):
        server.refusing = 1
        server.faults.arm(kind, operation="file", after=1)
        numbers = await submit(hub)
        assert await ends(hub, numbers) == [TaskState.COMPLETED] * 3
        assert server.ledger.summary() == {"order": 3}


async def test_orders_whose_files_are_refused_for_hours_go_to_a_person_and_whoever_waits_is_told(tmp_path):
    async with filing(tmp_path, retry={**CHANGES["retry"], "deadline_hours": 3}) as (_, server, hub):
        server.refusing = 10_000
        numbers = await submit(hub)
        assert await ends(hub, numbers) == [TaskState.MANUAL] * 3
        assert server.ledger.summary() == {}


async def test_record_of_which_nothing_was_done_goes_into_a_new_file_without_the_others(tmp_path):
    async with filing(tmp_path) as (_, server, hub):
        numbers = await submit(hub)
        serial = next(iter([task.canonical["serial"] for task in (await hub.trace(numbers[1])).tasks]))
        server.says[serial] = "again"
        while not server.files:
            await hub.clock.sleep(60)
        server.says.clear()
        assert await ends(hub, numbers) == [TaskState.COMPLETED] * 3
        assert server.ledger.summary() == {"order": 3}
        assert [len(orders) for orders in server.files.values()] == [3, 1]


async def test_file_that_is_turned_down_for_good_decides_the_cases_of_all_its_orders(tmp_path):
    async with filing(tmp_path) as (clock, server, hub):
        numbers = await submit(hub)
        while not server.files:
            await clock.sleep(60)
        name = next(iter(server.files))
        server.answers = [
            {"name": "ERR-1", "day": clock.now().astimezone(SHANGHAI).date().isoformat(), "files": {name: "broken"}}
        ]
        cases = [await hub.wait(number, seconds=30) for number in numbers]
        assert [case.state for case in cases] == [CaseState.DECIDED] * 3


async def test_answers_of_the_days_that_the_hub_was_down_are_still_collected(tmp_path):
    clock = VirtualClock(TUESDAY)
    async with FilingServer(clock) as server:
        async with hub_of(tmp_path, server, clock) as hub:
            numbers = await submit(hub)
            while (await hub.case(numbers[-1])).tasks[0].state is not TaskState.ACCEPTED:
                await clock.sleep(60)
        await clock.sleep(6 * 86_400)
        async with hub_of(tmp_path, server, clock) as hub:
            assert await ends(hub, numbers) == [TaskState.COMPLETED] * 3
        assert server.ledger.summary() == {"order": 3}


async def test_order_is_cancelled_until_its_file_is_closed_and_goes_with_it_afterwards(tmp_path):
    async with filing(tmp_path) as (clock, server, hub):
        early, late = await submit(hub, 2)
        assert (await hub.cancel(early)).tasks[0].state is TaskState.CANCELLED
        server.faults.arm("down")
        while (await hub.case(late)).tasks[0].attempts < 2:
            await clock.sleep(60)
        await hub.cancel(late)
        server.faults.clear()
        assert await ends(hub, [late]) == [TaskState.COMPLETED]
        assert [len(orders) for orders in server.files.values()] == [1]
