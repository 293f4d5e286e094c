"""SOAP 1.1 and 1.2 messages from a pinned local WSDL: zeep knows the contract, lxml checks it, the bytes are ours."""

from __future__ import annotations

import base64
import logging
import re
from collections.abc import Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Self, cast

from lxml import etree
from zeep.exceptions import Error as ZeepError
from zeep.settings import Settings
from zeep.wsdl import Document
from zeep.wsdl.bindings.soap import Soap12Binding, SoapBinding
from zeep.xsd import ComplexType
from zeep.xsd import Element as Declared
from zeep.xsd.elements.any import Any as AnyElement
from zeep.xsd.types.builtins import Base64Binary

from hub.errors import ConfigError, DecodeError, EncodeError, Fault, NotSupported
from hub.wire import xml
from hub.wire.wsdl import LocalFiles, schema_of
from hub.wire.wsse import UsernameToken

# At DEBUG zeep prints whole envelopes, passwords included.
logging.getLogger("zeep").setLevel(logging.WARNING)

SOAP_11 = "{http://schemas.xmlsoap.org/soap/envelope/}"
SOAP_12 = "{http://www.w3.org/2003/05/soap-envelope}"
_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_XML_TYPES = {"text/xml", "application/soap+xml", "application/xml", ""}
_CHARSET = re.compile(r"""charset\s*=\s*["']?([^"';\s]+)""", re.IGNORECASE)
_MEDIA_TYPE = re.compile(r"[a-z0-9.+-]{1,40}/[a-z0-9.+-]{1,40}")
_CODE = re.compile(r"[A-Za-z0-9_.:-]{1,80}")
_UNKNOWN_ARGUMENT = re.compile(r"unexpected keyword argument '(\w{1,60})'")
_BAD_ARGUMENT = (ZeepError, TypeError, ValueError, AttributeError, LookupError, ArithmeticError)


class SoapFault(DecodeError):
    """The server answered with a SOAP Fault. Its text may quote personal data and is in no message of this error."""

    def __init__(
        self, code: str, subcode: str | None = None, *, text: str = "", detail: xml.Element | None = None
    ) -> None:
        shown = [part if _CODE.fullmatch(part) else "?" for part in (code, subcode) if part]
        super().__init__("soap", f"fault {' / '.join(shown)}")
        self.code, self.subcode, self.detail = code, subcode, detail
        self._text = text

    @property
    def text(self) -> str:
        """The fault's own words, to classify it by; never to be logged or shown."""
        return self._text


class SoapCodec:
    """Encodes and decodes the operations of one port of one WSDL."""

    def __init__(self, binding: Any, schema: xml.Schema) -> None:
        self._binding, self._schema = binding, schema
        self._is_12 = isinstance(binding, Soap12Binding)

    @classmethod
    def load(cls, wsdl: Path | Traversable, *, service: str | None = None, port: str | None = None) -> Self:
        """Load a WSDL from a file; whatever it imports must lie in its folder. Blocks for milliseconds to seconds."""
        files = LocalFiles(wsdl)
        schema = schema_of(files)
        settings = Settings(strict=True, forbid_dtd=True, forbid_entities=True, forbid_external=True)
        try:
            document = Document(str(files.entry), cast("Any", files), settings=settings)
            chosen = document.services[service] if service else next(iter(document.services.values()))
            binding = (chosen.ports[port] if port else next(iter(chosen.ports.values()))).binding
        except (KeyError, StopIteration):
            raise ConfigError(Fault(files.entry.name, "wsdl-port", "has no such service or port")) from None
        except ZeepError as error:
            raise ConfigError(Fault(files.entry.name, "wsdl-invalid", str(error))) from error
        if not isinstance(binding, SoapBinding):
            raise ConfigError(Fault(files.entry.name, "wsdl-port", "is not a SOAP port"))
        return cls(binding, schema)

    @property
    def operations(self) -> tuple[str, ...]:
        """The names of the operations of the port."""
        return tuple(sorted(self._binding.all()))

    def encode(
        self,
        operation: str,
        arguments: Mapping[str, Any],
        charset: str = "utf-8",
        *,
        security: UsernameToken | None = None,
    ) -> tuple[tuple[tuple[str, str], ...], bytes]:
        """Make headers and envelope of a request, checked against the WSDL's schema and signed by `security`.

        Values are text as on the wire, xs:base64Binary included.
        """
        contract = self._operation(operation)
        try:
            envelope = contract.create(**_with_bytes(arguments, contract.input.body.type)).content
        except _BAD_ARGUMENT as error:
            raise _argument_error(operation, error) from None
        body = envelope.find(f"{self._namespace}Body")
        for message in body:
            _refuse_guessed_booleans(arguments, xml.to_tree(message), operation)
            faults = self._schema.check(message) if contract.style == "document" else []
            if faults:
                place, _, rule = faults[0].partition(": ")
                raise EncodeError(
                    place.partition("/")[2].replace("/", ".") or operation, "; ".join((rule, *faults[1:]))
                )
        if security is not None:
            security.sign(envelope)
        etree.cleanup_namespaces(envelope)
        return self._headers(contract.soapaction or "", charset), xml.to_bytes(envelope, charset)

    def decode(self, operation: str, status: int, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
        """Read a response into a dict of text: lists where the WSDL repeats, "" for empty, absent for missing or nil.

        A fault raises SoapFault, everything else that is not the operation's response DecodeError. Elements that the
        WSDL does not know are left out.
        """
        contract = self._operation(operation)
        if contract.output is None and not body:
            return {}
        message = self._message(status, headers, body)
        expected = getattr(contract.output, "body", None)
        if expected is None:
            return xml.to_tree(message)
        if contract.style == "document":
            if message.tag != etree.QName(expected.qname).text:
                raise DecodeError(operation, "another element than the operation's response")
            _drop_unknown(message, expected.type)
            faults = self._schema.check(message)
            if faults:
                raise DecodeError(operation, "; ".join(faults))
        tree = _tree(message, expected.type)
        return tree if isinstance(tree, dict) else {}

    @property
    def _namespace(self) -> str:
        return SOAP_12 if self._is_12 else SOAP_11

    def _operation(self, name: str) -> Any:
        try:
            return self._binding.get(name)
        except (KeyError, ValueError):
            raise NotSupported(f"the WSDL has no operation {name}") from None

    def _headers(self, action: str, charset: str) -> tuple[tuple[str, str], ...]:
        if self._is_12:
            return (("Content-Type", f'application/soap+xml; charset={charset}; action="{action}"'),)
        return (("Content-Type", f"text/xml; charset={charset}"), ("SOAPAction", f'"{action}"'))

    def _message(self, status: int, headers: Mapping[str, str], body: bytes) -> xml.Element:
        """Return the element in the Body of an envelope, after everything else that comes instead is refused."""
        content_type = headers.get("content-type", "")
        media_type = content_type.partition(";")[0].strip().lower()
        if media_type not in _XML_TYPES or not body:
            shown = media_type if _MEDIA_TYPE.fullmatch(media_type) else "another content type"
            raise DecodeError("http", f"status {status} with {shown if body else 'no content'} instead of SOAP")
        charset = _CHARSET.search(content_type)
        envelope = xml.parse(body, charset[1] if charset else None)
        for namespace in (SOAP_11, SOAP_12):
            content = envelope.find(f"{namespace}Body") if envelope.tag == f"{namespace}Envelope" else None
            if content is not None:
                break
        else:
            raise DecodeError("soap", f"status {status} without a SOAP envelope")
        message = next(iter(content), None)
        if message is not None and message.tag == f"{namespace}Fault":
            raise _fault(message, namespace)
        if status != 200 or message is None or namespace != self._namespace:
            raise DecodeError("soap", f"status {status} without a response of the expected SOAP version")
        return message


def _with_bytes(arguments: Any, kind: Any) -> Any:
    """The arguments with what is xs:base64Binary as bytes: zeep would encode its text a second time."""
    if isinstance(arguments, list):
        return [_with_bytes(each, kind) for each in arguments]
    if isinstance(kind, Base64Binary) and isinstance(arguments, str):
        return base64.b64decode(arguments, validate=True)
    declared = _declared(kind)
    if declared is None or not isinstance(arguments, Mapping):
        return arguments
    kinds = {etree.QName(name).localname: member.type for name, member in declared.items()}
    return {name: _with_bytes(value, kinds.get(name)) for name, value in arguments.items()}


def _argument_error(operation: str, error: Exception) -> EncodeError:
    """Tell which argument zeep refused; its own message may hold the value."""
    path = [str(step) for step in getattr(error, "path", [])]
    unknown = _UNKNOWN_ARGUMENT.search(str(error)) if isinstance(error, TypeError) else None
    if unknown:
        return EncodeError(operation, f"the WSDL has no argument {unknown[1]}")
    return EncodeError(".".join(path) or operation, "an argument is missing or of the wrong kind")


def _fault(fault: xml.Element, namespace: str) -> SoapFault:
    if namespace == SOAP_11:
        code, subcode = fault.findtext("faultcode", ""), None
        text, detail = fault.findtext("faultstring", ""), fault.find("detail")
    else:
        code = fault.findtext(f"{SOAP_12}Code/{SOAP_12}Value", "")
        subcode = fault.findtext(f"{SOAP_12}Code/{SOAP_12}Subcode/{SOAP_12}Value")
        text, detail = fault.findtext(f"{SOAP_12}Reason/{SOAP_12}Text", ""), fault.find(f"{SOAP_12}Detail")
    return SoapFault(_local(code), _local(subcode) if subcode else None, text=text, detail=detail)


def _local(code: str) -> str:
    """Cut the prefix off a qualified name: servers choose it freely."""
    return code.strip().rpartition(":")[2]


def _declared(kind: Any) -> dict[str, Any] | None:
    """List the children that a type declares, by qualified name; None if it allows any."""
    if not isinstance(kind, ComplexType):
        return None
    members = [member for _, member in kind.elements]
    if any(isinstance(member, AnyElement) for member in members):
        return None
    return {member.qname.text: member for member in _flat(members)}


def _flat(members: list[Any]) -> list[Any]:
    """Look into choices and sequences that repeat as a whole, which zeep keeps together."""
    found: list[Any] = []
    for member in members:
        if isinstance(member, Declared):
            found.append(member)
        else:
            found.extend(_flat([inner for _, inner in member.elements]))
    return found


def _drop_unknown(node: xml.Element, kind: Any) -> None:
    """Take out what a newer version of the server added, so that the rest can be held to the schema."""
    declared = _declared(kind)
    if declared is None or node.get(_XSI_TYPE) is not None:
        return
    for child in list(node):
        if child.tag in declared:
            _drop_unknown(child, declared[child.tag].type)
        else:
            node.remove(child)


def _tree(node: xml.Element, kind: Any) -> dict[str, Any] | str:
    declared = _declared(kind) or {}
    if len(node) == 0:
        return {} if declared else (node.text or "")
    tree: dict[str, Any] = {}
    for child in node:
        if child.get(xml.NIL) in {"true", "1"}:
            continue
        member = declared.get(child.tag)
        value = _tree(child, member.type if member is not None else None)
        xml.add(tree, etree.QName(child).localname, value, many=member is not None and member.accepts_multiple)
    return tree


def _refuse_guessed_booleans(arguments: Any, rendered: Any, where: str) -> None:
    """Find what zeep turned into a boolean by guessing: it writes any text at all as true."""
    if isinstance(arguments, Mapping) and isinstance(rendered, Mapping):
        for name, value in arguments.items():
            _refuse_guessed_booleans(value, rendered.get(name), f"{where}.{name}")
    elif isinstance(arguments, list) and isinstance(rendered, list):
        for value, written in zip(arguments, rendered, strict=False):
            _refuse_guessed_booleans(value, written, where)
    elif isinstance(arguments, str) and rendered in {"true", "false"} and arguments not in {"true", "false", "1", "0"}:
        raise EncodeError(where, "is not a boolean")
