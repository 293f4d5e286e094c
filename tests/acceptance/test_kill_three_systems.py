"""A real hub process with a joint application is killed at steps all along its way, and started again."""

from __future__ import annotations

import time
from contextlib import AsyncExitStack

import pytest

from hub.clock import WallClock
from hub.config import load_configuration
from hub.simulation import connections, load
from simulators.kit.simulator import Profile
from tests.acceptance.city import SYSTEMS, effects, quick_config
from tests.acceptance.killing import START, World
from tests.acceptance.story import STORY

LIMITS = {"concurrency": 2, "rate_per_second": 1000, "connect_seconds": 1.0, "read_seconds": 1.0, "total_seconds": 1.2}
# Thirty times as fast as the wall: a minute's pause between two questions, as water wants it, takes two seconds.
RATE = 30.0
RETRY = {"attempts": 400, "base_seconds": 3, "cap_seconds": 15, "deadline_hours": 10}
# Steps counted around transactions, exchanges and hand-overs; a whole case takes about two hundred.
STEPS = (4, 7, 9, 11, 13, 15, 17, 19, 21, 24, 27, 30, 34, 38, 43, 48, 54, 61, 70, 82, 95, 110)


async def _simulators(stack, origin):
    clock = WallClock(START, RATE, origin)
    running = {}
    for name in SYSTEMS:
        kind = load(name)
        extra = {"pickup_seconds": 15} if name == "transit" else {}
        profile = Profile(pace=0.0003, always_open=True, extra=extra)
        running[name] = await stack.enter_async_context(kind(clock=clock, profile=profile))
    return running


@pytest.mark.parametrize(
    ("kill_at", "fault"), [*((step, None) for step in STEPS), (25, "after-commit"), (40, "half-body")]
)
async def test_joint_application_has_one_effect_each_when_the_hub_is_killed_at_a_step(tmp_path, kill_at, fault):
    origin = time.time()
    async with AsyncExitStack() as stack:
        running = await _simulators(stack, origin)
        quick_config(tmp_path / "config", limits=LIMITS, retry=RETRY, poll=0.3, batch="every 12 seconds")
        reached = {key: dict(value) for key, value in connections(load_configuration(), running).items()}
        world = World(tmp_path, reached, STORY, origin=origin, rate=RATE)
        if fault:
            for simulator in running.values():
                simulator.faults.arm(fault)
        code, told = await world.run(kill_at)
        if code == 0:
            pytest.fail(f"the case took only {told['steps']} steps")
        code, told = await world.run()
        assert told["summary"].endswith("DECIDED ALL_COMPLETED 3/3"), world.killed_at
        assert effects(running) == {"water": 1, "power": 1, "transit": 1}, world.killed_at
