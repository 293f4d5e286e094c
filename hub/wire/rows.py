"""Rows of exchange tables by their contract: blanks for nothing, CHAR padded, lengths held, decimals exact."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Self

from hub.errors import DecodeError, EncodeError
from hub.wire.exchange import Cell, Insert, Select

_NOTHING = " "


@dataclass(frozen=True, slots=True)
class RowColumn:
    """One column: text of at most `length` characters, padded to it when `padded`, or a decimal of (length, scale).

    `rule` is what the text must be, if that is more than text.
    """

    name: str
    length: int
    padded: bool = False
    scale: int | None = None
    required: bool = False
    rule: re.Pattern[str] | None = None

    def encode(self, value: Any, where: str) -> Cell:
        if value is None or value == "":
            if self.required:
                raise EncodeError(where, "is required")
            return None if self.scale is not None else _NOTHING
        return self._decimal(value, where) if self.scale is not None else self._text(value, where)

    def _text(self, value: Any, where: str) -> str:
        if not isinstance(value, str):
            raise EncodeError(where, "is no text")
        if len(value) > self.length:
            raise EncodeError(where, f"takes {len(value)} characters, {self.length} are allowed")
        # A lone half of a surrogate pair is no character; blanks at the end would be lost in reading.
        if any(ord(c) < 0x20 or 0xD800 <= ord(c) <= 0xDFFF for c in value) or value.endswith(" "):
            raise EncodeError(where, "holds a character that a column cannot keep")
        if self.rule is not None and not self.rule.fullmatch(value):
            raise EncodeError(where, "breaks the contract's rule for this column")
        return value.ljust(self.length) if self.padded else value

    def _decimal(self, value: Any, where: str) -> Decimal:
        scale = self.scale or 0
        try:
            number = Decimal(value)
            fitting = number.quantize(Decimal(1).scaleb(-scale))
        except (InvalidOperation, TypeError, ValueError):
            raise EncodeError(where, "is no decimal number that the column can hold") from None
        if fitting != number or abs(number) >= Decimal(10) ** (self.length - scale):
            raise EncodeError(where, f"does not fit into {self.length} digits with {scale} of them after the point")
        return fitting


@dataclass(frozen=True, slots=True)
class RowTable:
    """One table of the contract."""

    name: str
    columns: tuple[RowColumn, ...]

    @classmethod
    def from_schema(cls, name: str, schema: Mapping[str, Any]) -> Self:
        """Read a JSON Schema of a row: `maxLength`; `x-char` for CHAR, `x-decimal: [15, 6]` for a decimal.

        `x-key` marks a column that no mapping fills, but that no row may lack.
        """
        keys = {key for key, each in schema["properties"].items() if each.get("x-key")}
        required = keys | frozenset(schema.get("required", ()))
        return cls(name, tuple(_column(key, each, key in required) for key, each in schema["properties"].items()))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def insert(self, row: Mapping[str, Any], where: str = "") -> Insert:
        """The row with every column of the table. Raises EncodeError with the column's path, never its value."""
        place = where or self.name
        for name in row:
            if name not in self.names:
                raise EncodeError(f"{place}.{name}", "is no column of this table")
        cells = {each.name: each.encode(row.get(each.name), f"{place}.{each.name}") for each in self.columns}
        return Insert(self.name, cells)

    def select(self, where: Mapping[str, Any], order: tuple[str, ...] = ()) -> Select:
        return Select(self.name, self.names, where, order)

    def read(self, rows: Any) -> list[dict[str, str]]:
        """Rows as texts: padding cut, nothing as an empty text. Raises DecodeError when a column is missing."""
        if not isinstance(rows, tuple):
            raise DecodeError(self.name, "is no list of rows")
        return [self._row(row) for row in rows]

    def _row(self, row: Mapping[str, Any]) -> dict[str, str]:
        missing = next((name for name in self.names if name not in row), None)
        if missing is not None:
            raise DecodeError(f"{self.name}.{missing}", "is missing")
        return {name: "" if row[name] is None else str(row[name]).rstrip(" ") for name in self.names}


def _column(name: str, schema: Mapping[str, Any], required: bool) -> RowColumn:
    if "x-decimal" in schema:
        digits, scale = schema["x-decimal"]
        return RowColumn(name, int(digits), scale=int(scale), required=required)
    rule = re.compile("|".join(map(re.escape, schema["enum"])) if "enum" in schema else schema.get("pattern", "(?s).*"))
    return RowColumn(name, int(schema["maxLength"]), bool(schema.get("x-char")), None, required, rule)
