"""The one clock of the hub: wall time, offset or accelerated time, and a virtual clock that jumps.

Durations of network I/O are always real seconds; `io_span` converts them into this clock's time, so that a
send deadline stored in the database means the same under every clock.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    """Time, and waiting for it. `now()` is aware UTC."""

    def now(self) -> datetime: ...

    async def sleep_until(self, when: datetime) -> None: ...

    async def sleep(self, seconds: float) -> None: ...

    def busy(self) -> AbstractContextManager[None]: ...

    def io_span(self, seconds: float) -> timedelta: ...


class WallClock:
    """Real time, shifted to begin at `start` and running `rate` times as fast from the wall instant `origin`.

    Two processes with the same three values show the same time.
    """

    def __init__(self, start: datetime | None = None, rate: float = 1.0, origin: float | None = None) -> None:
        self._origin = time.time() if origin is None else origin
        self._start = start.astimezone(UTC) if start else datetime.fromtimestamp(self._origin, UTC)
        self._rate = rate

    @property
    def spec(self) -> str:
        """This clock as text for another process; `parse` reads it."""
        return f"{self._start.isoformat()}@{self._origin}*{self._rate}"

    def now(self) -> datetime:
        return self._start + timedelta(seconds=(time.time() - self._origin) * self._rate)

    async def sleep_until(self, when: datetime) -> None:
        await self.sleep((when - self.now()).total_seconds())

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds) / self._rate)

    @contextmanager
    def busy(self) -> Iterator[None]:
        yield

    def io_span(self, seconds: float) -> timedelta:
        return timedelta(seconds=seconds * self._rate)

    @classmethod
    def parse(cls, text: str) -> WallClock:
        """Read `START@ORIGIN*RATE`, for example `2026-11-24T02:00:00Z@1795400000.0*20` (origin and rate optional)."""
        start, _, tail = text.partition("@")
        origin, _, rate = tail.partition("*")
        when = datetime.fromisoformat(start)
        return cls(when, float(rate or 1.0), float(origin) if origin else None)


class VirtualClock:
    """Stands still while anything is busy, and jumps to the next sleeper when nothing is.

    `auto=False` moves only by `advance`. Sleepers wake one instant at a time, in order of time and of asking,
    so that the same start gives the same run.
    """

    SETTLE = 0.002

    def __init__(self, start: datetime, *, auto: bool = True) -> None:
        self._now = start.astimezone(UTC)
        self._auto = auto
        self._busy = 0
        self._idle = asyncio.Event()
        self._idle.set()
        # By task: what a task spawned while busy does is its own affair.
        self._held: Counter[asyncio.Task[object] | None] = Counter()
        self._order = itertools.count()
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._driver: asyncio.Task[None] | None = None

    def now(self) -> datetime:
        return self._now

    def io_span(self, seconds: float) -> timedelta:
        return timedelta(seconds=seconds)

    @contextmanager
    def busy(self) -> Iterator[None]:
        holder = _task()
        self._work(1)
        self._held[holder] += 1
        try:
            yield
        finally:
            self._work(-1)
            self._held[holder] -= 1
            if not self._held[holder]:
                del self._held[holder]

    async def sleep(self, seconds: float) -> None:
        await self.sleep_until(self._now + timedelta(seconds=max(0.0, seconds)))

    async def sleep_until(self, when: datetime) -> None:
        if when <= self._now:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (when.astimezone(UTC), next(self._order), future))
        self._start_driver()
        # A sleeper does no work: whatever it holds busy is let go until it wakes.
        held = self._held.get(_task(), 0)
        self._work(-held)
        try:
            await future
        finally:
            self._work(held)

    async def advance(self, seconds: float = 0.0, **span: float) -> None:
        """Move on by a span, waking every sleeper on the way and letting its work finish."""
        end = self._now + timedelta(seconds=seconds, **span)
        await self._settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            self._wake_next()
            await self._settle()
        self._now = end

    def _wake_next(self) -> None:
        when = self._sleepers[0][0]
        self._now = max(self._now, when)
        while self._sleepers and self._sleepers[0][0] == when:
            future = heapq.heappop(self._sleepers)[2]
            if not future.done():
                future.set_result(None)

    def _work(self, change: int) -> None:
        self._busy += change
        if self._busy > 0:
            self._idle.clear()
        else:
            self._idle.set()

    async def _settle(self) -> None:
        """Wait until nothing is busy, and has not been for some turns of the loop: work is handed from task to task."""
        quiet = 0
        while quiet < 3:
            await self._idle.wait()
            await asyncio.sleep(self.SETTLE if quiet else 0)
            quiet = 0 if self._busy > 0 else quiet + 1

    def _start_driver(self) -> None:
        if self._auto and (self._driver is None or self._driver.done()):
            self._driver = asyncio.get_running_loop().create_task(self._drive(), name="virtual-clock")

    async def _drive(self) -> None:
        while self._sleepers:
            await self._settle()
            while self._sleepers and self._sleepers[0][2].done():
                heapq.heappop(self._sleepers)
            if self._sleepers:
                self._wake_next()


def _task() -> asyncio.Task[object] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None
