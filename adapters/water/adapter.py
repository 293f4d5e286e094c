"""The water companies' adapter: one SOAP operation, ten trades, two dialects."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Any

from adapters.water.dialect import CONTRACTS, DIALECTS
from hub.sdk import (
    Absent,
    AccountQuery,
    Adapter,
    BusinessKey,
    Context,
    DecodeError,
    Draw,
    Env,
    ErrorCode,
    Evidence,
    EvidencePart,
    Faulty,
    KeyReplay,
    NotSent,
    Outcome,
    Reply,
    ServiceOrder,
    TaskState,
    Tree,
    Unknown,
    as_http,
    beforehand,
    error_of,
    inquiry,
    not_decided,
    outcome_of,
    read,
    refusal,
    refused_by_status,
    resolved,
    write,
)
from hub.sdk.wire import HttpRequest, WireRequest, WireResponse, soap

_CHUNK = 262_144
_QUIET = timedelta(seconds=60)
_NOBODY = "0000000000"
_ALL = "*"
# In lists names are cut. A resumption is of a suspended account, all else of one in use; some want debts settled.
_LISTED_NAME = 20
_IN_USE = frozenset({"normal", "arrears"})
_STATES = {"09": frozenset({"suspended"})}
_DEBT_BARS = frozenset({"01", "04", "05", "08", "09", "10"})
_NOTHING_DONE = {
    401: ErrorCode.UPS_AUTH,
    403: ErrorCode.UPS_AUTH,
    429: ErrorCode.UPS_THROTTLED,
    503: ErrorCode.UPS_BUSY,
}


class WaterAdapter(Adapter):
    """Speaks to one water company's billing system; `dialect` in its configuration says how."""

    def __init__(self, endpoint: str, config: Mapping[str, Any]) -> None:
        super().__init__(endpoint, config)
        self._dialect = DIALECTS[self.config["dialect"]]

    def encode(self, message: str, tree: Tree, env: Env, draw: Draw) -> WireRequest:  # noqa: ARG002 -- the hook's form
        """Put the document into the SOAP envelope, signed."""
        dialect = self._dialect
        document = dialect.write(message, tree, self.config["visit_hours"])
        sign = dialect.sign(message + document, self.config["sign_key"])
        arguments = {"tradeCode": message, "xmlData": document, "sign": sign}
        headers, body = _soap().encode("Invoke", arguments, dialect.charset)
        return HttpRequest("POST", self.config["base_url"].rstrip("/") + dialect.path, headers, body)

    def decode(self, message: str, response: WireResponse, env: Env) -> Tree:
        """Take the document out of the envelope. A SOAP Fault raises DecodeError without its text."""
        answer = as_http(response)
        refused_by_status(answer, env.now, _NOTHING_DONE)
        if self._dialect.charset == "gb2312" and _is_utf8(answer.body):
            # GB18030 reads most of UTF-8 as other characters, without a complaint.
            raise DecodeError("response", "is UTF-8 and says that it is gb2312")
        result = _soap().decode("Invoke", answer.status, answer.headers, answer.body)
        return self._dialect.read(message, str(result.get("InvokeResult", "")))

    # orders

    @write(
        "accept",
        serves=("3001:*",),
        message="3001",
        idempotency=BusinessKey("form.account_no", "variant"),
        inquiry="find",
        follow="progress",
    )
    async def accept(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """Hand in an order and its files. "Already open" may mean our own order: asking by our serial tells."""
        reply = await ctx.call("3001", order)
        if reply.error is ErrorCode.ELG_OPEN_ORDER:
            return resolved(await self.find(order, ctx), _outcome(reply))
        if reply.error is not None:
            return _outcome(reply)
        ctx.known_as(reply.provider_ref)
        everything = {str(number): _ALL for number, _ in _files(order)}
        return await _upload(order, reply, everything, ctx) or _outcome(reply)

    @inquiry("find", message="3002")
    async def find(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """The order under our own serial, completed by the chunks that it still lacks."""
        found = await ctx.call("3002", order.with_(provider_ref=None))
        if found.error is not None:
            return _no_answer(found)
        if found.state is TaskState.ACCEPTED and _files(order):
            ctx.known_as(found.provider_ref)
            listed = await ctx.call("3005", order.with_(provider_ref=found.provider_ref))
            if listed.error is not None:
                return _unfinished(listed, found.provider_ref)
            lacking = {record.serial: record.note or _ALL for record in listed.records if record.serial}
            failed = await _upload(order, found, lacking, ctx)
            if failed is not None:
                return failed
        return _outcome(found)

    @read("progress", message="3002")
    async def progress(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """How far an order is. The company answers for one order at most once a minute."""
        found = await ctx.call("3002", order)
        return _outcome(found) if found.error is None else _no_answer(found)

    @write("cancel", message="3003", idempotency=KeyReplay(), inquiry="find")
    async def cancel(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """Withdraw an order while nobody works on it; a withdrawn one answers the same again."""
        return _outcome(await ctx.call("3003", order))

    # money

    @write("pay", serves=("2001",), message="2001", idempotency=KeyReplay(), inquiry="find_payment")
    async def pay(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """Pay all that an account owes, or the fee of the order `provider_ref`; never twice under one serial."""
        return _done_once(await ctx.call("2001", order))

    @inquiry("find_payment", message="1002")
    async def find_payment(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """Whether a payment was posted: not, if the debt still stands; else the payment's own repeat tells."""
        if order.provider_ref is None:
            owed = await ctx.call("1002", AccountQuery.of(order))
            if owed.error is not None:
                return not_decided(_outcome(owed))
            if (owed.arrears_fen or 0) >= (order.form.amount or 0):
                return Absent()
        return await self.pay(order, ctx)

    @write("reverse", message="2002", idempotency=KeyReplay(), inquiry="reverse")
    async def reverse(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """Take a payment back, on the same day only. A repeat is harmless, so it is its own inquiry."""
        return _done_once(await ctx.call("2002", order))

    # questions

    @read("arrears", serves=("1002",), message="1002")
    async def arrears(self, asked: AccountQuery | ServiceOrder, ctx: Context) -> Outcome | Reply:
        """What an account owes: as a reply to a query, as an outcome to an order of the item."""
        if isinstance(asked, AccountQuery):
            return await ctx.call("1002", asked)
        return _outcome(await ctx.call("1002", AccountQuery.of(asked)), done=True)

    @read("precheck", message="1001")
    async def precheck(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """What 3001 would object to, from the account and its debts. Of a new supply nothing is known yet."""
        if order.form.account_no is None:
            return Absent()
        found = await ctx.call("1001", AccountQuery.of(order))
        if found.error is not None or not found.accounts:
            return _outcome(found)
        owed = await ctx.call("1002", AccountQuery.of(order))
        if owed.error is not None:
            return _outcome(owed)
        return beforehand(
            order,
            found.accounts[0],
            owed,
            provider=self.endpoint,
            states=_STATES.get(order.variant, _IN_USE),
            debt_bars=order.variant in _DEBT_BARS,
            name_bytes=_LISTED_NAME,
        )

    @read("check", message="1001")
    async def check(self, asked: AccountQuery, ctx: Context) -> Reply:
        """Whether address, signature and company are right, by asking for an account that nobody has."""
        nobody = asked.with_(account_no=_NOBODY, document=None, meter_no=None)
        reply = await ctx.call("1001", nobody)
        return reply.with_(error=None) if reply.error is ErrorCode.ELG_ACCOUNT_NOT_FOUND else reply


@cache
def _soap() -> soap.SoapCodec:
    return soap.SoapCodec.load(CONTRACTS / "business.wsdl")


def _is_utf8(data: bytes) -> bool:
    try:
        return not data.isascii() and bool(data.decode())
    except UnicodeDecodeError:
        return False


def _files(order: ServiceOrder) -> tuple[tuple[int, Evidence], ...]:
    """The materials that there are bytes of, numbered as 3001 lists them."""
    return tuple(enumerate((evidence for evidence in order.evidence if evidence.ref), start=1))


async def _upload(order: ServiceOrder, known: Reply, lacking: Mapping[str, str], ctx: Context) -> Outcome | None:
    """Send the chunks that are lacking, by file number; the outcome if one is not taken."""
    ref = known.provider_ref
    for number, evidence in _files(order):
        wanted = lacking.get(str(number), "").split(",")
        if wanted == [""]:
            continue
        content = await ctx.evidence(evidence)
        chunks = [content[start : start + _CHUNK] for start in range(0, len(content), _CHUNK)]
        for index, chunk in enumerate(chunks, start=1):
            if _ALL in wanted or str(index) in wanted:
                part = EvidencePart(
                    order=order, evidence=evidence, index=index, count=len(chunks), content=chunk, provider_ref=ref
                )
                reply = await ctx.call("3004", part, file_no=str(number))
                if reply.error is not None:
                    return _unfinished(reply, ref)
    return None


def _no_answer(reply: Reply) -> Outcome:
    """The outcome of a question about an order that was not answered: there is none, or ask again."""
    return Absent() if reply.error is ErrorCode.ELG_ACCOUNT_NOT_FOUND else not_decided(_outcome(reply))


def _unfinished(reply: Reply, ref: str | None) -> Outcome:
    """The order exists and its files are not all there: ask and send again later, or let a person see why not."""
    outcome = _outcome(reply)
    if isinstance(outcome, NotSent | Unknown):
        return Unknown(phase="RECEIVED", error=outcome.error, provider_ref=ref, retry_after=outcome.retry_after)
    return Faulty(error=error_of(reply).with_(ref=ref))


def _done_once(reply: Reply) -> Outcome:
    """A serial that was used before means a payment, or reversal, of our own that was done already."""
    return _outcome(reply.with_(error=None) if reply.error is ErrorCode.DUP_SAME else reply, done=True)


def _outcome(reply: Reply, *, done: bool = False) -> Outcome:
    if reply.error is ErrorCode.UPS_THROTTLED:
        return refusal(error_of(reply), _QUIET)
    return outcome_of(reply, done=done)
