"""SOAP: bytes in the declared charset, contract checked both ways, faults without words, nothing but local files."""

import base64
import logging
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from hub.errors import ConfigError, DecodeError, EncodeError, NotSupported
from hub.wire import xml
from hub.wire.soap import SOAP_11, SOAP_12, SoapCodec, SoapFault

DATA = Path(__file__).parent / "data"
WATER = SoapCodec.load(DATA / "asmx" / "business.wsdl")
GAS = SoapCodec.load(DATA / "gas" / "customer.wsdl", service="CustomerService", port="Customer12")
XML_11 = {"content-type": "text/xml; charset=gb2312"}
XML_12 = {"content-type": "application/soap+xml; charset=utf-8"}
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=20)
CUSTOMER = {"customerNo": "12345678", "name": "张三", "active": "true", "balance": "12.50"}


def envelope(content, namespace=SOAP_11, charset="utf-8", declared=None):
    text = f'<s:Envelope xmlns:s="{namespace[1:-1]}"><s:Body>{content}</s:Body></s:Envelope>'
    return f'<?xml version="1.0" encoding="{declared or charset}"?>{text}'.encode(charset)


def invoked(text, **how):
    return envelope(
        f'<InvokeResponse xmlns="http://tempuri.org/"><InvokeResult>{text}</InvokeResult></InvokeResponse>', **how
    )


def found(inner):
    content = (
        '<r:findCustomersResponse xmlns:r="http://cis.gas.example/v2" xmlns="http://cis.gas.example/types" '
        f'xmlns:i="http://www.w3.org/2001/XMLSchema-instance">{inner}</r:findCustomersResponse>'
    )
    return envelope(content, SOAP_12)


def customer(extra="", name="张三", active="true"):
    return (
        f"<r:customer><customerNo>12345678</customerNo><name>{name}</name><phone i:nil='true'/><active>{active}</active>"
        f"<balance>12.50</balance><checkedAt>2024-03-01T16:30:00Z</checkedAt>{extra}</r:customer>"
    )


@given(TEXT)
def test_every_argument_arrives_unchanged_in_utf8(text):
    headers, body = WATER.encode("Invoke", {"tradeCode": "1001", "xmlData": f"<ROOT>{text}</ROOT>"})
    assert headers == (("Content-Type", "text/xml; charset=utf-8"), ("SOAPAction", '"http://tempuri.org/Invoke"'))
    message = xml.parse(body).find(f"{SOAP_11}Body")[0]
    assert message.tag == "{http://tempuri.org/}Invoke"
    assert xml.to_tree(message) == {"tradeCode": "1001", "xmlData": f"<ROOT>{text}</ROOT>"}


def test_a_request_in_gb2312_is_real_gbk_under_a_true_declaration():
    headers, body = WATER.encode("Invoke", {"xmlData": "张喆"}, charset="gb2312")
    assert dict(headers)["Content-Type"] == "text/xml; charset=gb2312"
    assert body.startswith(b'<?xml version="1.0" encoding="gb2312"?>')
    assert "张喆".encode("gbk") in body


def test_a_character_outside_the_charset_names_the_argument_not_the_text():
    with pytest.raises(EncodeError, match="Envelope/Body/Invoke/xmlData: 1 of 1") as caught:
        WATER.encode("Invoke", {"xmlData": "㛃"}, charset="gb2312")
    assert "㛃" not in repr(caught.value)


def test_soap_12_puts_the_action_into_the_content_type():
    headers, body = GAS.encode("findCustomers", {"idType": "ID_CARD", "idNo": "x"})
    assert headers == (("Content-Type", 'application/soap+xml; charset=utf-8; action="urn:gas:findCustomers"'),)
    assert xml.parse(body).tag == f"{SOAP_12}Envelope"


def test_nested_arguments_and_lists_are_written_in_the_schema_s_order():
    meters = [{"kind": "IOT", "meterNo": "2"}, {"meterNo": "1", "kind": "MECHANICAL"}]
    _, body = GAS.encode("putCustomer", {"customer": {"meter": meters, **CUSTOMER}})
    written = xml.to_tree(xml.parse(body).find(f"{SOAP_12}Body")[0])["customer"]
    assert list(written) == ["customerNo", "name", "active", "balance", "meter"]
    assert written["meter"] == meters


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"customerNo": "CANARY"}, "customer.customerNo: breaks the rule pattern_valid"),
        ({"balance": "CANARY"}, "customer.balance: breaks the rule"),
        ({"active": "CANARY"}, "putCustomer.customer.active: is not a boolean"),
        ({"name": None}, "putCustomer.customer.name: an argument is missing"),
        ({"name": ["CANARY", "CANARY"]}, "of the wrong kind"),
        ({"name": "CANARY\0"}, "of the wrong kind"),
        ({"colour": "CANARY"}, "the WSDL has no argument colour"),
        ({"meter": [{"meterNo": "1", "kind": "CANARY"}]}, "customer.meter.kind: breaks the rule enumeration_valid"),
        ({"meter": "CANARY"}, "wrong kind"),
    ],
)
def test_a_request_that_breaks_the_contract_is_refused_by_field_without_its_value(change, message):
    with pytest.raises(EncodeError) as caught:
        GAS.encode("putCustomer", {"customer": {**CUSTOMER, **change}})
    assert message in str(caught.value)
    assert "CANARY" not in str(caught.value) + repr(caught.value)


@given(st.lists(st.binary(min_size=1, max_size=8), min_size=1, max_size=2))
def test_base64_is_written_once_and_its_length_is_that_of_the_bytes(contents):
    photos = [base64.b64encode(content).decode() for content in contents]
    _, body = GAS.encode("putCustomer", {"customer": {**CUSTOMER, "photo": photos}})
    written = xml.to_tree(xml.parse(body).find(f"{SOAP_12}Body")[0], lists=["photo"])["customer"]
    assert written["photo"] == photos


@pytest.mark.parametrize(("photo", "rule"), [("MTIzNDU2Nzg5", "maxlength_valid"), ("CANARY!", "of the wrong kind")])
def test_base64_that_is_too_long_or_none_is_refused(photo, rule):
    with pytest.raises(EncodeError) as caught:
        GAS.encode("putCustomer", {"customer": {**CUSTOMER, "photo": [photo]}})
    assert rule in str(caught.value)
    assert photo not in str(caught.value)


def test_an_unknown_operation_is_not_supported():
    for attempt in (lambda: WATER.encode("Nope", {}), lambda: WATER.decode("Nope", 200, {}, b"")):
        with pytest.raises(NotSupported, match="Nope"):
            attempt()
    assert (WATER.operations, GAS.operations) == (("Invoke",), ("findCustomers", "putCustomer"))


@pytest.mark.parametrize(
    ("content_type", "how"),
    [
        ("text/xml; charset=gb2312", {"charset": "gbk", "declared": "gb2312"}),
        ("text/xml", {"charset": "gbk", "declared": "gb2312"}),
        ("text/xml; charset=x-gbk", {"charset": "gb18030", "declared": "GBK"}),
        ('text/xml;charset="utf-8"', {"charset": "gbk", "declared": "gb2312"}),
        ("text/xml; charset=gb2312", {"charset": "utf-8"}),
        ("", {"charset": "utf-8"}),
    ],
)
def test_a_reply_is_read_in_the_charset_that_its_bytes_are_in(content_type, how):
    headers = {"content-type": content_type} if content_type else {}
    assert WATER.decode("Invoke", 200, headers, invoked("张喆", **how)) == {"InvokeResult": "张喆"}


def test_a_reply_with_a_byte_order_mark_is_read():
    body = b"\xef\xbb\xbf" + found("")
    assert GAS.decode("findCustomers", 200, XML_12, body) == {}


def test_inner_documents_empty_and_missing_results_are_told_apart():
    assert WATER.decode("Invoke", 200, XML_11, invoked("&lt;ROOT/&gt;")) == {"InvokeResult": "<ROOT/>"}
    assert WATER.decode("Invoke", 200, XML_11, invoked("")) == {"InvokeResult": ""}
    assert WATER.decode("Invoke", 200, XML_11, envelope('<InvokeResponse xmlns="http://tempuri.org/"/>')) == {}


def test_what_may_repeat_is_a_list_text_stays_as_sent_and_nil_is_absent():
    meter = "<meter><meterNo>1</meterNo><kind>IOT</kind></meter>"
    assert GAS.decode("findCustomers", 200, XML_12, found(customer(meter))) == {
        "customer": [
            {
                "customerNo": "12345678",
                "name": "张三",
                "active": "true",
                "balance": "12.50",
                "checkedAt": "2024-03-01T16:30:00Z",
                "meter": [{"meterNo": "1", "kind": "IOT"}],
            }
        ]
    }


def test_an_element_that_the_wsdl_does_not_know_is_left_out():
    extra = "<loyalty>gold</loyalty><meter><meterNo>1</meterNo><new/><kind>IOT</kind></meter>"
    reply = GAS.decode("findCustomers", 200, XML_12, found(f"<r:page>1</r:page>{customer(extra)}"))
    assert list(reply) == ["customer"]
    assert reply["customer"][0]["meter"] == [{"meterNo": "1", "kind": "IOT"}]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            found("<r:customer><customerNo>12345678</customerNo></r:customer>"),
            "customer: breaks the rule element_content",
        ),
        (found(customer(active="CANARY")), "customer/active: breaks the rule"),
        (
            found(customer("<meter><meterNo>1</meterNo><kind>CANARY</kind></meter>")),
            "kind: breaks the rule enumeration",
        ),
        (envelope("<CANARY/>", SOAP_12), "another element"),
        (envelope("", SOAP_12), "without a response"),
        (envelope("<x/>"), "expected SOAP version"),
        (b"<CANARY/>", "without a SOAP envelope"),
        (b"CANARY", "not well-formed"),
        (b"", "no content"),
        (b"<!DOCTYPE x><x>CANARY</x>", "document type declaration"),
        (found(customer())[:-40], "not well-formed"),
    ],
)
def test_a_reply_that_breaks_the_contract_is_refused_without_its_content(body, message):
    with pytest.raises(DecodeError, match=message) as caught:
        GAS.decode("findCustomers", 200, XML_12, body)
    assert not isinstance(caught.value, SoapFault)
    assert "CANARY" not in str(caught.value) + repr(caught.value)


@pytest.mark.parametrize(
    ("status", "content_type", "message"),
    [
        (503, "text/html; charset=gbk", "status 503 with text/html instead of SOAP"),
        (200, "text/html", "status 200 with text/html"),
        (200, "CANARY CANARY", "another content type"),
        (502, "text/xml", "is not utf-8"),
        (502, "text/xml; charset=gbk", "document type declaration"),
    ],
)
def test_an_html_page_is_never_taken_for_soap(status, content_type, message):
    page = "<!DOCTYPE html><html><body>系统维护 CANARY</body></html>".encode("gbk")
    with pytest.raises(DecodeError, match=message) as caught:
        WATER.decode("Invoke", status, {"content-type": content_type}, page)
    assert "CANARY" not in repr(caught.value)


def test_a_good_envelope_under_a_bad_status_is_refused():
    with pytest.raises(DecodeError, match="status 500"):
        WATER.decode("Invoke", 500, XML_11, invoked("x"))


@pytest.mark.parametrize("status", [200, 500])
def test_a_fault_carries_code_and_detail_and_hides_its_words(status):
    body = envelope(
        "<s:Fault><faultcode>s:Server</faultcode><faultstring>System.Exception: CANARY at Jf.cs</faultstring>"
        "<detail><trace>CANARY</trace></detail></s:Fault>"
    )
    with pytest.raises(SoapFault) as caught:
        WATER.decode("Invoke", status, XML_11, body)
    fault = caught.value
    assert (fault.code, fault.subcode, fault.detail[0].tag) == ("Server", None, "trace")
    assert "CANARY" in fault.text
    assert str(fault) == "soap: fault Server"
    assert "CANARY" not in repr(fault)


def test_a_soap_12_fault_carries_subcode_and_declared_detail():
    body = envelope(
        "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>q:Arrears</s:Value></s:Subcode></s:Code>"
        "<s:Reason><s:Text xml:lang='zh'>CANARY</s:Text></s:Reason><s:Detail><f:ServiceFault "
        "xmlns:f='http://cis.gas.example/fault'><f:code>GAS-1003</f:code></f:ServiceFault></s:Detail></s:Fault>",
        SOAP_12,
    )
    with pytest.raises(SoapFault) as caught:
        GAS.decode("findCustomers", 500, XML_12, body)
    assert (caught.value.code, caught.value.subcode) == ("Sender", "Arrears")
    assert xml.to_tree(caught.value.detail[0]) == {"code": "GAS-1003"}
    assert "CANARY" not in str(caught.value)


def test_a_fault_code_that_is_no_code_is_not_shown():
    body = envelope("<s:Fault><faultcode>张三 CANARY</faultcode></s:Fault>")
    with pytest.raises(SoapFault) as caught:
        WATER.decode("Invoke", 500, XML_11, body)
    assert str(caught.value) == "soap: fault ?"


def test_a_version_mismatch_fault_in_the_other_soap_version_is_still_a_fault():
    body = envelope("<s:Fault><faultcode>s:VersionMismatch</faultcode><faultstring/></s:Fault>")
    with pytest.raises(SoapFault, match="VersionMismatch"):
        GAS.decode("findCustomers", 500, XML_12, body)


def test_no_envelope_is_logged_even_when_everything_is_logged(caplog):
    caplog.set_level(logging.DEBUG)
    WATER.encode("Invoke", {"xmlData": "CANARY"})
    with pytest.raises(DecodeError):
        GAS.decode("findCustomers", 200, XML_12, found(customer(active="CANARY")))
    assert "CANARY" not in caplog.text


@pytest.fixture
def copied(tmp_path):
    folder = tmp_path / "gas"
    shutil.copytree(DATA / "gas", folder)
    return folder


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:1/types.xsd",
        "https://example.com/types.xsd",
        "../types.xsd",
        "/etc/hostname",
        "file:///etc/hostname",
    ],
)
def test_a_wsdl_that_refers_outside_its_folder_is_refused(copied, location):
    shutil.copy(copied / "types.xsd", copied.parent / "types.xsd")
    wsdl = copied / "customer.wsdl"
    wsdl.write_text(wsdl.read_text().replace('schemaLocation="types.xsd"', f'schemaLocation="{location}"'))
    with pytest.raises(ConfigError, match="wsdl-external"):
        SoapCodec.load(wsdl)


def test_a_schema_file_that_refers_outside_the_folder_is_refused(copied):
    types = copied / "types.xsd"
    types.write_text(
        types.read_text().replace("<xs:simpleType", '<xs:include schemaLocation="http://x/y.xsd"/><xs:simpleType', 1)
    )
    with pytest.raises(ConfigError, match="wsdl-external"):
        SoapCodec.load(copied / "customer.wsdl")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<wsdl:definitions", "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><wsdl:definitions"),
        ("</wsdl:definitions>", ""),
        ('type="xs:boolean"', 'type="xs:nonsense"'),
        ("types.xsd", "missing.xsd"),
    ],
)
def test_a_broken_wsdl_is_a_configuration_error(copied, old, new):
    wsdl = copied / "customer.wsdl"
    wsdl.write_text(wsdl.read_text().replace(old, new, 1))
    with pytest.raises(ConfigError):
        SoapCodec.load(wsdl)


def test_a_missing_file_service_or_port_is_a_configuration_error():
    for keywords in ({"service": "Nope"}, {"port": "Nope"}):
        with pytest.raises(ConfigError, match="no such service or port"):
            SoapCodec.load(DATA / "asmx" / "business.wsdl", **keywords)
    with pytest.raises(ConfigError, match="is not a file"):
        SoapCodec.load(DATA / "none.wsdl")


def test_one_codec_serves_many_messages_without_mixing_them():
    bodies = [WATER.encode("Invoke", {"tradeCode": str(number)})[1] for number in range(20)]
    codes = [etree.fromstring(body).findtext(".//{*}tradeCode") for body in bodies]
    assert codes == [str(number) for number in range(20)]
