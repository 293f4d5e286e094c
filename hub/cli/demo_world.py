"""The demonstration's world: a hub and simulated utilities on one virtual clock."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from hub.bootstrap import Hub
from hub.cli import logs
from hub.cli.sim import Profile
from hub.clock import VirtualClock
from hub.config import load_configuration
from hub.domain.evidence import Evidence
from hub.errors import Fault, InputError
from hub.settings import Settings
from hub.simulation import START, names, start

DIVISION = "330402007"
_PACE = 0.25  # the utilities work four times as fast as usual: fewer polls to wait for
_OUTAGE_SECONDS = 600
# A fault may take a whole time limit of real seconds; nobody watches twenty of them.
_HURRIED = {"connect_seconds": 2, "read_seconds": 3, "total_seconds": 6}


@dataclass(frozen=True, slots=True)
class Trouble:
    """A fault that one system is to commit."""

    system: str
    kind: str

    @classmethod
    def parse(cls, text: str) -> Trouble:
        """Read `water:after-commit`. Raises InputError naming the systems."""
        known = names()
        system, colon, kind = text.partition(":")
        if system not in known or not colon:
            raise InputError(Fault("--fault", "VAL_CODE", f"write SYSTEM:KIND; systems are {', '.join(known)}"))
        return cls(system, kind)


@dataclass(frozen=True, slots=True)
class World:
    """Everything that takes part."""

    hub: Hub
    clock: VirtualClock
    systems: dict[str, Any]

    def ledger(self) -> dict[str, dict[str, int]]:
        """What each utility really did: the judge of "exactly once"."""
        return {name: each.ledger.summary() for name, each in self.systems.items()}


@asynccontextmanager
async def world(
    data: Path, config: Path, seed: int, systems: Sequence[str], troubles: Sequence[Trouble]
) -> AsyncIterator[World]:
    """Start the simulators and a hub that knows only them.

    Raises:
        InputError: a trouble is of a kind that its system does not know; the kinds are named.
    """
    clock = VirtualClock(START)
    async with AsyncExitStack() as stack:
        with clock.busy():
            started = await start(stack, systems, clock=clock, profile=Profile(seed=seed, pace=_PACE))
            reached = _connect(config, started, hurried=bool(troubles))
            settings = _settings(data, config)
            logs.configure(settings, level="CRITICAL")
            draw = random.Random(seed).randbytes  # noqa: S311 -- the same seed, the same run; no real data is sealed
            opening = Hub.open(settings=settings, clock=clock, draw=draw, connections=reached, only_connections=True)
            hub = await stack.enter_async_context(opening)
        yield World(hub, clock, started)


async def filed(hub: Hub, evidence: Evidence) -> Evidence:
    """The material with a real file behind it; a physical one has none."""
    if evidence.file_name is None or evidence.media_type is None:
        return evidence
    picture = evidence.media_type == "image/jpeg"
    content = (files("hub.cli") / "portrait.jpg").read_bytes() if picture else paper(evidence.material)
    stored = await hub.attach(evidence.material, content, file_name=evidence.file_name, media_type=evidence.media_type)
    changed: Evidence = stored.with_(collected_at=evidence.collected_at)
    return changed


def check(world: World, troubles: Iterable[Trouble]) -> None:
    """Refuse a trouble before anything is played.

    Raises:
        InputError: a system does not take part, or does not know such a fault; the known ones are named.
    """
    for trouble in troubles:
        system = world.systems.get(trouble.system)
        if system is None:
            raise InputError(Fault(f"--fault {trouble.system}", "VAL_CODE", f"takes part: {', '.join(world.systems)}"))
        try:
            system.faults.arm(trouble.kind)
        except ValueError as error:
            raise InputError(Fault(f"--fault {trouble.system}", "VAL_CODE", str(error))) from None
        system.faults.clear()


@contextmanager
def arm(world: World, troubles: Iterable[Trouble]) -> Iterator[None]:
    """Let systems fail at their next effect: what went before, such as finding accounts, was well."""
    lifting = [_arm(world, trouble) for trouble in troubles]
    try:
        yield
    finally:
        for each in lifting:
            each.cancel()


def _arm(world: World, trouble: Trouble) -> asyncio.Task[None]:
    """Arm a fault for the next effect; an outage ends after ten minutes of the virtual clock."""
    system = world.systems[trouble.system]
    where = {"operation": "callback"} if trouble.kind.startswith("callback-") else {}
    system.faults.arm(trouble.kind, **where)

    async def lift() -> None:
        if trouble.kind == "down":
            await world.clock.sleep(_OUTAGE_SECONDS)
            system.faults.lift("down")

    return asyncio.create_task(lift(), name="outage")


def _connect(folder: Path, systems: dict[str, Any], *, hurried: bool) -> dict[str, dict[str, Any]]:
    """Connections to the simulated systems of this address; with short time limits where a fault will use them up."""
    shipped = load_configuration()
    reached, entries = {}, []
    for concession in shipped.concessions.concessions:
        endpoint = shipped.concessions.by_endpoint.get(concession.endpoint or "")
        if endpoint is None or endpoint.adapter not in systems or endpoint.id in reached:
            continue
        if not any(DIVISION.startswith(each) for each in concession.divisions):
            continue
        entry = endpoint.model_dump(mode="json", exclude_none=True)
        limits = {**entry["limits"], **_HURRIED} if hurried else entry["limits"]
        entries.append({**entry, "limits": limits})
        reached[endpoint.id] = systems[endpoint.adapter].connection(**concession.params)
    (folder / "endpoints.d").mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump({"endpoints": entries}, allow_unicode=True)
    (folder / "endpoints.d" / "demo.yaml").write_text(text, encoding="utf-8")
    return reached


def _settings(data: Path, config: Path) -> Settings:
    """Settings of the demonstration; the user's own environment has no part in it."""
    return Settings.read(
        mode="development",
        data_dir=data,
        config_dir=config,
        mappings_dir=None,
        secrets_dir=None,
        database_url=None,
        master_key=None,
        master_key_file=None,
        callback_host="127.0.0.1",
        callback_port=0,
        callback_public_url=None,
        clock="wall",
        shutdown_seconds=1.0,
    )


def paper(material: str) -> bytes:
    """A PDF of one page that says what it stands for."""
    words = f"BT /F1 18 Tf 72 720 Td (SYNTHETIC {material}) Tj ET".encode("ascii")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
            b" /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>"
        ),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(words), words),
    )
    body, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    return b"%sxref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        body,
        size,
        table,
        size,
        len(body),
    )
