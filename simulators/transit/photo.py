"""Reads the size of a JPEG from its frame header, which is all the card printer asks of a portrait."""

from __future__ import annotations

PORTRAIT = (358, 441)
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA


def jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Width and height, None if the bytes are no JPEG."""
    if data[:2] != bytes((0xFF, _SOI)):
        return None
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF or marker in _STANDALONE:
            at += 1 if marker == 0xFF else 2
            continue
        if marker in {_SOS, _EOI}:
            return None
        if marker in _FRAMES:
            frame = data[at + 5 : at + 9]
            height, width = int.from_bytes(frame[:2], "big"), int.from_bytes(frame[2:4], "big")
            return (width, height) if len(frame) == 4 else None
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        if length < 2:
            return None
        at += 2 + length
    return None
