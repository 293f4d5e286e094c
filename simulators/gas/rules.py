"""What an order must bring, and what stands against it: the rules that an XSD cannot say."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from simulators.gas.records import COMPANIES, CONNECTIONS, FINAL, Customer, yuan
from simulators.gas.soap import Fields, ServiceFault
from simulators.kit.clock import SHANGHAI

if TYPE_CHECKING:
    from simulators.gas.books import Books
    from simulators.gas.customers import Asked

_NEEDS = {
    "NEW_CONN": ("details/usageType",),
    "BIZ_CONN": ("details/usageType", "details/projectName", "details/hourlyFlow"),
    "TRANSFER": ("newHolder", "details/formerHolder"),
    "IGNITION": ("appointment",),
    "PIPE_ALTER": ("details/newPosition",),
    "METER_REPLACE": ("details/meterKind",),
    "USAGE_CHANGE": ("details/usageType",),
    "INFO_CHANGE": ("details/change",),
    "SUSPEND": ("details/startDate",),
    "RESUME": ("details/startDate",),
    "CLOSE": ("appointment",),
}
_BARRED_BY_ARREARS = frozenset({"TRANSFER", "USAGE_CHANGE", "SUSPEND", "CLOSE"})
_WANT_A_CHECK = frozenset({"TRANSFER", "USAGE_CHANGE", "RESUME"})
_BARRED_BY_HAZARD = frozenset({"INFO_CHANGE", "CLOSE"})
_EXCLUSIVE = frozenset({"TRANSFER", "USAGE_CHANGE", "SUSPEND", "RESUME", "CLOSE"})
_STATUS = {"SUSPEND": "ACTIVE", "RESUME": "SUSPENDED"}
_CHECK_HOLDS = timedelta(days=730)  # 24 months
_ID_LENGTHS = {"ID_CARD": {18}, "USCC": {18}, "PASSPORT": set(range(5, 13)), "HMT_PERMIT": {8, 9, 10, 11, 18}}


def check(books: Books, asked: Asked, order: Fields) -> Customer | None:
    """The customer that an order is about, if it is about one. Raises ServiceFault."""
    _complete(order)
    division = order["address"]["divisionCode"]
    if division[:6] not in COMPANIES[asked.company][1]:
        raise ServiceFault("GAS-1006", "不属本公司经营区域", fieldName="divisionCode")
    if order["type"] in CONNECTIONS:
        return None
    if "customerNo" not in order:
        raise ServiceFault("GAS-1011", "缺少必填要素", fieldName="customerNo")
    customer = books.customer(order["customerNo"], asked.company)
    _known_holder(customer, order)
    _status(customer, order["type"])
    _debts(customer, order["type"])
    _safety(customer, order["type"], asked)
    _other_orders(books, customer, order["type"])
    return customer


def _complete(order: Fields) -> None:
    for path in _NEEDS[order["type"]]:
        place: Any = order
        for step in path.split("/"):
            place = place.get(step) if isinstance(place, dict) else None
        if not place:
            raise ServiceFault("GAS-1011", "缺少必填要素", fieldName=path.rpartition("/")[2])
    for role in ("applicant", "agent", "newHolder"):
        party = order.get(role)
        if party and len(party["idNo"]) not in _ID_LENGTHS[party["idType"]]:
            raise ServiceFault("GAS-1011", "证件号码与证件类型不符", fieldName="idNo")


def _known_holder(customer: Customer, order: Fields) -> None:
    if order["type"] == "TRANSFER":
        same = order["details"]["formerHolder"]["name"] == customer.name
    else:
        same = order["applicant"]["idNo"] == customer.id_number
    if not same:
        raise ServiceFault("GAS-1002", "户名或证件不符", fieldName="name" if order["type"] == "TRANSFER" else "idNo")


def _status(customer: Customer, kind: str) -> None:
    wanted = _STATUS.get(kind)
    if customer.status == "CLOSED" or (wanted and customer.status != wanted):
        raise ServiceFault("GAS-1010", "用户状态不允许")


def _debts(customer: Customer, kind: str) -> None:
    if kind in _BARRED_BY_ARREARS and customer.arrears:
        raise ServiceFault("GAS-1003", f"存在欠费 {yuan(customer.arrears)} 元", amount=yuan(customer.arrears))


def _safety(customer: Customer, kind: str, asked: Asked) -> None:
    hazard = customer.check == "HAZARD"
    today = asked.now.astimezone(SHANGHAI).date()
    lapsed = customer.checked is None or today - customer.checked > _CHECK_HOLDS
    if (hazard and kind in _BARRED_BY_HAZARD) or ((hazard or lapsed) and kind in _WANT_A_CHECK):
        raise ServiceFault("GAS-1004", "存在安全隐患" if hazard else "24个月内无安全检查记录")


def _other_orders(books: Books, customer: Customer, kind: str) -> None:
    """Only orders of another kind exclude each other: two of the same kind are left for the clerks to sort out."""
    for order in books.orders.values():
        mine = order.customer == customer.number and order.status not in FINAL
        if mine and {order.kind, kind} <= _EXCLUSIVE and order.kind != kind:
            raise ServiceFault("GAS-1005", f"已有在途受理单 {order.number}", orderNo=order.number)
