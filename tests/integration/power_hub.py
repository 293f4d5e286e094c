"""The hub's side of the power platform for tests: the adapter on a real transport, one operation at a time."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import itertools
import json
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from adapters.power.adapter import PowerAdapter
from hub.clock import VirtualClock
from hub.config import load_configuration
from hub.config import shipped as shipped_config
from hub.domain.evidence import Evidence
from hub.domain.example import example_application
from hub.domain.numbers import case_number
from hub.domain.order import AccountQuery, DayQuery, ServiceOrder
from hub.domain.orders import orders_for
from hub.domain.outcome import Absent
from hub.domain.party import DocumentType, IdentityDocument, Organisation, Person
from hub.mapping import load_set
from hub.registry import shipped_mappings
from hub.sdk import CallEnded
from hub.sdk.context import Call, Context, Equipment, Sessions
from hub.wire import crypto
from hub.wire.exchange import HttpResponse, Limits
from hub.wire.http import HttpTransport
from simulators.kit.simulator import Profile
from simulators.power import PowerSimulator

START = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
DEMO, DEBTOR, BUSY = "3304020012345", "3304020012352", "3304020012386"
PARAMS = {"org_no": "330402001"}
CATALOGUE = load_configuration(shipped_config()).catalogue
ITEMS = [item for item in CATALOGUE.items if item.field == "power"]
MAPPINGS = load_set("power", shipped_mappings())
FORMER = Person(
    name="李建国",
    document=IdentityDocument(type=DocumentType.RIC, number="330402198801010012"),
    mobile="13800138001",
)
FIRM = Organisation(
    name="嘉兴南湖示例科技有限公司",
    document=IdentityDocument(type=DocumentType.USCC, number="91330402MA28A12323"),
    mobile="0573-82089200",
)
PDF = b"%PDF-1.7 synthetic"


def fixed_draw(seed: bytes = b"golden") -> Callable[[int], bytes]:
    """Bytes that look random and are the same in every run."""
    count = itertools.count()

    def draw(size: int) -> bytes:
        return hashlib.shake_256(seed + next(count).to_bytes(4, "big")).digest(size)

    return draw


def fake_config(base_url: str = "http://127.0.0.1:8080") -> dict[str, str]:
    """TEST keys, for messages that nobody has to open."""
    platform, app, callback = (bytes([byte]) * 32 for byte in (1, 2, 3))
    return {
        "base_url": base_url,
        "app_key": "TEST-APP",
        "app_secret": "TEST-SECRET",
        "platform_public_key": "04" + crypto.sm2_public(platform).hex(),
        "app_private_key": app.hex(),
        "callback_public_key": "04" + crypto.sm2_public(callback).hex(),
    }


def order_of(item: str, *, audience: str | None = None, seq: int = 1, **changes) -> ServiceOrder:
    """The order of an example application; `form` changes single fields of the form."""
    entry = CATALOGUE.by_code[item]
    application = example_application(item, audience or entry.audience[0], CATALOGUE)
    number = case_number(START.date(), "330402", seq)
    (order,) = orders_for(application, CATALOGUE, case_number=number, submitted_at=START)
    form = changes.pop("form", {})
    return order.with_(form=order.form.with_(**form), **changes)


def material(name: str = "ID_CARD", ref: str = "one") -> Evidence:
    return Evidence(material=name, file_name="王秀兰.PDF", media_type="application/pdf", ref=ref)


def query(**fields) -> AccountQuery:
    return AccountQuery(serial="2" * 20, request_id="c" * 32, **fields)


def sealed(body):
    """A reply as the platform sends it."""
    key, iv = bytes(16), bytes(range(16))
    public = crypto.sm2_public(bytes.fromhex(fake_config()["app_private_key"]))
    plain = json.dumps(body, ensure_ascii=False).encode()
    envelope = {
        "keyVer": "1",
        "encKey": crypto.sm2_encrypt(public, key, fixed_draw()).hex(),
        "data": base64.b64encode(iv + crypto.sm4_cbc_encrypt(key, iv, plain)).decode(),
    }
    return plain_reply(json.dumps(envelope).encode())


def plain_reply(body, status=200):
    mark = crypto.hmac_sm3(fake_config()["app_secret"].encode(), crypto.sm3(body).hex().encode()).hex()
    return HttpResponse(status, {"x-resp-sign": mark}, body)


def payment(seq: int = 1, account: str = DEBTOR, amount: int = 18650) -> ServiceOrder:
    return order_of("JX6-ELE-15", seq=seq, form={"account_no": account, "amount": amount})


def day_query() -> DayQuery:
    return DayQuery(serial="3" * 20, request_id="e" * 32, day=START.date())


class Store:
    """Evidence by reference."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    async def read(self, evidence: Evidence) -> bytes:
        return self.files.get(evidence.ref, PDF)


class PowerHub:
    """Runs operations as a worker does, and keeps their calls."""

    def __init__(self, power: PowerSimulator, clock: VirtualClock, transport: HttpTransport, **config) -> None:
        self.power, self.clock = power, clock
        self.adapter = PowerAdapter("power", {**power.connection(), **config})
        self.store = Store()
        self.calls: list[Call] = []
        self.equipment = Equipment(
            adapter=self.adapter,
            mappings=MAPPINGS,
            transport=transport,
            clock=clock,
            draw=secrets.token_bytes,
            evidence=self.store,
            sessions=Sessions(),
            limits=Limits(connect=0.5, read=0.6, total=0.8),
            callback_url="http://127.0.0.1:9/callbacks/power",
        )

    async def run(self, name: str, source):
        """The outcome, or the reply of a read."""
        try:
            return await self.adapter.operation(name).run(self.adapter, source, self.context(name))
        except CallEnded as ended:
            return ended.outcome

    async def call(self, message: str, source):
        """One message by itself."""
        return await self.adapter._call(self.context(message), message, source)

    def context(self, name: str) -> Context:
        return Context(
            self.equipment,
            name,
            deadline=self.clock.now() + timedelta(days=1),
            record=self.calls.append,
            correlation="test",
            params=PARAMS,
        )

    async def settle(self, name: str, source):
        """Send, resolve a doubt by the inquiry, send again when it says absent: as the engine does."""
        outcome = await self.run(name, source)
        if outcome.kind == "not_sent":
            return await self.run(name, source)
        if outcome.kind != "unknown":
            return outcome
        found = await self.run(self.adapter.operation(name).inquiry, source)
        return await self.run(name, source) if isinstance(found, Absent) else found

    def messages(self, name: str) -> list[Call]:
        return [call for call in self.calls if call.message == name]


@contextlib.asynccontextmanager
async def running(*, start: datetime = START, config=None, **profile):
    """A simulator and the adapter on one clock that stands still."""
    clock = VirtualClock(start, auto=False)
    transport = HttpTransport()
    async with PowerSimulator(clock=clock, profile=Profile(**profile), control_port=None) as power:
        try:
            yield PowerHub(power, clock, transport, **(config or {}))
        finally:
            await transport.aclose()
