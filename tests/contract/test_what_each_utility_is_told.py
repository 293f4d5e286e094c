"""What of a person goes to which utility for which item: only what the item names, and no more than stands here."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from hub.domain.example import example_application
from hub.domain.party import Agent, DocumentType, IdentityDocument, Person
from hub.domain.personal import personal_values
from tests.contract.sending import CONFIGURATION, opened

AGENT = Person(
    name="欧阳代办",
    document=IdentityDocument(type=DocumentType.RIC, number="33040219700101001X"),
    mobile="13911112222",
)
WHO = {"applicant.name", "applicant.document.number", "applicant.mobile"}
AGENT_TOO = {"agent.person.name", "agent.person.document.number", "agent.person.mobile"}
LEGAL = {"applicant.legal_rep.name", "applicant.legal_rep.document.number"}
WHERE = {"address.full_address"}
# By system and kind of business, most special first: what of the applicant's part of an application is sent. Payments
# and questions go by the account alone; the form's own fields are those that the catalogue's entry names.
TOLD = {
    ("*", "payment"): set(),
    ("ccard", "query"): {"applicant.document.number"},  # the centre answers the holder only
    ("*", "query"): set(),
    ("water", "*"): WHO | AGENT_TOO | LEGAL | WHERE,
    ("power", "new_connection"): WHO | AGENT_TOO | WHERE,
    ("power", "*"): WHO | AGENT_TOO,
    ("gas", "*"): WHO | AGENT_TOO | LEGAL | WHERE,
    ("transit", "card_issue"): WHO,
    ("transit", "card_reissue"): WHO,
    ("transit", "*"): {"applicant.name", "applicant.document.number"},
    ("ccard", "card_issue"): WHO | WHERE,
    ("ccard", "card_reissue"): WHO | WHERE,
    ("ccard", "credential_reset"): WHO,
    ("ccard", "info_change"): {"applicant.document.number"},
    ("ccard", "*"): {"applicant.name", "applicant.document.number"},
    ("catv", "new_connection"): WHO | (AGENT_TOO - {"agent.person.mobile"}) | LEGAL | WHERE,
    ("catv", "transfer"): WHO | (AGENT_TOO - {"agent.person.mobile"}) | LEGAL,
    ("catv", "relocation"): WHO | WHERE,  # the new one, which the form gives
    ("catv", "*"): WHO,
    ("realty", "*"): {"applicant.name", "applicant.document.number"} | AGENT_TOO | WHERE,
}
ITEMS = [(item, audience) for item in CONFIGURATION.catalogue.by_code.values() for audience in item.audience]


def told(item):
    keys = [(item.field, item.business_type), ("*", item.business_type), (item.field, "*")]
    return next(TOLD[key] for key in keys if key in TOLD)


@pytest.fixture(scope="module")
def preview(tmp_path_factory):
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        hub, _ = runner.run(opened(stack, tmp_path_factory.mktemp("hub")))
        yield lambda made: runner.run(hub.preview(made))[0]
        runner.run(stack.aclose())


def leaves(value, path=""):
    if isinstance(value, dict):
        for key, each in value.items():
            yield from leaves(each, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for each in value:
            yield from leaves(each, path)
    else:
        yield path, str(value)


def application(item, audience, town):
    """With an agent, and with files whose names say whose they are; nobody in it is called like anybody else."""
    made = example_application(item.code, audience, CONFIGURATION.catalogue, division=town)
    evidence = tuple(each.with_(file_name="欧阳文心离婚.pdf") if each.file_name else each for each in made.evidence)
    poa = evidence[:1] or ()
    agent = made.agent or Agent(person=AGENT, proof=poa[0].material if poa else None)
    return made.with_(agent=agent.with_(person=AGENT) if poa else None, evidence=evidence)


def found_in(preview, item, audience, town, *, in_form_too=False):
    """Which parts of an application stand in the item's message, without what its form says anyway."""
    made = application(item, audience, town)
    shown = preview(made)
    assert shown.error is None
    assert "欧阳文心" not in str(shown.mapped) + str(shown.wire)
    sent = {value.casefold() for _, value in leaves(shown.mapped)}
    given = made.model_dump(mode="json", exclude={"items", "form", "evidence", "consents"}, exclude_none=True)
    personal = {value for _, value in personal_values(made)}
    form = set() if in_form_too else {value for request in made.items for _, value in leaves(dict(request.form))}
    return {path for path, value in leaves(given) if value in personal - form and value.casefold() in sent}


@pytest.mark.parametrize("town", ["330402007", "330481001"])
@pytest.mark.parametrize(("item", "audience"), ITEMS, ids=lambda each: getattr(each, "code", each))
def test_message_holds_of_persons_only_what_the_item_and_its_utility_need(preview, item, audience, town):
    found = found_in(preview, item, audience, town)
    assert found <= told(item), found - told(item)


def test_table_allows_nothing_that_is_not_sent(preview):
    seen = {id(line): set() for line in TOLD.values()}
    for item, audience in ITEMS:
        seen[id(told(item))] |= found_in(preview, item, audience, "330402007", in_form_too=True)
    assert {key: line - seen[id(line)] for key, line in TOLD.items() if line - seen[id(line)]} == {}
