"""The register itself: units, their owners of the day, and what burdens them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

_BRACKETS = str.maketrans("（）", "()")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_PLACES = {
    "330402": "嘉兴市",
    "330411": "嘉兴市",
    "330421": "嘉善县",
    "330424": "海盐县",
    "330481": "海宁市",
    "330482": "平湖市",
    "330483": "桐乡市",
}
COUNTIES = tuple(_PLACES)


@dataclass(frozen=True, slots=True)
class Owner:
    """One owner as registered; old entries still have numbers of 15 digits."""

    name: str
    kind: str
    number: str
    mode: str = "0"
    share: str = " "
    phone: str = " "


@dataclass(frozen=True, slots=True)
class Unit:
    """One real-estate unit with its current entry."""

    number: str
    certificate: str
    place: str
    owners: tuple[Owner, ...]
    area: float = 89.5
    use: str = "住宅"
    sealed: bool = False
    mortgaged: bool = False


@dataclass(slots=True)
class Register:
    """All units, and the numbers given out."""

    units: dict[str, Unit]
    certificates: int = 90_000
    changed: bool = True

    def transfer(self, number: str, owners: tuple[Owner, ...], year: int) -> Unit:
        """Enter new owners; the unit gets a new certificate number."""
        self.certificates += 1
        certificate = certificate_no(number[:6], year, self.certificates)
        self.changed = True
        self.units[number] = replace(self.units[number], owners=owners, certificate=certificate)
        return self.units[number]


def certificate_no(county: str, year: int, running: int) -> str:
    """As it is printed here: with full-width brackets."""
    return f"浙（{year}）{_PLACES[county]}不动产权第{running:07d}号"


def same_certificate(one: str, other: str) -> bool:
    return one.translate(_BRACKETS).strip() == other.translate(_BRACKETS).strip()


def same_number(one: str, other: str) -> bool:
    """Whether two numbers name one person: small and large x, and numbers from before 1999, are the same."""
    return _normal(one) == _normal(other)


def _normal(number: str) -> str:
    plain = number.strip().upper()
    if re.fullmatch(r"\d{15}", plain):
        longer = f"{plain[:6]}19{plain[6:]}"
        total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, longer, strict=True))
        return longer + "10X98765432"[total % 11]
    return plain
