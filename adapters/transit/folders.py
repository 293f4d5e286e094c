"""Looking into the exchange's folders: which files of our institution are there, and whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date

from adapters.transit.files import FileName
from hub.sdk import Context
from hub.sdk.wire import FileGet, FileList, FileResponse


async def sizes(ctx: Context, path: str) -> Mapping[str, int]:
    """The names in a folder with their sizes; none if it is not there."""
    response = await ctx.fetch("LIST", FileList(path))
    return dict(response.names) if isinstance(response, FileResponse) else {}


async def get(ctx: Context, path: str) -> bytes:
    """A file's bytes, none if it is not there."""
    response = await ctx.fetch("FILE", FileGet(path))
    return response.body if isinstance(response, FileResponse) else b""


async def ends(ctx: Context, folder: str, day: date) -> dict[FileName, frozenset[str]]:
    """The files of our institution of a day, with the ends that stand there: dat, ok, err."""
    found: defaultdict[FileName, set[str]] = defaultdict(set)
    for entry in await sizes(ctx, f"/{folder}/{day:%Y%m%d}"):
        stem, _, end = entry.partition(".")
        name = FileName.parse(stem)
        if name is not None and name.inst == ctx.params["inst"]:
            found[name].add(end)
    return {name: frozenset(those) for name, those in found.items()}


async def files(ctx: Context, folder: str, day: date, *kinds: str) -> list[FileName]:
    """The whole files of some kinds, in order: those with their flag; without it a file may be half-written."""
    there = await ends(ctx, folder, day)
    return sorted(name for name, those in there.items() if name.kind in kinds and {"dat", "ok"} <= those)
