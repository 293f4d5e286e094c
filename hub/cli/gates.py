"""`hub gate` and `hub recheck`: what the window says of a bundle's gates, and has asked again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.cases import STORED
from hub.cli.options import AsJson, CaseNumber, OneTask

if TYPE_CHECKING:
    from hub.domain.case import Case

Passed = Annotated[
    bool,
    typer.Option("--open/--failed", help="The survey was held, the registration is entered; or never will be."),
]
Note = Annotated[str | None, typer.Option(metavar="TEXT", help="What to keep with it: who said so, on what proof.")]


def gate(number: CaseNumber, *, passed: Passed, note: Note = None, json: AsJson = False) -> None:
    """Say that a gate which no task of the case opens is open, or has failed: its tasks are sent, or cancelled."""
    from hub.cli.opening import filed_hub

    async def tell() -> Case:
        async with filed_hub(run=False) as hub:
            return await hub.gate(number, passed=passed, note=note)

    _show(asyncio.run(tell()), as_json=json)


def recheck(number: CaseNumber, *, task: OneTask = None, json: AsJson = False) -> None:
    """Have the pre-checks of waiting tasks made again as soon as a hub runs: an obstacle is said to be gone."""
    from hub.cli.caseview import task_number
    from hub.cli.opening import filed_hub

    async def ask() -> Case:
        async with filed_hub(run=False) as hub:
            one = task_number(await hub.case(number), task) if task is not None else None
            return await hub.recheck(number, one)

    _show(asyncio.run(ask()), as_json=json)


def _show(case: Case, *, as_json: bool) -> None:
    from hub.cli.caseview import case_document, case_table
    from hub.cli.output import console, print_json

    if as_json:
        print_json(case_document(case))
        return
    console().print(case_table(case))
    if any(not task.state.final for task in case.tasks):
        typer.echo(STORED.format(case.number))
    typer.echo(case.summary)
