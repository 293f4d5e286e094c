"""Whether an application may be taken: pure rules over the catalogue; each fault names a place, never a value."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime

from hub.clock import SHANGHAI
from hub.domain.address import Divisions
from hub.domain.application import Application, ItemRequest
from hub.domain.catalogue import Catalogue, ServiceItem
from hub.domain.form_rules import check_forms
from hub.domain.identifiers import (
    IdentifierFault,
    check_document,
    check_estate_unit,
    check_mobile,
    check_name,
    check_phone,
)
from hub.domain.party import DocumentType, IdentityDocument, Organisation, Party, Person
from hub.domain.provider import Route
from hub.domain.taxonomy import ErrorCode
from hub.errors import Fault

FindRoute = Callable[[str, str], Route | None]


def validate(
    application: Application, catalogue: Catalogue, divisions: Divisions, route: FindRoute, now: datetime
) -> list[Fault]:
    """Every fault of an application, in the order of its parts; an empty list means that it may be taken.

    `route(field, division)` tells who serves a field at the service address. A fault's `where` is a path in the
    application (`items[0].form.account_no`), its `rule` an error code of the taxonomy.
    """
    today = now.astimezone(SHANGHAI).date()
    known = [
        (index, catalogue.by_code[request.code])
        for index, request in enumerate(application.items)
        if request.code in catalogue.by_code
    ]
    faults = [
        *_items(application, catalogue),
        *_party(application.applicant, "applicant", today),
        *_contact(application),
        *_address(application, divisions),
        *_agency(application, known, today),
        *_theme(application, catalogue),
    ]
    for index, item in known:
        if application.address.division_code in divisions.by_code:
            faults += _routed(application, index, item, route)
        faults += _consent(application, item, route, now)
        faults += _materials(application, item, catalogue)
    faults += check_forms(application, catalogue, divisions, today)
    return list(dict.fromkeys(faults))


def _fault(where: str, code: ErrorCode, message: str | None = None) -> Fault:
    return Fault(where, code.value, message or code.rule.message_en)


def _items(application: Application, catalogue: Catalogue) -> Iterator[Fault]:
    before: list[ItemRequest] = []
    for index, request in enumerate(application.items):
        where = f"items[{index}]"
        item = catalogue.by_code.get(request.code)
        if item is None:
            yield _fault(f"{where}.code", ErrorCode.VAL_CODE, "the catalogue has no such item; see hub items")
        elif application.audience not in item.audience:
            yield _fault(
                f"{where}.code", ErrorCode.ELG_NOT_ELIGIBLE, f"not for applicants of kind {application.audience}"
            )
        if request in before:
            yield _fault(where, ErrorCode.VAL_FORMAT, "the same item with the same form stands twice")
        before.append(request)


def _party(party: Party, where: str, today: date) -> Iterator[Fault]:
    is_organisation = isinstance(party, Organisation)
    try:
        check_name(party.name)
    except IdentifierFault as fault:
        yield fault.at(f"{where}.name")
    if (party.document.type is DocumentType.USCC) != is_organisation:
        wanted = "an organisation is identified by its USCC, a person never"
        yield _fault(f"{where}.document.type", ErrorCode.VAL_CODE, wanted)
    else:
        yield from check_identity(party.document, f"{where}.document", today)
    if isinstance(party, Organisation) and party.legal_rep is not None:
        yield from _party(party.legal_rep, f"{where}.legal_rep", today)


def check_identity(document: IdentityDocument, where: str, today: date) -> Iterator[Fault]:
    """The faults of one identity document: its number's rule, and whether it still holds."""
    try:
        check_document(document.type, document.number, today=today)
    except IdentifierFault as fault:
        yield fault.at(f"{where}.number")
    if document.valid_until is not None and document.valid_until < today:
        yield _fault(f"{where}.valid_until", ErrorCode.IDN_EXPIRED)


def _contact(application: Application) -> Iterator[Fault]:
    people: list[tuple[str, Party]] = [("applicant", application.applicant)]
    if application.agent is not None:
        people.append(("agent.person", application.agent.person))
    for where, party in people:
        if party.mobile:
            check = check_mobile if isinstance(party, Person) else check_phone
            try:
                check(party.mobile)
            except IdentifierFault as fault:
                yield fault.at(f"{where}.mobile")
    if not any(party.mobile for _, party in people):
        text = "the applicant, or the agent, needs a mobile number"
        yield _fault("applicant.mobile", ErrorCode.VAL_REQUIRED, text)


def _address(application: Application, divisions: Divisions) -> Iterator[Fault]:
    if application.address.division_code not in divisions.by_code:
        text = "no such town or street in this city"
        yield _fault("address.division_code", ErrorCode.VAL_CODE, text)
    channel = application.channel.division
    if channel is not None and channel not in divisions.by_code:
        yield _fault("channel.division", ErrorCode.VAL_CODE, "no such division in this city")
    if application.property_unit_no is not None:
        try:
            check_estate_unit(application.property_unit_no)
        except IdentifierFault as fault:
            yield fault.at("property_unit_no")


def _agency(application: Application, known: list[tuple[int, ServiceItem]], today: date) -> Iterator[Fault]:
    agent = application.agent
    if agent is None:
        return
    yield from _party(agent.person, "agent.person", today)
    collected = {evidence.material for evidence in application.evidence}
    # A power of attorney is proof for every item; any other proof is one of the collected materials.
    if "POA" not in collected and (agent.proof is None or agent.proof not in collected):
        yield _fault("agent.proof", ErrorCode.AGY_MISSING, "the agent's authority is not among the materials")
    if agent.valid_until is not None and agent.valid_until < today:
        yield _fault("agent.valid_until", ErrorCode.AGY_MISSING, "the agent's authority has ended")
    for _, item in known:
        if agent.items and item.code not in agent.items:
            yield _fault("agent.items", ErrorCode.AGY_MISSING, f"the agent's authority does not cover {item.code}")


def _theme(application: Application, catalogue: Catalogue) -> Iterator[Fault]:
    if application.theme is None:
        return
    bundle = catalogue.by_bundle.get(application.theme)
    if bundle is None:
        yield _fault("theme", ErrorCode.VAL_CODE, f"no such bundle; there are: {', '.join(catalogue.by_bundle)}")
    elif not {request.code for request in application.items} & set(bundle.codes):
        yield _fault("theme", ErrorCode.VAL_CODE, "no item of the application belongs to this bundle")


def _routed(application: Application, index: int, item: ServiceItem, route: FindRoute) -> Iterator[Fault]:
    found = route(item.field, application.address.division_code)
    if found is None:
        yield _fault(f"items[{index}].code", ErrorCode.RTE_NO_PROVIDER)
    elif found.endpoint is None:
        text = f"{found.provider.id} serves this division, but is not connected to this hub"
        yield _fault(f"items[{index}].code", ErrorCode.RTE_NO_PROVIDER, text)


def _consent(application: Application, item: ServiceItem, route: FindRoute, now: datetime) -> Iterator[Fault]:
    found = route(item.field, application.address.division_code)
    recipients = {item.field} | ({found.provider.id} if found else set())
    for consent in application.consents:
        holds = consent.withdrawn_at is None or consent.withdrawn_at > now
        if holds and consent.recipient in recipients and (not consent.items or item.code in consent.items):
            return
    names = " or ".join(sorted(recipients, key=lambda name: (name != item.field, name)))
    yield _fault("consents", ErrorCode.CON_MISSING, f"no consent to pass {item.code} to {names}")


def _materials(application: Application, item: ServiceItem, catalogue: Catalogue) -> Iterator[Fault]:
    given = {evidence.material for evidence in application.evidence}
    for rule in item.materials:
        if not rule.applies(application.audience, agent=application.agent is not None) or not rule.demanded:
            continue
        if "POA" in rule.any_of and application.agent is not None:
            continue  # the agent's proof is asked for once, with the agent
        if all(catalogue.by_material[one].asked for one in rule.any_of) and not given & set(rule.any_of):
            text = f"{item.code} needs {' or '.join(rule.any_of)}"
            yield _fault("evidence", ErrorCode.MAT_MISSING, text)
