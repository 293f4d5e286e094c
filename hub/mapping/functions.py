"""The named functions of the mapping language.

A name means a spelling on the wire: in a request the function writes it, in a reply it reads it.
"""

from __future__ import annotations

import base64
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hub.domain import money, numbers
from hub.mapping.model import Direction, Kind

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DIGITS = "0123456789"


class Refused(ValueError):
    """A value that cannot be written or read. `rule` is an error code; the message never repeats the value."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


@dataclass(frozen=True, slots=True)
class Function:
    """One function: what it takes and gives, and the type of its argument, if it has one."""

    name: str
    takes: frozenset[Kind]
    gives: Kind
    call: Callable[..., Any]
    argument: type[int | str] | None = None


def as_text(value: Any) -> str:
    """Text as it is, numbers without exponent, booleans as `true` and `false`."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal) and value.is_finite():
        return format(value, "f")
    raise Refused("VAL_FORMAT", "is no plain value")


def as_integer(value: Any) -> int:
    """Whole numbers, and text that is digits with an optional minus."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value():
        return int(value)
    if isinstance(value, str) and len(value) <= 40 and value.isascii() and value.removeprefix("-").isdigit():
        return int(value)
    raise Refused("VAL_FORMAT", "is no whole number")


def _yuan_short(fen: int) -> str:
    text = money.format_yuan(fen)
    return text.rstrip("0").rstrip(".")


def _yuan_decimal(fen: int) -> Decimal:
    return Decimal(money.checked(fen, negative=True)).scaleb(-2)


def _read_yuan(value: Any) -> int:
    return money.parse_yuan(as_text(value), negative=True)


def _read_wan(value: Any) -> int:
    return money.parse_wan(as_text(value), negative=True)


def _read_fen(value: Any) -> int:
    return money.parse_fen(as_text(value), negative=True)


def _flag(value: bool) -> str:
    return "1" if value else "0"


def _read_flag(value: Any) -> bool:
    text = as_text(value)
    if text in {"1", "true"}:
        return True
    if text in {"0", "false"}:
        return False
    raise Refused("VAL_FORMAT", "is no flag: 0, 1, true or false is expected")


def _digits(value: Any) -> str:
    return "".join(character for character in as_text(value) if character in _DIGITS)


def _halfwidth(value: Any) -> str:
    # Only the full-width forms of ASCII are folded: NFKC on everything would also change names.
    return "".join(
        unicodedata.normalize("NFKC", character) if "\uff01" <= character <= "\uff5e" else character
        for character in as_text(value).replace("\u3000", " ")
    )


def _prefix(value: Any, count: int) -> str:
    return _long_enough(as_text(value), count)[:count]


def _suffix(value: Any, count: int) -> str:
    text = _long_enough(as_text(value), count)
    return text[len(text) - count :]


def _long_enough(text: str, count: int) -> str:
    if len(text) < count:
        raise Refused("VAL_FORMAT", f"is shorter than {count} characters")
    return text


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def _epoch_ms(value: datetime) -> int:
    return (value - _EPOCH) // timedelta(milliseconds=1)


def _read_epoch_ms(value: Any) -> datetime:
    return _EPOCH + timedelta(milliseconds=as_integer(value))


def _visit(value: Any, clocks: str) -> str:
    """`2026-12-02 AM` as the day and the clock of its half, of the two that are given as `083000/133000`."""
    day, _, half = as_text(value).partition(" ")
    morning, _, afternoon = clocks.partition("/")
    if half not in {"AM", "PM"}:
        raise Refused("VAL_FORMAT", "is no half of a day")
    return day.replace("-", "") + (morning if half == "AM" else afternoon)


def _upper(value: Any) -> str:
    return as_text(value).upper()


def _lower(value: Any) -> str:
    return as_text(value).lower()


def _strip(value: Any) -> str:
    return as_text(value).strip()


def _serial12(value: Any) -> str:
    try:
        return numbers.serial12(as_text(value))
    except numbers.NumberFault:
        raise Refused("VAL_FORMAT", "is no serial of ours") from None


def _read_serial12(value: Any) -> str:
    # In a file of theirs another channel's reference may stand: it stays as it is.
    text = as_text(value)
    try:
        return numbers.read_serial12(text)
    except numbers.NumberFault:
        return text


def _table(*functions: Function) -> dict[str, Function]:
    return {function.name: function for function in functions}


def _kinds(names: Iterable[Kind]) -> frozenset[Kind]:
    return frozenset((*names, "any"))


_TEXT, _WHOLE = _kinds(["text"]), _kinds(["integer"])
_PLAIN = _kinds(["text", "integer", "decimal", "boolean"])
_NUMBER = _kinds(["text", "integer", "decimal"])

_EITHER_WAY = (
    Function("text", _PLAIN, "text", as_text),
    Function("integer", _NUMBER, "integer", as_integer),
    Function("upper", _TEXT, "text", _upper),
    Function("lower", _TEXT, "text", _lower),
    Function("strip", _TEXT, "text", _strip),
    Function("digits", _TEXT, "text", _digits),
    Function("halfwidth", _TEXT, "text", _halfwidth),
    Function("prefix", _TEXT, "text", _prefix, int),
    Function("suffix", _TEXT, "text", _suffix, int),
)

FUNCTIONS: dict[Direction, dict[str, Function]] = {
    "request": _table(
        *_EITHER_WAY,
        Function("yuan", _WHOLE, "text", money.format_yuan),
        Function("yuan_short", _WHOLE, "text", _yuan_short),
        Function("yuan_number", _WHOLE, "decimal", _yuan_decimal),
        Function("wan", _WHOLE, "text", money.format_wan),
        Function("fen", _WHOLE, "text", money.format_fen),
        Function("fen_number", _WHOLE, "integer", money.checked),
        Function("flag", _kinds(["boolean"]), "text", _flag),
        Function("base64", _kinds(["bytes"]), "text", _base64),
        Function("epoch_ms", _kinds(["datetime"]), "integer", _epoch_ms),
        Function("serial12", _TEXT, "text", _serial12),
        Function("visit", _TEXT, "text", _visit, str),
    ),
    "reply": _table(
        *_EITHER_WAY,
        Function("yuan", _NUMBER, "integer", _read_yuan),
        Function("yuan_short", _NUMBER, "integer", _read_yuan),
        Function("yuan_number", _NUMBER, "integer", _read_yuan),
        Function("wan", _NUMBER, "integer", _read_wan),
        Function("fen", _NUMBER, "integer", _read_fen),
        Function("fen_number", _NUMBER, "integer", _read_fen),
        Function("flag", _PLAIN, "boolean", _read_flag),
        Function("epoch_ms", _NUMBER, "datetime", _read_epoch_ms),
        Function("serial12", _TEXT, "text", _read_serial12),
    ),
}

MONEY = frozenset({"yuan", "yuan_short", "yuan_number", "wan", "fen", "fen_number"})
"""The functions that say how money is spelled; a canonical amount is never read without one."""
