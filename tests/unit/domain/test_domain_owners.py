"""Several owners: their shares make one whole, they are named once, and one of them holds the utilities' accounts."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.config import load_configuration
from hub.domain.application import ItemRequest
from hub.domain.example import SIGNED_AT, example_case
from hub.domain.form import Owner
from hub.domain.numbers import case_number
from hub.domain.orders import orders_for
from hub.domain.owners import check_shares
from hub.domain.validation import validate
from simulators.kit.people import resident_id, synthetic_people

CONFIGURATION = load_configuration()
CATALOGUE = CONFIGURATION.catalogue
TODAY = date(2026, 11, 23)
PEOPLE = synthetic_people(12, 7)
APPLICANT = {"name": "王秀兰", "document": {"type": "RIC", "number": "330402195203140024"}}


def owner(person, mode, share=None, **more):
    document = {"type": "RIC", "number": person.id_number}
    return {"name": person.name, "document": document, "mode": mode, **({"share": share} if share else {}), **more}


def faults(owners):
    typed = tuple(Owner.model_validate(each) for each in owners)
    return {(fault.where, fault.rule) for fault in check_shares(typed, "form.owners", TODAY)}


WHOLES = st.lists(st.integers(1, 60), min_size=2, max_size=12).map(
    lambda parts: [Fraction(part, sum(parts)) for part in parts]
)


def in_shares(parts):
    return [
        owner(person, "shares", f"{part.numerator}/{part.denominator}")
        for person, part in zip(PEOPLE, parts, strict=False)
    ]


@given(WHOLES)
def test_shares_that_make_one_whole_are_taken_whatever_their_denominators(parts):
    assert faults(in_shares(parts)) == set()


@given(WHOLES, st.data())
def test_shares_that_do_not_make_one_whole_are_refused(parts, data):
    index = data.draw(st.integers(0, len(parts) - 1))
    parts[index] += data.draw(st.sampled_from([Fraction(1, 11), Fraction(1, 3), Fraction(5)]))
    assert faults(in_shares(parts)) == {("form.owners", "VAL_FORMAT")}


def test_unreduced_fractions_are_fractions():
    assert faults([owner(PEOPLE[0], "shares", "2/4"), owner(PEOPLE[1], "shares", "50/100")]) == set()


@pytest.mark.parametrize(
    ("owners", "expected"),
    [
        ([("sole", None)], set()),
        ([("joint", None), ("joint", None)], set()),
        ([("other", None), ("other", None)], set()),
        ([("joint", None)], {("form.owners[0].mode", "VAL_CODE")}),
        ([("shares", "1/1")], {("form.owners[0].mode", "VAL_CODE")}),
        ([("sole", None), ("sole", None)], {("form.owners[0].mode", "VAL_CODE")}),
        ([("joint", None), ("shares", "1/2")], {("form.owners[0].mode", "VAL_CODE")}),
        ([("sole", "1/1")], {("form.owners[0].share", "VAL_FORMAT")}),
        ([("joint", None), ("joint", "1/2")], {("form.owners[1].share", "VAL_FORMAT")}),
        ([("shares", "1/2"), ("shares", None)], {("form.owners[1].share", "VAL_REQUIRED")}),
    ],
)
def test_mode_and_shares_fit_together_or_the_place_is_named(owners, expected):
    made = [owner(person, mode, share) for person, (mode, share) in zip(PEOPLE, owners, strict=False)]
    assert faults(made) == expected


def test_same_person_twice_is_refused_also_with_an_old_number():
    number = resident_id("330402", date(1958, 3, 14), 123)
    old = number[:6] + number[8:17]
    twice = [owner(PEOPLE[0], "joint"), owner(PEOPLE[1], "joint")]
    twice[0]["document"]["number"], twice[1]["document"]["number"] = number, old
    assert faults(twice) == {("form.owners[1].document.number", "VAL_FORMAT")}


# the whole application


def application(owners=None, *, items=("JX6-RE-01", "JX6-WAT-01", "JX6-CTV-03"), audience="individual", **form):
    made = example_case(items, audience, CATALOGUE)
    lead = dict(made.items[0].form)
    for name, value in {"owners": owners, **form}.items():
        lead.pop(name, None)
        if value is not None:
            lead[name] = value
    others = tuple(
        ItemRequest(code=each.code, form={k: v for k, v in each.form.items() if k != "designated_holder"})
        for each in made.items[1:]
    )
    return made.with_(items=(ItemRequest(code="JX6-RE-01", form=lead), *others))


def judged(made):
    found = validate(made, CATALOGUE, CONFIGURATION.divisions, lambda *_: None, SIGNED_AT)
    return {(fault.where, fault.rule) for fault in found} - {
        (f.where, f.rule) for f in found if "consents" in f.where or f.rule == "RTE_NO_PROVIDER"
    }


def orders(made):
    number = case_number(TODAY, "330402", 1)
    return orders_for(made, CATALOGUE, case_number=number, submitted_at=SIGNED_AT)


COUPLE = [{**APPLICANT, "mode": "joint"}, owner(PEOPLE[0], "joint")]
STRANGERS = [owner(PEOPLE[0], "joint"), owner(PEOPLE[1], "joint")]


def test_applicant_among_the_owners_is_the_holder_by_default():
    made = application(COUPLE, designated_holder=None)
    assert judged(made) == set()
    assert orders(made)[1].form.designated_holder is None


def test_holder_named_beside_the_owners_holds_every_account_that_moves():
    second = {key: COUPLE[1][key] for key in ("name", "document")}
    made = application(COUPLE, items=("JX6-RE-01", "JX6-WAT-01"), designated_holder=second)
    assert judged(made) == set()
    assert [each.form.designated_holder.name for each in orders(made)] == [PEOPLE[0].name] * 2


def test_holder_that_is_no_owner_is_refused_by_name():
    third = {"name": PEOPLE[2].name, "document": {"type": "RIC", "number": PEOPLE[2].id_number}}
    found = judged(application(COUPLE, items=("JX6-RE-01", "JX6-WAT-01"), designated_holder=third))
    assert found == {
        ("items[0].form.designated_holder", "VAL_CODE"),
        ("form.designated_holder", "VAL_CODE"),
    }


def test_applicant_that_is_no_owner_must_name_a_holder():
    found = judged(application(STRANGERS, designated_holder=None))
    assert found == {("form.designated_holder", "VAL_REQUIRED"), ("applicant", "ELG_NOT_ELIGIBLE")}


def test_registration_alone_needs_no_holder():
    assert judged(application(STRANGERS, items=("JX6-RE-01",), designated_holder=None)) == set()


def test_application_without_owners_is_not_asked_for_one():
    made = example_case(["JX6-WAT-01"], "individual", CATALOGUE)
    assert judged(made) == set()


@pytest.mark.parametrize("audience", ["individual", "enterprise"])
def test_examples_of_the_registration_are_valid(audience):
    assert judged(example_case(["JX6-RE-01", "JX6-WAT-01"], audience, CATALOGUE)) == set()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("bdcdyh", "330402001001GB00001F0001000"),
        ("ownership_proof_no", "浙2024不动产权0012345"),
        ("owners", []),
        ("transferors", []),
        ("price", 0),
        ("contract_no", "x"),
    ],
)
def test_fields_of_the_registration_are_checked(field, value):
    made = application(**{"owners": [{**APPLICANT, "mode": "sole"}], field: value})
    assert any(
        where.startswith(f"items[0].form.{field}") or where == f"items[0].form.{field}" for where, _ in judged(made)
    )


def test_numbers_of_owners_and_transferors_are_in_normal_form_in_the_order():
    form = {
        "owners": [{"name": "钱福", "document": {"type": "RIC", "number": "330402580314123"}, "mode": "sole"}],
        "transferors": [{"name": "赵兰", "document": {"type": "RIC", "number": "33040219700101001x"}}],
        "ownership_proof_no": "浙（2024）嘉兴市不动产权第0012345号",
        "bdcdyh": "330402 001001 gb00001 f00010001",
    }
    made = application(**form, items=("JX6-RE-01",), designated_holder=None)
    (order,) = orders(made)
    assert order.form.owners[0].document.number == resident_id("330402", date(1958, 3, 14), 123)
    assert order.form.transferors[0].document.number == "33040219700101001X"
    assert order.form.ownership_proof_no == "浙(2024)嘉兴市不动产权第0012345号"
    assert order.form.bdcdyh == "330402001001GB00001F00010001"


def test_only_the_registry_is_told_which_accounts_move_along():
    made = orders(
        application([{**APPLICANT, "mode": "sole"}], items=("JX6-RE-01", "JX6-WAT-01", "JX6-ELE-05", "JX6-BUS-03"))
    )
    assert [each.linked for each in made] == [("water", "power"), (), (), ()]
