"""The nightly card snapshot: the newest whole one is fetched once, and cards are picked out of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from adapters.transit.files import CentreFile, cut_name, folders, opened, whole
from hub.sdk import (
    CallEnded,
    Context,
    Env,
    ErrorCode,
    FileName,
    NotSent,
    Refused,
    Reply,
    ServiceError,
    Tree,
    ask_kept,
    fixedfiles,
    sealedfile,
)
from hub.sdk.wire import crypto

_SHANGHAI = ZoneInfo("Asia/Shanghai")
_TAKEN_AT = "020000"
_GOOD_FOR = timedelta(days=2)


def masked(kind: str, number: str) -> str:
    """A document's number as the snapshot shows it."""
    return f"{number[:6]}{'*' * 8}{number[-4:]}" if kind == "RIC" else f"{number[:2]}*{number[-2:]}"


async def cards(ctx: Context, **wanted: Any) -> Reply:
    """The cards with a number, or with a masked document and a name. Raises CallEnded: FILE_LATE without a snapshot."""
    name = await _newest(ctx)

    def read(flag: bytes, body: bytes) -> fixedfiles.Opened:
        file = opened(name, flag, body, ctx.config["sm4_keys"])
        file.rows()
        return file

    async def ask(file: fixedfiles.Opened) -> Reply:
        return await ctx.call("CARD", None, session={"snapshot": file}, path=name.path("out", "ok"), **wanted)

    return await ask_kept(ctx, folders(ctx), name, read, ask, good_for=_GOOD_FOR, note="card snapshot")


def presumed(tree: Tree, key: str) -> FileName:
    """The name that a day's snapshot should have, for a preview."""
    return CentreFile(tree["day"], "CARD", tree["inst"], "0001", key)


def picked(env: Env, flag: bytes) -> Tree:
    """The records that were asked for, if the snapshot that was kept is still the one that the centre shows."""
    kept: fixedfiles.Opened = env.session["snapshot"]
    if not crypto.same(kept.flag, sealedfile.read_flag(flag)):
        raise Refused(ErrorCode.FILE_DIGEST, "ok")
    number, mask, name = (str(env.vars.get(key) or "") for key in ("card_no", "id_mask", "name"))
    rows = [
        row
        for row in kept.containing((number or mask).encode("ascii", "ignore"))
        if (row["cardno"] == number if number else (row["idmask"], row["name"]) == (mask, cut_name(name)))
    ]
    return {"AS_OF": kept.name.day + _TAKEN_AT, "D": rows}


async def _newest(ctx: Context) -> FileName:
    today = ctx.now().astimezone(_SHANGHAI).date()
    for day in (today, today - timedelta(days=1)):
        found = await whole(ctx, "out", day, "CARD")
        if found:
            return found[-1]
    raise CallEnded(NotSent(error=ServiceError(code=ErrorCode.FILE_LATE, note="no card snapshot")))
