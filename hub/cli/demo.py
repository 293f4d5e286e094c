"""`hub demo`: a citizen's joint application at three simulated utilities, from submission to its end, in seconds."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.options import AsJson
from hub.errors import Fault, InputError

if TYPE_CHECKING:
    from hub.cli.demo_world import Trouble, World
    from hub.engine.trace import Trace

_REAL_SECONDS = 120.0
_VIRTUAL_DAYS = 15
_GLANCE = 0.15
_SLOW = frozenset({"connect-hang", "dribble"})

Faults = Annotated[
    list[str] | None,
    typer.Option("--fault", metavar="SYSTEM:KIND", help="Let water, power or transit fail, as in water:after-commit."),
]
Keep = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Keep the data in a new folder, for HUB_DATA_DIR=DIR hub trace ...")
]


def demo(
    *,
    fault: Faults = None,
    seed: Annotated[int, typer.Option(metavar="N", help="The same seed gives the same run.")] = 7,
    keep: Keep = None,
    live: Annotated[bool, typer.Option("--live/--no-live", help="Show the case while it moves.")] = True,
    json: AsJson = False,
) -> None:
    """Send one citizen's application to three simulated utilities and show everything that happens."""
    from hub.cli.demo_world import Trouble

    troubles = [Trouble.parse(text) for text in fault or ()]
    if keep is not None and (keep / "hub.db").exists():
        raise InputError(Fault("--keep", "LOCKED", "the folder holds data already; name a new one"))
    summary = asyncio.run(_run(troubles, seed, keep, live=live and sys.stdout.isatty() and not json, as_json=json))
    if not summary.endswith("DECIDED ALL_COMPLETED 3/3"):
        from hub.cli.output import NO

        raise typer.Exit(NO)


async def _run(troubles: list[Trouble], seed: int, keep: Path | None, *, live: bool, as_json: bool) -> str:
    from hub.cli.demo_view import BANNER
    from hub.cli.demo_world import world
    from hub.cli.output import console

    out = console()
    if not as_json:
        out.print(BANNER)
        if any(trouble.kind in _SLOW for trouble in troubles):
            out.print("this fault takes some real seconds: the hub waits for a time limit")
    with tempfile.TemporaryDirectory(prefix="hub-demo-") as folder:
        data = keep or Path(folder) / "data"
        async with world(data, Path(folder) / "config", seed, troubles) as made:
            await _follow(made, out, live=live)
            trace = await made.hub.trace(made.case, reveal="hub demo: synthetic people")
            _show(out, made, trace, live=live, as_json=as_json)
    if keep is not None and not as_json:
        out.print(f"kept: HUB_DATA_DIR={keep} hub trace {trace.case.number}")
    if not as_json:
        typer.echo(trace.case.summary)
    return trace.case.summary


async def _follow(made: World, out: Any, *, live: bool) -> None:
    """Watch the case until it comes to rest, or for so long that it will not."""
    watching = asyncio.create_task(_watch(made, out, live=live))
    patience = asyncio.create_task(made.clock.sleep(_VIRTUAL_DAYS * 86400))
    try:
        await asyncio.wait({watching, patience}, timeout=_REAL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if watching.done():
            watching.result()
    finally:
        watching.cancel()
        patience.cancel()
        await asyncio.gather(watching, patience, return_exceptions=True)


async def _watch(made: World, out: Any, *, live: bool) -> None:
    from rich.live import Live

    from hub.cli.demo_view import standing

    first = standing(await made.hub.case(made.case), made.clock.now())
    shown: Any = Live(first, console=out, auto_refresh=False) if live else nullcontext()
    with shown:
        async for _ in made.hub.watch(made.case):
            if not live:
                continue
            # Virtual time stands still for a glance, or nobody could follow.
            with made.clock.busy():
                shown.update(standing(await made.hub.case(made.case), made.clock.now()), refresh=True)
                await asyncio.sleep(_GLANCE)


def _show(out: Any, made: World, trace: Trace, *, live: bool, as_json: bool) -> None:
    from hub.cli.caseview import case_document
    from hub.cli.demo_view import show, standing
    from hub.cli.output import print_json

    if as_json:
        print_json(
            {
                "case": case_document(trace.case),
                "events": [event.model_dump(mode="json") for event in trace.events],
                "tasks": [task.model_dump(mode="json") for task in trace.tasks],
                "ledger": made.ledger(),
                "summary": trace.case.summary,
            }
        )
        return
    if not live:
        out.print(standing(trace.case, made.clock.now()))
    show(out, trace, made.ledger())
