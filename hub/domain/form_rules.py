"""The form of an application against what each of its items asks: present, known, of the right type and code."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import ValidationError

from hub.domain.address import Divisions
from hub.domain.application import Application
from hub.domain.catalogue import Catalogue, FieldRef, ServiceItem
from hub.domain.form import ContactChange, OrderForm
from hub.domain.identifiers import (
    IdentifierFault,
    check_bus_card,
    check_document,
    check_estate_certificate,
    check_estate_unit,
    check_name,
    check_phone,
)
from hub.domain.owners import check_holder, check_shares, designated_beside_owners
from hub.domain.party import PartyRef
from hub.domain.taxonomy import ErrorCode
from hub.errors import Fault

_PLAIN = re.compile(r"[a-z_]{1,40}")
IDENTIFIER_CHECKS: dict[str, Callable[[str], str]] = {
    "bus_card": check_bus_card,
    "estate_certificate": check_estate_certificate,
    "estate_unit": check_estate_unit,
}


def check_forms(application: Application, catalogue: Catalogue, divisions: Divisions, today: date) -> Iterator[Fault]:
    """The faults of the shared form and of each item's own."""
    items = [catalogue.by_code.get(request.code) for request in application.items]
    rules = _Rules(catalogue, divisions, today)
    yield from _strangers(application, items)
    yield from _shared_own(application, catalogue, items)
    for index, item in enumerate(items):
        if item is None:
            continue
        form = item_form(application, index, item)
        for ref in item.form_fields:
            where = _place(application, index, ref.ref)
            if ref.ref in form:
                yield from rules.value(ref, form[ref.ref], where)
            elif _wanted(ref, form):
                yield Fault(f"items[{index}].form.{ref.ref}", ErrorCode.VAL_REQUIRED.value, "this field is required")
        yield from _dates(application, index, form)
        yield from check_holder(application, index, item, form, today)


def item_form(application: Application, index: int, item: ServiceItem) -> dict[str, Any]:
    """What the item asks for and nothing else: its own fields before the shared ones.

    A holder named beside the new owners is the holder of every account that moves with them.
    """
    merged = {"designated_holder": designated_beside_owners(application)}
    merged |= {**application.form, **application.items[index].form}
    return {key: value for key, value in merged.items() if key in item.field_keys and value is not None}


def _place(application: Application, index: int, key: str) -> str:
    return f"items[{index}].form.{key}" if key in application.items[index].form else f"form.{key}"


def _wanted(ref: FieldRef, form: Mapping[str, Any]) -> bool:
    return ref.required or any(form.get(other) in values for other, values in ref.required_when.items())


def _strangers(application: Application, items: list[ServiceItem | None]) -> Iterator[Fault]:
    named = {key for item in items if item for key in item.field_keys}
    for key in application.form:
        # With an unknown item nobody can say which fields it would take.
        if key not in named and None not in items:
            yield Fault(
                f"form.{_safe(key)}", ErrorCode.VAL_FORMAT.value, "no item of the application asks for this field"
            )
    for index, item in enumerate(items):
        for key in application.items[index].form:
            if item is not None and key not in item.field_keys:
                text = f"{item.code} does not ask for this field"
                yield Fault(f"items[{index}].form.{_safe(key)}", ErrorCode.VAL_FORMAT.value, text)


def _shared_own(application: Application, catalogue: Catalogue, items: list[ServiceItem | None]) -> Iterator[Fault]:
    """One account number cannot be meant for two utilities."""
    for key in application.form:
        field = catalogue.by_field.get(key)
        takers = [
            index
            for index, item in enumerate(items)
            if item and key in item.field_keys and key not in application.items[index].form
        ]
        if field is not None and field.own and len(takers) > 1:
            text = "several items ask for this field; give each its own, in the item's form"
            yield Fault(f"form.{key}", ErrorCode.VAL_FORMAT.value, text)


@dataclass(frozen=True, slots=True)
class _Rules:
    """What values are held against."""

    catalogue: Catalogue
    divisions: Divisions
    today: date

    def value(self, ref: FieldRef, value: Any, where: str) -> Iterator[Fault]:
        try:
            typed = getattr(OrderForm.model_validate({ref.ref: value}), ref.ref)
        except ValidationError as error:
            for each in error.errors(include_input=False, include_url=False, include_context=False):
                yield Fault(_path(where, each["loc"][1:]), ErrorCode.VAL_FORMAT.value, each["msg"])
            return
        codes = self.catalogue.allowed(ref)
        if codes and any(one not in codes for one in (typed if isinstance(typed, tuple) else (typed,))):
            yield Fault(where, ErrorCode.VAL_CODE.value, f"must be one of {', '.join(codes)}")
        yield from self._content(ref, typed, where)

    def _content(self, ref: FieldRef, typed: Any, where: str) -> Iterator[Fault]:
        kind = self.catalogue.by_field[ref.ref].type
        if kind == "party_ref":
            yield from self._named(typed, where)
        elif kind in {"party_list", "owner_list"}:
            for index, member in enumerate(typed):
                yield from self._named(member, f"{where}[{index}]")
                yield from self._phone(getattr(member, "mobile", None), f"{where}[{index}].mobile")
            if kind == "owner_list":
                yield from check_shares(typed, where, self.today)
        elif kind == "contact_change":
            yield from self._change(typed, where)
        elif kind == "division" and typed not in self.divisions.by_code:
            yield Fault(where, ErrorCode.VAL_CODE.value, "no such division in this city")
        elif kind == "address" and typed.division_code not in self.divisions.by_code:
            yield Fault(f"{where}.division_code", ErrorCode.VAL_CODE.value, "no such town or street in this city")
        if ref.check is not None:
            try:
                IDENTIFIER_CHECKS[ref.check](typed)
            except IdentifierFault as fault:
                yield fault.at(where)

    def _change(self, change: ContactChange, where: str) -> Iterator[Fault]:
        if change == ContactChange():
            yield Fault(where, ErrorCode.VAL_REQUIRED.value, "at least one changed item is needed")
        yield from self._phone(change.mobile, f"{where}.mobile")

    def _phone(self, number: str | None, where: str) -> Iterator[Fault]:
        if number is not None:
            try:
                check_phone(number)
            except IdentifierFault as fault:
                yield fault.at(where)

    def _named(self, party: PartyRef, where: str) -> Iterator[Fault]:
        try:
            check_name(party.name)
        except IdentifierFault as fault:
            yield fault.at(f"{where}.name")
        try:
            check_document(party.document.type, party.document.number, today=self.today)
        except IdentifierFault as fault:
            yield fault.at(f"{where}.document.number")


def _dates(application: Application, index: int, form: Mapping[str, Any]) -> Iterator[Fault]:
    given = {key: form[key] for key in ("start_date", "end_date") if key in form}
    try:
        typed = OrderForm.model_validate(given)
    except ValidationError:
        return  # said of the value already
    if typed.start_date and typed.end_date and typed.end_date < typed.start_date:
        where = _place(application, index, "end_date")
        yield Fault(where, ErrorCode.VAL_FORMAT.value, "it lies before start_date")


def _path(where: str, loc: tuple[int | str, ...]) -> str:
    for part in loc:
        where += f"[{part}]" if isinstance(part, int) else f".{_safe(part)}"
    return where


def _safe(key: str) -> str:
    """A key as the caller wrote it may be anything, a name even: only plain field names are repeated."""
    return key if _PLAIN.fullmatch(key) else "?"
