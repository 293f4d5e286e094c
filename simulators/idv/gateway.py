"""The gateway in front of the registers: signature, quota, purpose, parameters, and replies in their two shapes."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from simulators.idv import contract
from simulators.idv.contract import Purpose, Refusal
from simulators.kit.http import HttpCall, HttpReply

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

    from simulators.idv.rotation import Pair, Rotation
    from simulators.idv.services import Services
    from simulators.kit.clock import SimClock
    from simulators.kit.faults import Fault
    from simulators.kit.journal import Journal
    from simulators.kit.ledger import Ledger

_CITY = ZoneInfo("Asia/Shanghai")
_WINDOW = timedelta(minutes=10)
_JSON = [("Content-Type", "application/json;charset=UTF-8")]
_FORM = "application/x-www-form-urlencoded"


def operation_of(call: HttpCall) -> str:
    """The path without the gateway's prefix: faults are armed and journal entries written by it."""
    return call.path.removeprefix(contract.PREFIX)


@dataclass(slots=True)
class Grants:
    """Which item may ask which path; a path that is not listed is open to every item."""

    only: Mapping[str, frozenset[str]] = field(default_factory=dict)
    denied: frozenset[str] = frozenset()

    def check(self, path: str, item: str) -> None:
        if item in self.denied or (path in self.only and item not in self.only[path]):
            raise Refusal("03", "not granted for this item")


class Quota:
    """20 calls a second and 5000 a day; what is refused counts as well."""

    def __init__(self, a_second: int, a_day: int) -> None:
        self._a_second, self._a_day = a_second, a_day
        self._recent: deque[datetime] = deque()
        self._day, self._today = date.min, 0

    def take(self, now: datetime) -> None:
        day = now.astimezone(_CITY).date()
        if day != self._day:
            self._day, self._today = day, 0
        while self._recent and self._recent[0] <= now - timedelta(seconds=1):
            self._recent.popleft()
        self._recent.append(now)
        self._today += 1
        if len(self._recent) > self._a_second or self._today > self._a_day:
            raise Refusal("18", "over quota")


class Gateway:
    """Answers calls. Every answer is HTTP 200 with a code, but for what is no call at all."""

    def __init__(
        self,
        clock: SimClock,
        chance: random.Random,
        rotation: Rotation,
        quota: Quota,
        grants: Grants,
        services: Services,
        journal: Journal,
        ledger: Ledger,
    ) -> None:
        self._clock, self._chance, self._rotation = clock, chance, rotation
        self._quota, self._grants, self._services = quota, grants, services
        self._journal, self._ledger = journal, ledger
        self._count = 0

    async def handle(self, call: HttpCall) -> HttpReply:
        path = operation_of(call)
        known = path in contract.TOKENS or path in contract.PARAMETERS
        if not (known and call.path.startswith(contract.PREFIX)):
            return self._plain(call, 404)
        if call.method != "POST":
            return self._plain(call, 405)
        if call.headers.get("content-type", "").partition(";")[0].strip() != _FORM:
            return self._plain(call, 415)
        try:
            return self._answer(call, path)
        except Refusal as refusal:
            broken = (f"{refusal.code} {refusal.message}",) if refusal.violation else ()
            self._journal.record(path, peer=call.peer, code=refusal.code, violations=broken)
            return self._reply(path, refusal.code, refusal.message, None, committed=False)

    def busy(self, call: HttpCall, fault: Fault) -> HttpReply:
        """The fault "busy": code 18, or the one that the option `code` names."""
        code = str(fault.options.get("code", "18"))
        return self._reply(operation_of(call), code, "busy", None, committed=False)

    def struck(self, call: HttpCall, operation: str, fault: Fault) -> None:
        self._journal.record(operation, peer=call.peer, fault=fault.kind)

    def _answer(self, call: HttpCall, path: str) -> HttpReply:
        given = _form(call.body)
        now = self._clock.now()
        common = self._common(given, now)
        if path in contract.TOKENS:
            if given:
                raise Refusal("12", f"{min(given)}: unknown", violation=True)
            data = self._refresh(path, common, now)
            self._journal.record(path, peer=call.peer, code="00")
            return self._reply(path, "00", "", data)
        standing = self._rotation.standing(common["sign"], common["requestTime"], now)
        if standing != "good":
            raise Refusal("02" if standing == "expired" else "01", standing, violation=standing == "unknown")
        self._quota.take(now)
        purpose = contract.purpose(given.pop("additional", None))
        self._grants.check(path, purpose.item)
        data = self._services.act(path, contract.parameters(path, given), now)
        self._disclosed(call, path, purpose, data)
        return self._reply(path, "00", "", data)

    def _common(self, given: dict[str, str], now: datetime) -> dict[str, str]:
        for name in contract.COMMON:
            if not given.get(name):
                raise Refusal("12", f"{name}: missing", violation=True)
        common = {name: given.pop(name) for name in contract.COMMON}
        if common["appKey"] != self._rotation.app_key:
            raise Refusal("01", "appKey", violation=True)
        sent = common["requestTime"]
        if not (sent.isascii() and sent.isdigit() and len(sent) == 13):
            raise Refusal("12", "requestTime: 13 digits", violation=True)
        if abs(datetime.fromtimestamp(int(sent) / 1000, UTC) - now) > _WINDOW:
            raise Refusal("12", "requestTime: more than 10 minutes off", violation=True)
        return common

    def _refresh(self, path: str, common: Mapping[str, str], now: datetime) -> dict[str, Any]:
        act = self._rotation.by_key if path == contract.TOKENS[0] else self._rotation.by_secret
        pair = act(common["sign"], common["requestTime"], now)
        if pair is None or pair == "unknown":
            raise Refusal("01", "sign", violation=True)
        if isinstance(pair, str):
            raise Refusal("02", "refreshSecret")
        return _pair(pair)

    def _disclosed(self, call: HttpCall, path: str, purpose: Purpose, data: Any) -> None:
        summary = f"itemCode={purpose.item} caseNo={purpose.case}"
        self._journal.record(path, peer=call.peer, request=summary, code="00")
        self._ledger.record(
            path,
            purpose.case,
            item=purpose.item,
            operator=purpose.operator,
            material=purpose.material,
            found=data is not None,
        )

    def _reply(self, path: str, code: str, message: str, data: Any, *, committed: bool = True) -> HttpReply:
        self._count += 1
        # Most of the time a text with JSON in it; every fourth reply with data holds the object itself.
        inner: Any = "" if data is None else json.dumps(data, ensure_ascii=False)
        if isinstance(data, dict) and self._count % 4 == 0:
            inner = data
        count = len(data) if isinstance(data, list) else int(data is not None)
        body = {
            "code": code,
            "msg": message,
            "datas": inner,
            "dataCount": count,
            "requestId": self._chance.randbytes(16).hex(),
        }
        return HttpReply(200, _JSON, json.dumps(body, ensure_ascii=False).encode(), path, committed)

    def _plain(self, call: HttpCall, status: int) -> HttpReply:
        self._journal.record(operation_of(call)[:64], peer=call.peer, code=str(status), violations=(f"HTTP {status}",))
        return HttpReply(status, [("Content-Type", "text/plain")], b"not a call", committed=False)


def _form(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError:
        raise Refusal("12", "body: no form in UTF-8", violation=True) from None
    if len({name for name, _ in pairs}) < len(pairs):
        raise Refusal("12", "body: a parameter stands twice", violation=True)
    return dict(pairs)


def _pair(pair: Pair) -> dict[str, Any]:
    return {
        "requestSecret": pair.request,
        "requestSecretEndTime": int(pair.request_until.timestamp() * 1000),
        "refreshSecret": pair.refresh,
        "refreshSecretEndTime": int(pair.refresh_until.timestamp() * 1000),
    }
