"""Pipe files: `SMK_{TYPE}_{yyyyMMdd}_{n3}.txt`, UTF-8, `|` between values, `END|count` last, a signature beside."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

APPLY = (
    "serial", "act", "name", "id_type", "id_number", "mobile", "address", "insured", "functions", "pickup", "delivery",
    "old_card", "reason", "fee", "applied",
)  # fmt: skip
INFO = ("serial", "act", "card", "id_type", "id_number", "name", "mobile", "address", "insured", "applied")
RESULT = ("serial", "act", "status", "card", "batch", "pickup", "reason", "text", "at")
TRANS = ("rrn", "code", "card", "amount", "at")
COLUMNS = {"APPLY": APPLY, "INFO": INFO, "RESULT": RESULT, "TRANS": TRANS}
_NAME = re.compile(r"SMK_(?P<type>APPLY|INFO|RESULT|TRANS)_(?P<day>\d{8})_(?P<seq>\d{3})", re.ASCII)
_WIDE = "｜"


class FileError(Exception):
    """The whole file is refused; `code` is what its .err says."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code} {text}")
        self.code, self.text = code, text


@dataclass(frozen=True, slots=True)
class FileName:
    """What the name of a file says, without its suffix."""

    type: str
    day: str
    seq: int

    @classmethod
    def parse(cls, stem: str) -> FileName:
        found = _NAME.fullmatch(stem)
        if found is None or not _is_day(found["day"]):
            raise FileError("S3", "name is not SMK_TYPE_yyyyMMdd_n3")
        return cls(found["type"], found["day"], int(found["seq"]))

    def __str__(self) -> str:
        return f"SMK_{self.type}_{self.day}_{self.seq:03d}"


def _is_day(text: str) -> bool:
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False


def read(kind: str, data: bytes) -> list[dict[str, str]]:
    """The rows of a file. Raises FileError S2."""
    try:
        lines = data.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        raise FileError("S2", "is not UTF-8") from None
    if lines[-1] or len(lines) < 2 or lines[-2] != f"END|{len(lines) - 2}":
        raise FileError("S2", "does not end with END and the count")
    columns, rows = COLUMNS[kind], []
    for number, line in enumerate(lines[:-2], start=1):
        values = line.split("|")
        if len(values) != len(columns) or "\r" in line:
            raise FileError("S2", f"line {number} has {len(values)} values")
        rows.append(dict(zip(columns, values, strict=True)))
    return rows


def write(kind: str, rows: Sequence[dict[str, str]]) -> bytes:
    columns = COLUMNS[kind]
    lines = ["|".join(row.get(column, "").replace("|", _WIDE) for column in columns) for row in rows]
    return "".join(f"{line}\n" for line in [*lines, f"END|{len(lines)}"]).encode()
