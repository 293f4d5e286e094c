"""Visits: listSlots, bookVisit, and the appointment that an order may bring."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from simulators.gas.records import COMPANIES, Order, Slot, zulu
from simulators.gas.soap import ServiceFault
from simulators.kit.clock import SHANGHAI

if TYPE_CHECKING:
    from simulators.gas.books import Books
    from simulators.gas.customers import Asked
    from simulators.gas.soap import Fields

_NOON = 12


def list_slots(books: Books, asked: Asked) -> Fields:
    county = asked.fields["division"]
    if county not in COMPANIES[asked.company][1]:
        raise ServiceFault("GAS-1006", "不属本公司经营区域", fieldName="division")
    first, last = (date.fromisoformat(asked.fields[name]) for name in ("from", "to"))
    return {"slot": [_shown(slot) for slot in books.slots(county, first, last)]}


def book(books: Books, asked: Asked) -> Fields:
    order = books.order(asked.fields["orderNo"], asked.company)
    if order.status not in {"REGISTERED", "SCHEDULED"}:
        raise ServiceFault("GAS-1010", "当前环节不能预约", orderNo=order.number)
    slot = _free(books, asked.fields["slotId"], order)
    books.orders[order.number] = booked(books, order, slot)
    books.ledger.record("visit", order.reference, slot=slot.id)
    return {"slot": _shown(slot)}


def wanted(books: Books, facts: Fields) -> Slot | None:
    """The slot for an order's appointment: the one it names, or the first that is free in its half of the day."""
    appointment = facts.get("appointment")
    if appointment is None:
        return None
    if "slotId" in appointment:
        return _free(books, appointment["slotId"], None)
    day = date.fromisoformat(appointment["date"])
    slots = books.slots(facts["address"]["divisionCode"][:6], day, day)
    morning = appointment["period"] == "AM"
    return next((each for each in slots if each.free > 0 and _is_morning(each) == morning), None)


def booked(books: Books, order: Order, slot: Slot) -> Order:
    if order.slot != slot.id:
        released(books, order)
        books.booked[slot.id] += 1
    return replace(order, slot=slot.id)


def released(books: Books, order: Order) -> None:
    if order.slot is not None:
        books.booked[order.slot] -= 1


def _free(books: Books, slot_id: str, order: Order | None) -> Slot:
    slot = books.slot(slot_id)
    if slot is None:
        raise ServiceFault("GAS-1009", "预约时段不存在", fieldName="slotId")
    if slot.free < 1 and (order is None or order.slot != slot_id):
        raise ServiceFault("GAS-1008", "预约时段已满", fieldName="slotId")
    return slot


def _is_morning(slot: Slot) -> bool:
    return slot.begin.astimezone(SHANGHAI).hour < _NOON


def _shown(slot: Slot) -> Fields:
    return {"slotId": slot.id, "from": zulu(slot.begin), "to": zulu(slot.end), "free": max(slot.free, 0)}
