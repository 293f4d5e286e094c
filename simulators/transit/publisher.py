"""Writes the centre's own files, half first and whole a moment later, and spoils those that a fault has hit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simulators.kit.clock import SHANGHAI
from simulators.transit.files import FileName, compose, flag, seal
from simulators.transit.layouts import CHARSET

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from simulators.kit.faults import Fault, Faults
    from simulators.kit.journal import Journal
    from simulators.transit.keys import KeyRing
    from simulators.transit.tree import Tree

_LATE_CYCLES = 4
_IV_BYTES = 16
_HTML = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


@dataclass(slots=True)
class _Draft:
    """One file on its way out; the flag is always that of the right content."""

    stem: str
    right: bytes
    shown: bytes
    cycles: int = 0


@dataclass(slots=True)
class Publisher:
    """Numbers, seals and shows files; `finish` completes what is half shown, `cycle` mends what was spoilt."""

    tree: Tree
    keys: KeyRing
    faults: Faults
    journal: Journal
    chance: random.Random
    _numbers: dict[tuple[str, str, str], int] = field(default_factory=dict)
    _halves: list[_Draft] = field(default_factory=list)
    _late: list[_Draft] = field(default_factory=list)
    _mend: list[_Draft] = field(default_factory=list)

    def publish(
        self,
        ftype: str,
        inst: str,
        rows: Sequence[Mapping[str, str | int]],
        at: datetime,
        answered: frozenset[str] = frozenset(),
    ) -> None:
        """`answered` are the types of the files that a RESP answers: their faults strike here."""
        day = f"{at.astimezone(SHANGHAI):%Y%m%d}"
        number = self._numbers[ftype, inst, day] = self._numbers.get((ftype, inst, day), 0) + 1
        name = FileName(ftype, inst, day, number, self.keys.current)
        fault = self._fault(ftype, answered)
        kind = fault.kind if fault else ""
        self.journal.record(ftype, request=f"{name} {len(rows)} records", code="0000", fault=kind)
        text = compose(name, rows)
        data = self._seal(text)
        draft = _Draft(f"/out/{day}/{name}", data, data)
        if fault is None:
            self._show_half(draft)
        elif kind == "resp-late":
            draft.cycles = int(fault.options.get("cycles", _LATE_CYCLES))
            self._late.append(draft)
        elif kind != "resp-lost":
            draft.shown = self._spoilt(kind, text, data)
            self._show_half(draft)
            self._mend.append(draft)

    def cycle(self) -> None:
        """What was spoilt is replaced by the right file, what was late moves on."""
        shown = [draft for draft in self._mend if draft not in self._halves]
        for draft in shown:
            self._mend.remove(draft)
            self.tree.put(f"{draft.stem}.dat", draft.right)
        for draft in self._late:
            draft.cycles -= 1
        for draft in [late for late in self._late if late.cycles <= 0]:
            self._late.remove(draft)
            self._show_half(draft)

    def finish(self) -> None:
        for draft in self._halves:
            self.tree.put(f"{draft.stem}.dat", draft.shown)
            self.tree.put(f"{draft.stem}.ok", flag(draft.right))
        self._halves.clear()

    def _show_half(self, draft: _Draft) -> None:
        self.tree.put(f"{draft.stem}.dat", draft.shown[: len(draft.shown) // 2])
        self._halves.append(draft)

    def _seal(self, text: bytes) -> bytes:
        return seal(text, self.keys.writing, self.chance.randbytes(_IV_BYTES))

    def _fault(self, ftype: str, answered: frozenset[str]) -> Fault | None:
        for operation in (ftype, *sorted(answered)):
            fault = self.faults.take("reply", operation)
            if fault is not None:
                return fault
        return None

    def _spoilt(self, kind: str, text: bytes, data: bytes) -> bytes:
        if kind == "html":
            return _HTML
        if kind == "wrong-charset":
            return self._seal(text.decode(CHARSET).encode("utf-8"))
        return data[:_IV_BYTES] + self.chance.randbytes(len(data) - _IV_BYTES)
