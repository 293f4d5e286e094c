"""Forms in, documents out: percent-encoded GB18030 in, XML that calls itself GBK and text/html out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes
from xml.sax.saxutils import escape

from lxml import etree

from simulators.kit.http import HttpReply

if TYPE_CHECKING:
    from collections.abc import Mapping

HTML = "text/html;charset=GBK"
_FORM = "application/x-www-form-urlencoded"


class Unreadable(ValueError):
    """The request is no form with an XML document in GB18030; the text says which rule it breaks."""


def read_form(content_type: str, body: bytes) -> etree._Element:
    """The document in the parameter `xml`, read strictly."""
    media, _, rest = content_type.partition(";")
    if media.strip().lower() != _FORM or "gb18030" not in rest.lower():
        raise Unreadable("Content-Type: not a form in GB18030")
    if not body.isascii() or not body.startswith(b"xml=") or b"&" in body:
        raise Unreadable("xml: not exactly this one parameter, percent-encoded")
    try:
        text = unquote_to_bytes(body[4:].replace(b"+", b" ")).decode("gb18030")
    except UnicodeDecodeError:
        raise Unreadable("xml: not GB18030") from None
    head, _, rest = text.partition("?>")
    if not head.startswith("<?xml") or 'encoding="gb18030"' not in head.lower() or "<!DOCTYPE" in rest:
        raise Unreadable("xml: no declaration of GB18030, or a DTD")
    parser = etree.XMLParser(encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(rest.encode(), parser)
    except etree.XMLSyntaxError:
        raise Unreadable("xml: not well-formed") from None
    if root.tag != "REQUEST" or [child.tag for child in root] != ["HEAD", "BODY"]:
        raise Unreadable("REQUEST: not HEAD and BODY")
    return root


def as_dict(element: etree._Element | None) -> dict[str, Any]:
    """Children as text, groups and lists; one that comes twice is a list."""
    found: dict[str, Any] = {}
    for child in element if element is not None else ():
        value: Any = as_dict(child) if len(child) else child.text or ""
        if child.tag in found:
            earlier = found[child.tag]
            found[child.tag] = [*(earlier if isinstance(earlier, list) else [earlier]), value]
        else:
            found[str(child.tag)] = value
    return found


def response(service: str, code: str, info: str, body: Mapping[str, Any], *, committed: bool) -> HttpReply:
    """An answer. What is empty is left out, but for INFO."""
    head = f"<SERVCODE>{escape(service)}</SERVCODE><RETURN>{code}</RETURN>"
    head += f"<INFO>{escape(info)}</INFO>" if info else "<INFO/>"
    text = f'<?xml version="1.0" encoding="GBK"?><RESPONSE><HEAD>{head}</HEAD><BODY>{_inside(body)}</BODY></RESPONSE>'
    return HttpReply(200, [("Content-Type", HTML)], text.encode("gb18030"), service, committed)


def page(status: int, title: str, service: str = "", *, committed: bool = False) -> HttpReply:
    """A page for people, such as comes from the server in front."""
    text = f"<html><head><title>{title}</title></head><body><h1>{title}</h1><hr>华数 BOSS(模拟)<br></body></html>"
    return HttpReply(status, [("Content-Type", HTML)], text.encode("gbk", "replace"), service, committed)


def _inside(record: Mapping[str, Any]) -> str:
    return "".join(_element(tag, value) for tag, value in record.items() if value not in ("", None, [], {}))


def _element(tag: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_element(tag, each) for each in value)
    content = _inside(value) if isinstance(value, dict) else escape(str(value))
    return f"<{tag}>{content}</{tag}>" if content else ""
