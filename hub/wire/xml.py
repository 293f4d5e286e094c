"""XML without its dangers: no DTD, no entities, no network, the charset decided by us, errors without content."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, cast

from lxml import etree

from hub.errors import ConfigError, DecodeError, EncodeError, Fault
from hub.wire import charsets

Element = etree._Element  # noqa: SLF001 -- lxml has no public name for its element type
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"

_DECLARATION = re.compile(r"\s*<\?xml(?:\s[^>]*?)?\?>")
_DECLARED = re.compile(rb"""^[\s\xef\xbb\xbf]*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_PROLOGUE = re.compile(r"(?:\s+|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)


def parse(data: bytes | str, charset: str | None = None) -> Element:
    """Parse one document. `charset` is what the transport said; the declaration inside is the second witness.

    A document with a DOCTYPE is refused before any of it is parsed.
    """
    text = data.removeprefix("\ufeff") if isinstance(data, str) else _decode(data, charset)
    # lxml refuses text that declares a charset, and would believe a wrong one in bytes.
    declaration = _DECLARATION.match(text)
    text = text[declaration.end() :] if declaration else text
    prologue = _PROLOGUE.match(text)
    if prologue and text.startswith("<!DOCTYPE", prologue.end()):
        raise DecodeError("xml", "a document type declaration is not allowed")
    try:
        # Named, so that lxml does not sniff: it would read UTF-16 hidden in UTF-8, past the check above.
        return etree.fromstring(charsets.encode(text, "utf-8", "xml"), _parser("utf-8"))
    except etree.XMLSyntaxError as error:
        line, column = error.position
    raise DecodeError("xml", f"not well-formed at line {line}, column {column}")


def to_tree(element: Element, lists: Collection[str] = ()) -> dict[str, Any]:
    """Turn the children of an element into a nested dict, namespaces and attributes left out.

    A repeated child becomes a list, and one named in `lists` always does; an empty one is "", a missing one is
    absent, and so is one marked xsi:nil.
    """
    value = _value(element, lists, _name(element))
    if isinstance(value, dict):
        return value
    if value.strip():
        raise DecodeError(_name(element), "text stands where elements are expected")
    return {}


def from_tree(name: str, tree: Mapping[str, Any] | str | int, order: Sequence[str] = ()) -> Element:
    """Build an element from a nested dict. Children named in `order` come in that order, the rest as given."""
    ranks = {child: rank for rank, child in enumerate(order)}
    return _build(name, tree, ranks, name)


def to_bytes(element: Element, charset: str = "utf-8", *, declaration: bool = True) -> bytes:
    """Write an element in real bytes of the charset; a character it lacks is an error, not a reference."""
    text = etree.tostring(element, encoding="unicode", with_tail=False)
    head = f'<?xml version="1.0" encoding="{charset}"?>' if declaration else ""
    try:
        return charsets.encode(head + text, charset, _name(element))
    except EncodeError:
        for node in element.iter():
            charsets.encode(node.text or "", charset, path_of(node, element))
        raise


def path_of(node: Element, root: Element) -> str:
    """Name the way from `root` down to `node`."""
    names = [_name(node)]
    while node is not root:
        node = cast("Element", node.getparent())
        names.append(_name(node))
    return "/".join(reversed(names))


class Schema:
    """An XML Schema, from a local file or already parsed. Its verdicts name element and rule, never a value."""

    def __init__(self, source: Path | Traversable | Element) -> None:
        try:
            document = source if isinstance(source, Element) else etree.parse(str(source), _parser())
            self._schema = etree.XMLSchema(document)
        except (OSError, etree.LxmlError) as error:
            where = "schema" if isinstance(source, Element) else str(source)
            raise ConfigError(Fault(where, "xsd-invalid", f"is not a usable schema: {error}")) from error

    def check(self, element: Element) -> list[str]:
        """List what breaks the schema as `path: rule`; empty if nothing does. The first fault of a place counts."""
        if self._schema.validate(element):
            return []
        faults: dict[str, str] = {}
        entries: Iterable[Any] = self._schema.error_log  # type: ignore[assignment] # the stubs forgot __iter__
        for entry in entries:
            rule = entry.type_name.removeprefix("SCHEMAV_").removeprefix("CVC_").lower()
            faults.setdefault(_place(element, entry.path or ""), rule)
        return [f"{place}: breaks the rule {rule}" for place, rule in faults.items()]


def _parser(encoding: str | None = None) -> etree.XMLParser:
    # A parser holds state, so each document gets its own; making one costs microseconds.
    return etree.XMLParser(
        encoding=encoding,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def _decode(data: bytes, charset: str | None) -> str:
    declared = _DECLARED.match(data[:400])
    return charsets.decode_first(data, (charset, declared[1].decode("ascii") if declared else None), "xml")


def _name(element: Element) -> str:
    return etree.QName(element).localname


def _value(element: Element, lists: Collection[str], path: str) -> dict[str, Any] | str:
    if len(element) == 0:
        return element.text or ""
    tree: dict[str, Any] = {}
    for child in element:
        if (element.text or "").strip() or (child.tail or "").strip():
            raise DecodeError(path, "text and elements are mixed")
        if child.get(NIL) in {"true", "1"}:
            continue
        name = _name(child)
        add(tree, name, _value(child, lists, f"{path}/{name}"), many=name in lists)
    return tree


def add(tree: dict[str, Any], name: str, value: Any, *, many: bool) -> None:
    if name not in tree:
        tree[name] = [value] if many else value
    elif isinstance(tree[name], list):
        tree[name].append(value)
    else:
        tree[name] = [tree[name], value]


def _build(name: str, value: Any, ranks: Mapping[str, int], path: str) -> Element:
    element = _leaf(name, value, path)
    if isinstance(value, Mapping):
        for key in sorted(value, key=lambda key: ranks.get(key, len(ranks))):
            items = value[key] if isinstance(value[key], list | tuple) else [value[key]]
            element.extend([_build(key, item, ranks, f"{path}/{key}") for item in items])
    return element


def _leaf(name: str, value: Any, path: str) -> Element:
    if isinstance(value, bool) or not isinstance(value, str | int | Mapping):
        raise EncodeError(path, f"a {type(value).__name__} has no XML form")
    try:
        element = etree.Element(name)
        element.text = None if isinstance(value, Mapping) else str(value)
    except ValueError:
        raise EncodeError(path, "a character or name cannot stand in XML") from None
    return element


def _place(root: Element, path: str) -> str:
    """Spell lxml's `/*/*[2]`, which begins at the checked element, with names, which people find in the contract."""
    prefixes = {prefix: uri for node in root.iter() for prefix, uri in node.nsmap.items() if prefix}
    below = path.split("/")[2:]
    try:
        found = cast("list[Element]", root.xpath("/".join([".", *below]), namespaces=prefixes or None))[0]
    except (etree.XPathError, LookupError):
        return path or _name(root)
    return path_of(found, root)
