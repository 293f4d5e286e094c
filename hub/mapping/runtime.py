"""What generated code calls, and how a failure inside it is told: by the line that failed, never by the value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from decimal import Decimal, InvalidOperation
from types import TracebackType
from typing import Any

from pydantic import BaseModel, ValidationError

from hub.domain.money import MoneyFault
from hub.domain.reply import Reply
from hub.errors import DecodeError, EncodeError, UnmappedCode, WireError
from hub.mapping.functions import Refused, as_integer, as_text
from hub.mapping.model import Env, MessageMapping

_CAUGHT = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError)
_SHOWN_CODE = re.compile(r"[A-Za-z0-9_-]{1,32}")
_EMPTY: Mapping[str, Any] = {}
_MAX_DECIMAL = 40


@dataclass(frozen=True, slots=True)
class Site:
    """What one line of generated code makes: the wire path (with `{i1}` for places in lists), and from what."""

    where: str
    origin: str = ""
    table: str | None = None


@dataclass(frozen=True, slots=True)
class Program:
    """Generated source, the function made of it, and the site of every line."""

    name: str
    source: str
    run: Callable[[Any, Env], Any] = field(repr=False)
    sites: Mapping[int, Site] = field(repr=False)

    def failure(self, error: Exception, kind: type[EncodeError | DecodeError]) -> WireError:
        """Tell a failure with its place. The text of foreign exceptions is dropped: it may hold personal data."""
        site, places = self._site(error.__traceback__)
        where = site.where.format_map(places)
        if isinstance(error, Unmapped):
            return UnmappedCode(error.table, error.shown, where)
        if isinstance(error, Refused):
            rule, text = error.rule, str(error)
        elif isinstance(error, MoneyFault):
            rule, text = MoneyFault.code, str(error)
        elif isinstance(error, KeyError) and site.table:
            rule, text = "VAL_CODE", f"the table {site.table!r} has no code for this value"
        elif isinstance(error, UnicodeEncodeError):
            rule, text = "UPS_ENCODING", f"has characters that {error.encoding} cannot write"
        elif isinstance(error, ValidationError):
            found = error.errors(include_url=False, include_context=False, include_input=False)[0]
            rule, text = "VAL_FORMAT", f"{'.'.join(map(str, found['loc']))} breaks the rule {found['type']}"
        else:
            rule, text = "VAL_FORMAT", "has a value of the wrong kind"
        origin = f" (from {site.origin})" if site.origin else ""
        return kind(where, f"{text}{origin} [{rule}]")

    def _site(self, trace: TracebackType | None) -> tuple[Site, Mapping[str, Any]]:
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == self.name:
                site = self.sites.get(trace.tb_lineno, Site(self.name))
                places = trace.tb_frame.f_locals
                return site, {name: places.get(name, "?") for name in re.findall(r"{(\w+)}", site.where)}
            trace = trace.tb_next
        return Site(self.name), {}


@dataclass(frozen=True, slots=True)
class CompiledRequest:
    """Writes one message: canonical source to wire tree. Raises EncodeError naming the wire field."""

    mapping: MessageMapping = field(repr=False)
    program: Program = field(repr=False)

    @property
    def source(self) -> str:
        """The generated Python, for reading."""
        return self.program.source

    def __call__(self, source: BaseModel | None, env: Env) -> dict[str, Any]:
        model = self.mapping.model
        if model is not None and not isinstance(source, model):
            raise TypeError(f"{self.mapping.name} is written from a {model.__name__}")
        try:
            tree: dict[str, Any] = self.program.run(source, env)
        except _CAUGHT as error:
            failure = self.program.failure(error, EncodeError)
        else:
            return tree
        # Raised out here so that the original, which may quote a value, is not even the context.
        raise failure


@dataclass(frozen=True, slots=True)
class CompiledReply:
    """Reads one message: wire tree to canonical reply. Raises DecodeError or UnmappedCode naming the wire field."""

    mapping: MessageMapping = field(repr=False)
    program: Program = field(repr=False)

    @property
    def source(self) -> str:
        """The generated Python, for reading."""
        return self.program.source

    def __call__(self, tree: Mapping[str, Any], env: Env) -> Reply:
        try:
            reply: Reply = self.program.run(tree, env)
        except _CAUGHT as error:
            failure = self.program.failure(error, DecodeError)
        else:
            return reply
        raise failure


class Unmapped(Refused):
    """A code that its table does not have."""

    def __init__(self, table: str, raw: str) -> None:
        super().__init__("UPS_UNMAPPED", "unknown code")
        self.table = table
        self.shown = raw if _SHOWN_CODE.fullmatch(raw) else "?"


def missing() -> Refused:
    return Refused("VAL_REQUIRED", "is required and there is no value")


def limit(text: str, most: int, charset: str) -> str:
    """Give the text back if it fits into `most` bytes; too long a text is refused, never cut."""
    try:
        size = len(text.encode(charset))
    except UnicodeEncodeError:
        count = sum(1 for character in text if not _writable(character, charset))
        raise Refused("UPS_ENCODING", f"has {count} characters that {charset} cannot write") from None
    if size > most:
        raise Refused("VAL_FORMAT", f"has {size} bytes in {charset}, at most {most} are allowed")
    return text


def shorter(text: str, most: int) -> str:
    if len(text) > most:
        raise Refused("VAL_FORMAT", f"has {len(text)} characters, at most {most} are allowed")
    return text


def pad(text: str, width: int, fill: str, side: str) -> str:
    if len(text) > width:
        raise Refused("VAL_FORMAT", f"has {len(text)} characters, exactly {width} are wanted")
    if side == "left" and fill == "0" and text.startswith("-"):
        raise Refused("VAL_FORMAT", "is negative and cannot be padded with zeros")
    return text.rjust(width, fill) if side == "left" else text.ljust(width, fill)


def local(value: Any, zone: tzinfo | None) -> Any:
    """A datetime in the zone of the wire; a date as it is."""
    return value.astimezone(zone) if isinstance(value, datetime) else value


def obj(value: Any) -> Mapping[str, Any]:
    """An object of the wire tree; an absent or empty element is an object without fields."""
    if isinstance(value, Mapping):
        return value
    if value is None or value == "":
        return _EMPTY
    raise Refused("UPS_PROTOCOL", "is a list" if isinstance(value, list) else "is no object")


def items(value: Any) -> Sequence[Any]:
    """A list of the wire tree; a single element is a list of one."""
    if value is None or value == "":
        return ()
    return value if isinstance(value, list) else (value,)


def given(value: Any, nulls: tuple[Any, ...]) -> Any:
    """The value, or None if it is one of the spellings of nothing."""
    return None if value in nulls else value


def code(value: Any) -> str | None:
    """A value as conditions compare it."""
    return None if value is None or isinstance(value, list | Mapping) else as_text(value)


def lookup(table: Mapping[str, Any], name: str, value: Any) -> Any:
    raw = as_text(value)
    if raw not in table:
        raise Unmapped(name, raw)
    return table[raw]


def as_decimal(value: Any) -> Decimal:
    text = as_text(value)
    try:
        number = Decimal(text) if len(text) <= _MAX_DECIMAL and not isinstance(value, bool) else None
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite():
        raise Refused("VAL_FORMAT", "is no number")
    return number


def as_boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value in {"true", "false"}:
        return bool(value == "true")
    raise Refused("VAL_FORMAT", "is no boolean; fn: flag reads 0 and 1")


def as_moment(value: Any) -> Any:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value
    raise Refused("VAL_FORMAT", "is no time with a zone")


def _writable(character: str, charset: str) -> bool:
    try:
        character.encode(charset)
    except UnicodeEncodeError:
        return False
    return True


HELPERS: dict[str, Any] = {
    helper.__name__: helper
    for helper in (missing, limit, shorter, pad, local, obj, items, given, code, lookup, as_text, as_integer)
} | {"as_decimal": as_decimal, "as_boolean": as_boolean, "as_moment": as_moment}
"""The names that generated code may use, beside its own constants."""
