"""The contract as the Markdown tables of the README: `python -m simulators.catv.tables` prints them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from simulators.catv.contract import Slot, contract

if TYPE_CHECKING:
    from collections.abc import Iterator


def tables() -> str:
    return "\n".join([*_services(), "", *_fields()])


def _services() -> Iterator[str]:
    yield "| service | name | BODY of the request | BODY of the reply |"
    yield "|---|---|---|---|"
    for code, service in contract().services.items():
        one_of = f" (exactly one of {' '.join(service.one_of)})" if service.one_of else ""
        mark = " *" if service.effect else ""
        yield f"| {code}{mark} | {service.zh} | {_list(service.request)}{one_of} | {_list(service.reply)} |"


def _list(slots: tuple[Slot, ...]) -> str:
    return " ".join(_word(slot) for slot in slots) or "-"


def _word(slot: Slot) -> str:
    word = slot.tag + ("?" if slot.optional else "")
    if slot.item:
        return f"{word} [{slot.item}: {_list(slot.members)}]"
    return f"{word} {{{_list(slot.members)}}}" if slot.members else word


def _fields() -> Iterator[str]:
    yield "| field | label | form | note |"
    yield "|---|---|---|---|"
    for tag, rule in contract().fields.items():
        yield f"| {tag} | {rule['zh']} | {_form(dict(rule))} | {rule.get('note', '')} |".replace(" |  |", " | |")


def _form(rule: dict[str, object]) -> str:
    if isinstance(codes := rule.get("codes"), list):
        return " ".join(f"`{code}`" for code in codes)
    if "pattern" in rule:
        return f"`{rule['pattern']}`".replace("|", "\\|")
    return f"text, {rule['bytes']} bytes of GB18030" if "bytes" in rule else f"text, {rule['max']} characters"


if __name__ == "__main__":
    sys.stdout.write(tables() + "\n")
