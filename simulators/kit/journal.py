"""The journal of requests: what arrived, what was answered, what fault struck, what broke the contract."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from simulators.kit.clock import SimClock


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One request; `request` is a summary without personal data."""

    seq: int
    at: datetime
    operation: str
    peer: str = ""
    request: str = ""
    code: str = ""
    fault: str = ""
    violations: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "at": self.at.isoformat()}


class Journal:
    """Requests in the order of their arrival."""

    def __init__(self, clock: SimClock) -> None:
        self._clock = clock
        self._entries: list[JournalEntry] = []

    @property
    def entries(self) -> tuple[JournalEntry, ...]:
        return tuple(self._entries)

    def record(
        self,
        operation: str,
        *,
        peer: str = "",
        request: str = "",
        code: str = "",
        fault: str = "",
        violations: tuple[str, ...] = (),
    ) -> JournalEntry:
        seq = len(self._entries) + 1
        entry = JournalEntry(seq, self._clock.now(), operation, peer, request, code, fault, violations)
        self._entries.append(entry)
        return entry

    def mark(self, fault: str) -> None:
        """Say which fault struck the answer to the request last recorded."""
        self._entries[-1] = replace(self._entries[-1], fault=fault)

    def violations(self) -> list[str]:
        return [f"#{entry.seq} {entry.operation}: {text}" for entry in self._entries for text in entry.violations]

    def clear(self) -> None:
        self._entries.clear()
