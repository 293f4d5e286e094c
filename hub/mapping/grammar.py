"""The grammar of a mapping file: YAML to rules.

Only form is judged here; paths and types are judged against the canonical model in `hub.mapping.judge`.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import yaml

from hub.mapping.canonical import SOURCES, TARGETS
from hub.mapping.cursor import Cursor
from hub.mapping.model import (
    ABSENT,
    Call,
    Condition,
    Direction,
    Each,
    Guard,
    MessageMapping,
    Names,
    Pad,
    Rule,
    Scalar,
    Section,
)
from hub.mapping.moments import FormatFault, parse_format
from hub.mapping.paths import PathFault, Ref, parse_names, parse_ref
from hub.yamlfile import YamlFile

_GUARD = {"when", "unless", "only"}
_ALWAYS = {*_GUARD, "required", "default", "note"}
_STEPS = {"table", "format", "zone", "fn"}
_ORIGINS: dict[str, dict[Direction, set[str]]] = {
    "from": {
        "request": {*_ALWAYS, *_STEPS, "join", "pad", "max_bytes", "max_chars"},
        "reply": {*_ALWAYS, *_STEPS, "rank", "unmapped", "null_values"},
    },
    "const": {"request": {*_GUARD, "note"}, "reply": {*_GUARD, "note"}},
    "each": {"request": {*_ALWAYS, "where", "fields"}, "reply": {*_ALWAYS, "where", "fields"}},
}
_ORIGINS["first"] = _ORIGINS["from"]
_FILE = {"mapping", "direction", "contract", "charset", "zone", "note", "fields", "groups"}
_END: dict[Direction, set[str]] = {"request": {"source"}, "reply": {"target", "null_values"}}
_WIDEST = 10_000_000
_NAME = re.compile(r"[A-Za-z0-9._/-]{1,80}")
T = TypeVar("T")


def read_message(file: YamlFile, message: str, direction: Direction) -> tuple[MessageMapping | None, Cursor]:
    """Read one file. The cursor holds the faults; rules that have one are left out of the mapping."""
    top = Cursor(file)
    wanted = {"mapping", "direction", "fields", *(_END[direction] - {"null_values"})}
    if not top.is_object(_FILE | _END[direction], wanted):
        return None, top
    head: dict[str, Any] = {
        "name": _name(top),
        "model": _model(top, direction),
        "contract": _optional_text(top, "contract"),
        "charset": _charset(top),
        "zone": _zone(top),
        "null_values": _scalars(top, "null_values") if "null_values" in top.data else ("",),
    }
    if top.data["direction"] != direction:
        top.at("direction").fault(f"the file's name says {direction!r}")
    usable = not top.faults
    reader = _Reader(direction)
    sections = [Section(Guard(), reader.fields(top.at("fields"), inside=False))]
    if "groups" in top.data:
        sections += [reader.group(group) for group in top.at("groups").each()]
    mapping = MessageMapping(file=file.name, message=message, direction=direction, sections=tuple(sections), **head)
    return (mapping if usable else None), top


class _Reader:
    """Reads rules of one direction."""

    def __init__(self, direction: Direction) -> None:
        self._direction = direction

    def group(self, cursor: Cursor) -> Section:
        if not cursor.is_object({*_GUARD, "fields", "note"}, {"fields"}):
            return Section(Guard(), ())
        guard = self._guard(cursor, inside=False)
        if not guard:
            cursor.fault("a group says when it applies: only, when or unless")
        return Section(guard, self.fields(cursor.at("fields"), inside=False))

    def fields(self, cursor: Cursor, *, inside: bool) -> tuple[Rule, ...]:
        rules = (self.rule(name, child, inside=inside) for name, child in cursor.items())
        return tuple(rule for rule in rules if rule is not None)

    def rule(self, name: str, cursor: Cursor, *, inside: bool) -> Rule | None:
        before = len(cursor.faults)
        found = self._rule(name, cursor, inside=inside)
        return found if len(cursor.faults) == before else None

    def _rule(self, name: str, cursor: Cursor, *, inside: bool) -> Rule | None:
        target = _attempt(cursor, parse_names, name)
        if target is None:
            return None
        if self._direction == "reply" and len(target) > 1:
            cursor.fault(f"{name!r} is no field of a reply: a reply's fields have no dots")
        if isinstance(cursor.data, str):
            ref = self._ref(cursor, cursor.data, inside=inside)
            return None if ref is None else Rule(target, cursor.line, cursor.data, sources=(ref,))
        if isinstance(cursor.data, bool):
            cursor.fault("YAML reads yes, no, on and off as booleans: quote the path")
            return None
        if not isinstance(cursor.data, dict):
            cursor.fault("a rule is a path or an object such as {from: path}")
            return None
        return self._long(target, cursor, inside=inside)

    def _long(self, target: Names, cursor: Cursor, *, inside: bool) -> Rule | None:
        origins = [key for key in _ORIGINS if key in cursor.data]
        if len(origins) != 1:
            cursor.fault(f"a rule has exactly one of {', '.join(_ORIGINS)}")
            return None
        origin = origins[0]
        allowed = {origin, *_ORIGINS[origin][self._direction]}
        if not cursor.is_object(allowed, {"fields"} if origin == "each" else ()):
            return None
        data = cursor.data
        refs = self._refs(cursor.at(origin), inside=inside) if origin in {"from", "first"} else ()
        if origin == "from" and len(refs) > 1:
            cursor.at("from").fault("from names one path; use first for several")
        return Rule(
            target=target,
            line=cursor.line,
            text=_one_line(data),
            guard=self._guard(cursor, inside=inside),
            sources=refs,
            each=self._each(cursor, inside=inside) if origin == "each" else None,
            const=_scalar(cursor.at("const")) if origin == "const" else ABSENT,
            null_values=_scalars(cursor, "null_values") if "null_values" in data else None,
            table=_optional_text(cursor, "table"),
            unmapped=_optional_text(cursor, "unmapped"),
            rank=_optional_text(cursor, "rank"),
            format=_format(cursor),
            zone=_zone(cursor),
            functions=_functions(cursor),
            join=_optional_text(cursor, "join"),
            pad=_pad(cursor),
            max_bytes=_positive(cursor, "max_bytes"),
            max_chars=_positive(cursor, "max_chars"),
            default=_default(cursor),
            required=_boolean(cursor, "required"),
        )

    def _each(self, cursor: Cursor, *, inside: bool) -> Each | None:
        source = self._ref(cursor.at("each"), cursor.data["each"], inside=inside)
        rules = self.fields(cursor.at("fields"), inside=True)
        where = Guard()
        if "where" in cursor.data and cursor.at("where").is_object({"has", "lacks", "is"}):
            place = cursor.at("where")
            where = Guard(
                self._refs(place.at("has"), inside=True) if "has" in place.data else (),
                self._refs(place.at("lacks"), inside=True) if "lacks" in place.data else (),
                self._conditions(place.at("is"), inside=True) if "is" in place.data else (),
            )
        return None if source is None else Each(source, where, rules)

    def _guard(self, cursor: Cursor, *, inside: bool) -> Guard:
        data = cursor.data
        return Guard(
            self._refs(cursor.at("when"), inside=inside) if "when" in data else (),
            self._refs(cursor.at("unless"), inside=inside) if "unless" in data else (),
            self._conditions(cursor.at("only"), inside=inside) if "only" in data else (),
        )

    def _conditions(self, cursor: Cursor, *, inside: bool) -> tuple[Condition, ...]:
        found = []
        for name, child in cursor.items():
            ref = self._ref(child, name, inside=inside)
            values = tuple(_scalar(value) for value in child.each())
            if ref is not None and values:
                found.append(Condition(ref, values))
        if not found:
            cursor.fault("a condition names a path and the values it may have")
        return tuple(found)

    def _refs(self, cursor: Cursor, *, inside: bool) -> tuple[Ref, ...]:
        found = [self._ref(child, child.data, inside=inside) for child in cursor.each()]
        if not found:
            cursor.fault("at least one path is expected")
        return tuple(ref for ref in found if ref is not None)

    def _ref(self, cursor: Cursor, text: object, *, inside: bool) -> Ref | None:
        return _attempt(cursor, lambda value: parse_ref(value, inside_each=inside), text)


def _attempt(cursor: Cursor, parse: Callable[[Any], T], value: Any) -> T | None:
    try:
        return parse(value)
    except (PathFault, FormatFault) as error:
        cursor.fault(str(error))
        return None


def _model(top: Cursor, direction: Direction) -> Any:
    key, known = ("source", SOURCES) if direction == "request" else ("target", TARGETS)
    name = top.data[key]
    if direction == "request" and name == "none":
        return None
    if not isinstance(name, str) or name not in known:
        extra = ", none" if direction == "request" else ""
        top.at(key).fault(f"{key} is one of {', '.join(known)}{extra}", "MAP_PATH")
        return None
    return known[name]


def _name(top: Cursor) -> str:
    name = _optional_text(top, "mapping") or ""
    if not _NAME.fullmatch(name):
        top.at("mapping").fault("the mapping's name is letters, digits, dots and hyphens, such as water.3001.request")
    return name


def _charset(top: Cursor) -> str:
    name = _optional_text(top, "charset") or "utf-8"
    try:
        return codecs.lookup(name).name
    except LookupError:
        top.at("charset").fault(f"the charset {name[:40]!r} is unknown")
        return "utf-8"


def _zone(cursor: Cursor) -> str | None:
    name = _optional_text(cursor, "zone")
    if name is None:
        return None
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        cursor.at("zone").fault(f"the time zone {name[:40]!r} is unknown")
        return None
    return name


def _format(cursor: Cursor) -> str | None:
    if "format" not in cursor.data:
        return None
    form = _attempt(cursor.at("format"), parse_format, cursor.data["format"])
    return form.text if form else None


def _functions(cursor: Cursor) -> tuple[Call, ...]:
    if "fn" not in cursor.data:
        return ()
    calls = []
    for child in cursor.at("fn").each():
        if isinstance(child.data, str):
            calls.append(Call(child.data))
        elif isinstance(child.data, dict) and len(child.data) == 1:
            name, argument = next(iter(child.data.items()))
            calls.append(Call(str(name), argument))
        else:
            child.fault("a function is a name, or {name: argument}")
    return tuple(calls)


def _pad(cursor: Cursor) -> Pad | None:
    if "pad" not in cursor.data:
        return None
    place = cursor.at("pad")
    if not place.is_object({"width", "fill", "side"}, {"width"}):
        return None
    fill, side = place.data.get("fill", " "), place.data.get("side", "right")
    if not isinstance(fill, str) or len(fill) != 1:
        place.fault('fill is one quoted character, such as "0"')
        return None
    if side not in {"left", "right"}:
        place.fault("side is left or right")
        return None
    width = _positive(place, "width")
    return None if width is None else Pad(width, fill, side)


def _default(cursor: Cursor) -> Any:
    if "default" not in cursor.data:
        return ABSENT
    if cursor.data["default"] == []:
        return ()
    return _scalar(cursor.at("default"))


def _scalars(cursor: Cursor, key: str) -> tuple[Scalar, ...]:
    return tuple(_scalar(child) for child in cursor.at(key).each())


def _scalar(cursor: Cursor) -> Scalar:
    if isinstance(cursor.data, str | int | bool):
        return cursor.data
    cursor.fault("text, a whole number or a boolean is expected; quote anything else")
    return ""


def _optional_text(cursor: Cursor, key: str) -> str | None:
    value = cursor.data.get(key)
    if value is not None and not isinstance(value, str):
        cursor.at(key).fault(f"{key} is text")
        return None
    return value


def _positive(cursor: Cursor, key: str) -> int | None:
    value = cursor.data.get(key)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= _WIDEST:
        cursor.at(key).fault(f"{key} is a whole number from 1 on")
        return None
    return value


def _boolean(cursor: Cursor, key: str) -> bool:
    value = cursor.data.get(key, False)
    if not isinstance(value, bool):
        cursor.at(key).fault(f"{key} is true or false")
        return False
    return value


def _one_line(data: dict[str, Any]) -> str:
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    made: str = yaml.dump(
        data, Dumper=dumper, default_flow_style=True, allow_unicode=True, sort_keys=False, width=100_000
    )
    return made.strip()
