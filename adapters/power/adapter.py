"""The power company's platform: what each operation sends, in which order, and how a doubt is resolved."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from adapters.power import codec
from hub.sdk import (
    Absent,
    AccountQuery,
    Adapter,
    BusinessKey,
    CallEnded,
    Completed,
    Context,
    DayQuery,
    Draw,
    Env,
    ErrorCode,
    EvidencePart,
    Faulty,
    FileNames,
    Heard,
    KeyReplay,
    Outcome,
    Progress,
    Rejected,
    Reply,
    ServiceError,
    ServiceOrder,
    TaskState,
    Tree,
    Unknown,
    as_http,
    beforehand,
    derived_key,
    error_of,
    outcome_of,
    paid,
    read,
    refreshing,
    refusal,
    refused_as,
    resolved,
    sm2_event,
    upload_signed,
    with_token,
    write,
)
from hub.sdk.operation import Operation
from hub.sdk.wire import HttpRequest, HttpResponse, WireRequest, WireResponse

_KEY_HOURS = 24
_TOKEN_MARGIN = timedelta(minutes=2)
_REFRESH_LIFE = timedelta(hours=23)
_IN_USE = frozenset({"normal", "arrears"})
_WHILE_SUSPENDED = _IN_USE | {"suspended"}
_ALSO_SUSPENDED = frozenset({"330", "420", "510"})
_SETTLED_FIRST = frozenset({"210", "211", "420"})
_ASKED = {TaskState.AWAITING_APPLICANT, TaskState.AWAITING_PAYMENT}


class PowerAdapter(Adapter):
    """One endpoint of the open platform."""

    def __init__(self, endpoint: str, config: Mapping[str, Any]) -> None:
        super().__init__(endpoint, config)
        self._codec = codec.Codec(self.config)

    def encode(self, message: str, tree: Tree, env: Env, draw: Draw) -> WireRequest:
        if message == "token":
            return self._codec.token(tree, env, draw)
        if message == "recon.download":
            return HttpRequest("GET", tree["url"])
        return self._codec.service(message, tree, env, draw)

    def decode(self, message: str, response: WireResponse, env: Env) -> Tree:
        answer = as_http(response)
        if message == "recon.download":
            return codec.day_file(answer, env)
        return self._codec.reply(message, answer, env)

    def preview(self, operation: Operation, order: ServiceOrder) -> tuple[str, Any]:
        if operation.name == "accept":
            return "app.submit", FileNames(order=order)
        return super().preview(operation, order)

    def callback(self, request: HttpRequest, env: Env) -> Heard:  # noqa: ARG002 -- the hook's form
        key = bytes.fromhex(self.config["callback_public_key"])
        event = sm2_event(request.body, codec.CONTRACT, "callback", key, "signSm2")
        return Heard(event["eventId"], "callback", event)

    def callback_answer(self, *, taken: bool) -> HttpResponse:
        body = b'{"code":"1"}' if taken else b'{"code":"0"}'
        return HttpResponse(200 if taken else 400, {"content-type": "application/json"}, body)

    # orders

    @write(
        "accept",
        serves=("app/submit:*",),
        message="app.submit",
        idempotency=KeyReplay(_KEY_HOURS),
        inquiry="find",
        follow="progress",
    )
    async def accept(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """Materials first, then the order: an order is never there without what it names."""
        files = await self._upload(order, ctx)
        named = FileNames(order=order, file_ids=files, callback_url=ctx.callback_url)
        key = derived_key(order.request_id, "app/submit")
        reply = await self._call(ctx, "app.submit", named, request_id=key)
        if reply.error in {ErrorCode.ELG_OPEN_ORDER, ErrorCode.DUP_SAME}:
            # Somebody's order is open, or our key was used before: both may be this very order of ours.
            spoilt = Faulty(error=error_of(reply, ErrorCode.UPS_PROTOCOL))
            otherwise = spoilt if reply.error is ErrorCode.DUP_SAME else self._answer(reply, ctx)
            return resolved(await self.find(order, ctx), otherwise)
        return self._answer(reply, ctx)

    @read("find", message="app.query")
    async def find(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """By our own serial, at once visible. Materials are there before an order is, so nothing is left to do."""
        return await self.progress(order.with_(provider_ref=None), ctx)

    @read("progress", message="app.query")
    async def progress(self, order: ServiceOrder, ctx: Context) -> Outcome:
        reply = await self._call(ctx, "app.query", order)
        if reply.error is None and reply.provider_ref is None:
            return Absent()
        if reply.error is None and reply.state is None:
            return Faulty(error=error_of(reply, ErrorCode.UPS_PROTOCOL))
        outcome = self._answer(reply, ctx)
        return outcome if reply.error is not None else self._explained(outcome, reply)

    @write("cancel", message="app.cancel", idempotency=BusinessKey("provider_ref"), inquiry="progress")
    async def cancel(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """With a fresh request id: the stored answer "too late" must not outlive the state that it was given in."""
        return self._answer(await self._call(ctx, "app.cancel", order), ctx)

    @write("supplement", message="app.supplement", idempotency=BusinessKey("provider_ref"), inquiry="supplemented")
    async def supplement(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """Send what was asked for: all evidence of the order, which the caller has narrowed to the new pieces."""
        named = FileNames(order=order, file_ids=await self._upload(order, ctx))
        return self._answer(await self._call(ctx, "app.supplement", named), ctx)

    @read("supplemented", message="app.query")
    async def supplemented(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """An order that still asks has not got it."""
        outcome = await self.progress(order, ctx)
        return Absent() if isinstance(outcome, Progress) and outcome.state in _ASKED else outcome

    # accounts and money

    @read("accounts", message="consumer.query")
    async def accounts(self, query: AccountQuery, ctx: Context) -> Reply:
        return await self._call(ctx, "consumer.query", query)

    @read("arrears", serves=("bill/arrears",), message="bill.arrears")
    async def arrears(self, source: AccountQuery | ServiceOrder, ctx: Context) -> Reply:
        return await self._call(ctx, "bill.arrears", AccountQuery.of(source))

    @read("precheck", message="consumer.query")
    async def precheck(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """What app/submit would object to, from the account and its bills. Of a new supply nothing is known yet."""
        if order.form.account_no is None:
            return Absent()
        found = await self._call(ctx, "consumer.query", AccountQuery.of(order))
        if found.error is not None or not found.accounts:
            return self._answer(found, ctx)
        owed = await self._call(ctx, "bill.arrears", AccountQuery.of(order))
        if owed.error is not None:
            return self._answer(owed, ctx)
        resumes = order.variant == "410" and order.form.suspend_kind == "resume"
        states = _WHILE_SUSPENDED if resumes or order.variant in _ALSO_SUSPENDED else _IN_USE
        settled_first = order.variant in _SETTLED_FIRST
        return beforehand(
            order, found.accounts[0], owed, provider=self.endpoint, states=states, debt_bars=settled_first
        )

    @write(
        "pay",
        serves=("pay/writeoff",),
        message="pay.writeoff",
        idempotency=KeyReplay(_KEY_HOURS),
        inquiry="payment",
    )
    async def pay(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """A bill by its account; or, for an order that waits for its fee, that fee by the order's number."""
        message = "pay.writeoff" if self.operations["pay"].does(order.operation) else "pay.fee"
        key = derived_key(order.request_id, "pay/writeoff")
        reply = await self._call(ctx, message, order, request_id=key)
        if reply.error is not None:
            return self._answer(reply, ctx)
        return paid(order, reply)

    @read("payment", message="pay.writeoff")
    async def payment(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """There is no query for payments: the same request is one, as long as the platform remembers its key."""
        if ctx.now() - order.submitted_at < timedelta(hours=_KEY_HOURS):
            return await self.pay(order, ctx)
        return Unknown(phase="RECEIVED", error=ServiceError(code=ErrorCode.PAY_UNKNOWN, provider=self.endpoint))

    @write("reverse", message="pay.reverse", idempotency=KeyReplay(_KEY_HOURS), inquiry="reverse")
    async def reverse(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """Once only at the platform, so that a repeat is its own inquiry. `provider_ref` is the payment's chargeId."""
        key = derived_key(order.request_id, "pay/reverse")
        reply = await self._call(ctx, "pay.reverse", order, request_id=key)
        if reply.error is not None and reply.note != "reversed":
            return self._answer(reply, ctx)
        return Completed(provider_ref=order.provider_ref, raw_code=reply.raw_code, event_time=reply.event_time)

    @read("reconcile", message="recon.file")
    async def reconcile(self, query: DayQuery, ctx: Context) -> Reply:
        place = await self._call(ctx, "recon.file", query)
        if place.error is not None:
            return place
        return await ctx.call("recon.download", query, url=place.content, sm3=place.digest, count=place.note)

    @read("check", message="ping")
    async def check(self, _source: Any, ctx: Context) -> Outcome:
        """Log in and ask for an order that nobody has: credentials, signature and both envelopes are proved."""
        return outcome_of(await self._call(ctx, "ping", None), done=True)

    # shared

    async def _call(self, ctx: Context, message: str, source: Any, **values: Any) -> Reply:
        """One message with the shared token; an expired one is renewed once, as the platform did nothing with it."""

        async def ask(refresh: str | None) -> Reply:
            return await ctx.call("token", None, refresh_token=refresh)

        async def call(token: str) -> Reply:
            return await ctx.call(message, source, session={"token": token}, **values)

        log_in = refreshing(ctx, ask, margin=_TOKEN_MARGIN, keep=_REFRESH_LIFE)
        return await with_token(ctx, log_in, call, refused_as(ErrorCode.UPS_AUTH, "10002"))

    async def _upload(self, order: ServiceOrder, ctx: Context) -> tuple[str, ...]:
        """The file numbers of all materials: a repeat gets the same, so that the order's own request repeats."""

        async def place(part: EvidencePart, again: str) -> Reply:
            name, digest = part.evidence.file_name, part.evidence.sm3
            key = derived_key(order.request_id, f"attach/presign {name} {digest} {again}")
            found = await self._call(ctx, "attach.presign", part, request_id=key)
            if found.error is not None:
                raise CallEnded(self._answer(found, ctx))
            return found

        return await upload_signed(ctx, "attach.put", order, place, codec.uploaded)

    def _answer(self, reply: Reply, ctx: Context) -> Outcome:
        """The common rule; a refusal also names the field and rule, and when the closed hours end."""
        if reply.error is None:
            return outcome_of(reply)
        field = reply.missing[0] if reply.missing else None
        error: ServiceError = error_of(reply).with_(provider=self.endpoint, field=field, note=reply.note)
        closed = reply.error is ErrorCode.UPS_MAINTENANCE and reply.event_time is not None
        wait = max(reply.event_time - ctx.now(), timedelta(0)) if closed and reply.event_time else None
        return refusal(error, wait)

    def _explained(self, outcome: Outcome, reply: Reply) -> Outcome:
        """Add what only the query knows: why an order came back or was ended, and from when on a change holds."""
        match outcome:
            case Completed(outputs=outputs):
                explained: Outcome = outcome.with_(outputs=tuple(o.with_(effective=reply.planned) for o in outputs))
            case Rejected() | Progress(state=TaskState.AWAITING_APPLICANT):
                usual = ErrorCode.ELG_NOT_ELIGIBLE if outcome.kind == "rejected" else ErrorCode.MAT_INVALID
                code = ErrorCode.ELG_ARREARS if reply.note == "20003" else usual
                raw, owed = reply.note or outcome.raw_code, reply.arrears_fen
                error = ServiceError(code=code, provider=self.endpoint, provider_code_raw=raw, amount_fen=owed)
                explained = outcome.with_(error=error)
            case _:
                explained = outcome
        return explained
