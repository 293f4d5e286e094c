"""The simulator itself: the HTTP face of the gateway and the shared control surface."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, ClassVar

from simulators.idv import contract, seed
from simulators.idv.gateway import Gateway, Grants, Quota, operation_of
from simulators.idv.rotation import Rotation
from simulators.idv.services import Services
from simulators.kit.http import HttpServer
from simulators.kit.simulator import Simulator

if TYPE_CHECKING:
    from simulators.kit.faults import Fault
    from simulators.kit.http import HttpCall, HttpReply

_HOUSEHOLD_ITEMS = frozenset({"JX6-WAT-11", "JX6-ELE-08"})


class IdvSimulator(Simulator):
    """A provincial data-sharing gateway with identity verification; the contract is in this package's README."""

    name: ClassVar[str] = "idv"
    label_zh: ClassVar[str] = "身份核验与数据共享(模拟)"
    effect_operations: ClassVar[frozenset[str]] = frozenset(contract.PARAMETERS)

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._server = HttpServer(
            self._handle,
            self.faults,
            self.clock,
            self.host,
            self.port,
            operation_of=operation_of,
            busy=self._busy,
            struck=self._struck,
        )

    async def seed(self) -> None:
        chance, extra = random.Random(self.profile.seed), self.profile.extra
        self.rotation = Rotation(seed.APP_KEY, seed.APP_SECRET, chance)
        self._services = Services(
            seed.registers(self.profile.seed, self.clock.now()), always_open=self.profile.always_open
        )
        self._gateway = Gateway(
            self.clock,
            chance,
            self.rotation,
            Quota(int(extra.get("calls_a_second", 20)), int(extra.get("calls_a_day", 5000))),
            Grants({"/population/household": _HOUSEHOLD_ITEMS}, frozenset(extra.get("denied_items", ()))),
            self._services,
            self.journal,
            self.ledger,
        )

    async def open(self) -> None:
        await self._server.start()
        self.port = self._server.port

    async def close(self) -> None:
        await self._server.stop()

    # The gateway is a new one after each reset, the server stays.

    async def _handle(self, call: HttpCall) -> HttpReply:
        return await self._gateway.handle(call)

    def _busy(self, call: HttpCall, fault: Fault) -> HttpReply:
        return self._gateway.busy(call, fault)

    def _struck(self, call: HttpCall, operation: str, fault: Fault) -> None:
        self._gateway.struck(call, operation, fault)

    # -- the shared surface ------------------------------------------------------------------------

    def connection(self, **area: str) -> dict[str, Any]:  # noqa: ARG002 -- one gateway serves the whole city
        return {
            "base_url": self._server.url,
            "app_key": seed.APP_KEY,
            "app_secret": seed.APP_SECRET,
            "rare_characters": dict(seed.PUBLISHED),
        }

    async def advance(self, order: str, state: str) -> None:
        """`order` is a document's number, `state` the result that it gives from now on: 01 or 04."""
        registers = self._services.registers
        found = registers.citizens.get(order) or registers.permits.get(order)
        if found is None or state not in {"01", "04"}:
            raise KeyError("order: no such document, or state: neither 01 nor 04")
        found.state, found.on_record_from = state, None

    def add_account(self, **facts: Any) -> None:
        """A resident: `name`, `id_number`, and the household's number if they belong to one."""
        added = seed.add_citizen(self._services.registers, facts["name"], facts["id_number"])
        added.household = facts.get("household", "")

    def forget_secrets(self) -> None:
        """What another worker's fresh start with the same key does: all secrets end at once."""
        self.rotation.forget(self.clock.now())

    def state(self) -> dict[str, Any]:
        registers = self._services.registers
        return {
            "citizens": len(registers.citizens),
            "permits": len(registers.permits),
            "enterprises": len(registers.enterprises),
            "licences": len(registers.licences),
            "secrets": self.rotation.good(self.clock.now()),
        }
