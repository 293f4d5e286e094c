"""The demonstration's world: a hub and simulated utilities on one virtual clock, and a citizen's application."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from hub.bootstrap import Hub
from hub.cli import logs, sims
from hub.cli.sim import Profile
from hub.clock import VirtualClock
from hub.config import Configuration, load_configuration
from hub.domain.application import Application
from hub.domain.evidence import Evidence
from hub.domain.example import example_case
from hub.domain.provider import EndpointLimits
from hub.errors import Fault, InputError
from hub.settings import Settings

SYSTEMS = ("water", "power", "transit")
ITEMS = ("JX6-WAT-01", "JX6-ELE-05", "JX6-BUS-03")
START = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)  # a Tuesday, 09:00 in Jiaxing
_DIVISION = "330402007"
_OUTAGE = timedelta(minutes=10)
# A fault may take a whole time limit of real seconds; nobody watches twenty.
_HURRIED = EndpointLimits(concurrency=1, connect_seconds=2, read_seconds=3, total_seconds=6)


@dataclass(frozen=True, slots=True)
class Trouble:
    """A fault that one system is to commit."""

    system: str
    kind: str

    @classmethod
    def parse(cls, text: str) -> Trouble:
        """Read `water:after-commit`. Raises InputError naming the systems."""
        system, colon, kind = text.partition(":")
        if system not in SYSTEMS or not colon:
            raise InputError(Fault("--fault", "VAL_CODE", f"write SYSTEM:KIND; systems are {', '.join(SYSTEMS)}"))
        return cls(system, kind)


@dataclass(frozen=True, slots=True)
class World:
    """Everything that takes part. `kinds` arms a fault."""

    hub: Hub
    clock: VirtualClock
    systems: dict[str, Any]
    _lifting: list[Any] = field(default_factory=list)

    def ledger(self) -> dict[str, dict[str, int]]:
        """What each utility really did: the judge of "exactly once"."""
        return {name: each.ledger.summary() for name, each in self.systems.items()}


@asynccontextmanager
async def world(data: Path, config: Path, seed: int, troubles: list[Trouble]) -> AsyncIterator[World]:
    """Start the simulators and a hub that knows only them.

    Raises:
        InputError: a trouble is of a kind that its system does not know; the kinds are named.
    """
    clock = VirtualClock(START)
    async with AsyncExitStack() as stack:
        systems = await sims.start(stack, list(SYSTEMS), clock=clock, profile=Profile(seed=seed))
        for trouble in troubles:
            _arm(systems[trouble.system], trouble, clock)
        _write_endpoints(config, load_configuration(), systems, hurried=bool(troubles))
        settings = _settings(data, config)
        logs.configure(settings, level="CRITICAL")
        opened = Hub.open(settings=settings, clock=clock, draw=random.Random(seed).randbytes)  # noqa: S311 -- the same seed gives the same run; the keys guard synthetic data
        hub = await stack.enter_async_context(opened)
        yield World(hub, clock, systems)
