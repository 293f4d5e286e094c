"""Code tables: canonical codes to wire codes and back, native results to error codes, native states to task states."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal

from hub.domain.party import DocumentType, Sex
from hub.domain.states import TaskState
from hub.domain.taxonomy import ErrorCode
from hub.errors import Fault
from hub.mapping.cursor import Cursor
from hub.yamlfile import YamlFile

Way = Literal["out", "in", "both", "result", "state"]
WAYS: tuple[Way, ...] = ("out", "in", "both", "result", "state")
ENUMS: dict[str, type[Enum]] = {enum.__name__: enum for enum in (DocumentType, Sex, TaskState, ErrorCode)}
_KEYS = {*WAYS, "of", "unsupported", "note"}


@dataclass(frozen=True, slots=True)
class Table:
    """One table. `entries` are canonical to wire for `out` and `both`, wire to canonical for the others."""

    name: str
    way: Way
    entries: dict[str, str | None]
    where: str
    of: str | tuple[str, ...] | None = None
    unsupported: tuple[str, ...] = ()

    def writing(self) -> dict[str, str]:
        """Canonical to wire."""
        return {key: value for key, value in self.entries.items() if value is not None}

    def reading(self) -> dict[str, str | None]:
        """Wire to canonical."""
        if self.way == "both":
            return {wire: canonical for canonical, wire in self.entries.items() if wire is not None}
        return self.entries

    def ranks(self) -> dict[str, int]:
        """Wire to its position in the table, counted from 1."""
        return {wire: position for position, wire in enumerate(self.reading(), 1)}

    @property
    def writes(self) -> bool:
        return self.way in {"out", "both"}

    @property
    def reads(self) -> bool:
        return self.way != "out"


@dataclass(frozen=True, slots=True)
class Codes:
    """All tables of a mapping set."""

    tables: dict[str, Table] = field(default_factory=dict)


def load_codes(file: YamlFile) -> tuple[Codes, tuple[Fault, ...]]:
    """Read `codes.yaml`; every fault is listed."""
    top = Cursor(file)
    tables = {}
    if top.is_object({"tables"}, required={"tables"}):
        for name, cursor in top.at("tables").items():
            table = _table(name, cursor)
            if table is not None:
                tables[name] = table
    return Codes(tables), tuple(top.faults)


def _table(name: str, cursor: Cursor) -> Table | None:
    if not cursor.is_object(_KEYS):
        return None
    ways = [way for way in WAYS if way in cursor.data]
    if len(ways) != 1:
        cursor.fault(f"a table has exactly one of {', '.join(WAYS)}")
        return None
    way = ways[0]
    entries = _entries(cursor.at(way), way)
    unsupported = tuple(_texts(cursor.at("unsupported"))) if "unsupported" in cursor.data else ()
    for canonical in unsupported:
        if canonical in entries or way not in {"out", "both"}:
            cursor.at("unsupported").fault(f"{canonical!r} is supported, or the table does not write", "MAP_CODES")
    of: Any = cursor.data.get("of")
    if isinstance(of, list):
        of = tuple(_texts(cursor.at("of")))
    elif of is not None and not isinstance(of, str):
        cursor.at("of").fault("of names an enum, a catalogue table, or lists the canonical codes")
        of = None
    return Table(name, way, entries, cursor.where, of, unsupported)


def _entries(cursor: Cursor, way: Way) -> dict[str, str | None]:
    entries: dict[str, str | None] = {}
    for key, value in cursor.items():
        if _allowed(value, way):
            entries[key] = value.data
    if not entries:
        cursor.fault("the table is empty")
    if way == "both" and len(set(entries.values())) != len(entries):
        cursor.fault("two canonical codes share a wire code; use one table out and one in", "MAP_CODES")
    return entries


def _allowed(cursor: Cursor, way: Way) -> bool:
    value = cursor.data
    if value is None and way == "result":
        return True
    if not isinstance(value, str):
        cursor.fault("a code is quoted text: YAML reads 01 as the number 1 and NO as false", "MAP_CODES")
        return False
    meanings: dict[str, type[Enum]] = {"result": ErrorCode, "state": TaskState}
    enum = meanings.get(way)
    if enum is not None and value not in {str(member.value) for member in enum}:
        cursor.fault(f"{value[:40]!r} is no {enum.__name__}", "MAP_CODES")
        return False
    return True


def _texts(cursor: Cursor) -> list[str]:
    if isinstance(cursor.data, list) and all(isinstance(value, str) for value in cursor.data):
        return cursor.data
    cursor.fault("a list of quoted codes is expected")
    return []
