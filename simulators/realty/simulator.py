"""The realty simulator: shared database, exchange disk, and the registry's turns in one."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import func, select

from simulators.kit.clock import SimClock
from simulators.kit.simulator import Profile, Simulator
from simulators.realty import seed
from simulators.realty.cases import ENTERED
from simulators.realty.database import Database
from simulators.realty.front import Front
from simulators.realty.pushes import Pushes
from simulators.realty.registry import Registry
from simulators.realty.schema import METADATA
from simulators.realty.units import Owner

if TYPE_CHECKING:
    from simulators.kit.faults import Fault

_TURN_SECONDS = 300
_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)


class RealtySimulator(Simulator):
    """不动产登记(模拟): exchange tables in a shared database. The contract is in README.md."""

    name: ClassVar[str] = "realty"
    label_zh: ClassVar[str] = "不动产登记中心（模拟）"
    effect_operations: ClassVar[frozenset[str]] = frozenset({"QZ_SQ", "QZ_JG", "QZ_TS", "turn"})
    extra_faults: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "locked": "held",
            "half-rows": "result",
            "status-late": "registry",
            "push-twice": "push",
            "push-reordered": "push-order",
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
        self.database = Database(str(self.profile.extra.get("database_url", "")))
        self._registry, self._pushes = self._fresh()
        self._front: Front | None = None
        if self.database.on_server:
            self._front = Front(self.database.socket, self.faults, self.clock, (host, port), self._struck)
        self._turns: asyncio.Task[None] | None = None
        self._shut: Fault | None = None
        self._lifting: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        if self._front is not None:
            await self._front.start()
            self.port = self._front.port
        self.faults.watch(self._follow)
        self._turns = asyncio.create_task(self._run())

    async def close(self) -> None:
        try:
            for task in [*self._lifting, *filter(None, [self._turns])]:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        finally:
            if self._front is not None:
                await self._front.stop()
            self.database.close()

    async def seed(self) -> None:
        self.database.unlock()
        self.database.hide(away=False)
        self.database.open()
        self.database.clear()
        self._registry, self._pushes = self._fresh()
        self._registry.cycle(self.clock.now())

    async def advance(self, order: str, state: str) -> None:
        """`*` and `turn`; or an order (SLBH or BSM) and a node, or `withdraw`: what the parties do at a counter."""
        now = self.clock.now()
        if order == "*" and state == "turn":
            self.turn()
            return
        self.turn()
        case = self._registry.find(order)
        if state == "withdraw":
            with self.database.transaction() as connection:
                self._registry.withdraw(connection, case, now)
        else:
            self._registry.push_to(case, state, now)

    def turn(self) -> None:
        """One turn of the registry now."""
        if not self.database.locked and not self.database.hidden:
            self._registry.cycle(self.clock.now())

    def push(
        self,
        unit: str,
        *,
        name: str,
        number: str,
        running: str = "BDC2026112400001",
        node: str = ENTERED,
        consent: bool = True,
        linked: str = "S,D,Q,G",
    ) -> None:
        """A transfer that began elsewhere is told to the hub."""
        owner = Owner(name, "1", number, phone="13800138000")
        with self.database.transaction() as connection:
            self._pushes.tell(
                connection, self._registry.register.units[unit], owner, self.clock.now(), number=running, node=node,
                consent=consent, linked=linked,
            )  # fmt: skip

    def add_account(self, **facts: Any) -> None:
        """Add a unit; unit, name and number at least, the rest as `seed.add` has it."""
        seed.add(self._registry.register, **facts)
        self.turn()

    def connection(self, **area: str) -> dict[str, Any]:  # noqa: ARG002 -- one registry serves every county
        return {
            "database_url": self.database.url(self.host, self.port),
            "exchange_dir": str(self.database.disk),
        }

    def state(self) -> dict[str, Any]:
        cases = {
            case.key: {"serial": case.serial, "number": case.number, "node": case.node, "entered": case.entered}
            for case in self._registry.cases.values()
        }
        with self.database.transaction() as connection:
            counts = {
                table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in METADATA.sorted_tables
            }
        return {"now": self.clock.now().isoformat(), "cases": cases, "rows": counts}

    def _fresh(self) -> tuple[Registry, Pushes]:
        registry = Registry(
            self.database,
            seed.register(self.profile.seed),
            self.ledger,
            self.journal,
            self.faults.take,
            self.profile.pace,
        )
        return registry, Pushes(self.faults.take)

    async def _run(self) -> None:
        turn = timedelta(seconds=float(self.profile.extra.get("turn_seconds", _TURN_SECONDS)))
        while True:
            passed = (self.clock.now() - _EPOCH) // turn
            await self.clock.sleep_until(_EPOCH + (passed + 1) * turn)
            with self.clock.busy():
                self.turn()

    def _follow(self) -> None:
        """Faults that last: the tables locked, and, where the database is a file, the file out of reach."""
        if self.faults.is_armed("locked"):
            self.database.lock()
        else:
            self.database.unlock()
        if self._front is None:
            shut = self.faults.closing()
            self.database.hide(away=shut is not None)
            if shut is not None and shut.kind == "refused" and shut is not self._shut:
                self._shut = shut
                task = asyncio.ensure_future(self._end_refusal(shut))
                self._lifting.add(task)
                task.add_done_callback(self._lifting.discard)

    async def _end_refusal(self, fault: Fault) -> None:
        await self.clock.sleep(fault.options["seconds"])
        self.faults.lift_one(fault)

    def _struck(self, operation: str, fault: Fault) -> None:
        self.journal.record(operation, request="commit", fault=fault.kind)
