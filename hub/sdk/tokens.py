"""Calls under a token that all calls of an endpoint share, renewed once when the utility says that it is over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

from hub.domain.outcome import NotSent
from hub.domain.reply import Reply
from hub.domain.taxonomy import ErrorCode, ServiceError
from hub.sdk.context import Context
from hub.sdk.errors import CallEnded
from hub.sdk.outcomes import error_of, refusal

Answer = TypeVar("Answer")
Make = Callable[[], Awaitable[tuple[Any, timedelta]]]


async def with_token(
    ctx: Context,
    make: Make,
    call: Callable[[Any], Awaitable[Answer]],
    over: Callable[[ServiceError], bool],
    *,
    name: str = "access",
    rest: timedelta | None = None,
) -> Answer:
    """Call with the token, and once more with a new one if the first was over: the utility did nothing with that.

    Args:
        ctx: of the operation.
        make: logs in and returns the token with its lifetime.
        call: one call with a token.
        over: whether a refusal says that the token does not hold any more.
        name: of the token, where an endpoint has several.
        rest: how long no login is tried after one was refused, where trying on would lock the account.

    Raises:
        CallEnded: as the call or the login ended.
    """
    make = _careful(ctx, make, f"{name} refused", rest) if rest else make
    token = await ctx.session(name, make)
    try:
        return await call(token)
    except CallEnded as ended:
        error = getattr(ended.outcome, "error", None)
        if error is None or not over(error):
            raise
    if await ctx.session(name, make) == token:  # else another call has renewed it meanwhile
        ctx.drop_session(name)
    return await call(await ctx.session(name, make))


def refreshing(
    ctx: Context, ask: Callable[[str | None], Awaitable[Reply]], *, margin: timedelta, keep: timedelta
) -> Make:
    """A login for `with_token` at utilities that give a second token, with which the next one is asked for.

    Args:
        ctx: of the operation.
        ask: the login, with the token to renew by, or None for one with credentials. Its reply has `token`,
            `lifetime_seconds` and `refresh_token`.
        margin: how long before its end a token is renewed.
        keep: how long the second token is tried; one that is refused sooner is done without.
    """

    async def log_in() -> tuple[str, timedelta]:
        refresh = await ctx.session("refresh", _value(None, timedelta(0)))
        try:
            reply = await ask(refresh)
        except CallEnded as ended:
            refused = getattr(ended.outcome, "error", None)
            if refresh is None or refused is None or refused.code is not ErrorCode.UPS_AUTH:
                raise
            reply = await ask(None)
        if reply.error is not None:
            raise CallEnded(refusal(error_of(reply)))
        ctx.drop_session("refresh")
        await ctx.session("refresh", _value(reply.refresh_token, keep))
        return reply.token or "", timedelta(seconds=reply.lifetime_seconds or 0) - margin

    return log_in


def refused_as(code: ErrorCode, raw: str) -> Callable[[ServiceError], bool]:
    """Tells by the utility's own code, `raw`, that a token is over: other refusals of the same kind do not mean it."""
    return lambda error: (error.code, error.provider_code_raw) == (code, raw)


def _value(value: str | None, lifetime: timedelta) -> Make:
    async def make() -> tuple[str | None, timedelta]:
        return value, lifetime

    return make


def _careful(ctx: Context, make: Make, name: str, rest: timedelta) -> Make:
    """The same login, which remembers a refusal and repeats it until the rest is over."""
    refused: NotSent | None = None

    async def kept() -> tuple[NotSent | None, timedelta]:
        return refused, rest if refused else timedelta(0)

    async def careful() -> tuple[Any, timedelta]:
        nonlocal refused
        refused = await ctx.session(name, kept)
        if refused is not None:
            raise CallEnded(refused)
        try:
            return await make()
        except CallEnded as ended:
            if isinstance(ended.outcome, NotSent) and ended.outcome.error.code is ErrorCode.UPS_AUTH:
                refused = NotSent(error=ended.outcome.error, retry_after=rest)
                await ctx.session(name, kept)
                raise CallEnded(refused) from None
            raise

    return careful
