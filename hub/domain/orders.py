"""Orders made of an application: each item's order carries what its catalogue entry names, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from hub.clock import SHANGHAI
from hub.domain import numbers
from hub.domain.application import Application
from hub.domain.catalogue import Catalogue, ServiceItem
from hub.domain.evidence import Evidence
from hub.domain.form import OrderForm
from hub.domain.form_rules import item_form
from hub.domain.identifiers import IdentifierFault, check_phone, normal_document
from hub.domain.order import ServiceOrder
from hub.domain.party import Agent, IdentityAssertion, IdentityDocument, Organisation, Party

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
        _order(application, index, catalogue.by_code[request.code], case_number, submitted_at).with_(
            assertion=assertion
        )
        for index, request in enumerate(application.items)
    )


def _order(
    application: Application, index: int, item: ServiceItem, case_number: str, submitted_at: datetime
) -> ServiceOrder:
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
        form=OrderForm.model_validate(form),
        evidence=tuple(_evidence(application, item)),
    )


def _evidence(application: Application, item: ServiceItem) -> Iterable[Evidence]:
    named = item.material_ids(application.audience, agent=application.agent is not None)
    return (evidence for evidence in application.evidence if evidence.material in named)


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
