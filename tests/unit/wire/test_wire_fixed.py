"""Fixed-width records: byte widths, nothing cut in silence, whole files or none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import ConfigError, DecodeError, EncodeError
from hub.wire.fixed import FileLayout, Layout

HEAD = Layout.load(
    """
name: H
length: 32
fields:
  - {name: rectype, width: 1}
  - {name: seq, width: 4, kind: number}
  - {name: count, width: 8, kind: number}
  - {name: amount, width: 12, kind: number}
  - {name: filler, width: 7, kind: filler}
"""
)
DETAIL = Layout.load(
    {
        "name": "APPL.D",
        "length": 32,
        "fields": [
            {"name": "rectype", "width": 1},
            {"name": "reqno", "width": 8, "required": True},
            {"name": "name", "width": 10},
            {"name": "amount", "width": 10, "kind": "number"},
            {"name": "filler", "width": 3, "kind": "filler"},
        ],
    }
)
TRAIL = Layout.load(
    """
name: T
length: 32
fields:
  - {name: rectype, width: 1}
  - {name: count, width: 8, kind: number}
  - {name: amount, width: 12, kind: number}
  - {name: filler, width: 11, kind: filler}
"""
)
FILE = FileLayout(HEAD, DETAIL, TRAIL, amount_of="amount")

NAMES = st.text(st.characters(min_codepoint=0x20, exclude_categories=["Cs", "Cc"]), max_size=5)
RECORD = st.fixed_dictionaries(
    {"reqno": st.from_regex(r"[A-Z0-9]{1,8}", fullmatch=True), "amount": st.integers(0, 10**10 - 1)},
    optional={"name": NAMES.map(lambda text: text.rstrip(" ")).filter(lambda text: len(text.encode("gb18030")) <= 10)},
)


@given(RECORD)
def test_every_record_comes_back_in_exactly_its_length(record):
    data = DETAIL.encode({"rectype": "D", **record})
    assert len(data) == 32
    back = DETAIL.decode(data)
    assert back == {
        "rectype": "D",
        "reqno": record["reqno"],
        "name": record.get("name", ""),
        "amount": str(record["amount"]).rjust(10, "0"),
    }


def test_text_stands_left_with_spaces_and_numbers_right_with_zeros():
    data = DETAIL.encode({"rectype": "D", "reqno": "A1", "name": "张𬭎", "amount": 1250})
    assert data == b"DA1      " + "张𬭎".encode("gb18030") + b"    " + b"0000001250" + b"   "


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "欧阳娜娜哥哥CANARY"}, "APPL.D.name: takes 18 bytes, 10 are allowed"),
        ({"amount": 10**10}, "APPL.D.amount: takes 11 bytes, 10 are allowed"),
        ({"amount": -1}, "APPL.D.amount: is not a whole number"),
        ({"amount": "1.5"}, "APPL.D.amount: is not a whole number"),
        ({"amount": "１２"}, "APPL.D.amount: is not a whole number"),
        ({"amount": True}, "APPL.D.amount: is not a whole number"),
        ({"name": "CANARY\r\n"}, "APPL.D.name: holds a control character"),
        ({"reqno": ""}, "APPL.D.reqno: is required"),
        ({"canary": "CANARY"}, "APPL.D.canary: is not in the layout"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_field_and_never_cut(change, message):
    with pytest.raises(EncodeError) as caught:
        DETAIL.encode({"rectype": "D", "reqno": "A1", "amount": 1, **change})
    assert str(caught.value).startswith(message)
    assert "CANARY" not in repr(caught.value)


def test_a_character_outside_a_narrower_charset_is_refused():
    layout = DETAIL.model_copy(update={"charset": "gbk"})
    with pytest.raises(EncodeError, match=r"APPL\.D\.name: 1 of 1"):
        layout.encode({"rectype": "D", "reqno": "A1", "name": "㛃"})


def test_a_name_cut_by_bytes_in_a_character_reads_as_the_whole_characters_before():
    data = b"DA1      " + "A张三李四王".encode("gb18030")[:10] + b"0000000001   "
    assert DETAIL.decode(data)["name"] == "A张三李四"
    with pytest.raises(DecodeError, match=r"APPL.D.name record 3 at byte 109: byte 0 of 10"):
        DETAIL.decode(b"DA1      \xff\xff        0000000001   ", record=3, offset=100)


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"D", "APPL.D record 2 at byte 34: has 1 bytes, 32 are in the layout"),
        (b"DA1      CANARY    00000000x1   ", "APPL.D.amount record 2 at byte 53: is not a number"),
    ],
)
def test_a_bad_record_is_refused_by_record_number_and_byte(data, place):
    with pytest.raises(DecodeError) as caught:
        DETAIL.decode(data, record=2, offset=34)
    assert str(caught.value) == place


def test_a_number_left_blank_is_empty():
    assert DETAIL.decode(b"DA1      name                   ")["amount"] == ""


@given(st.lists(RECORD, max_size=5))
def test_every_file_comes_back_with_count_and_sum_in_head_and_trailer(details):
    head, records, trail = FILE.decode_file(FILE.encode_file({"seq": 7}, details))
    total = sum(detail["amount"] for detail in details)
    assert (head["seq"], head["count"], head["amount"]) == ("0007", f"{len(details):08}", f"{total:012}")
    assert (trail["count"], trail["amount"]) == (head["count"], head["amount"])
    assert [record["reqno"] for record in records] == [detail["reqno"] for detail in details]


GOOD = FILE.encode_file({"seq": 1}, [{"reqno": f"R{n}", "name": "CANARY", "amount": n} for n in range(3)])


@given(st.integers(0, len(GOOD) - 1))
def test_a_file_cut_anywhere_is_refused_whole(size):
    with pytest.raises(DecodeError):
        FILE.decode_file(GOOD[:size])


@given(st.integers(0, 4), st.integers(0, 4))
def test_a_file_without_one_of_its_records_or_with_one_twice_is_refused_whole(gone, twice):
    lines = [GOOD[start : start + 34] for start in range(0, len(GOOD), 34)]
    with pytest.raises(DecodeError):
        FILE.decode_file(b"".join(lines[:gone] + lines[gone + 1 :]))
    with pytest.raises(DecodeError):
        FILE.decode_file(b"".join([*lines[: twice + 1], *lines[twice:]]))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"T00000003", b"T00000004", r"T.count: says 4, the records give 3 \[FILE_COUNT\]"),
        (b"T00000003000000000003", b"T00000003000000000004", r"T.amount: says 4, the records give 3 \[FILE_COUNT\]"),
        (b"H000100000003", b"H000100000002", r"H.count: says 2, the records give 3 \[FILE_COUNT\]"),
        (b"DR1 ", b"TR1 ", "record 3 at byte 68: is not a D record"),
        (b"\r\nDR1", b"\n\nDR1", "record 2 at byte 66: has no line end"),
    ],
)
def test_an_altered_file_is_refused_whole(old, new, message):
    assert GOOD.count(old) == 1
    with pytest.raises(DecodeError, match=message) as caught:
        FILE.decode_file(GOOD.replace(old, new))
    assert "CANARY" not in repr(caught.value)


def test_without_a_summed_field_head_and_trailer_must_agree():
    layout = FileLayout(HEAD, DETAIL, TRAIL)
    data = layout.encode_file({"seq": 1}, [{"reqno": "R1"}], amount=500)
    assert layout.decode_file(data)[2]["amount"] == "000000000500"
    with pytest.raises(DecodeError, match=r"T\.amount"):
        layout.decode_file(data.replace(b"T00000001000000000500", b"T00000001000000000501"))


def test_a_count_given_by_the_caller_must_be_right():
    with pytest.raises(EncodeError, match=r"H.count: contradicts .* \[FILE_COUNT\]"):
        FILE.encode_file({"seq": 1, "count": 2}, [{"reqno": "R1"}])


def test_errors_of_a_detail_name_its_record():
    with pytest.raises(EncodeError, match=r"APPL\.D record 3\.name: takes 12 bytes"):
        FILE.encode_file({}, [{"reqno": "R1"}, {"reqno": "R2", "name": "一二三四五六"}])


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("name: [", "yaml-invalid"),
        (
            {"name": "x", "length": 3, "fields": [{"name": "a", "width": 2}]},
            "the widths add up to 2, not to the length 3",
        ),
        ({"name": "x", "length": 2, "fields": [{"name": "a", "width": 0}]}, "layout.fields.0.width"),
        ({"name": "x", "length": 2, "fields": [{"name": "a", "width": 2, "kind": "date"}]}, "layout.fields.0.kind"),
        ({"name": "x", "length": 2, "fields": [{"name": "a", "width": 2, "size": 2}]}, "layout.fields.0.size"),
        ({"name": "x", "length": 2, "fields": [{"name": "a", "width": 1}] * 2}, "two fields have the same name"),
        ({"name": "x", "length": 2}, "layout.fields"),
    ],
)
def test_a_wrong_layout_is_refused_by_place_and_rule(source, message):
    with pytest.raises(ConfigError, match=message):
        Layout.load(source)


def test_layouts_that_do_not_make_one_file_are_refused():
    short = Layout.load({"name": "S", "length": 1, "fields": [{"name": "a", "width": 1}]})
    with pytest.raises(ConfigError, match="S: differs from the head"):
        FileLayout(HEAD, DETAIL, short)
    with pytest.raises(ConfigError, match="must be a number field"):
        FileLayout(HEAD, DETAIL, TRAIL, amount_of="name")
