"""The port between the core and its workers."""

from __future__ import annotations

from typing import Protocol

from hub.domain.work import Command, Result


class Bus(Protocol):
    """Carries commands to the workers of an endpoint and results back, at least once each.

    Delivery may repeat and reorder; nothing that was published is lost while the bus lives. What an in-process bus
    loses with its process, the store still has.
    """

    async def publish(self, command: Command) -> None:
        """Hand a command to the queue of its endpoint; waits while that queue is full."""

    async def take(self, endpoint: str) -> Command:
        """Wait for the next command of an endpoint."""

    async def answer(self, result: Result) -> None:
        """Hand back a result."""

    async def results(self, limit: int) -> list[Result]:
        """Wait for results, and take up to `limit` of those that are there."""

    async def aclose(self) -> None:
        """Let go of everything."""
