"""The desk: lets a message in, holds it to the contract, finds its operation, words the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulators.gas import cashier, customers, orders, soap, visits
from simulators.gas.customers import Asked
from simulators.gas.soap import ServiceFault, SoapFault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from simulators.gas.books import Books
    from simulators.gas.security import Door
    from simulators.gas.soap import Fields

_OPERATIONS: Mapping[str, Callable[[Books, Asked], Fields]] = {
    "getCustomer": customers.get_customer,
    "findCustomers": customers.find_customers,
    "getBalance": customers.get_balance,
    "payBill": cashier.pay_bill,
    "reversePayment": cashier.reverse_payment,
    "createServiceOrder": orders.create,
    "getServiceOrder": orders.get,
    "findOrders": orders.find,
    "getChangedOrders": orders.changed,
    "bookVisit": visits.book,
    "listSlots": visits.list_slots,
    "addAttachment": orders.attach,
    "cancelServiceOrder": orders.cancel,
    "getReconciliation": cashier.get_reconciliation,
}
RETRYABLE = frozenset({"GAS-9002"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said, and what the journal should know of it: no personal data."""

    body: bytes
    code: str
    user: str = ""
    reference: str = ""
    violations: tuple[str, ...] = ()

    @property
    def done(self) -> bool:
        return self.code == "OK"


@dataclass(frozen=True, slots=True)
class Desk:
    """`companies` says for each user whose clerk he is."""

    books: Books
    door: Door
    companies: Mapping[str, str]

    def answer(self, body: bytes, content_type: str, now: datetime, *, times: int = 1) -> Answer:
        """Answer one request; carried out `times` times over, as when something on the way repeats it."""
        try:
            request = soap.read(body, content_type)
            user = self.door.admit(request.envelope, now)
            soap.hold_to_schema(request)
        except SoapFault as fault:
            violations = fault.violations or (fault.text,)
            return Answer(soap.fault(fault.role, fault.text), f"soap:{fault.role}", violations=violations)
        except ServiceFault as fault:
            return refused(fault)
        asked = Asked(user, self.companies[user], soap.fields(request.message), now)
        reference = _reference(asked)
        self.books.settle(now)
        try:
            said = [_OPERATIONS[request.operation](self.books, asked) for _ in range(times)]
        except ServiceFault as fault:
            return refused(fault, user, reference)
        return Answer(soap.reply(request.operation, said[-1]), "OK", user, reference)


def refused(fault: ServiceFault, user: str = "", reference: str = "") -> Answer:
    body = soap.fault("Sender", fault.message, fault, retryable=fault.code in RETRYABLE)
    return Answer(body, fault.code, user, reference)


def _reference(asked: Asked) -> str:
    order = asked.fields.get("order")
    given = order if isinstance(order, dict) else asked.fields
    return str(next((given[name] for name in ("externalRef", "channelRef", "orderNo") if name in given), ""))
