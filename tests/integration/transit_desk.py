"""The transit adapter at work: on a real SFTP transport against the simulator, one operation at a time."""

from __future__ import annotations

import contextlib
import itertools
from datetime import UTC, date, datetime, timedelta

from adapters.transit.adapter import TransitAdapter
from hub.clock import SHANGHAI, VirtualClock
from hub.config import load_configuration
from hub.config import shipped as shipped_config
from hub.domain.evidence import Evidence
from hub.domain.example import example_application
from hub.domain.numbers import case_number
from hub.domain.order import Batch, DayQuery, ServiceOrder
from hub.domain.orders import orders_for
from hub.domain.party import DocumentType, IdentityDocument, Person
from hub.mapping import load_set
from hub.registry import shipped_mappings
from hub.sdk import CallEnded, Collect, Collected
from hub.sdk.context import Call, Context, Equipment, Sessions
from hub.wire.crypto import sm3
from hub.wire.exchange import FilePut, Limits
from hub.wire.sftp import SftpTransport
from simulators.kit.people import resident_id
from simulators.kit.simulator import Profile
from simulators.transit import TransitSimulator
from tests.integration.transit_hub import jpeg

START = datetime(2026, 1, 5, 1, 5, tzinfo=UTC)  # a Monday, 09:05 in Shanghai
TODAY = date(2026, 1, 5)
ENDPOINT = "transit-0402"
PARAMS = {"inst": "0402"}
CATALOGUE = load_configuration(shipped_config()).catalogue
ITEMS = [item for item in CATALOGUE.items if item.field == "transit"]
MAPPINGS = load_set("transit", shipped_mappings())
FORMER_CARD, STUDENT_CARD, SENIOR_CARD = "3104330000000000016", "3104330000000000024", "3104330000000000032"
OVERDUE_CARD, NEVER_ISSUED = "3104330000000000040", "3104330000000099992"
FILES = {"host": "127.0.0.1", "port": 22, "username": "onewindow", "private_key": "TEST", "host_key": "TEST"}
KEYS = {"sm4_keys": {"01": "54455354" * 4, "02": "54455355" * 4}, "key_version": "01"}


def person(name: str, number: str, kind: DocumentType = DocumentType.RIC, **more) -> Person:
    return Person(name=name, document=IdentityDocument(type=kind, number=number), mobile="13800138001", **more)


FORMER = person("李建国", "330402198801010012")
OLDEST = person("某人", resident_id("330402", date(1945, 3, 14), 51))


def order_of(item: str, seq: int = 1, **changes) -> ServiceOrder:
    """The order of an example application; `form` changes single fields of the form."""
    entry = CATALOGUE.by_code[item]
    application = example_application(item, "individual", CATALOGUE)
    number = case_number(TODAY, "330402", seq)
    (order,) = orders_for(application, CATALOGUE, case_number=number, submitted_at=START)
    form = order.form.with_(**changes.pop("form", {}))
    variant = entry.variant(form.model_dump(exclude_none=True, mode="json"))
    return order.with_(**{"variant": variant, **changes, "form": form})


def portrait(content: bytes | None = None, ref: str = "portrait") -> Evidence:
    return Evidence(material="PHOTO", media_type="image/jpeg", size=len(content or jpeg()), ref=ref)


def senior_card(seq: int = 1, **changes) -> ServiceOrder:
    """The demo citizen wants the card of her age, and her portrait is good."""
    return order_of("JX6-BUS-03", seq, **{"form": {"card_type": "30"}, "evidence": (portrait(),), **changes})


def about_card(item: str, seq: int = 1, card: str = FORMER_CARD, holder: Person = FORMER, **form) -> ServiceOrder:
    clean = {"card_no": card, "card_type": None, "amount": None, **form}
    return order_of(item, seq, applicant=holder, form=clean, evidence=(portrait(),))


def topup(seq: int = 1, amount: int = 5000, card: str = FORMER_CARD) -> ServiceOrder:
    return order_of("JX6-BUS-08", seq, form={"card_no": card, "amount": amount})


def batch_of(kind: str, *orders: ServiceOrder, seq: int = 1, day: date = TODAY) -> Batch:
    batch_id = f"{ENDPOINT}:{kind}:{day:%Y%m%d}:{seq:04d}"
    return Batch(id=batch_id, endpoint=ENDPOINT, type=kind, day=day, seq=seq, orders=orders)


def day_query(day: date = TODAY) -> DayQuery:
    return DayQuery(serial="3" * 20, request_id="e" * 32, day=day)


class Materials:
    """The evidence store, with one good portrait."""

    def __init__(self) -> None:
        self.kept = {"portrait": jpeg()}

    async def read(self, evidence: Evidence) -> bytes:
        return self.kept[evidence.ref]


class Desk:
    """One endpoint with its adapter; `files` are those that the hub has noted as taken."""

    def __init__(self, clock: VirtualClock, simulator: TransitSimulator, **config) -> None:
        self.clock, self.simulator = clock, simulator
        settings = {**simulator.connection(), **config}
        self.adapter = TransitAdapter(ENDPOINT, settings)
        names = ("host", "port", "username", "private_key", "host_key")
        self.transport = SftpTransport(**{name: self.adapter.config[name] for name in names})
        self.materials = Materials()
        self.calls: list[Call] = []
        self.files: set[str] = set()
        self.damaged: list[tuple[str, str]] = []
        self._numbers = {kind: itertools.count(1) for kind in ("APPL", "RCHG")}
        self._equipment = Equipment(
            adapter=self.adapter,
            mappings=MAPPINGS,
            transport=self.transport,
            clock=clock,
            draw=bytes,
            evidence=self.materials,
            sessions=Sessions(),
            limits=Limits(connect=2, read=2, write=2, total=4),
        )

    async def run(self, name: str, source, params=PARAMS):
        """What the operation answers; of a call that ended early its outcome."""
        context = Context(
            self._equipment,
            name,
            deadline=self.clock.now() + timedelta(minutes=5),
            record=self.calls.append,
            correlation="test",
            params=params,
        )
        try:
            return await self.adapter.operation(name).run(self.adapter, source, context)
        except CallEnded as ended:
            return ended.outcome

    async def apply(self, *orders: ServiceOrder, seq: int = 0):
        return await self.run("apply", batch_of("APPL", *orders, seq=seq or next(self._numbers["APPL"])))

    async def topup(self, *orders: ServiceOrder, seq: int = 0):
        return await self.run("topup", batch_of("RCHG", *orders, seq=seq or next(self._numbers["RCHG"])))

    async def cycle(self, times: int = 1) -> None:
        await self.clock.advance(minutes=30 * times)

    async def collect(self, back: int = 2):
        """New files, as the engine would note them: known from now on."""
        today = self.clock.now().astimezone(SHANGHAI).date()
        days = tuple(today - timedelta(days=past) for past in range(back, -1, -1))
        found = await self.run("collect", Collect(days=days, known=frozenset(self.files)))
        if not isinstance(found, Collected):
            return found
        self.files |= {file.name for file in found.files}
        self.damaged = list(found.damaged)
        return found

    async def answers(self) -> dict[str, object]:
        """What a collection says, by serial; a later file of the same collection wins."""
        return {serial: outcome for file in (await self.collect()).files for serial, outcome in file.outcomes.items()}

    async def refusals(self) -> dict[str, object]:
        return {batch: outcome for file in (await self.collect()).files for batch, outcome in file.batches.items()}

    async def put(self, path: str, data: bytes) -> None:
        """Write past the adapter, as a fault of ours or a hand would."""
        assert (await self.transport.exchange(FilePut(path, data), Limits())).response is not None

    def flag(self, data: bytes) -> bytes:
        return f"{len(data)} {sm3(data).hex()}".encode()

    def effects(self, *orders: ServiceOrder) -> list[int]:
        """How often the centre has carried each order out."""
        return [len(self.simulator.ledger.effects(order.serial)) for order in orders]


@contextlib.asynccontextmanager
async def working(profile: Profile | None = None, **config):
    """A desk of the adapter at 09:05 on a Monday, with the card centre running on the same clock."""
    clock = VirtualClock(START - timedelta(minutes=5), auto=False)
    async with TransitSimulator(clock=clock, profile=profile, control_port=None) as simulator:
        await clock.advance(minutes=5)
        desk = Desk(clock, simulator, **config)
        try:
            yield desk
        finally:
            await desk.transport.aclose()
