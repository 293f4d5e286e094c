"""The other end of a mapping: what a message may hold, read from an XSD, a JSON Schema or a record layout."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from hub.mapping.model import Kind, Names

_JSON_KINDS: dict[str, Kind] = {
    "string": "text",
    "integer": "integer",
    "number": "decimal",
    "boolean": "boolean",
    "object": "object",
    "array": "list",
}
_XSD_KINDS: dict[str, Kind] = {
    "boolean": "boolean",
    "decimal": "decimal",
    "double": "decimal",
    "float": "decimal",
    "integer": "integer",
    "date": "date",
    "dateTime": "datetime",
    "anyType": "any",
}
_DEEPEST = 30


@dataclass(frozen=True, slots=True)
class ContractNode:
    """One field of a message. `as_text`: the wire spells every value as text, so text fits any simple kind.

    The children of an object are its fields; a list has one child, its item.
    """

    name: str
    kind: Kind
    required: bool = False
    as_text: bool = False
    open: bool = False
    max_length: int | None = None
    max_bytes: int | None = None
    pattern: str | None = None
    enum: tuple[str, ...] = ()
    children: tuple[ContractNode, ...] = ()

    @property
    def item(self) -> ContractNode:
        """The item of a list; anything else is its own item."""
        return self.children[0] if self.kind == "list" and self.children else self

    def child(self, name: str) -> ContractNode | None:
        return next((child for child in self.children if child.name == name), None)

    def at(self, names: Names) -> ContractNode | None:
        """The node at a path, going through the items of lists; None if the contract has no such field."""
        node: ContractNode | None = self
        for name in names:
            if node is None or node.kind == "any":
                return node
            inner = node.item
            found = inner.child(name)
            node = ContractNode(name, "any") if found is None and inner.open else found
        return node

    def leaves(self, prefix: Names = ()) -> Iterator[Names]:
        """The path of every field that holds a value or a list of values."""
        for child in self.children:
            inner = child.item
            if inner.kind == "object" and inner.children:
                yield from inner.leaves((*prefix, child.name))
            else:
                yield (*prefix, child.name)

    def arrange(self, tree: Mapping[str, Any]) -> dict[str, Any]:
        """The tree with its fields in the contract's order, as an XML sequence demands; unknown fields come last."""
        ranks = {child.name: rank for rank, child in enumerate(self.item.children)}
        return {
            name: self._arranged(name, tree[name])
            for name in sorted(tree, key=lambda name: ranks.get(name, len(ranks)))
        }

    def _arranged(self, name: str, value: Any) -> Any:
        child = self.item.child(name)
        if child is None:
            return value
        if isinstance(value, list):
            return [child.arrange(entry) if isinstance(entry, Mapping) else entry for entry in value]
        return child.arrange(value) if isinstance(value, Mapping) else value


def from_layout(layout: Mapping[str, Any]) -> ContractNode:
    """Read a record layout: `{name, charset, length, fields: [{name, width, kind}]}`."""
    columns = [column for column in layout["fields"] if column.get("kind") != "filler"]
    fields = tuple(
        ContractNode(
            name=str(column["name"]),
            kind="integer" if column.get("kind") == "number" else "text",
            required=bool(column.get("required", False)),
            as_text=True,
            max_bytes=int(column["width"]),
        )
        for column in columns
    )
    return ContractNode(str(layout.get("name", "record")), "object", required=True, children=fields)


def from_json_schema(schema: Mapping[str, Any], name: str = "message") -> ContractNode:
    """Read a JSON Schema; `$ref` within the document, `allOf`, and the union of `anyOf` and `oneOf`."""
    return _json(name, schema, schema, required=True, depth=0)


def _json(name: str, schema: Any, document: Mapping[str, Any], *, required: bool, depth: int) -> ContractNode:
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return ContractNode(name, "any", required)
    flat = _flattened(schema, document, depth)
    types = flat.get("type", [])
    named = [kind for kind in ([types] if isinstance(types, str) else types) if kind != "null"]
    kind = _JSON_KINDS.get(named[0], "any") if len(named) == 1 else _guessed(flat, named)
    children: tuple[ContractNode, ...] = ()
    if kind == "object":
        wanted = set(flat.get("required", ()))
        children = tuple(
            _json(str(key), value, document, required=key in wanted, depth=depth + 1)
            for key, value in flat.get("properties", {}).items()
        )
    elif kind == "list":
        children = (_json(name, flat.get("items", {}), document, required=True, depth=depth + 1),)
    enum = [flat["const"]] if "const" in flat else flat.get("enum", ())
    return ContractNode(
        name=name,
        kind=kind,
        required=required,
        open=kind == "object" and not children and flat.get("additionalProperties", True) is not False,
        max_length=flat.get("maxLength"),
        pattern=flat.get("pattern"),
        enum=tuple(str(value) for value in enum if value is not None),
        children=children,
    )


def _guessed(flat: Mapping[str, Any], named: list[str]) -> Kind:
    if not named and "properties" in flat:
        return "object"
    if not named and "items" in flat:
        return "list"
    values = [flat["const"]] if "const" in flat else flat.get("enum", ())
    return "text" if values and not named and all(isinstance(value, str) for value in values) else "any"


def _flattened(schema: Mapping[str, Any], document: Mapping[str, Any], depth: int) -> dict[str, Any]:
    """One schema out of a schema and those that it refers to or is composed of."""
    merged = dict(schema)
    if depth > _DEEPEST:
        return merged
    parts = [(part, True) for part in schema.get("allOf", ())]
    if isinstance(schema.get("$ref"), str):
        parts.append((_referred(schema["$ref"], document), True))
    # What only one of several alternatives demands is not demanded of every message.
    parts += [(part, False) for key in ("anyOf", "oneOf") for part in schema.get(key, ())]
    for part, binding in parts:
        if not isinstance(part, Mapping):
            continue
        other = _flattened(part, document, depth + 1)
        merged["properties"] = {**other.get("properties", {}), **merged.get("properties", {})}
        if binding:
            merged["required"] = [*merged.get("required", ()), *other.get("required", ())]
        for key, value in other.items():
            if key not in {"properties", "required"} and (binding or key in {"type", "items"}):
                merged.setdefault(key, value)
    if not merged.get("properties"):
        merged.pop("properties", None)
    return merged


def _referred(pointer: str, document: Mapping[str, Any]) -> Any:
    place: Any = document
    for step in pointer.removeprefix("#").strip("/").split("/"):
        if step:
            place = place.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(place, Mapping) else None
    return place


def from_xsd(path: str | Path, element: str) -> ContractNode:
    """Read a global element of an XSD file on this machine; nothing is fetched from a network."""
    schema = _schema(str(path), Path(path).stat().st_mtime_ns)
    found = schema.elements.get(element)
    if found is None:
        found = next((node for node in schema.elements.values() if node.local_name == element), None)
    if found is None:
        raise KeyError(f"the schema has no global element {element!r}")
    return _xsd_element(found, required=True, depth=0)


@lru_cache(maxsize=8)
def _schema(path: str, _changed: int) -> Any:
    # One file holds every message of an interface, and parsing it takes a good part of a second.
    import xmlschema

    return xmlschema.XMLSchema(path, allow="local", defuse="always")


def _xsd_element(element: Any, *, required: bool, depth: int) -> ContractNode:
    node = _xsd_type(element.local_name, element.type, depth)
    if element.max_occurs is None or element.max_occurs > 1:
        return ContractNode(element.local_name, "list", required, children=(replace(node, required=True),))
    return replace(node, required=required)


def _xsd_type(name: str, declared: Any, depth: int) -> ContractNode:
    if depth > _DEEPEST or (declared.name is not None and declared.local_name == "anyType"):
        return ContractNode(name, "any")
    if declared.is_complex() and not declared.has_simple_content():
        found = tuple(_xsd_children(declared.content, required=True, depth=depth))
        return ContractNode(name, "object", open=not found, children=found)
    simple = declared.content if declared.is_complex() else declared
    enum = simple.enumeration or ()
    return ContractNode(
        name=name,
        kind=_xsd_kind(simple),
        as_text=True,
        max_length=simple.max_length,
        pattern=next((pattern.attrib.get("value") for pattern in simple.patterns or ()), None),
        enum=tuple(str(value) for value in enum),
    )


def _xsd_kind(simple: Any) -> Kind:
    base = simple
    while base is not None:
        name = base.local_name if base.name else None
        if name in _XSD_KINDS:
            return _XSD_KINDS[name]
        base = base.base_type
    return "text"


def _xsd_children(group: Any, *, required: bool, depth: int) -> Iterator[ContractNode]:
    # Of a choice, no single branch is demanded of every message.
    demanded = required and group.min_occurs > 0 and group.model != "choice"
    many = group.max_occurs is None or group.max_occurs > 1
    for particle in group:
        if getattr(particle, "model", None) is not None:
            yield from _xsd_children(particle, required=demanded, depth=depth)
        elif getattr(particle, "local_name", None) is not None and hasattr(particle, "type"):
            node = _xsd_element(particle, required=demanded and particle.min_occurs > 0, depth=depth + 1)
            repeats = many and node.kind != "list"
            yield ContractNode(node.name, "list", node.required, children=(node,)) if repeats else node
