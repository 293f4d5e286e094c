"""Money texts: read to whole fen, written back the same, and refused without being repeated."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.money import (
    LIMIT_FEN,
    MoneyFault,
    checked,
    format_fen,
    format_wan,
    format_yuan,
    parse_fen,
    parse_wan,
    parse_yuan,
)

amounts = st.integers(-LIMIT_FEN, LIMIT_FEN)


@pytest.mark.parametrize(
    ("text", "fen"),
    [("12.50", 1250), ("12.5", 1250), ("12", 1200), ("0.01", 1), ("0", 0), ("007.10", 710), ("12.5000", 1250)],
)
def test_yuan_is_read(text, fen):
    assert parse_yuan(text) == fen


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "format"),
        (".5", "format"),
        ("5.", "format"),
        ("1e3", "format"),
        ("NaN", "format"),
        ("+1", "format"),
        (" 1", "format"),
        ("1 ", "format"),
        ("1\n", "format"),
        ("¥1", "format"),
        ("１２", "format"),
        ("1,234.50", "format"),
        ("12.505", "precision"),
        ("-1", "negative"),
        ("1000000000000.01", "bounds"),
        ("9" * 60, "format"),
    ],
)
def test_yuan_is_refused_by_its_rule(text, rule):
    with pytest.raises(MoneyFault) as caught:
        parse_yuan(text)
    assert caught.value.rule == rule


def test_grouped_yuan_is_read_only_where_asked_for_and_only_by_thousands():
    assert parse_yuan("1,234.50", grouping=True) == 123450
    assert parse_yuan("1,234,567", grouping=True) == 123456700
    assert parse_yuan("1234.50", grouping=True) == 123450
    for wrong in ("12,50", "1,2345", ",123", "1234,567", "1,23"):
        with pytest.raises(MoneyFault):
            parse_yuan(wrong, grouping=True)


def test_refund_is_negative_only_where_asked_for():
    assert parse_yuan("-0.50", negative=True) == -50
    assert parse_fen("-50", negative=True) == -50
    assert parse_wan("-1", negative=True) == -1_000_000


@pytest.mark.parametrize(("text", "fen"), [("128.5", 128_500_000), ("0.000001", 1), ("3", 3_000_000)])
def test_wan_is_read(text, fen):
    assert parse_wan(text) == fen


def test_wan_finer_than_a_fen_is_refused():
    with pytest.raises(MoneyFault, match="fen"):
        parse_wan("0.0000001")


@pytest.mark.parametrize("text", ["", "1.0", "１", "0x1", "1_000", "--1", "9" * 60])
def test_fen_text_is_digits_only(text):
    with pytest.raises(MoneyFault):
        parse_fen(text)


def test_fen_is_padded_and_never_cut():
    assert format_fen(1250, width=10) == "0000001250"
    assert format_fen(-1250, width=10) == "-000001250"
    assert format_fen(1250) == "1250"
    with pytest.raises(MoneyFault, match="4"):
        format_fen(12500, width=4)


def test_yuan_is_written_with_two_decimals():
    assert format_yuan(1) == "0.01"
    assert format_yuan(-5) == "-0.05"
    assert format_yuan(123456789, grouping=True) == "1,234,567.89"
    assert format_wan(1_285_000) == "1.285"
    assert format_wan(100_000_000) == "100"


def test_ten_and_twenty_fen_make_thirty():
    assert parse_yuan("0.10") + parse_yuan("0.20") == parse_yuan("0.30")


@given(amounts)
def test_amount_survives_every_spelling(fen):
    assert parse_yuan(format_yuan(fen), negative=True) == fen
    assert parse_yuan(format_yuan(fen, grouping=True), grouping=True, negative=True) == fen
    assert parse_wan(format_wan(fen), negative=True) == fen
    assert parse_fen(format_fen(fen, width=20), negative=True) == fen


@given(st.text(max_size=30))
def test_any_text_is_read_as_an_integer_or_refused_without_being_repeated(text):
    for parse in (parse_yuan, parse_wan, parse_fen):
        try:
            assert type(parse(text)) is int
        except MoneyFault as fault:
            said = str(fault)
            assert len(text) < 4 or text not in said


def test_amount_beyond_any_bill_is_refused():
    assert checked(LIMIT_FEN) == LIMIT_FEN
    for fen in (LIMIT_FEN + 1, -LIMIT_FEN - 1):
        with pytest.raises(MoneyFault):
            format_yuan(fen)
