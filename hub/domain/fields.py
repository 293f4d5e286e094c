"""The types of form fields: what each is in an order, and how it is shown in a JSON Schema."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from hub.domain.address import Address
from hub.domain.catalogue import Catalogue, FieldRef, FormField
from hub.domain.form import BankAccount, ContactChange, OrderForm, Owner, Terminal
from hub.domain.party import PartyRef

ANNOTATIONS: dict[str, Any] = {
    "address": Address,
    "attachment_ref": str,
    "bank_account": BankAccount,
    "boolean": bool,
    "code": str,
    "code_list": tuple[str, ...],
    "contact_change": ContactChange,
    "date": date,
    "datetime": datetime,
    "decimal": Decimal,
    "division": str,
    "enum": str,
    "integer": int,
    "money": int,
    "month": str,
    "owner_list": tuple[Owner, ...],
    "party_list": tuple[PartyRef, ...],
    "party_ref": PartyRef,
    "site": str,
    "slot": str,
    "string": str,
    "string_list": tuple[str, ...],
    "terminal_list": tuple[Terminal, ...],
    "text": str,
}


def annotation(key: str) -> Any:
    """The type of a field in an order, without "or absent"."""
    given = OrderForm.model_fields[key].annotation
    if get_origin(given) in {Union, UnionType}:
        kinds = [each for each in get_args(given) if each is not NoneType]
        return kinds[0] if len(kinds) == 1 else given
    return given


def definitions() -> dict[str, Any]:
    """The `$defs` that field schemas refer to."""
    return dict(_order_schema().get("$defs", {}))


def field_schema(field: FormField, ref: FieldRef, catalogue: Catalogue) -> dict[str, Any]:
    """JSON Schema of one field as one item asks for it, with labels in both languages."""
    given = _order_schema()["properties"][field.key]
    kinds = [each for each in given.get("anyOf", ()) if each.get("type") != "null"]
    schema = dict(kinds[0]) if len(kinds) == 1 else {"anyOf": kinds}
    codes = catalogue.allowed(ref)
    if codes:
        listed = {"enum": list(codes), "x-labels-zh": {code: catalogue.label(field.key, code) for code in codes}}
        schema = (
            {**schema, "items": {"type": "string", **listed}} if field.type == "code_list" else {**schema, **listed}
        )
    labels = {"title": field.label_zh, "x-title-en": field.label_en, "x-type": field.type, "x-class": field.data_class}
    return {**schema, **labels}


@cache
def _order_schema() -> dict[str, Any]:
    return OrderForm.model_json_schema()
