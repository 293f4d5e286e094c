"""Materials that go to an address which the utility signs for each of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from hub.domain.order import EvidencePart, ServiceOrder
from hub.domain.outcome import NotSent
from hub.domain.reply import Reply
from hub.domain.taxonomy import ErrorCode, ServiceError
from hub.sdk.context import Context
from hub.sdk.errors import CallEnded
from hub.wire import crypto
from hub.wire.exchange import HttpRequest, WireResponse


async def upload_signed(
    ctx: Context,
    message: str,
    order: ServiceOrder,
    place: Callable[[EvidencePart, str], Awaitable[Reply]],
    taken: Callable[[WireResponse], bool],
) -> tuple[str, ...]:
    """The file numbers of all materials of an order that are files, each number once; a physical one has none.

    Args:
        ctx: of the operation.
        message: the upload itself, in the manifest.
        order: whose materials these are.
        place: asks for the place of one: `upload_url` and `file_id`. Its second argument is "" at first, so that a
            repeat may be given the same number; the address of an earlier attempt may have lapsed, and then it is
            another text, for a new number.
        taken: whether an answer says that the upload arrived.

    Raises:
        CallEnded: UPS_UNAVAILABLE, when a new place does not take the file either.
    """
    numbers = []
    for evidence in order.evidence:
        if not evidence.ref:
            continue
        content = await ctx.evidence(evidence)
        sized = evidence.with_(file_name=evidence.neutral_name, size=len(content), sm3=crypto.sm3(content).hex())
        part = EvidencePart(order=order, evidence=sized, index=1, count=1, content=content)
        numbers.append(await _uploaded(ctx, message, part, place, taken))
    return tuple(dict.fromkeys(numbers))


async def _uploaded(
    ctx: Context,
    message: str,
    part: EvidencePart,
    place: Callable[[EvidencePart, str], Awaitable[Reply]],
    taken: Callable[[WireResponse], bool],
) -> str:
    for again in ("", ctx.now().isoformat()):
        found = await place(part, again)
        # The address carries the right to upload, so there are no credentials.
        headers = (("Content-Type", "application/octet-stream"),)
        put = HttpRequest("PUT", found.upload_url or "", headers, part.content)
        if taken(await ctx.fetch(message, put)):
            return found.file_id or ""
    error = ServiceError(code=ErrorCode.UPS_UNAVAILABLE, provider=ctx.endpoint, note="upload refused")
    raise CallEnded(NotSent(error=error))
