"""`hub trace`: everything that happened to a case, with the messages; masked unless a reason is given."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.options import AsJson, CaseNumber

if TYPE_CHECKING:
    from hub.engine.trace import TaskTrace, Trace

Task = Annotated[str | None, typer.Option("--task", metavar="N", help="Only this task: its number, or 1, 2, ...")]
Reveal = Annotated[
    str | None, typer.Option(metavar="REASON", help="Show personal data. The reason goes on record in the log.")
]


def trace(number: CaseNumber, *, task: Task = None, reveal: Reveal = None, json: AsJson = False) -> None:
    """Show a case's events and every message, canonical and as it stood on the wire. Personal data is masked."""
    from hub.cli.caseview import case_document, task_number
    from hub.cli.opening import filed_hub
    from hub.cli.output import print_json
    from hub.errors import Fault, InputError

    if reveal is not None and not reveal.strip():
        raise InputError(Fault("--reveal", "VAL_REQUIRED", "write the reason for seeing personal data"))

    async def ask() -> Trace:
        async with filed_hub(run=False) as hub:
            return await hub.trace(number, reveal=reveal)

    found = asyncio.run(ask())
    chosen = task_number(found.case, task) if task is not None else None
    events = tuple(event for event in found.events if chosen in {None, event.task})
    tasks = tuple(each for each in found.tasks if chosen in {None, each.number})
    if json:
        document = found.model_dump(mode="json", exclude={"case", "events", "tasks"})
        document["case"] = case_document(found.case)
        document["events"] = [event.model_dump(mode="json") for event in events]
        document["tasks"] = [each.model_dump(mode="json") for each in tasks]
        print_json(document)
    else:
        _show(found, events, tasks)


def _show(found: Trace, events: Any, tasks: tuple[TaskTrace, ...]) -> None:
    from rich.rule import Rule

    from hub.cli.caseview import case_table, event_table
    from hub.cli.output import console

    out = console()
    out.print(case_table(found.case))
    out.print(event_table(found.case, events, title="Events"))
    for each in tasks:
        out.print(Rule(f"task {each.number}", align="left"))
        _show_exchanges(out, each)
    if found.masked:
        out.print("personal data is masked; --reveal REASON shows it and goes on record")
    out.print(found.case.summary)


def _show_exchanges(out: Any, task: TaskTrace) -> None:
    """Each message as it went out and came back; what carried the order stands beside its canonical form."""
    from hub.cli.messages import side_by_side, wire_text

    for command, exchange in task.exchanges:
        ended = f"HTTP {exchange['status']}" if exchange.get("status") else exchange.get("failure") or ""
        out.print(f"\n{command}  {exchange['message']}  {exchange['phase']} {ended}  {exchange['started_at']}")
        request, response = exchange.get("request"), exchange.get("response")
        if request and exchange["effect"]:
            out.print(side_by_side(task.canonical, request))
        elif request:
            out.print(wire_text(request))
        else:
            out.print("its content is secret and was not kept")
        if response:
            out.print("answer:")
            out.print(wire_text(response))
