"""Addresses and administrative divisions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from functools import cached_property

from pydantic import Field

from hub.domain.base import Frozen

_DESIGNATOR = re.compile(r"(?P<building>.{1,20}?[幢栋座号楼])?(?P<unit>.{1,10}?单元)?(?P<room>.{1,20}?[室号]?)")


class Address(Frozen):
    """Address 地址 (locn:Address), with the 9-digit town or street code that routing uses."""

    division_code: str = Field(pattern=r"^\d{9}$")
    full_address: str = Field(min_length=1, max_length=200)
    thoroughfare: str | None = None
    locator_name: str | None = None
    locator_designator: str | None = None
    standard_address_id: str | None = None

    def is_same(self, other: Address) -> bool:
        """Whether both name one place: by number, or by a text that differs in widths and blanks only."""
        known = self.standard_address_id is not None and self.standard_address_id == other.standard_address_id
        return known or _plain(self.full_address) == _plain(other.full_address)


def designation(text: str) -> dict[str, str]:
    """A flat's designation in its parts: `1幢2单元301室` has building, unit and room.

    What is written otherwise is a room, or nothing if it is too long for one.
    """
    found = _DESIGNATOR.fullmatch(text)
    return {name: part for name, part in found.groupdict().items() if part} if found else {}


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


class AdministrativeDivision(Frozen):
    """Administrative division 行政区划; codes are never reused, rows are effective-dated."""

    code: str
    parent: str | None = None
    level: str
    name_zh: str
    name_en: str
    valid_from: date | None = None
    valid_to: date | None = None
    replaced_by: str | None = None


class FunctionalZone(Frozen):
    """Functional zone 功能区: no statutory code, but it may have its own providers."""

    id: str
    name_zh: str
    name_en: str
    member_divisions: tuple[str, ...]


class Divisions(Frozen):
    """All divisions of the city and its zones."""

    city: str
    divisions: tuple[AdministrativeDivision, ...]
    zones: tuple[FunctionalZone, ...] = ()

    @cached_property
    def by_code(self) -> dict[str, AdministrativeDivision]:
        return {division.code: division for division in self.divisions}

    @property
    def counties(self) -> tuple[AdministrativeDivision, ...]:
        return tuple(division for division in self.divisions if division.level == "county")

    def search_path(self, code: str) -> tuple[str, ...]:
        """Keys to try, nearest first: zone, 9 digits, 6 digits, the city's 4 digits."""
        zones: Iterable[str] = (zone.id for zone in self.zones if code in zone.member_divisions)
        return (*zones, code[:9], code[:6], code[:4])
