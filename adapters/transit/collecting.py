"""One collection: new answers and reconciliations, and what became of files of ours that were not taken."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from adapters.transit import answers, folders
from adapters.transit.files import FileName
from hub.sdk import (
    Batch,
    CallEnded,
    Collected,
    CollectedFile,
    Context,
    Faulty,
    FileRecord,
    Haul,
    NotSent,
    Outcome,
    error_in,
)

OURS = frozenset({"APPL", "RCHG"})


def batch_of(endpoint: str, name: FileName) -> Batch:
    """The batch of one of our files by its identity, without orders: written, it only takes up its number."""
    day, seq = date.fromisoformat(name.day), int(name.seq)
    batch_id = f"{endpoint}:{name.kind}:{name.day}:{seq:04d}"
    return Batch(id=batch_id, endpoint=endpoint, type=name.kind, day=day, seq=seq, orders=())


async def records(ctx: Context, name: FileName) -> tuple[str, tuple[FileRecord, ...]]:
    """The digest and the records of a file of theirs. Raises CallEnded, also for a damaged file."""
    flag = (await folders.of(ctx).get(name.path("out", "ok"))).decode("ascii", "replace")
    reply = await ctx.call(name.kind, None, path=name.path("out", "dat"), flag=flag)
    return flag.split()[-1], reply.records


@dataclass(frozen=True, slots=True)
class Collection:
    """What one run finds."""

    ctx: Context
    endpoint: str
    haul: Haul

    async def run(self, days: Iterable[date]) -> Collected:
        folder = folders.of(self.ctx)
        there = [each for day in days for each in (await folder.ends(f"/out/{day:%Y%m%d}")).items()]
        whole = sorted(name for name, ends in there if {"dat", "ok"} <= ends)
        await self._answers([each for each in whole if each.kind == "RESP"], [e for e in whole if e.kind == "RECN"])
        await self._refusals(sorted(name for name, ends in there if name.kind in OURS and "err" in ends))
        return self.haul.collected()

    async def _answers(self, resps: list[FileName], recns: list[FileName]) -> None:
        """A RECN speaks only for orders whose RESP was lost: a new one takes the RESP files known before, too."""
        recns = [name for name in recns if self._new(name)]
        said: list[FileRecord] = []
        for name in resps:
            if recns or self._new(name):
                digest, found = await self._read(name)
                said += found
                self.haul.take(f"{name}.dat", digest, answers.answered(found, self.endpoint))
        told = answers.told(said)
        for name in recns:
            digest, found = await self._read(name)
            self.haul.take(f"{name}.dat", digest, answers.settled(found, told, self.endpoint))

    async def _read(self, name: FileName) -> tuple[str, tuple[FileRecord, ...]]:
        """A damaged file has neither digest nor records; it is mended in place and read the next time."""
        try:
            return await records(self.ctx, name)
        except CallEnded as ended:
            self.haul.spoilt(f"{name}.dat", ended)
            return "", ()

    def _new(self, name: FileName) -> bool:
        return self.haul.new(f"{name}.dat")

    async def _refusals(self, refused: list[FileName]) -> None:
        """Tell of refused files. What `.err` says of one name may change, so it is noted with its code."""
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
                told = {batch_of(self.endpoint, name).id: outcome}
                self.haul.files.append(CollectedFile(name=noted, digest=code, batches=told))
        for name in sorted(missing & dead):
            # Its orders have gone into a later file, which the centre holds until this number has come.
            with contextlib.suppress(CallEnded):
                await self.ctx.call(name.kind, batch_of(self.endpoint, name))

    async def _refusal(self, name: FileName) -> tuple[Outcome | None, str, str | None]:
        """The outcome for the orders of a file, the code, and the number that is missing before it."""
        try:
            reply = await self.ctx.call("ERR", None, path=name.path("out", "err"))
        except CallEnded as ended:
            if isinstance(ended.outcome, Faulty):
                return ended.outcome, error_in(ended).provider_code_raw or "unknown", None
            self.haul.spoilt(f"{name}.err", ended)
            return None, "", None
        flag = await folders.of(self.ctx).get(name.path("in", "ok")) if reply.digest else b""
        ours = flag.decode("ascii", "replace").rpartition(" ")[2].strip().lower()
        return answers.refused_file(reply, ours, self.endpoint), reply.raw_code or "", reply.content
