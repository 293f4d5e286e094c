"""SOAP 1.1 in the manner of ASMX: one wrapped operation, its WSDL, and faults that say far too much."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml import etree

_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_OURS = "http://tempuri.org/"
ACTION = f'"{_OURS}Invoke"'
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_DECLARED = re.compile(rb"^\s*<\?xml[^>]*encoding=[\"']([\w-]+)[\"']")

_SCHEMA = f"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" elementFormDefault="qualified"
 targetNamespace="{_OURS}">
<xs:element name="Invoke"><xs:complexType><xs:sequence>
<xs:element name="tradeCode" type="xs:string"/>
<xs:element name="xmlData" type="xs:string"/>
<xs:element name="sign" type="xs:string"/>
</xs:sequence></xs:complexType></xs:element>
<xs:element name="InvokeResponse"><xs:complexType><xs:sequence>
<xs:element name="InvokeResult" type="xs:string"/>
</xs:sequence></xs:complexType></xs:element>
</xs:schema>"""
_XSD = etree.XMLSchema(etree.fromstring(_SCHEMA))

_WSDL = """<?xml version="1.0" encoding="utf-8"?>
<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
 xmlns:tns="{ours}" targetNamespace="{ours}">
<wsdl:types>{schema}</wsdl:types>
<wsdl:message name="InvokeSoapIn"><wsdl:part name="parameters" element="tns:Invoke"/></wsdl:message>
<wsdl:message name="InvokeSoapOut"><wsdl:part name="parameters" element="tns:InvokeResponse"/></wsdl:message>
<wsdl:portType name="BusinessSoap"><wsdl:operation name="Invoke">
<wsdl:input message="tns:InvokeSoapIn"/><wsdl:output message="tns:InvokeSoapOut"/>
</wsdl:operation></wsdl:portType>
<wsdl:binding name="BusinessSoap" type="tns:BusinessSoap">
<soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
<wsdl:operation name="Invoke"><soap:operation soapAction="{ours}Invoke" style="document"/>
<wsdl:input><soap:body use="literal"/></wsdl:input><wsdl:output><soap:body use="literal"/></wsdl:output>
</wsdl:operation></wsdl:binding>
<wsdl:service name="Business"><wsdl:port name="BusinessSoap" binding="tns:BusinessSoap">
<soap:address location="{address}"/></wsdl:port></wsdl:service>
</wsdl:definitions>
"""


class SoapFault(Exception):
    """A request that SOAP itself turns down."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text


@dataclass(frozen=True, slots=True)
class Invoke:
    """The operation's three strings."""

    trade: str
    xml: str
    sign: str


def wsdl(address: str) -> bytes:
    return _WSDL.format(ours=_OURS, schema=_SCHEMA, address=address).encode()


def read_invoke(body: bytes, content_type: str, action: str) -> Invoke:
    if action != ACTION:
        raise SoapFault("Client", f"服务器未能识别 HTTP 标头 SOAPAction 的值: 应为 {ACTION}。")
    text = _text(body, content_type)
    if "<!DOCTYPE" in text:
        raise SoapFault("Client", "服务器无法读取请求: 不允许 DTD。")
    try:
        envelope = etree.fromstring(_DECLARATION.sub("", text), _PARSER)
    except etree.XMLSyntaxError as error:
        raise SoapFault("Client", f"服务器无法读取请求: XML 第 {error.lineno} 行格式错误。") from error
    invoke = envelope.find(f"{{{_SOAP}}}Body/*")
    if envelope.tag != f"{{{_SOAP}}}Envelope" or invoke is None:
        raise SoapFault("VersionMismatch", "应为 SOAP 1.1 信封, Body 中有一个元素。")
    if not _XSD.validate(_detached(invoke)):
        raise SoapFault("Client", "服务器无法读取请求: 应为 tradeCode, xmlData, sign 各一个。")
    values = [invoke.findtext(f"{{{_OURS}}}{name}") or "" for name in ("tradeCode", "xmlData", "sign")]
    return Invoke(*values)


def write_result(result: str) -> str:
    envelope, body = _envelope()
    response = etree.SubElement(body, f"{{{_OURS}}}InvokeResponse")
    etree.SubElement(response, f"{{{_OURS}}}InvokeResult").text = result
    return etree.tostring(envelope, encoding="unicode")


def write_fault(code: str, text: str) -> str:
    envelope, body = _envelope()
    fault = etree.SubElement(body, f"{{{_SOAP}}}Fault")
    etree.SubElement(fault, "faultcode").text = f"soap:{code}"
    etree.SubElement(fault, "faultstring").text = text
    etree.SubElement(fault, "detail")
    return etree.tostring(envelope, encoding="unicode")


def stack_trace(trade: str, customer: str) -> str:
    """What the billing system answers when it crashes, customer's name and all."""
    return (
        "System.Web.Services.Protocols.SoapException: 服务器无法处理请求。 ---> System.NullReferenceException: "
        f"未将对象引用设置到对象的实例。(户名:{customer})\n"
        f"   在 CisWeb.Bll.Trade{trade}.Run(TradeContext ctx) 位置 D:\\cis\\src\\Bll\\Trade{trade}.cs:行号 214\n"
        "   在 CisWeb.Service.Business.Invoke(String tradeCode, String xmlData, String sign) "
        "位置 D:\\cis\\src\\Service\\Business.asmx.cs:行号 58\n"
        "   --- 内部异常堆栈跟踪的结尾 ---"
    )


def _envelope() -> tuple[etree._Element, etree._Element]:
    envelope = etree.Element(f"{{{_SOAP}}}Envelope", nsmap={"soap": _SOAP})
    return envelope, etree.SubElement(envelope, f"{{{_SOAP}}}Body")


def _detached(element: etree._Element) -> etree._Element:
    return etree.fromstring(etree.tostring(element), _PARSER)


def _text(body: bytes, content_type: str) -> str:
    charset = content_type.partition("charset=")[2].partition(";")[0].strip('" ')
    declared = _DECLARED.match(body)
    if not charset and declared:
        charset = declared[1].decode("ascii")
    # As on Windows, where the name gb2312 stands for code page 936, which is GBK.
    codec = "gbk" if charset.lower() in {"gb2312", "gbk"} else charset or "utf-8"
    try:
        return body.decode(codec).removeprefix("\ufeff")
    except (UnicodeDecodeError, LookupError) as error:
        raise SoapFault("Client", f"服务器无法读取请求: 内容不是 {charset or 'utf-8'}。") from error
