"""Looking into the exchange's folders: which files of our institution are there, and whole."""

from __future__ import annotations

from datetime import date

from adapters.transit.files import FileName
from hub.sdk import Context, Folders


def of(ctx: Context) -> Folders[FileName]:
    """The folders, in which other institutions' files are none of ours."""
    inst = ctx.params["inst"]

    def parse(stem: str) -> FileName | None:
        name = FileName.parse(stem)
        return name if name is not None and name.inst == inst else None

    return Folders(ctx, parse)


async def files(ctx: Context, folder: str, day: date, *kinds: str) -> list[FileName]:
    """The whole files of some kinds, in order: those with their flag; without it a file may be half-written."""
    there = await of(ctx).ends(f"/{folder}/{day:%Y%m%d}")
    return sorted(name for name, those in there.items() if name.kind in kinds and {"dat", "ok"} <= those)
