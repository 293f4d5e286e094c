"""The registry's mappings against its contract, and the contract against what the simulator takes."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import CHAR, Numeric

from adapters.realty import codec
from adapters.realty.adapter import RealtyAdapter
from hub.config import load_configuration
from hub.engine.selfcheck import canonical_tables, check_set
from hub.errors import DecodeError, EncodeError, UnmappedCode
from hub.mapping import Env
from hub.registry import Registry
from hub.sdk import ErrorCode, TaskState, outcome_of
from hub.wire.exchange import TableResponse
from simulators.realty.cases import NODES
from simulators.realty.rules import REASONS
from simulators.realty.schema import METADATA
from tests.integration.realty_desk import MAPPINGS, START, of_unit, order_of, party, query

CONTRACT = json.loads(files("adapters.realty").joinpath("contracts", "tables.schema.json").read_text("utf-8"))["$defs"]
ENV = Env(now=START, params={"qxdm": "330402"})
STATES = MAPPINGS.codes.tables["state"].reading()
REASON = MAPPINGS.codes.tables["reason"].reading()


def test_set_keeps_to_the_contract_and_covers_every_code():
    assert check_set(Registry.load(), RealtyAdapter, "realty", canonical_tables(load_configuration())) == []


@pytest.mark.parametrize("name", sorted(METADATA.tables))
def test_contract_and_registry_have_the_same_columns(name):
    ours, theirs = CONTRACT[name]["properties"], METADATA.tables[name].columns
    assert list(ours) == [column.name for column in theirs]
    for column in theirs:
        if isinstance(column.type, Numeric):
            assert ours[column.name]["x-decimal"] == [column.type.precision, column.type.scale]
        else:
            assert ours[column.name]["maxLength"] == column.type.length
            assert bool(ours[column.name].get("x-char")) == isinstance(column.type, CHAR)


def test_every_node_and_reason_of_the_registry_has_a_meaning():
    assert set(NODES) == {code for code in STATES if code.isdigit()}
    assert set(REASONS) == set(REASON)


def stand(application=None, nodes=(), result=None):
    """The reply to what stands in the tables."""
    key = "k" * 32
    blank = {name: dict.fromkeys(CONTRACT[name]["properties"], " ") for name in ("QZ_SQ", "QZ_JD", "QZ_JG")}
    rows = (
        [{**blank["QZ_SQ"], "BSM": key, "SLBH": "26112433040200000101", "SQSJ": "2026-11-24 09:00:00", **application}]
        if application is not None
        else []
    )
    steps = [
        {**blank["QZ_JD"], "BSM": f"{place:032d}", "YWH": "BDC1", "JDDM": code, "JDSJ": at}
        for place, (code, at) in enumerate(nodes)
    ]
    results = [{**blank["QZ_JG"], **result}] if result is not None else []
    tree = codec.decode("progress", TableResponse((tuple(rows), tuple(steps), tuple(results))))
    return MAPPINGS.reply("progress")(tree, ENV)


@pytest.mark.parametrize("code", sorted(NODES))
def test_every_node_has_its_state_and_only_entry_brings_legal_effect(code):
    result = {"BDCQZH": "浙（2026）嘉兴市不动产权第0090001号", "DBSJ": "2026-11-24 10:28:00"} if code == "70" else None
    reply = stand({"JHBZ": "2"}, [("10", "2026-11-24 09:03:00"), (code, "2026-11-24 10:28:00")], result)
    assert (reply.state_raw, reply.state) == (code, STATES[code])
    assert (reply.legal_effect is not None) == (code in {"50", "70"})
    assert len(reply.nodes) == 2


@pytest.mark.parametrize("flag", ["0", "1", "2"])
def test_application_without_a_node_is_accepted_at_its_own_time(flag):
    reply = stand({"JHBZ": flag})
    assert (reply.state, reply.state_raw, reply.event_time) == (TaskState.ACCEPTED, f"JHBZ{flag}", START)


@pytest.mark.parametrize("reason", sorted(REASON))
def test_every_reason_has_its_error_also_with_more_words(reason):
    reply = stand({"JHBZ": "3", "SBYY": f"{reason}：见附件"})
    assert reply.error == REASON[reason]
    assert outcome_of(reply).kind == ("faulty" if reply.error is ErrorCode.UPS_PROTOCOL else "rejected")


def test_reason_that_nobody_knows_is_not_guessed_and_not_repeated():
    with pytest.raises(UnmappedCode) as unmapped:
        stand({"JHBZ": "3", "SBYY": "王秀兰未到场"})
    assert "王秀兰" not in str(unmapped.value)
    with pytest.raises(UnmappedCode):
        stand({"JHBZ": "3"})


def test_code_of_a_node_that_nobody_knows_is_not_guessed():
    with pytest.raises(UnmappedCode):
        stand({"JHBZ": "2"}, [("55", "2026-11-24 09:03:00")])


def test_issued_without_its_result_row_is_not_completed():
    nodes = [("50", "2026-11-24 10:28:00"), ("70", "2026-11-24 11:00:00")]
    assert stand({"JHBZ": "2"}, nodes).state is TaskState.IN_PROGRESS
    result = {"BDCQZH": "浙（2026）嘉兴市不动产权第0090001号", "DBSJ": "2026-11-24 10:28:00"}
    reply = stand({"JHBZ": "2"}, nodes, result)
    assert (reply.state, reply.certificate_no) == (TaskState.COMPLETED, "浙(2026)嘉兴市不动产权第0090001号")
    assert stand({"JHBZ": "2"}, nodes[:1], result).state is TaskState.IN_PROGRESS


def test_nodes_count_by_their_time_however_the_rows_stand():
    nodes = [("91", "2026-11-24 10:00:00"), ("10", "2026-11-24 09:03:00"), ("20", "2026-11-24 09:15:00")]
    assert stand({"JHBZ": "2"}, nodes).state is TaskState.CANCELLED


def test_answered_supplement_does_not_ask_again_until_it_was_looked_at():
    nodes = [("21", "2026-11-24 09:15:00")]
    assert stand({"JHBZ": "2", "BZBZ": "0"}, nodes).state is TaskState.AWAITING_APPLICANT
    answered = stand({"JHBZ": "2", "BZBZ": "1"}, nodes)
    assert (answered.state, answered.rank) == (TaskState.IN_PROGRESS, stand({"JHBZ": "2"}, nodes).rank + 1)
    assert stand({"JHBZ": "2", "BZBZ": "2"}, nodes).state is TaskState.AWAITING_APPLICANT


def test_nothing_at_all_is_no_state():
    assert (stand().state, stand().error) == (None, None)


# requests


def tree(order):
    return MAPPINGS.request("apply")(order, ENV)


def rows(order):
    steps = codec.encode("apply", tree(order)).steps
    return {name: [each.values for each in steps if each.table == name] for name in ("QZ_SQ", "QZ_QLR", "QZ_FJ")}


def test_same_order_makes_the_same_rows_in_every_attempt():
    order = order_of()
    assert codec.encode("apply", tree(order)) == codec.encode("apply", tree(order))
    keys = [row["BSM"] for table in rows(order).values() for row in table]
    assert len(set(keys)) == len(keys)
    assert keys[0] == order.request_id
    assert not set(keys) & {row["BSM"] for table in rows(order_of(seq=2)).values() for row in table}


@pytest.mark.parametrize(
    ("given", "kind", "number"),
    [
        (party("赵兰", "33040219700101001X"), "1", "33040219700101001x"),
        (party("钱福", "330402580314123"), "1", "330402195803141231"),
        (party("JOHN SMITH", "E1234567X", "PASSPORT"), "3", "E1234567X"),
        (party("ANNA", "933840199001010013", "FPR"), "99", "933840199001010013"),
        (party("陈港生", "H12345678", "HM_PERMIT"), "2", "H12345678"),
        (party("林台生", "830000199001010039", "HMT_RESIDENCE"), "2", "830000199001010039"),
        (party("嘉兴南湖示例科技有限公司", "91330402MA28A12323", "USCC"), "7", "91330402MA28A12323"),
        (party("阿卜杜热西提·𠅤𬭎䶮", "330411196001010011"), "1", "330411196001010011"),
    ],
)
def test_every_kind_of_document_stands_right_in_the_rows(given, kind, number):
    order = order_of(form={"owners": [{**given, "mode": "sole"}]})
    owner = rows(order)["QZ_QLR"][0]
    assert (owner["LX"], owner["MC"], owner["ZJZL"], owner["ZJH"]) == ("1", given["name"], kind, number)
    assert (owner["GYFS"], owner["QLBL"]) == ("0", " ")


def test_several_owners_stand_in_order_with_mode_and_share():
    shares = [{**party("甲", "330402198801010012"), "mode": "shares", "share": "1/3"},
              {**party("乙", "330411200501010025"), "mode": "shares", "share": "2/3", "mobile": "13800138009"}]  # fmt: skip
    owners = rows(order_of(form={"owners": shares}))["QZ_QLR"]
    assert [(row["LX"], row["SXH"], row["MC"], row["GYFS"], row["QLBL"], row["DH"]) for row in owners] == [
        ("1", "001", "甲", "2", "1/3", " "),
        ("1", "002", "乙", "2", "2/3", "13800138009"),
        ("2", "001", "李建国", " ", " ", " "),
    ]


def test_price_is_written_in_wan_exactly():
    assert str(rows(order_of(form={"price": 128_500_001}))["QZ_SQ"][0]["QDJG"]) == "128.500001"


@pytest.mark.parametrize("name", ["王" * 61, "王\x00兰", "王\n兰"])
def test_name_that_the_tables_cannot_keep_is_refused_before_sending(name):
    with pytest.raises(EncodeError) as refused:
        rows(order_of(form={"owners": [{**party(name, "330402198801010012"), "mode": "sole"}]}))
    assert "MC" in refused.value.where
    assert name not in str(refused.value)


@given(st.from_regex(r"[1-9]\d{5}(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|1\d|2[0-8])\d{3}[0-9X]", fullmatch=True))
def test_spellings_of_a_number_hold_its_own_and_never_another_persons(number):
    found = codec.variants(number)
    assert number in found
    assert all(each.upper() == number or (len(each) == 15 and each == number[:6] + number[8:17]) for each in found)
    assert any(len(each) == 15 for each in found) == (number[6:8] == "19")


def test_question_without_unit_and_document_is_refused():
    with pytest.raises(EncodeError):
        codec.encode("holdings", MAPPINGS.request("holdings")(query(), ENV))


def test_read_that_the_database_refuses_is_no_answer():
    with pytest.raises(DecodeError):
        codec.decode("progress", TableResponse(refused="value"))


@pytest.mark.parametrize("said", ["done", "duplicate", "value"])
@pytest.mark.parametrize("message", ["apply", "supplement", "cancel"])
def test_what_the_database_says_of_a_write_has_its_meaning(message, said):
    response = TableResponse(results=(1,)) if said == "done" else TableResponse(refused=said)
    reply = MAPPINGS.reply(message)(codec.decode(message, response), ENV)
    expected = {"done": None, "duplicate": ErrorCode.DUP_SAME, "value": ErrorCode.UPS_PROTOCOL}
    assert reply.error is expected[said]


def test_orders_of_other_units_are_made_with_their_numbers():
    assert rows(of_unit(2, party("赵兰", "33040219700101001X")))["QZ_SQ"][0]["BDCDYH"].endswith("GB00002F00010001")
