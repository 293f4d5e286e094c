"""The contract as the Markdown tables of the README: `python -m simulators.water.tables` prints them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from simulators.water.contract import Field, Slot, contract

if TYPE_CHECKING:
    from collections.abc import Iterator


def tables() -> str:
    return "\n".join([*_trades(), "", *_kinds(), "", *_fields()])


def _trades() -> Iterator[str]:
    yield "| trade | name | dialect | request body | reply body |"
    yield "|---|---|---|---|---|"
    for code, trade in contract().trades.items():
        common = trade.requests[""] if "" in trade.requests else _common()
        for dialect in "AB":
            title = f"{code} | {trade.zh}" if dialect == "A" else " | "
            yield f"| {title} | {dialect} | {_list(common, dialect)} | {_list(trade.reply, dialect)} |"


def _common() -> tuple[Slot, ...]:
    kinds = contract().trades["3001"].requests.values()
    shared = set.intersection(*({slot.tag for slot in request} for request in kinds))
    transfer = contract().trades["3001"].requests["01"]
    return tuple(slot for slot in transfer if slot.tag in shared)


def _kinds() -> Iterator[str]:
    yield "| YWLX | name | dialect | 3001 body besides the common fields |"
    yield "|---|---|---|---|"
    codes = contract().fields["YWLX"].rule["codes"]
    shared = _common()
    for kind, request in contract().trades["3001"].requests.items():
        own = tuple(slot for slot in request if slot not in shared)
        for dialect in "AB":
            title = f"{kind} | {codes[kind]}" if dialect == "A" else " | "
            yield f"| {title} | {dialect} | {_list(own, dialect)} |"


def _list(members: tuple[Slot, ...], dialect: str) -> str:
    english, lists = contract().english(), contract().lists
    words = []
    for slot in members:
        word = slot.tag if dialect == "A" else english[slot.tag]
        word += "?" if slot.optional else ""
        if slot.members:
            item = lists[slot.tag]["item" if dialect == "A" else "item_en"]
            word += f" [{item}: {_list(slot.members, dialect)}]"
        words.append(word)
    return " ".join(words) or "-"


def _fields() -> Iterator[str]:
    yield "| A | B | label | format | note |"
    yield "|---|---|---|---|---|"
    for field in contract().fields.values():
        note = str(field.rule.get("note", "")).replace("|", "\\|")
        yield f"| {field.tag} | {field.en} | {field.zh} | {_format(field)} | {note} |"


def _format(field: Field) -> str:
    rule = field.rule
    if "codes" in rule:
        return ", ".join(f"`{code}` {label}" for code, label in rule["codes"].items())
    if "pattern" in rule:
        return f"`{rule['pattern']}`".replace("|", "\\|")
    if "money" in rule:
        return "yuan `12.50`"
    if "time" in rule:
        return "`yyyy-MM-dd HH:mm:ss`"
    if "base64" in rule:
        return "base64"
    return f"text, {rule['bytes']} GBK bytes" if "bytes" in rule else f"text, {rule['max']} characters"


if __name__ == "__main__":
    sys.stdout.write(tables() + "\n")
