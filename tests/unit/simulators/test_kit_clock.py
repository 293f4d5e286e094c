"""The manual clock moves only when told, and wakes its sleepers in the order of their hours."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from simulators.kit.clock import ManualClock, WallClock

START = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)


async def test_manual_clock_stands_still_until_advanced():
    clock = ManualClock(START)
    assert clock.now() == START
    clock.advance(90)
    assert clock.now() == START + timedelta(seconds=90)


async def test_advance_wakes_sleepers_in_order_of_time():
    clock, woken = ManualClock(START), []

    async def sleeper(seconds):
        await clock.sleep(seconds)
        woken.append(seconds)

    tasks = [asyncio.create_task(sleeper(seconds)) for seconds in (30, 10, 20, 99)]
    await asyncio.sleep(0)
    clock.advance(50)
    await asyncio.gather(*tasks[:3])
    assert woken == [10, 20, 30]
    assert not tasks[3].done()
    tasks[3].cancel()


async def test_play_lets_a_looping_sleeper_see_each_hour():
    clock, seen = ManualClock(START), []

    async def hourly():
        while True:
            await clock.sleep(3600)
            seen.append(clock.now())

    task = asyncio.create_task(hourly())
    await clock.play(timedelta(hours=3, minutes=1))
    assert seen == [START + timedelta(hours=hour) for hour in (1, 2, 3)]
    assert clock.now() == START + timedelta(hours=3, minutes=1)
    task.cancel()


async def test_play_waits_for_busy_work_before_it_goes_on():
    clock, done_at = ManualClock(START), []

    async def work():
        await clock.sleep(10)
        with clock.busy():
            await asyncio.sleep(0.02)
            done_at.append(clock.now())

    task = asyncio.create_task(work())
    await clock.play(1000)
    assert done_at == [START + timedelta(seconds=10)]
    await task


async def test_sleep_until_a_past_hour_returns_at_once():
    clock = ManualClock(START)
    await asyncio.wait_for(clock.sleep_until(START - timedelta(days=1)), 1)


def test_set_refuses_to_go_back_and_refuses_naive_times():
    clock = ManualClock(START)
    with pytest.raises(ValueError, match="does not go back"):
        clock.set(START - timedelta(seconds=1))
    with pytest.raises(ValueError, match="aware"):
        clock.set(datetime(2027, 1, 1))


async def test_wall_clock_runs_from_its_start_at_its_rate():
    clock = WallClock(start=START, rate=1000)
    await asyncio.wait_for(clock.sleep(20), 1)
    assert timedelta(seconds=20) <= clock.now() - START < timedelta(seconds=1000)
