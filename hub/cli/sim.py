"""`hub sim`: the simulated utilities as one process, for trying things out from other programs."""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.options import AsJson, example

if TYPE_CHECKING:
    from hub.clock import WallClock
    from hub.config import Configuration

_FILE = Path("endpoints.d") / "simulators.yaml"
_SHOWN = ("exchange_dir", "base_url", "host", "port", "username", "dialect", "app_key", "sign_key", "key_version")

app = typer.Typer(
    help="Simulated utilities 模拟: their real protocols, with synthetic people and TEST keys.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback()
def _sim() -> None:
    """Keep `up` a command of its own: a group of one would swallow its name."""


@dataclass(frozen=True, slots=True)
class Profile:
    """The knobs of every simulator, in the shape in which they read them."""

    seed: int = 7
    pace: float = 1.0
    always_open: bool = False
    extra: dict[str, Any] = field(default_factory=dict)


@app.command(
    epilog=example(
        "hub sim up --write ./sims --pace 0.05 --clock 2026-11-24T09:00:00+08:00@*120",
        "(it prints the variables with which `hub submit` reaches the simulators at the same time of day)",
    )
)
def up(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Which ones; all if none is named.")
    ] = None,
    *,
    write: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write endpoints into a configuration folder, for HUB_CONFIG_DIR."),
    ] = None,
    pace: Annotated[
        float, typer.Option(metavar="P", min=0.0, help="Factor on how long the utilities' own work takes.")
    ] = 1.0,
    clock: Annotated[
        str | None,
        typer.Option(
            metavar="SPEC",
            help="START@ORIGIN*RATE, as in HUB_CLOCK; @*60 begins now, 60 times as fast. Default: the time of day.",
        ),
    ] = None,
    always_open: Annotated[bool, typer.Option("--always-open", help="Ignore the utilities' closing hours.")] = False,
    json: AsJson = False,
) -> None:
    """Start simulators on free local ports and run them until Ctrl-C."""
    profile = Profile(pace=pace, always_open=always_open)
    asyncio.run(_up(list(names or ()), write, clock, profile, as_json=json))


async def _up(names: list[str], write: Path | None, given: str | None, profile: Profile, *, as_json: bool) -> None:
    from hub.cli import sims
    from hub.config import load_configuration

    clock = _clock(given)
    stopped = _stop_signals()
    configuration = load_configuration()
    async with AsyncExitStack() as stack:
        running = await sims.start(stack, names or sims.names(), clock=clock, profile=profile)
        connections = sims.connections(configuration, running)
        written = write_endpoints(write, configuration, connections) if write is not None else None
        shared = None if given is None else clock.spec
        _announce(running, connections, written, shared, as_json=as_json)
        await stopped.wait()


def write_endpoints(folder: Path, configuration: Configuration, connections: dict[str, dict[str, Any]]) -> Path:
    """Write the endpoints with these connections in place of their own configuration; all else stays as it was."""
    import yaml

    specs = [configuration.concessions.by_endpoint[name] for name in connections]
    entries = [
        {**spec.model_dump(mode="json", exclude_none=True), "simulated": True, "config": connections[spec.id]}
        for spec in specs
    ]
    path = folder / _FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    head = "# Written by `hub sim up`: simulators 模拟 of this machine, with TEST keys; good while they run.\n"
    text = yaml.safe_dump({"endpoints": entries}, allow_unicode=True, sort_keys=False, width=120)
    path.write_text(head + text, encoding="utf-8")
    return path


def _announce(
    running: dict[str, Any],
    connections: dict[str, dict[str, Any]],
    written: Path | None,
    clock: str | None,
    *,
    as_json: bool,
) -> None:
    from hub.cli.output import console, print_json, table

    if as_json:
        controls = {name: each.control_port for name, each in running.items()}
        named = {"simulators": controls, "endpoints": connections, "written": str(written) if written else None}
        print_json({**named, "clock": clock}, indent=None)
        return
    out = console()
    out.print("模拟 simulated utilities: synthetic people, TEST keys; nothing here reaches a real utility")
    systems = table("simulator", "name", "port", "control port (/__sim__/)")
    for name, each in running.items():
        systems.add_row(name, each.label_zh, str(each.port or "-"), str(each.control_port))
    out.print(systems)
    shown = table("endpoint", "how it is reached (TEST)")
    for name, config in connections.items():
        shown.add_row(name, "  ".join(f"{key}={config[key]}" for key in _SHOWN if key in config))
    out.print(shown)
    if written is not None:
        variables = f"HUB_CONFIG_DIR={written.parent.parent}" + (f" HUB_CLOCK='{clock}'" if clock else "")
        typer.echo(f"wrote {written}; in another terminal:\n  {variables} hub submit application.json --wait")
    out.print("Ctrl-C stops them")
    sys.stdout.flush()


def _clock(spec: str | None) -> WallClock:
    from hub.clock import WallClock
    from hub.errors import Fault, InputError

    if spec is None:
        return WallClock()
    try:
        return WallClock.parse(spec)
    except ValueError:
        text = "write START@ORIGIN*RATE, such as 2026-11-24T09:00:00+08:00@1795400000*60"
        raise InputError(Fault("--clock", "VAL_FORMAT", text)) from None


def _stop_signals() -> asyncio.Event:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stopped.set)
    return stopped
