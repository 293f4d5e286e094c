"""The accounts that every simulator starts with."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from simulators.catv.books import COUNTIES, Books
from simulators.catv.records import Bill, Customer, Device, Order, Product, today
from simulators.kit.people import DEMO_CITIZEN, FORMER_HOLDER, SyntheticPerson, synthetic_people

if TYPE_CHECKING:
    from datetime import datetime

_MAIN = Device("8004001234567890", "8100200300400501", "主", "租用")
_SLAVE = Device("8004001234567891", "8100200300400502", "副", "租用")
_BASIC = (Product("P1001", "基本收视"),)


def seed(books: Books, seed_number: int, now: datetime) -> None:
    people = synthetic_people(12, seed_number)
    for branch, county in COUNTIES.items():
        number = "330400012345" if branch == "0402" else f"{county}012345"
        _add(books, number, branch, FORMER_HOLDER, devices=(_MAIN,), products=_BASIC)
    far = today(now) + timedelta(days=200)
    _add(books, "330400020001", "0402", people[0], bills=(Bill("202609", 1850), Bill("202610", 1800)))
    _add(books, "330400020002", "0402", people[1], closed=True)
    _add(books, "330400020003", "0402", people[2], suspended=(today(now), today(now) + timedelta(days=90)))
    _add(books, "330400020004", "0402", people[3], contract_end=far, products=(Product("P2001", "宽带300M", far),))
    _add(books, "330400020005", "0402", people[4], devices=(_MAIN, _SLAVE))
    for number in ("330400020006", "330400020007"):
        _add(books, number, "0402", people[5])
    _old(books, people[6])
    _add(books, "330400020009", "0402", replace(people[7], name="王䶮·𬭎"), balance=1250)
    firm = {"name": "嘉兴南湖示例科技有限公司", "id_type": "营业执照", "id_number": "91330402MA28A12323"}
    _add(books, "330400020010", "0402", people[8], **firm)
    _order_elsewhere(books, now)


def _add(books: Books, number: str, branch: str, person: SyntheticPerson, **more: object) -> None:
    facts: dict[str, object] = {
        "number": number,
        "branch": branch,
        "name": person.name,
        "id_type": "身份证",
        "id_number": person.id_number.lower(),
        "mobile": person.mobile,
        "address": person.address,
        **more,
    }
    books.customers[number] = Customer(**facts)  # type: ignore[arg-type]  # the facts are named by the record's fields


def _old(books: Books, person: SyntheticPerson) -> None:
    """A customer since the nineties, on file with the old number of 15 digits."""
    number = person.id_number
    _add(books, "330400020008", "0402", person, id_number=number[:6] + number[8:17])


def _order_elsewhere(books: Books, now: datetime) -> None:
    """A move that the counter took an hour ago, under its own operator and serial."""
    when = now - timedelta(hours=1)
    order = Order(
        number=books.number("0402", when, 5),
        serial="20260105090000000001",
        operator="GT0001",
        service="BS3003",
        branch="0402",
        customer="330400020005",
        facts={"ADDRNAME": DEMO_CITIZEN.address},
        state="W0",
        state_at=when,
        moving_since=when,
        fee=10800,
    )
    books.keep(order)
    books.used[order.operator, order.serial] = order.number
