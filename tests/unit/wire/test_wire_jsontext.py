"""JSON: exact numbers, strict grammar, no content in errors."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import DecodeError, EncodeError
from hub.wire import jsontext

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NUMBER = st.integers() | st.decimals(-(10**9), 10**9, places=3)
TREE = st.recursive(
    st.none() | st.booleans() | TEXT | NUMBER,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(TREE)
def test_every_tree_comes_back_equal(tree):
    assert jsontext.loads(jsontext.dumps(tree)) == tree


def test_the_text_is_compact_utf8_and_money_keeps_its_digits():
    assert (
        jsontext.dumps({"户名": "张三", "amt": Decimal("12.50"), "n": 3})
        == '{"户名":"张三","amt":12.50,"n":3}'.encode()
    )


def test_whole_numbers_stay_exact_and_fractions_are_decimal():
    tree = jsontext.loads(b'{"appNo":1234567890123456789,"amt":0.10,"big":1E2}')
    assert tree == {"appNo": 1234567890123456789, "amt": Decimal("0.10"), "big": Decimal(100)}
    assert isinstance(tree["amt"], Decimal)
    assert type(tree["appNo"]) is int


@pytest.mark.parametrize(
    "text",
    [
        '{"CANARY":1,"CANARY":2}',
        '{"CANARY":NaN}',
        '{"CANARY":-Infinity}',
        '{"a":"CANARY"',
        "CANARY",
        "",
        '{"a":1}CANARY',
        '{"a":1e99999999}',
        '{"a":' + "9" * 5000 + "}",
        "[" * 100000,
        '"CANARY\\ud800"',
        "<html>CANARY</html>",
    ],
)
def test_what_is_not_strict_json_is_refused_without_quoting_it(text):
    with pytest.raises(DecodeError) as caught:
        jsontext.loads(text.encode())
    assert "CANARY" not in str(caught.value) + repr(caught.value)


def test_bytes_that_are_not_utf8_are_refused():
    with pytest.raises(DecodeError, match="byte 1"):
        jsontext.loads(b'"\xd5\xc5"')


@pytest.mark.parametrize("tree", [{"a": {1, 2}}, {"a": float("nan")}, {1: "a"}, {"a": Decimal("NaN")}, {"a": b""}])
def test_values_without_a_json_form_are_refused_by_path(tree):
    with pytest.raises(EncodeError, match=r"\$"):
        jsontext.dumps(tree)


def test_half_a_surrogate_cannot_be_written():
    with pytest.raises(EncodeError):
        jsontext.dumps({"a": "\ud800"})
