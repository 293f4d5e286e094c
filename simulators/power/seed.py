"""The accounts every power simulator starts with: synthetic people, one account for each situation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulators.kit.people import FORMER_HOLDER, synthetic_people
from simulators.power.accounts import CLOSED, SUSPENDED, Account, Bill

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulators.kit.people import SyntheticPerson

OTHER_CHANNEL = "3304020012386"
COMPANY, COMPANY_CODE = "嘉兴市模拟纺织有限公司", "91330402MA28A12323"

OLD_WORKS = ("嘉兴模拟旧厂有限公司", "91330411MA2B3C4D1P")


def _home(number: str, person: SyntheticPerson, **facts: object) -> Account:
    account = Account(number, person.name, person.id_number, address=person.address)
    for fact, value in {"org_no": f"{number[:6]}001", **facts}.items():
        setattr(account, fact, value)
    return account


def _firm(number: str, **facts: object) -> Account:
    account = Account(number, COMPANY, COMPANY_CODE, "08", address="嘉兴市南湖区模拟路1号", elec_type="402")
    for fact, value in facts.items():
        setattr(account, fact, value)
    return account


def accounts(seed: int) -> Iterator[Account]:
    people = iter(synthetic_people(12, seed))
    yield _home("3304020012345", FORMER_HOLDER, old_no="0012345678")
    debts = [Bill("202510", 9_650, 120, 5_000), Bill("202511", 13_400, 480)]
    yield _home("3304020012352", next(people), old_no="0012345685", bills=debts)
    yield _home("3304020012360", next(people), status=CLOSED)
    yield _firm("3304020012378", old_no="0012345692", status=SUSPENDED)
    yield _home(OTHER_CHANNEL, next(people))
    several = next(people)
    for number in ("3304020012394", "3304110012341", "3304810012343"):
        yield _home(number, several)
    yield _home("3304020012402", next(people), final_bill=4_320)
    yield _firm("3304020012410", elec_type="100", volt="AC10000", capacity="800", contract_until="20991231")
    yield _home("3304020012428", next(people), bills=[Bill("202511", -3_150)])
    rare = next(people)
    yield _home("3304020012436", rare, name="王㛃䶮")
    for number, fate in (
        ("3304020012444", "contract"),
        ("3304020012452", "return"),
        ("3304020012460", "reject"),
        ("3304020012478", "fee"),
    ):
        yield _home(number, next(people), fate=fate)
    for county in ("330402", "330411", "330421", "330424", "330481", "330482", "330483"):
        if county != "330402":
            yield _home(f"{county}0012345", FORMER_HOLDER)
        works = _firm(f"{county}0054321", org_no=f"{county}001", contract_until="")
        works.name, works.cert_no = OLD_WORKS
        yield works
