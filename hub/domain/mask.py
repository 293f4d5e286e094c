"""Masks for personal data, and a redactor of known values, and of what looks like one, in any text."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

from stdnum.cn import ric

from hub.domain.numbers import NumberFault, parse_case_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Kind = Literal["name", "document", "mobile", "address", "other"]

_HIDDEN = "***"

_BUILDING = re.compile(
    r"(?:[0-9A-Za-z]+|[一二三四五六七八九十百]+)(?:[-#/][0-9A-Za-z]+)*\s*(?:号楼|号院|幢|栋|座|单元|层|楼|室|#)"
    r"|[0-9]+(?:[-#/][0-9A-Za-z]+)+"
)
_HOUSE = re.compile(r"[0-9]+\s*[号弄组](?:之[一二三四五六七八九十0-9]+)?")
_HOUSE_AT_END = re.compile(rf"(?:{_HOUSE.pattern}\s*)+$")
_AREA_END = re.compile(r".*(?:省|市|区|县|镇|乡|街道|社区|村|路|街|巷|小区|花园|苑|园|城|府|湾|里|公寓|大厦|广场)")

_MONTH_DAY = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
_BIRTH = rf"(?:18|19|20)[0-9]{{2}}{_MONTH_DAY}"
_RIC_ALONE = re.compile(rf"(?<![0-9])[0-9]{{6}}[ -]?{_BIRTH}[ -]?[0-9]{{3}}[0-9Xx](?![0-9])")
_RIC_INSIDE = re.compile(rf"(?=([0-9]{{6}}{_BIRTH}[0-9]{{3}}[0-9Xx]))")
_OLD_RIC = re.compile(rf"(?<![0-9])[0-9]{{8}}{_MONTH_DAY}[0-9]{{3}}(?![0-9])")
_MOBILE = re.compile(r"(?<![0-9])(?:(?:00)?86[ -]?)?(1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4})(?![0-9])")
_CASE = re.compile(r"JX6[0-9]{21}(?![0-9])")


def mask_name(name: str) -> str:
    """Keep the first character: 张*, 欧**, 阿**·**, J*** *****. A single character is hidden too."""
    first, rest = name[:1], name[1:]
    if not rest:
        return "*" if first else ""
    return first + "".join(c if c.isspace() or c in "·•" else "*" for c in rest)


def mask_document(number: str) -> str:
    """Keep six and four characters of a resident number or credit code, less of a shorter number."""
    return _keep(number, 6, 4) if len(number) >= 15 else _keep(number, len(number) // 4, len(number) // 5)


def mask_mobile(number: str) -> str:
    """Keep network and last four digits: 138****8000; of a landline the area code and two digits."""
    if re.fullmatch(r"0[0-9]{2,3}-[0-9]{7,8}", number):
        return _keep(number, number.index("-") + 1, 2)
    return _keep(number, 3, 4) if len(number) >= 11 else _keep(number, 0, min(2, len(number) // 3))


def mask_address(address: str) -> str:
    """Keep an address down to its estate, or to the road or village when it names none."""
    building = _BUILDING.search(address)
    head = address[: building.start()] if building else address
    if building:
        # A house number right before the building is the building's own, not the estate's.
        head = _HOUSE_AT_END.sub("", head)
    else:
        house = _HOUSE.search(address)
        area = _AREA_END.match(address)
        head = address[: house.start()] if house else (area[0] if area else "")
    return head + _HIDDEN


def mask_other(value: str) -> str:
    """Hide a value of no known kind altogether, its length too."""
    return _HIDDEN if value else ""


MASKS: dict[Kind, Callable[[str], str]] = {
    "name": mask_name,
    "document": mask_document,
    "mobile": mask_mobile,
    "address": mask_address,
    "other": mask_other,
}


class Redactor:
    """Replaces the personal values of one case by their masks, and whatever looks like an id or a mobile."""

    def __init__(self, values: Iterable[tuple[Kind, str]] = ()) -> None:
        known = [(kind, value.strip()) for kind, value in values if any(map(str.isalnum, value))]
        spelt = {spelling: (kind, value) for kind, value in known for spelling in _spellings(value)}
        longest_first = sorted(spelt, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE) if spelt else None
        self._masks = {spelling.casefold(): self._mask(*of) for spelling, of in spelt.items()}

    def text(self, text: str) -> str:
        """The text without the known values and without what looks like a resident or mobile number."""
        # A value may begin inside the part of another one that its mask keeps: look again.
        while self._known and self._known.search(text):
            text = self._known.sub(lambda found: self._masks.get(found[0].casefold(), _HIDDEN), text)
        stars = {at for span in _suspects(text) for at in span}
        return "".join("*" if at in stars else c for at, c in enumerate(text)) if stars else text

    def _mask(self, kind: Kind, value: str) -> str:
        # A mask may still hold a known value (an address without numbers, a one-character name): hide all.
        mask = MASKS[kind](value)
        return _HIDDEN if self._known and self._known.search(mask) else mask

    def __repr__(self) -> str:
        return f"<Redactor of {len(self._masks)} spellings>"


def _spellings(value: str) -> Iterator[str]:
    """Yield the value as it may stand in JSON, in a form body, or in an XML reference."""
    yield value
    yield json.dumps(value)[1:-1]
    yield quote(value, safe="", errors="replace")
    yield quote(value, safe="", encoding="gb18030", errors="replace")
    yield "".join(c if c.isascii() else f"&#{ord(c)};" for c in value)
    yield "".join(c if c.isascii() else f"&#x{ord(c):x};" for c in value)


def _suspects(text: str) -> Iterator[range]:
    """Yield the places to hide. The digits of our own case numbers may look like one, and stay."""
    own = [range(*found.span()) for found in _CASE.finditer(text) if _is_case(found[0])]
    for found in _RIC_ALONE.finditer(text):
        yield range(found.start() + 6, found.end() - 4)
    for found in _OLD_RIC.finditer(text):
        yield range(found.start() + 6, found.end() - 3)
    for found in _RIC_INSIDE.finditer(text):
        number = found[1].upper()
        if ric.calc_check_digit(number) == number[-1] and not any(_inside(found.start(), span) for span in own):
            yield range(found.start() + 6, found.start() + 14)
    for found in _MOBILE.finditer(text):
        yield range(found.start(1) + 3, found.end(1) - 4)


def _inside(start: int, span: range) -> bool:
    return start in span and start + 17 in span


def _is_case(text: str) -> bool:
    try:
        parse_case_number(text)
    except NumberFault:
        return False
    return True


def _keep(text: str, head: int, tail: int) -> str:
    return text[:head] + "*" * (len(text) - head - tail) + text[len(text) - tail :]
