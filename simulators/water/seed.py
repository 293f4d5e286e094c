"""The accounts every run begins with; the README lists them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from simulators.kit.people import DEMO_CITIZEN, FORMER_HOLDER, SyntheticPerson, synthetic_people
from simulators.water.records import Account, Bill, Order, fen

if TYPE_CHECKING:
    from datetime import datetime

    from simulators.water.books import Books

_ARREARS = (Bill("202511", 21, 60_90, 19_95, 85), Bill("202512", 12, 34_80, 11_40, 70))
_DUE = (Bill("202610", 14, 36_00, 14_00, 0),)
_ELSEWHERE = ("0482", "0483", "0421", "0424")
_CUT_OFF = (Bill("202509", 14, 40_60, 13_30, 2_40),)
_COMPANY_NAME = "嘉兴市南湖区测试精密机械有限公司"
_TAGS = {
    "YHBH": "number",
    "GSDM": "company",
    "YHMC": "name",
    "ZJLX": "id_type",
    "ZJHM": "id_number",
    "LXDH": "mobile",
    "YSDZ": "address",
    "YSXZ": "use",
    "SBKJ": "size",
    "BH": "meter",
    "YHZT": "status",
}


def seed(books: Books, seed_number: int, now: datetime) -> None:
    people = synthetic_people(13, seed_number)
    former = _account("0100012345", "0401", FORMER_HOLDER)
    haining = "海宁市硖石街道工人路200号3幢2单元501室"
    several = [_account(f"01000200{n:02d}", "0401", people[4]) for n in (5, 6, 7)]
    company = replace(
        _account("0100020009", "0401", people[6]),
        name=_COMPANY_NAME,
        id_type="9",
        id_number="91330402MA28A12323",
        use="02",
        size="50",
    )
    seeded = [
        former,
        _account("0810012345", "0481", replace(FORMER_HOLDER, address=haining)),
        replace(_account("0100020001", "0401", people[0]), bills=_ARREARS),
        replace(_account("0100020002", "0401", people[1]), status="2"),
        replace(_account("0100020003", "0401", people[2]), status="1"),
        _account("0100020004", "0401", people[3]),
        *several,
        replace(_account("0100020008", "0401", people[5]), status="3", bills=_CUT_OFF),
        company,
        replace(_account("0100099999", "0401", people[7]), broken=True),
        _account("0820020001", "0482", people[8]),
        _account("0830020001", "0483", people[9]),
        _account("0210020001", "0421", people[10]),
        _account("0240020001", "0424", people[11]),
        *(_account(f"0{company[2:]}0012345", company, FORMER_HOLDER) for company in _ELSEWHERE),
        *(
            replace(_account(f"0{'10' if company == '0401' else company[2:]}0054321", company, people[12]), bills=_DUE)
            for company in ("0401", "0481", *_ELSEWHERE)
        ),
    ]
    books.accounts.update({account.number: account for account in seeded})
    _file_elsewhere(books, "0100020004", now)


def account_from(facts: dict[str, Any]) -> Account:
    """An account from the interface's own tags; what is not said is filled as for the demo citizen."""
    unknown = set(facts) - set(_TAGS) - {"RKS", "bills", "broken"}
    if unknown or "YHBH" not in facts:
        raise ValueError(f"unknown: {sorted(unknown)}; wanted: YHBH, and any of {[*_TAGS, 'RKS', 'bills', 'broken']}")
    values = {_TAGS[tag]: value for tag, value in facts.items() if tag in _TAGS}
    account = replace(_account(facts["YHBH"], "0401", DEMO_CITIZEN), **values)
    return replace(
        account,
        members=int(facts.get("RKS", account.members)),
        bills=tuple(_bill(bill) for bill in facts.get("bills", ())),
        broken=bool(facts.get("broken", False)),
    )


def _bill(facts: dict[str, str]) -> Bill:
    return Bill(facts["ZDYF"], int(facts["SL"]), fen(facts["SF"]), fen(facts["PWF"]), fen(facts.get("WYJ", "0.00")))


def _account(number: str, company: str, person: SyntheticPerson) -> Account:
    return Account(
        number=number,
        company=company,
        name=person.name,
        id_type="0",
        id_number=person.id_number,
        mobile=person.mobile,
        address=person.address,
        meter=f"M{number}",
    )


def _file_elsewhere(books: Books, number: str, now: datetime) -> None:
    """A transfer that another channel filed an hour ago and that has not moved since."""
    when = now - timedelta(hours=1)
    facts = {"YHMC": DEMO_CITIZEN.name, "ZJLX": "0", "ZJHM": DEMO_CITIZEN.id_number, "LXDH": DEMO_CITIZEN.mobile}
    order = Order(
        number=books.number("W", when, 5),
        serial="CH02-0000000001",
        company="0401",
        kind="01",
        account=number,
        key=(number, "01"),
        facts=facts,
        accepted_at=when,
        mark="10",
        marked_at=when,
    )
    books.keep(order)
