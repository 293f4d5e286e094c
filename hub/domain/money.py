"""Money as integer fen, and its spellings on the wires: yuan, 万元 and fen, never through a float."""

from __future__ import annotations

import re

LIMIT_FEN = 10**14
"""A million million yuan: beyond any bill, so a larger figure is a misread field."""

_FEN_PER_YUAN = 100
_FEN_PER_WAN = 1_000_000
_DECIMAL = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?")
_GROUPED = re.compile(r"-?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_WHOLE = re.compile(r"-?[0-9]+")
_LONGEST = 40


class MoneyFault(ValueError):
    """The text is no amount of money; `rule` says why. The text itself is not repeated."""

    code = "VAL_FORMAT"

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


def parse_yuan(text: str, *, grouping: bool = False, negative: bool = False) -> int:
    """Read yuan such as `12.50`, `12.5` or `12` into fen; `grouping` also allows `1,234.50`."""
    return _scaled(_ungrouped(text) if grouping else text, 2, negative=negative)


def parse_wan(text: str, *, negative: bool = False) -> int:
    """Read 万元 such as `128.5` into fen; six decimals reach down to one fen."""
    return _scaled(text, 6, negative=negative)


def parse_fen(text: str, *, negative: bool = False) -> int:
    """Read whole fen, with or without leading zeros."""
    if not text.isascii() or len(text) > _LONGEST or not _WHOLE.fullmatch(text):
        raise MoneyFault("format", "an amount in fen is digits only")
    return checked(int(text), negative=negative)


def format_yuan(fen: int, *, grouping: bool = False) -> str:
    """Write fen as yuan with two decimals, the form every utility takes."""
    sign, size = _split(fen)
    whole, part = divmod(size, _FEN_PER_YUAN)
    return f"{sign}{whole:,}.{part:02d}" if grouping else f"{sign}{whole}.{part:02d}"


def format_wan(fen: int) -> str:
    """Write fen as 万元 without needless zeros."""
    sign, size = _split(fen)
    whole, part = divmod(size, _FEN_PER_WAN)
    return f"{sign}{whole}.{part:06d}".rstrip("0").rstrip(".")


def format_fen(fen: int, *, width: int = 0) -> str:
    """Write whole fen, padded with zeros to `width`; too wide an amount is refused, never cut."""
    sign, size = _split(fen)
    text = f"{sign}{size:0{max(width - len(sign), 0)}d}"
    if width and len(text) > width:
        raise MoneyFault("width", f"the amount needs more than {width} characters")
    return text


def checked(fen: int, *, negative: bool = False) -> int:
    """Give `fen` back if it lies within bounds."""
    if fen < 0 and not negative:
        raise MoneyFault("negative", "the amount may not be negative")
    if abs(fen) > LIMIT_FEN:
        raise MoneyFault("bounds", "the amount is beyond any bill")
    return fen


def _scaled(text: str, places: int, *, negative: bool) -> int:
    found = _DECIMAL.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        raise MoneyFault("format", "an amount is digits with at most one decimal point")
    sign, whole, part = found[1], found[2], (found[3] or "")
    if part[places:].strip("0"):
        raise MoneyFault("precision", "the amount is finer than one fen")
    size = int(whole + part[:places].ljust(places, "0"))
    return checked(-size if sign else size, negative=negative)


def _ungrouped(text: str) -> str:
    # A comma in the wrong place is more often a decimal comma than a thousand: refuse it.
    return text.replace(",", "") if _GROUPED.fullmatch(text) else text


def _split(fen: int) -> tuple[str, int]:
    checked(fen, negative=True)
    return ("-" if fen < 0 else ""), abs(fen)
