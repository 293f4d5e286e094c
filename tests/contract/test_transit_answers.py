"""What the card centre's files and codes mean: read by the transit mappings and codec, told as outcomes."""

from __future__ import annotations

import contextlib

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.transit import answers
from adapters.transit.adapter import TransitAdapter
from adapters.transit.files import CentreFile, cut_name, error_line, opened
from hub.domain.states import TaskState
from hub.domain.taxonomy import ErrorCode
from hub.errors import DecodeError, UnmappedCode
from hub.registry import shipped_mappings
from hub.sdk import Accepted, Answers, Completed, Env, Faulty, NotSent, Progress, Refused, Rejected, refused_file
from hub.wire.exchange import FileResponse
from tests.golden.transit_files import KEY, NAMES, blkl, card, file, flag, recn, resp
from tests.integration.transit_desk import (
    ENDPOINT,
    FILES,
    FORMER_CARD,
    KEYS,
    MAPPINGS,
    PARAMS,
    START,
)
from tests.integration.transit_hub import IV, decrypt, encrypt

ADAPTER = TransitAdapter(ENDPOINT, {**FILES, **KEYS})
ENV = Env(now=START, config=ADAPTER.config, params=PARAMS)
ANSWERS = Answers(ENDPOINT, answers.output)
SERIAL = "26010533040200000101"
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
NAME = CentreFile("20260105", "RESP", "0402", "0001", "01")


def understood(kind, body, **values):
    path = f"/out/20260105/JXGJ_{kind}_0402_20260105_0001_K01.dat"
    env = Env(now=START, config=ADAPTER.config, params=PARAMS, vars={"path": path, "flag": flag(body), **values})
    return MAPPINGS.reply(kind)(ADAPTER.decode(kind, FileResponse(body=body), env), env)


def answer_of(*lines):
    return ANSWERS.answered(understood("RESP", file("RESP", *lines)).records)


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
    outcome = ANSWERS.settled(records, {})[SERIAL]
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
    assert (SERIAL in ANSWERS.settled(record, {SERIAL: said})) is speaks


def test_done_wins_over_the_other_rows_of_an_order():
    records = understood("RECN", file("RECN", recn(1, SERIAL, "00"), recn(2, SERIAL, "09"))).records
    assert isinstance(ANSWERS.settled(records, {})[SERIAL], Completed)


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
    outcome = refused_file(reply, "ab" * 32, ENDPOINT)
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
        opened(CentreFile("20260105", "RESP", "0402", "0001", "03"), flag(body).encode(), body, KEYS["sm4_keys"])
    assert damaged.value.code is ErrorCode.UPS_AUTH


@given(body=st.binary(max_size=600) | st.binary(max_size=600).map(lambda plain: encrypt(plain, KEY)))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_a_file_or_refused_as_broken(body):
    try:
        opened(NAME, flag(body).encode(), body, KEYS["sm4_keys"]).rows()
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


def test_snapshot_that_was_replaced_meanwhile_is_not_answered_from():
    old, new = (file("CARD", card(1, FORMER_CARD, balance=balance)) for balance in (1, 2))
    kept = opened(CentreFile("20260105", "CARD", "0402", "0001", "01"), flag(old).encode(), old, KEYS["sm4_keys"])
    env = Env(now=START, session={"snapshot": kept}, vars={"card_no": FORMER_CARD})
    with pytest.raises(Refused):
        ADAPTER.decode("CARD", FileResponse(body=flag(new).encode()), env)


@given(names=st.lists(NAMES, min_size=1, max_size=6), balance=st.integers(0, 9_999_999_999))
@settings(max_examples=50, deadline=None)
def test_card_is_found_among_any_neighbours(names, balance):
    numbers = [f"{number:019d}" for number in range(1, len(names) + 1)]
    lines = [
        card(seq, number, name=cut_name(name), mask="33****12", balance=balance)
        for seq, (number, name) in enumerate(zip(numbers, names, strict=True), start=1)
    ]
    stem = CentreFile("20260105", "CARD", "0402", "0001", "01")
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
