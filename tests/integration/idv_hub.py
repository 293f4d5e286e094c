"""The hub's side of the identity gateway for tests: the adapter on a real transport, one operation at a time."""

from __future__ import annotations

import contextlib
import secrets
from datetime import UTC, datetime, timedelta

from adapters.idv.adapter import IdvAdapter
from hub.clock import VirtualClock
from hub.domain.order import IdentityQuery, Purpose
from hub.domain.party import DocumentType, IdentityDocument
from hub.mapping import load_set
from hub.registry import shipped_mappings
from hub.sdk import CallEnded, NotSupported
from hub.sdk.context import Call, Context, Equipment, Sessions
from hub.wire.exchange import Limits
from hub.wire.http import HttpTransport
from simulators.idv import IdvSimulator
from simulators.kit.simulator import Profile

START = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
CASE = "JX6202611243304020000015"
BUYER, SELLER = "330402195203140024", "330402198801010012"
MAPPINGS = load_set("idv", shipped_mappings())
PURPOSE = Purpose(item="JX6-WAT-01", case_number=CASE, operator="c01", material_name="居民身份证")
HOUSEHOLD = Purpose(item="JX6-WAT-11", case_number=CASE, operator="c01", material_name="户口簿")
CONFIG = {
    "base_url": "https://idv.example",
    "app_key": "TEST-APP",
    "app_secret": "TEST-SECRET",
    "rare_characters": {"䶮": "\ue863"},
}


def query(name="王秀兰", number=BUYER, kind=DocumentType.RIC, **fields) -> IdentityQuery:
    document = IdentityDocument(type=kind, number=number, **fields.pop("document", {}))
    return IdentityQuery(**{"purpose": PURPOSE, "document": document, "name": name, **fields})


class NoEvidence:
    async def read(self, evidence):
        raise LookupError(evidence.material)


class IdvHub:
    """Runs operations, and keeps their calls."""

    def __init__(self, idv: IdvSimulator, clock: VirtualClock, transport: HttpTransport, **config) -> None:
        self.idv, self.clock, self.transport = idv, clock, transport
        self.adapter = IdvAdapter("idv", {**idv.connection(), **config})
        self.calls: list[Call] = []
        self.sessions = Sessions()

    @property
    def equipment(self) -> Equipment:
        return Equipment(
            adapter=self.adapter,
            mappings=MAPPINGS,
            transport=self.transport,
            clock=self.clock,
            draw=secrets.token_bytes,
            evidence=NoEvidence(),
            sessions=self.sessions,
            limits=Limits(connect=0.5, read=0.6, total=0.8),
        )

    async def run(self, name: str, source=None):
        """The reply, or the outcome of a call that ended."""
        context = Context(
            self.equipment,
            name,
            deadline=self.clock.now() + timedelta(days=1),
            record=self.calls.append,
            correlation="test",
        )
        try:
            return await self.adapter.operation(name).run(self.adapter, source or query(), context)
        except CallEnded as ended:
            return ended.outcome
        except NotSupported as error:
            return error

    def sent(self) -> list[str]:
        return [call.message for call in self.calls]


@contextlib.asynccontextmanager
async def running(*, start=START, config=None, **profile):
    """A simulator and the adapter on one clock that stands still."""
    clock = VirtualClock(start, auto=False)
    transport = HttpTransport()
    async with IdvSimulator(clock=clock, profile=Profile(**profile), control_port=None) as idv:
        try:
            yield IdvHub(idv, clock, transport, **(config or {}))
        finally:
            await transport.aclose()
