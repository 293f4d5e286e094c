"""`hub demo`: a one-thing bundle on simulated utilities, from the identity check to the joint receipt, in seconds."""

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
    from hub.cli.demo_story import Prepared, Story
    from hub.cli.demo_world import Trouble, World
    from hub.domain.issue import Issue
    from hub.engine.trace import Trace

_REAL_SECONDS = 120.0
_VIRTUAL_DAYS = 60
_DEFAULT = "JX6-TH-01"
_GLANCE = 0.15
_SLOW = frozenset({"connect-hang", "dribble"})

Faults = Annotated[
    list[str] | None,
    typer.Option("--fault", metavar="SYSTEM:KIND", help="Let a system fail at its next effect: water:after-commit."),
]
Keep = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Keep the data in a new folder, for HUB_DATA_DIR=DIR hub trace ...")
]

Theme = Annotated[
    str, typer.Option("--story", metavar="T", help="A bundle of the catalogue, JX6-TH-01 (home transfer) to -06.")
]
More = Annotated[
    list[str] | None, typer.Option("--with", metavar="ITEM", help="Apply for this item, too, as in JX6-CTV-03.")
]


def demo(
    *,
    story: Theme = _DEFAULT,
    more: More = None,
    fault: Faults = None,
    seed: Annotated[int, typer.Option(metavar="N", help="The same seed gives the same run.")] = 7,
    keep: Keep = None,
    live: Annotated[bool, typer.Option("--live/--no-live", help="Show the case while it moves.")] = True,
    json: AsJson = False,
) -> None:
    """Play a one-thing bundle: identity, accounts, one form, pre-checks, gate, all utilities, one receipt."""
    from hub.cli.demo_story import story as told_by
    from hub.cli.demo_world import Trouble
    from hub.config import load_configuration

    told = told_by(story, more or (), load_configuration().catalogue)
    troubles = [Trouble.parse(text) for text in fault or ()]
    if keep is not None and (keep / "hub.db").exists():
        raise InputError(Fault("--keep", "LOCKED", "the folder holds data already; name a new one"))
    watched = live and sys.stdout.isatty() and not json
    summary = asyncio.run(_run(told, troubles, seed, keep, live=watched, as_json=json))
    if f"DECIDED ALL_COMPLETED {len(told.items)}/{len(told.items)}" not in summary:
        from hub.cli.output import NO

        raise typer.Exit(NO)


async def _run(told: Story, troubles: list[Trouble], seed: int, keep: Path | None, *, live: bool, as_json: bool) -> str:
    from hub.cli.demo_counter import show_counter
    from hub.cli.demo_story import prepare
    from hub.cli.demo_view import BANNER
    from hub.cli.demo_world import arm, check, world
    from hub.cli.output import console

    out = console()
    if not as_json:
        out.print(BANNER)
        if any(trouble.kind in _SLOW for trouble in troubles):
            out.print("this fault takes some real seconds: the hub waits for a time limit")
    with tempfile.TemporaryDirectory(prefix="hub-demo-") as folder:
        data = keep or Path(folder) / "data"
        async with world(data, Path(folder) / "config", seed, told.systems, troubles) as made:
            check(made, troubles)
            prepared = await prepare(made, told)
            if not as_json:
                show_counter(out, prepared, made.hub.configuration.catalogue)
            with arm(made, troubles):
                case = await made.hub.submit(prepared.application)
                await _follow(made, case.number, out, live=live)
            issue = await made.hub.issue(case.number)
            if keep is not None:
                (keep / "receipt.pdf").write_bytes(await made.hub.receipt_file(issue))
            trace = await made.hub.trace(case.number, reveal="hub demo: synthetic people")
            _show(out, made, trace, prepared, issue, live=live, as_json=as_json)
    if keep is not None and not as_json:
        out.print(f"kept: HUB_DATA_DIR={keep} hub trace {trace.case.number}; the receipt is {keep / 'receipt.pdf'}")
    if not as_json:
        typer.echo(trace.case.summary)
    return trace.case.summary


async def _follow(made: World, number: str, out: Any, *, live: bool) -> None:
    """Watch the case until nobody has anything to do, or for so long that it will not end."""
    from hub.cli.demo_attend import attend

    async def to_its_end() -> None:
        await _watch(made, number, out, live=live)
        while await attend(made.hub, number):
            await _watch(made, number, out, live=live)

    watching = asyncio.create_task(to_its_end())
    patience = asyncio.create_task(made.clock.sleep(_VIRTUAL_DAYS * 86400))
    try:
        await asyncio.wait({watching, patience}, timeout=_REAL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if watching.done():
            watching.result()
    finally:
        watching.cancel()
        patience.cancel()
        await asyncio.gather(watching, patience, return_exceptions=True)


async def _watch(made: World, number: str, out: Any, *, live: bool) -> None:
    from rich.live import Live

    from hub.cli.demo_view import standing

    first = standing(await made.hub.case(number), made.clock.now())
    shown: Any = Live(first, console=out, auto_refresh=False) if live else nullcontext()
    with shown:
        async for _ in made.hub.watch(number):
            if not live:
                continue
            # Virtual time stands still for a glance, or nobody could follow.
            with made.clock.busy():
                shown.update(standing(await made.hub.case(number), made.clock.now()), refresh=True)
                await asyncio.sleep(_GLANCE)


def _show(out: Any, made: World, trace: Trace, prepared: Prepared, issue: Issue, *, live: bool, as_json: bool) -> None:
    from hub.cli.caseview import case_document
    from hub.cli.demo_counter import counter_document, receipt_line
    from hub.cli.demo_view import show, standing
    from hub.cli.output import print_json

    if as_json:
        print_json(
            {
                "window": counter_document(prepared),
                "case": case_document(trace.case),
                "events": [event.model_dump(mode="json") for event in trace.events],
                "tasks": [task.model_dump(mode="json") for task in trace.tasks],
                "ledger": made.ledger(),
                "receipt": issue.model_dump(mode="json", exclude={"file"}),
                "summary": trace.case.summary,
            }
        )
        return
    if not live:
        out.print(standing(trace.case, made.clock.now()))
    show(out, trace, made.ledger())
    out.print(receipt_line(issue))
