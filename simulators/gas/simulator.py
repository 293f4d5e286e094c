"""The running gas simulator: one SOAP 1.2 server for all six companies, told apart by their users."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from simulators.gas import seed, soap
from simulators.gas.books import Books
from simulators.gas.desk import Answer, Desk, refused
from simulators.gas.records import COMPANIES, FINAL, STATES, Pace
from simulators.gas.security import Door
from simulators.gas.soap import ServiceFault
from simulators.kit.clock import SHANGHAI
from simulators.kit.http import HttpCall, HttpReply, HttpServer
from simulators.kit.simulator import Simulator

if TYPE_CHECKING:
    from datetime import datetime

    from simulators.kit.faults import Fault

PATH = "/services/CustomerService"
_ACTION = re.compile(r'action="urn:gas:(\w+)"')
_LAG_SECONDS = 30
_THURSDAY = 3
_CLOSED = (
    "<!DOCTYPE html><html><head><title>系统维护</title></head><body><h1>系统维护中</h1>"
    "<p>每周四 01:00-03:00 例行维护, 请稍后再试。</p></body></html>"
)


class GasSimulator(Simulator):
    """The customer service of the gas companies; see the README for its contract."""

    name: ClassVar[str] = "gas"
    label_zh: ClassVar[str] = "燃气客户服务系统(模拟)"
    effect_operations: ClassVar[frozenset[str]] = frozenset({"createServiceOrder", "payBill"})
    extra_faults: ClassVar[Mapping[str, str]] = {
        "crash": "operation",
        "unknown-code": "operation",
        "twice": "operation",
        "crash-after-commit": "done",
    }

    books: Books
    _desk: Desk
    _server: HttpServer | None = None

    async def open(self) -> None:
        self._server = HttpServer(
            self._handle,
            self.faults,
            self.clock,
            self.host,
            self.port,
            operation_of=_operation,
            busy=self._busy,
            struck=self._struck,
        )
        await self._server.start()
        self.port = self._server.port

    async def close(self) -> None:
        if self._server is not None:
            await self._server.stop()

    async def seed(self) -> None:
        profile = self.profile
        lag = timedelta(seconds=float(profile.extra.get("visibility_seconds", _LAG_SECONDS)))
        self.books = Books(self.ledger, Pace(profile.pace, profile.always_open), lag)
        users = {f"{channel}-{company}": company for company in COMPANIES for channel in ("onewindow", "hall")}
        self._desk = Desk(self.books, Door({user: f"TEST-GAS-{user}" for user in users}), users)
        seed.seed(self.books, profile.seed, self.clock.now())

    def add_account(self, **facts: Any) -> None:
        customer = seed.customer_from(facts, self.clock.now().astimezone(SHANGHAI).date())
        self.books.customers[customer.number] = customer

    async def advance(self, order: str, state: str) -> None:
        """Put an order, by its number or its caller's reference, into a state; it goes on from there by itself."""
        now = self.clock.now()
        self.books.settle(now)
        named = [each for each in self.books.orders.values() if order in (each.number, each.reference)]
        if not named:
            raise KeyError(order)
        if named[-1].status in FINAL or state not in STATES:
            raise ValueError(f"state: an order at {named[-1].status} cannot go to {state!r}")
        self.books.move(named[-1], state, now)

    def connection(self, company: str = "city", **area: str) -> dict[str, Any]:
        user = f"onewindow-{area.get('franchise', company)}"
        return {"base_url": f"http://{self.host}:{self.port}", "username": user, "password": f"TEST-GAS-{user}"}

    def state(self) -> dict[str, Any]:
        return self.books.summary(self.clock.now())

    async def _handle(self, call: HttpCall) -> HttpReply:
        now = self.clock.now()
        if not self.profile.always_open and _is_closed(now):
            self.journal.record(_operation(call), peer=call.peer, code="503")
            headers = [("Content-Type", "text/html; charset=utf-8")]
            return HttpReply(503, headers, _CLOSED.encode(), committed=False)
        if call.path != PATH:
            return HttpReply(404, [("Content-Type", "text/plain")], b"no such service", committed=False)
        if call.method != "POST":
            return self._contract(call)
        operation = _operation(call)
        answer = self._answer(call, operation, now)
        summary = f"{answer.user} {answer.reference}".strip()
        self.journal.record(operation, peer=call.peer, request=summary, code=answer.code, violations=answer.violations)
        crash = self.faults.take("done", operation) if answer.done else None
        if crash is not None:
            self.journal.mark(crash.kind)
            return _envelope(Answer(_stack_trace(), "crash"), operation, committed=True)
        return _envelope(answer, operation, committed=answer.done)

    def _answer(self, call: HttpCall, operation: str, now: datetime) -> Answer:
        fault = self.faults.take("operation", operation)
        if fault is not None and fault.kind == "crash":
            return Answer(_stack_trace(), "crash")
        if fault is not None and fault.kind == "unknown-code":
            return refused(ServiceFault(str(fault.options.get("code", "GAS-4711")), "内部规则"))
        times = 2 if fault is not None else 1
        return self._desk.answer(call.body, call.headers.get("content-type", ""), now, times=times)

    def _contract(self, call: HttpCall) -> HttpReply:
        """The WSDL with this server's address, and its two schema files, as `?wsdl` and `?xsd=messages.xsd`."""
        wanted = call.params.get("xsd", "customer-service.wsdl")
        file = soap.CONTRACT / wanted
        if file.parent != soap.CONTRACT or not file.is_file():
            return HttpReply(404, [("Content-Type", "text/plain")], b"no such file", committed=False)
        text = file.read_text("utf-8").replace("http://localhost", f"http://{call.headers.get('host', self.host)}")
        text = re.sub(r'schemaLocation="(\w+\.xsd)"', rf'schemaLocation="{PATH}?xsd=\1"', text)
        return HttpReply(200, [("Content-Type", "text/xml; charset=utf-8")], text.encode(), committed=False)

    def _busy(self, _call: HttpCall, _: Fault) -> HttpReply:
        return _envelope(refused(ServiceFault("GAS-9002", "请求过于频繁")), committed=False)

    def _struck(self, call: HttpCall, operation: str, fault: Fault) -> None:
        if fault.kind in {"before-commit", "busy"}:
            code = "GAS-9002" if fault.kind == "busy" else ""
            self.journal.record(operation, peer=call.peer, code=code, fault=fault.kind)
        else:
            self.journal.mark(fault.kind)


def _operation(call: HttpCall) -> str:
    found = _ACTION.search(call.headers.get("content-type", ""))
    return found[1] if found else call.method


def _is_closed(now: datetime) -> bool:
    local = now.astimezone(SHANGHAI)
    return local.weekday() == _THURSDAY and 1 <= local.hour < 3


def _stack_trace() -> bytes:
    """A crash: a fault of the server without typed detail, which says nothing about whether anything was done."""
    return soap.fault("Receiver", "java.lang.IllegalStateException: could not execute statement")


def _envelope(answer: Answer, operation: str = "", *, committed: bool) -> HttpReply:
    status = 200 if answer.done else 500
    headers = [("Content-Type", "application/soap+xml; charset=UTF-8")]
    return HttpReply(status, headers, answer.body, operation, committed)
