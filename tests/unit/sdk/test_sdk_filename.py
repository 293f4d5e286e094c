"""Names of exchanged files: read from one form, written into it, and nothing else taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.sdk import FileName


class Long(FileName, stem="JX.A_{kind}_{inst}_{day}_{seq}_K{key}", place="/{folder}/{day}/{stem}.{end}"):
    """A form with every part."""


class Short(FileName, stem="S_{kind}_{day}_{seq}"):
    """A form with the least."""


NAME = Long("20261125", "APPL", "0402", "0007", "01")


@given(
    st.dates().map(lambda day: f"{day.year:04d}{day.month:02d}{day.day:02d}"),
    st.from_regex("[A-Z]{1,8}", fullmatch=True),
    st.integers(0, 9999).map(lambda number: f"{number:04d}"),
)
def test_name_comes_back_from_its_stem(day, kind, number):
    for name in (Long(day, kind, number, number, "09"), Short(day, kind, seq=number)):
        assert type(name).parse(str(name)) == name


@pytest.mark.parametrize(
    "stem", ["", "JXxA_APPL_0402_20261125_0007_K01", "JX.A_APPL_402_20261125_0007_K01", f"{NAME}x", f"x{NAME}"]
)
def test_stem_of_another_form_is_no_name(stem):
    assert Long.parse(stem) is None


def test_files_of_other_institutions_are_none_of_ours():
    parse = Long.parser(inst="0402")
    assert parse(str(NAME)) == NAME
    assert parse(str(Long("20261125", "APPL", "0403", "0007", "01"))) is None
    assert parse("else") is None


def test_path_is_made_of_the_parts():
    assert NAME.path("in", "ok") == "/in/20261125/JX.A_APPL_0402_20261125_0007_K01.ok"
    assert Short("20261125", "INFO", seq="001").path("out", "err") == "/out/S_INFO_20261125_001.err"


def test_place_of_a_number_is_the_same_under_every_key():
    assert NAME.numbered("0008") == Long("20261125", "APPL", "0402", "0009", "02").numbered("0008")


def test_batch_of_a_name_has_its_identity_and_no_orders():
    batch = NAME.batch("transit")
    assert (batch.id, batch.type, batch.seq, batch.orders) == ("transit:APPL:20261125:0007", "APPL", 7, ())
    assert f"{batch.day:%Y%m%d}" == "20261125"


def test_names_sort_by_day_then_kind_then_number():
    names = [Short("20261125", "B", seq="1"), Short("20261125", "A", seq="2"), Short("20261124", "Z", seq="9")]
    assert [str(name) for name in sorted(names)] == ["S_Z_20261124_9", "S_A_20261125_2", "S_B_20261125_1"]
