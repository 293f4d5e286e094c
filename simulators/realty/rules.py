"""What the registry looks at before it takes an application, and why it turns one down (SBYY)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import hashes

from simulators.realty.schema import APPLICATION, FILE, PARTY, violations
from simulators.realty.units import Owner, Register, same_certificate, same_number

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence
    from pathlib import Path

    from simulators.realty.units import Unit

MALFORMED = "数据不合规范"
OTHER_REGISTRY = "非本登记机构辖区"
NO_UNIT = "不动产单元不存在"
OPEN_CASE = "重复受理"
CERTIFICATE = "权证号不符"
SEALED = "不动产已查封"
MORTGAGED = "抵押未经抵押权人同意"
NOT_OWNER = "义务人非登记权利人"
NOT_FILED = "合同未网签备案"
UNTAXED = "税款未缴清"
UNCLEAR = "材料不清晰"
SHARES = "共有份额不符"
REASONS = (
    MALFORMED, OTHER_REGISTRY, NO_UNIT, OPEN_CASE, CERTIFICATE, SEALED, MORTGAGED, NOT_OWNER, NOT_FILED, UNTAXED,
    UNCLEAR, SHARES,
)  # fmt: skip
MORTGAGEE_CONSENT = "06"
_NOT_FILED, _UNTAXED = "-N", "-U"  # ends of sale contract numbers that the filing system answers so


@dataclass(frozen=True, slots=True)
class Handed:
    """One application as it stands in the tables."""

    row: Mapping[str, Any]
    parties: Sequence[Mapping[str, Any]]
    files: Sequence[Mapping[str, Any]]

    def side(self, kind: str) -> list[Owner]:
        """The parties of one side: 1 who acquires, 2 who gives."""
        rows = sorted((each for each in self.parties if each["LX"] == kind), key=lambda each: str(each["SXH"]))
        return [
            Owner(each["MC"].strip(), each["ZJZL"].strip(), each["ZJH"].strip(), each["GYFS"], each["QLBL"], each["DH"])
            for each in rows
        ]

    def broken(self) -> list[str]:
        """What breaks the contract."""
        found = violations(APPLICATION, self.row)
        found += [text for row in self.parties for text in violations(PARTY, row)]
        found += [text for row in self.files for text in violations(FILE, row)]
        if not self.side("1") or not self.side("2"):
            found.append("QZ_QLR: both sides are wanted")
        return found


def refusal(handed: Handed, register: Register, open_units: Container[str], disk: Path) -> str:
    """Why an application is not taken; nothing if it is."""
    row = handed.row
    if handed.broken():
        return MALFORMED
    if row["BDCDYH"][:6] != row["QXDM"]:
        return OTHER_REGISTRY
    unit = register.units.get(row["BDCDYH"])
    if unit is None:
        return NO_UNIT
    contract = row["HTBH"].strip()
    mortgagee = any(each["FJLX"].strip() == MORTGAGEE_CONSENT for each in handed.files)
    checks = {
        OPEN_CASE: unit.number in open_units,
        CERTIFICATE: not same_certificate(row["BDCQZH"], unit.certificate),
        SEALED: unit.sealed,
        MORTGAGED: unit.mortgaged and not mortgagee,
        NOT_OWNER: not _all_owners(handed.side("2"), unit),
        SHARES: not _shares_fit(handed.side("1")),
        NOT_FILED: contract.endswith(_NOT_FILED),
        UNTAXED: contract.endswith(_UNTAXED),
        UNCLEAR: not all(readable(each, disk) for each in handed.files),
    }
    return next((reason for reason, hit in checks.items() if hit), "")


def readable(row: Mapping[str, Any], disk: Path) -> bool:
    """Whether a material is on the exchange disk as announced. One without a path is brought on paper."""
    place = str(row["WJLJ"]).strip()
    path = disk / place
    return place == "-" or (path.is_file() and sm3(path.read_bytes()) == str(row["SM3"]).strip())


def sm3(data: bytes) -> str:
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize().hex()


def key(*parts: object) -> str:
    """A primary key of the registry's own rows: the same parts give the same key."""
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:32]


def _all_owners(givers: list[Owner], unit: Unit) -> bool:
    return len(givers) == len(unit.owners) and all(
        any(giver.name == owner.name and same_number(giver.number, owner.number) for giver in givers)
        for owner in unit.owners
    )


def _shares_fit(owners: list[Owner]) -> bool:
    modes = {owner.mode for owner in owners}
    if len(owners) == 1:
        return modes == {"0"}
    if modes == {"2"}:
        parts = [owner.share.strip().split("/") for owner in owners]
        return all(len(part) == 2 for part in parts) and _whole([(int(a), int(b)) for a, b in parts])
    return modes in ({"1"}, {"3"})


def _whole(parts: list[tuple[int, int]]) -> bool:
    """Whether fractions make one, without floating point."""
    common = 1
    for _, below in parts:
        common *= below
    return sum(above * common // below for above, below in parts) == common
