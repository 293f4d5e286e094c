"""Addresses that are one place."""

import pytest

from hub.domain.address import Address, designation

HERE = Address(division_code="330402007", full_address="中山东路100号1幢2单元301室", standard_address_id="17")


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ({"full_address": "中山东路100号1幢2单元301室"}, True),
        ({"full_address": "中山东路 100号 1幢2单元 301室"}, True),
        ({"full_address": "中山东路100号1幢2单元302室"}, False),
        ({"full_address": "别处", "standard_address_id": "17"}, True),
        ({"full_address": "别处", "standard_address_id": "18"}, False),
        ({"full_address": "别处"}, False),
    ],
)
def test_place_is_the_same_by_its_number_or_by_its_text_in_any_width(other, same):
    there = Address(division_code="330402007", **other)
    assert HERE.is_same(there) is same
    assert there.is_same(HERE) is same
    assert not Address(division_code="330402007", full_address="甲").is_same(
        Address(division_code="330402007", full_address="乙")
    )


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("1幢2单元301室", {"building": "1幢", "unit": "2单元", "room": "301室"}),
        ("甲座301", {"building": "甲座", "room": "301"}),
        ("301室", {"room": "301室"}),
        ("东首第三间", {"room": "东首第三间"}),
        ("", {}),
        ("长" * 80, {}),
    ],
)
def test_designation_is_split_where_it_is_written_as_usual(text, parts):
    assert designation(text) == parts
