"""`hub preview`, `submit`, `case` and `cancel`: an application, from the first look to its end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import typer

from hub.cli.options import ApplicationFile, AsJson, CaseNumber, ConfigFolder, OneTask, Timeout, Wait
from hub.cli.verify import Assertion

if TYPE_CHECKING:
    from hub.bootstrap import Hub
    from hub.domain.case import Case
    from hub.domain.issue import Issue
    from hub.engine.preview import Preview
    from hub.errors import Fault

STORED = "stored; it is sent while a hub runs on this data folder (hub case {} --wait, or your application)"


def preview(file: ApplicationFile, *, config: ConfigFolder = None, json: AsJson = False) -> None:
    """Show the exact message that each item would send. Nothing is sent or stored; your data is not masked."""
    from hub.cli.opening import looking_hub
    from hub.cli.output import NO, print_json
    from hub.cli.reading import read_application

    application = read_application(file)

    async def ask() -> tuple[Preview, ...]:
        async with looking_hub(config) as hub:
            return await hub.preview(application)

    shown = asyncio.run(ask())
    if json:
        print_json([each.model_dump(mode="json") for each in shown])
    else:
        _show_previews(shown)
    if any(each.error for each in shown):
        raise typer.Exit(NO)


def validate(file: ApplicationFile, *, config: ConfigFolder = None, json: AsJson = False) -> None:
    """Tell every fault for which an application would be refused: field, rule, and what is wanted. Ends with 1 then."""
    from hub.cli.opening import looking_hub
    from hub.cli.output import NO, fault_list, print_json
    from hub.cli.reading import read_application

    application = read_application(file)

    async def ask() -> tuple[Fault, ...]:
        async with looking_hub(config) as hub:
            return hub.validate(application)

    faults = asyncio.run(ask())
    if json:
        print_json({"faults": fault_list(faults)})
    else:
        for fault in faults:
            typer.echo(str(fault))
        typer.echo(f"{len(faults)} faults" if len(faults) != 1 else "1 fault")
    if faults:
        raise typer.Exit(NO)


def submit(
    file: ApplicationFile,
    *,
    assertion: Assertion = None,
    wait: Wait = False,
    timeout: Timeout = 120.0,
    json: AsJson = False,
) -> None:
    """Take an application. It is durable when this prints its number; the same file again gives the same case."""
    from hub.cli.opening import user_hub
    from hub.cli.reading import read_application

    application = read_application(file)
    if assertion is not None:
        application = application.with_(assertion=assertion)

    async def ask() -> tuple[Case, bool]:
        async with user_hub(run=wait) as hub:
            case = await hub.submit(application)
            return await end(hub, case, timeout) if wait else (case, True)

    answer(*asyncio.run(ask()), wait=wait, as_json=json, hint=STORED)


def case(number: CaseNumber, *, wait: Wait = False, timeout: Timeout = 120.0, json: AsJson = False) -> None:
    """Show a case and its tasks as they stand."""
    from hub.cli.opening import filed_hub

    async def ask() -> tuple[Case, bool, tuple[Issue, ...]]:
        async with filed_hub(run=wait) as hub:
            found = await hub.case(number)
            ended, in_time = await end(hub, found, timeout) if wait else (found, True)
            return ended, in_time, await hub.issues(number)

    shown, in_time, issues = asyncio.run(ask())
    answer(shown, in_time, wait=wait, as_json=json, issues=issues)


def cancel(
    number: CaseNumber, *, task: OneTask = None, wait: Wait = False, timeout: Timeout = 120.0, json: AsJson = False
) -> None:
    """Ask to cancel a case or one of its tasks. What is not sent yet is cancelled at once, the rest is asked for."""
    from hub.cli.caseview import task_number
    from hub.cli.opening import filed_hub

    async def ask() -> tuple[Case, bool]:
        async with filed_hub(run=wait) as hub:
            one = task_number(await hub.case(number), task) if task is not None else None
            found = await hub.cancel(number, one)
            return await end(hub, found, timeout) if wait else (found, True)

    answer(*asyncio.run(ask()), wait=wait, as_json=json, hint=STORED)


async def end(hub: Hub, case: Case, seconds: float) -> tuple[Case, bool]:
    """Wait for a case; tells whether it settled in time."""
    try:
        return await hub.wait(case.number, seconds=seconds), True
    except TimeoutError:
        return await hub.case(case.number), False


def answer(
    case: Case, in_time: bool, *, wait: bool, as_json: bool, hint: str = "", issues: tuple[Issue, ...] = ()
) -> None:
    from hub.cli.caseview import case_document, case_table, issue_document, output_table
    from hub.cli.output import NO, console, print_json
    from hub.domain.states import CaseState

    if as_json:
        print_json({**case_document(case), "receipts": [issue_document(each) for each in issues]})
    else:
        console().print(case_table(case))
        if (results := output_table(case)) is not None:
            console().print(results)
        for each in issues:
            given = f", handed out by {each.deliveries[-1].method}" if each.deliveries else ""
            typer.echo(f"receipt {each.receipt.seq} ({each.receipt.stage}): {each.receipt.summary}{given}")
        if not in_time:
            typer.echo(f"not settled in time: hub case {case.number} --wait goes on")
        elif hint and not wait and any(not task.state.final for task in case.tasks):
            typer.echo(hint.format(case.number))
        typer.echo(case.summary)
    decided = {CaseState.DECIDED, CaseState.DELIVERED, CaseState.ARCHIVED, CaseState.WITHDRAWN, CaseState.EXPIRED}
    if wait and case.state not in decided:
        raise typer.Exit(NO)


def _show_previews(shown: tuple[Preview, ...]) -> None:
    from rich.rule import Rule

    from hub.cli.messages import side_by_side
    from hub.cli.output import console

    out = console()
    for each in shown:
        out.print(Rule(f"{each.item} -> {each.endpoint} ({each.interface}) {each.message}", align="left"))
        if each.error:
            out.print(f"cannot be written: {each.error}")
            continue
        out.print(side_by_side(each.canonical, each.wire, mapped=each.mapped))
    if not shown:
        out.print("nothing to send")
