"""The toy utility's adapter: one write with a business key and an inquiry, a cancel, and a payment nobody can inquire."""

from __future__ import annotations

import json

from hub.sdk import (
    Absent,
    Adapter,
    BusinessKey,
    Context,
    DecodeError,
    ErrorCode,
    Outcome,
    ServiceOrder,
    outcome_of,
    read,
    write,
)
from hub.sdk.wire import HttpRequest


class ToyAdapter(Adapter):
    @write(
        "accept",
        serves=("3001:*",),
        message="accept",
        idempotency=BusinessKey("account_no"),
        inquiry="find",
        follow="progress",
    )
    async def accept(self, order: ServiceOrder, ctx: Context) -> Outcome:
        return outcome_of(await ctx.call("accept", order))

    @read("find")
    async def find(self, order: ServiceOrder, ctx: Context) -> Outcome:
        reply = await ctx.call("find", order)
        return Absent() if reply.error is ErrorCode.ELG_ACCOUNT_NOT_FOUND else outcome_of(reply)

    @write("cancel", inquiry="find", message="cancel")
    async def cancel(self, order: ServiceOrder, ctx: Context) -> Outcome:
        return outcome_of(await ctx.call("cancel", order))

    @write("pay", serves=("2001",), message="pay", unsafe="manual")
    async def pay(self, order: ServiceOrder, ctx: Context) -> Outcome:
        return outcome_of(await ctx.call("pay", order), done=True)

    def encode(self, message, tree, env, draw):
        body = json.dumps({"op": message, **tree}).encode()
        return HttpRequest(
            "POST", f"{self.config['base_url']}/{message}", (("content-type", "application/json"),), body
        )

    def decode(self, message, response, env):
        if response.status != 200:
            raise DecodeError("status", "not 200")
        try:
            return json.loads(response.body)
        except ValueError:
            raise DecodeError("body", "not JSON") from None
