"""The bus card centre's adapter: orders go out in files; answers, reconciliations and snapshots come in as files."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from adapters.transit import answers, snapshot
from adapters.transit.files import FileName, error_line, opened, photo_name, rows_of, sealed, sealed_size
from hub.sdk import (
    Absent,
    Accepted,
    AccountQuery,
    Adapter,
    Batch,
    CallEnded,
    Collect,
    Collected,
    CollectedFile,
    Context,
    DayQuery,
    DecodeError,
    Draw,
    Env,
    ErrorCode,
    Faulty,
    FileRecord,
    NotSent,
    Outcome,
    Reply,
    ServiceError,
    ServiceOrder,
    Tree,
    batch,
    collect,
    read,
)
from hub.sdk.operation import Operation
from hub.sdk.wire import FileGet, FileList, FilePut, FileResponse, WireRequest, WireResponse

SHANGHAI = ZoneInfo("Asia/Shanghai")
_OURS = frozenset({"APPL", "RCHG"})
_WITH_PORTRAIT = frozenset({"01", "02", "03"})
_DAMAGE = frozenset({ErrorCode.FILE_DIGEST, ErrorCode.UPS_PROTOCOL, ErrorCode.UPS_AUTH})
_NOT_REFUSED = frozenset({ErrorCode.FILE_GAP, ErrorCode.DUP_SAME})
_CREDENTIALS = frozenset({"login", "host-key"})


class TransitAdapter(Adapter):
    """One institution of the card centre, on one SFTP account."""

    # what goes out

    @batch("apply", serves=("APPL:*",), batch_type="APPL", message="APPL", inquiry="find_batch")
    async def apply(self, batch: Batch, ctx: Context) -> Outcome:
        await _send_portraits(batch, ctx)
        return await _send(batch, ctx)

    @batch("topup", serves=("RCHG", "RCHG*"), batch_type="RCHG", message="RCHG", inquiry="find_batch")
    async def topup(self, batch: Batch, ctx: Context) -> Outcome:
        return await _send(batch, ctx)

    @read("find_batch")
    async def find_batch(self, batch: Batch, ctx: Context) -> Outcome:
        """Accepted if the file stands there with its flag, under whatever key version; the centre leaves it there."""
        place = (f"{batch.day:%Y%m%d}", batch.type, ctx.params["inst"], f"{batch.seq:04d}")
        names = await _list(ctx, f"/in/{place[0]}")
        size = sealed_size(len(batch.orders))
        for name, ends in _files(names):
            if name.place == place and names.get(f"{name}.dat") == size and "ok" in ends:
                flag = await _get(ctx, name.path("in", "ok"))
                if flag.split(b" ")[0] == str(size).encode():
                    return Accepted(raw_code="FILE")
        return Absent()

    # what comes in

    @collect("collect")
    async def collect(self, task: Collect, ctx: Context) -> Collected:
        """Read new answers and reconciliations, and refusals of whole files of ours; damaged files stay for later."""
        there = [each for day in task.days for each in _files(await _list(ctx, f"/out/{day:%Y%m%d}"))]
        mine = [(name, ends) for name, ends in there if name.inst == ctx.params["inst"]]
        whole = sorted(name for name, ends in mine if {"dat", "ok"} <= ends)
        refusals = sorted(name for name, ends in mine if name.kind in _OURS and "err" in ends)
        damaged: list[tuple[str, str]] = []
        files = await self._answers(whole, task.known, ctx, damaged)
        files += await self._refusals(refusals, task.known, ctx)
        return Collected(files=tuple(files), damaged=tuple(damaged))

    @read("reconcile")
    async def reconcile(self, query: DayQuery, ctx: Context) -> Reply:
        """What the centre worked on during a day; it says so the next morning."""
        return await self._day("RECN", query.day + timedelta(days=1), ctx)

    @read("blacklist")
    async def blacklist(self, query: DayQuery, ctx: Context) -> Reply:
        """The changes of the blacklist that a day's lists brought, oldest first."""
        return await self._day("BLKL", query.day, ctx)

    @read("snapshot", serves=("CARD snapshot",), message="CARD")
    async def snapshot(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """One card as it stood at two in the morning."""
        reply = await snapshot.cards(ctx, card_no=order.form.card_no or "")
        mask = snapshot.masked(order.applicant.document)
        confirmed = any(account.holder_document == mask for account in reply.accounts)
        return answers.snapshot_answer(reply, holder_confirmed=confirmed)

    @read("accounts")
    async def accounts(self, query: AccountQuery, ctx: Context) -> Reply:
        """A card by its number, or a person's cards: those whose masked number and cut name fit, which proves little."""
        if query.account_no:
            reply = await snapshot.cards(ctx, card_no=query.account_no)
        elif query.document and query.name:
            reply = await snapshot.cards(ctx, id_mask=snapshot.masked(query.document), name=query.name)
        else:
            # Ten digits of a number are shared by dozens of people: without the name it finds strangers' cards.
            return Reply(error=ErrorCode.VAL_REQUIRED)
        return reply if reply.accounts else Reply(error=ErrorCode.ELG_ACCOUNT_NOT_FOUND, event_time=reply.event_time)

    @read("check")
    async def check(self, _source: Any, ctx: Context) -> Reply:
        """Log in and look; tells wrong credentials from an unreachable server."""
        try:
            await _list(ctx, "/out")
        except CallEnded as ended:
            error = _error_of(ended)
            if error is not None and error.note in _CREDENTIALS:
                raise CallEnded(NotSent(error=error.with_(code=ErrorCode.UPS_AUTH))) from None
            raise
        return Reply()

    # codec

    def encode(self, message: str, tree: Tree, env: Env, draw: Draw) -> WireRequest:  # noqa: ARG002 -- no randomness here
        if message in _OURS:
            return sealed(tree, self.config["sm4_keys"])
        return FileGet(env.vars.get("path") or snapshot.presumed(tree, self.config["key_version"]).path("out", "ok"))

    def decode(self, message: str, response: WireResponse, env: Env) -> Tree:
        if message in _OURS:
            return {}
        if not isinstance(response, FileResponse) or not response.found:
            raise DecodeError("path", "there is no such file any more")
        if message == "ERR":
            return error_line(response.body)
        if message == "CARD":
            return snapshot.picked(env, response.body)
        name = FileName.parse(env.vars["path"].rpartition("/")[2].partition(".")[0])
        if name is None:
            raise DecodeError("path", "is not the name of a file of the exchange")
        return {"D": rows_of(opened(name, env.vars["flag"], response.body, self.config["sm4_keys"]))}

    def preview(self, operation: Operation, order: ServiceOrder) -> tuple[str, Any]:
        """An order alone in a file, as number one of its day."""
        kind = operation.batch_type
        if kind is None:
            return super().preview(operation, order)
        day = order.submitted_at.astimezone(SHANGHAI).date()
        return kind, self._file(kind, day, 1, (order,))

    # parts

    async def _answers(
        self, whole: list[FileName], known: frozenset[str], ctx: Context, damaged: list[tuple[str, str]]
    ) -> list[CollectedFile]:
        """New RESP files, then new RECN files; a RECN speaks only for orders whose RESP was lost, so it needs them all."""
        recns = [name for name in whole if name.kind == "RECN" and f"{name}.dat" not in known]
        resps = [name for name in whole if name.kind == "RESP" and (recns or f"{name}.dat" not in known)]
        read: dict[FileName, tuple[str, tuple[FileRecord, ...]]] = {}
        for name in (*resps, *recns):
            try:
                read[name] = await self._records(name, ctx)
            except CallEnded as ended:
                error = _error_of(ended)
                if error is None or error.code not in _DAMAGE:
                    raise
                if f"{name}.dat" not in known:
                    damaged.append((f"{name}.dat", error.code.value))
        told = answers.said(read[name][1] for name in resps if name in read)
        files = []
        for name in (*resps, *recns):
            if name in read and f"{name}.dat" not in known:
                digest, records = read[name]
                fresh = answers.answers if name.kind == "RESP" else answers.settled
                outcomes = fresh(records, told, self.endpoint)
                files.append(CollectedFile(name=f"{name}.dat", digest=digest, outcomes=outcomes))
        return files

    async def _refusals(
        self, refused: list[FileName], known: frozenset[str], ctx: Context
    ) -> list[CollectedFile]:
        """What became of files of ours that were not taken. The text of one name may change: its code is noted with it."""
        files: list[CollectedFile] = []
        settled: set[tuple[str, ...]] = set()
        gaps: set[tuple[str, str, str, str]] = set()
        for name in refused:
            outcome, raw, expected = await self._refusal(name, ctx)
            noted = f"{name}.err:{raw}"
            if expected is not None:
                gaps.add((name.day, name.kind, name.inst, expected))
            elif noted in known and isinstance(outcome, NotSent):
                settled.add(name.place)
            if noted not in known:
                files.append(CollectedFile(name=noted, digest=raw, batches={self._batch_id(name): outcome}))
        for day, kind, _, seq in sorted(gaps & settled):
            await self._fill(kind, datetime.strptime(day, "%Y%m%d").date(), int(seq), ctx)
        return files
