"""The toy utility that grants something for five days: it tells when that lapses, but never that it has."""

from __future__ import annotations

from datetime import timedelta

from hub.sdk import Absent, BusinessKey, Completed, Context, Outcome, Output, ServiceOrder, read, write
from tests.toy.adapter import ToyAdapter

FOR = timedelta(days=5)


class LapsingAdapter(ToyAdapter):
    """Orders are done at once. `still` asks the server: an order at `work` has been renewed, a `gone` one lapsed."""

    @write(
        "accept",
        serves=("3001:*",),
        message="accept",
        idempotency=BusinessKey("account_no"),
        inquiry="find",
        holds="still",
    )
    async def accept(self, order: ServiceOrder, ctx: Context) -> Outcome:
        reply = await ctx.call("accept", order)
        granted = Output(kind="receipt", identifier=reply.provider_ref, expires=ctx.now() + FOR)
        return Completed(provider_ref=reply.provider_ref, outputs=(granted,))

    @read("still")
    async def still(self, order: ServiceOrder, ctx: Context) -> Outcome:
        reply = await ctx.call("progress", order)
        match reply.state_raw:
            case "work":
                return Completed(outputs=(Output(kind="receipt", identifier="R", expires=ctx.now() + FOR),))
            case "done":
                return Completed(opinion="为长期有效")
            case _:
                return Absent()


class PassingAdapter(ToyAdapter):
    """The same, and nobody can be asked whether it still holds."""

    @write("accept", serves=("3001:*",), message="accept", idempotency=BusinessKey("account_no"), inquiry="find")
    async def accept(self, order: ServiceOrder, ctx: Context) -> Outcome:
        reply = await ctx.call("accept", order)
        return Completed(provider_ref=reply.provider_ref, outputs=(Output(kind="receipt", expires=ctx.now() + FOR),))
