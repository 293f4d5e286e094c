"""An XML contract: order of its own, faults by path and rule, never with a value."""

import pytest

from hub.errors import EncodeError
from hub.wire import xml
from hub.wire.http import basic_auth
from hub.wire.xmlcontract import XmlContract

SCHEMA = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:element name="NO"><xs:simpleType><xs:restriction base="xs:string"><xs:pattern value="[0-9]{3}"/></xs:restriction></xs:simpleType></xs:element>
  <xs:element name="NAME" type="xs:string"/>
  <xs:element name="ASK"><xs:complexType><xs:sequence>
    <xs:element name="BODY"><xs:complexType><xs:sequence>
      <xs:element ref="NO"/><xs:element ref="NAME" minOccurs="0"/>
    </xs:sequence></xs:complexType></xs:element>
  </xs:sequence></xs:complexType></xs:element>
</xs:schema>"""


@pytest.fixture
def contract(tmp_path):
    (tmp_path / "ask.xsd").write_text(SCHEMA)
    return XmlContract(tmp_path / "ask.xsd")


def test_fields_come_in_the_order_of_the_contract_under_the_name_of_the_wire(contract):
    document = contract.write("ASK", {"BODY": {"NAME": "王", "NO": "123"}}, "REQUEST")
    assert (
        xml.to_bytes(document, declaration=False).decode()
        == "<REQUEST><BODY><NO>123</NO><NAME>王</NAME></BODY></REQUEST>"
    )


@pytest.mark.parametrize(
    ("body", "where"), [({"NO": "CANARY"}, "BODY.NO"), ({"NAME": "CANARY"}, "BODY.NAME"), ({}, "BODY")]
)
def test_breach_is_told_by_path_and_rule_without_the_value(contract, body, where):
    with pytest.raises(EncodeError) as refused:
        contract.write("ASK", {"BODY": body}, "REQUEST")
    assert refused.value.where == where
    assert "CANARY" not in str(refused.value)


def test_basic_auth_is_the_header_of_name_and_password():
    assert basic_auth("Aladdin", "open sesame") == ("Authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")
