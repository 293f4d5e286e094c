"""Calls under a token that all calls of an endpoint share, renewed once when the utility says that it is over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

from hub.domain.taxonomy import ServiceError
from hub.sdk.context import Context
from hub.sdk.errors import CallEnded

Answer = TypeVar("Answer")
Make = Callable[[], Awaitable[tuple[Any, timedelta]]]


async def with_token(
    ctx: Context,
    make: Make,
    call: Callable[[Any], Awaitable[Answer]],
    over: Callable[[ServiceError], bool],
    *,
    name: str = "access",
) -> Answer:
    """Call with the token, and once more with a new one if the first was over: the utility did nothing with that.

    Args:
        ctx: of the operation.
        make: logs in and returns the token with its lifetime.
        call: one call with a token.
        over: whether a refusal says that the token does not hold any more.
        name: of the token, where an endpoint has several.

    Raises:
        CallEnded: as the call or the login ended.
    """
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
