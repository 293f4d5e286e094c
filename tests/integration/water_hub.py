"""The hub's side of the water companies for tests: the adapter on a real transport, one operation at a time."""

from __future__ import annotations

import contextlib
import secrets
from datetime import UTC, datetime, timedelta

from adapters.water.adapter import WaterAdapter
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
from hub.domain.reply import Reply
from hub.mapping import load_set
from hub.registry import shipped_mappings
from hub.sdk import CallEnded, outcome_of
from hub.sdk.context import Call, Context, Equipment, Sessions
from hub.wire import crypto
from hub.wire.exchange import Limits
from hub.wire.http import HttpTransport
from simulators.kit.simulator import Profile
from simulators.water import WaterSimulator

START = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)  # a Tuesday, 09:00 in Shanghai
CATALOGUE = load_configuration(shipped_config()).catalogue
ITEMS = [item for item in CATALOGUE.items if item.field == "water"]
ACCEPTED = [item.code for item in ITEMS if item.upstream.operation.startswith("3001")]
COMPANIES = {"A": "0401", "B": "0481"}
ACCOUNTS = {"A": "0100012345", "B": "0810012345"}
MAPPINGS = {name: load_set(f"water/{name.lower()}", shipped_mappings()) for name in COMPANIES}
HOLDER = Person(
    name="李建国",
    document=IdentityDocument(type=DocumentType.RIC, number="330402198801010012"),
    mobile="13800138001",
)
FIRM = Organisation(
    name="嘉兴南湖示例科技有限公司",
    document=IdentityDocument(type=DocumentType.USCC, number="91330402MA28A12323"),
    mobile="0573-82089200",
)


def order_of(item: str, dialect: str = "A", *, audience: str | None = None, seq: int = 1, **changes) -> ServiceOrder:
    """The order of an example application; `form` changes single fields of the form."""
    entry = CATALOGUE.by_code[item]
    division = {"A": "330402007", "B": "330481001"}[dialect]
    application = example_application(item, audience or entry.audience[0], CATALOGUE, division=division)
    number = case_number(START.date(), division[:6], seq)
    (order,) = orders_for(application, CATALOGUE, case_number=number, submitted_at=START)
    form = changes.pop("form", {})
    return order.with_(form=order.form.with_(**form), **changes)


def acceptable(item: str, dialect: str = "A", **changes) -> ServiceOrder:
    """The example order of an item, by the holder of the account where the company wants just him."""
    order = order_of(item, dialect, **changes)
    return order if order.variant in {"01", "02", "03"} else order.with_(applicant=HOLDER)


def payment(account: str = "0100020001", amount: int = 12860, *, seq: int = 1, dialect: str = "A") -> ServiceOrder:
    return order_of("JX6-WAT-14", dialect, seq=seq, form={"account_no": account, "amount": amount})


def material(content: bytes, name: str = "RE_CERT", ref: str = "one") -> Evidence:
    return Evidence(material=name, file_name="王秀兰.pdf", size=len(content), sm3=crypto.sm3(content).hex(), ref=ref)


def query(**fields) -> AccountQuery:
    return AccountQuery(serial="2" * 20, request_id="c" * 32, **fields)


def day_query(day=None) -> DayQuery:
    return DayQuery(serial="3" * 20, request_id="e" * 32, day=day or START.date())


class Store:
    """Evidence by reference."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    async def read(self, evidence: Evidence) -> bytes:
        return self.files[evidence.ref]


class WaterHub:
    """Runs operations as a worker does, and keeps their calls."""

    def __init__(self, water: WaterSimulator, dialect: str, clock: VirtualClock, transport, **config) -> None:
        self.water, self.clock, self.dialect = water, clock, dialect
        company = COMPANIES[dialect]
        self.params = {"gsdm": company}
        self.adapter = WaterAdapter("water", {**water.connection(gsdm=company), **config})
        self.store = Store()
        self.calls: list[Call] = []
        self.equipment = Equipment(
            adapter=self.adapter,
            mappings=MAPPINGS[dialect],
            transport=transport,
            clock=clock,
            draw=secrets.token_bytes,
            evidence=self.store,
            sessions=Sessions(),
            limits=Limits(connect=0.5, read=0.6, total=0.8),
        )

    async def run(self, name: str, source):
        """The outcome, or the reply of a read."""
        operation, context = self.adapter.operation(name), self.context(name)
        try:
            if operation.run is None:
                return await context.call(operation.message, source)
            return await operation.run(self.adapter, source, context)
        except CallEnded as ended:
            return ended.outcome

    def context(self, name: str) -> Context:
        return Context(
            self.equipment,
            name,
            deadline=self.clock.now() + timedelta(days=1),
            record=self.calls.append,
            correlation="test",
            params=self.params,
        )

    async def settle(self, name: str, source):
        """Send, resolve a doubt by the inquiry, send again when it says absent: as the engine does."""
        outcome = await self.run(name, source)
        for _ in range(5):
            if outcome.kind == "unknown":
                outcome = await self.run(self.adapter.operation(name).inquiry, source)
            elif isinstance(outcome, Absent) or outcome.kind == "not_sent":
                outcome = await self.run(name, source)
            outcome = outcome_of(outcome) if isinstance(outcome, Reply) else outcome
        return outcome

    def messages(self, name: str) -> list[Call]:
        return [call for call in self.calls if call.message == name]

    def account(self, number: str, name: str = "李建国", **facts) -> str:
        """Open an account of this company and say its number."""
        facts = {"ZJLX": "0", "ZJHM": HOLDER.document.number, **facts}
        self.water.add_account(YHBH=number, GSDM=self.params["gsdm"], YHMC=name, **facts)
        return number


@contextlib.asynccontextmanager
async def running(dialect: str = "A", *, start: datetime = START, config=None, **profile):
    """A simulator and the adapter on one clock that stands still."""
    clock = VirtualClock(start, auto=False)
    transport = HttpTransport()
    async with WaterSimulator(clock=clock, profile=Profile(**profile), control_port=None) as water:
        try:
            yield WaterHub(water, dialect, clock, transport, **(config or {}))
        finally:
            await transport.aclose()
