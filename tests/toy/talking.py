"""The toy utility with callbacks: one whose orders can be asked about too, and one that only ever calls."""

from __future__ import annotations

import json
from datetime import datetime

from hub.sdk import BusinessKey, Callback, CallbackRefused, Context, Outcome, Reply, ServiceOrder, outcome_of, write
from hub.sdk.wire import HttpRequest
from tests.toy.adapter import ToyAdapter

_STATES = {
    "new": "ACCEPTED",
    "work": "IN_PROGRESS",
    "fee": "AWAITING_PAYMENT",
    "done": "COMPLETED",
    "gone": "CANCELLED",
}


class TalkingAdapter(ToyAdapter):
    def callback(self, request: HttpRequest, env) -> Callback:
        told = json.loads(request.body)
        if told.get("sign") != "toy":
            raise CallbackRefused
        at = datetime.fromisoformat(told["at"]) if "at" in told else None
        reply = Reply(
            state=_STATES[told["state"]], state_raw=told["state"], provider_ref=told.get("ref"), event_time=at
        )
        return Callback(told["event"], outcome_of(reply), serial=told.get("serial"), provider_ref=told.get("ref"))


class CallingAdapter(TalkingAdapter):
    @write("accept", serves=("3001:*",), message="accept", idempotency=BusinessKey("account_no"), inquiry="find")
    async def accept(self, order: ServiceOrder, ctx: Context) -> Outcome:
        return outcome_of(await ctx.call("accept", order))
