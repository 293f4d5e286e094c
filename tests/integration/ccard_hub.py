"""The citizen card adapter at work: on its real transports against the simulator, one operation at a time."""

from __future__ import annotations

import contextlib
import secrets
from datetime import UTC, date, datetime, timedelta

from adapters.ccard.adapter import CcardAdapter
from hub.clock import VirtualClock
from hub.config import load_configuration
from hub.config import shipped as shipped_config
from hub.domain.evidence import Evidence
from hub.domain.example import example_application
from hub.domain.numbers import case_number, serial12, serial20, task_number
from hub.domain.order import AccountQuery, Batch, DayQuery, ServiceOrder
from hub.domain.orders import orders_for
from hub.domain.outcome import Absent
from hub.domain.party import DocumentType, IdentityAssertion, IdentityDocument, Person
from hub.domain.reply import Reply
from hub.mapping import load_set
from hub.registry import shipped_mappings
from hub.sdk import CallEnded, Collect, outcome_of
from hub.sdk.context import Call, Context, Equipment, Sessions
from hub.wire.exchange import Limits
from hub.wire.transports import open_transport
from simulators.ccard import CcardSimulator
from simulators.ccard.seed import LONG_NAME
from simulators.kit.people import resident_id
from simulators.kit.simulator import Profile

START = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)  # a Tuesday, 09:00 in Shanghai
TODAY = date(2026, 11, 24)
ENDPOINT = "ccard"
CATALOGUE = load_configuration(shipped_config()).catalogue
ITEMS = [item for item in CATALOGUE.items if item.field == "ccard"]
MAPPINGS = load_set("ccard", shipped_mappings())
DEMO, FORMER, LOST, FORMAL, RESTRICTED, FULL, REISSUED, LONG, FOREIGN, MACAO, PASSPORT = (
    "3140330000000000010",
    "3140330000000000028",
    "3140330000000000036",
    "3140330000000000044",
    "3140330000000000051",
    "3140330000000000069",
    "3140330000000000077",
    "3140330000000000085",
    "3140330000000000093",
    "3140330000000000101",
    "3140330000000000119",
)
NOBODY = "3140330000000099993"
ACTS = {
    "JX6-CIT-02": ("loss_oral", DEMO, {"loss_kind": "oral"}),
    "JX6-CIT-02/formal": ("loss_formal", DEMO, {"loss_kind": "formal"}),
    "JX6-CIT-03": ("unloss", FORMAL, {}),
    "JX6-CIT-05": ("activation", REISSUED, {"functions": ("BIKE", "LIB")}),
    "JX6-CIT-06": ("password_reset", DEMO, {}),
}
CHECKED = IdentityAssertion(
    id="IDA-20261124-000001", method="CARD_READER", level=2, verified_at=START, expires_at=START + timedelta(minutes=30)
)
JPEG = b"\xff\xd8\xff\xe0 a portrait"


def person(name: str, number: str, kind: DocumentType = DocumentType.RIC) -> Person:
    return Person(name=name, document=IdentityDocument(type=kind, number=number), mobile="13800138001")


FOREIGNER = person("JOHNSON ANNA MARIA", "933840199001010013", DocumentType.FPR)
MACANESE = person("陈㛃䶮", "810000199001010019", DocumentType.HMT_RESIDENCE)
TRAVELLER = person("MÜLLER JÜRGEN", "C01X00T47", DocumentType.PASSPORT)
LONG_NAMED = person(LONG_NAME, resident_id("330402", date(1990, 3, 14), 61))
CHILD = person("沈乐", resident_id("330402", date(2020, 5, 6), 81))


def order_of(item: str, seq: int = 1, *, division: str = "330402007", on: date = TODAY, **changes) -> ServiceOrder:
    """The order of an example application; `form` changes single fields of the form."""
    entry = CATALOGUE.by_code[item]
    application = example_application(item, "individual", CATALOGUE, division=division)
    number = case_number(on, division[:6], seq)
    (order,) = orders_for(application, CATALOGUE, case_number=number, submitted_at=START)
    form = order.form.with_(**changes.pop("form", {}))
    variant = entry.variant(form.model_dump(exclude_none=True, mode="json"))
    return order.with_(**{"variant": variant, "assertion": CHECKED, **changes, "form": form})


def topup(seq: int = 1, amount: int = 5000, card: str = DEMO, **changes) -> ServiceOrder:
    return order_of("JX6-CIT-09", seq, form={"card_no": card, "amount": amount}, **changes)


def rrn(order: ServiceOrder) -> str:
    return serial12(order.serial)


def query(**fields) -> AccountQuery:
    serial = serial20(task_number(case_number(TODAY, "330400", 999_998), 99))
    return AccountQuery(serial=serial, request_id="c" * 32, **fields)


def day_query(day: date = TODAY) -> DayQuery:
    serial = serial20(task_number(case_number(day, "330400", 999_997), 99))
    return DayQuery(serial=serial, request_id="e" * 32, day=day)


def batch_of(kind: str, *orders: ServiceOrder, seq: int = 1, day: date = TODAY) -> Batch:
    return Batch(
        id=f"{ENDPOINT}:{kind}:{day:%Y%m%d}:{seq:04d}", endpoint=ENDPOINT, type=kind, day=day, seq=seq, orders=orders
    )


class Materials:
    """The evidence store, with one portrait."""

    async def read(self, evidence: Evidence) -> bytes:
        return {"portrait": JPEG, "scribble": b"no picture"}[evidence.ref]


def portrait(ref: str = "portrait") -> Evidence:
    return Evidence(material="PHOTO", media_type="image/jpeg", size=len(JPEG), ref=ref)


class CcardHub:
    """Runs operations as a worker does, and keeps their calls."""

    def __init__(self, centre: CcardSimulator, clock: VirtualClock, **config) -> None:
        self.centre, self.clock = centre, clock
        self.adapter = CcardAdapter(ENDPOINT, {**centre.connection(), **config})
        self.transport = open_transport(self.adapter.spec.transport, self.adapter.config, 4)
        self.calls: list[Call] = []
        self.files: set[str] = set()
        self.damaged: list[tuple[str, str]] = []
        self._equipment = Equipment(
            adapter=self.adapter,
            mappings=MAPPINGS,
            transport=self.transport,
            clock=clock,
            draw=secrets.token_bytes,
            evidence=Materials(),
            sessions=Sessions(),
            limits=Limits(connect=0.6, read=0.6, total=1.2),
        )

    async def run(self, name: str, source):
        """The outcome, or the reply of a read."""
        operation = self.adapter.operation(name)
        context = Context(
            self._equipment,
            name,
            deadline=self.clock.now() + timedelta(days=1),
            record=self.calls.append,
            correlation="test",
        )
        try:
            return await operation.run(self.adapter, source, context)
        except CallEnded as ended:
            return ended.outcome

    async def settle(self, name: str, source):
        """Send, resolve a doubt by the inquiry, send again when it says absent: as the engine does."""
        outcome = await self.run(name, source)
        inquiry = self.adapter.operation(name).inquiry
        for _ in range(8):
            if outcome.kind == "unknown" or (outcome.kind == "not_sent" and inquiry == self._asked):
                self._asked = inquiry
                outcome = await self.run(inquiry, source)
            elif isinstance(outcome, Absent) or outcome.kind == "not_sent":
                self._asked = None
                outcome = await self.run(name, source)
            outcome = outcome_of(outcome) if isinstance(outcome, Reply) else outcome
        return outcome

    _asked: str | None = None

    async def cycle(self, **span) -> None:
        """Time passes, and the workshop with it."""
        await self.clock.advance(**(span or {"hours": 1}))

    async def collect(self, day: date = TODAY) -> dict:
        """Outcomes by serial and by batch of the files that are new."""
        done = await self.run("collect", Collect(days=(day,), known=frozenset(self.files)))
        self.damaged += done.damaged
        found = {}
        for file in done.files:
            self.files.add(file.name)
            found |= {**file.outcomes, **file.batches}
        return found

    def messages(self, name: str) -> list[Call]:
        return [call for call in self.calls if call.message == name]

    def standing(self, card: str) -> dict:
        return self.centre.state()["cards"][card]

    def codes(self) -> list[str]:
        return [entry.code for entry in self.centre.journal.entries if entry.code]


@contextlib.asynccontextmanager
async def running(*, start: datetime = START, **profile):
    """A simulator and the adapter on one clock that stands still."""
    clock = VirtualClock(start, auto=False)
    async with CcardSimulator(clock=clock, profile=Profile(**profile), control_port=None) as centre:
        hub = CcardHub(centre, clock)
        try:
            yield hub
        finally:
            await hub.transport.aclose()


def act_of(name: str, seq: int = 1, card: str | None = None, **changes) -> tuple[ServiceOrder, str]:
    """The order of one of ACTS by the holder of its card, and the effect that it has."""
    effect, usual, form = ACTS[name]
    order = order_of(name.partition("/")[0], seq, form={**form, "card_no": card or usual}, **changes)
    return order, effect


def by_holder(hub: CcardHub, order: ServiceOrder) -> ServiceOrder:
    """The same order by whoever holds its card."""
    card = hub.centre.register.cards[order.form.card_no]
    return order.with_(applicant=person(card.name, card.id_number))
