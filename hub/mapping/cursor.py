"""A place in a YAML file: looks at the data there and notes faults with file and line."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from typing import Any

from hub.errors import Fault
from hub.yamlfile import YamlFile


class Cursor:
    """The value at one path of a file. All cursors of a file share one list of faults."""

    def __init__(self, file: YamlFile, path: tuple[str | int, ...] = (), faults: list[Fault] | None = None) -> None:
        self._file, self._path = file, path
        self.faults: list[Fault] = [] if faults is None else faults
        self.data: Any = file.data
        for step in path:
            self.data = self.data[step]

    @property
    def line(self) -> int:
        return self._file.line(*self._path)

    @property
    def where(self) -> str:
        return self._file.where(*self._path)

    def at(self, *steps: str | int) -> Cursor:
        return Cursor(self._file, (*self._path, *steps), self.faults)

    def fault(self, message: str, rule: str = "MAP_SYNTAX") -> None:
        self.faults.append(self._file.fault(message, *self._path, rule=rule))

    def is_object(self, allowed: Collection[str], required: Collection[str] = ()) -> bool:
        """Whether an object with known keys stands here; every unknown or missing key is a fault."""
        if not isinstance(self.data, dict):
            self.fault("an object (key: value) is expected here")
            return False
        for key in self.data:
            if key not in allowed:
                near = difflib.get_close_matches(str(key), sorted(allowed), 1)
                hint = f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(sorted(allowed))}"
                self.at(key).fault(f"the key {str(key)[:60]!r} is unknown{hint}")
        for key in required:
            if key not in self.data:
                self.fault(f"the key {key!r} is missing")
        return all(key in self.data for key in required)

    def items(self) -> Iterator[tuple[str, Cursor]]:
        """The entries of an object whose keys must be text."""
        if not isinstance(self.data, dict):
            self.fault("an object (key: value) is expected here")
            return
        for key in self.data:
            if isinstance(key, str):
                yield key, self.at(key)
            else:
                self.at(key).fault(f"the key {str(key)[:40]} must be quoted text", "MAP_CODES")

    def each(self) -> Iterator[Cursor]:
        """The entries of a list; a single value counts as a list of one."""
        if isinstance(self.data, list):
            yield from (self.at(index) for index in range(len(self.data)))
        else:
            yield self
