"""Real hubs against a utility that fails at random, with cancellations, callbacks and restarts in between."""

from __future__ import annotations

import json
import random

import httpx
import pytest

from hub import TaskState
from hub.clock import VirtualClock
from hub.engine.callbacks import Callbacks
from tests.toy.hubs import TUESDAY, application, toy_hub
from tests.toy.server import ToyServer
from tests.toy.talking import TalkingAdapter

KINDS = (
    "before-commit",
    "after-commit",
    "half-status",
    "half-body",
    "garbage",
    "html",
    "dribble",
    "busy",
    "connect-hang",
)
OPERATIONS = ("accept", "find", "progress", "cancel")
ORDERS, LIVES = 5, 4
SETTLED = {TaskState.COMPLETED, TaskState.CANCELLED, TaskState.REJECTED, TaskState.MANUAL}
CHANGES = {"limits": {"concurrency": 3, "connect_seconds": 0.2, "read_seconds": 0.2, "total_seconds": 0.4}}


class Soak:
    def __init__(self, seed):
        self.draw = random.Random(seed)
        self.numbers = []

    async def live(self, hub, server, clock):
        """One life of a hub, ended in the middle of things."""
        for _ in range(8):
            await self.draw.choice((self.submit, self.trouble, self.trouble, self.cancel, self.call))(hub, server)
            await clock.sleep(self.draw.choice((0.1, 1, 5, 60, 1800)))

    async def submit(self, hub, _server):
        if len(self.numbers) < ORDERS:
            case = await hub.submit(application(request_id=f"request-{len(self.numbers)}"))
            self.numbers.append(case.number)

    async def trouble(self, _hub, server):
        server.faults.arm(
            self.draw.choice(KINDS), operation=self.draw.choice(OPERATIONS), times=self.draw.randint(1, 3)
        )

    async def cancel(self, hub, _server):
        if self.numbers and self.draw.random() < 0.5:
            number = self.draw.choice(self.numbers)
            if (await hub.case(number)).tasks[0].state not in {TaskState.COMPLETED, TaskState.REJECTED}:
                await hub.cancel(number)

    async def call(self, hub, server):
        if not server.orders:
            return
        serial = self.draw.choice(list(server.orders))
        told = {"sign": "toy", "event": str(self.draw.randrange(3)), "serial": serial, "state": server._state(serial)}
        parts = hub._parts
        app = Callbacks(parts.store, parts.rules, parts.clock, hub._told).app()
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub") as client:
            await client.post("/callbacks/water-city", content=json.dumps(told).encode())


@pytest.mark.parametrize("seed", range(3))
async def test_every_order_is_done_at_most_once_and_none_is_forgotten(tmp_path, seed):
    clock, soak = VirtualClock(TUESDAY), Soak(seed)
    async with ToyServer(clock) as server:
        for _ in range(LIVES):
            async with toy_hub(tmp_path, server, clock, adapter=TalkingAdapter, changes=CHANGES) as hub:
                await soak.live(hub, server, clock)
        server.faults.clear()
        async with toy_hub(tmp_path, server, clock, adapter=TalkingAdapter, changes=CHANGES) as hub:
            cases = [await hub.wait(number, seconds=20) for number in soak.numbers]
            traces = [await hub.trace(number) for number in soak.numbers]
    for case, trace in zip(cases, traces, strict=True):
        (task,) = case.tasks
        serial = trace.tasks[0].canonical["serial"]
        effects = [entry.effect for entry in server.ledger.effects(serial)]
        assert task.state in SETTLED
        assert effects.count("order") <= 1
        assert effects.count("cancel") <= 1
        if task.state is TaskState.COMPLETED:
            assert effects == ["order"]
        if task.state is TaskState.CANCELLED:
            assert effects in ([], ["order", "cancel"])
