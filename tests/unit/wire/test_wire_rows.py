"""Rows of exchange tables: what is written fits the contract exactly or is refused by name, and reads back the same."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import DecodeError, EncodeError
from hub.wire.rows import RowTable

TABLE = RowTable.from_schema(
    "QZ_SQ",
    {
        "required": ["MC"],
        "properties": {
            "BSM": {"maxLength": 8, "x-char": True, "x-key": True},
            "MC": {"maxLength": 10},
            "FLAG": {"maxLength": 1, "x-char": True, "enum": ["0", "1"]},
            "QLBL": {"maxLength": 20, "pattern": "^[1-9]+/[1-9]+$"},
            "QDJG": {"x-decimal": [15, 6]},
        },
    },
)
KEPT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=10).filter(
    lambda text: not text.endswith(" ")
)
FEN = st.integers(0, 10**15 - 1)


def written(**row):
    return TABLE.insert({"BSM": "K1", "MC": "王", **row}).values


@given(KEPT, FEN)
def test_row_reads_back_as_it_was_written(name, amount):
    price = Decimal(amount).scaleb(-6)
    cells = written(MC=name, QDJG=str(price))
    assert isinstance(cells["QDJG"], Decimal)
    (row,) = TABLE.read((cells,))
    assert (row["MC"], Decimal(row["QDJG"])) == (name, price)


def test_nothing_is_a_blank_and_char_is_padded():
    cells = written()
    assert cells == {"BSM": "K1      ", "MC": "王", "FLAG": " ", "QLBL": " ", "QDJG": None}
    assert TABLE.read((cells,)) == [{"BSM": "K1", "MC": "王", "FLAG": "", "QLBL": "", "QDJG": ""}]


@pytest.mark.parametrize("name", ["𠅤𬭎䶮", "ÀÉ·ß", "阿卜杜·𠅤", "喆垚㛃"])
def test_rare_characters_are_counted_and_kept_as_characters(name):
    assert TABLE.read((written(MC=name),))[0]["MC"] == name


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("MC", "一二三四五六七八九十一"),
        ("MC", "王\x00兰"),
        ("MC", "王\n"),
        ("MC", "王 "),
        ("MC", "\ud850"),
        ("MC", ""),
        ("MC", None),
        ("MC", 7),
        ("BSM", None),
        ("BSM", "123456789"),
        ("FLAG", "2"),
        ("QLBL", "0/2"),
        ("QDJG", "0.0000001"),
        ("QDJG", "1000000000"),
        ("QDJG", "viel"),
        ("QDJG", "NaN"),
        ("OTHER", "x"),
    ],
)
def test_what_a_column_cannot_keep_is_refused_by_name_without_the_value(column, value):
    with pytest.raises(EncodeError) as refused:
        written(**{column: value})
    assert refused.value.where == f"QZ_SQ.{column}"
    assert not (isinstance(value, str) and len(value) > 2) or value not in str(refused.value)


def test_row_without_a_column_of_the_contract_is_no_answer():
    with pytest.raises(DecodeError) as refused:
        TABLE.read(({"BSM": "1"},))
    assert refused.value.where == "QZ_SQ.MC"
    with pytest.raises(DecodeError):
        TABLE.read(1)


def test_select_names_every_column_of_the_contract():
    step = TABLE.select({"BSM": "K1"}, ("MC",))
    assert (step.table, step.columns, step.where, step.order) == ("QZ_SQ", TABLE.names, {"BSM": "K1"}, ("MC",))
