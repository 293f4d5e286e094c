"""Orders made of an application: each item's order carries what its catalogue entry names, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any

from hub.clock import SHANGHAI
from hub.domain import numbers
from hub.domain.application import Application
from hub.domain.catalogue import Catalogue, ServiceItem
from hub.domain.evidence import Evidence
from hub.domain.form import OrderForm
from hub.domain.form_rules import IDENTIFIER_CHECKS, item_form
from hub.domain.identifiers import IdentifierFault, check_phone, normal_document
from hub.domain.order import ServiceOrder
from hub.domain.owners import normal_party
from hub.domain.party import Agent, IdentityAssertion, IdentityDocument, Organisation, Party, PartyRef

_ORDER = "order"


def orders_for(
    application: Application,
    catalogue: Catalogue,
    *,
    case_number: str,
    submitted_at: datetime,
    assertion: IdentityAssertion | None = None,
) -> tuple[ServiceOrder, ...]:
    """One order for each item of a valid application, numbered `case_number-01` and on, in the items' order.

    Document and phone numbers are in their normal form. `variant` follows the item's rule where it has one. The
    case's identity check goes with every order.
    """
    return tuple(
        _order(application, index, catalogue, case_number, submitted_at).with_(assertion=assertion)
        for index in range(len(application.items))
    )


def _order(
    application: Application, index: int, catalogue: Catalogue, case_number: str, submitted_at: datetime
) -> ServiceOrder:
    item = catalogue.by_code[application.items[index].code]
    task = numbers.task_number(case_number, index + 1)
    form = item_form(application, index, item)
    return ServiceOrder(
        task_number=task,
        case_number=case_number,
        serial=numbers.serial20(task),
        request_id=numbers.serial32hex(task, _ORDER),
        item=item.code,
        operation=item.upstream.operation,
        variant=item.variant(form),
        business_type=item.business_type,
        audience=application.audience,
        submitted_at=submitted_at,
        channel=application.channel,
        applicant=_party(application.applicant, item, submitted_at),
        agent=_agent(application.agent, submitted_at),
        address=application.address,
        property_unit_no=application.property_unit_no if _about_property(item) else None,
        delivery=application.delivery,
        form=_form(form, item, submitted_at),
        linked=_linked(application, index, catalogue),
        evidence=tuple(_evidence(application, item)),
    )


def _form(given: dict[str, Any], item: ServiceItem, at: datetime) -> OrderForm:
    """The form with every number in its normal form."""
    today = at.astimezone(SHANGHAI).date()
    form = OrderForm.model_validate(given)
    changes: dict[str, Any] = {}
    for ref in item.form_fields:
        value = getattr(form, ref.ref)
        if isinstance(value, PartyRef):
            changes[ref.ref] = normal_party(value, today)
        elif isinstance(value, tuple) and value and isinstance(value[0], PartyRef):
            changes[ref.ref] = tuple(normal_party(each, today) for each in value)
        elif ref.check is not None and value is not None:
            with suppress(IdentifierFault):
                changes[ref.ref] = IDENTIFIER_CHECKS[ref.check](value)
    changed: OrderForm = form.with_(**changes)
    return changed


def _linked(application: Application, index: int, catalogue: Catalogue) -> tuple[str, ...]:
    """The fields whose accounts move in the same case as what is registered by this order."""
    codes = [request.code for request in application.items]
    if catalogue.by_code[codes[index]] not in catalogue.linked:
        return ()
    others = (catalogue.by_code[code] for code in codes)
    return tuple(dict.fromkeys(item.field for item in others if item.business_type == "transfer"))


def _evidence(application: Application, item: ServiceItem) -> Iterable[Evidence]:
    """The materials that the item names. What people call their files may hold names, and goes nowhere."""
    named = item.material_ids(application.audience, agent=application.agent is not None)
    return (
        evidence.with_(file_name=evidence.neutral_name if evidence.file_name else None)
        for evidence in application.evidence
        if evidence.material in named
    )


def _about_property(item: ServiceItem) -> bool:
    """The real-estate unit is passed on only where the item asks for proof of the property."""
    return item.linked_real_estate or any("RE_CERT" in rule.any_of for rule in item.materials)


def _party(party: Party, item: ServiceItem, at: datetime) -> Party:
    if isinstance(party, Organisation):
        wanted = any("LEGAL_REP_ID" in rule.any_of for rule in item.materials)
        legal_rep = party.legal_rep if wanted else None
        changed: Organisation = party.with_(
            document=_document(party.document, at),
            mobile=_phone(party.mobile),
            legal_rep=legal_rep.with_(document=_document(legal_rep.document, at)) if legal_rep else None,
        )
        return changed
    person: Party = party.with_(document=_document(party.document, at), mobile=_phone(party.mobile))
    return person


def _agent(agent: Agent | None, at: datetime) -> Agent | None:
    if agent is None:
        return None
    person = agent.person.with_(document=_document(agent.person.document, at), mobile=_phone(agent.person.mobile))
    changed: Agent = agent.with_(person=person)
    return changed


def _document(document: IdentityDocument, at: datetime) -> IdentityDocument:
    return normal_document(document, today=at.astimezone(SHANGHAI).date())


def _phone(number: str | None) -> str | None:
    if number is None:
        return None
    try:
        return check_phone(number)
    except IdentifierFault:
        return number
