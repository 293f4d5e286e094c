"""ISO 8583:1987 in ASCII as the centre reads and writes it, bit by bit; field 48 as tags in GB18030."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# A positive width is fixed; a negative one counts the digits of the length before the value.
_WIDTHS = {2: -2, 3: 6, 4: 12, 7: 10, 11: 6, 12: 6, 13: 4, 32: -2, 37: 12, 39: 2, 41: 8, 42: 15}
_WIDTHS |= {48: -3, 49: 3, 54: -3, 62: -3, 64: 16, 70: 3, 90: 42}
_DIGITS = frozenset({2, 3, 4, 7, 11, 12, 13, 32, 49, 70, 90})
_MOST = {2: 19, 32: 11}
CHARSET = "gb18030"


class FormatError(ValueError):
    """The frame is no message of the contract; `place` says where."""

    def __init__(self, place: str) -> None:
        super().__init__(place)
        self.place = place


@dataclass(frozen=True, slots=True)
class Frame:
    """One message. `tags` are those of field 48; `signed` is what stands before field 64."""

    mti: str
    fields: Mapping[int, str] = field(repr=False)
    tags: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    signed: bytes = field(default=b"", repr=False)

    def get(self, number: int) -> str:
        return self.fields.get(number, "")

    def tag(self, name: str) -> str:
        return dict(self.tags).get(name, "")

    @property
    def operation(self) -> str:
        """How faults and the journal name it: the processing code of a 0200, else the type."""
        return self.get(3) if self.mti == "0200" else self.mti

    @property
    def reply_mti(self) -> str:
        return f"{self.mti[:2]}{int(self.mti[2]) + 1}0"


def read(data: bytes) -> Frame:
    mti, numbers, at = _head(data)
    fields: dict[int, str] = {}
    tags: tuple[tuple[str, str], ...] = ()
    signed = b""
    for number in numbers:
        if number == 64:
            signed = data[:at]
        value, at = _value(data, at, number)
        if number == 48:
            tags = read_tags(value)
            continue
        text = value.decode("ascii", "replace")
        if not text.isascii() or (number in _DIGITS and not text.isdigit()):
            raise FormatError(f"DE{number}")
        fields[number] = text
    if at != len(data):
        raise FormatError("length")
    return Frame(mti, fields, tags, signed)


def _head(data: bytes) -> tuple[str, list[int], int]:
    mti, at = data[:4], 20
    if len(mti) < 4 or not mti.isdigit() or mti[:1] != b"0":
        raise FormatError("MTI")
    bits = _bits(data[4:20])
    if bits[0]:
        bits += _bits(data[20:36])
        at = 36
        if not any(bits[64:]):
            raise FormatError("bitmap")
    return mti.decode(), [n for n, there in enumerate(bits, start=1) if there and n != 1], at


def _bits(text: bytes) -> list[bool]:
    if len(text) != 16 or text != text.upper():
        raise FormatError("bitmap")
    try:
        value = int(text.decode("ascii"), 16)
    except ValueError:
        raise FormatError("bitmap") from None
    return [bool(value >> (63 - place) & 1) for place in range(64)]


def _value(data: bytes, at: int, number: int) -> tuple[bytes, int]:
    width = _WIDTHS.get(number)
    if width is None:
        raise FormatError(f"DE{number}")
    if width < 0:
        length = data[at : at - width]
        if len(length) != -width or not length.isdigit():
            raise FormatError(f"DE{number}")
        at, width = at - width, int(length)
        if not 0 < width <= _MOST.get(number, 999):
            raise FormatError(f"DE{number}")
    value = data[at : at + width]
    if len(value) != width:
        raise FormatError(f"DE{number}")
    return value, at + width


def read_tags(data: bytes) -> tuple[tuple[str, str], ...]:
    tags, at = [], 0
    while at < len(data):
        head = data[at : at + 6]
        if len(head) != 6 or not head.isdigit():
            raise FormatError("DE48")
        size = int(head[3:])
        value = data[at + 6 : at + 6 + size]
        if len(value) != size:
            raise FormatError(f"DE48.{head[:3].decode()}")
        try:
            tags.append((head[:3].decode(), value.decode(CHARSET)))
        except UnicodeDecodeError:
            raise FormatError(f"DE48.{head[:3].decode()}") from None
        at += 6 + size
    return tuple(tags)


def write_tags(tags: Iterable[tuple[str, str]], charset: str = CHARSET) -> bytes:
    parts = [(tag, value.encode(charset, "replace")) for tag, value in tags if value]
    return b"".join(tag.encode() + f"{len(value):03d}".encode() + value for tag, value in parts)


def write(mti: str, fields: Mapping[int, str], tags: bytes = b"") -> tuple[bytes, bytes]:
    """A message in two parts: what stands before field 64, and the rest. Field 64 itself is not written."""
    values = {number: value.encode("ascii") for number, value in fields.items()}
    if tags:
        values[48] = tags
    numbers = sorted(values)
    second = any(number > 64 for number in numbers)
    bits = sum(1 << (128 - number) for number in numbers) | (1 << 127 if second else 0)
    bits |= 1 << (128 - 64) if mti[1] != "8" else 0
    bitmap = f"{bits:032X}".encode()[: 32 if second else 16]
    before = b"".join(_written(number, values[number]) for number in numbers if number < 64)
    after = b"".join(_written(number, values[number]) for number in numbers if number > 64)
    return mti.encode() + bitmap + before, after


def _written(number: int, value: bytes) -> bytes:
    width = _WIDTHS[number]
    if width > 0 and len(value) != width:
        raise FormatError(f"DE{number}")
    return value if width > 0 else f"{len(value):0{-width}d}".encode() + value
