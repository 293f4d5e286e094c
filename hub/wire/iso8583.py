"""ISO 8583:1987 messages in ASCII, with private data as tags: written and read strictly, contents never in errors.

A message is its type and its fields by number, as text. Field 48 is text of tags, each `tag3 len3 value` with its
length in bytes of the charset; `write_tags` and `read_tags` make and read it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import iso8583
from iso8583.specs import default_ascii

from hub.errors import DecodeError, EncodeError
from hub.wire import charsets
from hub.wire.crypto import same

PRIVATE = 48
MAC = 64
NO_MAC = "0" * 16
"""Stands for the MAC until the connection that carries the message sets it."""

_LARGEST = 999
_NUMBERS = frozenset({2, 3, 4, 7, 11, 12, 13, 15, 32, 49, 70, 90})
# Tags may hold any charset and count their bytes: for the library the field is bytes, one character each.
_SPEC = {**default_ascii, str(PRIVATE): {**default_ascii[str(PRIVATE)], "data_enc": "latin-1"}}
Authenticate = Callable[[bytes], str]


@dataclass(frozen=True, slots=True)
class Message:
    """One message: `mti` such as 0200, `fields` by number without the bitmaps."""

    mti: str
    fields: Mapping[int, str] = field(repr=False)

    def get(self, number: int) -> str:
        return self.fields.get(number, "")

    @property
    def reply_mti(self) -> str:
        """The type of the reply to this request: 0200 gives 0210."""
        return f"{int(self.mti) + 10:04d}"


def encode(message: Message) -> bytes:
    """Write a message. Raises EncodeError naming the field."""
    for number, value in message.fields.items():
        if not value:
            raise EncodeError(f"DE{number}", "is empty")
        if number in _NUMBERS and not (value.isascii() and value.isdigit()):
            raise EncodeError(f"DE{number}", "is not digits")
        if number != PRIVATE and not (value.isascii() and value.isprintable()):
            raise EncodeError(f"DE{number}", "holds a character that is not printable ASCII")
    document = {"t": message.mti, **{str(number): value for number, value in message.fields.items()}}
    try:
        data, _ = iso8583.encode(document, _SPEC)
    except iso8583.EncodeError as error:
        place, reason = error.field, error.msg
    else:
        return bytes(data)
    raise EncodeError(f"DE{place}", reason.lower())


def decode(data: bytes) -> Message:
    """Read a message. Raises DecodeError naming the field, for anything that `encode` would not write so."""
    try:
        document, _ = iso8583.decode(data, _SPEC)
    except iso8583.DecodeError as error:
        # The library's error holds the whole message.
        place, reason, at = error.field, error.msg, error.pos
    else:
        return _strict(document, data)
    raise DecodeError(f"DE{place} at byte {at}", reason.lower())


def _strict(document: Mapping[str, str], data: bytes) -> Message:
    fields = {int(name): value for name, value in document.items() if name not in {"h", "t", "p", "1"}}
    message = Message(document["t"], fields)
    try:
        again = encode(message)
    except EncodeError as error:
        place = error.where
    else:
        if again == data:
            return message
        # A length such as "+5" or an empty second bitmap: the library lets them pass.
        place = "message"
    raise DecodeError(place, "is not written as the standard has it")


def reply_key(message: Message) -> str:
    """What a request and its reply have in common, under the reply's type: trace number, terminal, reference number.

    Trace numbers wrap and are counted by terminal; a late reply must not answer another request.
    """
    mti = message.mti if message.mti[2:3] in {"1", "3"} else message.reply_mti
    return f"{mti}:{message.get(11)}:{message.get(41)}:{message.get(37)}"


def seal(data: bytes, mac: Authenticate) -> bytes:
    """Set the MAC, field 64, over all that stands before it."""
    start = _mac_start(data)
    return data[:start] + mac(data[:start]).encode("ascii") + data[start + len(NO_MAC) :]


def is_sealed(data: bytes, mac: Authenticate) -> bool:
    """Tell whether field 64 is the MAC of all that stands before it."""
    try:
        start = _mac_start(data)
    except (EncodeError, DecodeError):
        return False
    return same(data[start : start + len(NO_MAC)], mac(data[:start]))


def _mac_start(data: bytes) -> int:
    message = decode(data)
    if not message.get(MAC):
        raise EncodeError(f"DE{MAC}", "is not in the message")
    # Fields above 64 come after the MAC, which therefore does not cover them.
    document = {"t": message.mti, **{str(number): value for number, value in message.fields.items()}}
    _, parts = iso8583.encode(document, _SPEC)
    behind = sum(
        len(parts[str(number)]["len"] + parts[str(number)]["data"]) for number in message.fields if number > MAC
    )
    return len(data) - behind - len(NO_MAC)


def write_tags(tags: Iterable[tuple[str, str]], charset: str = "gb18030") -> str:
    """Make the text of field 48. Raises EncodeError naming the tag, whose value never appears."""
    parts: list[bytes] = []
    for tag, value in tags:
        data = charsets.encode(value, charset, f"DE{PRIVATE}.{tag}")
        if len(data) > _LARGEST:
            raise EncodeError(f"DE{PRIVATE}.{tag}", f"takes {len(data)} bytes, {_LARGEST} are allowed")
        parts.append(f"{tag:>03}{len(data):03d}".encode("ascii") + data)
    whole = b"".join(parts)
    if len(whole) > _LARGEST:
        raise EncodeError(f"DE{PRIVATE}", f"takes {len(whole)} bytes, {_LARGEST} are allowed")
    return whole.decode("latin-1")


def read_tags(text: str, charset: str = "gb18030") -> list[tuple[str, str]]:
    """Read the text of field 48 into its tags in order; one that comes twice stands twice."""
    data, tags, at = text.encode("latin-1"), [], 0
    while at < len(data):
        head = data[at : at + 6]
        if len(head) < 6 or not head.isdigit():
            raise DecodeError(f"DE{PRIVATE} at byte {at}", "is not a tag and a length")
        tag, size = head[:3].decode("ascii"), int(head[3:])
        value = data[at + 6 : at + 6 + size]
        if len(value) < size:
            raise DecodeError(f"DE{PRIVATE}.{tag}", f"has {len(value)} bytes, {size} are announced")
        tags.append((tag, _text(value, charset, f"DE{PRIVATE}.{tag}")))
        at += 6 + size
    return tags


def _text(value: bytes, charset: str, where: str) -> str:
    # No looking for a byte-order mark: 锘 and 縜 together begin like one.
    try:
        return value.decode(charset)
    except UnicodeDecodeError as error:
        position = error.start
    raise DecodeError(where, f"byte {position} of {len(value)} is not {charset}")
