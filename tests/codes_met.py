"""Which codes of the utilities the tests met, and in which test each was met first.

With HUB_CODES_MET=FOLDER every process of a test run notes the codes that reply mappings looked up. `make codes` runs
the tests so and writes `docs/reference/interface-codes.md`.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hub.mapping import reply_code

FOLDER = "HUB_CODES_MET"
Code = tuple[str, str, str]


class Noted(dict[str, Any]):
    """A table that tells of every code that is looked up in it."""

    def __init__(self, entries: dict[str, Any], where: str, name: str, file: Path) -> None:
        super().__init__(entries)
        self._where, self._name, self._file = where, name, file
        self._met: set[str] = set()

    # Two tables that happen to be equal are still two: compiled code must not share them.
    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = None  # type: ignore[assignment] -- as a dict has none

    def _note(self, wire: Any) -> None:
        test = os.environ.get("PYTEST_CURRENT_TEST", "").partition(" ")[0]
        if wire in self._met or not dict.__contains__(self, wire) or not test:
            return
        self._met.add(wire)
        with self._file.open("a", encoding="utf-8") as lines:
            lines.write(f"{self._where}\t{self._name}\t{wire}\t{test}\n")

    def __getitem__(self, wire: str) -> Any:
        self._note(wire)
        return super().__getitem__(wire)

    def get(self, wire: str, default: Any = None) -> Any:
        self._note(wire)
        return super().get(wire, default)


def begin() -> None:
    """Note from now on, if the environment says where."""
    if FOLDER not in os.environ:
        return
    file = Path(os.environ[FOLDER]) / f"{uuid.uuid4().hex}.tsv"
    plain = reply_code._reading

    def noted(table: Any, shape: Any) -> Noted:
        where = table.where.rpartition("codes.yaml")[0].strip("/").rpartition("mappings/")[2]
        return Noted(plain(table, shape), where, table.name, file)

    reply_code._reading = noted


def met(folder: Path) -> dict[Code, str]:
    """The codes that a run met: (mapping set, table, wire code) to a test; one against a simulator before all others."""
    found: dict[Code, str] = {}
    for place, table, wire, test in _lines(folder):
        # The parameters of a test are its own matter, and may be long.
        name = test.partition("[")[0]
        found[place, table, wire] = min(name, found.get((place, table, wire), name), key=_preferred)
    return found


def _preferred(test: str) -> tuple[bool, str]:
    return not test.startswith("tests/integration/"), test


def _lines(folder: Path) -> Iterator[list[str]]:
    for file in sorted(folder.glob("*.tsv")):
        for line in file.read_text(encoding="utf-8").splitlines():
            yield line.split("\t")
