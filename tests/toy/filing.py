"""A toy utility that takes its orders in files, over HTTP: adapter and server, to test batches and collections with."""

from __future__ import annotations

import json
from datetime import timedelta

from hub.clock import SHANGHAI
from hub.sdk import (
    Absent,
    Accepted,
    Adapter,
    Batch,
    Collect,
    Collected,
    CollectedFile,
    Completed,
    Context,
    ErrorCode,
    NotSent,
    Outcome,
    Rejected,
    ServiceError,
    batch,
    collect,
    read,
)
from hub.sdk.wire import HttpRequest
from tests.toy.server import ToyServer

OUTCOMES = {
    "done": Completed(raw_code="done"),
    "no": Rejected(raw_code="no", error=ServiceError(code=ErrorCode.ELG_STATUS)),
    "again": NotSent(error=ServiceError(code=ErrorCode.UPS_BUSY)),
    "taken": Accepted(raw_code="taken"),
    "refused": NotSent(error=ServiceError(code=ErrorCode.FILE_DIGEST)),
    "broken": Rejected(raw_code="broken", error=ServiceError(code=ErrorCode.VAL_FORMAT)),
}


class FilingAdapter(Adapter):
    """The messages carry no mapping: what is tested is what the engine makes of them."""

    manifest = "filing.yaml"

    @batch("apply", serves=("3001:*",), batch_type="ORDER", message="file", inquiry="find_file")
    async def apply(self, batch: Batch, ctx: Context) -> Outcome:
        serials = [order.serial for order in batch.orders]
        response = await ctx.fetch("file", self._request("file", name=batch.id, serials=serials))
        return Accepted(raw_code="FILE") if response.status == 200 else OUTCOMES["again"]

    @read("find_file")
    async def find_file(self, batch: Batch, ctx: Context) -> Outcome:
        response = await ctx.fetch("find_file", self._request("find_file", name=batch.id))
        return Accepted(raw_code="FILE") if json.loads(response.body)["there"] else Absent()

    @collect("collect")
    async def collect(self, task: Collect, ctx: Context) -> Collected:
        days = [day.isoformat() for day in task.days]
        response = await ctx.fetch("answers", self._request("answers", days=days))
        files = [
            CollectedFile(
                name=each["name"],
                digest="0",
                outcomes={serial: OUTCOMES[said] for serial, said in each.get("orders", {}).items()},
                batches={name: OUTCOMES[said] for name, said in each.get("files", {}).items()},
            )
            for each in json.loads(response.body)
            if each["name"] not in task.known
        ]
        return Collected(files=tuple(files))

    def _request(self, operation, **values):
        return HttpRequest("POST", f"{self.config['base_url']}/{operation}", (), json.dumps(values).encode())


class FilingServer(ToyServer):
    """Works on a file at once unless `refusing`, answers for its orders an hour later. `says` overrides by serial."""

    def __init__(self, clock, *, port=0):
        super().__init__(clock, port=port)
        self.files = {}
        self.refusing = 0
        self.says = {}
        self.answers = []

    async def _handle(self, call):
        operation = call.path.strip("/")
        body = json.loads(call.body)
        self.calls.append((operation, body.get("name"), self.clock.now()))
        return self._reply(getattr(self, f"_{operation}")(**body), committed=operation == "file")

    def _file(self, name, serials):
        if name in self.files:
            return {}
        self.files[name] = serials
        day = self.clock.now().astimezone(SHANGHAI).date().isoformat()
        if self.refusing:
            self.refusing -= 1
            self.answers.append({"name": f"ERR-{name}", "day": day, "files": {name: "refused"}})
            return {}
        orders = {serial: self.says.get(serial, "done") for serial in serials}
        for serial, said in orders.items():
            if said == "done":
                self.ledger.record("order", serial)
        at = (self.clock.now() + timedelta(hours=1)).isoformat()
        self.answers.append({"name": f"RESP-{name}", "day": day, "at": at, "orders": orders})
        return {}

    def _find_file(self, name):
        return {"there": name in self.files}

    def _answers(self, days):
        now = self.clock.now().isoformat()
        return [each for each in self.answers if each.get("at", now) <= now and each["day"] in days]
