"""The contract of every bus, on the one in memory."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from hub.bus import MemoryBus
from hub.domain.work import Command, CommandKind, Result

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def command(number, endpoint="water"):
    return Command(id=str(number), kind=CommandKind.POLL, endpoint=endpoint, operation="progress", send_deadline=NOW)


def result(number):
    return Result(command=str(number), kind=CommandKind.POLL, endpoint="water", attempt=1, finished_at=NOW)


class BusContract:
    """Inherited by each implementation's tests."""

    def bus(self, capacity=10):
        raise NotImplementedError

    async def test_command_reaches_its_endpoint_only(self):
        bus = self.bus()
        await bus.publish(command(1, "power"))
        await bus.publish(command(2, "water"))
        assert (await bus.take("water")).id == "2"
        assert (await bus.take("power")).id == "1"

    async def test_results_come_together_up_to_the_limit(self):
        bus = self.bus()
        for number in range(5):
            await bus.answer(result(number))
        assert [each.command for each in await bus.results(3)] == ["0", "1", "2"]
        assert [each.command for each in await bus.results(3)] == ["3", "4"]

    async def test_full_queue_holds_its_publisher_back_and_no_other(self):
        bus = self.bus(capacity=1)
        await bus.publish(command(1))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await bus.publish(command(2))
        await bus.publish(command(3, "power"))
        assert (await bus.take("power")).id == "3"


class TestMemoryBus(BusContract):
    def bus(self, capacity=10):
        return MemoryBus(capacity)
