"""Orders: createServiceOrder, getServiceOrder, findOrders, getChangedOrders, addAttachment, cancelServiceOrder."""

from __future__ import annotations

import base64
import binascii
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from simulators.gas import rules, visits
from simulators.gas.records import CONTRACTS, FINAL, Attachment, Order, yuan, zulu
from simulators.gas.soap import ServiceFault

if TYPE_CHECKING:
    from simulators.gas.books import Books
    from simulators.gas.customers import Asked
    from simulators.gas.soap import Fields


def create(books: Books, asked: Asked) -> Fields:
    """Every call makes an order: nothing is compared with what this caller sent before."""
    facts = asked.fields["order"]
    customer = rules.check(books, asked, facts)
    slot = visits.wanted(books, facts)
    order = Order(
        number=books.number("G", asked.now, 5),
        reference=facts["externalRef"],
        company=asked.company,
        user=asked.user,
        kind=facts["type"],
        customer=customer.number if customer else None,
        facts=facts,
        signed=facts["agreementSigned"] in {"true", "1"} or facts["type"] not in CONTRACTS,
        history=(("REGISTERED", asked.now),),
    )
    books.orders[order.number] = order if slot is None else visits.booked(books, order, slot)
    books.ledger.record("order", order.reference, order_no=order.number, type=order.kind, customer=order.customer or "")
    return {"orderNo": order.number, "status": order.status, "createdAt": zulu(asked.now)}


def get(books: Books, asked: Asked) -> Fields:
    return {"order": shown(books, books.order(asked.fields["orderNo"], asked.company))}


def find(books: Books, asked: Asked) -> Fields:
    """All orders under a reference of this caller, as the search index shows them: half a minute behind."""
    seen = asked.now - books.lag
    found = [_as_of(order, seen) for order in books.orders.values() if _is_ours(order, asked)]
    wanted = [order for order in found if order and order.reference == asked.fields["externalRef"]]
    return {"order": [shown(books, order) for order in wanted]}


def changed(books: Books, asked: Asked) -> Fields:
    """The orders of this caller, one for each change, in the order of the changes; an order may come repeatedly."""
    until = asked.now - books.lag
    since = _time(asked.get("since"))
    entries = sorted(
        (f"{int(at.timestamp() * 1e6):018d}.{order.number}.{place:02d}", order)
        for order in books.orders.values()
        if _is_ours(order, asked)
        for place, (_, at) in enumerate(order.history)
        if at <= until and (since is None or at >= since)
    )
    cursor = asked.get("cursor") or ""
    rest = [entry for entry in entries if entry[0] > cursor]
    page = rest[: int(asked.fields["limit"])]
    seen = [_as_of(order, until) for _, order in page]
    return {
        "order": [shown(books, order) for order in seen if order],
        "nextCursor": page[-1][0] if page else cursor,
        "more": "true" if len(rest) > len(page) else "false",
    }


def attach(books: Books, asked: Asked) -> Fields:
    order = books.order(asked.fields["orderNo"], asked.company)
    if order.status in FINAL:
        raise ServiceFault("GAS-1010", "受理单已结束", orderNo=order.number)
    try:
        size = len(base64.b64decode(asked.fields["content"]))
    except binascii.Error as error:
        raise ServiceFault("GAS-1011", "附件不是 base64", fieldName="content") from error
    kind, name = asked.fields["kind"], asked.fields["fileName"]
    file = Attachment(f"{order.number}-{len(order.attachments) + 1:02d}", kind, name, size)
    order = replace(order, attachments=(*order.attachments, file))
    if kind == "AGREEMENT" and not order.signed:
        # Only now does the work begin.
        order = replace(order, signed=True, history=(*order.history, ("REGISTERED", asked.now)))
    books.orders[order.number] = order
    books.ledger.record("attachment", order.reference, attachment_id=file.number, kind=kind, size=size)
    return {"attachmentId": file.number}


def cancel(books: Books, asked: Asked) -> Fields:
    order = books.order(asked.fields["orderNo"], asked.company)
    if order.status not in {"REGISTERED", "SCHEDULED", "CANCELLED"}:
        raise ServiceFault("GAS-1010", "当前环节不能撤销", orderNo=order.number)
    if order.status != "CANCELLED":
        visits.released(books, order)
        opinion = asked.get("reason") or "申请人撤销"
        books.move(replace(order, slot=None, opinion=opinion), "CANCELLED", asked.now)
        books.ledger.record("cancel", order.reference, order_no=order.number)
    return {"orderNo": order.number, "status": "CANCELLED"}


def shown(books: Books, order: Order) -> Fields:
    """An order as the interface shows it."""
    told: Fields = {
        "orderNo": order.number,
        "externalRef": order.reference,
        "type": order.kind,
        "customerNo": order.customer,
        "status": order.status,
        "statusAt": zulu(order.since),
        "createdAt": zulu(order.created),
        "agreementSigned": "true" if order.signed else "false",
        "opinion": order.opinion,
    }
    slot = books.slot(order.slot) if order.slot else None
    if slot is not None:
        told["visit"] = {"slotId": slot.id, "from": zulu(slot.begin), "to": zulu(slot.end)}
    if order.fee_due:
        told["feeDue"] = yuan(order.fee_due)
    paid = next((each for each in books.payments.values() if each.order == order.number), None)
    if paid is not None:
        told["feePaid"] = {"receiptNo": paid.receipt, "channelRef": paid.reference}
    if order.contract:
        told["contractNo"] = order.contract
    told["attachment"] = [
        {"attachmentId": file.number, "kind": file.kind, "fileName": file.name} for file in order.attachments
    ]
    return told


def _is_ours(order: Order, asked: Asked) -> bool:
    return (order.company, order.user) == (asked.company, asked.user)


def _as_of(order: Order, when: datetime) -> Order | None:
    """The order as it stood then; None if it was not there yet."""
    history = tuple(entry for entry in order.history if entry[1] <= when)
    if not history:
        return None
    if len(history) == len(order.history):
        return order
    return replace(order, history=history, opinion=None, contract=None)


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    when = datetime.fromisoformat(text)
    return when if when.tzinfo else when.replace(tzinfo=UTC)
