"""A plan's form filled in: valid for every item everywhere, faults all at once, and the application that it makes."""

from __future__ import annotations

import json

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub import application_of, check_answers
from hub.config import load_configuration
from hub.domain.example import example_bundle, example_case
from hub.domain.orders import orders_for
from hub.domain.plan import make_plan
from hub.domain.validation import validate
from hub.errors import ApplicationInvalid
from tests.unit.config.plan_answers import NOW, answers_of

CONFIGURATION = load_configuration()
CATALOGUE = CONFIGURATION.catalogue
TOWNS = ("330402007", "330411002", "330421001", "330424001", "330481001", "330482001", "330483001")
BUNDLES = [bundle.id for bundle in CATALOGUE.bundles]


KEYS = st.sampled_from(["common", "form", "items", "JX6-WAT-01", "applicant_name", "consents", "agent", "delivery"])


def plan(application):
    codes = [each.code for each in application.items]
    division = application.address.division_code
    return make_plan(
        codes, division, application.audience, CATALOGUE, CONFIGURATION.concessions.route, theme=application.theme
    )


TRANSFER = plan(example_case(["JX6-WAT-01"], "individual", CATALOGUE))


def faults_but_routing(application):
    found = validate(application, CATALOGUE, CONFIGURATION.divisions, CONFIGURATION.concessions.route, NOW)
    return [fault for fault in found if fault.rule != "RTE_NO_PROVIDER"]


def same_orders(one, other):
    number = "JX6202611243304020000015"
    made = [orders_for(each, CATALOGUE, case_number=number, submitted_at=NOW) for each in (one, other)]
    return [order.model_dump() for order in made[0]] == [order.model_dump() for order in made[1]]


@pytest.mark.parametrize("town", TOWNS)
def test_every_item_has_a_plan_that_takes_its_example_for_each_audience(town):
    seen = 0
    for item in CATALOGUE.items:
        for audience in item.audience:
            example = example_case([item.code], audience, CATALOGUE, division=town)
            assert faults_but_routing(example) == [], (item.code, audience)
            made = plan(example)
            if town == TOWNS[0]:  # the schema is the same everywhere, and the check takes its time
                jsonschema.Draft202012Validator.check_schema(made.form)
            answers = answers_of(example, made.form)
            assert check_answers(made, answers) == (), (item.code, audience)
            again = application_of(
                made, answers, example.request_id, evidence=example.evidence, channel=example.channel
            )
            assert same_orders(example, again), (item.code, audience)
            seen += 1
    assert seen >= 67


@pytest.mark.parametrize("town", ["330402007", "330481001"])
@pytest.mark.parametrize("theme", BUNDLES)
def test_every_bundle_is_one_form_that_takes_its_example(theme, town):
    example = example_bundle(theme, CATALOGUE, division=town)
    assert faults_but_routing(example) == []
    made = plan(example)
    bundle = CATALOGUE.by_bundle[theme]
    assert {item.code for item in made.items} <= set(bundle.codes)
    assert set(bundle.members) <= {item.code for item in made.items}
    answers = answers_of(example, made.form)
    assert check_answers(made, answers) == ()
    assert application_of(made, answers, example.request_id).theme == theme
    asked = [
        key
        for part in (made.form["properties"]["form"], *made.form["properties"]["items"]["properties"].values())
        for key in part["properties"]
        if not CATALOGUE.by_field[key].own
    ]
    shared = made.form["properties"]["form"]["properties"]
    assert all(asked.count(key) == 1 for key in shared), "a shared field is asked once"
    materials = [choice.any_of for choice in made.materials]
    assert len(set(materials)) == len(materials)


def test_every_field_is_labelled_in_both_languages_and_classed():
    made = plan(example_case(["JX6-WAT-01", "JX6-ELE-13", "JX6-CTV-04"], "individual", CATALOGUE))
    parts = made.form["properties"]
    for part in (parts["common"], parts["form"], *parts["items"]["properties"].values()):
        for key, field in part["properties"].items():
            assert field["title"], key
            assert field["x-title-en"], key
            assert field["x-class"] in {"none", "personal", "sensitive"}
    assert json.loads(json.dumps(made.form)) == made.form


def test_what_the_hub_makes_is_on_the_list_once_and_asked_of_nobody():
    made = plan(example_case(["JX6-WAT-01", "JX6-ELE-05", "JX6-WAT-13"], "individual", CATALOGUE))
    own = {choice.any_of[0]: choice for choice in made.materials if choice.made}
    assert set(own) == {"APPLICATION_FORM", "SUPPLY_CONTRACT"}
    assert own["APPLICATION_FORM"].items == ("JX6-WAT-01", "JX6-ELE-05")
    assert not any(choice.asked for choice in own.values())


def test_all_faults_are_told_at_once_with_field_rule_and_place():
    example = example_case(["JX6-WAT-01", "JX6-ELE-05"], "individual", CATALOGUE)
    made = plan(example)
    answers = answers_of(example, made.form)
    del answers["common"]["id_number"]
    answers["common"]["delivery"] = "pigeon"
    answers["form"]["settle_mode"] = "later"
    answers["items"]["JX6-ELE-05"] = {"account_no": "!"}
    answers["form"]["王秀兰"] = "x"
    del answers["form"]["old_holder_name"]
    answers["common"]["consents"] = []
    told = {(fault.where, fault.rule) for fault in check_answers(made, answers)}
    assert told == {
        ("common.id_number", "VAL_REQUIRED"),
        ("common.delivery", "VAL_CODE"),
        ("common.consents", "VAL_REQUIRED"),
        ("form.settle_mode", "VAL_CODE"),
        ("form.old_holder_name", "VAL_REQUIRED"),
        ("form.?", "VAL_FORMAT"),
        ("items.JX6-ELE-05.account_no", "VAL_FORMAT"),
    }
    with pytest.raises(ApplicationInvalid) as refused:
        application_of(made, answers, "r" * 8)
    assert "pigeon" not in str(refused.value)
    assert "王秀兰" not in str(refused.value)


def test_what_only_types_know_is_refused_by_place_too():
    example = example_case(["JX6-WAT-01"], "individual", CATALOGUE)
    made = plan(example)
    answers = answers_of(example, made.form)
    answers["common"]["consents"][0]["given_at"] = "yesterday"
    with pytest.raises(ApplicationInvalid) as refused:
        application_of(made, answers, "short")
    assert {fault.where for fault in refused.value.faults} == {"consents[0].given_at", "request_id"}
    assert "yesterday" not in str(refused.value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just("CANARY-王秀兰"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.just("CANARY-王秀兰") | KEYS, inner, max_size=3),
    max_leaves=8,
)


@given(json_values)
@settings(max_examples=60, deadline=None)
def test_any_answers_are_judged_and_none_is_repeated(answers):
    faults = check_answers(TRANSFER, answers)
    assert faults, "nothing of this is a whole form"
    assert "CANARY" not in "".join(map(str, faults))


@pytest.mark.parametrize(("audience", "kind"), [("individual", "RIC"), ("enterprise", "USCC")])
def test_only_documents_of_the_audience_are_offered(audience, kind):
    example = example_case(["JX6-WAT-01"], audience, CATALOGUE)
    common = plan(example).form["properties"]["common"]["properties"]
    offered = common["id_type"]["enum"]
    assert kind in offered
    assert ("USCC" in offered) is (audience == "enterprise")
    assert ("legal_rep" in common) is (audience == "enterprise")
