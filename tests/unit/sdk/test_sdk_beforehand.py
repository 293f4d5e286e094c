"""Names and numbers as utilities show them, against what they may stand for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.sdk import fits

NAMES = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1, max_size=40)


@pytest.mark.parametrize(
    ("shown", "full", "same"),
    [
        (None, "王秀兰", True),
        ("", "王秀兰", True),
        ("王秀兰", "王秀兰", True),
        ("王*兰", "王秀兰", True),
        ("王?兰", "王䶮兰", True),
        ("*秀兰", "王秀兰", True),
        ("王**", "王秀", False),
        ("王秀", "王秀兰", False),
        ("李秀兰", "王秀兰", False),
        ("330402********0024", "330402195203140024", True),
        ("330402********0024", "330402195203140032", False),
        ("33040219880101001x", "33040219880101001X", True),
        ("王[秀]", "王[秀]", True),
        ("王[秀]", "王秀", False),
    ],
)
def test_what_is_shown_may_be_what_is_known(shown, full, same):
    assert fits(shown, full) is same


@given(NAMES)
def test_name_cut_to_any_bytes_fits_the_whole_one(name):
    cut = name
    while len(cut.encode("gb18030")) > 20:
        cut = cut[:-1]
    assert fits(cut, name, cut=20)


@given(NAMES, NAMES)
def test_name_that_was_not_cut_fits_only_itself(one, other):
    assert fits(one, other) is (one == other)
