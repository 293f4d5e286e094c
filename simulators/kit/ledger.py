"""The ledger of effects: the oracle that says whether an order was carried out once, twice or never."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from simulators.kit.clock import SimClock


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One effect; `order` is the caller's own serial."""

    seq: int
    at: datetime
    effect: str
    order: str
    facts: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "at": self.at.isoformat()}


class Ledger:
    """Effects in the order in which they were committed."""

    def __init__(self, clock: SimClock) -> None:
        self._clock = clock
        self._entries: list[LedgerEntry] = []

    @property
    def entries(self) -> tuple[LedgerEntry, ...]:
        return tuple(self._entries)

    def record(self, effect: str, order: str, **facts: Any) -> LedgerEntry:
        entry = LedgerEntry(len(self._entries) + 1, self._clock.now(), effect, order, facts)
        self._entries.append(entry)
        return entry

    def effects(self, order: str) -> list[LedgerEntry]:
        return [entry for entry in self._entries if entry.order == order]

    def count(self, effect: str | None = None) -> int:
        return sum(effect in (None, entry.effect) for entry in self._entries)

    def summary(self) -> dict[str, int]:
        return dict(Counter(entry.effect for entry in self._entries))

    def clear(self) -> None:
        self._entries.clear()
