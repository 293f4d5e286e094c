"""Masks and the redactor: what stays to be seen, and that nothing known or suspicious survives."""

import json
from datetime import date
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric

from hub.domain.mask import MASKS, Redactor, mask_address, mask_document, mask_mobile, mask_name, mask_other
from hub.domain.numbers import case_number, serial20, task_number

letters = st.characters(categories=["L"])
names = st.one_of(
    st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=2, max_size=6),
    st.text(st.characters(min_codepoint=0x20000, max_codepoint=0x2A6DF), min_size=2, max_size=4),
    st.from_regex(r"[A-Z][a-z]{2,8} [A-Z][a-z]{2,8}", fullmatch=True),
    st.from_regex(r"[\u4e00-\u9fff]{2,6}·[\u4e00-\u9fff]{2,6}", fullmatch=True),
)
around = st.text(st.characters(categories=["L", "N", "P", "Z", "S"]), max_size=20)


def resident(born, order):
    body = f"330402{born:%Y%m%d}{order:03d}"
    return body + ric.calc_check_digit(body + "0")


residents = st.builds(resident, st.dates(date(1900, 1, 1), date(2026, 11, 24)), st.integers(0, 999))
mobiles = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("张三", "张*"),
        ("欧阳锋", "欧**"),
        ("阿依古丽·买买提", "阿***·***"),
        ("John Smith", "J*** *****"),
        ("𠮷野", "𠮷*"),
        ("李", "*"),
        ("", ""),
    ],
)
def test_name_keeps_its_first_character(name, masked):
    assert mask_name(name) == masked


def test_numbers_keep_head_and_tail():
    assert mask_document("330402198801010012") == "330402********0012"
    assert mask_document("91330402MA28A12323") == "913304********2323"
    assert mask_document("E12345678") == "E1******8"
    assert mask_mobile("13800138000") == "138****8000"
    assert mask_mobile("0573-82089200") == "0573-******00"
    assert mask_mobile("95598") == "****8"
    assert mask_other("secret") == "***"


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("嘉兴市南湖区中山东路18号阳光花园3幢502室", "嘉兴市南湖区中山东路18号阳光花园***"),
        ("阳光花园三幢二单元502", "阳光花园***"),
        ("阳光花园3-2-502", "阳光花园***"),
        ("中山路18弄3号502室", "中山路***"),
        ("凤桥镇三星村12组35号", "凤桥镇三星村***"),
        ("南湖区建设街道中山路", "南湖区建设街道中山路***"),
        ("某处", "***"),
    ],
)
def test_address_ends_at_its_estate(address, masked):
    assert mask_address(address) == masked


@given(st.sampled_from(["阳光花园", "中山路18号秀湖公寓", "三星村"]), st.integers(1, 99), st.integers(101, 3305))
def test_room_never_survives_in_an_address(estate, building, room):
    for text in (f"{estate}{building}幢{room}室", f"{estate}{building}-{room}", f"{estate}{building}号楼{room}"):
        assert str(room) not in mask_address(text)


@given(st.sampled_from(list(MASKS)), st.text(min_size=2, max_size=40).filter(lambda t: any(map(str.isalnum, t))))
def test_mask_of_a_known_value_never_gives_it_away(kind, value):
    assert value.strip() not in Redactor([(kind, value)]).text(value)


@given(names, around, around)
def test_known_name_does_not_survive(name, before, after):
    assert name not in Redactor([("name", name)]).text(before + name + after)


@given(names.filter(lambda name: not name.isascii()))
def test_known_name_does_not_survive_in_a_wire_spelling(name):
    redactor = Redactor([("name", name)])
    for spelt in (
        json.dumps(name)[1:-1],
        quote(name),
        quote(name, encoding="gb18030"),
        quote(name, encoding="gb18030").lower(),
        "".join(f"&#{ord(c)};" for c in name),
        "".join(f"&#x{ord(c):X};" for c in name),
    ):
        assert spelt not in redactor.text(f"<n>{spelt}</n>")


@given(residents, around, around)
def test_valid_resident_number_does_not_survive_unknown_and_among_digits(number, before, after):
    assert number not in Redactor().text(before + number + after)
    assert number.lower() not in Redactor().text(before + number.lower() + after)


@given(residents, mobiles, st.dates())
def test_resident_number_does_not_survive_in_a_fixed_width_record(number, mobile, born):
    redactor = Redactor([("mobile", mobile)])
    shown = redactor.text(f"D00000001{number}{mobile}{born:%Y%m%d}")
    assert number not in shown
    assert mobile not in shown


@given(mobiles, st.sampled_from(["", "+86", "0086", "86 ", "tel:", "手机"]), st.sampled_from(["", ",", " ", "转"]))
def test_mobile_does_not_survive_unknown(mobile, before, after):
    assert mobile not in Redactor().text(before + mobile + after)


@pytest.mark.parametrize(
    "text", ["138 0013 8000", "138-0013-8000", "330402 19880101 0012", "330402198801010013", "330402880101001"]
)
def test_number_with_gaps_or_a_wrong_check_digit_does_not_survive(text):
    shown = Redactor().text(f"x {text} y")
    assert "*" in shown
    assert text not in shown


@given(
    st.dates(date(2024, 1, 1), date(2099, 12, 31)),
    st.sampled_from(["330402", "330411", "330421", "330424", "330481", "330482", "330483"]),
    st.integers(1, 999_999),
    st.integers(1, 20),
)
def test_our_own_numbers_stay_readable(on, division, seq, index):
    case = case_number(on, division, seq)
    task = task_number(case, index)
    text = f"case {case} task {task} LSH={serial20(task)} at 20261124020000"
    assert Redactor().text(text) == text


def test_longer_value_wins_and_a_kept_part_is_looked_at_again():
    redactor = Redactor([("name", "张三丰"), ("name", "张三"), ("document", "E12345678"), ("other", "E1")])
    assert redactor.text("张三丰和张三") == "张**和张*"
    assert "E1" not in redactor.text("E12345678")


def test_mask_that_shows_another_known_value_is_closed():
    assert Redactor([("name", "张三"), ("name", "张")]).text("张三") == "***"


def test_empty_and_bare_values_are_left_alone():
    assert Redactor([("name", ""), ("name", " "), ("name", "**"), ("other", "-")]).text("a ** - b") == "a ** - b"


def test_known_value_is_found_in_any_case():
    redactor = Redactor([("document", "33040219700101001X"), ("name", "John Smith"), ("name", "Groß")])
    shown = redactor.text("33040219700101001x JOHN SMITH Groß")
    assert shown == "330402********001X J*** ***** G***"


def test_redactor_does_not_show_what_it_knows():
    assert "张三" not in repr(Redactor([("name", "张三")]))
