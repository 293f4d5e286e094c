"""A real hub process is killed with SIGKILL between any two steps and started again: one effect, nothing lost."""

from __future__ import annotations

import pytest

from hub.clock import WallClock
from tests.acceptance.killing import World
from tests.toy.hubs import overlay
from tests.toy.server import ToyServer

QUICK = {
    "limits": {"concurrency": 2, "connect_seconds": 0.3, "read_seconds": 0.5, "total_seconds": 0.8},
    "retry": {"attempts": 200, "base_seconds": 0.1, "cap_seconds": 0.5, "deadline_hours": 1},
    "poll": {"every_minutes": 0.005},
}


async def _world(folder, server):
    overlay(folder / "config", **QUICK)
    return World(folder, {"water-city": {"base_url": server.url}}, ("JX6-WAT-01",), toy=True)


@pytest.mark.parametrize("kill_at", range(3, 24))
async def test_order_has_one_effect_when_the_hub_is_killed_at_a_step(tmp_path, kill_at):
    clock = WallClock()
    async with ToyServer(clock) as server:
        world = await _world(tmp_path, server)
        server.stuck = "done"
        code, _ = await world.run(kill_at)
        assert code == -9
        code, told = await world.run()
        assert code == 0
        assert told["summary"].endswith("DECIDED ALL_COMPLETED 1/1"), world.killed_at
        assert server.ledger.summary() == {"order": 1}, world.killed_at
