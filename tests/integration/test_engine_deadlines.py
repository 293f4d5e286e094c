"""Promised time limits on the virtual clock: a warning in time, a word when it is over, none while the clock stops."""

from __future__ import annotations

from datetime import timedelta

from hub.domain.states import EventSource
from tests.toy.hubs import TUESDAY, application, city

RARELY = {"poll": {"every_minutes": 180}}  # a poll is real work, even in virtual time


async def _pass(clock, days):
    await clock.sleep(days * 86400)


async def _told(hub, case):
    trace = await hub.trace(case.number)
    return {e.raw_code: e.received_at for e in trace.events if e.source is EventSource.TIMER}


async def test_an_order_that_takes_too_long_is_warned_about_and_then_overdue(tmp_path):
    async with city(tmp_path, changes=RARELY) as (clock, server, hub):
        server.stuck = "work"
        case = await hub.submit(application())  # promised within one working day
        await _pass(clock, 3)
        told = await _told(hub, case)
        assert list(told) == ["DUE_SOON", "OVERDUE"]
        assert timedelta(hours=19) <= told["DUE_SOON"] - TUESDAY < timedelta(hours=20)
        assert told["OVERDUE"] - TUESDAY == timedelta(days=1)


async def test_an_order_done_in_time_is_not_warned_about(tmp_path):
    async with city(tmp_path, changes=RARELY) as (clock, _, hub):
        case = await hub.submit(application())
        await _pass(clock, 3)
        assert await _told(hub, case) == {}


async def test_time_in_which_the_applicant_is_waited_for_does_not_count(tmp_path):
    async with city(tmp_path, changes=RARELY) as (clock, server, hub):
        server.stuck = "fee"
        case = await hub.submit(application())
        await _pass(clock, 6)
        assert await _told(hub, case) == {}
        server.stuck = "work"
        await _pass(clock, 3)
        assert list(await _told(hub, case)) == ["DUE_SOON", "OVERDUE"]


async def test_a_weekend_does_not_count(tmp_path):
    async with city(tmp_path, changes=RARELY) as (clock, server, hub):
        await _pass(clock, 3.5)  # Friday evening
        server.stuck = "work"
        case = await hub.submit(application())
        await _pass(clock, 2.3)
        assert await _told(hub, case) == {}
        await _pass(clock, 1)
        assert list(await _told(hub, case)) == ["DUE_SOON", "OVERDUE"]


async def test_warnings_survive_a_restart_and_come_once(tmp_path):
    from hub.clock import VirtualClock
    from tests.toy.hubs import toy_hub
    from tests.toy.server import ToyServer

    clock = VirtualClock(TUESDAY)
    async with ToyServer(clock) as server:
        server.stuck = "work"
        async with toy_hub(tmp_path, server, clock, changes=RARELY) as hub:
            case = await hub.submit(application())
            await _pass(clock, 0.9)
            assert list(await _told(hub, case)) == ["DUE_SOON"]
        await _pass(clock, 1)
        async with toy_hub(tmp_path, server, clock, changes=RARELY) as hub:
            await _pass(clock, 0.1)
            assert list(await _told(hub, case)) == ["DUE_SOON", "OVERDUE"]
