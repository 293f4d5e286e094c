"""`hub reconcile`: a day's money here against the utilities' own files of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.options import AsJson

if TYPE_CHECKING:
    from datetime import date

    from hub.domain.reconciliation import Difference, ReconciliationRun


def reconcile(
    day: Annotated[str, typer.Option("--date", metavar="YYYY-MM-DD", help="The business day.")],
    *,
    endpoint: Annotated[
        str | None, typer.Option("--endpoint", metavar="ID", help="Only this utility's system.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Compare a day's payments and reversals with each utility's file of that day; ends with 1 unless all agree."""
    from hub.cli.opening import filed_hub
    from hub.cli.output import NO, print_json

    on = _day(day)

    async def ask() -> tuple[ReconciliationRun, ...]:
        async with filed_hub(run=False) as hub:
            return await hub.reconcile(on, endpoint)

    runs = asyncio.run(ask())
    if json:
        print_json([each.model_dump(mode="json") | {"agrees": each.agrees} for each in runs])
    else:
        _show(runs)
    if not all(each.agrees for each in runs):
        raise typer.Exit(NO)


def _show(runs: tuple[ReconciliationRun, ...]) -> None:
    from hub.cli.caseview import error_text
    from hub.cli.output import console, table
    from hub.domain.money import format_yuan

    sums = table("system", "ours", "yuan", "theirs", "yuan", "differences")
    for run in runs:
        told = error_text(run.error) if run.error else str(len(run.differences) or "agrees")
        sides = (text for side in (run.ours, run.theirs) for text in (str(side.count), format_yuan(side.sum_fen)))
        sums.add_row(run.endpoint, *sides, told)
    console().print(sums)
    if any(run.differences for run in runs):
        found = table("system", "difference", "task", "ours", "theirs", "what resolves it")
        for run in runs:
            for each in run.differences:
                found.add_row(run.endpoint, *_row(each))
        console().print(found)
    agreeing = sum(run.agrees for run in runs)
    typer.echo(f"{agreeing} of {len(runs)} agree")


def _row(difference: Difference) -> tuple[str, ...]:
    from hub.domain.money import format_yuan

    def side(fen: int | None, state: str | None) -> str:
        return " ".join(each for each in (format_yuan(fen) if fen is not None else "", state or "") if each) or "-"

    return (
        f"{difference.kind.value} {difference.kind.rule.message_zh}",
        difference.task or difference.serial or difference.provider_ref or "-",
        side(difference.ours_fen, difference.ours_state),
        side(difference.theirs_fen, difference.theirs_state),
        f"{difference.resolution.value} {difference.resolution.label_zh}",
    )


def _day(text: str) -> date:
    from datetime import date

    from hub.errors import Fault, InputError

    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(Fault("--date", "VAL_FORMAT", "write a day as 2026-11-24")) from None
