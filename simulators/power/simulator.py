"""The simulator itself: the HTTP face of the platform, its background work, and the shared control surface."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from simulators.kit.http import HttpServer
from simulators.kit.simulator import Simulator
from simulators.power import seed
from simulators.power.accounts import Account, Bill
from simulators.power.admission import Admission
from simulators.power.crypto import test_keys
from simulators.power.files import Files
from simulators.power.platform import Platform, operation_of
from simulators.power.replies import Replies
from simulators.power.services import Services
from simulators.power.times import month
from simulators.power.webhook import FAULT_POINTS, Webhooks

if TYPE_CHECKING:
    from datetime import datetime

    from simulators.kit.faults import Fault
    from simulators.kit.http import HttpCall, HttpReply
    from simulators.power.orders import Order


class PowerSimulator(Simulator):
    """A State-Grid-like open platform; the contract is in this package's README."""

    name: ClassVar[str] = "power"
    label_zh: ClassVar[str] = "供电(模拟)"
    effect_operations: ClassVar[frozenset[str]] = frozenset({"app/submit", "pay/writeoff"})
    extra_faults = FAULT_POINTS

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._keys = test_keys(self.profile.seed)
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
        self._webhooks: Webhooks | None = None
        self._changed = asyncio.Event()
        self._wake: datetime | None = None

    # -- life --------------------------------------------------------------------------------------

    async def seed(self) -> None:
        await self._quiet()
        chance, extra = random.Random(self.profile.seed), self.profile.extra
        limit = float(extra.get("callback_timeout", 5.0))
        self._webhooks = Webhooks(
            self.clock,
            self.faults,
            self.journal,
            self._keys.callback,
            chance,
            timeout_seconds=limit,
            delay_seconds=float(extra.get("callback_delay", 0)),
        )
        files = Files(self.clock, chance)
        self._services = Services(self.clock, self.profile, self.ledger, files, self._webhooks.announce)
        self._services.base_url = self._server.url
        self._services.orders.rescheduled = self._rescheduled
        self._platform = Platform(
            Admission(self._keys, self.clock, chance, rate_limit=int(extra.get("rate_limit", 0))),
            Replies(self._keys, self.clock, chance),
            files,
            self._services,
            self.journal,
        )
        self._load()
        self._webhooks.spawn(self._run())

    def _load(self) -> None:
        for account in seed.accounts(self.profile.seed):
            self._services.accounts.add(account)
        other = {"appTypeCode": "510", "outerNo": "95598-0001"}
        self._services.orders.create(other, seed.OTHER_CHANNEL, fate="stuck")

    async def open(self) -> None:
        await self._server.start()
        self.port = self._server.port
        self._services.base_url = self._server.url

    async def close(self) -> None:
        await self._server.stop()
        await self._quiet()

    async def _quiet(self) -> None:
        if self._webhooks is not None:
            await self._webhooks.close()

    async def _run(self) -> None:
        """Wake at each order's next node, so that its webhook leaves in time."""
        orders = self._services.orders
        while True:
            self._changed.clear()
            self._wake = orders.next_due()
            waits = [asyncio.ensure_future(self._changed.wait())]
            if self._wake is not None:
                waits.append(asyncio.ensure_future(self._sleep_until(self._wake)))
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()
            orders.catch_up()

    async def _sleep_until(self, when: datetime) -> Literal[True]:
        await self.clock.sleep_until(when)
        return True

    def _rescheduled(self, due: datetime) -> None:
        if self._wake is None or due < self._wake:
            self._changed.set()

    # The platform is a new one after each reset, the server stays.

    async def _handle(self, call: HttpCall) -> HttpReply:
        return await self._platform.handle(call)

    def _busy(self, call: HttpCall, fault: Fault) -> HttpReply:
        return self._platform.busy(call, fault)

    def _struck(self, call: HttpCall, operation: str, fault: Fault) -> None:
        self._platform.struck(call, operation, fault)

    # -- the shared surface ------------------------------------------------------------------------

    def connection(self, **area: str) -> dict[str, Any]:  # noqa: ARG002 -- one platform serves the whole city
        keys = self._keys
        return {
            "base_url": self._server.url,
            "app_key": keys.app_key,
            "app_secret": keys.app_secret,
            "platform_public_key": keys.platform.public,
            "app_private_key": keys.app.private,
            "callback_public_key": keys.callback.public,
        }

    async def advance(self, order: str, state: str) -> None:
        self._services.orders.catch_up()
        found = self._services.orders.named(order)
        if found is None:
            raise KeyError(f"order: no order {order}")
        self._services.orders.push(found, state)

    def add_account(self, **facts: Any) -> None:
        """`cons_no`, `name`, `cert_no` and any other field of an account; `arrears` in fen makes one unpaid bill."""
        owed = int(facts.pop("arrears", 0))
        account = Account(**facts)
        if "org_no" not in facts:
            account.org_no = f"{account.cons_no[:6]}001"
        if owed:
            account.bills.append(Bill(month(self.clock.now()), owed))
        self._services.accounts.add(account)

    def state(self) -> dict[str, Any]:
        self._services.orders.catch_up()
        accounts = {
            account.cons_no: {
                "statusCode": account.status,
                "arrears": account.arrears,
                "prepayBal": account.prepaid,
                "touPlan": account.tou,
            }
            for account in self._services.accounts
        }
        return {"accounts": accounts, "orders": [_shown(order) for order in self._services.orders]}


def _shown(order: Order) -> dict[str, Any]:
    return {
        "appNo": order.app_no,
        "outerNo": order.outer_no,
        "appTypeCode": order.app_type,
        "nodeCode": order.now_at.node,
        "nodes": [step.node for step in order.nodes],
    }
