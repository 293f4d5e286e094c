"""The real-estate registry's adapter: exchange tables in a shared database, and an exchange disk for files."""

from __future__ import annotations

from base64 import b64encode
from datetime import timedelta
from typing import Any

from adapters.realty import codec
from hub.sdk import (
    Absent,
    AccountQuery,
    Adapter,
    Completed,
    Context,
    DecodeError,
    Draw,
    Env,
    ErrorCode,
    KeyReplay,
    Outcome,
    OutputQuery,
    Progress,
    Rejected,
    Reply,
    ServiceError,
    ServiceOrder,
    TaskState,
    Tree,
    Unknown,
    UtilityAccount,
    inquiry,
    outcome_of,
    read,
    write,
)
from hub.sdk.wire import FileGet, FilePut, FileResponse, TableResponse, WireRequest, WireResponse

_KEPT = timedelta(days=29)  # the registry purges after thirty days, on a clock of its own
_MORTGAGED, _SEALED = "mortgaged", "sealed"


class RealtyAdapter(Adapter):
    """Speaks to the registry through tables that both sides write into. `qxdm` is the county of the concession."""

    def encode(self, message: str, tree: Tree, env: Env, draw: Draw) -> WireRequest:  # noqa: ARG002 -- the hook's form
        return codec.encode(message, tree)

    def decode(self, message: str, response: WireResponse, env: Env) -> Tree:  # noqa: ARG002 -- the hook's form
        if not isinstance(response, TableResponse):
            raise DecodeError("response", "does not come from tables")
        return codec.decode(message, response)

    # orders

    @write("apply", serves=("QZ_SQ",), message="apply", idempotency=KeyReplay(), inquiry="find", follow="progress")
    async def apply(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """Put the materials on the exchange disk, then write the row set. Its key is ours: what is there is ours."""
        await self._put_files(order, ctx)
        reply = await ctx.call("apply", order)
        return await self.find(order, ctx) if reply.error is ErrorCode.DUP_SAME else outcome_of(reply)

    @inquiry("find", message="progress")
    async def find(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """Rows are there as soon as they are committed. Rows that may have been purged are not absent."""
        found = await self._ask(order, ctx)
        if found.state is not None or found.error is not None:
            return outcome_of(found)
        if ctx.now() - order.submitted_at < _KEPT:
            return Absent()
        error = ServiceError(code=ErrorCode.UPS_TIMEOUT_UNKNOWN, provider=self.endpoint, note="purged")
        return Unknown(phase="RECEIVED", error=error)

    @read("progress", message="progress")
    async def progress(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """How far an application is: read whole each time, for a withdrawal is written into a row that was read."""
        return await self.find(order, ctx)

    @write("cancel", message="cancel", idempotency=KeyReplay(), inquiry="find")
    async def cancel(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """Ask for withdrawal; the registry answers at its next turn. What is entered in the register stays."""
        before = await self._ask(order, ctx)
        if before.state is TaskState.CANCELLED:
            return outcome_of(before)
        if before.legal_effect is not None or before.state is TaskState.COMPLETED:
            error = ServiceError(code=ErrorCode.ELG_STATUS, provider=self.endpoint, provider_code_raw=before.state_raw)
            return Rejected(error=error, raw_code=before.state_raw)
        asked = await ctx.call("cancel", order)
        if asked.error is not None:
            return outcome_of(asked)
        return Progress(state=TaskState.IN_PROGRESS, provider_ref=before.provider_ref, raw_code="CXBZ1")

    @write("supplement", message="supplement", idempotency=KeyReplay(), inquiry="supplemented")
    async def supplement(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """Hand in further materials: all evidence of the order, which the caller has narrowed to the new pieces."""
        await self._put_files(order, ctx)
        reply = await ctx.call("supplement", order)
        if reply.error is not None and reply.error is not ErrorCode.DUP_SAME:
            return outcome_of(reply)
        return Progress(state=TaskState.IN_PROGRESS, provider_ref=order.provider_ref, raw_code="BZBZ1")

    @inquiry("supplemented", message="progress")
    async def supplemented(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """An application that still asks has not got it."""
        outcome = await self.find(order, ctx)
        asks = isinstance(outcome, Progress) and outcome.state is TaskState.AWAITING_APPLICANT
        return Absent() if asks else outcome

    # questions

    @read("precheck", message="holdings")
    async def precheck(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """What would be refused at once: the unit, its certificate, its owners, and what burdens it."""
        unit = AccountQuery(serial=order.serial, request_id=order.request_id, account_no=order.form.bdcdyh)
        held = (await ctx.call("holdings", unit)).accounts
        failed = _fault(order, held)
        if failed is not None:
            code, field = failed
            return Rejected(error=ServiceError(code=code, provider=self.endpoint, field=field))
        mortgaged = any(each.status == _MORTGAGED for each in held)
        return Completed(opinion="不动产已设抵押,须抵押权人同意" if mortgaged else None)

    @read("accounts", message="holdings")
    async def accounts(self, query: AccountQuery, ctx: Context) -> Reply:
        """Units and certificates, by unit or by the number of a document; as of the registry's last turn."""
        return await ctx.call("holdings", query)

    @read("document", message="licence")
    async def document(self, asked: OutputQuery, ctx: Context) -> Reply:
        """The electronic certificate of a finished application, in base64, with its digest."""
        found = await self._ask(asked.order, ctx)
        if not found.file_id:
            return Reply(error=ErrorCode.FILE_LATE)
        response = await ctx.fetch("licence", FileGet(found.file_id))
        if not isinstance(response, FileResponse) or not response.found:
            return Reply(error=ErrorCode.FILE_LATE)
        return Reply(content=b64encode(response.body).decode(), digest=found.digest)

    @read("check", message="check")
    async def check(self, _source: Any, ctx: Context) -> Reply:
        """Whether address, login, rights and columns are right, by asking every table for a row that nobody has."""
        return await ctx.call("check", None)

    # transfers that began at the registry's own windows

    @read("notices", message="pushes")
    async def notices(self, _source: Any, ctx: Context) -> Reply:
        """What the registry has pushed and nobody has settled: of each transfer its last step, once."""
        reply = await ctx.call("pushes", None)
        if reply.missing:
            await ctx.call("settle", None, QZ_TS=reply.missing)
        return reply

    @write("settle", message="settle", idempotency=KeyReplay())
    async def settle(self, ids: tuple[str, ...], ctx: Context) -> Outcome:
        """Say that notices (their `ids`) are stored here and need not be told again. A repeat changes nothing."""
        return outcome_of(await ctx.call("settle", None, QZ_TS=ids), done=True)

    # shared

    async def _ask(self, order: ServiceOrder, ctx: Context) -> Reply:
        reply = await ctx.call("progress", order)
        if reply.missing:
            await ctx.call("noted", None, QZ_JD=reply.missing, QZ_JG=reply.missing)
        return reply

    async def _put_files(self, order: ServiceOrder, ctx: Context) -> None:
        """A file that no row names yet is nothing, so that a put may be repeated."""
        for path, evidence in codec.paths(order, ctx.params["qxdm"]):
            await ctx.fetch("file", FilePut(path, await ctx.evidence(evidence)))


def _fault(order: ServiceOrder, held: tuple[UtilityAccount, ...]) -> tuple[ErrorCode, str] | None:
    if not held:
        return ErrorCode.ELG_ACCOUNT_NOT_FOUND, "bdcdyh"
    if any(each.status == _SEALED for each in held):
        return ErrorCode.ELG_STATUS, "bdcdyh"
    if any(each.certificate_no != order.form.ownership_proof_no for each in held):
        return ErrorCode.MAT_INVALID, "ownership_proof_no"
    givers = order.form.transferors or ()
    known = [
        any(each.holder_name == giver.name and each.holder_document in codec.variants(giver.document.number)
            for giver in givers)
        for each in held
    ]  # fmt: skip
    return None if all(known) and len(givers) == len(held) else (ErrorCode.IDN_MISMATCH, "transferors")
