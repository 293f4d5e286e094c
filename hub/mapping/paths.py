"""References as a mapping writes them: `applicant.name`, `BODY.LIST.YH`, `$now`, `$config.key`, `$root.serial`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Root = Literal["here", "root", "now", "index", "config", "params", "session", "vars"]

ENVIRONMENT: tuple[Root, ...] = ("config", "params", "session", "vars")
_WIRE_NAME = re.compile(r"@?[^\W\d][\w-]*")
_KEY = re.compile(r"[A-Za-z_]\w*")
_LONGEST = 200


class PathFault(ValueError):
    """The text is no path; the message says why and repeats only what the mapping's author wrote."""


@dataclass(frozen=True, slots=True)
class Ref:
    """One reference: where it starts, and the names from there on. `here` is the message, or the item in `each`."""

    root: Root
    parts: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.root == "here":
            return ".".join(self.parts)
        return ".".join((f"${self.root}", *self.parts))


def parse_names(text: object) -> tuple[str, ...]:
    """Split a dotted path into its names."""
    if isinstance(text, bool):
        raise PathFault("YAML reads yes, no, on and off as booleans: quote the path")
    if not isinstance(text, str) or not text or len(text) > _LONGEST:
        raise PathFault("a path is text such as BODY.YHBH")
    names = tuple(text.split("."))
    for name in names:
        if not _WIRE_NAME.fullmatch(name):
            raise PathFault(f"{text[:60]!r} is no path: {name[:60]!r} is no name")
    return names


def parse_ref(text: object, *, inside_each: bool) -> Ref:
    """Read a reference to a value."""
    if not isinstance(text, str) or not text.startswith("$"):
        return Ref("here", parse_names(text))
    head, _, rest = text[1:].partition(".")
    if head == "now" and not rest:
        return Ref("now")
    if head == "index" and not rest and inside_each:
        return Ref("index")
    if head == "root" and inside_each:
        return Ref("root", parse_names(rest))
    for root in ENVIRONMENT:
        if head == root and _KEY.fullmatch(rest):
            return Ref(root, (rest,))
    known = "$now, $config.key, $params.key, $session.key, $vars.key and, inside each, $root.path and $index"
    raise PathFault(f"{text[:60]!r} is unknown; there are {known}")
