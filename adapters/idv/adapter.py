"""The identity gateway: which path answers which question, and one secret for all calls, renewed in time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

from adapters.idv.codec import Codec
from hub.sdk import (
    Adapter,
    CallEnded,
    Completed,
    Context,
    DecodeError,
    DocumentType,
    Draw,
    Env,
    ErrorCode,
    IdentityQuery,
    NotSupported,
    Outcome,
    Reply,
    ServiceError,
    Tree,
    error_of,
    read,
    refusal,
    with_token,
)
from hub.sdk.wire import HttpResponse, WireRequest, WireResponse

_MARGIN = timedelta(seconds=60)  # less than the overlap, so that calls under way end with a secret that is good
_REFRESH_LIFE = timedelta(hours=47)
_ENDED = "02"
_PATHS = {
    DocumentType.RIC: "idcard.verify",
    DocumentType.PASSPORT: "entexit.verify",
    DocumentType.HM_PERMIT: "entexit.verify",
    DocumentType.TW_PERMIT: "entexit.verify",
    DocumentType.FPR: "entexit.verify",
    DocumentType.HMT_RESIDENCE: "residence.permit",
    DocumentType.USCC: "enterprise.base",
}


class IdvAdapter(Adapter):
    """One application key of the gateway. It has one owner: a second one's fresh start would end this one's secret."""

    def __init__(self, endpoint: str, config: Mapping[str, Any]) -> None:
        super().__init__(endpoint, config)
        self._codec = Codec(self.config)

    def encode(self, message: str, tree: Tree, env: Env, draw: Draw) -> WireRequest:  # noqa: ARG002 -- the SDK's form
        return self._codec.request(message, tree, env)

    def decode(self, message: str, response: WireResponse, env: Env) -> Tree:
        if not isinstance(response, HttpResponse):
            raise DecodeError("response", "is not HTTP")
        return self._codec.reply(message, response, env)

    @read("verify", message="idcard.verify")
    async def verify(self, query: IdentityQuery, ctx: Context) -> Reply:
        """Whether name and number agree with the register that keeps documents of this kind."""
        message = _PATHS.get(query.document.type)
        if message is None:
            raise NotSupported(f"no register verifies documents of type {query.document.type}")
        reply = await self._call(ctx, message, query)
        if message == "enterprise.base" and reply.error is None:
            named = query.legal_rep is None or query.legal_rep == reply.legal_rep
            if query.name != reply.holder_name or not named:
                reply = reply.with_(error=ErrorCode.IDN_MISMATCH)
        return reply

    @read("compare_photo", message="idcard.photoCompare")
    async def compare_photo(self, query: IdentityQuery, ctx: Context) -> Reply:
        """How alike the photo and the register's portrait are; the line is the hub's to draw."""
        return await self._call(ctx, "idcard.photoCompare", query)

    @read("household", message="population.household")
    async def household(self, query: IdentityQuery, ctx: Context) -> Reply:
        return await self._call(ctx, "population.household", query)

    @read("licence", message="licence.get")
    async def licence(self, query: IdentityQuery, ctx: Context) -> Reply:
        return await self._call(ctx, "licence.get", query)

    @read("holdings", message="realestate.holdings")
    async def holdings(self, query: IdentityQuery, ctx: Context) -> Reply:
        return await self._call(ctx, "realestate.holdings", query)

    @read("check", message="token.key")
    async def check(self, _source: Any, ctx: Context) -> Outcome:
        """A secret can be had: address, key and signature are right. Nobody's data is asked for."""
        await ctx.session("secret", self._renewing(ctx))
        return Completed()

    async def _call(self, ctx: Context, message: str, query: IdentityQuery) -> Reply:
        """One question. A secret that has ended is renewed once: the gateway did nothing with the call."""

        async def call(secret: str) -> Reply:
            reply = await ctx.call(message, query, session={"secret": secret})
            if reply.raw_code == _ENDED:
                raise CallEnded(refusal(error_of(reply)))
            return reply

        return await with_token(ctx, self._renewing(ctx), call, _has_ended, name="secret")

    def _renewing(self, ctx: Context) -> Callable[[], Awaitable[tuple[str, timedelta]]]:
        async def renew() -> tuple[str, timedelta]:
            reply = await self._renew(ctx)
            return reply.token or "", timedelta(seconds=reply.lifetime_seconds or 0) - _MARGIN

        return renew

    async def _renew(self, ctx: Context) -> Reply:
        """By the refresh secret, which spares the calls under way; afresh only when that one is spent."""

        async def nothing() -> tuple[str | None, timedelta]:
            return None, timedelta(0)

        refresh = await ctx.session("refresh", nothing)
        reply = await ctx.call("token.secret", None, session={"refresh": refresh}) if refresh else None
        if reply is None or reply.error is ErrorCode.UPS_AUTH:
            reply = await ctx.call("token.key", None)
        if reply.error is not None:
            raise CallEnded(refusal(error_of(reply)))
        renewed = reply.refresh_token

        async def kept() -> tuple[str | None, timedelta]:
            return renewed, _REFRESH_LIFE

        ctx.drop_session("refresh")
        await ctx.session("refresh", kept)
        return reply


def _has_ended(error: ServiceError) -> bool:
    return error.provider_code_raw == _ENDED
