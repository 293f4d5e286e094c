"""Addresses that are one place."""

import pytest

from hub.domain.address import Address

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
