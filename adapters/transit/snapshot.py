"""The nightly card snapshot: the newest whole one is fetched once, and cards are picked out of it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from adapters.transit import folders
from adapters.transit.files import FileName, Opened, cut_name, opened, rows_of
from hub.sdk import CallEnded, Context, DecodeError, Env, ErrorCode, NotSent, Refused, Reply, ServiceError, Tree
from hub.sdk.wire import crypto

SHANGHAI = ZoneInfo("Asia/Shanghai")
_TAKEN_AT = "020000"
_GOOD_FOR = timedelta(days=2)


def masked(kind: str, number: str) -> str:
    """A document's number as the snapshot shows it."""
    return f"{number[:6]}{'*' * 8}{number[-4:]}" if kind == "RIC" else f"{number[:2]}*{number[-2:]}"


async def cards(ctx: Context, **wanted: Any) -> Reply:
    """The cards with a number, or with a masked document and a name. Raises CallEnded: FILE_LATE without a snapshot."""
    name = await _newest(ctx)
    place = f"snapshot {name.inst}"

    async def load() -> tuple[Opened, timedelta]:
        flag, body = [await folders.of(ctx).get(name.path("out", end)) for end in ("ok", "dat")]
        return await asyncio.to_thread(_verified, name, flag, body, ctx.config["sm4_keys"]), _GOOD_FOR

    if (await ctx.session(place, load)).name != name:
        ctx.drop_session(place)
    try:
        kept = {"snapshot": await ctx.session(place, load)}
        return await ctx.call("CARD", None, session=kept, path=name.path("out", "ok"), **wanted)
    except CallEnded:
        ctx.drop_session(place)
        raise


def presumed(tree: Tree, key: str) -> FileName:
    """The name that a day's snapshot should have, for a preview."""
    return FileName(tree["day"], "CARD", tree["inst"], "0001", key)


def picked(env: Env, flag: bytes) -> Tree:
    """The records that were asked for, if the snapshot that was kept is still the one that the centre shows."""
    kept: Opened = env.session["snapshot"]
    if not crypto.same(kept.flag, flag.decode("ascii", "replace").strip().lower()):
        raise Refused(ErrorCode.FILE_DIGEST, "ok")
    number, mask, name = (str(env.vars.get(key) or "") for key in ("card_no", "id_mask", "name"))
    needle = (number or mask).encode("ascii", "ignore")
    rows = [
        row
        for row in (kept.records(needle) if needle else ())
        if (row["cardno"] == number if number else (row["idmask"], row["name"]) == (mask, cut_name(name)))
    ]
    return {"AS_OF": kept.name.day + _TAKEN_AT, "D": rows}


async def _newest(ctx: Context) -> FileName:
    today = ctx.now().astimezone(SHANGHAI).date()
    for day in (today, today - timedelta(days=1)):
        found = await folders.files(ctx, "out", day, "CARD")
        if found:
            return found[-1]
    raise CallEnded(NotSent(error=ServiceError(code=ErrorCode.FILE_LATE, note="no card snapshot")))


def _verified(name: FileName, flag: bytes, body: bytes, keys: dict[str, str]) -> Opened:
    try:
        file = opened(name, flag, body, keys)
        rows_of(file)
    except (Refused, DecodeError):
        error = ServiceError(code=ErrorCode.FILE_DIGEST, note="card snapshot")
        raise CallEnded(NotSent(error=error)) from None
    return file
