"""The bus card centre's adapter: orders go out in files; answers, reconciliations and snapshots come in as files."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from adapters.transit import answers, snapshot
from adapters.transit.collecting import OURS, collected
from adapters.transit.files import CentreFile, error_line, folders, opened, photo_name, records, sealed, whole
from hub.sdk import (
    Absent,
    Accepted,
    AccountQuery,
    Adapter,
    Batch,
    CallEnded,
    Collect,
    Collected,
    Context,
    DayQuery,
    DecodeError,
    Draw,
    Env,
    ErrorCode,
    FileName,
    FileRecord,
    Haul,
    NotSent,
    Outcome,
    Refused,
    Reply,
    ServiceError,
    ServiceOrder,
    Tree,
    batch,
    collect,
    read,
    send_numbered,
)
from hub.sdk.wire import FileGet, FileResponse, WireRequest, WireResponse

_WITH_PORTRAIT = frozenset({"01", "02", "03"})


class TransitAdapter(Adapter):
    """One institution of the card centre, on one SFTP account."""

    @batch("apply", serves=("APPL:*",), batch_type="APPL", message="APPL", inquiry="find_batch")
    async def apply(self, batch: Batch, ctx: Context) -> Outcome:
        await _send_portraits(batch, ctx)
        return await send_numbered(batch, ctx)

    @batch("topup", serves=("RCHG", "RCHG*"), batch_type="RCHG", message="RCHG", inquiry="find_batch")
    async def topup(self, batch: Batch, ctx: Context) -> Outcome:
        return await send_numbered(batch, ctx)

    @read("find_batch")
    async def find_batch(self, batch: Batch, ctx: Context) -> Outcome:
        """Accepted if these orders stand in the file of this number, under whatever key: the centre leaves it there."""
        serials = [order.serial for order in batch.orders]
        for name in await whole(ctx, "in", batch.day, batch.type):
            if int(name.seq) == batch.seq:
                flag, body = [await folders(ctx).get(name.path("in", end)) for end in ("ok", "dat")]
                if self._serials(name, flag, body) == serials:
                    return Accepted(raw_code="FILE")
        return Absent()

    @collect("collect")
    async def collect(self, task: Collect, ctx: Context) -> Collected:
        return await collected(ctx, Haul(task.known), task.days)

    @read("reconcile")
    async def reconcile(self, query: DayQuery, ctx: Context) -> Reply:
        """What the centre worked on during a day; it says so the next morning."""
        day = query.day + timedelta(days=1)
        names = await whole(ctx, "out", day, "RECN")
        if not names:
            raise CallEnded(NotSent(error=ServiceError(code=ErrorCode.FILE_LATE, provider=self.endpoint, note="RECN")))
        return Reply(records=await _all(names, ctx))

    @read("blacklist")
    async def blacklist(self, query: DayQuery, ctx: Context) -> Reply:
        """The changes of the blacklist that a day's lists have brought so far, oldest first."""
        return Reply(records=await _all(await whole(ctx, "out", query.day, "BLKL"), ctx))

    @read("snapshot", serves=("CARD snapshot",), message="CARD")
    async def snapshot(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """One card as it stood at two in the morning."""
        reply = await snapshot.cards(ctx, card_no=order.form.card_no)
        document = order.applicant.document
        mask = snapshot.masked(document.type, document.number)
        return answers.snapshot_answer(reply, mask, self.endpoint)

    @read("precheck", message="CARD")
    async def precheck(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """What the night's snapshot says of the card that an order is about. It may be a day old: only a card that was
        given back is an obstacle, because that never changes; everything else is a word for the clerk.
        """
        if order.form.card_no is None:
            return Absent()
        return answers.foreseen(await snapshot.cards(ctx, card_no=order.form.card_no), self.endpoint)

    @read("accounts")
    async def accounts(self, query: AccountQuery, ctx: Context) -> Reply:
        """A card by its number; or the cards whose masked number and cut name fit a person, which proves little."""
        if query.account_no:
            reply = await snapshot.cards(ctx, card_no=query.account_no)
        elif query.document and query.name:
            mask = snapshot.masked(query.document.type, query.document.number)
            reply = await snapshot.cards(ctx, id_mask=mask, name=query.name)
        else:
            # Dozens of people share the ten digits that a mask leaves: without the name these are strangers' cards.
            return Reply(error=ErrorCode.VAL_REQUIRED)
        return reply if reply.accounts else Reply(error=ErrorCode.ELG_ACCOUNT_NOT_FOUND, event_time=reply.event_time)

    @read("check")
    async def check(self, _source: Any, ctx: Context) -> Reply:
        """Log in and look; tells refused credentials from an unreachable server."""
        await folders(ctx).sizes("/out")
        return Reply()

    def encode(self, message: str, tree: Tree, env: Env, draw: Draw) -> WireRequest:  # noqa: ARG002 -- the IV is derived
        if message in OURS:
            return sealed(tree, self.config["sm4_keys"])
        return FileGet(env.vars.get("path") or snapshot.presumed(tree, self.config["key_version"]).path("out", "ok"))

    def decode(self, message: str, response: WireResponse, env: Env) -> Tree:
        if message in OURS:
            return {}
        if not isinstance(response, FileResponse) or not response.found:
            raise DecodeError("path", "there is no such file any more")
        if message == "ERR":
            return error_line(response.body)
        if message == "CARD":
            return snapshot.picked(env, response.body)
        name = CentreFile.parse(env.vars["path"].rpartition("/")[2].removesuffix(".dat"))
        if name is None:
            raise DecodeError("path", "is not the name of a file of the exchange")
        return {"D": opened(name, env.vars["flag"].encode(), response.body, self.config["sm4_keys"]).rows()}

    def _serials(self, name: FileName, flag: bytes, body: bytes) -> list[str]:
        """The orders in a file of ours; none if it is torn."""
        try:
            return [row["reqno"] for row in opened(name, flag, body, self.config["sm4_keys"]).rows()]
        except Refused as refused:
            if refused.code is not ErrorCode.FILE_DIGEST:
                error = ServiceError(code=refused.code, provider=self.endpoint, provider_code_raw=refused.raw)
                raise CallEnded(NotSent(error=error)) from None
            return []
        except DecodeError:
            return []


async def _send_portraits(batch: Batch, ctx: Context) -> None:
    """Photos stand before the file that names them. What an interrupted attempt has brought is not sent again."""
    wanted = {
        photo_name(order.serial): evidence
        for order in batch.orders
        for evidence in order.evidence
        if order.variant in _WITH_PORTRAIT and evidence.material == "PHOTO" and evidence.ref
    }
    await folders(ctx).send_missing("PHOTO", "/photo", wanted)


async def _all(names: list[FileName], ctx: Context) -> tuple[FileRecord, ...]:
    return tuple([record for name in names for record in (await records(ctx, name))[1]])
