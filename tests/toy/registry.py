"""The toy utility in the place of the real-estate registry: the lead of the home transfer."""

from __future__ import annotations

from contextlib import asynccontextmanager

import yaml

from adapters.power.adapter import PowerAdapter
from adapters.water.adapter import WaterAdapter
from hub import Hub, Settings, example_case
from hub.clock import VirtualClock
from hub.config import load_configuration
from hub.registry import Found, Registry, shipped_mappings
from hub.sdk import BusinessKey, Context, Outcome, ServiceOrder, outcome_of, write
from hub.simulation import connections, start
from simulators.kit.simulator import Profile
from tests.toy.bundled import BundledAdapter, BundledServer
from tests.toy.hubs import MAPPINGS, TUESDAY

HOME = ("JX6-RE-01", "JX6-WAT-01", "JX6-ELE-05")
THEME = "JX6-TH-01"


class RegistryAdapter(BundledAdapter):
    manifest = "registry.yaml"

    @write(
        "accept",
        serves=("QZ_SQ",),
        message="accept",
        idempotency=BusinessKey("account_no"),
        inquiry="find",
        follow="progress",
    )
    async def accept(self, order: ServiceOrder, ctx: Context) -> Outcome:
        return outcome_of(await ctx.call("accept", order))


def write_registry(folder):
    """A configuration folder in which the registry runs on the toy adapter; the rest is as shipped."""
    folder.mkdir(parents=True, exist_ok=True)
    shipped = load_configuration()
    rows = [each.model_dump(mode="json", exclude_none=True) for each in shipped.concessions.concessions]
    rows = [row for row in rows if row["field"] != "realty"]
    rows.append({"provider": "realty", "field": "realty", "divisions": ["3304"], "endpoint": "registry"})
    (folder / "concessions.yaml").write_text(yaml.safe_dump({"concessions": rows}, allow_unicode=True))
    spec = {"id": "registry", "adapter": "toy-registry", "config": {"base_url": "http://127.0.0.1:1"}}
    (folder / "endpoints.d").mkdir(exist_ok=True)
    (folder / "endpoints.d" / "registry.yaml").write_text(
        yaml.safe_dump({"endpoints": [{**spec, "poll": {"every_minutes": 10}}]})
    )
    return folder


@asynccontextmanager
async def home_transfer(folder):
    """A clock, the registry, the water and power simulators by name, and a hub on all of them."""
    from contextlib import AsyncExitStack

    clock = VirtualClock(TUESDAY)
    async with AsyncExitStack() as stack:
        registry = await stack.enter_async_context(BundledServer(clock))
        registry.stuck = "work"
        running = await start(stack, ("water", "power"), clock, profile=Profile(pace=0.04, always_open=True))
        config = write_registry(folder / "config")
        reached = connections(load_configuration(overlay=config), running)
        adapters = (WaterAdapter, PowerAdapter, RegistryAdapter)
        found = Registry(tuple(Found(each.spec.id, "tests", each) for each in adapters), (MAPPINGS, shipped_mappings()))
        hub = await stack.enter_async_context(
            Hub.open(
                config,
                settings=Settings(data_dir=folder / "data", callback_port=0, shutdown_seconds=1),
                clock=clock,
                connections={**reached, "registry": {"base_url": registry.url}},
                only_connections=True,
                registry=found,
            )
        )
        yield clock, registry, running, hub


def transfer(*items, **changes):
    made = example_case(items or HOME, "individual", load_configuration().catalogue)
    return made.with_(theme=THEME, evidence=tuple(each.with_(ref=None) for each in made.evidence), **changes)
