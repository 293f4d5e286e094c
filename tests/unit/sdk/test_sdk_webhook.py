"""Callbacks that are signed field by field, and read by a mapping."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.states import TaskState
from hub.mapping import build_set
from hub.sdk import Callback, CallbackRefused, Completed, Env, Heard, heard, sm2_event
from hub.sdk.wire import HttpRequest, crypto, jsoncontract

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
KEY = crypto.sm2_public(bytes([3]) * 32)
FORM = {"type": "object", "required": ["id", "state", "sig"], "properties": {"id": {"type": "string"}}}
MAPPINGS = build_set(
    "calling",
    {
        "codes.yaml": "tables: {state: {state: {done: COMPLETED, work: IN_PROGRESS}}}",
        "told.reply.yaml": """
mapping: calling.told.reply
direction: reply
target: Reply
zone: Asia/Shanghai
fields:
  serial: ours
  provider_ref: theirs
  state: {from: state, table: state}
  event_time: {from: at, format: "%Y%m%d%H%M%S"}
""",
    },
)


class Calling:
    """An adapter that has heard something."""

    def __init__(self, said):
        self.said = said

    def callback(self, _request, _env):
        return self.said


def told(when=NOW, **fields):
    tree = {"ours": "1", "theirs": "A1", "state": "work", "at": f"{when + timedelta(hours=8):%Y%m%d%H%M%S}", **fields}
    return heard(Calling(Heard("e1", "told", tree)), MAPPINGS, HttpRequest("POST", "/", (), b""), Env(now=NOW))


def test_event_is_read_by_its_mapping():
    callback = told()
    assert (callback.event_id, callback.serial, callback.provider_ref) == ("e1", "1", "A1")
    assert (callback.outcome.state, callback.outcome.event_time) == (TaskState.IN_PROGRESS, NOW)
    assert told(state="done").outcome.kind == "completed"


def test_adapter_that_reads_its_callback_itself_needs_no_mapping():
    own = Callback("e1", Completed())
    assert heard(Calling(own), MAPPINGS, HttpRequest("POST", "/", (), b""), Env(now=NOW)) is own


@pytest.mark.parametrize("fields", [{"state": "unheard-of"}, {"at": "20261332250000"}, {"theirs": ["x"]}])
def test_event_that_the_mapping_cannot_read_is_refused_by_its_place(fields):
    with pytest.raises(CallbackRefused, match=f"read at {next(iter(fields))}$"):
        told(**fields)


@pytest.mark.parametrize(
    ("away", "taken"),
    [
        (timedelta(minutes=5), True),
        (timedelta(minutes=5, seconds=1), False),
        (timedelta(days=-1), True),
        (timedelta(days=-1, seconds=-1), False),
    ],
)
def test_event_is_believed_only_near_its_time(away, taken):
    if taken:
        assert told(NOW + away).event_id == "e1"
    else:
        with pytest.raises(CallbackRefused, match="future"):
            told(NOW + away)


@pytest.fixture(scope="module")
def contract(tmp_path_factory):
    folder: Path = tmp_path_factory.mktemp("contract")
    (folder / "replies.schema.json").write_text(json.dumps({"$defs": {"told": FORM}}), "utf-8")
    return jsoncontract.JsonContract(folder)


def signed(event):
    text = "&".join(f"{name}={event[name]}" for name in sorted(event))
    return {**event, "sig": crypto.sm2_sign(bytes([3]) * 32, text.encode(), lambda count: bytes([7]) * count)}


def read(contract, event):
    return sm2_event(json.dumps(event).encode(), contract, "told", KEY, "sig")


def test_signature_holds_for_every_field_and_for_nothing_else(contract):
    event = signed({"id": "1", "state": "work", "count": 3})
    assert read(contract, event) == event
    for change in ({"state": "done"}, {"count": 4}, {"more": "x"}, {"sig": "0" * 128}):
        with pytest.raises(CallbackRefused, match="signature"):
            read(contract, {**event, **change})


@given(st.none() | st.booleans() | st.floats() | st.lists(st.integers()))
def test_field_that_has_no_one_spelling_is_refused(contract, value):
    with pytest.raises(CallbackRefused):
        read(contract, {**signed({"id": "1", "state": "work"}), "more": value})


def test_event_that_breaks_the_contract_is_refused_although_signed(contract):
    with pytest.raises(CallbackRefused, match="contract at id"):
        read(contract, signed({"id": 1, "state": "work"}))
