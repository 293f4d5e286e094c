"""Time for simulators: a wall clock, and one that moves only when told to."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

SHANGHAI = ZoneInfo("Asia/Shanghai")
DEFAULT_START = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)  # a Monday, 09:00 in Shanghai


class SimClock(Protocol):
    """What a simulator asks of time; the hub's own clock has the same shape."""

    def now(self) -> datetime: ...

    async def sleep_until(self, when: datetime) -> None: ...

    async def sleep(self, seconds: float) -> None: ...

    def busy(self) -> AbstractContextManager[None]: ...


class WallClock:
    """Real time, optionally shifted to a start and run faster."""

    def __init__(self, start: datetime | None = None, rate: float = 1.0) -> None:
        self._began = datetime.now(UTC)
        self._start = _aware(start) if start else self._began
        self._rate = rate

    def now(self) -> datetime:
        return self._start + (datetime.now(UTC) - self._began) * self._rate

    async def sleep_until(self, when: datetime) -> None:
        await self.sleep((when - self.now()).total_seconds())

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds) / self._rate)

    def busy(self) -> AbstractContextManager[None]:
        return nullcontext()


class ManualClock:
    """Moves only by `advance` and `set`, in one jump, or by `play`, stopping for each sleeper on the way."""

    def __init__(self, start: datetime = DEFAULT_START) -> None:
        self._now = _aware(start)
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._busy = 0

    def now(self) -> datetime:
        return self._now

    async def sleep_until(self, when: datetime) -> None:
        if when <= self._now:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (when, next(self._order), woken))
        await woken

    async def sleep(self, seconds: float) -> None:
        await self.sleep_until(self._now + timedelta(seconds=seconds))

    @contextmanager
    def busy(self) -> Iterator[None]:
        self._busy += 1
        try:
            yield
        finally:
            self._busy -= 1

    def advance(self, by: float | timedelta) -> None:
        self.set(self._now + (by if isinstance(by, timedelta) else timedelta(seconds=by)))

    def set(self, when: datetime) -> None:
        if _aware(when) < self._now:
            raise ValueError(f"the clock stands at {self._now.isoformat()} and does not go back")
        self._now = when
        while self._sleepers and self._sleepers[0][0] <= when:
            _wake(heapq.heappop(self._sleepers)[2])

    async def play(self, by: float | timedelta) -> None:
        """Go forward in steps: a task sleeping in a loop sees each of its hours, not only the last."""
        target = self._now + (by if isinstance(by, timedelta) else timedelta(seconds=by))
        await self._settle()
        while self._sleepers and self._sleepers[0][0] <= target:
            self.set(max(self._now, self._sleepers[0][0]))
            await self._settle()
        self.set(target)
        await self._settle()

    async def _settle(self) -> None:
        # A woken task needs some turns of the loop before it says that it is busy, or sleeps again.
        for _ in range(20):
            await asyncio.sleep(0)
        while self._busy:  # noqa: ASYNC110 -- real sockets are awaited here, no event tells when they are done
            await asyncio.sleep(0.001)


def _aware(when: datetime) -> datetime:
    if when.tzinfo is None:
        raise ValueError("a clock wants an aware time")
    return when


def _wake(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():
        sleeper.set_result(None)
