"""The fixed-width records: 256 bytes of GB18030 each, described once and used for reading and writing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

RECORD_BYTES = 256
CHARSET = "gb18030"


class LayoutError(Exception):
    """A record does not follow its layout; `field` says where."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}")
        self.field, self.why = field, why


@dataclass(frozen=True, slots=True)
class Field:
    """One field: text stands left and is filled with spaces, a number right and is filled with zeros."""

    name: str
    start: int
    size: int
    kind: Literal["text", "number"]

    def write(self, value: str | int) -> bytes:
        if self.kind == "text":
            return cut(str(value), self.size).ljust(self.size, b" ")
        digits = str(value or 0).rjust(self.size, "0")
        if len(digits) > self.size or not (digits.isascii() and digits.isdigit()):
            raise LayoutError(self.name, f"needs at most {self.size} digits")
        return digits.encode("ascii")

    def read(self, line: bytes) -> str:
        raw = line[self.start : self.start + self.size]
        if self.kind == "text":
            try:
                return raw.decode(CHARSET).rstrip(" ")
            except UnicodeDecodeError:
                raise LayoutError(self.name, "is no GB18030 text") from None
        if not raw.strip(b" "):
            return "0" * self.size
        if not raw.isdigit():
            raise LayoutError(self.name, "is not all digits")
        return raw.decode("ascii")


@dataclass(frozen=True, slots=True)
class Layout:
    """A record type: its fields without the filler that ends it."""

    fields: tuple[Field, ...]

    @property
    def used(self) -> int:
        return self.fields[-1].start + self.fields[-1].size

    def build(self, values: Mapping[str, str | int]) -> bytes:
        body = b"".join(field.write(values[field.name]) for field in self.fields)
        return body.ljust(RECORD_BYTES, b" ")

    def parse(self, line: bytes) -> dict[str, str]:
        if len(line) != RECORD_BYTES:
            raise LayoutError("record", f"has {len(line)} bytes, not {RECORD_BYTES}")
        return {field.name: field.read(line) for field in self.fields}

    def read(self, line: bytes, name: str) -> str:
        return next(field for field in self.fields if field.name == name).read(line)

    def dirty(self, line: bytes) -> bool:
        """Whether something stands in the filler."""
        return bool(line[self.used :].strip(b" "))


def cut(text: str, size: int) -> bytes:
    """As many whole characters as fit: half a character would spoil the rest of the line."""
    out = bytearray()
    for character in text:
        encoded = character.encode(CHARSET, "replace")
        if len(out) + len(encoded) > size:
            break
        out += encoded
    return bytes(out)


def _layout(spec: str) -> Layout:
    fields, start = [], 0
    for item in spec.split():
        name, _, width = item.partition(":")
        number = width.endswith("n")
        size = int(width.rstrip("n"))
        fields.append(Field(name, start, size, "number" if number else "text"))
        start += size
    return Layout(tuple(fields))


HEADER = _layout("rectype:1 ftype:4 inst:4n bizdate:8n seq:4n count:8n amount:12n keyver:2n")
TRAILER = _layout("rectype:1 count:8n amount:12n")
DETAILS: dict[str, Layout] = {
    "APPL": _layout(
        "rectype:1 seq:8n reqno:20 biz:2n cardtype:2n cardno:19n name:30 idtype:3n idno:18 mobile:11"
        " birth:8n division:9n photo:40 site:6 amount:10n"
    ),
    "RCHG": _layout("rectype:1 seq:8n reqno:20 cardno:19n amount:10n paytime:14n tac:8"),
    "RESP": _layout("rectype:1 seq:8n reqno:20 result:4n cardno:19n newcard:19n orderno:16 fee:10n effdate:8n msg:60"),
    "CARD": _layout(
        "rectype:1 seq:8n cardno:19n cardtype:2n status:2n name:30 idmask:18 balance:10n validto:8n"
        " lasttxn:14n reviewdue:8n"
    ),
    "BLKL": _layout("rectype:1 seq:8n cardno:19n reason:2n effective:14n"),
    "RECN": _layout("rectype:1 seq:8n reqno:20 orderno:16 cardno:19n txn:2n amount:10n txntime:14n status:2n"),
}
AMOUNTS: dict[str, str | None] = {
    "APPL": "amount",
    "RCHG": "amount",
    "RESP": "fee",
    "CARD": "balance",
    "RECN": "amount",
    "BLKL": None,
}
