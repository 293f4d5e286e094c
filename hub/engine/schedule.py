"""Time-driven work: APScheduler's triggers say when, the hub's clock waits, and firing only enqueues."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial

from hub.clock import SHANGHAI, Clock
from hub.config import timetable
from hub.domain.work import CommandKind
from hub.engine import batches
from hub.engine.money import reconciling
from hub.engine.rules import Rules
from hub.errors import TryLater
from hub.store.port import Store
from hub.store.unit import UnitOfWork

_LOG = logging.getLogger("hub.schedule")
Job = Callable[[datetime], Awaitable[None]]
_LOOK_BACK = timedelta(days=30)


class Schedule:
    """Fires the batch windows, collections and reconciliations of the endpoints."""

    def __init__(self, store: Store, rules: Rules, clock: Clock, wake: Callable[[], None]) -> None:
        self._store, self._rules, self._clock, self._wake = store, rules, clock, wake

    def jobs(self) -> list[tuple[str, Job]]:
        """(when, what) of every job; endpoints of the same hours share one."""
        closing: defaultdict[str, list[str]] = defaultdict(list)
        collecting: defaultdict[str, list[str]] = defaultdict(list)
        comparing: defaultdict[str, list[str]] = defaultdict(list)
        for endpoint, served in self._rules.endpoints.items():
            if served.spec.reconcile is not None and reconciling.OPERATION in served.adapter.operations:
                comparing[served.spec.reconcile].append(endpoint)
            if served.spec.batch is not None:
                if served.spec.batch.send is not None:
                    closing[served.spec.batch.send].append(endpoint)
                collecting[served.spec.batch.collect].append(endpoint)
        return [
            *((when, partial(self._close, endpoints)) for when, endpoints in closing.items()),
            *((when, partial(self._collect, endpoints)) for when, endpoints in collecting.items()),
            *((when, partial(self._reconcile, endpoints)) for when, endpoints in comparing.items()),
        ]

    async def run(self, when: str, job: Job) -> None:
        """Fire one job for ever. A firing missed while the hub was down is made up by the next."""
        trigger = timetable(when, self._clock.now())
        previous: datetime | None = None
        while True:
            fire = trigger.get_next_fire_time(previous, self._clock.now())
            if fire is None:
                return
            await self._clock.sleep_until(fire)
            with self._clock.busy():
                await self._fire(job, fire)
            previous = fire

    async def _fire(self, job: Job, fire: datetime) -> None:
        """Do one job, however long the database is away: the next time may be a day off."""
        while True:
            try:
                return await job(fire)
            except TryLater:
                _LOG.warning("the database cannot take what is scheduled; trying again")
                await asyncio.sleep(1.0)

    async def _close(self, endpoints: list[str], _fire: datetime) -> None:
        def close(unit: UnitOfWork) -> int:
            return sum(batches.close(unit, self._rules, endpoint) for endpoint in endpoints)

        if await self._store.run(close):
            self._wake()

    async def _reconcile(self, endpoints: list[str], fire: datetime) -> None:
        yesterday = fire.astimezone(SHANGHAI).date() - timedelta(days=1)

        def ask(unit: UnitOfWork) -> None:
            for endpoint in endpoints:
                reconciling.ask(unit, endpoint, yesterday, fire)

        await self._store.run(ask)
        self._wake()

    async def _collect(self, endpoints: list[str], fire: datetime) -> None:
        if await self._store.run(lambda unit: sum([_enqueue(unit, endpoint, fire) for endpoint in endpoints])):
            self._wake()


def _enqueue(unit: UnitOfWork, endpoint: str, fire: datetime) -> bool:
    """Look for answers of every day since the oldest open order; without one there is nothing to look for."""
    since = unit.waiting_since(endpoint)
    if since is None:
        return False
    today = fire.astimezone(SHANGHAI).date()
    # A day more: around midnight the utility's date need not be ours.
    first = max(since.astimezone(SHANGHAI).date() - timedelta(days=1), today - _LOOK_BACK)
    days = [(first + timedelta(days=each)).isoformat() for each in range((today - first).days + 1)]
    name = f"{endpoint}:collect:{fire.timestamp():.3f}"
    unit.enqueue(name, CommandKind.COLLECT, endpoint, "collect", not_before=fire, body={"days": days})
    return True
