"""The transit simulator: card centre, SFTP port and the beat of its cycles in one."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from simulators.kit.clock import SHANGHAI, SimClock
from simulators.kit.simulator import Profile, Simulator
from simulators.transit import seed
from simulators.transit.cards import STATUSES, CardCentre
from simulators.transit.desk import Desk
from simulators.transit.exchange import TAKEN_TYPES, Exchange
from simulators.transit.keys import KeyRing, ssh_key
from simulators.transit.publisher import Publisher
from simulators.transit.schedule import BLACKLIST, KINDS, PICKUP, RECONCILIATION, SNAPSHOT, Schedule
from simulators.transit.server import USERNAME, SftpPort
from simulators.transit.tree import Tree

if TYPE_CHECKING:
    from datetime import date, datetime

    from simulators.kit.faults import Fault

_HALF_SHOWN = timedelta(seconds=2)
_ADVANCE = "state: want produced, a result code such as 1003, or a card status 00-04"


class TransitSimulator(Simulator):
    """公交卡中心(模拟): SFTP batches, SM4 files, fixed-width records. The contract is in README.md."""

    name: ClassVar[str] = "transit"
    label_zh: ClassVar[str] = "公共交通卡中心（模拟）"
    effect_operations: ClassVar[frozenset[str]] = frozenset(TAKEN_TYPES)
    extra_faults: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "half-body": "data",
            "dribble": "answer",
            "half-status": "committed",
            "resp-lost": "reply",
            "resp-late": "reply",
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
        self._schedule = Schedule(self.profile)
        self._tree = Tree(lambda: int(self.clock.now().timestamp()))
        self._keys = KeyRing(self.profile.seed)
        self._centre = CardCentre()
        self._exchange, self._publisher = self._fresh()
        self._sftp = SftpPort(self._tree, self.faults, self.clock, (host, port), self._struck)
        self._cycles: asyncio.Task[None] | None = None

    async def open(self) -> None:
        host_key, client_key = (ssh_key(self.profile.seed, use) for use in ("host", "client"))
        await self._sftp.start(host_key, client_key)
        self.port = self._sftp.port
        self._cycles = asyncio.create_task(self._run())

    async def close(self) -> None:
        if self._cycles is not None:
            self._cycles.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._cycles
        await self._sftp.stop()

    async def seed(self) -> None:
        now = self.clock.now()
        self._keys = KeyRing(self.profile.seed)
        self._centre = CardCentre()
        self._exchange, self._publisher = self._fresh()
        self._tree.clear()
        seed.load(self._centre, self.profile.seed, now, self._today())
        self._exchange.snapshot(self._schedule.preceding_snapshot(now))
        self._publisher.finish()
        self._open_day()

    async def advance(self, order: str, state: str) -> None:
        """`*` and the name of a cycle (or rotate-key); a reqno and produced or a result code; a card and a status."""
        if order == "*":
            await self._force(state)
        elif order in self._centre.cards and state in STATUSES:
            self._centre.listings[order] = state
            self._centre.change(self._centre.cards[order], status=state)
        elif state == "produced" or (len(state) == 4 and state.isdigit()):
            verdict = "0000" if state == "produced" else state
            if not self._exchange.hurry(order, verdict, self.clock.now()):
                raise ValueError(f"order: no card in production for {order!r}")
        else:
            raise ValueError(_ADVANCE)

    def add_account(self, **facts: Any) -> None:
        """Add a card; name and id_number at least, the rest as `seed.add` has it."""
        seed.add(self._centre, self._today(), **facts)

    def connection(self, **area: str) -> dict[str, Any]:  # noqa: ARG002 -- one centre serves every institution
        keys = self._keys.all()
        host_key, client_key = (ssh_key(self.profile.seed, use) for use in ("host", "client"))
        return {
            "host": self.host,
            "port": self.port,
            "username": USERNAME,
            "private_key": client_key.export_private_key().decode(),
            "host_key": host_key.export_public_key().decode().strip(),
            "sm4_keys": {version: key.hex() for version, key in keys.items()},
            "key_version": self._keys.current,
        }

    def state(self) -> dict[str, Any]:
        cards = {
            card.cardno: {
                "type": card.cardtype,
                "status": card.status,
                "inst": card.inst,
                "balance": card.balance,
            }
            for card in self._centre.cards.values()
        }
        made = {m.reqno or m.orderno: m.due.isoformat() for m in self._centre.productions}
        now = self.clock.now()
        return {
            "now": now.isoformat(),
            "cards": cards,
            "in_production": made,
            "next_blacklist": dict(self._centre.listings),
            "waiting_files": self._exchange.held(),
            "key_version": self._keys.current,
            "next": {kind: self._schedule.following(kind, now).isoformat() for kind in KINDS},
            "files": sorted(path for path, node in self._tree.nodes.items() if node.data is not None),
        }

    def _fresh(self) -> tuple[Exchange, Publisher]:
        chance = random.Random(self.profile.seed)
        publisher = Publisher(self._tree, self._keys, self.faults, self.journal, chance)
        desk = Desk(
            self._centre,
            lambda name: self._tree.read(f"/photo/{name}"),
            lambda at: self._schedule.following(BLACKLIST, at),
            self.profile.pace,
        )
        exchange = Exchange(
            tree=self._tree,
            centre=self._centre,
            desk=desk,
            publisher=publisher,
            keys=self._keys,
            ledger=self.ledger,
            journal=self.journal,
        )
        return exchange, publisher

    async def _run(self) -> None:
        now = self.clock.now()
        coming = {kind: self._schedule.following(kind, now) for kind in KINDS}
        while True:
            at = min(coming.values())
            due = [kind for kind in KINDS if coming[kind] == at]
            await self.clock.sleep_until(at)
            with self.clock.busy():
                for kind in due:
                    self._turn(kind, at)
            if not self._schedule.beat(PICKUP):
                await self.clock.sleep_until(at + _HALF_SHOWN)
            with self.clock.busy():
                self._publisher.finish()
            for kind in due:
                # On a short beat a clock that was put forward would otherwise owe thousands of idle turns.
                since = max(at, self.clock.now()) if self._schedule.beat(kind) else at
                coming[kind] = self._schedule.following(kind, since)

    def _turn(self, kind: str, at: datetime) -> None:
        turns: dict[str, Callable[[datetime], None]] = {
            PICKUP: self._exchange.pick_up,
            BLACKLIST: self._exchange.blacklist,
            SNAPSHOT: self._exchange.snapshot,
            RECONCILIATION: self._exchange.reconcile,
        }
        self._open_day()
        turns[kind](at)

    async def _force(self, what: str) -> None:
        if what == "rotate-key":
            self._keys.rotate()
        elif what in KINDS:
            with self.clock.busy():
                self._turn(what, self.clock.now())
                self._publisher.finish()
        else:
            raise ValueError(f"state: {what!r} is none of {', '.join(KINDS)}, rotate-key")

    def _open_day(self) -> None:
        day = f"{self._today():%Y%m%d}"
        self._tree.make(f"/in/{day}")
        self._tree.make(f"/out/{day}")

    def _today(self) -> date:
        return self.clock.now().astimezone(SHANGHAI).date()

    def _struck(self, operation: str, fault: Fault) -> None:
        self.journal.record(operation, request="transfer", fault=fault.kind)
