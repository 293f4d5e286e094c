"""The transit mappings and codec against the canonical model, the catalogue and the card centre's contract."""

from __future__ import annotations

import contextlib
import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.transit import answers
from adapters.transit.adapter import TransitAdapter
from adapters.transit.files import FileName, cut_name, error_line, file_layout, opened, rows_of, sealed_size
from hub.config import load_configuration, shipped
from hub.domain.party import Agent, DocumentType
from hub.domain.states import TaskState
from hub.domain.taxonomy import ErrorCode
from hub.engine.selfcheck import canonical_tables, check_set
from hub.errors import DecodeError, EncodeError, ManifestError, NotSupported, UnmappedCode
from hub.registry import Registry, shipped_mappings
from hub.sdk import Accepted, Completed, Env, Faulty, NotSent, Progress, Refused, Rejected
from hub.wire.exchange import FileResponse
from tests.golden.transit_files import APPL, KEY, RCHG, blkl, card, file, flag, parsed, recn, resp
from tests.integration.transit_desk import (
    ENDPOINT,
    FILES,
    FORMER_CARD,
    ITEMS,
    KEYS,
    MAPPINGS,
    PARAMS,
    START,
    batch_of,
    order_of,
    person,
    senior_card,
    topup,
)
from tests.integration.transit_hub import IV, decrypt, encrypt

ADAPTER = TransitAdapter(ENDPOINT, {**FILES, **KEYS})
ENV = Env(now=START, config=ADAPTER.config, params=PARAMS)
SERIAL = "26010533040200000101"
SENT = [item for item in ITEMS if item.kind != "query"]
# Any character a name can have, the CJK extensions and markup among them, but no surrogates and no control codes.
NAMES = st.text(
    st.characters(min_codepoint=0x21, exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp", "Cn"]), min_size=1, max_size=64
) | st.sampled_from(["䶮·𬭎", "<&>\"'", "阿卜杜热西提·买买提依明·𠅤", "𠅤㛃", "O'Brien—Łódź"])
RESULTS = {
    "0000": (None, TaskState.COMPLETED),
    "0100": (None, TaskState.IN_PROGRESS),
    "1001": (ErrorCode.VAL_FORMAT, TaskState.REJECTED),
    "1002": (ErrorCode.MAT_INVALID, TaskState.AWAITING_APPLICANT),
    "1003": (ErrorCode.ELG_NOT_ELIGIBLE, TaskState.REJECTED),
    "1004": (ErrorCode.ELG_STATUS, TaskState.REJECTED),
    "1005": (ErrorCode.ELG_STATUS, TaskState.REJECTED),
    "1006": (ErrorCode.ELG_ACCOUNT_NOT_FOUND, TaskState.REJECTED),
    "2001": (ErrorCode.PAY_AMOUNT, TaskState.REJECTED),
    "2002": (ErrorCode.DUP_SAME, TaskState.ACCEPTED),
}
NAME = FileName("20260105", "RESP", "0402", "0001", "01")


def written(kind, *orders):
    """Head, records and trailer as the centre reads them."""
    put = ADAPTER.encode(kind, MAPPINGS.request(kind)(batch_of(kind, *orders), ENV), ENV, bytes)
    assert len(put.body) == sealed_size(len(orders))
    assert put.flag_body.decode() == flag(put.body)
    return parsed(put.body)


def understood(kind, body, **values):
    path = f"/out/20260105/JXGJ_{kind}_0402_20260105_0001_K01.dat"
    env = Env(now=START, config=ADAPTER.config, params=PARAMS, vars={"path": path, "flag": flag(body), **values})
    return MAPPINGS.reply(kind)(ADAPTER.decode(kind, FileResponse(body=body), env), env)


def answer_of(*lines):
    return answers.answered(understood("RESP", file("RESP", *lines)).records, ENDPOINT)


def test_mappings_agree_with_contract_canonical_model_and_catalogue():
    tables = canonical_tables(load_configuration(shipped()))
    assert check_set(Registry.load(), TransitAdapter, "transit", tables) == []


def test_both_contracts_of_our_files_have_the_same_fields():
    text = TransitAdapter.folder().joinpath("contracts", "files.schema.json").read_text("utf-8")
    schema = json.loads(text)["$defs"]
    for kind, places in {"APPL": APPL, "RCHG": RCHG}.items():
        columns = {column.name: column for column in file_layout(kind).detail.fields}
        fields = schema[kind]["properties"]["D"]["items"]["properties"]
        assert set(fields) == set(places) - {"filler"} == set(columns) - {"rectype", "filler"}
        assert {name: end - start for name, (start, end) in places.items()} == {
            name: column.width for name, column in columns.items() if name != "rectype"
        }


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.code)
def test_every_item_is_served_and_can_be_previewed(item):
    order = order_of(item.code)
    operation = ADAPTER.serving(order.operation)
    message, source = ADAPTER.preview(operation, order)
    request = ADAPTER.encode(message, MAPPINGS.request(message)(source, ENV), ENV, bytes)
    assert request.path.startswith("/out/" if item.kind == "query" else "/in/")


@pytest.mark.parametrize("item", SENT, ids=lambda item: item.code)
def test_order_of_every_item_stands_in_its_places(item):
    order = order_of(item.code)
    kind = item.upstream.operation.partition(":")[0]
    head, [row], trailer = written(kind, order)
    assert (head["ftype"], head["inst"], head["keyver"], head["count"]) == (kind, "0402", "01", "00000001")
    assert (row["seq"], row["reqno"], row["filler"]) == ("00000001", order.serial, "")
    if kind == "APPL":
        assert (row["biz"], row["idno"]) == (order.variant, order.applicant.document.number)
    amount = order.form.amount or 0
    assert int(row["amount"]) == int(head["amount"]) == int(trailer["amount"]) == amount


@pytest.mark.parametrize("variant", ["04", "05", "06", "07"])
def test_record_about_a_card_carries_no_photo_mobile_site_or_money(variant):
    order = order_of("JX6-BUS-06", form={"amount": 1000}).with_(variant=variant)
    _, [row], _ = written("APPL", order)
    assert (row["photo"], row["mobile"], row["site"], int(row["amount"])) == ("", "", "", 0)
    assert row["cardno"] == order.form.card_no


def test_mobile_of_the_agent_stands_in_for_a_missing_one():
    order = senior_card()
    agent = {"person": person("陈明", "330481199506150135").with_(mobile="13900139001")}
    alone = order.with_(applicant=order.applicant.with_(mobile=None))
    assert written("APPL", alone)[1][0]["mobile"] == ""
    assert written("APPL", alone.with_(agent=Agent(**agent)))[1][0]["mobile"] == "13900139001"


@pytest.mark.parametrize(
    ("given_birth", "written_birth"), [("1990-03-14", "19900314"), ("1990", "19900000"), (None, "00000000")]
)
def test_birthday_is_written_and_a_partial_one_is_no_date(given_birth, written_birth):
    holder = person("Łódź", "E12345678", DocumentType.PASSPORT, birth_date=given_birth)
    _, [row], _ = written("APPL", senior_card(applicant=holder))
    assert (row["birth"], row["idtype"], row["idno"]) == (written_birth, "414", "E12345678")


@given(name=NAMES)
@settings(max_examples=150, deadline=None)
def test_any_name_arrives_whole_or_cut_at_thirty_bytes_between_characters(name):
    _, [row], _ = written("APPL", senior_card(applicant=person(name, "330402195203140024")))
    assert name.startswith(row["name"])
    left = name.removeprefix(row["name"])
    whole = len(name.encode("gb18030")) <= 30
    assert left == "" if whole else len((row["name"] + left[0]).encode("gb18030")) > 30


@given(amount=st.integers(1, 9_999_999_999), count=st.integers(1, 5))
@settings(max_examples=50, deadline=None)
def test_amounts_are_exact_and_summed_in_head_and_trailer(amount, count):
    head, rows, trailer = written("RCHG", *(topup(seq, amount) for seq in range(1, count + 1)))
    assert [int(row["amount"]) for row in rows] == [amount] * count
    assert int(head["amount"]) == int(trailer["amount"]) == amount * count
    assert {row["paytime"] for row in rows} == {"20260105090500"}


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"form": {"pickup_site": "0001012"}}, "D[1].site"),
        ({"form": {"card_type": "99"}}, "D[1].cardtype"),
        ({"applicant": person("甲", "1" * 19)}, "D[1].idno"),
        ({"applicant": person("甲\x1b乙", "330402195203140024")}, "APPL record 2.name"),
        ({"variant": "09"}, "D[1].biz"),
    ],
)
def test_order_that_breaks_the_contract_names_its_field_and_not_the_value(change, where):
    with pytest.raises(EncodeError) as broken:
        written("APPL", senior_card(**change))
    assert broken.value.where.endswith(where)
    assert "甲" not in str(broken.value)
    assert "1111" not in str(broken.value)


def test_topup_wants_card_and_amount():
    for missing in ("card_no", "amount"):
        with pytest.raises(EncodeError):
            written("RCHG", order_of("JX6-BUS-08", form={missing: None}))


def test_key_version_without_a_usable_key_is_named_before_anything_is_sent():
    for keys in ({}, {"01": "short"}):
        adapter = TransitAdapter(ENDPOINT, {**FILES, "sm4_keys": keys, "key_version": "01"})
        tree = MAPPINGS.request("RCHG")(batch_of("RCHG", topup()), ENV)
        with pytest.raises(EncodeError, match="keyver"):
            adapter.encode("RCHG", tree, ENV, bytes)


@pytest.mark.parametrize("key", ["host", "username", "private_key", "host_key", "sm4_keys", "key_version"])
def test_missing_configuration_is_named(key):
    config = {name: value for name, value in {**FILES, **KEYS}.items() if name != key}
    with pytest.raises(ManifestError, match=key):
        TransitAdapter(ENDPOINT, config)


def test_what_the_centre_does_not_offer_is_not_supported():
    for name in ("cancel", "progress", "supplement", "arrears", "pay", "reverse"):
        with pytest.raises(NotSupported):
            ADAPTER.operation(name)


# what comes in


@pytest.mark.parametrize("code", RESULTS)
def test_every_documented_result_has_its_meaning(code):
    error, state = RESULTS[code]
    [record] = understood("RESP", file("RESP", resp(1, SERIAL, code))).records
    assert (record.raw_code, record.error, record.state) == (code, error, state)


def test_results_that_the_mapping_lets_through_are_those_of_its_tables():
    rules = yaml.safe_load(shipped_mappings().joinpath("transit", "RESP.reply.yaml").read_text("utf-8"))
    fields = rules["fields"]["records"]["fields"]
    for name, table in (("error", "result"), ("state", "answer")):
        listed = fields[name]["only"]["result"]
        assert set(listed) == set(MAPPINGS.codes.tables[table].reading()) == set(RESULTS)


def test_unknown_result_concerns_its_own_order_and_keeps_its_code():
    found = answer_of(resp(1, SERIAL, "7777"), resp(2, "2" * 20, "0000"))
    assert isinstance(found[SERIAL], Faulty)
    assert (found[SERIAL].error.code, found[SERIAL].error.provider_code_raw) == (ErrorCode.UPS_UNMAPPED, "7777")
    assert isinstance(found["2" * 20], Completed)


def test_answers_become_outcomes():
    found = answer_of(
        resp(1, "1" * 20, "0000", orderno="G1", effdate="20260106", msg="已登记,20:00随黑名单生效"),
        resp(2, "2" * 20, "0000", orderno="G2", newcard=FORMER_CARD),
        resp(3, "3" * 20, "0100", orderno="G3", effdate="20260108"),
        resp(4, "4" * 20, "0100", orderno="G4", fee=1000),
        resp(5, "5" * 20, "1002"),
        resp(6, "6" * 20, "1003", msg="不属本机构"),
        resp(7, "7" * 20, "2002", orderno="G7"),
    )
    loss, made, working, due, photo, refused, again = found.values()
    assert (loss.outputs[0].kind, loss.outputs[0].effective.isoformat()) == ("receipt", "2026-01-06")
    assert (loss.provider_ref, loss.opinion) == ("G1", "已登记,20:00随黑名单生效")
    assert (made.outputs[0].kind, made.outputs[0].identifier) == ("card", FORMER_CARD)
    assert (working.state, working.provider_ref) == (TaskState.IN_PROGRESS, "G3")
    assert (due.state, due.fee_due_fen) == (TaskState.AWAITING_PAYMENT, 1000)
    assert (photo.state, photo.error.code) == (TaskState.AWAITING_APPLICANT, ErrorCode.MAT_INVALID)
    assert isinstance(refused, Rejected)
    assert (refused.error.provider, refused.error.provider_code_raw) == (ENDPOINT, "1003")
    assert (again.kind, again.provider_ref) == ("accepted", "G7")


@pytest.mark.parametrize("order", [("0000", "2002"), ("2002", "0000")])
def test_repeat_never_hides_the_answer_that_it_repeats(order):
    found = answer_of(*(resp(number, SERIAL, code) for number, code in enumerate(order, start=1)))
    assert isinstance(found[SERIAL], Completed)


def test_record_without_a_serial_is_told_by_its_place():
    assert list(answer_of(resp(1, "", "1001"), resp(2, SERIAL, "0000"))) == ["record 1", SERIAL]


@pytest.mark.parametrize(("code", "expected"), [("00", Completed), ("01", Progress), ("09", Rejected), ("77", Faulty)])
def test_reconciliation_tells_of_an_order_whose_answer_was_lost(code, expected):
    records = understood("RECN", file("RECN", recn(1, SERIAL, code, orderno="G1", cardno=FORMER_CARD))).records
    outcome = answers.settled(records, {}, ENDPOINT)[SERIAL]
    assert isinstance(outcome, expected)
    if code == "00":
        assert (outcome.provider_ref, outcome.outputs[0].kind) == ("G1", "card")


S = TaskState


@pytest.mark.parametrize(
    ("said", "code", "speaks"),
    [
        ({S.COMPLETED}, "00", False),
        ({S.IN_PROGRESS}, "00", True),  # made, and the final answer lost
        ({S.IN_PROGRESS}, "01", False),
        ({S.COMPLETED}, "01", False),
        ({S.REJECTED}, "09", False),
        ({S.AWAITING_APPLICANT}, "09", False),  # a photo can be replaced; the row does not say so
        ({S.ACCEPTED}, "09", False),  # the row of a repeat
        ({S.ACCEPTED}, "00", True),
        ({S.IN_PROGRESS}, "09", True),  # the card could not be made
        (set(), "09", True),
    ],
)
def test_reconciliation_is_silent_about_what_an_answer_has_said(said, code, speaks):
    record = understood("RECN", file("RECN", recn(1, SERIAL, code))).records
    assert (SERIAL in answers.settled(record, {SERIAL: said}, ENDPOINT)) is speaks


def test_done_wins_over_the_other_rows_of_an_order():
    records = understood("RECN", file("RECN", recn(1, SERIAL, "00"), recn(2, SERIAL, "09"))).records
    assert isinstance(answers.settled(records, {}, ENDPOINT)[SERIAL], Completed)


@pytest.mark.parametrize(
    ("line", "error", "kind"),
    [
        ("9001 digest", ErrorCode.FILE_DIGEST, NotSent),
        ("9002 count", ErrorCode.FILE_COUNT, NotSent),
        ("9003 taken before " + "ab" * 32, ErrorCode.DUP_SAME, Accepted),
        ("9003 taken before " + "cd" * 32, ErrorCode.DUP_SAME, NotSent),
        ("9004 key", ErrorCode.UPS_AUTH, NotSent),
        ("9005 name", ErrorCode.UPS_PROTOCOL, NotSent),
        ("9006 expected 0002", ErrorCode.FILE_GAP, Progress),
    ],
)
def test_every_file_error_has_its_meaning(line, error, kind):
    reply = MAPPINGS.reply("ERR")(error_line(line.encode()), ENV)
    outcome = answers.refused_file(reply, "ab" * 32, ENDPOINT)
    assert reply.error is error
    assert isinstance(outcome, kind)
    if kind is Progress:
        assert (outcome.state, reply.content) == (TaskState.SUSPENDED, "0002")


def test_unknown_file_error_is_kept_raw():
    with pytest.raises(UnmappedCode) as unknown:
        MAPPINGS.reply("ERR")(error_line(b"9099 novelty"), ENV)
    assert unknown.value.raw == "9099"


@pytest.mark.parametrize(
    ("code", "word"), [("00", "normal"), ("01", "lost"), ("03", "returned"), ("04", "review_overdue")]
)
def test_card_states_and_blacklist_reasons_are_named(code, word):
    assert MAPPINGS.codes.tables["card_status"].reading()[code] == word
    [record] = understood("BLKL", file("BLKL", blkl(1, FORMER_CARD, code))).records
    assert record.kind == ("taken_off" if code == "00" else word)


@pytest.mark.parametrize(
    "wrong",
    [{"count": 2}, {"amount": 1}, {"tail_count": 0}, {"inst": "0411"}, {"seq": 2}, {"day": "20260104"}],
    ids=str,
)
def test_file_that_contradicts_itself_or_its_name_is_refused_whole(wrong):
    with pytest.raises(DecodeError):
        understood("RESP", file("RESP", resp(1, SERIAL, fee=10), **wrong))


@pytest.mark.parametrize("numbers", [(1, 3), (2, 1), (1, 1)])
def test_file_whose_records_are_not_numbered_through_is_refused_whole(numbers):
    with pytest.raises(DecodeError):
        understood("RESP", file("RESP", *(resp(number, SERIAL) for number in numbers)))


def test_file_that_is_not_what_its_flag_says_is_damaged():
    body = file("RESP", resp(1, SERIAL))
    for spoilt in (body[:-1], body[:-1] + bytes([body[-1] ^ 1]), b"", b"<html></html>"):
        with pytest.raises(Refused) as damaged:
            opened(NAME, flag(body).encode(), spoilt, KEYS["sm4_keys"])
        assert damaged.value.code is ErrorCode.FILE_DIGEST


def test_file_under_a_key_that_we_lack_is_told_as_such():
    body = file("RESP")
    with pytest.raises(Refused) as damaged:
        opened(FileName("20260105", "RESP", "0402", "0001", "03"), flag(body).encode(), body, KEYS["sm4_keys"])
    assert damaged.value.code is ErrorCode.UPS_AUTH


@given(body=st.binary(max_size=600) | st.binary(max_size=600).map(lambda plain: encrypt(plain, KEY)))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_a_file_or_refused_as_broken(body):
    try:
        rows_of(opened(NAME, flag(body).encode(), body, KEYS["sm4_keys"]))
    except DecodeError:
        return
    raise AssertionError("nonsense was read as a file")


@given(place=st.integers(0, 3 * 258 - 1), byte=st.integers(0, 255))
@settings(max_examples=100, deadline=None)
def test_single_altered_byte_is_read_as_text_or_refused_and_never_breaks_the_reader(place, byte):
    plain = bytearray(decrypt(file("RESP", resp(1, SERIAL, msg="已登记")), KEY))
    plain[place] = byte
    body = encrypt(bytes(plain), KEY)
    assert body[:16] == IV
    with contextlib.suppress(DecodeError):
        assert len(understood("RESP", body).records) == 1


@given(names=st.lists(NAMES, min_size=1, max_size=6), balance=st.integers(0, 9_999_999_999))
@settings(max_examples=50, deadline=None)
def test_card_is_found_among_any_neighbours(names, balance):
    numbers = [f"{number:019d}" for number in range(1, len(names) + 1)]
    lines = [
        card(seq, number, name=cut_name(name), mask="33****12", balance=balance)
        for seq, (number, name) in enumerate(zip(numbers, names, strict=True), start=1)
    ]
    stem = FileName("20260105", "CARD", "0402", "0001", "01")
    body = file("CARD", *lines)
    kept = opened(stem, flag(body).encode(), body, KEYS["sm4_keys"])
    for number, name in zip(numbers, names, strict=True):
        env = Env(now=START, session={"snapshot": kept}, vars={"card_no": number})
        reply = MAPPINGS.reply("CARD")(ADAPTER.decode("CARD", FileResponse(body=flag(body).encode()), env), env)
        [account] = reply.accounts
        assert (account.account_no, account.balance_fen) == (number, balance)
        env = Env(now=START, session={"snapshot": kept}, vars={"id_mask": "33****12", "name": name})
        tree = ADAPTER.decode("CARD", FileResponse(body=flag(body).encode()), env)
        assert number in {row["cardno"] for row in tree["D"]}
        assert {row["name"] for row in tree["D"]} == {cut_name(name)}
