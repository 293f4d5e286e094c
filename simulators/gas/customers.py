"""Questions about customers and what they owe: getCustomer, findCustomers, getBalance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulators.gas.records import Bill, Customer, yuan

if TYPE_CHECKING:
    from datetime import datetime

    from simulators.gas.books import Books
    from simulators.gas.soap import Fields


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that has been let in, with the hour at which it is handled."""

    user: str
    company: str
    fields: Fields
    now: datetime

    def get(self, name: str) -> Any:
        return self.fields.get(name)


def get_customer(books: Books, asked: Asked) -> Fields:
    return {"customer": _shown(books.customer(asked.fields["customerNo"], asked.company))}


def find_customers(books: Books, asked: Asked) -> Fields:
    wanted = (asked.company, asked.fields["idType"], asked.fields["idNo"])
    found = [each for each in books.customers.values() if (each.company, each.id_type, each.id_number) == wanted]
    return {"customer": [_shown(each) for each in found]}


def get_balance(books: Books, asked: Asked) -> Fields:
    customer = books.customer(asked.fields["customerNo"], asked.company)
    period = asked.get("period")
    bills = [bill for bill in customer.bills if period in {None, bill.period}]
    return {
        "customerNo": customer.number,
        "arrears": yuan(customer.arrears),
        "prepaid": "0.00",
        "bill": [_bill(books, bill) for bill in bills],
    }


def _bill(books: Books, bill: Bill) -> Fields:
    shown: Fields = {
        "billId": bill.period,
        "period": bill.period,
        "volume": bill.volume,
        "charge": yuan(bill.charge),
        "penalty": yuan(bill.penalty),
        "total": yuan(bill.total),
        "paid": "true" if bill.receipt else "false",
    }
    if bill.receipt:
        shown |= {"receiptNo": bill.receipt, "channelRef": books.payments[bill.receipt].reference}
    return shown


def _shown(customer: Customer) -> Fields:
    card = customer.meter_kind == "IC_CARD"
    return {
        "customerNo": customer.number,
        "name": customer.name,
        "idType": customer.id_type,
        "idNo": customer.id_number[:6] + "*" * (len(customer.id_number) - 10) + customer.id_number[-4:],
        "phone": customer.phone,
        "address": dict(customer.address),
        "usageType": customer.usage,
        "meter": {
            "meterNo": f"M{customer.number}",
            "kind": customer.meter_kind,
            "inlet": "LR"[int(customer.number) % 2],
            "lastReading": customer.reading,
            "remainVolume": "12.50" if card else None,
        },
        "safetyCheck": {"date": customer.checked.isoformat() if customer.checked else None, "result": customer.check},
        "status": customer.status,
    }
