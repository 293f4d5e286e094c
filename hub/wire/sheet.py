"""Comma-separated files as spreadsheet programs write them: quoted cells, guarded numbers, a line of totals."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass

from hub.errors import ConfigError, DecodeError, Fault
from hub.wire import charsets, delimited

_GUARDED = re.compile(r'="(.*)"', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Sheet:
    """How one kind of file is written.

    The first line names the columns, in any order; `columns` are the indispensable ones. A cell `="0012"` is the text
    0012, guarded against a spreadsheet that would make a number of it. With `total` the last line begins with that
    word and carries the number of rows in the place of `count_in` and their sum in the place of `amount_of`.
    """

    columns: tuple[str, ...]
    charset: str = "gb18030"
    total: str | None = None
    count_in: str | None = None
    amount_of: str | None = None

    def __post_init__(self) -> None:
        if not {self.count_in, self.amount_of} <= {None, *self.columns} or (self.total and not self.count_in):
            raise ConfigError(Fault("sheet", "column-unknown", "totals need columns that the sheet names"))

    def read(self, data: bytes) -> list[dict[str, str]]:
        """Read every row, or raise DecodeError for the whole file; its text names places only."""
        lines = self._lines(charsets.decode(data, self.charset, "sheet"))
        if not lines:
            raise DecodeError("sheet", "has no header line")
        names = [name.strip() for name in lines.pop(0)]
        missing = [name for name in self.columns if name not in names]
        if missing or len(set(names)) != len(names):
            raise DecodeError("sheet line 1", f"lacks the columns {missing}" if missing else "names a column twice")
        total = lines.pop() if self.total and lines else None
        rows = [self._row(names, cells, number) for number, cells in enumerate(lines, start=2)]
        if self.total:
            self._verify(names, total, rows)
        return rows

    def _lines(self, text: str) -> list[list[str]]:
        try:
            return [[_plain(cell) for cell in line] for line in csv.reader(io.StringIO(text, newline=""), strict=True)]
        except csv.Error:
            raise DecodeError("sheet", "is not comma-separated text") from None

    def _row(self, names: list[str], cells: list[str], number: int) -> dict[str, str]:
        if len(cells) != len(names):
            raise DecodeError(f"sheet line {number}", f"has {len(cells)} cells instead of {len(names)}")
        return dict(zip(names, cells, strict=True))

    def _verify(self, names: list[str], total: list[str] | None, rows: list[dict[str, str]]) -> None:
        if not total or total[0] != self.total:
            raise DecodeError("sheet", "has no line of totals at its end [FILE_COUNT]")
        said = self._row(names, total, len(rows) + 2)
        summary = delimited.Summary("last", amount_of=self.amount_of)
        delimited.verify(summary, [said[name] for name in (self.count_in, self.amount_of) if name], rows)


def _plain(cell: str) -> str:
    guarded = _GUARDED.fullmatch(cell.strip())
    return guarded[1].replace('""', '"') if guarded else cell
