"""CPU of one dispatched call (SOAP and REST) against a bare httpx POST of the same bytes.

Method: the water (SOAP) and power (REST) simulators run in a process of their own. In this process two ways to ask
for a customer's debts alternate in rounds: `Context.call` (mapping, envelope, signature, phase-aware exchange, reply
checked and mapped) and `httpx.AsyncClient.post` of exactly the bytes that the call sent, the reply not looked at.
Cost is CPU time of this process (`time.process_time`) per call, one call at a time; the median of the rounds is
printed, and the ratio. The electricity call's envelope needs two SM2 operations in pure Python; `power_without_sm2`
is the ratio with their time (bench_crypto.py) taken off.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import time
from datetime import timedelta

import httpx
from simulators_apart import simulators_apart

from hub.clock import WallClock
from hub.config import load_configuration, resolve
from hub.domain.order import AccountQuery
from hub.registry import Registry
from hub.sdk.context import Context, Equipment, Sessions
from hub.settings import Settings
from hub.wire import crypto

CALLS, ROUNDS = 60, 7
ACCOUNTS = {"water-city": "0100012345", "power": "3304020012345"}


class Remembering:
    """A transport that keeps the last request."""

    def __init__(self, inner):
        self.inner, self.last = inner, None

    async def exchange(self, request, limits):
        self.last = request
        return await self.inner.exchange(request, limits)


def context(opened, transport) -> Context:
    clock = WallClock()
    equipment = Equipment(
        adapter=opened.adapter,
        mappings=opened.mappings,
        transport=transport,
        clock=clock,
        draw=os.urandom,
        evidence=None,
        sessions=Sessions(),
        limits=opened.limits,
    )
    params = {"gsdm": "0401"} if opened.spec.id == "water-city" else {"org_no": "330402001"}
    deadline = clock.now() + timedelta(hours=1)
    return Context(equipment, "arrears", deadline=deadline, record=lambda _: None, correlation="bench", params=params)


async def measure(opened) -> tuple[float, float]:
    transport = Remembering(opened.transport)
    ctx, adapter = context(opened, transport), opened.adapter
    operation = adapter.operation("arrears")
    dispatched, bare = [], []
    async with httpx.AsyncClient(trust_env=False) as client:
        for number in range(ROUNDS + 1):
            start = time.process_time()
            for each in range(CALLS):
                query = AccountQuery(
                    serial=f"{number:010}{each:010}",
                    request_id=os.urandom(16).hex(),
                    account_no=ACCOUNTS[opened.spec.id],
                )
                if operation.run:
                    await operation.run(adapter, query, ctx)
                else:
                    await ctx.call(operation.message, query)
            dispatched.append((time.process_time() - start) / CALLS * 1e3)
            request = transport.last
            start = time.process_time()
            for _ in range(CALLS):
                await client.post(request.url, headers=list(request.headers), content=request.body)
            bare.append((time.process_time() - start) / CALLS * 1e3)
    await opened.transport.aclose()
    # The first round opens connections, sessions and caches.
    return statistics.median(dispatched[1:]), statistics.median(bare[1:])


def sm2_ms() -> float:
    """CPU of one encryption and one decryption."""
    private = b"\x01" + os.urandom(31)
    public = crypto.sm2_public(private)
    start = time.process_time()
    for _ in range(20):
        crypto.sm2_decrypt(private, crypto.sm2_encrypt(public, b"0" * 16, os.urandom))
    return (time.process_time() - start) / 20 * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    as_json = parser.parse_args().json
    result: dict[str, float] = {}
    with simulators_apart("water", "power") as folder:
        configuration, registry = load_configuration(overlay=folder), Registry.load()
        settings = Settings.read()
        for name in ("water-city", "power"):
            spec = configuration.concessions.by_endpoint[name]
            dispatched, bare = asyncio.run(measure(registry.open(spec, resolve(spec, settings.lookup))))
            result |= {f"{name}_dispatched_ms": dispatched, f"{name}_bare_ms": bare, f"{name}_ratio": dispatched / bare}
    result["power_without_sm2"] = (result["power_dispatched_ms"] - sm2_ms()) / result["power_bare_ms"]
    result = {name: round(value, 2) for name, value in result.items()}
    print(json.dumps(result) if as_json else "\n".join(f"{name:28} {value}" for name, value in result.items()))


if __name__ == "__main__":
    main()
