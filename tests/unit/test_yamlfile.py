"""YAML with lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import ConfigError
from hub.yamlfile import load

TEXT = "a: 1\nb:\n  - c: 2\n    d: 3\n"


def test_value_knows_its_line_and_a_missing_one_that_of_its_parent():
    file = load("x.yaml", TEXT)
    assert file.data == {"a": 1, "b": [{"c": 2, "d": 3}]}
    assert file.where("b", 0, "d") == "x.yaml:4"
    assert file.where("b", 0, "nothing") == "x.yaml:3"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\na: 2\n", 2),
        ("a: [1\nb: 2", 2),
        (b"a: \xff\xfe", 1),
        ("a: 1\n[1, 2]: x\n", 2),
        ("a: 1\nb: 2024-13-45\n", 2),
        ("a: !!python/object:os.system x\n", 1),
    ],
)
def test_fault_names_its_line(text, line):
    with pytest.raises(ConfigError, match=f"x.yaml:{line}:"):
        load("x.yaml", text)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_a_line(text):
    where = "x.yaml:0"
    try:
        file = load("x.yaml", text)
        where = file.where()
    except ConfigError as error:
        where = error.faults[0].where
    assert int(where.removeprefix("x.yaml:")) >= 1
