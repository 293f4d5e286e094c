"""XML: no DTD, the charset decided by us, trees that come back, schema verdicts without values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from hub.errors import ConfigError, DecodeError, EncodeError
from hub.wire import xml

NAME = st.from_regex(r"[A-Z][A-Z0-9_]{0,7}", fullmatch=True)
LEAF = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=12)
BODY = st.recursive(
    LEAF,
    lambda inner: st.dictionaries(NAME, inner | st.lists(inner, min_size=2, max_size=3), min_size=1, max_size=4),
    max_leaves=10,
).filter(lambda tree: isinstance(tree, dict))

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "CANARYCANARY">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    + "]><r>&i;</r>"
)


@given(BODY)
def test_trees_come_back_through_bytes_in_every_charset(tree):
    for charset in ("utf-8", "gb18030"):
        data = xml.to_bytes(xml.from_tree("ROOT", tree), charset)
        assert xml.to_tree(xml.parse(data)) == tree


@pytest.mark.parametrize("declared", ["gb2312", "GBK", "GB18030", "x-gbk"])
def test_gb_declarations_hold_for_all_of_gbk(declared):
    data = f'<?xml version="1.0" encoding="{declared}"?><R><XM>张喆垚</XM></R>'.encode("gbk")
    assert xml.to_tree(xml.parse(data)) == {"XM": "张喆垚"}


def test_the_charset_of_the_transport_counts_when_nothing_is_declared_inside():
    assert xml.to_tree(xml.parse("<R><A>垚</A></R>".encode("gbk"), "gb2312")) == {"A": "垚"}


@pytest.mark.parametrize(("header", "declared", "real"), [("utf-8", "gb2312", "gbk"), ("gb2312", "utf-8", "utf-8")])
def test_a_wrong_charset_beside_a_right_one_does_no_harm(header, declared, real):
    data = f'<?xml version="1.0" encoding="{declared}"?><R><A>户名</A></R>'.encode(real)
    assert xml.to_tree(xml.parse(data, header)) == {"A": "户名"}


def test_text_with_a_declaration_and_bytes_with_a_mark_are_taken():
    assert xml.to_tree(xml.parse('<?xml version="1.0" encoding="gb2312"?>\n<R><A>垚</A></R>')) == {"A": "垚"}
    assert xml.to_tree(xml.parse("\ufeff<R><A>垚</A></R>".encode())) == {"A": "垚"}


@pytest.mark.parametrize(
    "document",
    [
        "<!DOCTYPE r><r>CANARY</r>",
        "<?xml version='1.0'?>\n<!-- x --><?pi?>\n<!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><r>&x;</r>",
        "<!DOCTYPE r SYSTEM 'http://127.0.0.1:1/CANARY.dtd'><r/>",
        "<!DOCTYPE html><html>CANARY</html>",
        BOMB,
    ],
)
def test_a_document_type_declaration_is_refused(document):
    with pytest.raises(DecodeError, match="document type declaration") as caught:
        xml.parse(document.encode())
    assert "CANARY" not in repr(caught.value)


@pytest.mark.parametrize(
    "document",
    ["", "CANARY", "<CANARY>", "<r>CANARY</CANARY>", "<r>&CANARY;</r>", "<r/><CANARY/>", "<r a=CANARY/>", "\0"],
)
def test_what_is_not_well_formed_is_refused_without_quoting_it(document):
    with pytest.raises(DecodeError) as caught:
        xml.parse(document.encode())
    assert "CANARY" not in str(caught.value) + repr(caught.value)


def test_empty_is_text_missing_is_absent_nil_is_absent_and_repeated_is_a_list():
    document = xml.parse(
        '<R xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><A/><B i:nil="true"/><C>1</C><C>2</C><D>1</D></R>'
    )
    assert xml.to_tree(document) == {"A": "", "C": ["1", "2"], "D": "1"}
    assert xml.to_tree(document, lists={"D"})["D"] == ["1"]


@pytest.mark.parametrize("document", ["<R>CANARY<A/></R>", "<R><A/>CANARY</R>", "<R>CANARY</R>"])
def test_mixed_content_is_refused_by_place(document):
    with pytest.raises(DecodeError, match=r"^R: ") as caught:
        xml.to_tree(xml.parse(document))
    assert "CANARY" not in repr(caught.value)


def test_order_puts_children_in_the_contract_s_sequence():
    element = xml.from_tree("R", {"C": "3", "X": 4, "A": "1"}, order=["A", "B", "C"])
    assert [child.tag for child in element] == ["A", "C", "X"]


def test_a_character_outside_the_charset_names_the_field_not_the_text():
    element = xml.from_tree("ROOT", {"BODY": {"YHBH": "1", "YHMC": "㛃"}})
    with pytest.raises(EncodeError, match=r"^ROOT/BODY/YHMC: 1 of 1 characters") as caught:
        xml.to_bytes(element, "gb2312")
    assert "㛃" not in repr(caught.value)


@pytest.mark.parametrize("value", ["CANARY\0", 1.5, True, None, b"CANARY"])
def test_a_value_without_an_xml_form_is_refused_by_path(value):
    with pytest.raises(EncodeError, match=r"^R/A: ") as caught:
        xml.from_tree("R", {"A": value})
    assert "CANARY" not in repr(caught.value)


SCHEMA = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:a" elementFormDefault="qualified">
<xs:element name="R"><xs:complexType><xs:sequence>
<xs:element name="KIND"><xs:simpleType><xs:restriction base="xs:string"><xs:enumeration value="01"/></xs:restriction>
</xs:simpleType></xs:element><xs:element name="DAY" type="xs:date"/></xs:sequence></xs:complexType></xs:element></xs:schema>"""


@pytest.fixture(scope="module")
def schema(tmp_path_factory):
    path = tmp_path_factory.mktemp("xsd") / "r.xsd"
    path.write_text(SCHEMA)
    return xml.Schema(path)


@pytest.mark.parametrize(
    ("document", "verdict"),
    [
        ("<R xmlns='urn:a'><KIND>01</KIND><DAY>2026-03-01</DAY></R>", []),
        (
            "<R xmlns='urn:a'><KIND>CANARY</KIND><DAY>2026-03-01</DAY></R>",
            ["R/KIND: breaks the rule enumeration_valid"],
        ),
        (
            "<q:R xmlns:q='urn:a'><q:KIND>01</q:KIND><q:DAY>CANARY</q:DAY></q:R>",
            ["R/DAY: breaks the rule datatype_valid_1_2_1"],
        ),
        ("<R xmlns='urn:a'><KIND>01</KIND></R>", ["R: breaks the rule element_content"]),
        (
            "<R xmlns='urn:a' CANARY='CANARY'><KIND>01</KIND><DAY>2026-03-01</DAY></R>",
            ["R: breaks the rule complex_type_3_2_1"],
        ),
    ],
)
def test_schema_verdicts_name_element_and_rule_only(schema, document, verdict):
    assert schema.check(xml.parse(document)) == verdict


def test_a_checked_element_may_stand_deep_in_another_document(schema):
    envelope = xml.parse("<E><B><R xmlns='urn:a'><KIND>CANARY</KIND><DAY>2026-03-01</DAY></R></B></E>")
    assert schema.check(envelope[0][0]) == ["R/KIND: breaks the rule enumeration_valid"]


def test_a_broken_or_missing_schema_is_a_configuration_error(tmp_path):
    (tmp_path / "bad.xsd").write_text("<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'><xs:oops/></xs:schema>")
    for name in ("bad.xsd", "none.xsd"):
        with pytest.raises(ConfigError, match=name):
            xml.Schema(tmp_path / name)


def test_the_bytes_are_in_the_charset_that_the_declaration_names():
    data = xml.to_bytes(xml.from_tree("R", {"A": "喆"}), "gb2312")
    assert data == b'<?xml version="1.0" encoding="gb2312"?><R><A>' + "喆".encode("gbk") + b"</A></R>"
    assert etree.tostring(xml.parse(xml.to_bytes(xml.from_tree("R", {}), declaration=False))) == b"<R/>"


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf_16_hidden_in_utf_8_is_no_way_past_the_check_for_a_doctype(codec):
    hidden = '<!DOCTYPE a [<!ENTITY e "CANARY">]><a>&e;</a>'.encode(codec)
    with pytest.raises(DecodeError):
        xml.parse(hidden, "utf-8")
