"""Applications that users write by hand: what is wrong is named, what they wrote is not repeated."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hub import example_case
from hub.cli.reading import read_application
from hub.config import load_configuration
from hub.errors import InputError

CATALOGUE = load_configuration().catalogue
GOOD = example_case(("JX6-WAT-01",), "individual", CATALOGUE)
PLAIN = GOOD.model_dump(mode="json", exclude_none=True)
CANARY = "CANARY王秀兰"


def _faults(path):
    with pytest.raises(InputError) as wrong:
        read_application(path)
    return wrong.value.faults


@pytest.mark.parametrize("write", [json.dumps, lambda value: yaml.safe_dump(value, allow_unicode=True)])
def test_json_and_yaml_give_the_same_application(tmp_path, write):
    path = tmp_path / "application"
    path.write_text(write(PLAIN), encoding="utf-8")
    assert read_application(path) == GOOD


def test_dash_reads_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(json.dumps(PLAIN).encode())))
    assert read_application(Path("-")) == GOOD


def test_file_with_a_byte_order_mark_is_read(tmp_path):
    path = tmp_path / "application.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(PLAIN).encode())
    assert read_application(path) == GOOD


def test_every_wrong_field_is_named_with_its_place(tmp_path):
    path = tmp_path / "application.json"
    body = {**PLAIN, "items": [{"form": {}}], "applicant": {**PLAIN["applicant"], "name": 5}, "unknown": CANARY}
    path.write_text(json.dumps(body))
    found = {fault.where: fault.rule for fault in _faults(path)}
    assert found == {
        "items[0].code": "VAL_REQUIRED",
        "applicant.name": "VAL_FORMAT",
        "unknown": "VAL_FORMAT",
    }


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('{"request_id":\n "a",,}', ":2"),
        ("request_id: [a\n", ":"),
        ("a: 1\na: 2\n", ":2"),
        ("d: 2026-99-99\n", ""),
        ("? [a]\n: b\n", ""),
        ("just words", "application"),
        ("", "application"),
        ("[1, 2]", "application"),
    ],
)
def test_text_that_is_no_application_is_refused_with_its_place(tmp_path, text, where):
    path = tmp_path / "application"
    path.write_text(text)
    (fault, *_) = _faults(path)
    assert where in fault.where


def test_file_that_is_not_utf8_is_refused_naming_the_byte(tmp_path):
    path = tmp_path / "application.json"
    path.write_bytes('{"name": "王"}'.encode("gbk"))
    (fault,) = _faults(path)
    assert (fault.rule, fault.message) == ("ENCODING", "the file is not UTF-8 at byte 10")


def test_file_that_is_missing_is_refused(tmp_path):
    (fault,) = _faults(tmp_path / "nowhere.json")
    assert fault.rule == "FILE"


def test_file_that_is_too_large_is_refused(tmp_path):
    path = tmp_path / "application.json"
    path.write_bytes(b" " * (4 * 1024 * 1024 + 1))
    (fault,) = _faults(path)
    assert "at most" in fault.message


_VALUES = st.recursive(
    st.just(CANARY) | st.integers() | st.none() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(PLAIN)), inner, max_size=3),
    max_leaves=6,
)


@given(changes=st.dictionaries(st.sampled_from(sorted(PLAIN)), _VALUES, min_size=1, max_size=4))
def test_no_fault_repeats_what_the_file_holds(tmp_path_factory, changes):
    path = tmp_path_factory.mktemp("applications") / "application.json"
    path.write_text(json.dumps({**PLAIN, **changes}))
    with contextlib.suppress(InputError):
        read_application(path)
        return
    told = "\n".join(str(fault) for fault in _faults(path))
    assert told
    assert CANARY not in told
