"""Python source under construction: indentation, shared conditions, constants, and the site of each line."""

from __future__ import annotations

import linecache
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hub.mapping.runtime import HELPERS, Program, Site

Line = tuple[int, str]
"""An indentation relative to the block, and the text."""


class Writer:
    """Collects the body of one function."""

    def __init__(self, signature: str) -> None:
        self._rows: list[str] = [signature]
        self._sites: dict[int, Site] = {}
        self._constants: dict[str, Any] = {}
        self._depth = 1
        self._open: list[tuple[str, ...]] = [()]
        self._names = 0

    def fresh(self, prefix: str) -> str:
        """A variable name that nobody uses yet."""
        self._names += 1
        return f"{prefix}{self._names}"

    def constant(self, prefix: str, value: Any) -> str:
        """The name under which generated code finds `value`; equal values share one."""
        for name, known in self._constants.items():
            if known is value or (type(known) is type(value) and known == value):
                return name
        name = f"{prefix}_{len(self._constants) + 1}"
        self._constants[name] = value
        return name

    def line(self, text: str, site: Site | None = None, conditions: tuple[str, ...] = ()) -> None:
        self.lines([(0, text)], site, conditions)

    def lines(self, lines: list[Line], site: Site | None = None, conditions: tuple[str, ...] = ()) -> None:
        """Add lines under `conditions`. Neighbours under the same conditions share one `if`."""
        self._enter(conditions)
        for indent, text in lines:
            self._row(self._depth + len(conditions) + indent, text, site)

    @contextmanager
    def block(self, header: str, site: Site | None = None, conditions: tuple[str, ...] = ()) -> Iterator[None]:
        """Everything added inside stands in the block under `header`."""
        self.line(header, site, conditions)
        before = self._depth
        self._depth += len(conditions) + 1
        self._open.append(())
        yield
        self._open.pop()
        self._depth = before

    def program(self, name: str, function: str) -> Program:
        """Compile what was written."""
        source = "\n".join(self._rows) + "\n"
        space: dict[str, Any] = {**HELPERS, **self._constants}
        # The source is ours: texts of the mapping enter it only through repr(), names only as checked model fields.
        exec(compile(source, name, "exec"), space)  # noqa: S102 -- generated from validated rules, see above
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        return Program(name, source, space[function], dict(self._sites))

    def _enter(self, conditions: tuple[str, ...]) -> None:
        opened = self._open[-1]
        shared = 0
        while shared < min(len(opened), len(conditions)) and opened[shared] == conditions[shared]:
            shared += 1
        for offset, condition in enumerate(conditions[shared:], shared):
            self._row(self._depth + offset, f"if {condition}:", None)
        self._open[-1] = conditions

    def _row(self, depth: int, text: str, site: Site | None) -> None:
        self._rows.append("    " * depth + text)
        if site is not None:
            self._sites[len(self._rows)] = site
