"""The running BOSS: one address for forms, one folder of files, for all seven branches."""

from __future__ import annotations

import asyncio
import base64
import hmac
import random
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import unquote_to_bytes

from simulators.catv import acts, money, queries, seed, wire
from simulators.catv.asked import Answer, Asked
from simulators.catv.books import COUNTIES, MESSAGES, Books, Refused, customer_of
from simulators.catv.contract import contract, request_breaches
from simulators.catv.records import FINAL, STATES
from simulators.catv.sessions import Operators
from simulators.kit.http import HttpCall, HttpReply, HttpServer
from simulators.kit.simulator import Simulator

if TYPE_CHECKING:
    from simulators.kit.faults import Fault

_PATH = "/boss/interface.do"
_FILE = re.compile(r"/boss/files/(\d{8})_(\d{4})\.csv")
_CODE = re.compile(rb"<SERVCODE>(\w*)</")
_OPERATOR, _PASSWORD = "OW0001", "TEST-CATV-OW0001"
_FILES = ("onewindow", "TEST-CATV-FILES")

_SERVICES: Mapping[str, Callable[[Books, Asked], Answer]] = {
    "BS2001": queries.customers,
    "BS2002": queries.account,
    "BS3001": acts.open_account,
    "BS3002": acts.transfer,
    "BS3003": acts.move,
    "BS3004": acts.suspend,
    "BS3005": acts.resume,
    "BS3006": acts.close,
    "BS3007": acts.broadband,
    "BS4001": money.pay,
    "BS4002": money.reverse,
    "BS5001": queries.work_order,
    "BS5002": acts.cancel,
    "BS6001": queries.coverage,
}


class CatvSimulator(Simulator):
    """The cable television company's BOSS; see the README for its contract."""

    name: ClassVar[str] = "catv"
    label_zh: ClassVar[str] = "有线电视 BOSS(模拟)"
    effect_operations: ClassVar[frozenset[str]] = frozenset(
        {code for code, service in contract().services.items() if service.effect}
    )
    extra_faults: ClassVar[Mapping[str, str]] = {
        "crash": "serve",
        "page": "serve",
        "unknown-code": "serve",
        "kick": "gate",
        "crash-after-commit": "served",
        "page-after-commit": "served",
    }

    books: Books
    operators: Operators
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
        self.books = Books(self.ledger, self.profile.pace)
        passwords = {_OPERATOR: _PASSWORD, "GT0001": "TEST-CATV-GT0001"}
        self.operators = Operators(passwords, random.Random(self.profile.seed))
        seed.seed(self.books, self.profile.seed, self.clock.now())

    def add_account(self, **facts: Any) -> None:
        customer = customer_of(facts)
        self.books.customers[customer.number] = customer

    async def advance(self, order: str, state: str) -> None:
        """Put an order, named by ORDERNO or by its caller's SERIALNO, into a state; holds and fees are lifted."""
        now = self.clock.now()
        self.books.settle(now)
        named = [each for each in self.books.orders.values() if order in (each.number, each.serial)]
        if not named:
            raise KeyError(order)
        if named[-1].state in FINAL or state not in STATES:
            raise ValueError(f"state: an order at {named[-1].state} cannot go to {state!r}")
        self.books.enter(named[-1], state, now)

    def connection(self, **_area: str) -> dict[str, Any]:
        return {
            "base_url": f"http://{self.host}:{self.port}",
            "operator": _OPERATOR,
            "password": _PASSWORD,
            "files_user": _FILES[0],
            "files_password": _FILES[1],
            "branches": list(COUNTIES),
        }

    def state(self) -> dict[str, Any]:
        return self.books.summary(self.clock.now())

    # one call

    async def _handle(self, call: HttpCall) -> HttpReply:
        if file := _FILE.fullmatch(call.path):
            return self._day_file(call, *file.groups())
        if call.path != _PATH or call.method != "POST":
            return wire.page(404, "找不到页面")
        operation = _operation(call)
        try:
            root = wire.read_form(call.headers.get("content-type", ""), call.body)
        except wire.Unreadable as error:
            self.journal.record(operation, peer=call.peer, code="-1", violations=(str(error),))
            return wire.response(operation, "-1", f"参数错误:{str(error).partition(':')[0]}", {}, committed=False)
        head, body = wire.as_dict(root.find("HEAD")), wire.as_dict(root.find("BODY"))
        return await self._in_turn(call, str(head.get("SERVCODE", "")), head, body)

    async def _in_turn(self, call: HttpCall, code: str, head: dict[str, Any], body: dict[str, Any]) -> HttpReply:
        """An operator's calls come one after another; one that comes meanwhile finds the BOSS busy."""
        operator = self.operators.find(str(head.get("OPERID", "")))
        if operator is not None and operator.calling:
            self._note(call, code, head, "9999", ("OPERID: two calls of one operator at once",))
            return wire.response(code, "9999", MESSAGES["9999"], {}, committed=False)
        if operator is not None:
            operator.calling = True
        try:
            # Real time on purpose, as a caller's socket is real: so that calls can meet.
            await asyncio.sleep(float(self.profile.extra.get("think_seconds", 0)))
            return self._served(call, code, head, body)
        finally:
            if operator is not None:
                operator.calling = False

    def _served(self, call: HttpCall, code: str, head: dict[str, Any], body: dict[str, Any]) -> HttpReply:
        fault = self.faults.take("serve", code)
        if fault is not None and fault.kind == "page":
            self._note(call, code, head, "page", ())
            return wire.page(int(fault.options.get("status", 200)), "系统维护中,请稍后再试", code)
        try:
            answer = self._answer(code, head, body) if fault is None else _failed(fault)
        except Refused as refused:
            self._note(call, code, head, refused.code, refused.breaches)
            return wire.response(code, refused.code, refused.info, {}, committed=False)
        self._note(call, code, head, answer.code, ())
        return self._replied(code, answer)

    def _answer(self, code: str, head: dict[str, Any], body: dict[str, Any]) -> Answer:
        now = self.clock.now()
        service = contract().services.get(code)
        if service is None:
            raise _breach(("SERVCODE: no such service",))
        if self.faults.take("gate", code) is not None:
            self.operators.kick(str(head.get("OPERID", "")))
        if code != "BS1001":
            self.operators.check(str(head.get("OPERID", "")), str(head.get("SESSIONID", "")), now)
        if breaches := request_breaches(service, head, body):
            raise _breach(breaches)
        if code == "BS1001":
            return Answer({"SESSIONID": self.operators.log_in(head["OPERID"], body["PWD"], now)})
        asked = Asked(head, body, now)
        if service.effect and (asked.operator, asked.serial) in self.books.used:
            raise Refused("3001")
        self.books.settle(now)
        return _SERVICES[code](self.books, asked)

    def _replied(self, code: str, answer: Answer) -> HttpReply:
        fault = self.faults.take("served", code)
        if fault is not None:
            self.journal.mark(fault.kind)
            if fault.kind == "page-after-commit":
                return wire.page(200, "系统繁忙", code, committed=True)
            return wire.response(code, "-1", MESSAGES["-1"], {}, committed=True)
        return wire.response(code, answer.code, answer.info, answer.body, committed=True)

    def _day_file(self, call: HttpCall, day: str, branch: str) -> HttpReply:
        wanted = "Basic " + base64.b64encode(":".join(_FILES).encode()).decode()
        if not hmac.compare_digest(wanted, call.headers.get("authorization", "")):
            return wire.page(401, "需要登录")
        content = money.day_file(self.books, branch, day, self.clock.now())
        code = "404" if content is None else "200"
        self.journal.record("files", peer=call.peer, request=f"{day}_{branch}", code=code)
        if content is None:
            return wire.page(404, "文件不存在")
        return HttpReply(200, [("Content-Type", "text/csv")], content, "files")

    def _busy(self, call: HttpCall, _: Fault) -> HttpReply:
        return wire.response(_operation(call), "9999", MESSAGES["9999"], {}, committed=False)

    def _struck(self, call: HttpCall, operation: str, fault: Fault) -> None:
        if fault.kind in {"before-commit", "busy"}:
            code = "9999" if fault.kind == "busy" else ""
            self.journal.record(operation, peer=call.peer, code=code, fault=fault.kind)
        elif self.journal.entries:
            self.journal.mark(fault.kind)

    def _note(self, call: HttpCall, code: str, head: dict[str, Any], result: str, violations: tuple[str, ...]) -> None:
        summary = f"BRANCH={head.get('BRANCH', '')} SERIALNO={head.get('SERIALNO', '')}"
        self.journal.record(code, peer=call.peer, request=summary, code=result, violations=violations)


def _breach(breaches: tuple[str, ...]) -> Refused:
    """The refusal of a request outside the contract; INFO names its first fault's tag."""
    return Refused("-1", f"参数错误:{breaches[0].partition(':')[0]}", breaches)


def _failed(fault: Fault) -> Answer:
    raise Refused(str(fault.options.get("code", "7777")) if fault.kind == "unknown-code" else "-1")


def _operation(call: HttpCall) -> str:
    if _FILE.fullmatch(call.path):
        return "files"
    found = _CODE.search(unquote_to_bytes(call.body)) if call.method == "POST" else None
    return found[1].decode("ascii", "replace") if found else call.method
