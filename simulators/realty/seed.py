"""What is registered when the simulator starts; every owner is synthetic."""

from __future__ import annotations

from simulators.kit.people import FORMER_HOLDER, resident_id, synthetic_people
from simulators.realty.units import COUNTIES, Owner, Register, Unit, certificate_no

_X_HOLDER = Owner("赵兰", "1", "33040219700101001x")
_OLD_NUMBER = Owner("钱福", "1", "330402580314123")
_RARE = Owner("阿卜杜热西提·买买提·𠅤𬭎䶮", "1", "330411196001010011")
_FOREIGN = Owner("JOHN WILLIAM SMITH", "3", "E12345678")
_FORMER = Owner(FORMER_HOLDER.name, "1", FORMER_HOLDER.id_number)
_ROAD = "建设街道中山东路100号1幢2单元"


def unit_no(county: str, running: int) -> str:
    """The unit on parcel `running` of a county's first cadastral area."""
    return f"{county}001001GB{running:05d}F00010001"


def register(seed: int) -> Register:
    """The same units in the same order for the same seed."""
    units: dict[str, Unit] = {}

    def add(county: str, running: int, *owners: Owner, sealed: bool = False, mortgaged: bool = False) -> None:
        number = unit_no(county, running)
        certificate = certificate_no(county, 2024, 12_344 + running)
        place = f"{_ROAD}{300 + running}室"
        units[number] = Unit(number, certificate, place, owners, sealed=sealed, mortgaged=mortgaged)

    for county in COUNTIES:
        add(county, 1, _FORMER)
    for running, owner in enumerate((_X_HOLDER, _OLD_NUMBER, _RARE, _FOREIGN), start=2):
        add("330402", running, owner)
    couple = [Owner(each.name, "1", each.id_number, "1") for each in synthetic_people(2, seed)]
    add("330402", 6, *couple)
    add("330402", 7, _FORMER, sealed=True)
    add("330402", 8, _FORMER, mortgaged=True)
    heirs = [Owner(f"孙{n}", "1", resident_id("330402", FORMER_HOLDER.birth_date, 100 + k), "2", "1/3")
             for k, n in enumerate("一二三")]  # fmt: skip
    add("330402", 9, *heirs)
    return Register(units)


def add(
    register: Register,
    *,
    unit: str,
    name: str,
    number: str,
    kind: str = "1",
    certificate: str = "",
    place: str = "",
    sealed: bool = False,
    mortgaged: bool = False,
) -> Unit:
    """One more unit with one owner."""
    if len(unit) != 28 or unit[:6] not in COUNTIES:
        raise ValueError(f"unit {unit!r}: 28 characters that begin with a county of the city")
    register.certificates += 1
    made = Unit(
        unit,
        certificate or certificate_no(unit[:6], 2024, register.certificates),
        place or f"{_ROAD}999室",
        (Owner(name, kind, number),),
        sealed=sealed,
        mortgaged=mortgaged,
    )
    register.units[unit] = made
    register.changed = True
    return made
