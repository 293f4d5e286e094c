"""The hub's side of the registry for tests: the adapter on real tables and a real disk, one operation at a time."""

from __future__ import annotations

import contextlib
import secrets
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from adapters.realty.adapter import RealtyAdapter
from hub.clock import VirtualClock
from hub.config import load_configuration
from hub.config import shipped as shipped_config
from hub.domain.evidence import Evidence
from hub.domain.example import example_application
from hub.domain.numbers import case_number
from hub.domain.order import AccountQuery, OutputQuery, ServiceOrder
from hub.domain.orders import orders_for
from hub.domain.outcome import Absent
from hub.domain.party import DocumentType, IdentityDocument
from hub.domain.reply import Reply
from hub.mapping import load_set
from hub.registry import shipped_mappings
from hub.sdk import CallEnded, outcome_of
from hub.sdk.context import Call, Context, Equipment, Sessions
from hub.wire import crypto
from hub.wire.exchange import Limits
from hub.wire.transports import open_transport
from simulators.kit.simulator import Profile
from simulators.realty import RealtySimulator
from simulators.realty.schema import METADATA
from tests import postgres

START = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)  # a Tuesday, 09:00 in Shanghai
CATALOGUE = load_configuration(shipped_config()).catalogue
MAPPINGS = load_set("realty", shipped_mappings())
UNIT = "330402001001GB00001F00010001"
CERTIFICATE = "浙(2024)嘉兴市不动产权第0012345号"
TOWNS = ("330402007", "330411002", "330421001", "330424001", "330481001", "330482001", "330483001")
DATABASES = ("sqlite", "postgresql")
CITIZEN = {"name": "王秀兰", "document": {"type": "RIC", "number": "330402195203140024"}}


def party(name: str, number: str, kind: str = "RIC", **more) -> dict:
    return {"name": name, "document": {"type": kind, "number": number}, **more}


def unit_no(running: int, county: str = "330402") -> str:
    return f"{county}001001GB{running:05d}F00010001"


def certificate_no(running: int) -> str:
    return f"浙(2024)嘉兴市不动产权第{12344 + running:07d}号"


def order_of(*, town: str = "330402007", audience: str = "individual", seq: int = 1, **changes) -> ServiceOrder:
    """The order of an example application; `form` changes single fields of the form before it is made."""
    form = changes.pop("form", {})
    application = example_application("JX6-RE-01", audience, CATALOGUE, division=town)
    (request,) = application.items
    application = application.with_(items=(request.with_(form={**request.form, **form}),))
    number = case_number(START.date(), town[:6], seq)
    (order,) = orders_for(application, CATALOGUE, case_number=number, submitted_at=START)
    return order.with_(**changes)


def of_unit(running: int, *givers: dict, **form) -> ServiceOrder:
    """An order for one of the seeded units, by its owners."""
    about = {"bdcdyh": unit_no(running), "ownership_proof_no": certificate_no(running), "transferors": list(givers)}
    return order_of(form={**about, **form}, seq=running)


def material(content: bytes, name: str = "PURCHASE_CONTRACT", ref: str = "one") -> Evidence:
    return Evidence(material=name, file_name="合同.pdf", size=len(content), sm3=crypto.sm3(content).hex(), ref=ref)


def query(**fields) -> AccountQuery:
    return AccountQuery(serial="2" * 20, request_id="c" * 32, **fields)


def document(number: str, kind: str = "RIC") -> IdentityDocument:
    return IdentityDocument(type=DocumentType(kind), number=number)


class Store:
    """Evidence by reference."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    async def read(self, evidence: Evidence) -> bytes:
        return self.files[evidence.ref]


class RealtyHub:
    """Runs operations as a worker does, and keeps their calls."""

    def __init__(self, registry: RealtySimulator, clock: VirtualClock, **config) -> None:
        self.registry, self.clock = registry, clock
        self.params = {"qxdm": "330402"}
        self.adapter = RealtyAdapter("realty", {**registry.connection(), **config})
        self.transport = open_transport(self.adapter.spec.transport, self.adapter.config, 2)
        self.store = Store()
        self.calls: list[Call] = []
        self.equipment = Equipment(
            adapter=self.adapter,
            mappings=MAPPINGS,
            transport=self.transport,
            clock=clock,
            draw=secrets.token_bytes,
            evidence=self.store,
            sessions=Sessions(),
            limits=Limits(connect=1, read=0.8, total=8),
        )

    async def run(self, name: str, source=None):
        """The outcome, or the reply of a read."""
        operation = self.adapter.operation(name)
        context = Context(
            self.equipment,
            name,
            deadline=self.clock.now() + timedelta(days=1),
            record=self.calls.append,
            correlation="test",
            params=self.params,
        )
        try:
            return await operation.run(self.adapter, source, context)
        except CallEnded as ended:
            return ended.outcome

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

    async def taken(self, order: ServiceOrder) -> ServiceOrder:
        """The order, handed in and taken by the registry."""
        assert (await self.run("apply", order)).kind == "accepted"
        self.registry.turn()
        return order

    def messages(self, name: str) -> list[Call]:
        return [call for call in self.calls if call.message == name]

    def rows(self, table: str) -> list[dict]:
        """All rows of a table, as the registry sees them."""
        with self.registry.database.transaction() as connection:
            return [dict(row) for row in connection.execute(select(METADATA.tables[table])).mappings()]

    def asking(self, order: ServiceOrder) -> OutputQuery:
        """The question for an order's document."""
        return OutputQuery(order=order, kind="certificate", identifier=CERTIFICATE)


@contextlib.asynccontextmanager
async def running(database: str = "sqlite", *, start: datetime = START, config=None, **profile):
    """A simulator and the adapter on one clock that stands still."""
    clock = VirtualClock(start, auto=False)
    if database == "postgresql":
        profile["extra"] = {"database_url": postgres.address()}
    async with RealtySimulator(clock=clock, profile=Profile(**profile), control_port=None) as registry:
        hub = RealtyHub(registry, clock, **(config or {}))
        try:
            yield hub
        finally:
            await hub.transport.aclose()
