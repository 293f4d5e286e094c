"""Time-driven work: APScheduler's triggers say when, the hub's clock waits, and firing only enqueues."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from hub.clock import SHANGHAI, Clock
from hub.domain.work import CommandKind
from hub.engine import batches
from hub.engine.rules import Rules
from hub.store.port import Store
from hub.store.unit import UnitOfWork


def trigger_of(text: str, start: datetime) -> Any:
    """A trigger from a cron line (Asia/Shanghai) or from `every N seconds`."""
    words = text.split()
    if len(words) == 3 and words[0] == "every" and words[2] == "seconds":
        return IntervalTrigger(seconds=float(words[1]), start_date=start, timezone=SHANGHAI)
    return CronTrigger.from_crontab(text, timezone=SHANGHAI)


class Schedule:
    """Fires the batch windows and collections of the endpoints."""

    def __init__(self, store: Store, rules: Rules, clock: Clock, wake: Callable[[], None]) -> None:
        self._store, self._rules, self._clock, self._wake = store, rules, clock, wake

    def jobs(self) -> list[tuple[str, Callable[[datetime], Awaitable[None]]]]:
        """(when, what) of every job."""
        found: list[tuple[str, Callable[[datetime], Awaitable[None]]]] = []
        for endpoint, served in self._rules.endpoints.items():
            if served.spec.batch is not None:
                found.append((served.spec.batch.send, self._closing(endpoint)))
                found.append((served.spec.batch.collect, self._collecting(endpoint)))
        return found

    async def run(self, when: str, job: Callable[[datetime], Awaitable[None]]) -> None:
        """Fire one job for ever. A firing missed while the hub was down is made up by the next."""
        trigger = trigger_of(when, self._clock.now())
        previous: datetime | None = None
        while True:
            fire = trigger.get_next_fire_time(previous, self._clock.now())
            if fire is None:
                return
            await self._clock.sleep_until(fire)
            with self._clock.busy():
                await job(fire)
            previous = fire

    def _closing(self, endpoint: str) -> Callable[[datetime], Awaitable[None]]:
        async def close(_fire: datetime) -> None:
            if await self._store.run(lambda unit: batches.close(unit, self._rules, endpoint)):
                self._wake()

        return close

    def _collecting(self, endpoint: str) -> Callable[[datetime], Awaitable[None]]:
        async def collect(fire: datetime) -> None:
            def enqueue(unit: UnitOfWork) -> None:
                today = fire.astimezone(SHANGHAI).date()
                days = [(today - timedelta(days=back)).isoformat() for back in (2, 1, 0)]
                unit.enqueue(
                    f"{endpoint}:collect:{fire.timestamp():.3f}",
                    CommandKind.COLLECT,
                    endpoint,
                    "collect",
                    not_before=fire,
                    body={"days": days},
                )

            await self._store.run(enqueue)
            self._wake()

        return collect
