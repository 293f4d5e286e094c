"""A toy utility that takes money, and would take it as often as it is told: adapter and server."""

from __future__ import annotations

import json

from hub.clock import SHANGHAI
from hub.sdk import Absent, BusinessKey, Context, ErrorCode, Outcome, Progress, ServiceOrder, outcome_of, read, write
from hub.sdk import TaskState as S
from tests.toy.adapter import ToyAdapter
from tests.toy.server import ToyServer

FEE = 5000
EFFECTS = frozenset({"accept", "pay", "reverse", "cancel", "supplement"})


class TillAdapter(ToyAdapter):
    manifest = "till.yaml"

    @write("pay", serves=("2001",), message="pay", inquiry="paid")
    async def pay(self, order: ServiceOrder, ctx: Context) -> Outcome:
        return outcome_of(await ctx.call("pay", order), done=True)

    @read("paid")
    async def paid(self, order: ServiceOrder, ctx: Context) -> Outcome:
        return _found(await ctx.call("paid", order))

    @write("reverse", message="reverse", inquiry="reversed")
    async def reverse(self, order: ServiceOrder, ctx: Context) -> Outcome:
        return outcome_of(await ctx.call("reverse", order), done=True)

    @read("reversed")
    async def reversed(self, order: ServiceOrder, ctx: Context) -> Outcome:
        return _found(await ctx.call("reversed", order))

    @write("supplement", message="supplement", idempotency=BusinessKey("provider_ref"), inquiry="supplemented")
    async def supplement(self, order: ServiceOrder, ctx: Context) -> Outcome:
        for each in order.evidence:
            await ctx.evidence(each)
        return outcome_of(await ctx.call("supplement", order))

    @read("supplemented")
    async def supplemented(self, order: ServiceOrder, ctx: Context) -> Outcome:
        outcome = outcome_of(await ctx.call("progress", order))
        return Absent() if isinstance(outcome, Progress) and outcome.state is S.AWAITING_APPLICANT else outcome


class PlainTillAdapter(ToyAdapter):
    """It neither cancels nor takes supplements."""

    manifest = "till.yaml"


PlainTillAdapter.operations = {name: each for name, each in PlainTillAdapter.operations.items() if name != "cancel"}


def _found(reply):
    return Absent() if reply.error is ErrorCode.ELG_ACCOUNT_NOT_FOUND else outcome_of(reply, done=True)


class TillServer(ToyServer):
    """Its orders wait for a fee (`stuck = "fee"`) or for the applicant (`stuck = "ask"`); it books whatever it is told.

    `owed` is what accounts owe by month; `asked` what it says that it waits for; `refuses` are the codes with which it
    answers operations instead.
    """

    def __init__(self, clock, *, port=0):
        super().__init__(clock, port=port)
        self.faults.__init__(EFFECTS)
        self.owed: dict[str, dict[str, int]] = {}
        self.after_fee: str | None = None
        self.asked: list[str] = []
        self.refuses: dict[str, str] = {}
        self.booked: list[dict] = []

    async def _handle(self, call):
        operation, body = call.path.strip("/"), json.loads(call.body)
        self.calls.append((operation, body["serial"], self.clock.now()))
        if operation in self.refuses:
            return self._reply({"code": self.refuses[operation]}, committed=False)
        act = getattr(self, f"_{operation}")
        answer = act(body) if operation in _WITH_BODY else act(body["serial"])
        return self._reply(answer, committed=operation in EFFECTS and answer["code"] == "ok")

    def _accept(self, serial):
        return self._told(super()._accept(serial))

    def _find(self, serial):
        return self._told(super()._find(serial))

    def _told(self, told):
        if told.get("state") == "fee":
            told["fee"] = FEE
        if told.get("state") == "ask":
            told["asked"] = self.asked
        return told

    _progress = _find

    def _pay(self, body):
        if body.get("ref"):
            if self._state(self._serial(body["ref"])) != "fee" or body["fen"] != FEE:
                return {"code": "amount"}
            self.stuck = self.after_fee
        elif body["fen"] != sum(self.owed.get(body["account"], {}).values()):
            return {"code": "amount"}
        else:
            self.owed[body["account"]] = {}
        return self._book("payment", "P", body, body["fen"])

    def _paid(self, body):
        row = next((row for row in self.booked if row["serial"] == body["serial"] and row["kind"] == "P"), None)
        return {"code": "ok", "receipt": row["receipt"]} if row else {"code": "none"}

    def _reverse(self, body):
        paid = next((row for row in self.booked if row["receipt"] == body["ref"] and row["kind"] == "P"), None)
        if paid is None or paid["day"] != self._today():
            return {"code": "late"}
        return self._book("reversal", "R", body, -paid["fen"])

    def _reversed(self, body):
        done = any(row["serial"] == body["serial"] and row["kind"] == "R" for row in self.booked)
        return {"code": "ok"} if done else {"code": "none"}

    def _supplement(self, body):
        self.ledger.record("supplement", body["serial"])
        self.stuck = None
        return {"code": "ok", "state": "work"}

    def _arrears(self, body):
        bills = [{"month": month, "fen": fen} for month, fen in self.owed.get(body["account"], {}).items()]
        return {"code": "ok", "owed": sum(bill["fen"] for bill in bills), "bills": bills}

    def _day(self, body):
        if body["day"] >= self._today():
            return {"code": "closed"}
        rows = [row for row in self.booked if row["day"] == body["day"]]
        return {"code": "ok", "rows": [{**row, "fen": str(row["fen"])} for row in rows]}

    def _book(self, effect, kind, body, fen):
        receipt = f"{kind}{len(self.booked) + 1:04d}"
        self.booked.append(
            {"serial": body["serial"], "receipt": receipt, "kind": kind, "fen": fen, "day": self._today()}
        )
        self.ledger.record(effect, body["serial"], fen=fen)
        return {"code": "ok", "receipt": receipt}

    def _serial(self, ref):
        return next(serial for serial in self.orders if ref.endswith(serial[-8:]))

    def _today(self):
        return f"{self.clock.now().astimezone(SHANGHAI):%Y%m%d}"


_WITH_BODY = frozenset({"pay", "paid", "reverse", "reversed", "supplement", "arrears", "day"})
