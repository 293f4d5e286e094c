"""The citizen card centre's adapter: acts and money as messages, applications and changes in files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta, timezone
from typing import Any

from adapters.ccard import files
from adapters.ccard.files import OURS, FileName
from hub.sdk import (
    Absent,
    Accepted,
    AccountQuery,
    Adapter,
    Batch,
    CallEnded,
    Collect,
    Collected,
    Completed,
    Context,
    DayQuery,
    DecodeError,
    Draw,
    Env,
    ErrorCode,
    FileRecord,
    KeyReplay,
    NotSent,
    Outcome,
    Rejected,
    Reply,
    ServiceError,
    ServiceOrder,
    Tree,
    Unknown,
    batch,
    collect,
    error_of,
    inquiry,
    outcome_of,
    outputs_of,
    read,
    refusal,
    signedfile,
    write,
)
from hub.sdk.operation import Operation
from hub.sdk.wire import FileGet, FileResponse, FrameResponse, WireRequest, WireResponse, iso8583_tree

_AGAIN = timedelta(seconds=30)
_CHINA = timezone(timedelta(hours=8))
_ORAL, _FORMAL, _FOUND, _ACTIVATE = "900010", "900011", "900020", "900030"
# Standings of a card, as field 39 of its status: from which an act can be done, and which one shows that it was.
_FROM = {_ORAL: {"00"}, _FORMAL: {"00", "41"}, _FOUND: {"41", "43"}}
_SHOWS = {_ORAL: "41", _FORMAL: "43", _FOUND: "00"}
_LOST = frozenset({"41", "43"})
_TOTALLED = {"payment": "630000", "reversal": "040000"}


class CcardAdapter(Adapter):
    """One institution at the citizen card centre: one connection for messages, one account for files."""

    # acts on a card

    @write("act", serves=("8583:9000*",), message="act", idempotency=KeyReplay(), inquiry="acted", holds="standing")
    async def act(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """Loss reports, their cancellation, functions, password. A repeat has the same trace number: 94, it is done."""
        if order.variant == _FORMAL and order.assertion is None:
            error = ServiceError(code=ErrorCode.IDN_LEVEL, provider=self.endpoint, field="assertion")
            return Rejected(error=error)
        reply = await ctx.call("act", order)
        if reply.error is ErrorCode.DUP_SAME:
            reply = await ctx.call("status", order)
            return _done(reply) if reply.error is None else Unknown(phase="RECEIVED", error=error_of(reply))
        return outcome_of(reply, done=True)

    @inquiry("acted", message="status")
    async def acted(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """Whether the card is as the act leaves it. Where that shows nothing, the repeat itself tells (94)."""
        reply = await ctx.call("status", order)
        if reply.error is not None:
            answer = refusal(error_of(reply))
            return Absent() if isinstance(answer, Rejected) else answer
        shown = reply.raw_code == _SHOWS.get(order.variant)
        if order.variant == _ACTIVATE:
            shown = set(order.form.functions or ()) <= set((reply.accounts[0].use or "").split(","))
        return _done(reply) if shown else Absent()

    @read("standing", message="status")
    async def standing(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """Whether a loss report still holds."""
        reply = await ctx.call("status", order)
        if reply.error is not None:
            return refusal(error_of(reply))
        return _done(reply) if reply.raw_code in _LOST else Absent()

    @read("precheck", message="status")
    async def precheck(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """Whether the card is there, the applicant's own, and in a standing from which the act can be done."""
        if order.form.card_no is None:
            return Completed()
        reply = await ctx.call("status", order)
        if reply.error is not None:
            return refusal(error_of(reply))
        usual = {"43"} if order.form.reissue_reason == "lost" else {"00"}
        if reply.raw_code in _FROM.get(order.variant, usual):
            return Completed(raw_code=reply.raw_code)
        return Rejected(error=error_of(reply, ErrorCode.ELG_STATUS))

    # money

    @write("pay", serves=("8583:630000",), message="topup", idempotency=KeyReplay(), inquiry="undo")
    async def pay(self, order: ServiceOrder, ctx: Context) -> Outcome:
        reply = await ctx.call("topup", order)
        if reply.error is ErrorCode.DUP_SAME:
            # Only this task's requests have its trace number, date and terminal, and a reversal would have ended it.
            return _paid(reply)
        return outcome_of(reply) if reply.error is not None else _paid(reply)

    @inquiry("undo", message="reversal")
    async def undo(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """A top-up in doubt is taken back, and its payer refunded; one that never was may be sent again."""
        try:
            reply = await ctx.call("reversal", order)
        except CallEnded as ended:
            if isinstance(ended.outcome, NotSent | Unknown):
                raise CallEnded(ended.outcome.with_(retry_after=_AGAIN)) from None
            raise
        match reply.error:
            case None:
                error = ServiceError(code=ErrorCode.PAY_REVERSED, provider=self.endpoint, ref=reply.receipt_no)
                return Rejected(error=error, raw_code=reply.raw_code, event_time=reply.event_time)
            case ErrorCode.ELG_STATUS:
                return Absent()
            case ErrorCode.ELG_NOT_ELIGIBLE:
                return _paid(reply)  # spent already: it was credited, and stays so
            case _:
                return refusal(error_of(reply), _AGAIN)

    @write("reverse", message="reversal", idempotency=KeyReplay(), inquiry="reverse")
    async def reverse(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """Take a top-up back. A repeat is answered the same, so it is its own inquiry."""
        return outcome_of(await ctx.call("reversal", order), done=True)

    @read("reconcile")
    async def reconcile(self, query: DayQuery, ctx: Context) -> Reply:
        """The day's files, held against the centre's own totals of that day."""
        day = f"{query.day:%Y%m%d}"
        there = await files.of(ctx).ends("/out")
        names = sorted(n for n, ends in there.items() if (n.kind, n.day) == ("TRANS", day) and {"txt", "sig"} <= ends)
        if not names:
            raise CallEnded(NotSent(error=ServiceError(code=ErrorCode.FILE_LATE, provider=self.endpoint, note="TRANS")))
        records = tuple([each for name in names for each in (await files.records(ctx, name))[1]])
        reply = await ctx.call("totals", query, totals=_totals(records))
        return Reply(records=records) if reply.error is None else reply

    # questions

    @read("status", serves=("8583:300000",), message="status")
    async def status(self, order: ServiceOrder, ctx: Context) -> Outcome:
        return outcome_of(await ctx.call("status", order), done=True)

    @read("accounts", message="find")
    async def accounts(self, query: AccountQuery, ctx: Context) -> Reply:
        """A card by its number, or the card of a document."""
        return await ctx.call("find", query)

    @read("check", message="ping")
    async def check(self, _source: Any, ctx: Context) -> Reply:
        """Sign on and be answered; look into the file account."""
        await files.of(ctx).sizes("/out")
        return await ctx.call("ping", None)

    # files

    @batch("apply", serves=("file:SMK_APPLY",), batch_type="APPLY", message="APPLY", inquiry="find_batch")
    async def apply(self, batch: Batch, ctx: Context) -> Outcome:
        photos = {
            f"{order.serial}.jpg": evidence
            for order in batch.orders
            for evidence in order.evidence
            if evidence.material == "PHOTO" and evidence.ref
        }
        await files.of(ctx).send_missing("PHOTO", "/photo", photos)
        await ctx.call("APPLY", batch)
        return Accepted(raw_code="FILE")

    @batch("change", serves=("file:SMK_INFO",), batch_type="INFO", message="INFO", inquiry="find_batch")
    async def change(self, batch: Batch, ctx: Context) -> Outcome:
        await ctx.call("INFO", batch)
        return Accepted(raw_code="FILE")

    @read("find_batch")
    async def find_batch(self, batch: Batch, ctx: Context) -> Outcome:
        """Accepted if these very orders stand in the file of this number, with its signature."""
        name = FileName(f"{batch.day:%Y%m%d}", batch.type, batch.seq)
        there = await files.of(ctx).ends("/in")
        if not {"txt", "sig"} <= there.get(name, frozenset()):
            return Absent()
        try:
            rows = files.table(batch.type).read(await files.of(ctx).get(name.path("in", "txt")))
        except DecodeError:
            return Absent()
        same = {row["serial"] for row in rows} == {order.serial for order in batch.orders}
        return Accepted(raw_code="FILE") if same else Absent()

    @collect("collect")
    async def collect(self, task: Collect, ctx: Context) -> Collected:
        return await files.collected(task, ctx, self.endpoint)

    # hooks

    def encode(self, message: str, tree: Tree, env: Env, draw: Draw) -> WireRequest:
        if message in OURS:
            return files.written(message, tree, self.config["sign_private_key"], draw)
        if "MTI" not in tree:
            return FileGet(env.vars["path"])
        if message == "reversal":
            # Field 90: the original's type, trace number, date and time (unknown), and institution.
            original = f"0200{tree['DE11']}{tree['DE13']}000000{tree['DE32']:0>11}{0:011d}"
            tree = {**tree, "DE90": original}
        return iso8583_tree.written(tree, draw, seal=message != "ping")

    def decode(self, message: str, response: WireResponse, env: Env) -> Tree:
        if isinstance(response, FrameResponse):
            return iso8583_tree.read(response.body, env.now)
        if message in OURS:
            return {}
        if not isinstance(response, FileResponse) or not response.found:
            raise DecodeError("path", "there is no such file any more")
        if message == "ERR":
            return files.refusal(response.body)
        signedfile.verify(self.config["centre_public_key"], response.body, env.vars["signature"].encode())
        return {"D": files.table(message).read(response.body)}

    def preview(self, operation: Operation, order: ServiceOrder) -> tuple[str, Any]:
        """An order alone in a file, as number one of its day."""
        kind = operation.batch_type
        if kind is None:
            return super().preview(operation, order)
        day = order.submitted_at.astimezone(_CHINA).date()
        return kind, Batch(id="preview", endpoint=self.endpoint, type=kind, day=day, seq=1, orders=(order,))


def _done(status: Reply) -> Outcome:
    """An act that a card's status shows to be done."""
    return outcome_of(status.with_(receipt_no=status.serial, accounts=()), done=True)


def _paid(reply: Reply) -> Outcome:
    return Completed(
        provider_ref=reply.receipt_no, raw_code=reply.raw_code, event_time=reply.event_time, outputs=outputs_of(reply)
    )


def _totals(records: Iterable[FileRecord]) -> list[str]:
    """Count and sum by code, as field 48 has them."""
    counts: Counter[str] = Counter()
    sums: Counter[str] = Counter()
    for record in records:
        code = _TOTALLED[record.kind or ""]
        counts[code] += 1
        sums[code] += abs(record.amount_fen or 0)
    return [f"{code}{counts[code]:06d}{sums[code]:012d}" for code in sorted(counts)]
