"""The running engine: relay, workers, applier and schedule, started together and drained together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

from hub.bus import Bus
from hub.clock import Clock
from hub.domain.work import Result
from hub.engine.applier import Applier
from hub.engine.relay import Relay
from hub.engine.rules import Rules
from hub.engine.schedule import Schedule
from hub.engine.worker import Worker
from hub.errors import TryLater
from hub.store.port import Store

_LOG = logging.getLogger("hub.engine")
_RESULTS = 200
Told = Callable[[set[str]], Awaitable[None]]


class Engine:
    """Everything that runs. `told` hears which cases changed."""

    def __init__(self, store: Store, bus: Bus, rules: Rules, worker: Worker, clock: Clock, told: Told) -> None:
        self._store, self._bus, self._rules, self._clock, self._told = store, bus, rules, clock, told
        self._worker = worker
        self.relay = Relay(store, bus, rules, clock, told)
        self._schedule = Schedule(store, rules, clock, self.relay.wake)
        self._feeding: list[asyncio.Task[None]] = []
        self._working: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Take over what an earlier process left under way, then run."""
        left = await self._store.run(lambda unit: unit.release(self._rules.owner))
        if left:
            _LOG.warning("taking over commands of an earlier process", extra={"count": left})
        self._feeding = [self._spawn("relay", self.relay.run)]
        for number, (when, job) in enumerate(self._schedule.jobs()):
            self._feeding.append(self._spawn(f"schedule-{number}", partial(self._schedule.run, when, job)))
        for endpoint, served in self._rules.endpoints.items():
            for number in range(served.spec.limits.concurrency):
                name = f"worker-{endpoint}-{number}"
                self._working.append(self._spawn(name, partial(self._worker.run, endpoint)))
        self._working.append(self._spawn("applier", self._apply))

    async def stop(self, seconds: float) -> None:
        """Claim nothing more, let calls under way end within `seconds`; what does not is in doubt at the next start."""
        await _end(self._feeding)
        loop = asyncio.get_running_loop()
        limit = loop.time() + seconds
        while self.relay.under_way and loop.time() < limit:  # noqa: ASYNC110 -- simpler than an event, once a process
            await asyncio.sleep(0.02)
        await _end(self._working)

    async def _apply(self) -> None:
        while True:
            results = await self._bus.results(_RESULTS)
            with self._clock.busy():
                touched = await self._apply_durably(results)
                for result in results:
                    self.relay.done(result.endpoint, result.command)
                await self._told(touched)

    async def _apply_durably(self, results: list[Result]) -> set[str]:
        """Apply results; while the database cannot take them they stay in memory and nothing new is claimed.

        One that cannot be applied is left to its lease, after which it is asked what became of it; the others count.
        """
        while True:
            try:
                return await self._store.run(lambda unit: Applier(unit, self._rules).apply(results))
            except TryLater:
                _LOG.warning("the database cannot take results; trying again", extra={"count": len(results)})
                await asyncio.sleep(1.0)
            except Exception as error:  # noqa: BLE001 -- one bad result must not take the others with it
                if len(results) > 1:
                    return set().union(*[await self._apply_durably([each]) for each in results])
                details = {"command": results[0].command, "error": type(error).__name__}
                _LOG.error("a result cannot be applied", extra=details)
                return set()

    def _spawn(self, name: str, run: Callable[[], Coroutine[Any, Any, None]]) -> asyncio.Task[None]:
        return asyncio.create_task(self._keep_running(name, run), name=name)

    async def _keep_running(self, name: str, run: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Restart a loop that failed: one bad row or a database that is away must not stop the rest."""
        while True:
            try:
                await run()
            except TryLater:
                _LOG.warning("the database is away; trying again", extra={"loop": name})
            except Exception as error:  # noqa: BLE001 -- the loop must go on; only the kind of error is safe to log
                _LOG.error("a loop failed and is started again", extra={"loop": name, "error": type(error).__name__})
            else:
                return
            await asyncio.sleep(1.0)


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    tasks.clear()
