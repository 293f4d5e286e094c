"""The citizen card simulator: the desk on its TCP port, the workshop on its file account, and their beat."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
import uuid
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from simulators.ccard import seed
from simulators.ccard.cards import FORMALLY_LOST, NORMAL, ORAL, RESTRICTED, Register, day_of
from simulators.ccard.desk import INSTITUTION, Answer, Desk
from simulators.ccard.drop import USERNAME, Drop
from simulators.ccard.keys import SessionKeys, material, sign_key, ssh_private, ssh_public
from simulators.ccard.link import CardPort
from simulators.ccard.network import Association
from simulators.ccard.workshop import Workshop
from simulators.kit.clock import SHANGHAI, SimClock
from simulators.kit.simulator import Profile, Simulator

if TYPE_CHECKING:
    from simulators.ccard.iso import Frame
    from simulators.kit.faults import Fault

MERCHANT = "330400000000001"
_CYCLE_SECONDS = 1_800
_KEY_MESSAGES = 10_000
_DAY_FILE = time(23, 15)
_STATES = frozenset({"normal", "oral", "formal", "restricted"})
_CODES = frozenset({"12", "36", "51", "61", "68", "91", "96", "30", "N3"})


class CcardSimulator(Simulator):
    """市民卡中心(模拟): ISO 8583 over TCP, signed pipe files over SFTP. The contract is in README.md."""

    name: ClassVar[str] = "ccard"
    label_zh: ClassVar[str] = "市民卡中心（模拟）"
    effect_operations: ClassVar[frozenset[str]] = frozenset(
        {"630000", "900010", "900011", "900020", "900030", "900040", "APPLY", "INFO"}
    )
    extra_faults: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "late": "reply",
            "wrong-mac": "reply",
            "unknown-code": "reply",
            "told-timeout": "reply",
            "result-late": "result",
            "wrong-signature": "publish",
            "half-file": "publish",
            "garbage-file": "publish",
        }
    )

    def __init__(
        self,
        *,
        clock: SimClock | None = None,
        profile: Profile | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        control_port: int | None = 0,
    ) -> None:
        super().__init__(clock=clock, profile=profile, host=host, port=port, control_port=control_port)
        self._folder = Path(tempfile.gettempdir()) / f"ccard-sim-{uuid.uuid4().hex}"
        self._keys = SessionKeys(material(self.profile.seed, "master"), self.profile.seed)
        self.register, self._desk, self._workshop = self._fresh()
        self._link = CardPort(
            self._decide, self._associate, self.faults, self.clock, (host, port), self._struck, self._malformed
        )
        self._drop = Drop(self._folder, self.faults, self.clock, host, self._struck)
        self._beat: asyncio.Task[None] | None = None

    async def open(self) -> None:
        number = self.profile.seed
        await self._link.start()
        await self._drop.start(ssh_private(number, "host"), ssh_public(number, "client"))
        self.port = self._link.port
        self._beat = asyncio.create_task(self._run())

    async def close(self) -> None:
        if self._beat is not None:
            self._beat.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._beat
        await self._link.stop()
        await self._drop.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    async def seed(self) -> None:
        for folder in ("in", "out", "photo"):
            (self._folder / folder).mkdir(parents=True, exist_ok=True)
            for path in (self._folder / folder).iterdir():
                path.unlink()
        self.register, self._desk, self._workshop = self._fresh()
        seed.load(self.register, self.profile.seed, self.clock.now())

    async def advance(self, order: str, state: str) -> None:
        """`*` and cycle, day-file, new-keys, drop-keys; a serial and done or a reason; a card and a state or a code."""
        now = self.clock.now()
        card = self.register.cards.get(order)
        jobs = [job for job in self.register.jobs.values() if job.serial == order]
        if order == "*":
            await self._force(state)
        elif card is not None and state in _STATES:
            card.state = {"formal": FORMALLY_LOST, "restricted": RESTRICTED}.get(state, NORMAL)
            card.lost_until = now + ORAL if state == "oral" else None
        elif card is not None and state in _CODES:
            card.next_code = state
        elif jobs and (state == "done" or state.startswith("F")):
            for job in jobs:
                job.due = now
                if state != "done":
                    job.status, job.reason, job.text = "90", state, "制卡失败"
        else:
            raise ValueError("order, state: want * cycle, a serial and done or F1 to F6, a card and a state or code")

    def add_account(self, **facts: Any) -> None:
        """Add a card; name and id_number at least, the rest as `seed.add` has it."""
        seed.add(self.register, self.clock.now(), **facts)

    def connection(self, **area: str) -> dict[str, Any]:  # noqa: ARG002 -- one centre serves the whole city
        number = self.profile.seed
        return {
            "host": self.host,
            "port": self.port,
            "institution": INSTITUTION,
            "merchant": MERCHANT,
            "master_key": self._keys.master.hex(),
            "sftp_host": self.host,
            "sftp_port": self._drop.port,
            "sftp_username": USERNAME,
            "sftp_private_key": ssh_private(number, "client"),
            "sftp_host_key": ssh_public(number, "host"),
            "sign_private_key": sign_key(number, "hub").private.hex(),
            "centre_public_key": sign_key(number, "centre").public.hex(),
        }

    def state(self) -> dict[str, Any]:
        now = self.clock.now()
        cards = {
            card.number: {
                "standing": card.standing(now),
                "balance": card.balance,
                "functions": sorted(card.functions),
                "insured": card.insured,
                "lost_until": card.lost_until.isoformat() if card.lost_until else None,
                "replaced": card.replaced,
            }
            for card in self.register.cards.values()
        }
        jobs = {f"{job.serial}:{job.act}": job.status for job in self.register.jobs.values()}
        files = sorted(str(path.relative_to(self._folder)) for path in self._folder.rglob("*") if path.is_file())
        return {"now": now.isoformat(), "cards": cards, "jobs": jobs, "files": files}

    def _fresh(self) -> tuple[Register, Desk, Workshop]:
        register, number = Register(), self.profile.seed
        keys = (sign_key(number, "hub").public, sign_key(number, "centre"))
        workshop = Workshop(self._folder, register, keys, self.faults, self.journal, self.ledger, self.profile.pace)
        return register, Desk(register, self.ledger, always_open=self.profile.always_open), workshop

    def _associate(self) -> Association:
        self._keys.drop()
        return Association(self._keys, int(self.profile.extra.get("key_messages", _KEY_MESSAGES)))

    def _decide(self, frame: Frame, association: Association, peer: str) -> Answer:
        answer = self._desk.answer(frame, self.clock.now()) if association.trusts(frame) else Answer("A0")
        summary = f"RRN={frame.get(37)} STAN={frame.get(11)} terminal={frame.get(41)}"
        self.journal.record(frame.operation, peer=peer, request=summary, code=answer.code, violations=answer.violations)
        return answer

    def _malformed(self, place: str) -> None:
        self.journal.record("frame", code="closed", violations=(f"{place} is not as the contract has it",))

    def _struck(self, operation: str, fault: Fault) -> None:
        self.journal.record(operation, request="answer", fault=fault.kind)

    async def _run(self) -> None:
        seconds = float(self.profile.extra.get("cycle_seconds", _CYCLE_SECONDS))
        while True:
            before = self.clock.now()
            await self.clock.sleep_until(before + timedelta(seconds=seconds))
            now = self.clock.now()
            with self.clock.busy():
                self._workshop.cycle(now)
                for day in _days_closed(before, now):
                    self._workshop.day_file(day)

    async def _force(self, what: str) -> None:
        now = self.clock.now()
        if what == "cycle":
            self._workshop.cycle(now)
        elif what == "day-file":
            self._workshop.day_file(day_of(now))
        elif what == "new-keys":
            await self._link.push_keys()
        elif what == "drop-keys":
            self._keys.drop()
        else:
            raise ValueError(f"state: {what!r} is none of cycle, day-file, new-keys, drop-keys")


def _days_closed(before: datetime, now: datetime) -> list[str]:
    """The Shanghai days whose file falls due between two moments."""
    found, at = [], before.astimezone(SHANGHAI)
    while at.date() <= now.astimezone(SHANGHAI).date():
        if before < datetime.combine(at.date(), _DAY_FILE, SHANGHAI) <= now:
            found.append(f"{at:%Y%m%d}")
        at += timedelta(days=1)
    return found
