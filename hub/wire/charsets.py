"""Text to bytes and back in the character sets that utilities really use, without guessing and without loss."""

from __future__ import annotations

import codecs
import re

from hub.errors import DecodeError, EncodeError

_GB = ("gb2312", "gb_2312-80", "csgb2312", "euc-cn", "gbk", "x-gbk", "cp936", "ms936", "windows-936")

# A closed table: a far side must not be able to name codecs such as utf-7 or unicode_escape.
_WRITE = {
    **dict.fromkeys(_GB, "gbk"),
    "gb18030": "gb18030",
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "ascii": "ascii",
    "us-ascii": "ascii",
    "big5": "big5hkscs",
    "iso-8859-1": "iso-8859-1",
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
}
# Whoever says gb2312 sends GBK, and sometimes GB18030; reading with the superset takes all three.
_READ = {**_WRITE, **dict.fromkeys(_GB, "gb18030")}

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
_WIDE = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_LEGIBLE = re.compile(r"[A-Za-z0-9._-]{1,24}")


def encode(text: str, charset: str, where: str = "text") -> bytes:
    """Encode strictly; characters outside the charset are counted in the error, never shown or replaced."""
    codec = _codec_for_writing(charset, where)
    try:
        return text.encode(codec)
    except UnicodeEncodeError:
        misfits = sum(not _encodable(character, codec) for character in text)
    raise EncodeError(where, f"{misfits} of {len(text)} characters do not exist in {charset}")


def decode(data: bytes, declared: str | None, where: str = "text") -> str:
    """Decode strictly: a byte-order mark wins over what is declared, and any gb* name is read as GB18030."""
    codec, data = _bom(data)
    if codec is None:
        codec = _codec_for_reading(declared or "utf-8", where)
    try:
        return data.decode(codec)
    except UnicodeDecodeError as error:
        position = error.start
    raise DecodeError(where, f"byte {position} of {len(data)} is not {codec}")


def decode_first(data: bytes, candidates: tuple[str | None, ...], where: str = "text") -> str:
    """Decode in the first of several contradicting declarations that fits every byte, UTF-8 before all others.

    UTF-8 practically never accepts another charset's Chinese, while GB18030 accepts much of UTF-8 as nonsense.
    """
    named = [name for name in candidates if name]
    named.sort(key=lambda name: _READ.get(_canonical(name)) != "utf-8")
    for name in named:
        try:
            return decode(data, name, where)
        except DecodeError:
            continue
    return decode(data, "utf-8", where)


def fits(text: str, charset: str, max_bytes: int) -> bool:
    """Tell whether every character exists in the charset and all of them take at most `max_bytes`."""
    try:
        return len(encode(text, charset)) <= max_bytes
    except EncodeError:
        return False


def cut(text: str, charset: str, max_bytes: int) -> str:
    """Return what is left of a text that somebody cut to `max_bytes`; for comparing what was read, not for sending."""
    return decode_cut(encode(text, charset)[:max_bytes], charset)


def decode_cut(data: bytes, charset: str, where: str = "text") -> str:
    """Decode bytes that may end in the middle of a character, which is then left out."""
    decoder = codecs.getincrementaldecoder(_codec_for_reading(charset, where))()
    try:
        return decoder.decode(data)
    except UnicodeDecodeError as error:
        position = error.start
    raise DecodeError(where, f"byte {position} of {len(data)} is not {charset}")


def fold_width(text: str) -> str:
    """Turn full-width letters, digits, punctuation and spaces into the ordinary ones; leave all else."""
    return text.translate(_WIDE)


def _canonical(charset: str) -> str:
    return charset.strip().strip("\"'").lower()


def _bom(data: bytes) -> tuple[str | None, bytes]:
    for mark, codec in _BOMS:
        if data.startswith(mark):
            return codec, data[len(mark) :]
    return None, data


def _encodable(character: str, codec: str) -> bool:
    try:
        character.encode(codec)
    except UnicodeEncodeError:
        return False
    return True


def _codec_for_writing(charset: str, where: str) -> str:
    codec = _WRITE.get(_canonical(charset))
    if codec is None:
        raise EncodeError(where, f"the charset {_shown(charset)} is not supported")
    return codec


def _codec_for_reading(charset: str, where: str) -> str:
    codec = _READ.get(_canonical(charset))
    if codec is None:
        raise DecodeError(where, f"the charset {_shown(charset)} is not supported")
    return codec


def _shown(charset: str) -> str:
    return repr(charset) if _LEGIBLE.fullmatch(charset) else "named there"
