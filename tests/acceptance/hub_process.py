"""A hub in a process of its own, which kills itself with SIGKILL when it reaches a given step.

Run as `python hub_process.py SPEC.json`. The steps are counted around every transaction, every exchange and every
hand-over on the bus, so that a kill can fall between any two of them. Prints the case's summary when it is settled.
"""

from __future__ import annotations

import asyncio
import functools
import json
import os
import signal
import sys
import threading
from pathlib import Path

from hub import Hub, PaymentProof, Settings
from hub.bus import MemoryBus
from hub.store.sql import SqlStore
from hub.wire.http import HttpTransport
from hub.wire.sftp import SftpTransport
from tests.acceptance.story import make_application
from tests.toy.adapter import ToyAdapter
from tests.toy.bundled import BundledAdapter
from tests.toy.hubs import registry
from tests.toy.till import TillAdapter


class Steps:
    """Counts steps; at `kill_at` the process dies on the spot."""

    def __init__(self, kill_at: int, record: Path) -> None:
        self.kill_at, self._record, self._lock = kill_at, record, threading.Lock()
        self.reached = 0

    def step(self, name: str) -> None:
        with self._lock:
            self.reached += 1
            if self.reached == self.kill_at:
                self._record.write_text(name)
                os.kill(os.getpid(), signal.SIGKILL)

    def around(self, owner: type, name: str) -> None:
        original = getattr(owner, name)
        label = f"{owner.__name__}.{name}"
        if asyncio.iscoroutinefunction(original):

            @functools.wraps(original)
            async def stepped(*args, **kwargs):
                self.step(f"before {label}")
                result = await original(*args, **kwargs)
                self.step(f"after {label}")
                return result

        else:

            @functools.wraps(original)
            def stepped(*args, **kwargs):
                self.step(f"before {label}")
                result = original(*args, **kwargs)
                self.step(f"after {label}")
                return result

        setattr(owner, name, stepped)


async def main(spec: dict) -> None:
    steps = Steps(0 if spec.get("money") else spec["kill_at"], Path(spec["data"]) / "killed-at")
    Path(spec["data"]).mkdir(parents=True, exist_ok=True)
    for owner, name in (
        (SqlStore, "_transact"),
        (HttpTransport, "exchange"),
        (SftpTransport, "exchange"),
        (MemoryBus, "publish"),
        (MemoryBus, "answer"),
    ):
        steps.around(owner, name)
    settings = Settings.read(
        data_dir=Path(spec["data"]), callback_port=spec.get("callback_port", 0), clock=spec["clock"], shutdown_seconds=0
    )
    chosen = registry(ToyAdapter, BundledAdapter, TillAdapter) if spec.get("toy") else None
    async with Hub.open(spec["config"], settings=settings, connections=spec["connections"], registry=chosen) as hub:
        case = await hub.submit(await make_application(hub, tuple(spec["items"]), theme=spec.get("theme")))
        case = await hub.wait(case.number, seconds=spec.get("seconds", 60))
        paid = None
        if spec.get("money"):
            steps.reached, steps.kill_at = 0, spec["kill_at"]  # what is counted begins with the money
            case, paid = await _money(hub, case.number)
        told = {"summary": case.summary, "steps": steps.reached, "number": case.number, "paid": paid}
        print(json.dumps(told))


async def _money(hub, number):
    """Pay what is due, and give it back; each at the first time of asking only."""
    due = [charge for charge in await hub.charges(number) if charge.state == "DUE"]
    proof = PaymentProof(reference="KILLED-1", channel="POS", amount_fen=5000, paid_at="2026-11-24T09:00:00+08:00")
    if due and not await hub.payments(number):
        await hub.pay(number, [charge.id for charge in due], proof)
    await hub.wait(number, seconds=60)
    (payment,) = await hub.payments(number)
    await hub.refund(payment.id, reason="killed")
    case = await hub.wait(number, seconds=60)
    return case, (await hub.payments(number))[0].state


if __name__ == "__main__":
    asyncio.run(main(json.loads(Path(sys.argv[1]).read_text())))
