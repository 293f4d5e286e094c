"""Services that make orders: done at once, or a work order that walks from W0 to W3."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from simulators.catv.asked import Answer, Asked
from simulators.catv.books import PRODUCTS, Books, Refused
from simulators.catv.records import Customer, Order, day_of, short_date, today, yuan

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOVE_FEE = 10800
_ACCEPTED = "是"


def open_account(books: Books, asked: Asked) -> Answer:
    _check_place(books, asked)
    if asked.get("PRODNAME") not in PRODUCTS:
        raise Refused("-1", "参数错误:PRODNAME")
    return _made(books, asked, "")


def broadband(books: Books, asked: Asked) -> Answer:
    _check_place(books, asked)
    if asked.get("AGREE") != _ACCEPTED:
        raise Refused("-1", "参数错误:AGREE")
    if asked.get("PRODNAME") and asked.get("PRODNAME") not in PRODUCTS:
        raise Refused("-1", "参数错误:PRODNAME")
    customer = asked.get("CUSTNO")
    if customer:
        _check_account(books.customer(customer, asked.branch), asked)
    else:
        known = [
            each
            for each in books.customers.values()
            if (each.id_number, each.branch, each.closed) == (asked.get("IDNO"), asked.branch, False)
        ]
        if len(known) > 1:
            raise Refused("2002")
        customer = known[0].number if known else ""
    return _made(books, asked, customer)


def transfer(books: Books, asked: Asked) -> Answer:
    customer = books.customer(asked.get("CUSTNO"), asked.branch)
    if customer.name != asked.get("OLDNAME"):
        raise Refused("2001")
    if customer.arrears and asked.get("SETTLE") != "新户承接":
        raise Refused("2003", f"欠费:{yuan(customer.arrears)}")
    if customer.suspended:
        raise Refused("2008")
    bound = customer.bound(today(asked.now))
    if bound and asked.get("AGREE") != _ACCEPTED:
        raise Refused("2006", f"违约金:{yuan(customer.penalty)}")
    books.change(
        customer.number,
        name=asked.get("CUSTNAME"),
        id_type=asked.get("IDTYPE"),
        id_number=asked.get("IDNO"),
        mobile=asked.get("MOBILE"),
    )
    warning = f"合约由新户承接至{short_date(customer.contract_end)}" if bound and customer.contract_end else ""
    return _made(books, asked, customer.number, at_once=True, warning=warning)


def move(books: Books, asked: Asked) -> Answer:
    customer = _of_holder(books, asked)
    _check_place(books, asked)
    kinds = {device.stb: device.kind for device in customer.devices}
    moved = [kinds.get(stb, kind) for stb, kind in asked.devices()]
    slaves = "副" in kinds.values()
    warning = ""
    if (not moved or "主" in moved) and slaves:
        warning = "副机随主机一并移机"
    elif moved and "主" not in moved:
        warning = "副机单独移机后按主机计费"
    return _made(books, asked, customer.number, fee=_MOVE_FEE, warning=warning)


def suspend(books: Books, asked: Asked) -> Answer:
    customer = _of_holder(books, asked)
    books.change(customer.number, suspended=(day_of(asked.get("FROMDATE")), day_of(asked.get("TODATE"))))
    bound = customer.bound(today(asked.now))
    return _made(books, asked, customer.number, at_once=True, warning="报停期间合约顺延" if bound else "")


def resume(books: Books, asked: Asked) -> Answer:
    customer = _of_holder(books, asked, running=False)
    books.change(customer.number, suspended=None)
    return _made(books, asked, customer.number, at_once=True, warning="请开机等待授权刷新")


def close(books: Books, asked: Asked) -> Answer:
    """Taken also while a penalty or devices are due: the order then waits, and RETURN says for what."""
    customer = _of_holder(books, asked)
    returned = {stb for stb, _ in asked.devices()}
    lent = {device.stb for device in customer.devices if device.owner == "租用"}
    hold = "2004" if lent - returned else ""
    if customer.bound(today(asked.now)):
        answer = _made(books, asked, customer.number, fee=customer.penalty, hold="2006", then=hold)
        return replace(answer, code="2006", info=f"违约金:{yuan(customer.penalty)}")
    answer = _made(books, asked, customer.number, hold=hold)
    return replace(answer, code=hold, info="请归还机顶盒等设备") if hold else answer


def cancel(books: Books, asked: Asked) -> Answer:
    order = books.order(asked.get("ORDERNO"), asked.branch)
    if order.state not in {"W0", "W1", "W5"}:
        raise Refused("2008")
    if order.state != "W5":
        books.enter(order, "W5", asked.now)
        books.used[asked.operator, asked.serial] = order.number
        books.ledger.record("cancel", order.serial, number=order.number)
    return Answer({"ORDERNO": order.number, "STATE": "W5"})


def _of_holder(books: Books, asked: Asked, *, running: bool = True) -> Customer:
    """The customer, if the holder asks and owes nothing, and the service runs or is suspended as it must."""
    customer = books.customer(asked.get("CUSTNO"), asked.branch)
    # To the letter, as in BS2001: 15 digits on file are not matched by 18.
    if (customer.id_number, customer.name) != (asked.get("IDNO"), asked.get("CUSTNAME")):
        raise Refused("2001")
    _check_account(customer, asked, running=running)
    return customer


def _check_account(customer: Customer, asked: Asked, *, running: bool = True) -> None:
    if customer.arrears:
        raise Refused("2003", f"欠费:{yuan(customer.arrears)}")
    suspended = customer.suspended is not None and customer.suspended[1] >= today(asked.now)
    if suspended is running:
        raise Refused("2008")


def _check_place(books: Books, asked: Asked) -> None:
    place = books.addresses.get(asked.get("ADDRID"))
    if place is None:
        raise Refused("2005")
    books.covered(asked.branch, place.area, place.name)


def _made(
    books: Books,
    asked: Asked,
    customer: str,
    *,
    at_once: bool = False,
    fee: int = 0,
    hold: str = "",
    then: str = "",
    warning: str = "",
) -> Answer:
    """Make the order. `then` is what holds it once its fee is paid."""
    number = books.number(asked.branch, asked.now, 5)
    facts: Mapping[str, Any] = {**asked.body, "devices": asked.devices(), "then": then}
    order = Order(
        number=number,
        serial=asked.serial,
        operator=asked.operator,
        service=str(asked.head["SERVCODE"]),
        branch=asked.branch,
        customer=customer,
        facts=dict(facts),
        state="W3" if at_once else "W0",
        state_at=asked.now,
        moving_since=asked.now,
        fee=fee,
        hold=hold,
    )
    books.keep(order)
    books.used[asked.operator, asked.serial] = number
    books.ledger.record("order", asked.serial, service=order.service, number=number, customer=customer)
    body = {"ORDERNO": number, "STATE": order.state, "FEE": yuan(fee) if fee else ""}
    return Answer(body, warning)
