"""Simulators for the command line: found by entry points, connected to the endpoints of a configuration."""

from __future__ import annotations

from contextlib import AsyncExitStack
from importlib.metadata import entry_points
from typing import Any

from hub.clock import Clock
from hub.config import Configuration
from hub.errors import Fault, InputError


def names() -> list[str]:
    """The simulators that are installed."""
    return sorted(entry.name for entry in entry_points(group="hub.simulators"))


def load(name: str) -> Any:
    """A simulator's class. Raises InputError naming those that exist."""
    for entry in entry_points(group="hub.simulators", name=name):
        return entry.load()
    raise InputError(Fault("NAME", "VAL_CODE", f"there is no simulator {name!r}; there are: {', '.join(names())}"))


async def start(stack: AsyncExitStack, wanted: list[str], clock: Clock | None = None, **options: Any) -> dict[str, Any]:
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
