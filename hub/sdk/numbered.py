"""Files of ours that are numbered through a day, of which the other side takes none before the one that is missing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass

from hub.domain.order import Batch
from hub.domain.outcome import Accepted, Faulty, NotSent, Outcome, Progress
from hub.domain.reply import Reply
from hub.domain.states import TaskState
from hub.domain.taxonomy import ErrorCode, ServiceError
from hub.sdk import sealedfile
from hub.sdk.adapter import CollectedFile
from hub.sdk.context import Context
from hub.sdk.errors import CallEnded
from hub.sdk.filename import FileName
from hub.sdk.folders import Folders, Haul, error_in


async def send_numbered(batch: Batch, ctx: Context) -> Outcome:
    """Send a batch as a file. Where its orders cannot be written, an empty one takes up its number."""
    try:
        await ctx.call(batch.type, batch)
    except CallEnded as ended:
        if isinstance(ended.outcome, Faulty):
            # The other side holds every later file of the day until this number has come, be it empty.
            await ctx.call(batch.type, batch.with_(orders=()))
        raise
    return Accepted(raw_code="FILE")


def refused_file(reply: Reply, ours: str, provider: str) -> Outcome:
    """The outcome for all orders of a file that was not taken. `ours` is the digest of what we sent."""
    error = ServiceError(
        code=reply.error or ErrorCode.UPS_PROTOCOL, provider=provider, provider_code_raw=reply.raw_code
    )
    if reply.error is ErrorCode.FILE_GAP:
        return Progress(state=TaskState.SUSPENDED, raw_code=reply.raw_code, error=error)
    if reply.error is ErrorCode.DUP_SAME and reply.digest == ours:
        return Accepted(raw_code=reply.raw_code)
    return NotSent(error=error)


@dataclass(frozen=True, slots=True)
class Refusals:
    """The refusals that one collection finds, read by the message ERR of the manifest.

    Its reply has the code, in `digest` that of a file which was taken before, in `content` the number that is missing.
    """

    ctx: Context
    folders: Folders[FileName]
    haul: Haul

    async def take(self, refused: Iterable[FileName]) -> None:
        """Tell of refused files. What `.err` says of one name may change, so it is noted with its code."""
        endpoint = self.ctx.endpoint
        dead: set[FileName] = set()
        missing: set[FileName] = set()
        for name in refused:
            outcome, code, expected = await self._refusal(name)
            noted = f"{name}.err:{code}"
            if expected is not None:
                missing.add(name.numbered(expected))
            elif isinstance(outcome, NotSent) and not self.haul.new(noted):
                dead.add(name.numbered(name.seq))
            if outcome is not None and self.haul.new(noted):
                told = {name.batch(endpoint).id: outcome}
                self.haul.files.append(CollectedFile(name=noted, digest=code, batches=told))
        for name in sorted(missing & dead):
            # Its orders have gone into a later file, which is held until this number has come.
            with contextlib.suppress(CallEnded):
                await self.ctx.call(name.kind, name.batch(endpoint))

    async def _refusal(self, name: FileName) -> tuple[Outcome | None, str, str | None]:
        """The outcome for the orders of a file, the code, and the number that is missing before it."""
        try:
            reply = await self.ctx.call("ERR", None, path=name.path("out", "err"))
        except CallEnded as ended:
            if isinstance(ended.outcome, Faulty):
                return ended.outcome, error_in(ended).provider_code_raw or "unknown", None
            self.haul.spoilt(f"{name}.err", ended)
            return None, "", None
        flag = await self.folders.get(name.path("in", "ok")) if reply.digest else b""
        ours = sealedfile.read_flag(flag).rpartition(" ")[2]
        return refused_file(reply, ours, self.ctx.endpoint), reply.raw_code or "", reply.content
