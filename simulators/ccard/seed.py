"""The cards that exist when the simulator starts; every holder is synthetic."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from simulators.ccard.cards import FORMALLY_LOST, FUNCTIONS, ORAL, RESTRICTED, Card, Register
from simulators.kit.people import DEMO_CITIZEN, FORMER_HOLDER, resident_id, synthetic_people

LONG_NAME = "阿卜杜热西提·买买提依明·吐尔逊江·𠅤𬭎"
_STATES = {"": "00", "normal": "00", "formal": FORMALLY_LOST, "restricted": RESTRICTED}


def load(register: Register, seed: int, now: datetime) -> None:
    """The same cards in the same order for the same seed."""
    demo, former = DEMO_CITIZEN, FORMER_HOLDER
    _new(register, demo.name, demo.id_number, mobile=demo.mobile, address=demo.address, balance=5_000)
    _new(register, former.name, former.id_number, mobile=former.mobile, address=former.address, balance=12_000)
    people = [p for p in synthetic_people(9, seed) if p.id_number not in {demo.id_number, former.id_number}]
    lost, formal, restricted, full, reissued = people[:5]
    _new(register, lost.name, lost.id_number, lost_until=now + ORAL)
    _new(register, formal.name, formal.id_number, state=FORMALLY_LOST, balance=3_300)
    _new(register, restricted.name, restricted.id_number, state=RESTRICTED)
    _new(register, full.name, full.id_number, balance=99_000)
    _new(register, reissued.name, reissued.id_number, functions=frozenset({"BUS", "WALLET"}))
    _new(register, LONG_NAME, resident_id("330402", date(1990, 3, 14), 61), balance=4_200)
    _new(register, "JOHNSON ANNA MARIA", "933840199001010013", id_type="06", balance=100)
    _new(register, "陈㛃䶮", "810000199001010019", id_type="07", insured="330482")
    _new(register, "MÜLLER JÜRGEN", "C01X00T47", id_type="05")


def _new(register: Register, name: str, id_number: str, **facts: Any) -> Card:
    return register.add(Card(register.new_number(), name, id_number, **facts))


def add(register: Register, now: datetime, **facts: Any) -> Card:
    """One more card. `state`: normal, oral, formal, restricted; `functions`: a list; the rest as `Card` has it."""
    state = facts.pop("state", "")
    functions = facts.pop("functions", FUNCTIONS)
    if set(functions) - set(FUNCTIONS) or state not in {*_STATES, "oral"}:
        raise ValueError(f"state {state!r} or functions {functions!r}: unknown")
    facts["functions"] = frozenset(functions)
    facts["state"] = _STATES.get(state, "00")
    if state == "oral":
        facts["lost_until"] = now + ORAL
    number = facts.pop("card_no", None) or register.new_number()
    return register.add(Card(number, facts.pop("name"), facts.pop("id_number"), **facts))
