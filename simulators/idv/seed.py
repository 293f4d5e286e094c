"""What every gateway simulator starts with: synthetic people, one for each situation."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from simulators.idv.registers import CANCELLED, Citizen, Enterprise, Holding, Permit, Registers
from simulators.kit.people import DEMO_CITIZEN, FORMER_HOLDER, resident_id, synthetic_people

if TYPE_CHECKING:
    from datetime import datetime

APP_KEY, APP_SECRET = "TEST-idv-app", "TEST-idv-secret"
# The register's own code points for characters that its code page lacks; it publishes only the first of them.
PRIVATE = {"䶮": "\ue863", "㛃": "\ue1a3"}
PUBLISHED = {"䶮": PRIVATE["䶮"]}

AGENT = ("陈明", "330481199506150135")
CHILD = ("家人二", "330411200501010025")
CAREFUL_X = ("周敏", "33040219900101102X")
RARE_PUBLISHED = ("龚䶮", resident_id("330402", date(1979, 5, 6), 11))
RARE_UNKNOWN = ("王㛃", resident_id("330402", date(1984, 8, 9), 12))
DEAD = ("赵刚", resident_id("330411", date(1949, 10, 2), 13))
NEW = ("孙新", resident_id("330402", date(2010, 3, 4), 14))
FIRM = ("嘉兴南湖示例科技有限公司", "91330402MA28A12323", "李建国")
CLOSED_FIRM = ("嘉兴模拟旧厂有限公司", "91330411MA2B3C4D1P", "赵刚")
PASSPORT = ("JOHN SMITH", "P12345678")
HM_PERMIT = ("陈大文", "H12345678")
TW_PERMIT = ("林小美", "12345678")
HMT_RESIDENCE = ("黄港生", resident_id("810000", date(1990, 1, 1), 15))
PERMANENT = ("MARIA ROSSI", resident_id("910330", date(1985, 2, 3), 16))

UNIT, CERTIFICATE = "330402001001GB00001F00010001", "浙(2024)嘉兴市不动产权第0012345号"
HOUSEHOLD = "330402-000123"
ID, HOUSEHOLD_BOOK, RESIDENCE = "10001", "10002", "10003"
ESTATE, PURCHASE, BUSINESS = "20001", "20002", "30001"
SENIOR = "50001"


def registers(seed: int, now: datetime) -> Registers:
    made = Registers()
    for person in (DEMO_CITIZEN, FORMER_HOLDER, *synthetic_people(6, seed)):
        add_citizen(made, person.name, person.id_number)
    for name, number in (AGENT, CHILD, CAREFUL_X, RARE_PUBLISHED, RARE_UNKNOWN):
        add_citizen(made, name, number)
    add_citizen(made, *DEAD).state = CANCELLED
    add_citizen(made, *NEW).on_record_from = now + timedelta(days=3)
    for number, relation in ((DEMO_CITIZEN.id_number, "02"), (FORMER_HOLDER.id_number, "20"), (CHILD[1], "31")):
        made.citizens[number].household, made.citizens[number].relation = HOUSEHOLD, relation
    for name, number in (PASSPORT, HM_PERMIT, TW_PERMIT, HMT_RESIDENCE, PERMANENT):
        made.permits[number] = Permit(number, name)
    made.enterprises[FIRM[1]] = Enterprise(FIRM[1], FIRM[0], FIRM[2])
    made.enterprises[CLOSED_FIRM[1]] = Enterprise(CLOSED_FIRM[1], CLOSED_FIRM[0], CLOSED_FIRM[2], "注销")
    _documents(made)
    return made


def add_citizen(made: Registers, name: str, id_no: str) -> Citizen:
    stored = "".join(PRIVATE.get(character, character) for character in name)
    citizen = made.citizens[id_no] = Citizen(id_no, name, stored)
    made.licences[id_no, ID] = (f"1.2.156.3005.2.{ID}.{len(made.citizens):06d}", "嘉兴市公安局(模拟)")
    return citizen


def _documents(made: Registers) -> None:
    buyer, seller = DEMO_CITIZEN.id_number, FORMER_HOLDER.id_number
    made.holdings[seller] = [Holding(UNIT, CERTIFICATE, FORMER_HOLDER.address)]
    police, estate = "嘉兴市公安局(模拟)", "嘉兴市自然资源和规划局(模拟)"
    for number, kind, issuer in (
        (buyer, HOUSEHOLD_BOOK, police),
        (buyer, PURCHASE, estate),
        (buyer, SENIOR, "嘉兴市民政局(模拟)"),
        (seller, ESTATE, estate),
        (FIRM[1], BUSINESS, "嘉兴市市场监督管理局(模拟)"),
    ):
        made.licences[number, kind] = (f"1.2.156.3005.2.{kind}.{len(made.licences):06d}", issuer)
