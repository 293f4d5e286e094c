"""A real hub process is killed around the opening of a gate: each member has one effect, or none where the lead failed."""

from __future__ import annotations

from collections import Counter

import pytest

from hub.clock import WallClock
from tests.acceptance.killing import World
from tests.toy.bundled import EARLY, LEAD, LEGAL, ONE, TWO, BundledAdapter, BundledServer, write_bundles
from tests.toy.hubs import overlay

QUICK = {
    "adapter": BundledAdapter.spec.id,
    "limits": {"concurrency": 2, "connect_seconds": 0.3, "read_seconds": 0.5, "total_seconds": 0.8},
    "retry": {"attempts": 200, "base_seconds": 0.1, "cap_seconds": 0.5, "deadline_hours": 1},
    "poll": {"every_minutes": 0.005},
}


class Registry(BundledServer):
    """The lead's order, the first that comes, is entered at once (or refused); its members are done at once."""

    refuses = False
    lead = None

    def _accept(self, serial):
        self.lead = self.lead or serial
        return super()._accept(serial)

    def _progress(self, serial):
        if serial == self.lead and not self.refuses:
            self.entered.setdefault(serial, self.clock.now())
        return super()._progress(serial)

    def _state(self, serial):
        if self.orders[serial] is None:
            return "gone"
        if serial != self.lead:
            return "done"
        # The lead is refused only when what was committed early is done, so that there is something to take back.
        early = [each for each in self.orders if each != serial]
        return "no" if self.refuses and early else "done" if serial in self.entered else "work"


def world_of(folder, server, theme):
    overlay(write_bundles(folder / "config"), **QUICK)
    return World(folder, {"water-city": {"base_url": server.url}}, (LEAD, ONE, TWO), toy=True, theme=theme)


@pytest.mark.parametrize("kill_at", [30, 44, 50, 56, 62, 68])
async def test_each_member_is_sent_once_when_the_hub_is_killed_around_the_gate(tmp_path, kill_at):
    async with Registry(WallClock()) as server:
        world = world_of(tmp_path, server, LEGAL)
        code, told = await world.run(kill_at)
        assert code == -9, told
        code, told = await world.run()
        assert told["summary"].endswith("DECIDED ALL_COMPLETED 3/3"), world.killed_at
        orders = Counter(entry.order for entry in server.ledger.entries)
        assert sorted(orders.values()) == [1, 1, 1], world.killed_at


@pytest.mark.parametrize("kill_at", [36, 48, 56, 62])
async def test_what_was_committed_early_is_taken_back_once_when_the_hub_is_killed_on_the_way(tmp_path, kill_at):
    async with Registry(WallClock()) as server:
        server.refuses = True
        world = world_of(tmp_path, server, EARLY)
        code, told = await world.run(kill_at)
        assert code == -9, told
        code, told = await world.run()
        assert told["summary"].endswith("DECIDED ALL_REJECTED 0/3"), world.killed_at
        assert server.ledger.summary() == {"order": 2, "undone": 1}, world.killed_at
