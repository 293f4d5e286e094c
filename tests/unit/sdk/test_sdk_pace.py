"""Pace: no more requests begin within a second than the utility's system is said to bear."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub import Hub, Settings
from hub.clock import VirtualClock
from hub.sdk.pace import Pace

START = datetime(2026, 11, 24, 2, tzinfo=UTC)


async def begun(rate, waits):
    """When requests begin that are asked for so long after one another."""
    clock = VirtualClock(START)
    pace, times = Pace(rate, clock), []

    async def ask():
        await pace.turn()
        times.append(clock.now() - START)

    tasks = []
    with clock.busy():
        for wait in waits:
            await clock.sleep(wait)
            tasks.append(asyncio.create_task(ask()))
            await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    return times


async def test_requests_within_the_rate_do_not_wait():
    assert await begun(5, [0] * 5) == [timedelta(0)] * 5


@pytest.mark.parametrize(("rate", "expected"), [(2, [0, 0, 1, 1, 2]), (1, [0, 1, 2, 3, 4]), (0.5, [0, 2, 4, 6, 8])])
async def test_requests_beyond_the_rate_wait_for_their_second_in_the_order_of_asking(rate, expected):
    assert await begun(rate, [0] * 5) == [timedelta(seconds=each) for each in expected]


@settings(max_examples=20, deadline=None)
@given(rate=st.sampled_from([1, 3, 2.5]), waits=st.lists(st.sampled_from([0, 0.1, 0.4, 1.3]), min_size=1, max_size=12))
def test_no_second_holds_more_than_the_rate(rate, waits):
    times = sorted(asyncio.run(begun(rate, waits)))
    count = int(rate)
    span = timedelta(seconds=count / rate)
    assert all(later - earlier >= span for earlier, later in zip(times, times[count:], strict=False))


async def test_hub_on_the_city_s_time_keeps_to_the_rate_of_each_endpoint(tmp_path):
    hub = Hub.open(
        settings=Settings(data_dir=tmp_path, callback_port=0),
        connections={"water-city": {"base_url": "http://127.0.0.1:9", "dialect": "A", "sign_key": "TEST"}},
        only_connections=True,
        run=False,
    )
    async with hub as opened:
        pace = opened._parts.equipment["water-city"].pace
        assert pace._begun.maxlen == opened.configuration.concessions.by_endpoint["water-city"].limits.rate_per_second
