"""Explaining: which rule made a field, and what a message does not carry."""

from __future__ import annotations

import pytest

from hub.errors import NotFound
from hub.mapping import build_set, coverage, explain, explanations, from_json_schema

CODES = 'tables: {state: {state: {"1": ACCEPTED}}}'
REQUEST = """mapping: m
direction: request
source: DayQuery
zone: UTC
fields:
  H.LSH: serial
  H.AT: {from: $now, format: "%Y%m%d"}
  H.V: {const: "1"}
  B.DAY: {from: day, format: "%Y%m%d"}
groups:
  - only: {channel.type: [WINDOW, WEB]}
    fields: {B.OP: {from: channel.operator, fn: [upper, {prefix: 2}], when: channel.terminal}}
  - only: {channel.type: [TERMINAL]}
    fields: {B.OP: channel.terminal}
"""
REPLY = """mapping: m
direction: reply
target: Reply
zone: UTC
fields:
  state_raw: S
  state: {from: S, table: state}
  nodes: {each: L.N, fields: {raw_code: C, state: {from: C, table: state}, at: {from: $root.T, format: "%Y%m%d"}}}
"""


@pytest.fixture(scope="module")
def mappings():
    return build_set("s", {"codes.yaml": CODES, "m.request.yaml": REQUEST, "m.reply.yaml": REPLY})


def test_a_wire_field_is_led_back_to_its_line(mappings):
    told = explain(mappings, "m", "request", "B.DAY")
    assert (told.file, told.line, told.canonical) == ("s/m.request.yaml", 9, "day")
    assert told.functions == ("format %Y%m%d",)


def test_environment_and_constants_are_named(mappings):
    assert explain(mappings, "m", "request", "H.AT").canonical == "$now"
    assert explain(mappings, "m", "request", "H.V").canonical == "(constant)"


def test_all_rules_of_a_field_come_with_their_conditions(mappings):
    first, second = explanations(mappings, "m", "request", "B.OP")
    assert first.condition == "channel.type is WINDOW or WEB; channel.terminal present"
    assert first.functions == ("upper", "prefix(2)")
    assert (second.canonical, second.condition) == ("channel.terminal", "channel.type is TERMINAL")


def test_a_reply_is_explained_from_the_wire_with_places_in_lists(mappings):
    told = explanations(mappings, "m", "reply", "L.N[3].C")
    assert [entry.canonical for entry in told] == ["nodes.raw_code", "nodes.state"]
    assert explain(mappings, "m", "reply", "L.N").canonical == "nodes"
    assert explain(mappings, "m", "reply", "$root.T").canonical == "nodes.at"


def test_a_field_without_a_rule_is_not_found(mappings):
    with pytest.raises(NotFound):
        explain(mappings, "m", "request", "B.NOTHING")
    with pytest.raises(NotFound):
        explain(mappings, "other", "request", "B.DAY")


def test_coverage_lists_what_is_mapped_unmapped_and_lost(mappings):
    schema = {"properties": {"H": {"properties": {"LSH": {"type": "string"}, "X": {"type": "string"}}}}}
    report = coverage(mappings, "m", "request", from_json_schema(schema))
    assert (report.mapped, report.unmapped) == (("H.LSH",), ("H.X",))
    assert report.lost == ("request_id", "channel.type", "channel.division")


def test_coverage_of_a_reply_lists_canonical_fields_that_stay_empty(mappings):
    schema = {"properties": {"S": {}, "U": {}, "L": {"properties": {"N": {"items": {"properties": {"C": {}}}}}}}}
    report = coverage(mappings, "m", "reply", from_json_schema(schema))
    assert report.mapped == ("S", "L.N.C")
    assert report.unmapped == ("U",)
    assert "state" not in report.lost
    assert "nodes.at" not in report.lost
    assert "bills.total_fen" in report.lost
