"""The in-process bus: bounded asyncio queues."""

from __future__ import annotations

import asyncio
from collections import defaultdict

from hub.domain.work import Command, Result


class MemoryBus:
    """The default bus. Its content lives as long as the process; the store redelivers what is lost with it."""

    def __init__(self, capacity: int = 1000) -> None:
        self._commands: defaultdict[str, asyncio.Queue[Command]] = defaultdict(lambda: asyncio.Queue(capacity))
        self._results: asyncio.Queue[Result] = asyncio.Queue(capacity)

    async def publish(self, command: Command) -> None:
        await self._commands[command.endpoint].put(command)

    async def take(self, endpoint: str) -> Command:
        return await self._commands[endpoint].get()

    async def answer(self, result: Result) -> None:
        await self._results.put(result)

    async def results(self, limit: int) -> list[Result]:
        taken = [await self._results.get()]
        while len(taken) < limit and not self._results.empty():
            taken.append(self._results.get_nowait())
        return taken

    async def aclose(self) -> None:
        self._commands.clear()
