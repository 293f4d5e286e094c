"""Webhooks: one signed event for each node, at least once, tried again after 1, 5, 30 and 120 minutes."""

from __future__ import annotations

import asyncio
import contextvars
import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from simulators.power.crypto import KeyPair, sign_callback
from simulators.power.times import stamp

if TYPE_CHECKING:
    import random
    from collections.abc import Coroutine

    from simulators.kit.clock import SimClock
    from simulators.kit.faults import Fault, Faults
    from simulators.kit.journal import Journal
    from simulators.power.orders import Order, Step

_LOG = logging.getLogger(__name__)
OPERATION = "callback"
FAULT_POINTS = dict.fromkeys(("callback-duplicate", "callback-reorder", "callback-badsign", "callback-drop"), OPERATION)
RETRY_MINUTES = (1, 5, 30, 120)
_HOLD_SECONDS = 3600.0
_HEADERS = {"Content-Type": "application/json; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Event:
    """One node reached, on its way to a subscriber."""

    url: str
    fields: dict[str, Any]

    @property
    def app_no(self) -> int:
        return int(self.fields["appNo"])


class Webhooks:
    """Delivers events in tasks of their own; every wait is on the simulator's clock."""

    def __init__(
        self,
        clock: SimClock,
        faults: Faults,
        journal: Journal,
        pair: KeyPair,
        chance: random.Random,
        *,
        timeout_seconds: float = 5.0,
        delay_seconds: float = 0.0,
    ) -> None:
        self._clock, self._faults, self._journal, self._pair = clock, faults, journal, pair
        self._chance, self._timeout, self._delay = chance, timeout_seconds, delay_seconds
        self._client: httpx.AsyncClient | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._held: dict[int, list[asyncio.Event]] = {}

    def announce(self, order: Order, step: Step) -> None:
        """Send the event of a node, if the order names somebody to send it to."""
        url = order.form.get("callbackUrl")
        if not url:
            return
        fields = {
            "code": "1",
            "eventId": self._chance.randbytes(16).hex(),
            "appNo": order.app_no,
            "outerNo": order.outer_no,
            "nodeCode": step.node,
            "nodeTime": stamp(step.at),
        }
        self.spawn(self._deliver(Event(url, fields)))

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        # A fresh context: work started by a request must not count as part of that request's business,
        # or a virtual clock would believe the request still busy, or idle, while the work sleeps.
        task = asyncio.get_running_loop().create_task(work, context=contextvars.Context())
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    async def close(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._held.clear()
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _LOG.error("a background task of the power simulator failed", exc_info=task.exception())

    async def _deliver(self, event: Event) -> None:
        if self._delay:
            await self._clock.sleep(self._delay)
        fault = self._faults.take(OPERATION, OPERATION)
        kind = fault.kind if fault else ""
        if kind == "callback-drop":
            self._note(event, "dropped", fault)
            return
        if kind == "callback-reorder":
            await self._hold(event.app_no)
        if kind == "callback-duplicate":
            await self._post(event, fault)
        await self._persist(event, fault)

    async def _persist(self, event: Event, fault: Fault | None) -> None:
        for minutes in (*RETRY_MINUTES, None):
            taken = await self._post(event, fault)
            self._release(event.app_no)
            if taken:
                return
            fault = None
            if minutes is not None:
                await self._clock.sleep(60.0 * minutes)
        self._note(event, "given up", None)

    async def _hold(self, app_no: int) -> None:
        """Wait until another event of this order is out."""
        passed = asyncio.Event()
        self._held.setdefault(app_no, []).append(passed)
        limit = asyncio.ensure_future(self._clock.sleep(_HOLD_SECONDS))
        waiting = asyncio.ensure_future(passed.wait())
        try:
            await asyncio.wait({limit, waiting}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            limit.cancel()
            waiting.cancel()

    def _release(self, app_no: int) -> None:
        for passed in self._held.pop(app_no, ()):
            passed.set()

    async def _post(self, event: Event, fault: Fault | None) -> bool:
        signed = dict(event.fields)
        if fault is not None and fault.kind == "callback-badsign":
            signed["outerNo"] = f"{signed['outerNo']}-forged"
        body = {**event.fields, "signSm2": sign_callback(signed, self._pair)}
        with self._clock.busy():
            answer = await self._send(event.url, json.dumps(body, ensure_ascii=False).encode())
        self._note(event, answer, fault)
        return answer == "1"

    async def _send(self, url: str, body: bytes) -> str:
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=self._timeout, trust_env=False)
        try:
            # httpx limits each wait; the subscriber has so many seconds for the whole answer.
            async with asyncio.timeout(self._timeout):
                reply = await self._client.post(url, content=body, headers=_HEADERS)
            answer = reply.json()
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError) as error:
            return type(error).__name__
        if reply.status_code != httpx.codes.OK or not isinstance(answer, dict):
            return f"HTTP {reply.status_code}"
        # The number 1 is no success here: the platform's Java side compares texts.
        code = answer.get("code")
        return code if isinstance(code, str) else f"code {code!r}"

    def _note(self, event: Event, answer: str, fault: Fault | None) -> None:
        summary = f"appNo={event.app_no} nodeCode={event.fields['nodeCode']}"
        self._journal.record(OPERATION, request=summary, code=answer, fault=fault.kind if fault else "")
