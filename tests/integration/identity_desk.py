"""A hub that verifies and takes applications on the simulated gateway; nothing is sent to utilities."""

from __future__ import annotations

import tempfile
from contextlib import asynccontextmanager
from datetime import datetime
from functools import cache
from pathlib import Path

from hub import Channel, DocumentType, Hub, IdentityDocument, Person, Settings, example_case
from hub.clock import SHANGHAI, VirtualClock
from hub.registry import Registry
from simulators.idv import IdvSimulator, portrait
from simulators.kit.simulator import Profile

TRANSFER, SUSPEND, PAYMENT, LARGE = "JX6-WAT-01", "JX6-WAT-08", "JX6-WAT-14", "JX6-WAT-11"
BUYER = "330402195203140024"
WINDOW = Channel(type="WINDOW", division="330402007", operator="c01")
TERMINAL = Channel(type="TERMINAL", division="330402007", terminal="T-0001")
WEB = Channel(type="WEB", division="330402007")
MORNING = datetime(2026, 11, 24, 9, 0, tzinfo=SHANGHAI)
NIGHT = datetime(2026, 11, 25, 1, 0, tzinfo=SHANGHAI)
_WATER = {"base_url": "http://127.0.0.1:9", "dialect": "A", "sign_key": "TEST"}


@cache
def _registry():
    return Registry.load()


class Desk:
    """The hub, the gateway and their clock."""

    def __init__(self, hub: Hub, idv: IdvSimulator, clock: VirtualClock) -> None:
        self.hub, self.idv, self.clock = hub, idv, clock

    async def face(self, *items, channel=TERMINAL, likeness=92, **options):
        photo = portrait(BUYER, likeness=likeness)
        items = items or (TRANSFER,)
        return await self.hub.verify(person(), items, channel=channel, method="FACE_COMPARE", photo=photo, **options)

    def application(self, *codes, channel=TERMINAL, **changes):
        made = example_case(codes or (TRANSFER,), "individual", self.hub.configuration.catalogue)
        return made.with_(channel=channel, **changes)


@asynccontextmanager
async def desk(*, start=MORNING, extra=None, gateway=True, data_dir=None, auto=True):
    """`gateway=False`: there is none. Time jumps over waiting, or stands still without `auto`."""
    clock = VirtualClock(start, auto=auto)
    profile = Profile(extra=extra or {})
    with tempfile.TemporaryDirectory(prefix="hub-") as folder:
        settings = Settings.read(data_dir=data_dir or Path(folder), database_url=None)
        async with IdvSimulator(clock=clock, profile=profile, control_port=None) as idv:
            reached = {"water-city": _WATER, **({"idv": idv.connection()} if gateway else {})}
            async with Hub.open(
                settings=settings,
                clock=clock,
                connections=reached,
                only_connections=True,
                registry=_registry(),
                run=False,
            ) as hub:
                yield Desk(hub, idv, clock)


def person(name="王秀兰", number=BUYER, kind=DocumentType.RIC, **document):
    return Person(name=name, document=IdentityDocument(type=kind, number=number, **document), mobile="13800138000")


def rules_of(caught):
    return [fault.rule for fault in caught.value.faults]
