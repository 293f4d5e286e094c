"""Charsets: strict both ways, real GBK behind every gb* name, cuts on character boundaries."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import DecodeError, EncodeError
from hub.wire import charsets

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
CANARY = "㛃䶮𬭎"


@given(TEXT)
def test_gb18030_and_utf8_round_trip_every_text(text):
    plain = text.lstrip("\ufeff")
    for charset in ("gb18030", "GB18030", "utf-8", '"UTF-8"'):
        assert charsets.decode(charsets.encode(plain, charset), charset) == plain


@given(TEXT, st.sampled_from(["gb2312", "gbk", "x-gbk", "GB2312"]))
def test_what_is_written_as_gbk_is_read_back_whatever_gb_name_it_carries(text, charset):
    text = "".join(character for character in text if charsets.fits(character, charset, 2))
    assert charsets.decode(charsets.encode(text, charset), charset) == text


def test_gb2312_means_real_gbk_bytes():
    assert charsets.encode("张喆", "gb2312") == "张喆".encode("gbk")
    assert charsets.decode("垚".encode("gbk"), "gb2312") == "垚"
    assert charsets.decode("𬭎".encode("gb18030"), "gbk") == "𬭎"


def test_characters_outside_the_charset_are_counted_not_shown():
    with pytest.raises(EncodeError) as caught:
        charsets.encode(f"张{CANARY}", "gbk", "BODY/YHMC")
    assert str(caught.value) == "BODY/YHMC: 3 of 4 characters do not exist in gbk"
    assert not any(character in repr(caught.value) for character in CANARY)


@pytest.mark.parametrize("mark", [codecs.BOM_UTF8])
@pytest.mark.parametrize("declared", ["utf-8", "gb2312", None])
def test_a_byte_order_mark_wins_and_is_removed(mark, declared):
    assert charsets.decode(mark + "户名".encode(), declared) == "户名"
    assert charsets.decode(codecs.BOM_UTF16_LE + "户名".encode("utf-16-le"), declared) == "户名"
    assert charsets.decode("\ufeff户名".encode("gb18030"), declared) == "户名"


def test_bytes_that_do_not_fit_are_an_error_with_position_only():
    with pytest.raises(DecodeError, match="byte 4 of 5 is not utf-8") as caught:
        charsets.decode(b"name\xff", "utf-8")
    assert "name" not in str(caught.value)


@pytest.mark.parametrize("charset", ["utf-7", "unicode_escape", "rot13", "idna", "张三"])
def test_a_charset_outside_the_table_is_refused(charset):
    with pytest.raises(DecodeError) as caught:
        charsets.decode(b"abc", charset)
    assert "张" not in str(caught.value)
    with pytest.raises(EncodeError):
        charsets.encode("abc", charset)


def test_contradicting_declarations_are_settled_by_the_bytes():
    assert charsets.decode_first("户名".encode("gbk"), ("utf-8", "gb2312")) == "户名"
    assert charsets.decode_first("户名".encode(), ("gb2312", "utf-8")) == "户名"
    assert charsets.decode_first("户名".encode("gbk"), (None, "gb2312")) == "户名"
    assert charsets.decode_first("户名".encode(), ("no-such", None)) == "户名"


@given(TEXT, st.integers(0, 30), st.sampled_from(["gb18030", "utf-8"]))
def test_cut_keeps_the_longest_whole_prefix(text, size, charset):
    text = text.lstrip("\ufeff")
    kept = charsets.cut(text, charset, size)
    assert text.startswith(kept)
    assert charsets.fits(kept, charset, size)
    assert kept == text or not charsets.fits(text[: len(kept) + 1], charset, size)


def test_half_a_four_byte_character_leaves_no_digit_behind():
    assert charsets.decode_cut("王𬭎".encode("gb18030")[:-1], "gb18030") == "王"


def test_fold_width_touches_only_full_width_forms():
    assert charsets.fold_width("１２号楼　Ａ－３０１（东）") == "12号楼 A-301(东)"
