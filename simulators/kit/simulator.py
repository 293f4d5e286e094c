"""What a simulator is: a running, seeded, stateful imitation of one upstream system."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Self

from simulators.kit.clock import WallClock
from simulators.kit.control import ControlPort
from simulators.kit.faults import Faults
from simulators.kit.journal import Journal
from simulators.kit.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulators.kit.clock import SimClock


@dataclass(frozen=True)
class Profile:
    """The knobs all share; `pace` multiplies business durations, `always_open` ignores closing hours."""

    seed: int = 7
    pace: float = 1.0
    always_open: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)


class Simulator(ABC):
    """Subclasses open and close their port and keep the state; all else is here.

    `control_port=None` means no control port, 0 any free one.
    """

    name: ClassVar[str]
    label_zh: ClassVar[str]
    effect_operations: ClassVar[frozenset[str]]
    extra_faults: ClassVar[Mapping[str, str]] = MappingProxyType({})  # further kinds, each with its point

    def __init__(
        self,
        *,
        clock: SimClock | None = None,
        profile: Profile | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        control_port: int | None = 0,
    ) -> None:
        self.clock: SimClock = clock or WallClock()
        self.profile = profile or Profile()
        self.host, self.port = host, port
        self.faults = Faults(self.effect_operations, self.extra_faults)
        self.ledger = Ledger(self.clock)
        self.journal = Journal(self.clock)
        self._control = None if control_port is None else ControlPort(self, control_port)

    @property
    def control_port(self) -> int | None:
        return self._control.port if self._control else None

    async def start(self) -> None:
        """Seed, open the port (`self.port` is then its number), open the control port."""
        await self.seed()
        await self.open()
        if self._control:
            await self._control.start()

    async def stop(self) -> None:
        if self._control:
            await self._control.stop()
        await self.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def reset(self) -> None:
        """Back to the seeded state, with nothing armed and nothing remembered."""
        self.faults.clear()
        self.ledger.clear()
        self.journal.clear()
        await self.seed()

    @abstractmethod
    async def open(self) -> None: ...

    @abstractmethod
    async def close(self) -> None: ...

    @abstractmethod
    async def seed(self) -> None:
        """Forget everything and load the seeded accounts."""

    @abstractmethod
    async def advance(self, order: str, state: str) -> None:
        """Push an order to a state."""

    @abstractmethod
    def add_account(self, **facts: Any) -> None: ...

    @abstractmethod
    def connection(self, **area: str) -> dict[str, Any]:
        """What a client needs, under the keys of the adapter's endpoint configuration; `area` says which company."""

    @abstractmethod
    def state(self) -> dict[str, Any]: ...
