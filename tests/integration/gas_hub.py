"""The hub's side of the gas companies for tests: the adapter on a real transport, one operation at a time."""

from __future__ import annotations

import contextlib
import secrets
from datetime import UTC, date, datetime, timedelta

from adapters.gas.adapter import GasAdapter
from hub.clock import VirtualClock
from hub.config import load_configuration
from hub.config import shipped as shipped_config
from hub.domain.evidence import Evidence
from hub.domain.example import example_application
from hub.domain.numbers import case_number
from hub.domain.order import AccountQuery, DayQuery, ServiceOrder
from hub.domain.orders import orders_for
from hub.domain.party import DocumentType, IdentityDocument, Organisation, Person
from hub.domain.reply import Reply
from hub.mapping import load_set
from hub.registry import shipped_mappings
from hub.sdk import CallEnded, outcome_of
from hub.sdk.context import Call, Context, Equipment, Sessions
from hub.wire import crypto
from hub.wire.exchange import Limits
from hub.wire.http import HttpTransport
from simulators.gas import GasSimulator
from simulators.gas.records import COMPANIES
from simulators.kit.simulator import Profile

START = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)  # a Tuesday, 09:00 in Shanghai
CATALOGUE = load_configuration(shipped_config()).catalogue
ITEMS = [item for item in CATALOGUE.items if item.field == "gas"]
ACCEPTED = [item.code for item in ITEMS if item.upstream.operation.startswith("createServiceOrder")]
MAPPINGS = load_set("gas", shipped_mappings())
TOWNS = ("330402007", "330411002", "330421001", "330424001", "330481001", "330482001", "330483001")
HOLDER = Person(
    name="李建国",
    document=IdentityDocument(type=DocumentType.RIC, number="330402198801010012"),
    mobile="13800138001",
)
FIRM = Organisation(
    name="嘉兴市南湖区测试精密机械有限公司",
    document=IdentityDocument(type=DocumentType.USCC, number="91330402MA28A12323"),
    mobile="0573-82089200",
)
LAG = 45


def company_of(town: str) -> str:
    return next(name for name, (_, counties) in COMPANIES.items() if town[:6] in counties)


def order_of(item: str, *, audience: str | None = None, town: str = TOWNS[0], seq: int = 1, **changes) -> ServiceOrder:
    """The order of an example application; `form` changes single fields of the form."""
    entry = CATALOGUE.by_code[item]
    application = example_application(item, audience or entry.audience[0], CATALOGUE, division=town)
    number = case_number(START.date(), town[:6], seq)
    (order,) = orders_for(application, CATALOGUE, case_number=number, submitted_at=START)
    form = changes.pop("form", {})
    return order.with_(form=order.form.with_(**form), **changes)


def acceptable(item: str, **changes) -> ServiceOrder:
    """The example order of an item, by the holder of the account where the company wants just him."""
    order = order_of(item, **changes)
    return order if order.variant in {"NEW_CONN", "BIZ_CONN", "TRANSFER"} else order.with_(applicant=HOLDER)


def payment(account: str = "10020001", amount: int = 8640, bills=("202511", "202512"), *, seq: int = 1) -> ServiceOrder:
    form = {"account_no": account, "amount": amount, "bill_ids": bills}
    return order_of("JX6-GAS-13", seq=seq, form=form)


def material(content: bytes, name: str = "RE_CERT", ref: str = "one") -> Evidence:
    return Evidence(material=name, file_name="王秀兰.pdf", size=len(content), sm3=crypto.sm3(content).hex(), ref=ref)


def query(**fields) -> AccountQuery:
    return AccountQuery(serial="2" * 20, request_id="c" * 32, **fields)


def day_query(day: date | None = None) -> DayQuery:
    return DayQuery(serial="3" * 20, request_id="e" * 32, day=day or START.date())


class Store:
    """Evidence by reference."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    async def read(self, evidence: Evidence) -> bytes:
        return self.files[evidence.ref]


class GasHub:
    """Runs operations as a worker does, and keeps their calls."""

    def __init__(self, gas: GasSimulator, company: str, clock: VirtualClock, transport, **config) -> None:
        self.gas, self.clock = gas, clock
        self.adapter = GasAdapter("gas", {**gas.connection(franchise=company), **config})
        self.params = {"franchise": company}
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
        )

    async def run(self, name: str, source):
        """The outcome, or the reply of a read."""
        context = self.context(name)
        try:
            return await self.adapter.operation(name).run(self.adapter, source, context)
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
        """Send, wait until a search can be believed, inquire, send again when it says absent: as the engine does."""
        outcome = await self.run(name, source)
        for _ in range(5):
            if outcome.kind == "unknown":
                await self.clock.advance(seconds=LAG)
                outcome = await self.run(self.adapter.operation(name).inquiry, source)
            elif outcome.kind in {"absent", "not_sent"}:
                outcome = await self.run(name, source)
            outcome = outcome_of(outcome) if isinstance(outcome, Reply) else outcome
        return outcome

    async def accepted(self, item: str, **changes) -> ServiceOrder:
        """An order that the company has taken, by its number."""
        order = acceptable(item, **changes)
        return order.with_(provider_ref=(await self.run("accept", order)).provider_ref)

    def messages(self, name: str) -> list[Call]:
        return [call for call in self.calls if call.message == name]


@contextlib.asynccontextmanager
async def running(company: str = "city", *, start: datetime = START, config=None, **profile):
    """A simulator and the adapter on one clock that stands still."""
    clock = VirtualClock(start, auto=False)
    transport = HttpTransport()
    async with GasSimulator(clock=clock, profile=Profile(**profile), control_port=None) as gas:
        try:
            yield GasHub(gas, company, clock, transport, **(config or {}))
        finally:
            await transport.aclose()
