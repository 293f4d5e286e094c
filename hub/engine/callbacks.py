"""The small ASGI app that utilities call back: verified and decoded by the adapter, stored, then applied."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub.clock import Clock
from hub.engine.applier import Applier
from hub.engine.rules import Rules, Served
from hub.mapping import Env
from hub.sdk.adapter import Callback
from hub.sdk.webhook import heard
from hub.store.port import Store
from hub.store.tables import CallbackRow
from hub.store.unit import UnitOfWork
from hub.wire.exchange import HttpRequest, HttpResponse

_LOG = logging.getLogger("hub.callbacks")
_LARGEST = 256 * 1024


class Callbacks:
    """Takes callbacks. `told` is called with the cases that changed."""

    def __init__(self, store: Store, rules: Rules, clock: Clock, told: Callable[[set[str]], Awaitable[None]]) -> None:
        self._store, self._rules, self._clock, self._told = store, rules, clock, told

    def app(self) -> Starlette:
        """The ASGI application: `POST /callbacks/{endpoint}`."""
        return Starlette(routes=[Route("/callbacks/{endpoint}", self._receive, methods=["POST"])])

    async def _receive(self, request: Request) -> Response:
        served = self._rules.endpoints.get(request.path_params["endpoint"])
        if served is None:
            return Response(status_code=404)
        body = await _bounded(request)
        if body is None:
            return Response(status_code=413)
        with self._clock.busy():
            taken = await self._take(served, request, body)
        answer = served.adapter.callback_answer(taken=taken)
        return _response(answer)

    async def _take(self, served: Served, request: Request, body: bytes) -> bool:
        message = HttpRequest(request.method, request.url.path, tuple(request.headers.items()), body)
        env = Env(now=self._rules.now(), config=served.adapter.config)
        try:
            callback = heard(served.adapter, served.mappings, message, env)
            touched = await self._store.run(lambda unit: self._store_one(unit, served.spec.id, callback))
        except Exception as error:  # noqa: BLE001 -- whatever a stranger's body makes an adapter raise
            # Only the kind of error: its text and traceback may hold what was sent.
            _LOG.warning("a callback was refused", extra={"endpoint": served.spec.id, "error": type(error).__name__})
            return False
        await self._told(touched)
        return True

    def _store_one(self, unit: UnitOfWork, endpoint: str, callback: Callback) -> set[str]:
        row = CallbackRow(
            id=f"{endpoint}:callback:{callback.event_id}",
            endpoint=endpoint,
            serial=callback.serial,
            provider_ref=callback.provider_ref,
            received_at=self._rules.now(),
            outcome=unit.seal_outcome(callback.outcome),
        )
        if not unit.add_callback(row):
            return set()
        record = unit.find_task(endpoint, serial=callback.serial, ref=callback.provider_ref)
        applier = Applier(unit, self._rules)
        if record is not None:
            applier.callback(record, row, callback.outcome)
        return applier.apply(())


async def _bounded(request: Request) -> bytes | None:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST:
            return None
    return body


def _response(answer: HttpResponse) -> Response:
    return Response(answer.body, status_code=answer.status, headers=dict(answer.headers))
