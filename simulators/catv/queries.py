"""Services that change nothing: customers, accounts, orders, coverage."""

from __future__ import annotations

from typing import Any

from simulators.catv.asked import Answer, Asked
from simulators.catv.books import Books, Refused
from simulators.catv.records import Customer, Order, Payment, short_date, short_time, today, yuan


def customers(books: Books, asked: Asked) -> Answer:
    if number := asked.get("CUSTNO"):
        found = [books.customer(number, asked.branch)]
    else:
        found = [each for each in books.customers.values() if each.branch == asked.branch and _is_meant(each, asked)]
    if not found:
        raise Refused("2001")
    return Answer({"CUSTLIST": {"CUST": [_customer(each, asked) for each in found]}})


def _is_meant(customer: Customer, asked: Asked) -> bool:
    if customer.closed:
        return False
    if card := asked.get("CARDNO"):
        return any(device.card == card for device in customer.devices)
    # To the letter: who is on file with 15 digits is not found by 18.
    return customer.id_number == asked.get("IDNO")


def _customer(customer: Customer, asked: Asked) -> dict[str, Any]:
    return {
        "CUSTNO": customer.number,
        "CUSTNAME": customer.name,
        "IDTYPE": customer.id_type,
        "IDNO": customer.id_number,
        "MOBILE": customer.mobile,
        "ADDRNAME": customer.address or "不详",
        "STATE": customer.state(today(asked.now)),
    }


def account(books: Books, asked: Asked) -> Answer:
    customer = books.customer(asked.get("CUSTNO"), asked.branch)
    day = today(asked.now)
    open_bills = [bill for bill in customer.bills if not bill.receipt]
    return Answer(
        {
            "CUST": _customer(customer, asked),
            "ARREARS": yuan(customer.arrears) if customer.arrears else "",
            "BALANCE": yuan(customer.balance) if customer.balance else "",
            "BILLLIST": {"BILL": [{"MONTH": bill.month, "AMOUNT": yuan(bill.fen)} for bill in open_bills]},
            "PRODLIST": {
                "PROD": [
                    {
                        "PRODID": product.number,
                        "NAME": product.name,
                        "STATE": customer.state(day),
                        "ENDDATE": short_date(product.until) if product.until else "",
                    }
                    for product in customer.products
                ]
            },
            "DEVLIST": {
                "DEV": [
                    {"STBNO": each.stb, "CARDNO": each.card, "TERMTYPE": each.kind, "OWNER": each.owner}
                    for each in customer.devices
                ]
            },
            "CONTRACTEND": short_date(customer.contract_end) if customer.contract_end else "",
            "LASTPAY": _last_payment(books, customer.number),
        }
    )


def _last_payment(books: Books, customer: str) -> dict[str, str]:
    """Of the customer and of the customer's orders; the BOSS shows no other."""
    made: list[Payment] = [each for each in books.payments.values() if each.customer == customer]
    if not made:
        return {}
    last = made[-1]
    return {
        "SERIALNO": last.serial,
        "RECEIPTNO": last.receipt,
        "AMOUNT": yuan(last.fen),
        "PAYTIME": short_time(last.at),
        "STATE": "已冲正" if last.reversal else "正常",
    }


def work_order(books: Books, asked: Asked) -> Answer:
    """One order by its number, or by the serial under which it was made; none is an empty body."""
    number = asked.get("ORDERNO") or books.used.get((asked.operator, asked.get("SERIALNO")), "")
    order = books.orders.get(number)
    if order is None or order.branch != asked.branch:
        return Answer({})
    return Answer({"ORDER": _order(order)})


def _order(order: Order) -> dict[str, str]:
    return {
        "ORDERNO": order.number,
        "SERVCODE": order.service,
        "SERIALNO": order.serial,
        "CUSTNO": order.customer,
        "STATE": order.state,
        "STATETIME": short_time(order.state_at),
        "HOLD": order.hold,
        "FEE": yuan(order.fee) if order.fee else "",
        "CONTRACTNO": order.contract,
        "REMARK": order.remark,
    }


def coverage(books: Books, asked: Asked) -> Answer:
    found = books.covered(asked.branch, asked.get("AREACODE"), asked.get("ADDRNAME"))
    candidates = [{"ADDRID": each.number, "ADDRNAME": each.name, "AREACODE": each.area} for each in found]
    return Answer({"ADDRLIST": {"ADDR": candidates}})
