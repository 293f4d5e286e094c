"""A real hub process is killed with SIGKILL between any two steps of a payment and its reversal: one of each."""

from __future__ import annotations

import pytest

from hub.clock import WallClock
from tests.acceptance.killing import World
from tests.acceptance.test_kill_one_order import QUICK
from tests.toy.hubs import overlay
from tests.toy.till import TillServer

STEPS = (5, 8, 10, 11, 12, 14, 18, 22)


@pytest.mark.parametrize("kill_at", STEPS)
async def test_payment_and_reversal_happen_once_when_the_hub_is_killed_at_a_step(tmp_path, kill_at):
    async with TillServer(WallClock()) as server:
        overlay(tmp_path / "config", adapter="toy-till", **QUICK)
        world = World(tmp_path, {"water-city": {"base_url": server.url}}, ("JX6-WAT-01",), toy=True, money=True)
        server.stuck, server.after_fee = "fee", "done"
        code, told = await world.run(kill_at)
        if code == 0:
            pytest.fail(f"paying and giving back took only {told['steps']} steps")
        code, told = await world.run()
        assert (code, told["paid"]) == (0, "REVERSED"), world.killed_at
        assert server.ledger.summary() == {"order": 1, "payment": 1, "reversal": 1}, world.killed_at
        assert sum(row["fen"] for row in server.booked) == 0
