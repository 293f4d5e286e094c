"""A large file of theirs that is fetched and verified once, and asked again and again while it is the newest."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Protocol, TypeVar

from hub.domain.outcome import NotSent
from hub.domain.reply import Reply
from hub.domain.taxonomy import ErrorCode, ServiceError
from hub.errors import DecodeError
from hub.sdk.context import Context
from hub.sdk.errors import CallEnded, Refused
from hub.sdk.filename import FileName
from hub.sdk.folders import Folders


class _Named(Protocol):
    @property
    def name(self) -> FileName: ...


Kept = TypeVar("Kept", bound=_Named)


async def ask_kept(
    ctx: Context,
    folders: Folders[FileName],
    name: FileName,
    read: Callable[[bytes, bytes], Kept],
    ask: Callable[[Kept], Awaitable[Reply]],
    *,
    good_for: timedelta,
    note: str,
) -> Reply:
    """Ask a file that the session keeps; it is fetched when there is none, or one of another name.

    Args:
        ctx: of the operation.
        folders: in which the file stands, in `out`, with its flag.
        name: of the newest one.
        read: verifies flag and body, in a thread.
        ask: the question. When it ends without a reply, the file is not kept: it may have been replaced in place.
        good_for: how long the session keeps it.
        note: what the file is, for the error.

    Raises:
        CallEnded: FILE_DIGEST for a file that is spoilt.
    """
    place = f"{name.kind} {name.inst}"

    async def load() -> tuple[Kept, timedelta]:
        flag, body = [await folders.get(name.path("out", end)) for end in ("ok", "dat")]
        try:
            return await asyncio.to_thread(read, flag, body), good_for
        except (Refused, DecodeError):
            error = ServiceError(code=ErrorCode.FILE_DIGEST, note=note)
            raise CallEnded(NotSent(error=error)) from None

    if (await ctx.session(place, load)).name != name:
        ctx.drop_session(place)
    try:
        return await ask(await ctx.session(place, load))
    except CallEnded:
        ctx.drop_session(place)
        raise
