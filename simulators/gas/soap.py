"""SOAP 1.2 from the contract's own WSDL: requests held to the XSD, replies too, typed faults, and a BOM in front."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree

SOAP = "http://www.w3.org/2003/05/soap-envelope"
OURS = "http://cis.gas.example/v2"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
CONTRACT = Path(__file__).parent / "contract"
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_MEDIA_TYPE = "application/soap+xml"
_BOM = b"\xef\xbb\xbf"

Fields = dict[str, Any]


class SoapFault(Exception):
    """A fault of SOAP itself: no typed detail. `role` is Sender or Receiver."""

    def __init__(self, role: str, text: str, violations: tuple[str, ...] = ()) -> None:
        super().__init__(text)
        self.role, self.text, self.violations = role, text, violations


class ServiceFault(Exception):
    """A fault of the contract, with its typed detail."""

    def __init__(self, code: str, message: str, **details: str) -> None:
        super().__init__(code)
        self.code, self.message, self.details = code, message, details


@dataclass(frozen=True, slots=True)
class Request:
    """A request whose body keeps to the contract. `message` is the element in the body."""

    operation: str
    envelope: etree._Element
    message: etree._Element


@cache
def schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(CONTRACT / "messages.xsd")))


@cache
def operations() -> frozenset[str]:
    document = etree.parse(str(CONTRACT / "customer-service.wsdl"))
    found = document.iterfind(
        ".//{http://schemas.xmlsoap.org/wsdl/}portType/{http://schemas.xmlsoap.org/wsdl/}operation"
    )
    return frozenset(str(each.get("name")) for each in found)


def read(body: bytes, content_type: str) -> Request:
    """An envelope with its operation; the body is not yet held to the schema. Raises SoapFault."""
    if content_type.partition(";")[0].strip().lower() != _MEDIA_TYPE:
        raise SoapFault("Sender", f"the content type must be {_MEDIA_TYPE}")
    if b"<!DOCTYPE" in body:
        raise SoapFault("Sender", "a document type declaration is not accepted")
    # In UTF-8 alone: read in another charset, a declaration would stand in bytes that were not looked at.
    parser = etree.XMLParser(encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
    try:
        envelope = etree.fromstring(body.removeprefix(_BOM), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise SoapFault("Sender", "the request is not well-formed XML") from error
    message = envelope.find(f"{{{SOAP}}}Body/*")
    if envelope.tag != f"{{{SOAP}}}Envelope" or message is None:
        raise SoapFault("VersionMismatch", "a SOAP 1.2 envelope with one element in its body is expected")
    name = etree.QName(message)
    if name.namespace != OURS or name.localname not in operations():
        raise SoapFault("Sender", "no such operation")
    if f'action="urn:gas:{name.localname}"' not in content_type.replace("; ", ";"):
        raise SoapFault("Sender", f"the action must be urn:gas:{name.localname}")
    return Request(name.localname, envelope, message)


def hold_to_schema(request: Request) -> None:
    """Raises SoapFault that names place and rule, never a value."""
    detached = etree.fromstring(etree.tostring(request.message), etree.XMLParser(huge_tree=True))
    if not schema().validate(detached):
        found = dict.fromkeys(_breach(error) for error in schema().error_log)  # type: ignore[attr-defined]
        raise SoapFault("Sender", next(iter(found)), tuple(found))


def _breach(error: Any) -> str:
    place = "/".join(step.rpartition(":")[2] for step in (error.path or "").split("/") if step)
    return f"{place}: {error.type_name.removeprefix('SCHEMAV_').lower()}"


def fields(element: etree._Element) -> Fields:
    """The children of an element as a nested dict; what repeats becomes a list. The schema has been kept to."""
    found: Fields = {}
    for child in element.iterchildren("*"):
        name = etree.QName(child).localname
        value: Any = fields(child) if len(child) else child.text or ""
        if name in found:
            found[name] = [*(found[name] if isinstance(found[name], list) else [found[name]]), value]
        else:
            found[name] = value
    return found


def many(value: Any) -> list[Any]:
    """What may stand once or several times, as a list."""
    return value if isinstance(value, list) else [] if value is None else [value]


def reply(operation: str, values: Fields) -> bytes:
    """A reply; one that broke the contract would be this simulator's own mistake."""
    envelope, body = _envelope()
    response = _fill(etree.SubElement(body, f"{{{OURS}}}{operation}Response"), values)
    schema().assertValid(etree.fromstring(etree.tostring(response)))
    return _bytes(envelope)


def fault(role: str, text: str, service: ServiceFault | None = None, *, retryable: bool = False) -> bytes:
    envelope, body = _envelope()
    element = etree.SubElement(body, f"{{{SOAP}}}Fault")
    code = etree.SubElement(element, f"{{{SOAP}}}Code")
    etree.SubElement(code, f"{{{SOAP}}}Value").text = f"soap:{role}"
    if service is not None and service.code in {"GAS-9001", "GAS-9003", "GAS-9004"}:
        subcode = etree.SubElement(code, f"{{{SOAP}}}Subcode")
        word = {"GAS-9001": "FailedAuthentication", "GAS-9003": "InvalidSecurity", "GAS-9004": "MessageExpired"}
        etree.SubElement(subcode, f"{{{SOAP}}}Value").text = f"wsse:{word[service.code]}"
    reason = etree.SubElement(element, f"{{{SOAP}}}Reason")
    words = etree.SubElement(reason, f"{{{SOAP}}}Text")
    words.text = text
    words.set("{http://www.w3.org/XML/1998/namespace}lang", "zh")
    if service is not None:
        detail = etree.SubElement(element, f"{{{SOAP}}}Detail")
        values = {"code": service.code, "message": service.message, "retryable": "true" if retryable else "false"}
        inner = _fill(etree.SubElement(detail, f"{{{OURS}}}ServiceFault"), {**values, **service.details})
        schema().assertValid(etree.fromstring(etree.tostring(inner)))
    return _bytes(envelope)


def _envelope() -> tuple[etree._Element, etree._Element]:
    spaces = {"soap": SOAP, "wsse": WSSE, "g": OURS, "xsi": "http://www.w3.org/2001/XMLSchema-instance"}
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap=spaces)
    return envelope, etree.SubElement(envelope, f"{{{SOAP}}}Body")


def _fill(parent: etree._Element, values: Mapping[str, Any]) -> etree._Element:
    """Write values in their order; None is an element that is nil, an absent key none at all."""
    for name, value in values.items():
        for each in value if isinstance(value, list) else [value]:
            child = etree.SubElement(parent, f"{{{OURS}}}{name}")
            if isinstance(each, Mapping):
                _fill(child, each)
            elif each is None:
                child.set(NIL, "true")
            else:
                child.text = str(each)
    return parent


def _bytes(envelope: etree._Element) -> bytes:
    return _BOM + etree.tostring(envelope, encoding="utf-8", xml_declaration=True)
