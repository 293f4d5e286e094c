"""An XML contract pinned as an XSD: a request is put into its order and held against it before it goes out."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources.abc import Traversable
from typing import Any

from hub.errors import EncodeError
from hub.wire import xml

_ELEMENT = "{http://www.w3.org/2001/XMLSchema}element"


class XmlContract:
    """The requests of one interface: every field as a global element in the order of writing, one for each message."""

    def __init__(self, source: Traversable) -> None:
        declared = xml.parse(source.read_bytes()).iterchildren(_ELEMENT)
        self._order = tuple(str(element.get("name")) for element in declared)
        self._schema = xml.Schema(source)

    def write(self, message: str, tree: Mapping[str, Any], root: str) -> xml.Element:
        """Make the document of a message, named `root` on the wire. Raises EncodeError with path and rule."""
        document = xml.from_tree(message, tree, self._order)
        for fault in self._schema.check(document):
            place, _, rule = fault.partition(": ")
            raise EncodeError(dotted(place), rule)
        document.tag = root
        return document


def dotted(place: str) -> str:
    """`BS3004/BODY/CUSTNO` as a field's path, `BODY.CUSTNO`."""
    return place.partition("/")[2].replace("/", ".") or place
