"""Rules of the contract that an XSD cannot say: alternatives, fields that go together, bytes, numbers, dates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from simulators.water.contract import contract

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulators.water.contract import Slot, Trade

_EIGHTEEN = {"0": re.compile(r"\d{17}[\dX]"), "9": re.compile(r"[0-9A-Z]{18}")}
_ID_PAIRS = (("ZJLX", "ZJHM"), ("JBRZJLX", "JBRZJHM"), ("ZDZJLX", "ZDZJHM"))
_DATES = {"KSRQ": "%Y%m%d", "JSRQ": "%Y%m%d", "JYRQ": "%Y%m%d", "JYSJ": "%Y-%m-%d %H:%M:%S"}


def rule_breaches(trade: Trade, head: Mapping[str, str], body: Mapping[str, Any]) -> tuple[str, ...]:
    """What is wrong, by the fields' pinyin tags and without their values."""
    found = [*_choices(trade, body), *_values({**head, **body}), *_business(body)]
    for records in (value for value in body.values() if isinstance(value, list)):
        for record in records:
            found += _values(record)
    return tuple(dict.fromkeys(found))


def missing(request: tuple[Slot, ...], head: Mapping[str, str], body: Mapping[str, Any]) -> tuple[str, ...]:
    """The required fields without a value; libxml2 would name only what else it would have taken."""
    wanted = [(slot, head) for slot in contract().head] + [(slot, body) for slot in request]
    return tuple(
        f"{slot.tag}: missing or empty" for slot, given in wanted if not slot.optional and not given.get(slot.tag)
    )


def _choices(trade: Trade, body: Mapping[str, Any]) -> Iterator[str]:
    if trade.one_of:
        met = sum(all(tag in body for tag in way) for way in trade.one_of)
        named = {tag for way in trade.one_of for tag in way}
        given = {tag for tag in named if tag in body}
        if met != 1 or not any(given == set(way) for way in trade.one_of):
            yield "exactly one of " + " | ".join("+".join(way) for way in trade.one_of)
    for group in trade.together:
        if 0 < sum(tag in body for tag in group) < len(group):
            yield "+".join(group) + ": together or not at all"


def _values(record: Mapping[str, Any]) -> Iterator[str]:
    for tag, value in record.items():
        limit = contract().fields[tag].rule.get("bytes") if tag in contract().fields else None
        if limit and len(str(value).encode("gb18030")) > limit:
            yield f"{tag}: longer than {limit} GBK bytes"
        if tag in _DATES and not _is_date(value, _DATES[tag]):
            yield f"{tag}: no such date"
    for kind, number in _ID_PAIRS:
        form = _EIGHTEEN.get(record.get(kind, ""))
        if form and number in record and not form.fullmatch(record[number]):
            yield f"{number}: not 18 characters of the kind that {kind} says"


def _business(body: Mapping[str, Any]) -> Iterator[str]:
    if body.get("JSRQ", "99999999") < body.get("KSRQ", ""):
        yield "JSRQ: before KSRQ"
    if body.get("YWLX") == "06" and not {"BGYHMC", "BGLXDH", "BGDZ"} & set(body):
        yield "BGYHMC BGLXDH BGDZ: at least one"
    if int(body.get("XH", 0)) > int(body.get("ZS", 0)):
        yield "XH: more than ZS"
    files = [(file["FJLX"], file.get("FJXH", "1")) for file in body.get("FJLIST", ())]
    if len(files) != len(set(files)):
        yield "FJLIST: the same FJLX and FJXH twice"


def _is_date(text: str, form: str) -> bool:
    try:
        datetime.strptime(text, form)  # noqa: DTZ007 -- only whether such a day exists
    except ValueError:
        return False
    return True
