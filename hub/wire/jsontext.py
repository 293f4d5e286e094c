"""Strict JSON: no NaN, no duplicate keys, whole numbers exact, fractions as Decimal, UTF-8 only."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NoReturn

from hub.errors import DecodeError, EncodeError
from hub.wire import charsets

_MAX_EXPONENT = 400


def dumps(tree: Any) -> bytes:
    """Write a tree of dict, list, str, int, Decimal, bool and None as compact UTF-8."""
    return charsets.encode(_text(tree, "$"), "utf-8", "json")


def loads(data: bytes) -> Any:
    """Read JSON strictly; errors tell the place, never the content."""
    text = charsets.decode(data, "utf-8", "json")
    try:
        tree = json.loads(
            text, object_pairs_hook=_unique, parse_float=_decimal, parse_int=_integer, parse_constant=_no_constant
        )
    except json.JSONDecodeError as error:
        place = f"not JSON at line {error.lineno}, column {error.colno}"
    except RecursionError:
        place = "nested too deeply"
    else:
        return _whole_characters(tree, text)
    raise DecodeError("json", place)


def load_object(data: bytes) -> dict[str, Any]:
    """Read JSON that must be an object."""
    tree = loads(data)
    if not isinstance(tree, dict):
        raise DecodeError("body", "is no JSON object")
    return tree


def _text(value: Any, where: str) -> str:
    match value:
        case None | bool() | str():
            return json.dumps(value, ensure_ascii=False)
        case int():
            return str(int(value))
        case Decimal() if value.is_finite():
            return str(value)
        case float() if math.isfinite(value):
            return repr(float(value))
        case Mapping():
            return "{" + ",".join(_member(key, item, where) for key, item in value.items()) + "}"
        case list() | tuple():
            return "[" + ",".join(_text(item, f"{where}[{index}]") for index, item in enumerate(value)) + "]"
    raise EncodeError(where, f"a {type(value).__name__} of this kind has no JSON form")


def _member(key: Any, item: Any, where: str) -> str:
    if not isinstance(key, str):
        raise EncodeError(where, f"a key is a {type(key).__name__}, not text")
    return f"{json.dumps(key, ensure_ascii=False)}:{_text(item, f'{where}.{key}')}"


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    tree = dict(pairs)
    if len(tree) != len(pairs):
        raise DecodeError("json", "an object has the same key twice")
    return tree


def _decimal(digits: str) -> Decimal:
    number = Decimal(digits)
    # Decimal takes 1e999999999 happily; turning it into an integer later would eat the memory.
    if abs(number.adjusted()) > _MAX_EXPONENT or len(digits) > _MAX_EXPONENT:
        raise DecodeError("json", "a number is too long")
    return number


def _integer(digits: str) -> int:
    if len(digits) > _MAX_EXPONENT:
        raise DecodeError("json", "a number is too long")
    return int(digits)


def _no_constant(_name: str) -> NoReturn:
    raise DecodeError("json", "NaN and Infinity are not JSON")


def _whole_characters(tree: Any, text: str) -> Any:
    """Refuse half a surrogate pair (written as an escape), which no database and no other charset could take."""
    if "\\u" in text:
        try:
            json.dumps(tree, ensure_ascii=False, default=str).encode()
        except UnicodeEncodeError:
            pass
        else:
            return tree
        raise DecodeError("json", "half a surrogate pair is not text")
    return tree
