"""XML in a form: the bytes of the charset, nothing lost, nothing dangerous read, no content in errors."""

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from hub.errors import DecodeError, EncodeError
from hub.wire import xml, xmlform

TEXT = st.text(st.characters(min_codepoint=0x20, exclude_categories=["Cs", "Cc", "Cn", "Co"]), max_size=30)
GBK = {"content-type": "text/html;charset=GBK"}


def opened(body: bytes) -> etree._Element:
    """What the far side reads, with no code of ours."""
    ((field, text),) = parse_qsl(body.decode("ascii"), encoding="gb18030", strict_parsing=True)
    assert field == "xml"
    head, _, rest = text.partition("?>")
    assert head == '<?xml version="1.0" encoding="GB18030"'
    return etree.fromstring(rest)


@given(TEXT | st.sampled_from(["䶮·𬭎", "阿卜杜拉·买买提", "<&>\"'+%=", "𠅤㛃 ", "］]>"]))
def test_any_text_arrives_in_gb18030(text):
    headers, body = xmlform.encode(xml.from_tree("REQUEST", {"BODY": {"CUSTNAME": text}}))
    assert headers == (("Content-Type", "application/x-www-form-urlencoded; charset=GB18030"),)
    assert (opened(body).findtext("BODY/CUSTNAME") or "") == text


def test_form_is_percent_encoded_bytes_of_gb18030_with_four_bytes_for_rare_characters():
    _, body = xmlform.encode(xml.from_tree("R", {"N": "王𬭎"}))
    assert "𬭎".encode("gb18030") == b"\x993\xa92"  # four bytes, of which two are plain digits
    assert b"%3CN%3E%CD%F5%993%A92%3C%2FN%3E" in body


def test_character_that_the_charset_lacks_is_refused_by_its_place():
    with pytest.raises(EncodeError) as refused:
        xmlform.encode(xml.from_tree("R", {"B": {"N": "王䶮"}}), charset="gbk")
    assert refused.value.where == "B.N"
    assert "王" not in str(refused.value)


@given(TEXT)
def test_answer_that_says_gbk_is_read_as_gb18030_and_as_nothing_else(text):
    document = xml.from_tree("RESPONSE", {"NAME": text})
    body = xml.to_bytes(document, "gb18030").replace(b'"gb18030"', b'"GBK"', 1)
    try:
        assert (xmlform.decode(GBK, body, "RESPONSE").findtext("NAME") or "") == text
    except DecodeError as error:
        # What is valid Chinese in both is refused, never misread.
        assert "UTF-8" in str(error)  # noqa: PT017 -- the other outcome is as good


@pytest.mark.parametrize("text", ["成功", "违约金:108", "请先归还机顶盒", "王䶮"])
def test_utf8_that_says_gbk_is_refused(text):
    with pytest.raises(DecodeError, match="is UTF-8 and says that it is gbk") as refused:
        xmlform.decode(GBK, f"<RESPONSE><INFO>{text}</INFO></RESPONSE>".encode(), "RESPONSE")
    assert text not in str(refused.value)


def test_pair_of_gbk_that_is_valid_utf8_but_not_chinese_there_is_read():
    name = bytes([0xC4, 0xA3, 0xD0, 0xA1]).decode("gb18030")  # two characters, both also two-byte UTF-8
    assert name.encode("gb18030").decode()
    answer = f"<RESPONSE><INFO>{name}</INFO></RESPONSE>".encode("gb18030")
    assert xmlform.decode(GBK, answer, "RESPONSE").findtext("INFO") == name


@pytest.mark.parametrize(
    "body",
    [
        "<html><body>系统维护中</body></html>".encode("gbk"),
        "<html><head><meta charset=gbk><title>错误</title></head><br>".encode("gbk"),
        b"",
        b"<RESPONSE><HEAD>",
        b"\x80\xff\x00",
        b"<!DOCTYPE RESPONSE [<!ENTITY a 'b'>]><RESPONSE>&a;</RESPONSE>",
        b"<!DOCTYPE RESPONSE SYSTEM 'file:///etc/passwd'><RESPONSE/>",
        b"<RESPONSE>&xxe;</RESPONSE>",
    ],
)
def test_page_fragment_or_document_with_a_dtd_is_refused(body):
    with pytest.raises(DecodeError):
        xmlform.decode(GBK, body, "RESPONSE")
