"""The registers behind the gateway: population, permits, enterprises, licences, real estate. Nobody in them exists."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

SAME, DIFFERENT, ABSENT, CANCELLED = "01", "02", "03", "04"


@dataclass(slots=True)
class Citizen:
    """One resident. `stored` is the name as the register spells it: rare characters by private-use code points."""

    id_no: str = field(repr=False)
    name: str = field(repr=False)
    stored: str = field(repr=False)
    state: str = SAME
    on_record_from: datetime | None = None
    valid_from: str = "20200101"
    valid_to: str = "20400101"
    household: str = ""
    relation: str = "02"


@dataclass(slots=True)
class Permit:
    """A passport, travel permit, residence permit or permanent residence card."""

    number: str = field(repr=False)
    name: str = field(repr=False)
    state: str = SAME
    on_record_from: datetime | None = None


@dataclass(slots=True)
class Enterprise:
    uscc: str
    name: str = field(repr=False)
    legal_rep: str = field(repr=False)
    status: str = "存续"
    address: str = "嘉兴市南湖区模拟路1号"


@dataclass(slots=True)
class Holding:
    """One real-estate unit that somebody owns."""

    unit: str
    certificate: str
    location: str = field(repr=False)


@dataclass(slots=True)
class Registers:
    """Everything that can be asked for, by number."""

    citizens: dict[str, Citizen] = field(default_factory=dict, repr=False)
    permits: dict[str, Permit] = field(default_factory=dict, repr=False)
    enterprises: dict[str, Enterprise] = field(default_factory=dict, repr=False)
    holdings: dict[str, list[Holding]] = field(default_factory=dict, repr=False)
    licences: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict, repr=False)

    def members(self, household: str) -> list[Citizen]:
        return [each for each in self.citizens.values() if household and each.household == household]


def licence_file(identifier: str) -> bytes:
    """The electronic licence itself: synthetic, and marked as such."""
    mark = hashlib.sha256(identifier.encode()).hexdigest()
    return f"%PDF-1.7\n% 模拟电子证照 SIMULATED LICENCE {identifier} {mark}\n%%EOF\n".encode()
