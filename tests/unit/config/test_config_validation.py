"""Validation of applications: each kind of fault is found at its place, and no value is ever repeated."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.config import load_configuration
from hub.domain.application import ItemRequest
from hub.domain.evidence import Evidence
from hub.domain.example import SIGNED_AT, example_application, example_case
from hub.domain.party import Agent, DocumentType, IdentityDocument, Organisation, PartyRef
from hub.domain.validation import validate

CONFIGURATION = load_configuration()
CATALOGUE = CONFIGURATION.catalogue
CASES = [(item.code, audience) for item in CATALOGUE.by_code.values() for audience in item.audience]
CONNECTED = {"water", "power", "transit", "catv", "realty", "gas", "ccard"}


def faults(application, now=SIGNED_AT):
    found = validate(application, CATALOGUE, CONFIGURATION.divisions, CONFIGURATION.concessions.route, now)
    return {(fault.where, fault.rule) for fault in found}


def citizen(code="JX6-WAT-01", **changes):
    return example_application(code, "individual", CATALOGUE).with_(**changes)


def with_form(application, **values):
    request = application.items[0]
    form = {**request.form, **values}
    kept = {key: value for key, value in form.items() if value is not ...}
    return application.with_(items=(ItemRequest(code=request.code, form=kept), *application.items[1:]))


def applicant(application, **changes):
    return application.with_(applicant=application.applicant.with_(**changes))


def document(number, type_=DocumentType.RIC, **more):
    return IdentityDocument(type=type_, number=number, **more)


@pytest.mark.parametrize(("code", "audience"), CASES)
def test_the_example_of_every_item_is_valid_or_only_unconnected(code, audience):
    found = faults(example_application(code, audience, CATALOGUE))
    connected = CATALOGUE.by_code[code].field in CONNECTED
    assert found == (set() if connected else {("items[0].code", "RTE_NO_PROVIDER")})


def test_an_example_is_the_same_every_time():
    assert citizen() == citizen()
    assert citizen().request_id != citizen("JX6-WAT-02").request_id


@pytest.mark.parametrize(
    ("application", "where", "rule"),
    [
        (citizen(items=(ItemRequest(code="JX6-WAT-99"),)), "items[0].code", "VAL_CODE"),
        (citizen(items=citizen().items * 2), "items[1]", "VAL_FORMAT"),
        (applicant(citizen(), document=document("330402195203140025")), "applicant.document.number", "VAL_FORMAT"),
        (applicant(citizen(), document=document("91330402MA28A12323", DocumentType.USCC)), "applicant.document.type", "VAL_CODE"),
        (applicant(citizen(), document=document("330402195203140024", valid_until=SIGNED_AT.date() - timedelta(1))),
         "applicant.document.valid_until", "IDN_EXPIRED"),
        (applicant(citizen(), name="王\x00兰"), "applicant.name", "VAL_FORMAT"),
        (applicant(citizen(), name="王\n兰"), "applicant.name", "VAL_FORMAT"),
        (applicant(citizen(), name="王\uffff"), "applicant.name", "VAL_FORMAT"),
        (applicant(citizen(), name="王秀兰\u3000"), "applicant.name", "VAL_FORMAT"),
        (applicant(citizen(), mobile="12345678901"), "applicant.mobile", "VAL_FORMAT"),
        (applicant(citizen(), mobile="0573-82089200"), "applicant.mobile", "VAL_FORMAT"),
        (applicant(citizen(), mobile=None), "applicant.mobile", "VAL_REQUIRED"),
        (citizen(address=citizen().address.with_(division_code="330402999")), "address.division_code", "VAL_CODE"),
        (citizen(channel=citizen().channel.with_(division="330499")), "channel.division", "VAL_CODE"),
        (citizen(property_unit_no="330402"), "property_unit_no", "VAL_FORMAT"),
        (citizen(theme="JX6-TH-99"), "theme", "VAL_CODE"),
        (citizen(theme="JX6-TH-06"), "theme", "VAL_CODE"),
        (citizen(consents=()), "consents", "CON_MISSING"),
        (with_form(citizen(), account_no=...), "items[0].form.account_no", "VAL_REQUIRED"),
        (with_form(citizen(), account_no=None), "items[0].form.account_no", "VAL_REQUIRED"),
        (with_form(citizen(), account_no="a b"), "items[0].form.account_no", "VAL_FORMAT"),
        (with_form(citizen(), account_no=12345678), "items[0].form.account_no", "VAL_FORMAT"),
        (with_form(citizen(), meter_reading="-1"), "items[0].form.meter_reading", "VAL_FORMAT"),
        (with_form(citizen(), settle_mode="nobody"), "items[0].form.settle_mode", "VAL_CODE"),
        (with_form(citizen("JX6-WAT-02"), water_use="09"), "items[0].form.water_use", "VAL_CODE"),
        (with_form(citizen("JX6-BUS-01"), card_type="30"), "items[0].form.card_type", "VAL_CODE"),
        (with_form(citizen("JX6-CIT-05"), functions=["BUS", "TAXI"]), "items[0].form.functions", "VAL_CODE"),
        (with_form(citizen("JX6-BUS-05"), card_no="3104330000000000017"), "items[0].form.card_no", "VAL_FORMAT"),
        (with_form(citizen("JX6-BUS-05"), loss_time=...), "items[0].form.loss_time", "VAL_REQUIRED"),
        (with_form(citizen("JX6-WAT-08"), end_date="2026-11-30"), "items[0].form.end_date", "VAL_FORMAT"),
        (with_form(citizen("JX6-CIT-01"), insured_division="110101"), "items[0].form.insured_division", "VAL_CODE"),
        (with_form(citizen("JX6-WAT-06"), contact_change={}), "items[0].form.contact_change", "VAL_REQUIRED"),
        (with_form(citizen("JX6-WAT-06"), contact_change={"mobile": "123"}), "items[0].form.contact_change.mobile", "VAL_FORMAT"),
        (with_form(citizen(), water_use="01"), "items[0].form.water_use", "VAL_FORMAT"),
        (citizen(form={"water_use": "01"}), "form.water_use", "VAL_FORMAT"),
        (with_form(citizen("JX6-WAT-11"), member_ids=[{"name": "a", "document": {"type": "RIC", "number": "1"}}]),
         "items[0].form.member_ids[0].document.number", "VAL_FORMAT"),
        (with_form(citizen("JX6-WAT-11"), member_ids=[{"name": "a\t", "document": {"type": "RIC", "number": "330402195203140024"}}]),
         "items[0].form.member_ids[0].name", "VAL_FORMAT"),
        (with_form(citizen("JX6-WAT-11"), member_ids=[{"name": "a"}]), "items[0].form.member_ids[0].document", "VAL_FORMAT"),
        (citizen("JX6-BUS-01", evidence=()), "evidence", "MAT_MISSING"),
        (citizen("JX6-ELE-13", evidence=()), "evidence", "MAT_MISSING"),
    ],
)  # fmt: skip
def test_a_fault_is_found_at_its_place_alone(application, where, rule):
    item = CATALOGUE.by_code.get(application.items[0].code)
    unconnected = {("items[0].code", "RTE_NO_PROVIDER")} if item and item.field not in CONNECTED else set()
    assert faults(application) == {(where, rule)} | unconnected


def test_an_item_of_a_utility_that_is_not_connected_has_no_provider(changed):
    overlay, _ = changed("concessions.yaml", "endpoint: gas-city, ", "")
    route = load_configuration(overlay=overlay).concessions.route
    found = validate(citizen("JX6-GAS-01"), CATALOGUE, CONFIGURATION.divisions, route, SIGNED_AT)
    assert {(fault.where, fault.rule) for fault in found} == {("items[0].code", "RTE_NO_PROVIDER")}


def test_an_item_for_enterprises_is_not_for_a_citizen():
    assert ("items[0].code", "ELG_NOT_ELIGIBLE") in faults(citizen(items=(ItemRequest(code="JX6-ELE-06"),)))


def test_a_conditional_field_is_required_only_for_its_values():
    application = with_form(citizen("JX6-BUS-05"), loss_kind="cancel", loss_time=...)
    assert faults(application) == set()
    company = example_application("JX6-ELE-10", "enterprise", CATALOGUE)
    assert faults(with_form(company, suspend_kind="resume", end_date=..., capacity_kva=...)) == set()
    assert faults(with_form(company, suspend_kind="full", end_date=..., capacity_kva=...)) == {
        ("items[0].form.end_date", "VAL_REQUIRED")
    }


def test_a_shared_value_serves_every_item_and_is_named_at_its_own_place():
    application = example_case(["JX6-WAT-01", "JX6-ELE-05"], "individual", CATALOGUE)
    shared = {
        key: value for key, value in application.items[0].form.items() if key.startswith(("old_", "owner", "settle"))
    }
    items = tuple(
        ItemRequest(code=each.code, form={key: each.form[key] for key in each.form if key not in shared})
        for each in application.items
    )
    together = application.with_(items=items, form=shared)
    assert faults(together) == set()
    assert faults(together.with_(form={**shared, "settle_mode": "nobody"})) == {("form.settle_mode", "VAL_CODE")}


def test_one_account_number_cannot_stand_for_two_utilities():
    application = example_case(["JX6-WAT-13", "JX6-ELE-14"], "individual", CATALOGUE)
    items = tuple(ItemRequest(code=each.code) for each in application.items)
    shared = application.with_(items=items, form={"account_no": "0100012345"})
    assert faults(shared) == {("form.account_no", "VAL_FORMAT")}
    alone = shared.with_(items=items[:1])
    assert faults(alone) == set()


def test_what_the_hub_fetches_is_asked_of_nobody():
    assert faults(citizen(evidence=())) == set()


def test_nobody_serves_an_item_when_no_route_is_found():
    found = validate(citizen(), CATALOGUE, CONFIGURATION.divisions, lambda _field, _division: None, SIGNED_AT)
    assert [(fault.where, fault.rule) for fault in found] == [("items[0].code", "RTE_NO_PROVIDER")]


def test_a_mobile_of_the_agent_is_enough():
    application = applicant(citizen(), mobile=None).with_(agent=_agent(), evidence=(Evidence(material="POA"),))
    assert faults(application) == set()


def test_a_company_may_leave_a_landline():
    company = example_application("JX6-WAT-01", "enterprise", CATALOGUE)
    assert company.applicant.mobile == "0573-82089200"
    assert faults(company) == set()


def test_the_document_of_the_legal_representative_is_checked():
    company = example_application("JX6-WAT-01", "enterprise", CATALOGUE)
    rep = company.applicant.legal_rep.with_(document=document("330402198801010013"))
    assert faults(applicant(company, legal_rep=rep)) == {("applicant.legal_rep.document.number", "VAL_FORMAT")}


def test_an_organisation_is_known_by_its_credit_code_alone():
    someone = Organisation(name="某公司", document=document("330402198801010012"), mobile="13800138000")
    found = faults(citizen(applicant=someone))
    assert ("applicant.document.type", "VAL_CODE") in found


def _agent(**changes):
    return example_application("JX6-ELE-06", "enterprise", CATALOGUE).agent.with_(proof=None, **changes)


POA = (Evidence(material="POA"),)


@pytest.mark.parametrize(
    ("agent", "evidence", "where"),
    [
        (_agent(), (), "agent.proof"),
        (Agent(person=_agent().person, proof="VILLAGE_PROOF"), (), "agent.proof"),
        (_agent(valid_until=SIGNED_AT.date() - timedelta(1)), POA, "agent.valid_until"),
        (_agent(items=("JX6-WAT-02",)), POA, "agent.items"),
    ],
)
def test_an_agent_without_authority_is_refused(agent, evidence, where):
    assert faults(citizen(agent=agent, evidence=evidence)) == {(where, "AGY_MISSING")}


@pytest.mark.parametrize("agent", [_agent(), _agent(items=("JX6-WAT-01",)), _agent(valid_until=SIGNED_AT.date())])
def test_an_agent_with_authority_is_taken(agent):
    assert faults(citizen(agent=agent, evidence=POA)) == set()


def test_the_agents_own_document_is_checked():
    agent = _agent(person=_agent().person.with_(document=document("33048119950615013X")))
    assert faults(citizen(agent=agent, evidence=POA)) == {("agent.person.document.number", "VAL_FORMAT")}


@pytest.mark.parametrize(
    ("recipient", "items", "withdrawn", "holds"),
    [
        ("water", (), None, True),
        ("water-city", (), None, True),
        ("water", ("JX6-WAT-01",), None, True),
        ("water", ("JX6-WAT-02",), None, False),
        ("power", (), None, False),
        ("water-haining", (), None, False),
        ("water", (), SIGNED_AT, False),
        ("water", (), SIGNED_AT + timedelta(days=1), True),
    ],
)
def test_consent_is_for_this_recipient_and_item_and_still_given(recipient, items, withdrawn, holds):
    consent = citizen().consents[0].with_(recipient=recipient, items=items, withdrawn_at=withdrawn)
    assert faults(citizen(consents=(consent,))) == (set() if holds else {("consents", "CON_MISSING")})


def test_refusing_one_utility_leaves_the_others_possible():
    application = example_case(["JX6-WAT-01", "JX6-ELE-05"], "individual", CATALOGUE)
    found = validate(
        application.with_(consents=application.consents[:1]),
        CATALOGUE, CONFIGURATION.divisions, CONFIGURATION.concessions.route, SIGNED_AT,
    )  # fmt: skip
    assert len(found) == 1
    assert "JX6-ELE-05" in found[0].message


def test_validity_is_judged_by_the_citys_date():
    expires = document("330402195203140024", valid_until=SIGNED_AT.date())
    application = applicant(citizen(), document=expires)
    assert faults(application, datetime(2026, 11, 23, 15, 59, tzinfo=UTC)) == set()
    late = faults(application, datetime(2026, 11, 23, 16, 0, tzinfo=UTC))
    assert late == {("applicant.document.valid_until", "IDN_EXPIRED")}


ANY_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(CASES), st.data())
def test_no_form_value_makes_validation_fail_and_none_is_repeated(case, data):
    canary = "Ka7nAriE-5417"
    application = example_application(*case, CATALOGUE)
    key = data.draw(st.sampled_from(sorted({*application.items[0].form, "zhang san", canary})))
    value = data.draw(ANY_VALUE | st.just(canary) | st.just([canary]) | st.just({canary: canary}))
    bad = with_form(application, **{key: value})
    for fault in validate(bad, CATALOGUE, CONFIGURATION.divisions, CONFIGURATION.concessions.route, SIGNED_AT):
        assert canary not in str(fault)


@given(st.sampled_from(CASES), st.data())
def test_leaving_out_a_field_is_a_fault_exactly_when_it_is_required(case, data):
    application = example_application(*case, CATALOGUE)
    refs = CATALOGUE.by_code[case[0]].form_fields
    if not refs:
        return
    ref = data.draw(st.sampled_from(refs))
    found = faults(with_form(application, **{ref.ref: ...}))
    form = application.items[0].form
    wanted = ref.required or any(form.get(other) in values for other, values in ref.required_when.items())
    assert ((f"items[0].form.{ref.ref}", "VAL_REQUIRED") in found) == wanted


def test_a_party_named_in_a_form_is_a_value_without_a_readable_repr():
    party = PartyRef(name="王秀兰", document=document("330402195203140024"))
    assert "王" not in repr(party)
