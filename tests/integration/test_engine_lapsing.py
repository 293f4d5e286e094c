"""Outputs that lapse by themselves, on the virtual clock: a reminder a day before, and a look afterwards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hub.clock import SHANGHAI, VirtualClock
from hub.domain.outcome import Completed, Output
from hub.domain.reply import Reply
from hub.domain.states import EventSource, TaskState
from hub.errors import ManifestError
from hub.sdk import BusinessKey, Operation, outcome_of
from hub.sdk.operation import Kind, check_safety
from tests.toy.hubs import TUESDAY, application, city, toy_hub
from tests.toy.lapsing import LapsingAdapter, PassingAdapter
from tests.toy.server import ToyServer


async def days(clock, count):
    await clock.sleep(count * 86400)


async def around(clock, case, **span):
    """Sleep until some time before or after the moment at which the case's result lapses."""
    await clock.sleep_until(case.tasks[0].outputs[0].expires + timedelta(**span))


async def told(hub, case):
    trace = await hub.trace(case.number)
    return {event.raw_code: event for event in trace.events if event.source is EventSource.TIMER}


def asked(server):
    return [when for operation, _, when in server.calls if operation == "progress"]


async def test_a_lapse_is_told_a_day_before_and_looked_at_after(tmp_path):
    async with city(tmp_path, adapter=LapsingAdapter) as (clock, server, hub):
        server.stuck = "gone"
        case = await hub.wait((await hub.submit(application())).number)
        granted = case.tasks[0].outputs[0].expires
        await around(clock, case, hours=-26)
        assert await told(hub, case) == {}
        await around(clock, case, hours=-22)
        assert list(await told(hub, case)) == ["EXPIRING"]
        assert asked(server) == []
        await around(clock, case, hours=2)
        events = await told(hub, case)
        assert list(events) == ["EXPIRING", "LAPSED"]
        assert granted - events["EXPIRING"].received_at == timedelta(hours=24)
        assert timedelta(0) < events["LAPSED"].received_at - granted < timedelta(minutes=10)
        assert len(asked(server)) == 1
        case = await hub.case(case.number)
        assert (case.tasks[0].state, case.tasks[0].outputs[0].expires) == (TaskState.COMPLETED, granted)


async def test_the_reminder_names_the_hour_in_shanghai(tmp_path):
    async with city(tmp_path, adapter=LapsingAdapter) as (clock, server, hub):
        server.stuck = "gone"
        case = await hub.wait((await hub.submit(application())).number)
        await around(clock, case, hours=-20)
        hour = case.tasks[0].outputs[0].expires.astimezone(SHANGHAI)
        assert hour.day == 29
        assert (await told(hub, case))["EXPIRING"].opinion == f"办理结果将于 {hour:%m-%d %H:%M} 自动失效"


async def test_what_holds_for_good_is_said_to_hold(tmp_path):
    async with city(tmp_path, adapter=LapsingAdapter) as (clock, server, hub):
        server.stuck = "done"
        case = await hub.wait((await hub.submit(application())).number)
        await around(clock, case, days=7)
        events = await told(hub, case)
        assert list(events) == ["EXPIRING", "HOLDS"]
        assert events["HOLDS"].opinion == "为长期有效"
        assert len(asked(server)) == 1


async def test_what_was_renewed_is_watched_again(tmp_path):
    async with city(tmp_path, adapter=LapsingAdapter) as (clock, server, hub):
        server.stuck = "work"
        case = await hub.wait((await hub.submit(application())).number)
        await around(clock, case, hours=12)
        assert list(await told(hub, case)) == ["EXPIRING", "HOLDS"]
        server.stuck = "gone"
        await around(clock, case, days=6)
        trace = await hub.trace(case.number)
        codes = [event.raw_code for event in trace.events if event.source is EventSource.TIMER]
        assert codes == ["EXPIRING", "HOLDS", "EXPIRING", "LAPSED"]


async def test_a_utility_that_is_down_is_asked_again(tmp_path):
    async with city(tmp_path, adapter=LapsingAdapter) as (clock, server, hub):
        server.stuck = "gone"
        case = await hub.wait((await hub.submit(application())).number)
        await around(clock, case, hours=-2)
        server.faults.arm("before-commit", operation="progress", times=8)
        await around(clock, case, days=1)
        assert list(await told(hub, case)) == ["EXPIRING", "LAPSED"]


async def test_a_utility_that_never_answers_ends_in_a_word_about_that(tmp_path):
    async with city(tmp_path, adapter=LapsingAdapter, changes={"retry": {"attempts": 3, "deadline_hours": 1}}) as (
        clock,
        server,
        hub,
    ):
        case = await hub.wait((await hub.submit(application())).number)
        await around(clock, case, hours=-2)
        server.faults.arm("down")
        await around(clock, case, days=2)
        events = await told(hub, case)
        assert list(events) == ["EXPIRING", "UNCHECKED"]
        assert events["UNCHECKED"].error.code == "UPS_UNAVAILABLE"


async def test_where_nobody_can_be_asked_the_time_alone_tells(tmp_path):
    async with city(tmp_path, adapter=PassingAdapter) as (clock, server, hub):
        case = await hub.wait((await hub.submit(application())).number)
        await around(clock, case, hours=12)
        assert list(await told(hub, case)) == ["EXPIRING", "LAPSED"]
        assert len(server.calls) == 1


async def test_timers_survive_a_restart_and_each_fires_once(tmp_path):
    clock = VirtualClock(TUESDAY)
    async with ToyServer(clock) as server:
        server.stuck = "gone"
        async with toy_hub(tmp_path, server, clock, adapter=LapsingAdapter) as hub:
            case = await hub.wait((await hub.submit(application())).number)
            await around(clock, case, hours=-12)
            assert list(await told(hub, case)) == ["EXPIRING"]
        await days(clock, 3)
        async with toy_hub(tmp_path, server, clock, adapter=LapsingAdapter) as hub:
            await days(clock, 0.1)
            trace = await hub.trace(case.number)
            codes = [event.raw_code for event in trace.events if event.source is EventSource.TIMER]
            assert codes == ["EXPIRING", "LAPSED"]


async def test_what_does_not_lapse_has_no_timers(tmp_path):
    async with city(tmp_path) as (clock, _, hub):
        case = await hub.wait((await hub.submit(application())).number)
        await days(clock, 10)
        assert await told(hub, case) == {}


def test_an_outcome_lapses_with_the_first_of_its_outputs():
    early, late = datetime(2026, 11, 29, tzinfo=UTC), datetime(2026, 12, 29, tzinfo=UTC)
    outputs = (Output(kind="card"), Output(kind="receipt", expires=late), Output(kind="contract", expires=early))
    assert Completed(outputs=outputs).expires == early
    assert Completed(outputs=outputs[:1]).expires is None
    assert outcome_of(Reply(receipt_no="R1", expires=early), done=True).expires == early


def test_a_question_whether_it_holds_that_is_no_operation_does_not_import():
    granted = Operation("accept", Kind.WRITE, idempotency=BusinessKey("account_no"), holds="nothing")
    with pytest.raises(ManifestError, match="ask whether it still holds"):
        check_safety("toy", {"accept": granted})
