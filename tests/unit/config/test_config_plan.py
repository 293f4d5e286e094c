"""Plans: one form, one list of materials, who serves, how long, what waits for what."""

from datetime import date

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.config import load_configuration
from hub.domain.example import example_case
from hub.domain.plan import make_plan
from hub.errors import ApplicationInvalid
from tests.unit.config.plan_answers import answers_of, common_of

CONFIGURATION = load_configuration()
CATALOGUE = CONFIGURATION.catalogue
FOR_CITIZENS = [item for item in CATALOGUE.items if "individual" in item.audience]
TRANSFER = ["JX6-WAT-01", "JX6-ELE-05", "JX6-GAS-03"]


def plan(codes, audience="individual", division="330402007", **more):
    return make_plan(codes, division, audience, CATALOGUE, CONFIGURATION.concessions.route, **more)


def test_a_second_hand_home_is_one_form_and_one_list():
    made = plan(TRANSFER)
    properties = made.form["properties"]
    assert set(properties["form"]["properties"]) == {
        "old_holder_name", "old_holder_consent", "ownership_proof_no", "designated_holder", "settle_mode",
    }  # fmt: skip
    assert "settle_mode" in properties["form"]["required"], "two of the three need it"
    for code in TRANSFER:
        assert properties["items"]["properties"][code]["required"] == ["account_no"]
    assert [material.any_of for material in made.materials if material.asked] == [("POA",), ("TRANSFER_AGREEMENT",)]
    assert next(each for each in made.materials if each.any_of == ("ID_CARD",)).items == tuple(TRANSFER)


def test_the_plan_names_who_serves_and_who_does_not():
    water, power, gas = plan(TRANSFER).items
    assert (water.provider, water.endpoint, water.unrouted) == ("water-city", "water-city", None)
    assert water.consent == ("water", "water-city")
    assert power.provider_zh == "嘉兴供电公司"
    assert (gas.provider, gas.endpoint, gas.unrouted) == ("gas-city", "gas-city", None)
    (elsewhere,) = plan(["JX6-WAT-01"], division="330106001").items
    assert elsewhere.unrouted == "nobody serves this division"


def test_the_plan_names_a_provider_that_is_not_connected(changed):
    overlay, _ = changed("concessions.yaml", "endpoint: gas-city, ", "")
    route = load_configuration(overlay=overlay).concessions.route
    (gas,) = make_plan(["JX6-GAS-03"], "330402007", "individual", CATALOGUE, route).items
    assert (gas.provider, gas.endpoint) == ("gas-city", None)
    assert "not connected" in gas.unrouted


def test_labels_are_in_both_languages_and_codes_have_theirs():
    field = plan(["JX6-WAT-05"]).form["properties"]["form"]["properties"]["water_use"]
    assert field["title"] == "用水性质"
    assert field["x-title-en"] == "Use category"
    assert field["enum"] == ["01", "02", "03", "04"]
    assert field["x-labels-zh"]["01"] == "居民生活"


def test_due_dates_come_from_the_calendar_that_is_given():
    def due(days):
        return CONFIGURATION.calendar.add_working_days(date(2026, 9, 30), days).on

    (item,) = plan(["JX6-WAT-02"], due=due).items
    assert item.time_limit.promised_wd == 3
    assert item.due == date(2026, 10, 10), "after the holidays comes a working Saturday"
    assert plan(["JX6-WAT-02"]).items[0].due is None


def test_fees_are_told():
    (item,) = plan(["JX6-BUS-06"]).items
    assert [fee.amount_fen for fee in item.fees] == [1000]


def test_a_bundle_brings_its_gate_and_its_dependencies():
    made = plan(TRANSFER, theme="JX6-TH-01")
    assert made.gate.kind == "legal_effect"
    assert {(each.item, each.after, each.external) for each in made.dependencies} == {
        (code, "JX6-RE-01", True) for code in TRANSFER
    }
    with_lead = plan([*TRANSFER, "JX6-RE-01"], theme="JX6-TH-01")
    assert not any(each.external for each in with_lead.dependencies)
    assert plan(TRANSFER).dependencies == ()


def test_a_dependency_on_an_optional_item_that_was_not_chosen_falls_away():
    cards = plan(["JX6-CIT-02", "JX6-BUS-05", "JX6-BUS-06", "JX6-CIT-05"], theme="JX6-TH-06")
    assert [(each.item, each.after) for each in cards.dependencies] == [("JX6-BUS-06", "JX6-BUS-05")]


def test_a_choice_that_another_item_settles_is_not_asked_again():
    made = plan(["JX6-CIT-01", "JX6-BUS-01"])
    assert ("ID_CARD", "HOUSEHOLD_REG") not in {material.any_of for material in made.materials}
    assert next(each for each in made.materials if each.any_of == ("ID_CARD",)).items == ("JX6-BUS-01", "JX6-CIT-01")


def test_codes_that_differ_between_items_stand_with_each():
    made = plan(["JX6-ELE-01", "JX6-ELE-02"])
    items = made.form["properties"]["items"]["properties"]
    assert items["JX6-ELE-01"]["properties"]["elec_type"]["enum"] == ["200"]
    assert items["JX6-ELE-02"]["properties"]["elec_type"]["enum"] == ["402", "300"]
    assert "elec_type" not in made.form["properties"]["form"]["properties"]


def test_what_is_typed_in_is_no_material():
    assert not any("BANK_ACCOUNT" in material.any_of for material in plan(["JX6-WAT-10"]).materials)


@given(st.lists(st.sampled_from(FOR_CITIZENS), min_size=1, max_size=6, unique_by=lambda item: item.code))
@settings(max_examples=40, deadline=None)
def test_the_form_is_a_schema_that_takes_a_valid_application_and_asks_each_field_once(items):
    codes = [item.code for item in items]
    made = plan(codes)
    jsonschema.Draft202012Validator.check_schema(made.form)
    application = example_case(codes, "individual", CATALOGUE)
    jsonschema.Draft202012Validator(made.form).validate(answers_of(application, made.form))
    shared = set(made.form["properties"]["form"]["properties"])
    for item in items:
        own = set(made.form["properties"]["items"]["properties"][item.code]["properties"])
        assert own | (shared & item.field_keys) == item.field_keys
        assert not own & shared
    asked = [material.any_of for material in made.materials]
    assert len(asked) == len(set(asked))


@pytest.mark.parametrize(("loss_kind", "fits"), [("formal", False), ("cancel", True)])
def test_the_schema_knows_conditional_fields(loss_kind, fits):
    schema = plan(["JX6-BUS-05"]).form
    values = {
        "common": common_of(example_case(["JX6-BUS-05"], "individual", CATALOGUE)),
        "form": {},
        "items": {"JX6-BUS-05": {"card_no": "3104330000000000016", "loss_kind": loss_kind}},
    }
    assert jsonschema.Draft202012Validator(schema).is_valid(values) is fits


@pytest.mark.parametrize(
    ("codes", "audience", "more", "where", "rule"),
    [
        ([], "individual", {}, "items", "VAL_REQUIRED"),
        (["JX6-WAT-01", "JX6-XX-01"], "individual", {}, "items[1].code", "VAL_CODE"),
        (["JX6-ELE-06"], "individual", {}, "items[0].code", "ELG_NOT_ELIGIBLE"),
        (["JX6-WAT-01"], "individual", {"theme": "none"}, "theme", "VAL_CODE"),
    ],
)
def test_what_cannot_be_planned_is_refused_by_name(codes, audience, more, where, rule):
    with pytest.raises(ApplicationInvalid) as caught:
        plan(codes, audience, **more)
    assert [(fault.where, fault.rule) for fault in caught.value.faults] == [(where, rule)]
