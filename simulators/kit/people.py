"""Synthetic people: the same seed gives the same names and formally valid numbers; nobody is real."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta

_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡沈郭何高林"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀英霞平刚桂兰文华玉珍喆垚"
_PLACES = (
    ("330402007", "嘉兴市南湖区建设街道中山东路"),
    ("330402010", "嘉兴市南湖区南湖街道南溪西路"),
    ("330411002", "嘉兴市秀洲区新城街道洪兴西路"),
    ("330481001", "海宁市硖石街道工人路"),
)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


@dataclass(frozen=True, slots=True)
class SyntheticPerson:
    """Somebody who does not exist."""

    name: str
    id_number: str
    mobile: str
    birth_date: date
    address: str
    division9: str


def resident_id(division6: str, birth: date, order: int) -> str:
    """A resident number with its check digit (ISO 7064 MOD 11-2); an odd order is a man's."""
    body = f"{division6}{birth:%Y%m%d}{order:03d}"
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, body, strict=True))
    return body + "10X98765432"[total % 11]


def synthetic_people(n: int, seed: int) -> list[SyntheticPerson]:
    """`n` people; two of them never share a number or a mobile."""
    chance = random.Random(seed)
    people: dict[str, SyntheticPerson] = {}
    while len(people) < n:
        person = _person(chance, len(people))
        people.setdefault(person.id_number, person)
    return list(people.values())


def _person(chance: random.Random, index: int) -> SyntheticPerson:
    division9, street = chance.choice(_PLACES)
    birth = date(1940, 1, 1) + timedelta(days=chance.randrange(24_000))
    name = chance.choice(_SURNAMES) + "".join(chance.sample(_GIVEN, chance.choice((1, 2))))
    house = f"{chance.randrange(1, 999)}号{chance.randrange(1, 30)}幢"
    flat = f"{chance.randrange(1, 4)}单元{chance.randrange(101, 1204)}室"
    number = resident_id(division9[:6], birth, chance.randrange(1, 999))
    return SyntheticPerson(name, number, f"1370573{index:04d}", birth, street + house + flat, division9)


DEMO_CITIZEN = SyntheticPerson(
    "王秀兰",
    resident_id("330402", date(1952, 3, 14), 2),
    "13800138000",
    date(1952, 3, 14),
    "嘉兴市南湖区建设街道中山东路100号1幢2单元301室",
    "330402007",
)
FORMER_HOLDER = SyntheticPerson(
    "李建国",
    "330402198801010012",
    "13800138001",
    date(1988, 1, 1),
    DEMO_CITIZEN.address,
    DEMO_CITIZEN.division9,
)
