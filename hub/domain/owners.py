"""Several owners of one thing: do their shares fit together, and which of them do the utilities know as the holder?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from pydantic import ValidationError

from hub.domain.application import Application
from hub.domain.catalogue import ServiceItem
from hub.domain.form import CoOwnership, OrderForm, Owner
from hub.domain.identifiers import IdentifierFault, check_document
from hub.domain.party import IdentityDocument, PartyRef
from hub.domain.taxonomy import ErrorCode
from hub.errors import Fault

_TRANSFER = "transfer"


def check_shares(owners: tuple[Owner, ...], where: str, today: date) -> Iterator[Fault]:
    """The faults of a list of owners: one is sole, several have one mode, and shares are whole together."""
    modes = {owner.mode for owner in owners}
    numbers = [_number(owner.document, today) for owner in owners]
    for index, number in enumerate(numbers):
        if number in numbers[:index]:
            yield Fault(f"{where}[{index}].document.number", ErrorCode.VAL_FORMAT.value, "the owner is named twice")
    if len(modes) > 1 or (CoOwnership.SOLE in modes) != (len(owners) == 1):
        text = "one owner owns alone; several own in one and the same mode: joint, shares or other"
        yield Fault(f"{where}[0].mode", ErrorCode.VAL_CODE.value, text)
        return
    yield from _check_parts(owners, where, in_shares=modes == {CoOwnership.SHARES})


def _check_parts(owners: tuple[Owner, ...], where: str, *, in_shares: bool) -> Iterator[Fault]:
    for index, owner in enumerate(owners):
        if in_shares and owner.share is None:
            yield Fault(f"{where}[{index}].share", ErrorCode.VAL_REQUIRED.value, "an owner in shares has a share")
        elif owner.share is not None and not in_shares:
            text = "only owners in shares have shares"
            yield Fault(f"{where}[{index}].share", ErrorCode.VAL_FORMAT.value, text)
    if in_shares and all(owner.share for owner in owners) and sum(Fraction(owner.share or 0) for owner in owners) != 1:
        yield Fault(where, ErrorCode.VAL_FORMAT.value, "the shares together are not one whole")


def check_holder(
    application: Application, index: int, item: ServiceItem, form: Mapping[str, Any], today: date
) -> Iterator[Fault]:
    """The holder of an account is one of those who will own the place: the one designated, else the applicant.

    Says nothing where the application names no owners, or an item moves no account and designates nobody.
    """
    owners = owners_of(application)
    if not owners or (item.business_type != _TRANSFER and "designated_holder" not in form):
        return
    known = {_number(owner.document, today) for owner in owners}
    try:
        designated = OrderForm.model_validate({"designated_holder": form.get("designated_holder")}).designated_holder
    except ValidationError:
        return  # said of the value already
    if _number((designated or application.applicant).document, today) in known:
        return
    if designated is not None:
        own = "designated_holder" in application.items[index].form
        where = f"items[{index}].form.designated_holder" if own else "form.designated_holder"
        yield Fault(where, ErrorCode.VAL_CODE.value, f"{item.code}: the holder must be one of the new owners")
    elif "designated_holder" in item.field_keys:
        text = f"{item.code}: the applicant is none of the new owners; name one of them as the holder"
        yield Fault("form.designated_holder", ErrorCode.VAL_REQUIRED.value, text)
    else:
        text = f"{item.code} makes the applicant the holder, who is none of the new owners"
        yield Fault("applicant", ErrorCode.ELG_NOT_ELIGIBLE.value, text)


def owners_of(application: Application) -> tuple[Owner, ...]:
    """The owners that an application names, if it does and they can be read."""
    for form in (*(request.form for request in application.items), application.form):
        if form.get("owners"):
            try:
                return OrderForm.model_validate({"owners": form["owners"]}).owners or ()
            except ValidationError:
                return ()
    return ()


def designated_beside_owners(application: Application) -> Any:
    """The holder named together with the owners: it holds for every account that is moved in the same case."""
    named = (request.form for request in application.items if request.form.get("owners"))
    return next((form["designated_holder"] for form in named if form.get("designated_holder")), None)


def normal_party(party: Any, today: date) -> Any:
    """The party with its document's number in normal form; as it is, if the number has none."""
    assert isinstance(party, PartyRef)  # noqa: S101 -- narrows the untyped form
    return party.with_(document=party.document.with_(number=_number(party.document, today)[1]))


def _number(document: IdentityDocument, today: date) -> tuple[str, str]:
    try:
        return document.type, check_document(document.type, document.number, today=today).number
    except IdentifierFault:
        return document.type, document.number
