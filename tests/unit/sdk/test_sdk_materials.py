"""Files of an order at a utility that lists what it has."""

from __future__ import annotations

import pytest

from hub.sdk import ErrorCode, Evidence, ServiceOrder, content_name, derived_key, lacking, too_large

DEED = Evidence(material="PROPERTY", file_name="a.PDF", size=10, sm3="ab" * 32, ref="r1")
PHOTO = Evidence(material="PHOTO", media_type="image/jpeg", size=3 * 2**20, ref="r2")
PAPER = Evidence(material="LICENCE")


def order_with(*evidence):
    return ServiceOrder.model_construct(evidence=evidence)


def test_name_tells_a_file_by_its_content_and_never_by_what_people_called_it():
    assert content_name(DEED) == f"{('ab' * 32)[:16]}-property.pdf"
    assert content_name(PHOTO) == content_name(PHOTO.with_(size=1))
    assert content_name(PHOTO) != content_name(PHOTO.with_(ref="r3"))


def test_file_that_is_listed_is_not_lacking_and_a_physical_one_never_is():
    order = order_with(DEED, PHOTO, PAPER)
    assert [evidence for _, evidence in lacking(order, set())] == [DEED, PHOTO]
    assert lacking(order, {content_name(DEED), None}) == [(content_name(PHOTO), PHOTO)]
    assert lacking(order, {content_name(DEED), content_name(PHOTO)}) == []


@pytest.mark.parametrize(("most", "fits"), [(2 * 2**20, False), (3 * 2**20, True)])
def test_order_with_a_file_that_is_too_large_needs_a_person(most, fits):
    outcome = too_large(order_with(DEED, PHOTO), most, "gas")
    assert (outcome is None) is fits
    if outcome:
        assert (outcome.error.code, outcome.error.provider) == (ErrorCode.MAT_INVALID, "gas")
        assert (outcome.error.field, outcome.error.note) == ("PHOTO", "more than 2 MB")


def test_key_repeats_for_the_same_purpose_of_the_same_task_only():
    key = derived_key("1" * 32, "submit")
    assert (key, len(key)) == (derived_key("1" * 32, "submit"), 32)
    assert len({key, derived_key("1" * 32, "pay"), derived_key("2" * 32, "submit")}) == 3
