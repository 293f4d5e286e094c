"""Hubs that reach the toy utility under the name of the city's water company."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import yaml

from hub import Hub, Settings, example_case
from hub.clock import VirtualClock
from hub.config import load_configuration
from hub.registry import Found, Registry
from tests.toy.adapter import ToyAdapter
from tests.toy.server import ToyServer

MAPPINGS = Path(__file__).parent / "mappings"
TUESDAY = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


def registry(*adapters):
    found = adapters or (ToyAdapter,)
    return Registry(tuple(Found(each.spec.id, "tests", each) for each in found), (MAPPINGS,))


def overlay(folder, **changes):
    """A configuration folder in which both city companies run on the toy adapter."""
    spec = {
        "adapter": "toy",
        "config": {"base_url": "http://127.0.0.1:1"},
        "limits": {
            "concurrency": 4,
            "rate_per_second": 1000,
            "connect_seconds": 0.5,
            "read_seconds": 0.5,
            "total_seconds": 1.0,
        },
        "retry": {"attempts": 50, "base_seconds": 5, "cap_seconds": 600, "deadline_hours": 48},
        "poll": {"every_minutes": 30},
        **changes,
    }
    endpoints = [{"id": name, **spec} for name in ("water-city", "water-haining")]
    (folder / "endpoints.d").mkdir(parents=True, exist_ok=True)
    (folder / "endpoints.d" / "toy.yaml").write_text(yaml.safe_dump({"endpoints": endpoints}))
    return folder


@asynccontextmanager
async def toy_hub(folder, server, clock, **options):
    changes = options.pop("changes", {})
    adapter = options.pop("adapter", ToyAdapter)
    settings = Settings(data_dir=folder / "data", callback_port=0, shutdown_seconds=1)
    async with Hub.open(
        overlay(folder / "config", **{"adapter": adapter.spec.id, **changes}),
        settings=settings,
        clock=clock,
        connections={"water-city": {"base_url": server.url}, **options.pop("connections", {})},
        registry=registry(adapter),
        **options,
    ) as hub:
        yield hub


@asynccontextmanager
async def city(folder, **options):
    """A clock, a toy server and a hub together."""
    clock = VirtualClock(TUESDAY)
    made = options.pop("server", ToyServer)(clock)
    async with made as server, toy_hub(folder, server, clock, **options) as hub:
        yield clock, server, hub


def application(*codes, request_id=None, **changes):
    made = example_case(codes or ("JX6-WAT-01",), "individual", load_configuration().catalogue)
    return made.with_(**({"request_id": request_id} if request_id else {}), **changes)
