"""Orders made of an application carry what the item's catalogue entry names, and nothing else."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.config import load_configuration
from hub.domain.application import ItemRequest
from hub.domain.evidence import Evidence
from hub.domain.example import SIGNED_AT, example_application, example_case
from hub.domain.numbers import case_number, task_of_serial20
from hub.domain.orders import orders_for

CATALOGUE = load_configuration().catalogue
CASE = case_number(date(2026, 11, 23), "330402", 7)
CASES = [(item.code, audience) for item in CATALOGUE.by_code.values() for audience in item.audience]


def orders(application):
    return orders_for(application, CATALOGUE, case_number=CASE, submitted_at=SIGNED_AT)


@pytest.mark.parametrize(("code", "audience"), CASES)
def test_an_order_holds_only_what_its_item_names(code, audience):
    """Everything that any item could ask for is in the application; the order takes its own."""
    item = CATALOGUE.by_code[code]
    application = example_application(code, audience, CATALOGUE)
    everything = {
        key: value
        for other in CATALOGUE.items
        for key, value in example_application(other.code, other.audience[0], CATALOGUE).items[0].form.items()
    }
    materials = tuple(Evidence(material=each.id) for each in CATALOGUE.materials)
    unit = "330402001001GB00001F00010001"
    (order,) = orders(application.with_(form=everything, evidence=materials, property_unit_no=unit))
    assert order.form.model_dump(exclude_none=True).keys() <= item.field_keys
    named = {one for rule in item.materials for one in rule.any_of} | {"APPLICATION_FORM", "SUPPLY_CONTRACT"}
    assert {each.material for each in order.evidence} <= named
    assert (order.agent is None) == (application.agent is None)
    if not any("RE_CERT" in rule.any_of for rule in item.materials) and not item.linked_real_estate:
        assert order.property_unit_no is None
    if audience == "enterprise" and not any("LEGAL_REP_ID" in rule.any_of for rule in item.materials):
        assert order.applicant.legal_rep is None


def test_an_individuals_order_carries_no_material_of_enterprises():
    licence = Evidence(material="BIZ_LICENCE")
    application = example_application("JX6-WAT-01", "individual", CATALOGUE)
    (order,) = orders(application.with_(evidence=(*application.evidence, licence)))
    assert "BIZ_LICENCE" not in {each.material for each in order.evidence}


@given(st.lists(st.sampled_from(CATALOGUE.items), min_size=1, max_size=8, unique_by=lambda item: item.code))
@settings(max_examples=40)
def test_each_item_gets_its_own_order_and_number(items):
    codes = [item.code for item in items]
    made = orders(example_case(codes, "individual", CATALOGUE))
    assert [order.item for order in made] == codes
    assert [order.task_number for order in made] == [f"{CASE}-{index:02d}" for index in range(1, len(codes) + 1)]
    assert [task_of_serial20(order.serial) for order in made] == [order.task_number for order in made]
    assert len({order.request_id for order in made}) == len(made)
    assert made == orders(example_case(codes, "individual", CATALOGUE))


@pytest.mark.parametrize(
    ("code", "form", "operation", "variant"),
    [
        ("JX6-WAT-01", {}, "3001:01", "01"),
        ("JX6-WAT-13", {}, "1002", ""),
        ("JX6-ELE-05", {}, "app/submit:210", "210"),
        ("JX6-BUS-05", {"loss_kind": "formal"}, "APPL:05", "05"),
        ("JX6-BUS-05", {"loss_kind": "cancel"}, "APPL:05", "06"),
        ("JX6-BUS-06", {"reissue_reason": "lost"}, "APPL:02", "02"),
        ("JX6-BUS-06", {"reissue_reason": "damaged"}, "APPL:02", "03"),
        ("JX6-CIT-02", {"loss_kind": "oral"}, "8583:900010", "900010"),
        ("JX6-CIT-02", {"loss_kind": "formal"}, "8583:900010", "900011"),
        ("JX6-BUS-08", {}, "RCHG", ""),
    ],
)
def test_the_variant_follows_the_form_where_the_item_says_so(code, form, operation, variant):
    application = example_application(code, "individual", CATALOGUE)
    request = ItemRequest(code=code, form={**application.items[0].form, **form})
    (order,) = orders(application.with_(items=(request,)))
    assert (order.operation, order.variant) == (operation, variant)


def test_an_items_own_value_wins_over_the_shared_one():
    application = example_application("JX6-WAT-01", "individual", CATALOGUE)
    (order,) = orders(application.with_(form={"account_no": "9999999999"}))
    assert order.form.account_no == "0100012345"


def test_document_and_phone_numbers_are_normalised():
    application = example_application("JX6-WAT-01", "individual", CATALOGUE)
    document = application.applicant.document.with_(number="33040219700101001x")
    person = application.applicant.with_(document=document, mobile="+86 138-0013-8000")
    (order,) = orders(application.with_(applicant=person))
    assert order.applicant.document.number == "33040219700101001X"
    assert order.applicant.mobile == "13800138000"


def test_dates_and_decimals_are_typed_in_the_order():
    application = example_application("JX6-WAT-08", "individual", CATALOGUE)
    (order,) = orders(application)
    assert order.form.start_date == date(2026, 12, 1)
