"""Single orders under attack: doubtful cancellations, news for orders given up, rows and results that are broken."""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import timedelta

import httpx
import pytest
from sqlmodel import select

from hub import Settings, TaskState
from hub.bootstrap import Hub
from hub.clock import VirtualClock
from hub.domain.outcome import Absent, Accepted
from hub.domain.work import CommandKind, Result
from hub.engine.callbacks import Callbacks
from hub.errors import NotFound
from hub.store.tables import TaskRow
from tests.toy.hubs import TUESDAY, application, city, overlay, registry, toy_hub
from tests.toy.server import ToyServer
from tests.toy.talking import TalkingAdapter

FEW = {"attempts": 5, "base_seconds": 5, "cap_seconds": 60, "deadline_hours": 48}


async def under_work(hub, clock, **changes):
    """An order that the utility works on."""
    case = await hub.submit(application(**changes))
    while (await hub.case(case.number)).tasks[0].state is not TaskState.IN_PROGRESS:
        await clock.sleep(60)
    return case.number


def calls(server, *operations):
    return [operation for operation, *_ in server.calls if operation in operations]


async def post(hub, told):
    parts = hub._parts
    app = Callbacks(parts.store, parts.rules, parts.clock, hub._told).app()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub") as client:
        body = told if isinstance(told, bytes) else json.dumps({"sign": "toy", **told}).encode()
        return (await client.post("/callbacks/water-city", content=body)).status_code


# cancelling


@pytest.mark.parametrize("kind", ["after-commit", "half-body", "garbage"])
async def test_cancellation_whose_reply_is_lost_is_asked_about_and_not_repeated(tmp_path, kind):
    async with city(tmp_path) as (clock, server, hub):
        number = await under_work(hub, clock)
        server.faults.arm(kind, operation="cancel")
        await hub.cancel(number)
        case = await hub.wait(number, seconds=20)
        assert case.tasks[0].state is TaskState.CANCELLED
        assert calls(server, "accept", "cancel") == ["accept", "cancel"]


async def test_cancellation_cut_before_commit_is_repeated_only_after_a_question_behind_the_fence(tmp_path):
    async with city(tmp_path) as (clock, server, hub):
        number = await under_work(hub, clock)
        server.faults.arm("before-commit", operation="cancel")
        asked_at = clock.now()
        await hub.cancel(number)
        case = await hub.wait(number, seconds=20)
        assert case.tasks[0].state is TaskState.CANCELLED
        assert server.ledger.summary() == {"order": 1, "cancel": 1}
        (again,) = [at for operation, _, at in server.calls if operation == "cancel"]
        assert again - asked_at >= timedelta(seconds=2)
        assert "find" in calls(server, "find", "cancel")


async def test_cancellation_of_which_nothing_can_be_learnt_goes_to_a_person(tmp_path):
    async with city(tmp_path, changes={"retry": FEW, "poll": {"every_minutes": 1400}}) as (clock, server, hub):
        server.stuck = "work"
        case = await hub.submit(application())
        while (await hub.case(case.number)).tasks[0].state is not TaskState.IN_PROGRESS:
            await clock.sleep(60)
        server.faults.arm("before-commit", operation="cancel", times=1000)
        server.faults.arm("before-commit", operation="find", times=1000)
        await hub.cancel(case.number)
        case = await hub.wait(case.number, seconds=20)
        assert case.tasks[0].state is TaskState.MANUAL
        assert server.ledger.summary() == {"order": 1}


async def test_order_whose_cancellation_is_refused_is_followed_to_its_end(tmp_path):
    async with city(tmp_path) as (clock, server, hub):
        number = await under_work(hub, clock)
        server.keeps = True
        await hub.cancel(number)
        case = await hub.wait(number, seconds=20)
        assert case.tasks[0].state is TaskState.COMPLETED
        assert calls(server, "cancel") == ["cancel"]


async def test_cancelling_a_task_that_the_case_does_not_have_is_refused(tmp_path):
    async with city(tmp_path) as (_, _, hub):
        case = await hub.submit(application())
        with pytest.raises(NotFound):
            await hub.cancel(case.number, f"{case.number}-07")


# resending


async def test_order_that_kills_the_utility_every_time_goes_to_a_person_in_the_end(tmp_path):
    async with city(tmp_path, changes={"retry": FEW}) as (_, server, hub):
        server.faults.arm("before-commit", operation="accept", times=1000)
        case = await hub.wait((await hub.submit(application())).number, seconds=30)
        assert case.tasks[0].state is TaskState.MANUAL
        assert case.tasks[0].attempts == 5


# callbacks


async def test_order_given_up_by_the_hub_is_followed_again_once_the_utility_calls(tmp_path):
    async with city(tmp_path, adapter=TalkingAdapter) as (clock, server, hub):
        server.stuck = "what?"
        case = await hub.wait((await hub.submit(application())).number, seconds=20)
        assert case.tasks[0].state is TaskState.MANUAL
        server.orders = {serial: clock.now() for _, serial, _ in server.calls}
        server.stuck = None
        assert await post(hub, {"event": "1", "serial": next(iter(server.orders)), "state": "new"}) == 200
        case = await hub.wait(case.number, seconds=20)
        assert case.tasks[0].state in {TaskState.COMPLETED, TaskState.ACCEPTED}
        while (await hub.case(case.number)).tasks[0].state is not TaskState.COMPLETED:
            await clock.sleep(600)
        assert server.ledger.summary() == {"order": 1}


async def test_order_that_the_utility_calls_about_is_not_sent_although_it_waited_to_be_sent_again(tmp_path):
    async with city(tmp_path, adapter=TalkingAdapter) as (clock, server, hub):
        server.answer = {"code": "closed"}
        case = await hub.submit(application())
        while (await hub.case(case.number)).tasks[0].state is not TaskState.HELD:
            await clock.sleep(5)
        serial = server.calls[0][1]
        server.orders[serial] = clock.now() - timedelta(hours=3)
        server.answer = None
        assert await post(hub, {"event": "1", "serial": serial, "state": "done"}) == 200
        case = await hub.wait(case.number, seconds=20)
        await clock.sleep(7200)
        assert case.tasks[0].state is TaskState.COMPLETED
        assert calls(server, "accept") == ["accept"]


@pytest.mark.parametrize("body", [b"\xff\x00", b"[]", b'{"sign": "toy"}', b'{"sign": "someone", "state": "done"}'])
async def test_callback_that_makes_no_sense_is_refused_and_not_quoted(tmp_path, body, caplog):
    caplog.set_level(logging.DEBUG)
    async with city(tmp_path, adapter=TalkingAdapter) as (_, _, hub):
        assert await post(hub, body) == 400
    assert "Traceback" not in caplog.text
    assert "someone" not in caplog.text


# what is broken


async def test_order_that_cannot_be_read_holds_up_no_other(tmp_path):
    clock = VirtualClock(TUESDAY)
    async with ToyServer(clock) as server:
        async with toy_hub(tmp_path, server, clock, run=False) as hub:
            broken = await hub.submit(application(request_id="broken-order"))

            def spoil(unit):
                row = unit._session.exec(select(TaskRow)).one()
                row.value = row.value[:-8]

            await hub._parts.store.run(spoil)
            good = await hub.submit(application(request_id="good-order"))
        async with toy_hub(tmp_path, server, clock) as hub:
            assert (await hub.wait(good.number, seconds=20)).tasks[0].state is TaskState.COMPLETED
            assert broken.number != good.number
            assert server.ledger.summary() == {"order": 1}


async def test_result_that_cannot_be_applied_takes_no_other_with_it(tmp_path):
    async with city(tmp_path) as (_, server, hub):
        case = await hub.submit(application())
        bad = Result(
            command=f"{case.tasks[0].number}:send:1",
            kind=CommandKind.SEND,
            endpoint="water-city",
            attempt=1,
            outcomes={"nobody-knows-this": Accepted()},
            finished_at=TUESDAY,
        )
        for each in (bad, bad.with_(command="no-such-command", outcomes={case.tasks[0].number: Absent()}), bad):
            await hub._parts.bus.answer(each)
        assert (await hub.wait(case.number, seconds=20)).tasks[0].state is TaskState.COMPLETED
        assert server.ledger.summary() == {"order": 1}


async def test_command_that_its_worker_lost_is_taken_up_when_its_lease_ends(tmp_path):
    async with city(tmp_path) as (_, server, hub):
        execute = hub._engine._worker.execute

        async def lose(command):
            hub._engine._worker.execute = execute
            raise RuntimeError("the worker is broken")

        hub._engine._worker.execute = lose
        case = await hub.wait((await hub.submit(application())).number, seconds=20)
        assert case.tasks[0].state is TaskState.COMPLETED
        assert server.ledger.summary() == {"order": 1}


# several processes


async def test_order_stored_by_another_process_is_sent_by_a_hub_that_has_nothing_to_do(tmp_path):
    async with city(tmp_path) as (clock, server, hub):
        settings = Settings(data_dir=tmp_path / "data", callback_port=0)
        options = {"settings": settings, "clock": clock, "registry": registry(), "run": False}
        async with Hub.open(
            tmp_path / "config", connections={"water-city": {"base_url": server.url}}, **options
        ) as other:
            case = await other.submit(application())
        async with asyncio.timeout(10):
            while not server.calls:  # noqa: ASYNC110 -- the server tells nobody
                await asyncio.sleep(0.05)
        assert (await hub.wait(case.number, seconds=20)).tasks[0].state is TaskState.COMPLETED


async def test_commands_of_an_endpoint_that_is_closed_wait_without_keeping_the_hub_busy(tmp_path, monkeypatch):
    clock = VirtualClock(TUESDAY)
    async with ToyServer(clock) as server:
        there = application(request_id="for-haining")
        there = there.with_(address=there.address.with_(division_code="330481001"))
        async with toy_hub(tmp_path, server, clock, run=False) as hub:
            await hub.submit(there)
        settings = Settings(data_dir=tmp_path / "data", callback_port=0, shutdown_seconds=1)
        only = {"only_connections": True, "connections": {"water-city": {"base_url": server.url}}}
        options = {"settings": settings, "clock": clock, "registry": registry(), **only}
        async with Hub.open(overlay(tmp_path / "config"), **options) as hub:
            looks = []
            run = hub._parts.store.run
            monkeypatch.setattr(hub._parts.store, "run", lambda work: looks.append(work) or run(work))
            await asyncio.sleep(0.5)
            assert len(looks) <= 3
