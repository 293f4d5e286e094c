"""The control port: faults, clock, orders, ledger and journal over HTTP; no part of the imitation."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from simulators.kit.clock import ManualClock, WallClock
from simulators.kit.faults import Faults
from simulators.kit.http import HttpCall, HttpReply, HttpServer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from simulators.kit.simulator import Simulator

_PREFIX = "/__sim__/"


class ControlPort:
    """Serves one simulator's control interface; the simulator's own faults never strike here."""

    def __init__(self, simulator: Simulator, port: int = 0) -> None:
        self._simulator = simulator
        # Its own clock: moving the simulator's clock waits for work on it, which a control call must not be.
        self._server = HttpServer(self._handle, Faults(), WallClock(), port=port)
        self._reads: dict[str, Callable[[], Any]] = {
            "GET faults": self._armed,
            "GET clock": self._time,
            "GET ledger": self._ledger,
            "GET journal": self._journal,
            "GET state": simulator.state,
            "GET connection": simulator.connection,
        }
        self._acts: dict[str, Callable[[dict[str, Any]], Awaitable[Any]]] = {
            "POST faults": self._arm,
            "DELETE faults": self._clear,
            "POST clock": self._move_clock,
            "POST advance": self._advance,
            "POST accounts": self._add_account,
            "POST reset": self._reset,
        }

    @property
    def port(self) -> int:
        return self._server.port

    async def start(self) -> None:
        await self._server.start()

    async def stop(self) -> None:
        await self._server.stop()

    async def _handle(self, call: HttpCall) -> HttpReply:
        wanted = f"{call.method} {call.path.removeprefix(_PREFIX)}"
        try:
            if wanted in self._reads:
                return _json(200, self._reads[wanted]())
            if wanted in self._acts:
                return _json(200, await self._acts[wanted](json.loads(call.body or b"{}")))
        except (ValueError, TypeError, KeyError) as error:
            return _json(400, {"error": f"{type(error).__name__}: {error}"})
        return _json(404, {"error": f"{call.method} {call.path}: no such control"})

    def _journal(self) -> dict[str, Any]:
        journal = self._simulator.journal
        return {"violations": journal.violations(), "entries": [entry.as_dict() for entry in journal.entries]}

    def _ledger(self) -> dict[str, Any]:
        ledger = self._simulator.ledger
        return {"summary": ledger.summary(), "entries": [entry.as_dict() for entry in ledger.entries]}

    def _time(self) -> dict[str, str]:
        return {"now": self._simulator.clock.now().isoformat()}

    def _armed(self) -> dict[str, Any]:
        return {"armed": self._simulator.faults.armed()}

    async def _arm(self, body: dict[str, Any]) -> dict[str, Any]:
        self._simulator.faults.arm(body.pop("kind"), **body)
        return self._armed()

    async def _clear(self, _: dict[str, Any]) -> dict[str, Any]:
        self._simulator.faults.clear()
        return self._armed()

    async def _move_clock(self, body: dict[str, Any]) -> dict[str, str]:
        clock = self._simulator.clock
        if not isinstance(clock, ManualClock):
            raise TypeError("this simulator runs on a clock that cannot be moved")
        if "set" in body:
            await clock.play(datetime.fromisoformat(body["set"]) - clock.now())
        else:
            await clock.play(float(body["advance_seconds"]))
        return self._time()

    async def _advance(self, body: dict[str, Any]) -> dict[str, Any]:
        await self._simulator.advance(body["order"], body["state"])
        return {"order": body["order"], "state": body["state"]}

    async def _add_account(self, body: dict[str, Any]) -> dict[str, Any]:
        self._simulator.add_account(**body)
        return {"added": True}

    async def _reset(self, _: dict[str, Any]) -> dict[str, Any]:
        await self._simulator.reset()
        return {"reset": True}


def _json(status: int, answer: Any) -> HttpReply:
    text = json.dumps(answer, ensure_ascii=False, default=str)
    return HttpReply(status, [("Content-Type", "application/json; charset=utf-8")], text.encode())
