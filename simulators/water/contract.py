"""The companies' contract, read from contract.yaml: fields, trades, and the XSD that each request must satisfy."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

import yaml
from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Mapping

_MONEY = r"\d{1,9}\.\d{2}"
_TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
_SLOT = re.compile(r"(\w+)(\??)(?:\[(\w+): ([^\]]*)\])?")
# Chunks are limited in bytes by the trade itself; here only a bound for the parser.
_MAX_BASE64 = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the interface under both its names."""

    tag: str
    en: str
    zh: str
    rule: Mapping[str, Any]

    def facets(self) -> list[str]:
        rule = self.rule
        if "codes" in rule:
            return [f"<xs:enumeration value={quoteattr(code)}/>" for code in rule["codes"]]
        pattern = rule.get("pattern") or (_MONEY if "money" in rule else _TIME if "time" in rule else None)
        if pattern:
            # In an XSD, \d is any script's digit; the companies mean 0 to 9.
            return [f"<xs:pattern value={quoteattr(pattern.replace(chr(92) + 'd', '[0-9]'))}/>"]
        limit = rule.get("max") or rule.get("bytes") or _MAX_BASE64
        return ['<xs:minLength value="1"/>', f'<xs:maxLength value="{limit}"/>']


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in a document: a field, or a list of records."""

    tag: str
    optional: bool
    members: tuple[Slot, ...] = ()


@dataclass(frozen=True, slots=True)
class Trade:
    """One trade: what goes in for each kind of business ("" where there is only one) and what comes out."""

    code: str
    zh: str
    requests: Mapping[str, tuple[Slot, ...]]
    reply: tuple[Slot, ...]
    one_of: tuple[tuple[str, ...], ...]
    together: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Contract:
    """The whole interface."""

    fields: Mapping[str, Field]
    lists: Mapping[str, Mapping[str, str]]
    head: tuple[Slot, ...]
    trades: Mapping[str, Trade]

    def english(self) -> dict[str, str]:
        """Every pinyin tag, lists and their records included, with its name in dialect B."""
        names = {tag: field.en for tag, field in self.fields.items()}
        for tag, entry in self.lists.items():
            names |= {tag: entry["en"], entry["item"]: entry["item_en"]}
        return names


def slots(text: str) -> tuple[Slot, ...]:
    """Read the notation `A B? LIST[ITEM: C D?]`."""
    found = _SLOT.findall(text)
    return tuple(Slot(tag, bool(mark), slots(members)) for tag, mark, _, members in found)


@cache
def contract() -> Contract:
    raw = yaml.safe_load((Path(__file__).parent / "contract.yaml").read_text("utf-8"))
    fields = {tag: Field(tag, rule["en"], rule["zh"], rule) for tag, rule in raw["fields"].items()}
    trades = {code: _trade(code, entry) for code, entry in raw["trades"].items()}
    return Contract(fields, raw["lists"], slots(raw["head"]), trades)


def _trade(code: str, entry: Mapping[str, Any]) -> Trade:
    common = {slot.tag: slot for slot in slots(entry["in"])}
    requests = {
        kind: tuple({**common, **{slot.tag: slot for slot in slots(extra)}}.values())
        for kind, extra in entry.get("kinds", {"": ""}).items()
    }
    one_of, together = (tuple(map(tuple, entry.get(key, ()))) for key in ("one_of", "together"))
    return Trade(code, entry["zh"], requests, slots(entry["out"]), one_of, together)


@dataclass(frozen=True, slots=True)
class Names:
    """The element names of one dialect."""

    root: str
    head: str
    body: str
    tags: Mapping[str, str]


@cache
def names(dialect: str) -> Names:
    english = contract().english()
    if dialect == "A":
        return Names("ROOT", "HEAD", "BODY", {tag: tag for tag in english})
    return Names("request", "header", "body", english)


@cache
def request_schema(dialect: str, trade: str, kind: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.fromstring(request_xsd(dialect, trade, kind).encode()))


def request_xsd(dialect: str, trade: str, kind: str = "") -> str:
    """The XSD of a request; children of a record come in any order, as the companies read them by name."""
    known, called = contract(), names(dialect)
    head = _record(called.head, known.head, called, "1")
    body = _record(called.body, known.trades[trade].requests[kind], called, "1")
    return (
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">'
        f'<xs:element name="{called.root}"><xs:complexType><xs:sequence>{head}{body}</xs:sequence>'
        "</xs:complexType></xs:element></xs:schema>"
    )


@cache
def reply_schema(trade: str) -> etree.XMLSchema:
    """The XSD of a reply's BODY in dialect A, for those who test the simulator."""
    body = _record("BODY", contract().trades[trade].reply, names("A"), "1").replace(' maxOccurs="1"', "", 1)
    return etree.XMLSchema(
        etree.fromstring(f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">{body}</xs:schema>')
    )


def _record(name: str, members: tuple[Slot, ...], called: Names, occurs: str) -> str:
    inside = "".join(_element(slot, called) for slot in members)
    content = f"<xs:complexType><xs:all>{inside}</xs:all></xs:complexType>"
    return f'<xs:element name="{escape(name)}" maxOccurs="{occurs}">{content}</xs:element>'


def _element(slot: Slot, called: Names) -> str:
    name, least = called.tags[slot.tag], 0 if slot.optional else 1
    if slot.members:
        item = _record(called.tags[contract().lists[slot.tag]["item"]], slot.members, called, "unbounded")
        item = item.replace("maxOccurs", f'minOccurs="{least}" maxOccurs', 1)
        inside = f"<xs:complexType><xs:sequence>{item}</xs:sequence></xs:complexType>"
    else:
        inside = _simple(contract().fields[slot.tag], slot.optional)
    return f'<xs:element name="{escape(name)}" minOccurs="{least}">{inside}</xs:element>'


def _simple(field: Field, optional: bool) -> str:
    filled = f'<xs:simpleType><xs:restriction base="xs:string">{"".join(field.facets())}'
    filled += "</xs:restriction></xs:simpleType>"
    if not optional:
        return filled
    # An empty element means "leave unchanged", so an optional field may always be empty.
    empty = '<xs:simpleType><xs:restriction base="xs:string"><xs:length value="0"/></xs:restriction></xs:simpleType>'
    return f"<xs:simpleType><xs:union>{filled}{empty}</xs:union></xs:simpleType>"


def breaches(schema: etree.XMLSchema, document: etree._Element) -> tuple[str, ...]:
    """What the document breaks, by place and rule; values stay out, for they may be somebody's name."""
    if schema.validate(document):
        return ()
    found: dict[str, None] = {}
    for error in schema.error_log:  # type: ignore[attr-defined]
        place = (error.path or "").rpartition("/")[2].partition("[")[0]
        if error.type_name in {"SCHEMAV_ELEMENT_CONTENT", "SCHEMAV_CVC_ELT_1"}:
            found[error.message] = None
        else:
            found[f"{place}: does not fit its format or code list"] = None
    return tuple(found)
