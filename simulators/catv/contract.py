"""The BOSS's contract, read from contract.yaml, and what a document breaks of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Body = Mapping[str, Any]

_SLOT = re.compile(r"(\w+)(\??)(?:\[(\w+): ([^\]]*)\]|\{([^}]*)\})?")
_PART = re.compile(r"@(\w+)")
_ID_FORMS = {
    "身份证": r"\d{15}|\d{17}[\dx]",
    "港澳台居民居住证": r"8[123]0000\d{11}[\dx]",
    "外国人永久居留证": r"[A-Z]{3}\d{12}|9\d{16}[\dX]",
    "营业执照": r"[0-9A-Z]{18}",
    "户口簿": r"[0-9A-Z]{6,17}|[0-9A-Z]{17}[0-9A-Zx]",
}
_ANY_ID = r"[0-9A-Z]{5,30}"
_DATES = {"FROMDATE", "TODATE"}


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in a document: a field, a group of fields, or a list of groups (`item` names each)."""

    tag: str
    optional: bool
    members: tuple[Slot, ...] = ()
    item: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """One service: what goes in and what comes out."""

    zh: str
    effect: bool
    request: tuple[Slot, ...]
    reply: tuple[Slot, ...]
    one_of: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contract:
    """The whole interface."""

    fields: Mapping[str, Mapping[str, Any]]
    head: tuple[Slot, ...]
    together: tuple[tuple[str, ...], ...]
    services: Mapping[str, Service]


@cache
def contract() -> Contract:
    raw = yaml.safe_load((Path(__file__).parent / "contract.yaml").read_text("utf-8"))
    parts = raw["parts"]

    def slots(text: str) -> tuple[Slot, ...]:
        found = _SLOT.findall(_PART.sub(lambda part: parts[part[1]], text))
        return tuple(
            Slot(tag, bool(mark), slots(listed or grouped), item) for tag, mark, item, listed, grouped in found
        )

    services = {
        code: Service(
            entry["zh"],
            bool(entry.get("effect")),
            slots(entry["in"]),
            slots(entry["out"]),
            tuple(entry.get("one_of", ())),
        )
        for code, entry in raw["services"].items()
    }
    return Contract(raw["fields"], slots(raw["head"]), tuple(map(tuple, raw["together"])), services)


def request_breaches(service: Service, head: Body, body: Body) -> tuple[str, ...]:
    """What a request breaks, by tag and rule and never with a value."""
    found = [*_record(contract().head, head), *_record(service.request, body), *_choices(service, body)]
    return tuple(dict.fromkeys(found))


def reply_breaches(service: Service, body: Body) -> tuple[str, ...]:
    """What a reply of the simulator itself breaks, for those who test it."""
    return tuple(dict.fromkeys(_record(service.reply, body)))


def _record(slots: tuple[Slot, ...], given: Body) -> Iterator[str]:
    known = {slot.tag: slot for slot in slots}
    yield from (f"{tag}: not a field of this place" for tag in given if tag not in known)
    for slot in slots:
        value = given.get(slot.tag)
        if value is None:
            if not slot.optional:
                yield f"{slot.tag}: missing"
        elif slot.item:
            yield from _list(slot, value)
        elif slot.members:
            yield from _record(slot.members, value) if isinstance(value, dict) else (f"{slot.tag}: no group",)
        else:
            yield from _value(slot.tag, value)
    yield from _identity(given)


def _list(slot: Slot, value: Any) -> Iterator[str]:
    records = value.get(slot.item) if isinstance(value, dict) and set(value) == {slot.item} else None
    if not records:
        yield f"{slot.tag}: not a list of {slot.item}"
        return
    for record in records if isinstance(records, list) else [records]:
        yield from _record(slot.members, record) if isinstance(record, dict) else (f"{slot.item}: no group",)


def _value(tag: str, value: Any) -> Iterator[str]:
    rule = contract().fields[tag]
    if not isinstance(value, str) or not value.strip():
        yield f"{tag}: empty, or not exactly one text"
    elif "codes" in rule and value not in rule["codes"]:
        yield f"{tag}: not one of its codes"
    elif "pattern" in rule and not re.fullmatch(rule["pattern"], value, re.ASCII):
        yield f"{tag}: not in its form"
    elif len(value) > rule.get("max", 1000) or len(value.encode("gb18030")) > rule.get("bytes", 4000):
        yield f"{tag}: too long"
    elif (tag == "SERIALNO" and not _is_time(value[:14], "%Y%m%d%H%M%S")) or (
        tag in _DATES and not _is_time(value, "%Y/%m/%d")
    ):
        yield f"{tag}: no such time"


def _identity(given: Body) -> Iterator[str]:
    for kind, number in (("IDTYPE", "IDNO"), ("AGENTIDTYPE", "AGENTIDNO")):
        form = _ID_FORMS.get(str(given.get(kind)), _ANY_ID)
        if kind in given and number in given and not re.fullmatch(form, str(given[number]), re.ASCII):
            yield f"{number}: not a number of the kind that {kind} says"


def _choices(service: Service, body: Body) -> Iterator[str]:
    if service.one_of and sum(tag in body for tag in service.one_of) != 1:
        yield f"{service.one_of[0]}: exactly one of {' '.join(service.one_of)}"
    for group in contract().together:
        if 0 < sum(tag in body for tag in group) < len(group):
            yield f"{group[0]}: {' '.join(group)} together or not at all"
    if "FROMDATE" in body and "TODATE" in body and not _within_a_year(str(body["FROMDATE"]), str(body["TODATE"])):
        yield "TODATE: before FROMDATE, or more than 12 months after it"


def _within_a_year(start: str, end: str) -> bool:
    try:
        (y1, m1, d1), (y2, m2, d2) = (tuple(map(int, text.split("/"))) for text in (start, end))
    except ValueError:
        return True  # said of the value itself
    return (y1, m1, d1) <= (y2, m2, d2) <= (y1 + 1, m1, d1)


def _is_time(text: str, form: str) -> bool:
    try:
        datetime.strptime(text, form)  # noqa: DTZ007 -- only whether such a time exists
    except ValueError:
        return False
    return True
