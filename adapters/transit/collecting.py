"""One collection: new answers and reconciliations, and what became of files of ours that were not taken."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import partial

from adapters.transit.answers import output
from adapters.transit.files import WHOLE, folders, records
from hub.sdk import Answers, Collected, Context, Haul, Refusals

OURS = frozenset({"APPL", "RCHG"})


async def collected(ctx: Context, haul: Haul, days: Iterable[date]) -> Collected:
    """What one run finds in the folders of some days."""
    folder = folders(ctx)
    there = sorted([each for day in days for each in (await folder.ends(f"/out/{day:%Y%m%d}")).items()])
    resps, recns = ([name for name, ends in there if name.kind == kind and ends >= WHOLE] for kind in ("RESP", "RECN"))
    await Answers(ctx.endpoint, output).take(haul, resps, recns, partial(records, ctx))
    await Refusals(ctx, folder, haul).take(name for name, ends in there if name.kind in OURS and "err" in ends)
    return haul.collected()
