"""The hub's side of the cable television company for tests: the adapter on a real transport, one operation at a time."""

from __future__ import annotations

import contextlib
import secrets
from datetime import UTC, datetime, timedelta

from adapters.catv.adapter import CatvAdapter
from adapters.catv.codec import stamped
from hub.clock import VirtualClock
from hub.config import load_configuration
from hub.config import shipped as shipped_config
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
from hub.wire.exchange import Limits
from hub.wire.http import HttpTransport
from simulators.catv import CatvSimulator
from simulators.kit.simulator import Profile

START = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)  # a Tuesday, 09:00 in Shanghai
CATALOGUE = load_configuration(shipped_config()).catalogue
ITEMS = [item for item in CATALOGUE.items if item.field == "catv"]
CODES = [item.code for item in ITEMS]
ORDERED = [code for code in CODES if code != "JX6-CTV-08"]
AT_ONCE = {"JX6-CTV-03", "JX6-CTV-05", "JX6-CTV-06"}
TOWNS = {
    "0402": "330402007", "0411": "330411002", "0421": "330421001", "0424": "330424001", "0481": "330481001",
    "0482": "330482001", "0483": "330483001",
}  # fmt: skip
MAPPINGS = load_set("catv", shipped_mappings())
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
BY_HOLDER = {"JX6-CTV-04", "JX6-CTV-05", "JX6-CTV-06", "JX6-CTV-07"}


def order_of(
    item: str, branch: str = "0402", *, audience: str | None = None, seq: int = 1, at: datetime = START, **changes
) -> ServiceOrder:
    """The order of an example application; `form` changes single fields of the form."""
    entry = CATALOGUE.by_code[item]
    town = TOWNS[branch]
    application = example_application(item, audience or entry.audience[0], CATALOGUE, division=town)
    number = case_number(at.date(), town[:6], seq)
    (order,) = orders_for(application, CATALOGUE, case_number=number, submitted_at=at)
    form = changes.pop("form", {})
    return order.with_(form=order.form.with_(**form), **changes)


def acceptable(item: str, branch: str = "0402", **changes) -> ServiceOrder:
    """The example order of an item, by the holder of the account where the company wants just him."""
    order = order_of(item, branch, **changes)
    return order.with_(applicant=HOLDER) if item in BY_HOLDER and "applicant" not in changes else order


def payment(account: str = "330400020001", amount: int = 3650, *, seq: int = 1, **changes) -> ServiceOrder:
    return order_of("JX6-CTV-08", seq=seq, form={"cust_no": account, "amount": amount}, **changes)


def query(**fields) -> AccountQuery:
    return AccountQuery(serial="26112433040099999799", request_id="c" * 32, **fields)


def day_query(day=None) -> DayQuery:
    return DayQuery(serial="26112433040099999799", request_id="e" * 32, day=day or START.date())


def stamp(order: ServiceOrder, act: int = 0) -> str:
    """The serial that the BOSS knows an act under."""
    return stamped(order.serial, "3304", act)


class Nothing:
    """The BOSS takes no files."""

    async def read(self, evidence):
        raise AssertionError(evidence)


class CatvHub:
    """Runs operations as a worker does, and keeps their calls."""

    def __init__(self, catv: CatvSimulator, branch: str, clock: VirtualClock, transport, **config) -> None:
        self.catv, self.clock = catv, clock
        self.params = {"branch": branch}
        self.adapter = CatvAdapter("catv", {**catv.connection(), **config})
        self.calls: list[Call] = []
        self.equipment = Equipment(
            adapter=self.adapter,
            mappings=MAPPINGS,
            transport=transport,
            clock=clock,
            draw=secrets.token_bytes,
            evidence=Nothing(),
            sessions=Sessions(),
            limits=Limits(connect=0.5, read=0.6, total=0.8),
        )

    async def run(self, name: str, source):
        """The outcome, or the reply of a read."""
        try:
            return await self.adapter.operation(name).run(self.adapter, source, self.context(name))
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
        """Open an account of this branch and say its number."""
        facts = {"IDNO": HOLDER.document.number, "BRANCH": self.params["branch"], **facts}
        self.catv.add_account(CUSTNO=number, CUSTNAME=name, **facts)
        return number


@contextlib.asynccontextmanager
async def running(branch: str = "0402", *, start: datetime = START, config=None, **profile):
    """A simulator and the adapter on one clock that stands still."""
    clock = VirtualClock(start, auto=False)
    transport = HttpTransport()
    async with CatvSimulator(clock=clock, profile=Profile(**profile), control_port=None) as catv:
        try:
            yield CatvHub(catv, branch, clock, transport, **(config or {}))
        finally:
            await transport.aclose()
