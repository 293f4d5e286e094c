"""ISO 8583 messages as trees for mappings: `MTI`, `DE2` and on; field 48 by tag as `DE48.T001`; what lacks a year.

A tag that is a list stands several times. A request without field 11 is a question: its trace number is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hub.errors import DecodeError
from hub.wire import iso8583
from hub.wire.exchange import FrameRequest
from hub.wire.iso8583 import MAC, NO_MAC, PRIVATE, Message

_CHINA = timezone(timedelta(hours=8))
_AMOUNT = 20


def written(tree: Mapping[str, Any], draw: Callable[[int], bytes], *, seal: bool = True) -> FrameRequest:
    """The message of a tree; with `seal` it gets the place of a MAC. Raises EncodeError naming the field."""
    fields = {int(name[2:]): str(value) for name, value in tree.items() if name.startswith("DE") and name != "DE48"}
    if tags := _tags(tree.get("DE48", {})):
        fields[PRIVATE] = iso8583.write_tags(tags)
    if 11 not in fields:
        fields[11] = f"{int.from_bytes(draw(4), 'big') % 1_000_000:06d}"
    if seal:
        fields[MAC] = NO_MAC
    message = Message(tree["MTI"], fields)
    return FrameRequest(iso8583.reply_key(message), iso8583.encode(message))


def read(body: bytes, now: datetime) -> dict[str, Any]:
    """A reply as a tree, with `SENT`, field 7 as `yyyyMMddHHmmss`, and `BALANCE`, field 54 as digits of fen."""
    message = iso8583.decode(body)
    if message.mti[2:] != "10" or not message.get(39):
        raise DecodeError("MTI", "is no reply with a response code")
    tree: dict[str, Any] = {f"DE{number}": value for number, value in message.fields.items() if number != PRIVATE}
    tree |= {"MTI": message.mti, "DE48": {f"T{tag}": value for tag, value in iso8583.read_tags(message.get(PRIVATE))}}
    if message.get(7):
        tree["SENT"] = f"{dated(message.get(7), now):%Y%m%d%H%M%S}"
    if message.get(54):
        tree["BALANCE"] = _amount(message.get(54))
    return tree


def dated(stamp: str, now: datetime) -> datetime:
    """`MMddHHmmss` in the year that brings it nearest: on New Year's Eve the other side may be a year ahead."""
    here, found = now.astimezone(_CHINA), []
    for year in (here.year - 1, here.year, here.year + 1):
        try:
            found.append(datetime.strptime(f"{year}{stamp}+0800", "%Y%m%d%H%M%S%z"))
        except ValueError:
            continue
    if not found:
        raise DecodeError("DE7", "is no month, day and time")
    return min(found, key=lambda when: abs(when - now.astimezone(UTC)))


def _tags(tree: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = []
    for name, value in sorted(tree.items()):
        values = value if isinstance(value, list | tuple) else [value]
        found += [(name.removeprefix("T"), str(each)) for each in values]
    return found


def _amount(text: str) -> str:
    """Field 54: account, kind, currency, sign and twelve digits."""
    if len(text) != _AMOUNT or not (text[8:].isascii() and text[8:].isdigit()) or text[7] not in {"C", "D"}:
        raise DecodeError("DE54", "is no additional amount")
    return text[8:] if text[7] == "C" else f"-{text[8:]}"
