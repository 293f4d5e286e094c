"""Frames of the citizen card centre written and shown by hand from its contract: no code is shared with the adapter."""

from __future__ import annotations

# Number: (width, meaning). A negative width counts the digits of the length before the value.
FIELDS = {
    2: (-2, "card number"),
    3: (6, "processing code"),
    4: (12, "amount in fen"),
    7: (10, "time of sending MMddHHmmss"),
    11: (6, "trace number"),
    12: (6, "local time"),
    13: (4, "local date"),
    32: (-2, "institution"),
    37: (12, "reference number"),
    39: (2, "response code"),
    41: (8, "terminal"),
    42: (15, "merchant"),
    48: (-3, "private data"),
    49: (3, "currency"),
    54: (-3, "additional amounts"),
    62: (-3, "session keys"),
    64: (16, "MAC, set when sent"),
    70: (3, "network management code"),
    90: (42, "original: type, trace number, date and time, institution, zeros"),
}
TAGS = {
    "001": "name",
    "002": "document number",
    "003": "reason",
    "004": "identity assertion",
    "005": "mobile",
    "006": "functions",
    "007": "new card",
    "008": "lapses at",
    "009": "total: code, count, sum",
}


def shown(frame: bytes) -> str:
    """A frame as hex, a line a field, with what it says beside it."""
    lines = [line(frame[:4], "MTI", frame[:4].decode())]
    bits = f"{int(frame[4:20], 16):064b}"
    at = 20
    if bits[0] == "1":
        bits += f"{int(frame[20:36], 16):064b}"
        at = 36
    numbers = [number for number, bit in enumerate(bits, start=1) if bit == "1" and number > 1]
    lines.append(line(frame[4:at], "bitmap", " ".join(map(str, numbers))))
    for number in numbers:
        width, meaning = FIELDS[number]
        if width < 0:
            lines.append(line(frame[at : at - width], f"DE{number}", f"{int(frame[at : at - width])} bytes follow"))
            at, width = at - width, int(frame[at : at - width])
        value = frame[at : at + width]
        at += width
        lines += tagged(value) if number == 48 else [line(value, f"DE{number}", f"{meaning}: {value.decode()}")]
    assert at == len(frame)
    return "\n".join(lines) + "\n"


def tagged(data: bytes) -> list[str]:
    lines, at = [], 0
    while at < len(data):
        tag, size = data[at : at + 3].decode(), int(data[at + 3 : at + 6])
        value = data[at + 6 : at + 6 + size]
        lines.append(line(data[at : at + 6], f"  {tag}", f"{size} bytes of GB18030"))
        lines.append(line(value, f"  {tag}", f"{TAGS[tag]}: {value.decode('gb18030')}"))
        at += 6 + size
    return lines


def line(data: bytes, place: str, words: str) -> str:
    return f"{data.hex():<48}  # {place:<7} {words}"


def unshown(text: str) -> bytes:
    """The frame back out of its hex."""
    return bytes.fromhex("".join(each.partition("#")[0] for each in text.splitlines()))


def frame(mti: str, tags: dict[str, str] | None = None, **fields: str) -> bytes:
    """A frame of the centre; `de39="00"`. The MAC is left at zeros: the connection has checked it before."""
    values = {int(name[2:]): value.encode() for name, value in fields.items()}
    if tags:
        parts = [(tag.encode(), value.encode("gb18030")) for tag, value in tags.items()]
        values[48] = b"".join(tag + b"%03d" % len(value) + value for tag, value in parts)
    if mti[1] != "8":
        values[64] = b"0" * 16
    bits = ["1" if number in values else "0" for number in range(1, 65)]
    body = b""
    for number in sorted(values):
        width = FIELDS[number][0]
        size = b"" if width > 0 else f"{len(values[number]):0{-width}d}".encode()
        body += size + values[number]
    if any(number > 64 for number in values):
        bits[0] = "1"
        bits += ["1" if number in values else "0" for number in range(65, 129)]
    bitmap = b"".join(b"%02X" % int("".join(bits[at : at + 8]), 2) for at in range(0, len(bits), 8))
    return mti.encode() + bitmap + body


def reply(
    code: str, *, mti: str = "0210", what: str = "300000", tags: dict[str, str] | None = None, **more: str
) -> bytes:
    """A reply as the centre sends it to the example's order."""
    usual = {"de3": what, "de7": "1124091501", "de11": "000101", "de12": "090000", "de13": "1124", "de32": "33040001"}
    usual |= {"de37": "7GPFG42PO2BT", "de39": code, "de41": "33040200", "de42": "330400000000001", "de49": "156"}
    return frame(mti, tags, **{**usual, **more})
