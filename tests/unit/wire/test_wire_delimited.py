"""Separated tables: every count checked, gzip bounded, contents never in errors."""

import gzip
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import ConfigError, DecodeError, EncodeError
from hub.wire.delimited import PIPE_END, Summary, Table, tsv

COLUMNS = ("date", "serial", "account", "amount")
WATER = Table(COLUMNS, summary=Summary("first", amount_of="amount"))
CARD = Table(("serial", "name"), charset="utf-8", summary=PIPE_END)
CELL = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="|\ufeff"), min_size=1, max_size=8)


@given(st.lists(st.tuples(CELL, CELL, CELL, st.decimals(0, 10**6, places=2)), max_size=5))
def test_rows_come_back_when_count_and_sum_are_right(rows):
    total = sum((row[3] for row in rows), Decimal(0))
    lines = [f"{len(rows)}|{total}", *("|".join(map(str, row)) for row in rows)]
    data = "".join(line + "\r\n" for line in lines).encode("gb18030")
    assert [tuple(row.values()) for row in WATER.read(data)] == [(*row[:3], str(row[3])) for row in rows]


def test_a_pipe_file_ends_with_its_count():
    assert CARD.read("1|张三\n2|a｜b\nEND|2\n".encode()) == [
        {"serial": "1", "name": "张三"},
        {"serial": "2", "name": "a｜b"},
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2|1.00\n20260301|1|2|1.00\n", "summary count"),
        ("1|1.01\n20260301|1|CANARY|1.00\n", "summary sum"),
        ("1|1.00\n20260301|1|CANARY|1,00\n", "row 1: is not a number"),
        ("1|NaN\n20260301|1|CANARY|1.00\n", "is not a number"),
        ("1|1.00\n20260301|CANARY|1.00\n", "line 2: has 3 fields instead of 4"),
        ("1|1.00\n20260301|1|2|1.00\n\n", "line 3: has 1 fields instead of 4"),
        ("20260301|1|CANARY|1.00\n", "line 1: is not the summary line"),
        ("", "has no summary line"),
    ],
)
def test_a_short_or_altered_file_is_refused_whole(text, message):
    with pytest.raises(DecodeError, match=message) as caught:
        WATER.read(text.encode("gbk"))
    assert "CANARY" not in repr(caught.value)


@pytest.mark.parametrize("text", ["1|张三\n", "1|张三\nEND|2\n", "1|张三\nEND\n", "1|张三\nSUM|1\n", "END|x\n"])
def test_a_pipe_file_without_its_right_last_line_is_refused(text):
    with pytest.raises(DecodeError, match="FILE_COUNT"):
        CARD.read(text.encode())


@given(st.lists(st.tuples(CELL, st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff")))))
def test_a_pipe_file_reads_back_with_separators_inside_made_full_width(rows):
    data = CARD.write([{"serial": serial, "name": name} for serial, name in rows], inside="｜")
    wide = [{"serial": serial, "name": name.replace("|", "｜")} for serial, name in rows]
    assert CARD.read(data) == wide


@pytest.mark.parametrize("wrong", [{"name": "a|b"}, {"name": "a\nb"}, {"name": "a\rb"}, {"nome": "x"}])
def test_a_value_that_would_break_the_table_is_refused_by_row_and_column(wrong):
    with pytest.raises(EncodeError, match=r"row 2\.n[ao]me"):
        CARD.write([{"serial": "1", "name": "good"}, {"serial": "2", **wrong}])


def test_absent_values_are_empty_and_an_empty_table_counts_none():
    assert CARD.write([{"serial": 1, "name": None}]) == b"1|\nEND|1\n"
    assert CARD.write([]) == b"END|0\n"


def test_tsv_takes_its_columns_from_the_header_plain_or_in_gzip():
    text = b"consNo\tamt\textra\n001\t1250\tx\n"
    wanted = [{"consNo": "001", "amt": "1250", "extra": "x"}]
    assert tsv(("amt", "consNo")).read(text) == wanted
    assert tsv().read(gzip.compress(text)) == wanted
    assert tsv().read(b"consNo\tamt\n") == []


@pytest.mark.parametrize("text", ["", "consNo\n1\n", "amt\tamt\n1\t2\n"])
def test_tsv_without_the_columns_it_needs_is_refused(text):
    with pytest.raises(DecodeError):
        tsv(("amt", "consNo") if "amt" not in text else ("amt",)).read(text.encode())


def test_gzip_is_refused_when_cut_altered_trailed_or_too_large():
    packed = gzip.compress(b"a\tb\n" * 1000)
    for bad in (packed[:-5], packed[:20], packed[:-8] + bytes(8), packed + b"x", b"\x1f\x8bgarbage"):
        with pytest.raises(DecodeError):
            tsv().read(bad)
    with pytest.raises(DecodeError, match="larger than 100 bytes"):
        tsv().read(packed, max_size=100)


def test_text_in_another_charset_is_refused_by_position():
    with pytest.raises(DecodeError, match="byte 2"):
        CARD.read(b"1|\xd5\xc5\xc8\nEND|1\n")


def test_a_summed_column_must_exist():
    with pytest.raises(ConfigError):
        Table(("a",), summary=Summary("last", amount_of="b"))
