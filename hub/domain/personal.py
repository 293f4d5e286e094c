"""Which values of applications, orders and answers are personal data, by the names of their fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pydantic import BaseModel

from hub.domain.address import designation
from hub.domain.mask import Kind

_KINDS: Mapping[str, Kind] = {
    "name": "name",
    "old_holder_name": "name",
    "holder": "name",
    "holder_name": "name",
    "former_holder": "name",
    "number": "document",
    "document": "document",
    "holder_document": "document",
    "mobile": "mobile",
    "address": "address",
    "full_address": "address",
    "location": "address",
    "locator_designator": "other",
    "new_position": "other",
    "bank": "other",
    "doubt": "other",
    "reason": "other",
    "birth_date": "other",
    "account_no": "document",
    "account_no_old": "document",
    "card_no": "document",
    "new_card_no": "document",
    "cust_no": "document",
    "ownership_proof_no": "document",
    "certificate_no": "document",
    "unit_no": "document",
    "bdcdyh": "document",
    "contract_no": "document",
}


def personal_values(value: object, name: str = "") -> Iterator[tuple[Kind, str]]:
    """Every text in a model, or in a form's dict, that must not be shown, with what kind of value it is."""
    match value:
        case BaseModel():
            for key, each in value:
                yield from personal_values(each, key)
        case Mapping():
            for key, each in value.items():
                yield from personal_values(each, str(key))
        case str() if name in _KINDS:
            yield from ((_KINDS[name], each) for each in _spelt(name, value))
        case str() | bytes():
            return
        case Iterable():
            for each in value:
                yield from personal_values(each, name)


def _spelt(name: str, value: str) -> Iterator[str]:
    """The value, and what interfaces make of it; one character that is no name says nothing and is all over a text."""
    parts = designation(value).values() if name == "locator_designator" else ()
    digits = (value.replace("-", ""),) if name == "birth_date" else ()
    yield from (each for each in (value, *parts, *digits) if len(each) > 1 or _KINDS[name] == "name")
