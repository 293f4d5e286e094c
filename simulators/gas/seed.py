"""The customers every run begins with; the README lists them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from simulators.gas.records import COMPANIES, Bill, Customer, Order, fen
from simulators.kit.clock import SHANGHAI
from simulators.kit.people import FORMER_HOLDER, SyntheticPerson, synthetic_people

if TYPE_CHECKING:
    from datetime import date, datetime

    from simulators.gas.books import Books

_ARREARS = (Bill("202511", 16, 49_60, 1_20), Bill("202512", 11, 34_10, 1_50))
_DUE = (Bill("202610", 16, 50_00, 0),)
_FULL_WIDTH = {
    "divisionCode": "330402010",
    "road": "嘉兴市南湖街道南溪西路８８号",
    "building": "１２幢",
    "room": "３０２室",
}
_NAMES = {
    "name": "name",
    "idType": "id_type",
    "idNo": "id_number",
    "phone": "phone",
    "usageType": "usage",
    "meterKind": "meter_kind",
    "check": "check",
    "status": "status",
    "company": "company",
}


def seed(books: Books, seed_number: int, now: datetime) -> None:
    today = now.astimezone(SHANGHAI).date()
    people = synthetic_people(11, seed_number)
    holders = [_customer(f"{prefix}012345", FORMER_HOLDER, today) for prefix, _ in COMPANIES.values()]
    firm = replace(_customer("10020009", people[7], today), name="嘉兴市南湖区测试精密机械有限公司", id_type="USCC")
    seeded = [
        *holders,
        replace(_customer("10020001", people[0], today), bills=_ARREARS),
        replace(_customer("10020002", people[1], today), status="CLOSED"),
        replace(_customer("10020003", people[2], today), status="SUSPENDED"),
        replace(_customer("10020004", people[3], today), check="HAZARD"),
        replace(_customer("10020005", people[4], today), checked=today - timedelta(days=800)),
        replace(_customer("10020006", people[5], today), meter_kind="IC_CARD", bills=_ARREARS),
        _customer("10020007", people[6], today),
        replace(_customer("10020008", people[6], today), address=_FULL_WIDTH),
        replace(firm, id_number="91330402MA28A12323", usage="COMMERCIAL"),
        _customer("10020010", people[8], today),
        replace(_customer("10020011", people[9], today), check="NONE", checked=None, phone=None),
    ]
    for prefix, _ in COMPANIES.values():
        seeded.append(replace(_customer(f"{prefix}054321", people[10], today), bills=_DUE))
    books.customers.update({customer.number: customer for customer in seeded})
    _file_elsewhere(books, "10020010", now)


def customer_from(facts: dict[str, Any], today: date) -> Customer:
    """A customer from the interface's own names; what is not said is as for the former holder of the demonstration."""
    known = {*_NAMES, "customerNo", "checked", "bills"}
    if set(facts) - known or "customerNo" not in facts:
        raise ValueError(f"unknown: {sorted(set(facts) - known)}; wanted: customerNo, and any of {sorted(known)}")
    values = {_NAMES[name]: value for name, value in facts.items() if name in _NAMES}
    customer = replace(_customer(facts["customerNo"], FORMER_HOLDER, today), **values)
    if "checked" in facts:
        customer = replace(customer, checked=facts["checked"] and today.fromisoformat(facts["checked"]))
    return replace(customer, bills=tuple(_bill(bill) for bill in facts.get("bills", ())))


def _bill(facts: dict[str, str]) -> Bill:
    penalty = fen(facts.get("penalty", "0.00"))
    return Bill(facts["period"], int(facts.get("volume", "10")), fen(facts["charge"]), penalty)


def _customer(number: str, person: SyntheticPerson, today: date) -> Customer:
    of_prefix = {prefix: name for name, (prefix, _) in COMPANIES.items()}
    company = of_prefix.get(number[:2], "city")
    return Customer(
        number=number,
        company=company,
        name=person.name,
        id_type="ID_CARD",
        id_number=person.id_number,
        phone=person.mobile,
        address={"divisionCode": f"{COMPANIES[company][1][0]}007", "road": person.address},
        checked=today - timedelta(days=180),
    )


def _file_elsewhere(books: Books, number: str, now: datetime) -> None:
    """An order to close that another channel filed an hour ago, and that has not moved since."""
    when = now - timedelta(hours=1)
    order = Order(
        number=books.number("G", when, 5),
        reference="HALL-000000001",
        company="city",
        user="hall-city",
        kind="CLOSE",
        customer=number,
        facts={"details": {}},
        signed=True,
        history=(("REGISTERED", when), ("HAZARD_HOLD", when)),
    )
    books.orders[order.number] = order
