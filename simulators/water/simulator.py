"""The running water simulator: one SOAP server for all six companies, in both dialects."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from simulators.kit.http import HttpCall, HttpReply, HttpServer
from simulators.kit.simulator import Simulator
from simulators.water import seed, soap
from simulators.water.books import Books, Crash
from simulators.water.desk import Answer, Desk, word
from simulators.water.dialect import DIALECTS, Dialect
from simulators.water.outcomes import PREFIXES
from simulators.water.records import FINAL, Pace, states_of

if TYPE_CHECKING:
    from simulators.kit.faults import Fault

_TRADE = re.compile(rb"<(?:\w+:)?tradeCode>\s*(\w*)\s*</")
_USUAL_B = frozenset({"0481"})


class WaterSimulator(Simulator):
    """The billing system of the water companies; see the README for its contract."""

    name: ClassVar[str] = "water"
    label_zh: ClassVar[str] = "供水营业收费系统(模拟)"
    effect_operations: ClassVar[frozenset[str]] = frozenset({"3001", "2001"})
    extra_faults: ClassVar[Mapping[str, str]] = {
        "crash": "trade",
        "unknown-code": "trade",
        "crash-after-commit": "traded",
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
        self.books = Books(self.ledger, Pace(profile.pace, profile.always_open))
        keys = {company: f"TEST-WATER-{company}" for company in PREFIXES}
        self._desk = Desk(self.books, keys, profile.always_open)
        seed.seed(self.books, profile.seed, self.clock.now())

    def add_account(self, **facts: Any) -> None:
        account = seed.account_from(facts)
        self.books.accounts[account.number] = account

    async def advance(self, order: str, state: str) -> None:
        """Put an order, named by SLBH or by its caller's LSH, into a state; it goes on from there by itself."""
        now = self.clock.now()
        self.books.settle(now)
        named = [o for o in self.books.orders.values() if order in (o.number, o.serial)]
        if not named:
            raise KeyError(order)
        if named[-1].mark in FINAL or state not in states_of(named[-1].kind):
            raise ValueError(f"state: an order {named[-1].kind} at {named[-1].mark} cannot go to {state!r}")
        if state == "50":
            self.books.finish(named[-1], now)
        else:
            self.books.keep(replace(named[-1], mark=state, marked_at=now))

    def connection(self, company: str = "0401", **area: str) -> dict[str, Any]:
        company = area.get("gsdm", company)
        dialect = "B" if company in _USUAL_B else "A"
        base = f"http://{self.host}:{self.port}"
        return {"base_url": base, "dialect": dialect, "sign_key": self._desk.keys[company]}

    def state(self) -> dict[str, Any]:
        return self.books.summary(self.clock.now())

    async def _handle(self, call: HttpCall) -> HttpReply:
        dialect = DIALECTS.get(call.path)
        if dialect is None:
            return HttpReply(404, [("Content-Type", "text/plain")], b"no such service", committed=False)
        if call.method != "POST":
            return self._page(call)
        operation = _operation(call)
        try:
            headers = call.headers
            invoke = soap.read_invoke(call.body, headers.get("content-type", ""), headers.get("soapaction", ""))
        except soap.SoapFault as fault:
            self.journal.record(operation, peer=call.peer, code="Fault", violations=(fault.text,))
            return _envelope(dialect, soap.write_fault(fault.code, fault.text), committed=False)
        try:
            answer = self._answer(dialect, invoke, call)
        except Crash as crash:
            self.journal.record(operation, peer=call.peer, code="Crash", request=dialect.name)
            text = soap.write_fault("Server", soap.stack_trace(invoke.trade, crash.customer))
            return _envelope(dialect, text, committed=False)
        self._note(operation, dialect, call, answer)
        return self._replied(dialect, operation, invoke, answer)

    def _answer(self, dialect: Dialect, invoke: soap.Invoke, call: HttpCall) -> Answer:
        now = self.clock.now()
        fault = self.faults.take("trade", invoke.trade)
        if fault is not None and fault.kind == "crash":
            raise Crash(_customer(invoke.xml))
        if fault is not None:
            return word(dialect, {}, now, str(fault.options.get("code", "0047")), {})
        allowed = self.profile.extra.get("allowed_addresses")
        trusted = allowed is None or call.peer.partition(":")[0] in allowed
        return self._desk.answer(dialect, invoke, now, trusted=trusted)

    def _replied(self, dialect: Dialect, operation: str, invoke: soap.Invoke, answer: Answer) -> HttpReply:
        done = answer.code == "0000"
        crash = self.faults.take("traded", invoke.trade) if done else None
        if crash is not None:
            self.journal.mark(crash.kind)
            text = soap.write_fault("Server", soap.stack_trace(invoke.trade, _customer(invoke.xml)))
            return _envelope(dialect, text, operation, committed=True)
        return _envelope(dialect, soap.write_result(answer.text), operation, committed=done)

    def _page(self, call: HttpCall) -> HttpReply:
        if call.query.lower() == "wsdl":
            address = f"http://{call.headers.get('host', f'{self.host}:{self.port}')}{call.path}"
            return HttpReply(200, [("Content-Type", "text/xml; charset=utf-8")], soap.wsdl(address), committed=False)
        page = "<html><body><h1>Business Web 服务(模拟)</h1><p>Invoke</p></body></html>"
        return HttpReply(200, [("Content-Type", "text/html; charset=utf-8")], page.encode(), committed=False)

    def _busy(self, call: HttpCall, _: Fault) -> HttpReply:
        dialect = DIALECTS.get(call.path) or DIALECTS["/YYService/Business.asmx"]
        answer = word(dialect, {}, self.clock.now(), "0008", {})
        return _envelope(dialect, soap.write_result(answer.text), committed=False)

    def _struck(self, call: HttpCall, operation: str, fault: Fault) -> None:
        if fault.kind in {"before-commit", "busy"}:
            code = "0008" if fault.kind == "busy" else ""
            self.journal.record(operation, peer=call.peer, code=code, fault=fault.kind)
        else:
            self.journal.mark(fault.kind)

    def _note(self, operation: str, dialect: Dialect, call: HttpCall, answer: Answer) -> None:
        head = answer.head
        summary = f"{dialect.name} GSDM={head.get('GSDM', '')} LSH={head.get('LSH', '')}"
        violations = answer.violations
        self.journal.record(operation, peer=call.peer, request=summary, code=answer.code, violations=violations)


def _operation(call: HttpCall) -> str:
    found = _TRADE.search(call.body) if call.method == "POST" else None
    return found[1].decode("ascii", "replace") if found else call.method


def _customer(xml: str) -> str:
    found = re.search(r"<(YHMC|customerName)>([^<]*)<", xml)
    return found[2] if found else ""


def _envelope(dialect: Dialect, text: str, operation: str = "", *, committed: bool) -> HttpReply:
    body = f'<?xml version="1.0" encoding="{dialect.charset}"?>{text}'.encode(dialect.codec, "replace")
    headers = [("Content-Type", f"text/xml; charset={dialect.charset}"), ("X-AspNet-Version", "4.0.30319")]
    return HttpReply(200, headers, body, operation, committed)
