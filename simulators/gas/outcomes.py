"""What a finished order changes in the books."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from simulators.gas.records import Customer

if TYPE_CHECKING:
    from datetime import date

    from simulators.gas.records import Order

_STATUS = {"SUSPEND": "SUSPENDED", "RESUME": "ACTIVE", "CLOSE": "CLOSED"}
_LOOKED_AT = frozenset({"IGNITION", "PIPE_ALTER", "METER_REPLACE", "RESUME"})


def applied(customer: Customer, order: Order, day: date) -> Customer:
    """The customer after the order."""
    details: dict[str, Any] = order.facts.get("details", {})
    if order.kind == "TRANSFER":
        new = order.facts["newHolder"]
        named = {"name": new["name"], "id_type": new["idType"], "id_number": new["idNo"], "phone": new.get("phone")}
        customer = replace(customer, **named)
    elif order.kind == "USAGE_CHANGE":
        customer = replace(customer, usage=details["usageType"])
    elif order.kind == "METER_REPLACE":
        customer = replace(customer, meter_kind=details["meterKind"], reading="0.00")
    elif order.kind == "INFO_CHANGE":
        change = details["change"]
        address = {**customer.address, **({"road": change["address"]} if "address" in change else {})}
        name, phone = change.get("name", customer.name), change.get("phone", customer.phone)
        customer = replace(customer, name=name, phone=phone, address=address)
    elif order.kind in _STATUS:
        customer = replace(customer, status=_STATUS[order.kind])
    return replace(customer, checked=day, check="PASS") if order.kind in _LOOKED_AT else customer


def connected(order: Order, number: str, day: date) -> Customer:
    """The customer that a new connection ends with."""
    applicant, details = order.facts["applicant"], order.facts["details"]
    return Customer(
        number=number,
        company=order.company,
        name=applicant["name"],
        id_type=applicant["idType"],
        id_number=applicant["idNo"],
        phone=applicant.get("phone"),
        address=order.facts["address"],
        usage=details["usageType"],
        reading="0.00",
        checked=day,
    )
