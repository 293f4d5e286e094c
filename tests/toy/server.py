"""The toy utility's server, on the simulators' kit: its ledger is the oracle."""

from __future__ import annotations

import json
from datetime import timedelta

from simulators.kit.faults import Faults
from simulators.kit.http import HttpReply, HttpServer
from simulators.kit.ledger import Ledger

_AGES = (("new", 0), ("work", 3600), ("done", 7200))


class ToyServer:
    """Orders by serial; `work` after an hour, `done` after two, unless `stuck` holds them in a state.

    `answer` is given to every order instead; with `keeps` no order can be cancelled.
    """

    def __init__(self, clock, *, port=0):
        self.clock = clock
        self.faults = Faults(frozenset({"accept", "pay", "cancel"}))
        self.ledger = Ledger(clock)
        self.orders = {}
        self.stuck = None
        self.answer = None
        self.keeps = False
        self.calls = []
        self._server = HttpServer(
            self._handle, self.faults, clock, port=port, operation_of=lambda call: call.path.strip("/")
        )

    async def __aenter__(self):
        await self._server.start()
        return self

    async def __aexit__(self, *_):
        await self._server.stop()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.port}"

    async def _handle(self, call):
        operation = call.path.strip("/")
        body = json.loads(call.body)
        self.calls.append((operation, body["serial"], self.clock.now()))
        if self.answer and operation == "accept":
            return self._reply(self.answer, committed=False)
        return self._reply(getattr(self, f"_{operation}")(body["serial"]))

    def _accept(self, serial):
        self.ledger.record("order", serial)
        self.orders[serial] = self.clock.now()
        return {"code": "ok", "ref": f"T{serial[-8:]}", "state": self._state(serial)}

    def _find(self, serial):
        if serial not in self.orders:
            return {"code": "none"}
        return {"code": "ok", "ref": f"T{serial[-8:]}", "state": self._state(serial)}

    _progress = _find

    def _cancel(self, serial):
        if self.keeps:
            return {"code": "arrears"}
        self.ledger.record("cancel", serial)
        self.orders[serial] = None
        return {"code": "ok", "state": "gone"}

    def _pay(self, serial):
        self.ledger.record("payment", serial)
        return {"code": "ok", "receipt": "R1"}

    def _state(self, serial):
        since = self.orders[serial]
        if since is None:
            return "gone"
        if self.stuck:
            return self.stuck
        age = self.clock.now() - since
        return [state for state, after in _AGES if age >= timedelta(seconds=after)][-1]

    def _reply(self, body, *, committed=True):
        return HttpReply(200, [("content-type", "application/json")], json.dumps(body).encode(), committed=committed)
