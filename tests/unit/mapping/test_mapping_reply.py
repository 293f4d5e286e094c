"""Reading a message: conversion by the canonical type, tables, lists, and every refusal."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given as given_tree
from hypothesis import strategies as st

from hub.domain.reply import Reply
from hub.domain.states import TaskState
from hub.domain.taxonomy import ErrorCode
from hub.errors import DecodeError, UnmappedCode


def test_absent_null_and_empty_are_all_absent(reader, env):
    read = reader("  note: A.B\n  serial: A.C\n  opinion: D.E", head='null_values: ["", "null"]')
    reply = read({"A": {"B": "", "C": "null"}, "D": None}, env)
    assert (reply.note, reply.serial, reply.opinion) == (None, None, None)


def test_a_rule_may_have_its_own_spelling_of_nothing(reader, env):
    read = reader('  planned: {from: A, format: "%Y%m%d", null_values: ["00000000"]}')
    assert read({"A": "00000000"}, env).planned is None
    assert read({"A": "20260203"}, env).planned == date(2026, 2, 3)


def test_a_native_number_becomes_text_exactly(reader, env):
    read = reader("  provider_ref: appNo")
    assert read({"appNo": 3304020000000001}, env).provider_ref == "3304020000000001"
    assert read({"appNo": Decimal("12.50")}, env).provider_ref == "12.50"


@pytest.mark.parametrize("value", ["x", "1.5", "", " 1", "１", True, ["1"], {"a": 1}, Decimal("1.5"), "9" * 41])
def test_what_is_no_whole_number_is_refused(reader, env, value):
    read = reader("  lifetime_seconds: {from: A.ttl, required: true}")
    with pytest.raises(DecodeError) as caught:
        read({"A": {"ttl": value}}, env)
    assert caught.value.where == "A.ttl"
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("function", "value", "fen"),
    [
        ("yuan", "12.50", 1250),
        ("yuan", "12.5", 1250),
        ("yuan", "-3.00", -300),
        ("yuan", Decimal("7.08"), 708),
        ("yuan", 7, 700),
        ("fen", "0000001250", 1250),
        ("fen", 1250, 1250),
        ("fen_number", -1250, -1250),
        ("wan", "128.5", 128500000),
    ],
)
def test_money_is_read_by_its_spelling(reader, env, function, value, fen):
    assert reader(f"  arrears_fen: {{from: A, fn: {function}}}")({"A": value}, env).arrears_fen == fen


@pytest.mark.parametrize("value", ["12,50", "1e3", "0.001", "", "NaN", "十", True])
def test_a_misspelled_amount_is_refused_and_not_shown(reader, env, value):
    with pytest.raises(DecodeError) as caught:
        reader("  arrears_fen: {from: A, fn: yuan, required: true}", head="null_values: []")({"A": value}, env)
    assert str(value) not in str(caught.value) or value == ""


def test_a_local_time_becomes_aware_utc(reader, env):
    read = reader('  event_time: {from: T, format: "%Y%m%d%H%M%S"}')
    assert read({"T": "20260302003000"}, env).event_time == datetime(2026, 3, 1, 16, 30, tzinfo=UTC)


def test_a_date_inside_a_time_does_not_shift(reader, env):
    read = reader('  planned: {from: T, format: "%Y-%m-%d %H:%M:%S"}')
    assert read({"T": "2026-03-02 00:30:00"}, env).planned == date(2026, 3, 2)


def test_epoch_milliseconds(reader, env):
    read = reader("  event_time: {from: T, fn: epoch_ms}")
    assert read({"T": 1772382600000}, env).event_time == datetime(2026, 3, 1, 16, 30, tzinfo=UTC)


@pytest.mark.parametrize("value", ["2026-02-30", "2026-2-3", "2026-02-03 ", "20260203", "0000-01-01", "２026-02-03"])
def test_a_date_that_does_not_match_strictly_is_refused(reader, env, value):
    with pytest.raises(DecodeError) as caught:
        reader('  planned: {from: B.D, format: "%Y-%m-%d"}')({"B": {"D": value}}, env)
    assert caught.value.where == "B.D"


def test_a_local_time_that_the_clock_skips_is_refused(reader, env):
    read = reader('  event_time: {from: T, format: "%Y-%m-%d %H:%M", zone: Europe/Berlin}')
    assert read({"T": "2026-03-29 01:59"}, env).event_time == datetime(2026, 3, 29, 0, 59, tzinfo=UTC)
    with pytest.raises(DecodeError, match="skips"):
        read({"T": "2026-03-29 02:30"}, env)


def test_a_time_that_comes_twice_is_the_first(reader, env):
    read = reader('  event_time: {from: T, format: "%Y-%m-%d %H:%M", zone: Europe/Berlin}')
    assert read({"T": "2026-10-25 02:30"}, env).event_time == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_a_result_table_gives_the_error_or_success(reader, env):
    read = reader("  raw_code: H.C\n  error: {from: H.C, table: result}")
    assert read({"H": {"C": "0000"}}, env).error is None
    assert read({"H": {"C": "0005"}}, env).error is ErrorCode.ELG_OPEN_ORDER


@pytest.mark.parametrize("one", [1, "1"])
def test_a_code_as_number_and_as_text_is_the_same(reader, env, one):
    assert reader("  error: {from: C, table: result}")({"C": one}, env).error is None


@pytest.mark.parametrize(
    ("raw", "shown"), [("7777", "7777"), ("A-b_9", "A-b_9"), ("张三", "?"), ("1" * 33, "?"), ("a b", "?"), (42, "42")]
)
def test_an_unknown_code_is_never_guessed(reader, env, raw, shown):
    with pytest.raises(UnmappedCode) as caught:
        reader("  error: {from: H.C, table: result}")({"H": {"C": raw}}, env)
    assert (caught.value.table, caught.value.raw, caught.value.where) == ("result", shown, "H.C")


def test_a_state_has_its_meaning_its_raw_code_and_its_rank(reader, env):
    read = reader("  state_raw: S\n  state: {from: S, table: state}\n  rank: {from: S, rank: state}")
    reply = read({"S": "20"}, env)
    assert (reply.state_raw, reply.state, reply.rank) == ("20", TaskState.IN_PROGRESS, 2)
    with pytest.raises(UnmappedCode):
        read({"S": "99"}, env)


def test_a_both_table_reads_what_it_writes(reader, env):
    assert reader("  note: {from: Q, table: channel}")({"Q": "02"}, env).note == "TERMINAL"


@pytest.mark.parametrize("wire", [[{"N": "1"}, {"N": "2"}], {"N": "1"}, "", None, []])
def test_each_takes_many_one_or_none(reader, env, wire):
    read = reader("  accounts: {each: B.L.YH, fields: {account_no: N}}")
    found = [account.account_no for account in read({"B": {"L": {"YH": wire}}}, env).accounts]
    assert found == {2: ["1", "2"], 1: ["1"], 0: []}[len(found)]
    assert len(found) == (len(wire) if isinstance(wire, list) else int(isinstance(wire, dict)))


def test_what_the_canonical_model_demands_must_be_there(reader, env):
    read = reader("  bills: {each: L.ZD, fields: {period: M, total_fen: {from: J, fn: yuan}}}")
    with pytest.raises(DecodeError) as caught:
        read({"L": {"ZD": [{"J": "1.00"}, {"M": "202601"}]}}, env)
    assert caught.value.where == "L.ZD[2].J"
    assert "VAL_REQUIRED" in str(caught.value)


def test_nodes_keep_their_order_and_reach_the_root(reader, env):
    read = reader(
        '  nodes: {each: nodes, where: {has: c}, fields: {state: {from: c, table: state}, raw_code: c, at: {from: $root.t, format: "%Y%m%d%H%M%S"}}}'
    )
    reply = read({"t": "20260302003000", "nodes": [{"c": "20"}, {}, {"c": "10"}]}, env)
    assert [node.raw_code for node in reply.nodes] == ["20", "10"]
    assert reply.nodes[1].at == datetime(2026, 3, 1, 16, 30, tzinfo=UTC)


def test_an_unknown_code_of_one_record_spares_the_others_and_is_no_success(reader, env):
    read = reader(
        """  records:
    each: D
    fields:
      raw_code: {from: R, required: true}
      error: {from: R, table: result, unmapped: UPS_UNMAPPED}
      state: {from: R, table: state, unmapped: absent}
"""
    )
    found = read({"D": [{"R": "0000"}, {"R": "ZZ"}, {"R": "10"}]}, env).records
    assert [record.error for record in found] == [None, ErrorCode.UPS_UNMAPPED, ErrorCode.UPS_UNMAPPED]
    assert [record.state for record in found] == [None, None, TaskState.ACCEPTED]
    assert found[1].raw_code == "ZZ"


def test_a_list_of_plain_values(reader, env):
    read = reader("  missing: {from: B.XH, fn: digits}")
    assert read({"B": {"XH": ["1", "", 2]}}, env).missing == ("1", "2")
    assert read({"B": {"XH": "7"}}, env).missing == ("7",)
    assert read({"B": {}}, env).missing == ()


def test_conditions_look_at_the_wire(reader, env):
    read = reader(
        """  raw_code: H.C
groups:
  - only: {H.C: ["0000", "1"]}
    fields: {provider_ref: {from: B.REF, required: true}}
  - only: {H.C: ["0005"]}
    fields: {open_ref: B.REF}
"""
    )
    assert read({"H": {"C": 1}, "B": {"REF": "W1"}}, env).provider_ref == "W1"
    assert read({"H": {"C": "0005"}, "B": {"REF": "W1"}}, env).open_ref == "W1"
    assert read({"H": {"C": "0001"}}, env).provider_ref is None
    with pytest.raises(DecodeError):
        read({"H": {"C": "0000"}, "B": ""}, env)


def test_when_and_unless_look_at_presence_on_the_wire(reader, env):
    read = reader("  note: {const: fee, when: B.FEE}\n  opinion: {const: free, unless: B.FEE}")
    assert read({"B": {"FEE": "1"}}, env).note == "fee"
    assert read({"B": {"FEE": ""}}, env).opinion == "free"


def test_first_default_and_constants(reader, env):
    read = reader(
        "  receipt_no: {first: [B.PZH, B.OLD]}\n  raw_code: {from: C, default: ok}\n  state: {from: S, table: state, default: ACCEPTED}\n  error: {const: UPS_BUSY}"
    )
    reply = read({"B": {"OLD": "9"}}, env)
    assert (reply.receipt_no, reply.raw_code, reply.state, reply.error) == (
        "9",
        "ok",
        TaskState.ACCEPTED,
        ErrorCode.UPS_BUSY,
    )


def test_now_and_session_may_fill_a_reply(reader, env):
    reply = reader("  event_time: $now\n  planned: $now\n  token: $session.token")({}, env)
    assert (reply.event_time, reply.planned, reply.token) == (env.now, date(2026, 3, 2), "t")


def test_flags_and_booleans(reader, env):
    read = reader("  bills: {each: L, fields: {total_fen: {from: F, fn: fen}, settled: {from: S, fn: flag}}}")
    found = read({"L": [{"F": 1, "S": "1"}, {"F": 2, "S": "0"}, {"F": 3, "S": True}]}, env).bills
    assert [bill.settled for bill in found] == [True, False, True]
    with pytest.raises(DecodeError):
        read({"L": [{"F": 1, "S": "yes"}]}, env)


def test_unknown_wire_fields_are_tolerated(reader, env):
    assert reader("  note: A")({"A": "x", "NEW": {"deep": [1]}}, env).note == "x"


@pytest.mark.parametrize(
    ("tree", "where"),
    [
        ({"H": ["a"]}, "H"),
        ({"H": "text"}, "H"),
        ({"H": {"C": ["a", "b"]}}, "H.C"),
        ({"H": {"C": {"d": "e"}}}, "H.C"),
        ({"H": {"C": 1.5}}, "H.C"),
        ({"L": ["text"]}, "L[1]"),
        ({"L": {"N": ["1"]}}, "L[1].N"),
    ],
)
def test_a_wire_tree_of_another_form_is_refused_with_its_place(reader, env, tree, where):
    read = reader("  note: H.C\n  accounts: {each: L, fields: {account_no: N}}")
    with pytest.raises(DecodeError) as caught:
        read(tree, env)
    assert caught.value.where == where


def test_no_refusal_repeats_a_value(reader, env):
    canary = "张三13800000000"
    read = reader(
        '  planned: {from: A, format: "%Y%m%d"}\n  lifetime_seconds: B\n  balance_fen: {from: C, fn: yuan}\n  error: {from: D, table: result}\n  note: E.F'
    )
    for tree in ({"A": canary}, {"B": canary}, {"C": canary}, {"D": canary}, {"E": canary}, {"E": {"F": [canary]}}):
        with pytest.raises((DecodeError, UnmappedCode)) as caught:
            read(tree, env)
        assert canary not in str(caught.value) + repr(caught.value)
        assert caught.value.__context__ is None
        assert caught.value.__cause__ is None


FIELDS = """  raw_code: H.C
  error: {from: H.C, table: result}
  provider_ref: {from: B.REF, only: {H.C: ["0000"]}, required: true}
  state: {from: B.S, table: state}
  rank: {from: B.S, rank: state}
  finished_at: {from: B.T, format: "%Y-%m-%d %H:%M:%S"}
  planned: {from: B.D, format: "%Y%m%d"}
  arrears_fen: {first: [B.J, B.K], fn: yuan}
  lifetime_seconds: B.N
  missing: {from: B.L.XH, fn: [strip, {prefix: 2}]}
  bills: {each: B.L.ZD, where: {has: M}, fields: {period: M, total_fen: {from: J, fn: fen}, settled: {from: F, fn: flag}}}
"""
_leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals()
    | st.text(max_size=6)
    | st.sampled_from(["0000", "0001", "10", "1.50", "20260203", "2026-02-03 04:05:06", "2026-02-30 04:05:06"])
)
_names = st.sampled_from(["H", "B", "C", "S", "T", "D", "J", "K", "N", "L", "XH", "ZD", "M", "F", "REF"])
_trees = st.dictionaries(
    _names,
    st.recursive(_leaves, lambda t: st.lists(t, max_size=3) | st.dictionaries(_names, t, max_size=5), max_leaves=12),
    max_size=4,
)


@given_tree(_trees)
def test_any_tree_is_read_or_refused_with_its_place(reader, env, tree):
    read = reader(FIELDS)
    try:
        found = read(tree, env)
    except (DecodeError, UnmappedCode) as error:
        found = error
    assert isinstance(found, Reply) or (found.where and found.__context__ is None)
