"""The cable television company's BOSS: what each operation sends, one call at a time, and how a doubt is resolved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from adapters.catv.codec import Codec
from hub.sdk import (
    Absent,
    AccountQuery,
    Adapter,
    Address,
    CallEnded,
    Completed,
    Context,
    DayQuery,
    DecodeError,
    Draw,
    Env,
    ErrorCode,
    Faulty,
    KeyReplay,
    Outcome,
    Progress,
    Rejected,
    Reply,
    ServiceError,
    ServiceOrder,
    TaskState,
    Tree,
    error_of,
    not_decided,
    old_resident_number,
    outcome_of,
    read,
    refusal,
    resolved,
    with_token,
    write,
)
from hub.sdk.operation import Operation
from hub.sdk.wire import HttpResponse, WireRequest, WireResponse

_SHANGHAI = ZoneInfo("Asia/Shanghai")
_SESSION = timedelta(minutes=18)  # below the twenty idle minutes after which the BOSS ends it
_LOGIN_REST = timedelta(minutes=30)  # five wrong passwords within an hour lock the operator
_CLOCKS = timedelta(minutes=10)  # by how much the two clocks may differ
_NOBODY, _NO_PLACE = "000000000000", "0000000000"
_PLACED, _BY_HOLDER = {"BS3001", "BS3003", "BS3007"}, {"BS3003", "BS3004", "BS3005", "BS3006"}


class CatvAdapter(Adapter):
    """One endpoint, with one operator of its own: the BOSS knows one session an operator, and one call at a time."""

    def __init__(self, endpoint: str, config: Mapping[str, Any]) -> None:
        super().__init__(endpoint, config)
        self._codec = Codec(self.config)

    def encode(self, message: str, tree: Tree, env: Env, draw: Draw) -> WireRequest:  # noqa: ARG002 -- the hook's form
        return self._codec.file_request(tree) if message == "day.file" else self._codec.request(message, tree)

    def decode(self, message: str, response: WireResponse, env: Env) -> Tree:
        if not isinstance(response, HttpResponse):
            raise DecodeError("response", "is not HTTP")
        return self._codec.file(response, env) if message == "day.file" else self._codec.answer(response, env)

    def preview(self, operation: Operation, order: ServiceOrder) -> tuple[str, Any]:
        """The order's own service. The number of its address is asked for only when it is sent."""
        if operation.name != "accept":
            return super().preview(operation, order)
        number = _place(order).standard_address_id or _NO_PLACE
        return order.operation, order.with_(address=_place(order).with_(standard_address_id=number))

    # orders

    @write("accept", serves=("BS300?",), idempotency=KeyReplay(), inquiry="find", follow="progress")
    async def accept(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """Hand in an order. "Serial used before" says nothing of what came of it: asking by the serial does."""
        reply = await self._as_on_file(await self._placed(order, ctx), ctx)
        if reply.error is ErrorCode.DUP_SAME:
            return resolved(await self.find(order, ctx), Faulty(error=error_of(reply, ErrorCode.UPS_PROTOCOL)))
        return _outcome(reply)

    @read("find", message="BS5001")
    async def find(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """The order under our own serial, at once visible."""
        return await self.progress(order.with_(provider_ref=None), ctx)

    @read("progress", message="BS5001")
    async def progress(self, order: ServiceOrder, ctx: Context) -> Outcome:
        found = await self._call(ctx, "BS5001", order)
        if found.error is not None:
            return not_decided(found)
        if found.provider_ref is None:
            return Absent()
        if found.note != order.operation or found.state is None:
            return Faulty(error=error_of(found, ErrorCode.UPS_PROTOCOL))
        return _outcome(found)

    @write("cancel", message="BS5002", idempotency=KeyReplay(), inquiry="progress")
    async def cancel(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """Withdraw an order on which nobody works yet; a withdrawn one answers the same again."""
        reply = await self._call(ctx, "BS5002", order)
        return await self.progress(order, ctx) if reply.error is ErrorCode.DUP_SAME else outcome_of(reply)

    # money

    @write("pay", serves=("BS2002+BS4001",), message="BS4001", idempotency=KeyReplay(), inquiry="find_payment")
    async def pay(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """Pay to an account, or the fee of the order `provider_ref`. The BOSS takes a serial once only."""
        reply = await self._call(ctx, "BS4001", order)
        if reply.error is ErrorCode.DUP_SAME:
            last = await self._call(ctx, "BS2002", AccountQuery.of(order))
            ours = last.records[0].provider_ref if _is_ours(last, order) else None
            reply = reply.with_(error=None, receipt_no=ours)
        if reply.error is not None:
            return outcome_of(reply)
        paid = outcome_of(reply, done=True)
        return Completed.model_validate(paid.with_(provider_ref=order.provider_ref or reply.receipt_no))

    @read("find_payment", message="BS2002")
    async def find_payment(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """The account's last payment tells, unless another came after ours: then the same serial again does."""
        last = await self._call(ctx, "BS2002", AccountQuery.of(order))
        if last.error is not None:
            return not_decided(last)
        return await self.pay(order, ctx) if _is_ours(last, order) or _later(last, order) else Absent()

    @write("reverse", message="BS4002", idempotency=KeyReplay(), inquiry="reverse")
    async def reverse(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """Take back the payment with the receipt `provider_ref`. Done once a serial, so it is its own inquiry."""
        reply = await self._call(ctx, "BS4002", order)
        error = None if reply.error is ErrorCode.DUP_SAME else reply.error
        return outcome_of(reply.with_(error=error, provider_ref=order.provider_ref), done=True)

    @read("reconcile", message="day.file")
    async def reconcile(self, query: DayQuery, ctx: Context) -> Reply:
        """The files of a day, one a branch: all of them, or none."""
        replies = [await ctx.call("day.file", query, branch=branch) for branch in self.config["branches"]]
        return Reply(records=tuple(record for reply in replies for record in reply.records))

    # questions

    @read("accounts", message="BS2001")
    async def accounts(self, query: AccountQuery, ctx: Context) -> Reply:
        """Accounts by number, smart card or document; who came in the nineties is on file with 15 digits."""
        replies = [await self._call(ctx, "BS2001", one) for one in _queries(query)]
        failed = next((each for each in replies if each.error not in {None, ErrorCode.ELG_ACCOUNT_NOT_FOUND}), None)
        found = tuple(account for each in replies for account in each.accounts)
        return failed or (Reply(raw_code="0", accounts=found) if found else replies[0])

    @read("arrears", message="BS2002")
    async def arrears(self, source: AccountQuery | ServiceOrder, ctx: Context) -> Reply:
        reply = await self._call(ctx, "BS2002", AccountQuery.of(source))
        return Reply.model_validate(reply.with_(records=()))

    @read("precheck", message="BS2002")
    async def precheck(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """Whether the BOSS would take the order: place, account, debts, contract, as far as asking tells."""
        await self._placed(order, ctx)
        if order.form.cust_no is None:
            return Completed()
        reply = await self._call(ctx, "BS2002", AccountQuery.of(order))
        return outcome_of(reply) if reply.error is not None else self._judged(order, reply, ctx)

    @read("check", message="BS2001")
    async def check(self, asked: AccountQuery, ctx: Context) -> Reply:
        """Log in and ask for an account that nobody has."""
        reply = await self._call(ctx, "BS2001", asked.with_(account_no=_NOBODY, document=None, meter_no=None))
        return Reply(raw_code=reply.raw_code) if reply.error is ErrorCode.ELG_ACCOUNT_NOT_FOUND else reply

    # shared

    async def _call(self, ctx: Context, message: str, source: Any) -> Reply:
        """One call in the operator's turn and session; after a session that was over, once more in a new one."""

        async def call(session: str) -> Reply:
            return await ctx.call(message, source, session={"id": session})

        async def log_in() -> tuple[str | None, timedelta]:
            reply = await ctx.call("BS1001", None)
            if reply.error is not None:
                raise CallEnded(refusal(error_of(reply).with_(provider=self.endpoint)))
            return reply.token, _SESSION

        async with ctx.turn("operator"):
            return await with_token(ctx, log_in, call, _is_over, name="operator", rest=_LOGIN_REST)

    async def _placed(self, order: ServiceOrder, ctx: Context) -> ServiceOrder:
        """The order with its address as the BOSS knows it. Raises CallEnded when it is not covered or not clear."""
        if order.operation not in _PLACED:
            return order
        reply = await self._call(ctx, "BS6001", order)
        if reply.error is not None:
            raise CallEnded(outcome_of(reply))
        found = [each for each in reply.addresses if _place(order).is_same(each)] or list(reply.addresses)
        if len(found) != 1:
            note = f"none of {len(found)} covered addresses is this one"
            error = ServiceError(code=ErrorCode.VAL_FORMAT, provider=self.endpoint, field="address", note=note)
            raise CallEnded(Rejected(error=error))
        return ServiceOrder.model_validate(order.with_(address=found[0]))

    async def _as_on_file(self, order: ServiceOrder, ctx: Context) -> Reply:
        """Who asks as the holder must have the number that is on file, of 18 digits or of 15."""
        reply = await self._call(ctx, order.operation, order)
        document = order.applicant.document
        short = old_resident_number(document.number)
        if reply.error is not ErrorCode.ELG_ACCOUNT_NOT_FOUND or order.operation not in _BY_HOLDER or short is None:
            return reply
        applicant = order.applicant.with_(document=document.with_(number=short))
        return await self._call(ctx, order.operation, order.with_(applicant=applicant))

    def _judged(self, order: ServiceOrder, reply: Reply, ctx: Context) -> Outcome:
        account, form = reply.accounts[0], order.form
        until = account.valid_until
        bound = until is not None and until >= ctx.now().astimezone(_SHANGHAI).date()
        amount: int | None = None
        code: ErrorCode | None = None
        if form.old_holder_name not in {None, account.holder_name}:
            code = ErrorCode.IDN_MISMATCH
        elif reply.arrears_fen and form.settle_mode != "new_holder_takes_over":
            code, amount = ErrorCode.ELG_ARREARS, reply.arrears_fen
        elif (account.status == "suspended") is not (order.operation == "BS3005"):
            code = ErrorCode.ELG_STATUS
        elif bound and order.operation == "BS3002" and not form.contract_accept:
            code = ErrorCode.ELG_CONTRACT
        if code is None:
            return Completed(raw_code=reply.raw_code, opinion=f"合约至{until}" if bound else None)
        return Rejected(error=ServiceError(code=code, provider=self.endpoint, amount_fen=amount))


def _outcome(reply: Reply) -> Outcome:
    """The common rule; who must bring back devices is told so, and which field a refusal means."""
    match outcome_of(reply):
        case Progress(state=TaskState.AWAITING_APPLICANT) as outcome:
            error = error_of(reply, ErrorCode.MAT_MISSING).with_(field="DEVICES")
            return Progress.model_validate(outcome.with_(error=error))
        case Rejected() as outcome if reply.missing:
            return Rejected.model_validate(outcome.with_(error=outcome.error.with_(field=reply.missing[0])))
        case outcome:
            return outcome


def _is_over(error: ServiceError) -> bool:
    return error.provider_code_raw == "1001"


def _place(order: ServiceOrder) -> Address:
    return order.form.new_address or order.address


def _is_ours(last: Reply, order: ServiceOrder) -> bool:
    return bool(last.records) and last.records[0].serial == order.serial


def _later(last: Reply, order: ServiceOrder) -> bool:
    """Whether a payment came since the order was made; the BOSS tells times to the minute."""
    at = last.records[0].at if last.records else None
    return at is not None and at >= order.submitted_at - _CLOCKS


def _queries(query: AccountQuery) -> Iterator[AccountQuery]:
    yield query
    short = old_resident_number(query.document.number) if query.document else None
    if query.account_no is None and query.document is not None and short is not None:
        yield query.with_(document=query.document.with_(number=short))
