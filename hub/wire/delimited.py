"""Separated text tables such as reconciliation files: read whole, every count checked, or refused whole.

A few interfaces take such tables too; `write` makes them.
"""

from __future__ import annotations

import unicodedata
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Literal

from hub.errors import ConfigError, DecodeError, EncodeError, Fault
from hub.wire import charsets

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 31


@dataclass(frozen=True, slots=True)
class Summary:
    """The line that counts the others: `count|sum` first or last, perhaps behind a word such as END.

    `amount_of` names the column whose sum it carries; None means it carries no sum.
    """

    place: Literal["first", "last"]
    amount_of: str | None = None
    word: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """How one kind of file is written.

    `columns` are the names in their order. With `header` the file names them itself in its first line, in any order,
    and may have more of them than `columns`, which then are only the indispensable ones.
    """

    columns: tuple[str, ...] = ()
    separator: str = "|"
    charset: str = "gb18030"
    header: bool = False
    summary: Summary | None = None

    def __post_init__(self) -> None:
        if self.summary and self.summary.amount_of and self.summary.amount_of not in self.columns:
            raise ConfigError(Fault("table.summary", "column-unknown", "sums a column that the table does not name"))

    def read(self, data: bytes, *, max_size: int = 64 * 1024 * 1024) -> list[dict[str, str]]:
        """Read every row; a gzip file is recognised and unpacked up to `max_size` bytes."""
        text = charsets.decode(_unpacked(data, max_size), self.charset, "table")
        lines = text.replace("\r\n", "\n").removesuffix("\n").split("\n") if text else []
        numbered = [(number, line.split(self.separator)) for number, line in enumerate(lines, start=1)]
        names = self._names(numbered)
        total = self._total(numbered)
        rows = [_row(names, cells, number) for number, cells in numbered]
        if self.summary and total is not None:
            verify(self.summary, total, rows)
        return rows

    def write(self, rows: Iterable[Mapping[str, str | int | None]], *, inside: str | None = None) -> bytes:
        """Write rows and a last summary line with their count; an absent value is empty.

        `inside` is what a separator within a value becomes; without it such a value is refused, as line ends are.
        """
        lines = [self._line(row, number, inside) for number, row in enumerate(rows, start=1)]
        if self.summary and self.summary.place == "last" and self.summary.word:
            lines.append(f"{self.summary.word}{self.separator}{len(lines)}")
        return charsets.encode("".join(f"{line}\n" for line in lines), self.charset, "table")

    def _line(self, row: Mapping[str, str | int | None], number: int, inside: str | None) -> str:
        for stranger in sorted(row.keys() - set(self.columns)):
            raise EncodeError(f"row {number}.{stranger}", "is not in the table")
        cells = []
        for column in self.columns:
            value = row.get(column)
            text = "" if value is None else str(value)
            if inside is not None:
                text = text.replace(self.separator, inside)
            if self.separator in text or any(unicodedata.category(character) == "Cc" for character in text):
                raise EncodeError(f"row {number}.{column}", "holds a separator or a control character")
            cells.append(text)
        return self.separator.join(cells)

    def _names(self, numbered: list[tuple[int, list[str]]]) -> Sequence[str]:
        """Take the header line off, if the file has one."""
        if not self.header:
            return self.columns
        if not numbered:
            raise DecodeError("table", "has no header line")
        _, names = numbered.pop(0)
        missing = [name for name in self.columns if name not in names]
        if missing or len(set(names)) != len(names):
            raise DecodeError("table line 1", f"lacks the columns {missing}" if missing else "names a column twice")
        return names

    def _total(self, numbered: list[tuple[int, list[str]]]) -> list[str] | None:
        """Take the summary line off, if the file has one, and return count and sum as written."""
        if self.summary is None:
            return None
        if not numbered:
            raise DecodeError("table", "has no summary line [FILE_COUNT]")
        number, cells = numbered.pop(0 if self.summary.place == "first" else -1)
        words = 0 if self.summary.word is None else 1
        sums = 0 if self.summary.amount_of is None else 1
        if len(cells) != words + 1 + sums or (words and cells[0] != self.summary.word):
            raise DecodeError(f"table line {number}", "is not the summary line [FILE_COUNT]")
        return cells[words:]


PIPE_END = Summary("last", word="END")
"""The summary `END|count` on the last line."""


def tsv(columns: tuple[str, ...] = (), charset: str = "utf-8") -> Table:
    """Describe tab-separated text with a header line and no summary, perhaps in gzip."""
    return Table(columns, "\t", charset, header=True)


def _row(names: Sequence[str], cells: list[str], number: int) -> dict[str, str]:
    if len(cells) != len(names):
        raise DecodeError(f"table line {number}", f"has {len(cells)} fields instead of {len(names)}")
    return dict(zip(names, cells, strict=True))


def verify(summary: Summary, total: list[str], rows: list[dict[str, str]]) -> None:
    """Hold rows against their count and sum as a file states them. Raises DecodeError."""
    if _number(total[0], "table summary count") != len(rows):
        raise DecodeError("table summary count", f"differs from the {len(rows)} rows of the file [FILE_COUNT]")
    if summary.amount_of is not None:
        amounts = [_number(row[summary.amount_of], f"table row {n}") for n, row in enumerate(rows, start=1)]
        if _number(total[1], "table summary sum") != sum(amounts):
            raise DecodeError("table summary sum", "differs from the sum of the rows [FILE_COUNT]")


def _number(text: str, where: str) -> Decimal:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise DecodeError(where, "is not a number [FILE_COUNT]")
    return number


def _unpacked(data: bytes, max_size: int) -> bytes:
    if not data.startswith(_GZIP_MAGIC):
        return data
    unpacker = zlib.decompressobj(_GZIP_WINDOW)
    try:
        text = unpacker.decompress(data, max_size)
    except zlib.error:
        raise DecodeError("table", "is not whole gzip") from None
    if not unpacker.eof:
        raise DecodeError("table", f"is cut off, or larger than {max_size} bytes")
    if unpacker.unused_data:
        raise DecodeError("table", "has something behind the gzip")
    return text
