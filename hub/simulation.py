"""Simulators found by entry points, and a hub that runs on them: to try things out, and for tests."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from hub.bootstrap import Hub
from hub.clock import SHANGHAI, Clock, VirtualClock
from hub.config import Configuration, load_configuration
from hub.errors import Fault, InputError
from hub.settings import Settings

START = datetime(2026, 11, 24, 9, 0, tzinfo=SHANGHAI)


@dataclass(frozen=True, slots=True)
class Simulated:
    """A hub and the simulators it runs on, by name, all on one clock."""

    hub: Hub
    simulators: dict[str, Any]
    clock: Clock


def names() -> list[str]:
    """The simulators that are installed."""
    return sorted(entry.name for entry in entry_points(group="hub.simulators"))


def load(name: str) -> Any:
    """A simulator's class. Raises InputError naming those that exist."""
    for entry in entry_points(group="hub.simulators", name=name):
        return entry.load()
    raise InputError(Fault("NAME", "VAL_CODE", f"there is no simulator {name!r}; there are: {', '.join(names())}"))


async def start(
    stack: AsyncExitStack, wanted: Sequence[str], clock: Clock | None = None, **options: Any
) -> dict[str, Any]:
    """Start simulators on free loopback ports; they stop with the stack."""
    given = {**options, **({"clock": clock} if clock is not None else {})}
    return {name: await stack.enter_async_context(load(name)(**given)) for name in wanted}


def connections(configuration: Configuration, running: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The configuration of every endpoint whose system is being simulated."""
    found: dict[str, dict[str, Any]] = {}
    for concession in configuration.concessions.concessions:
        spec = configuration.concessions.by_endpoint.get(concession.endpoint or "")
        if spec is not None and spec.adapter in running:
            found.setdefault(spec.id, running[spec.adapter].connection(**concession.params))
    return found


@asynccontextmanager
async def simulated(
    *wanted: str,
    clock: Clock | None = None,
    data_dir: Path | None = None,
    config: Path | None = None,
    **options: Any,
) -> AsyncIterator[Simulated]:
    """Open a hub on simulators in this process; time jumps over waiting, so days take seconds.

    Args:
        wanted: names of simulators; all that are installed if none is named.
        clock: instead of a virtual clock that starts on a Tuesday at nine in Jiaxing.
        data_dir: where to keep the data; a temporary folder if not given.
        config: a folder whose files replace the shipped configuration's.
        options: for the simulators (`profile`, `control_port`, …).
    """
    time = clock or VirtualClock(START)
    async with AsyncExitStack() as stack:
        folder = data_dir or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hub-")))
        running = await start(stack, wanted or names(), time, **options)
        settings = Settings.read(data_dir=folder, callback_port=0, database_url=None, shutdown_seconds=1)
        reached = connections(load_configuration(overlay=config), running)
        hub = await stack.enter_async_context(
            Hub.open(config, settings=settings, clock=time, connections=reached, only_connections=True)
        )
        yield Simulated(hub, running, time)
