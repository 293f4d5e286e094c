"""Checks inside the catalogue: every reference resolves, and every form field is one that an order can carry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hub.config.load import Configuration
from hub.domain.application import Application
from hub.domain.catalogue import Bundle, Dependency, FieldRef, FormField, ServiceItem
from hub.domain.fields import ANNOTATIONS, annotation
from hub.domain.form import OrderForm
from hub.errors import Fault


def check_catalogue(configuration: Configuration) -> Iterator[Fault]:
    """The faults of items, forms, materials and bundles."""
    yield from _counts(configuration)
    yield from _forms(configuration)
    yield from _materials(configuration)
    for item in configuration.catalogue.by_code.values():
        yield from _item(configuration, item)
    yield from _bundles(configuration)


def _counts(configuration: Configuration) -> Iterator[Fault]:
    catalogue = configuration.catalogue
    if len(catalogue.items) != catalogue.count:
        text = f"count says {catalogue.count}, but there are {len(catalogue.items)} items"
        yield configuration.fault("file", "catalogue.yaml", text, "count", rule="COUNT")
    for field in catalogue.fields:
        found = sum(item.field == field.id for item in catalogue.items)
        if found != field.items:
            text = f"the field says {field.items} items, but has {found}"
            yield configuration.fault("service_field", field.id, text, "items", rule="COUNT")


def _forms(configuration: Configuration) -> Iterator[Fault]:
    catalogue = configuration.catalogue
    for field in catalogue.form_fields:
        yield from _form_field(configuration, field)
    for key in sorted(OrderForm.model_fields.keys() - catalogue.by_field.keys()):
        text = f"no form field {key!r}, though an order can carry it"
        yield configuration.fault("file", "forms.yaml", text, "fields", rule="FIELD")
    for field in catalogue.common:
        if (field.path or "").partition(".")[0] not in Application.model_fields:
            text = f"{field.path!r} is no place in an application"
            yield configuration.fault("common_field", field.key, text, "path", rule="FIELD")


def _form_field(configuration: Configuration, field: FormField) -> Iterator[Fault]:
    def fault(message: str, *path: str) -> Fault:
        return configuration.fault("form_field", field.key, message, *path, rule="FIELD")

    if field.key not in OrderForm.model_fields:
        yield fault("an order cannot carry this field", "key")
    elif ANNOTATIONS.get(field.type) != annotation(field.key):
        yield fault(f"an order carries this field as another type than {field.type!r}", "type")
    if field.type in {"code", "code_list"} and field.table is None:
        yield fault("a code needs a table", "type")
    if field.type == "enum" and not field.values:
        yield fault("an enum needs values", "type")
    if field.table is not None and field.table not in configuration.catalogue.by_table:
        yield fault(f"no code table {field.table!r}", "table")


def _materials(configuration: Configuration) -> Iterator[Fault]:
    for material in configuration.catalogue.materials:
        if material.form_field is not None and material.form_field not in configuration.catalogue.by_field:
            text = f"no form field {material.form_field!r}"
            yield configuration.fault("material", material.id, text, "form_field", rule="REFERENCE")


def _item(configuration: Configuration, item: ServiceItem) -> Iterator[Fault]:
    found = (*_item_field(configuration, item), *_item_materials(configuration, item), *_item_form(configuration, item))
    for message, *path in found:
        yield configuration.fault("item", item.code, message, *path, rule="REFERENCE")


def _item_field(configuration: Configuration, item: ServiceItem) -> Iterator[tuple[Any, ...]]:
    field = next((each for each in configuration.catalogue.fields if each.id == item.field), None)
    if field is None:
        yield f"no field {item.field!r}", "field"
    elif item.code.split("-")[1] != field.prefix:
        yield f"codes of {item.field} begin with JX6-{field.prefix}-", "code"


def _item_materials(configuration: Configuration, item: ServiceItem) -> Iterator[tuple[Any, ...]]:
    known = configuration.catalogue.by_material
    for index, rule in enumerate(item.materials):
        for material in rule.any_of:
            if material not in known:
                yield f"no material {material!r}", "materials", index
            elif (typed := known[material].form_field) and typed not in item.field_keys:
                yield f"{material} is typed in as {typed!r}, which the item does not ask for", "materials", index


def _item_form(configuration: Configuration, item: ServiceItem) -> Iterator[tuple[Any, ...]]:
    for index, ref in enumerate(item.form_fields):
        for message in _ref(configuration, item, ref):
            yield message, "form_fields", index
    if len(item.field_keys) < len(item.form_fields):
        yield "a form field is named twice", "form_fields"
    if item.variant_by is not None:
        for message in _condition(configuration, item, item.variant_by.field, tuple(item.variant_by.values)):
            yield message, "variant_by"


def _ref(configuration: Configuration, item: ServiceItem, ref: FieldRef) -> Iterator[str]:
    catalogue = configuration.catalogue
    field = catalogue.by_field.get(ref.ref)
    if field is None:
        yield f"no form field {ref.ref!r}"
        return
    if field.table is not None and field.table not in catalogue.by_table:
        return  # said of the form field already
    known = catalogue.allowed(FieldRef(ref=ref.ref))
    for value in ref.values:
        if value not in known:
            yield f"{ref.ref!r} has no code {value!r}"
    if ref.check and field.type != "string":
        yield f"{ref.ref!r} is no text that could be checked as {ref.check}"
    for other, values in ref.required_when.items():
        yield from _condition(configuration, item, other, values)


def _condition(configuration: Configuration, item: ServiceItem, key: str, values: tuple[str, ...]) -> Iterator[str]:
    ref = next((each for each in item.form_fields if each.ref == key), None)
    if ref is None or key not in configuration.catalogue.by_field:
        yield f"depends on {key!r}, which the item does not ask for"
        return
    allowed = configuration.catalogue.allowed(ref)
    for value in values:
        if value not in allowed:
            yield f"{key!r} cannot be {value!r} here"


def _bundles(configuration: Configuration) -> Iterator[Fault]:
    for bundle in configuration.bundles:
        for message, *path in (*_parts(configuration, bundle), *_dependencies(configuration, bundle)):
            yield configuration.fault("bundle", bundle.id, message, *path, rule="REFERENCE")


def _parts(configuration: Configuration, bundle: Bundle) -> Iterator[tuple[Any, ...]]:
    known = configuration.catalogue.by_code
    if bundle.lead and bundle.lead not in known:
        yield f"no item {bundle.lead!r}", "lead"
    for name in ("members", "optional"):
        for index, code in enumerate(getattr(bundle, name)):
            if code not in known:
                yield f"no item {code!r}", name, index


def _dependencies(configuration: Configuration, bundle: Bundle) -> Iterator[tuple[Any, ...]]:
    known = configuration.catalogue.by_code
    for index, dependency in enumerate(bundle.dependencies):
        for code in {dependency.item, dependency.after} - set(bundle.codes):
            yield f"{code!r} is not in the bundle", "dependencies", index
        for message in _early(dependency, bundle, known.get(dependency.item)):
            yield message, "dependencies", index
    if _circular({(each.item, each.after) for each in bundle.dependencies}):
        yield "the dependencies go in a circle", "dependencies"


def _early(dependency: Dependency, bundle: Bundle, item: ServiceItem | None) -> Iterator[str]:
    """What is wrong with committing an item before what it waits for: it could not be taken back."""
    if dependency.commit != "early":
        return
    if item is not None and not item.undoable:
        yield f"{item.code} cannot be undone, so it is not committed early"
    if any(each.after == dependency.item for each in bundle.dependencies):
        yield f"others wait for {dependency.item}, so it is not committed early"


def _circular(edges: set[tuple[str, str]]) -> bool:
    while edges:
        waiting = {item for item, _ in edges}
        rest = {(item, after) for item, after in edges if after in waiting}
        if rest == edges:
            return True
        edges = rest
    return False
