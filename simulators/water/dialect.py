"""The two dialects: A says gb2312 and is GBK, has pinyin tags, an MD5 sign; B is UTF-8, English, answers JSON."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lxml import etree

from simulators.water.contract import contract, names

if TYPE_CHECKING:
    from collections.abc import Mapping

Body = dict[str, Any]
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_TAG = re.compile(r"[A-Z][A-Z0-9]+")
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


@dataclass(frozen=True, slots=True)
class Dialect:
    """One way of writing the same trades."""

    name: str
    path: str
    charset: str  # as declared
    codec: str  # as it really is

    def sign(self, trade: str, xml: str, key: str) -> str:
        if self.name == "A":
            return hashlib.md5((trade + xml + key).encode("gbk", "replace")).hexdigest().upper()
        return hmac.new(key.encode(), (trade + xml).encode(), hashlib.sha256).hexdigest()

    def stored(self, text: str) -> str:
        """Text as the company's database can hold it: what its charset lacks becomes a question mark."""
        return text.encode(self.codec, "replace").decode(self.codec)

    def called(self, text: str) -> str:
        """A text about fields, with the names that this dialect has for them."""
        tags = names(self.name).tags
        return _TAG.sub(lambda found: tags.get(found[0], found[0]), text)

    def parse(self, xml: str) -> etree._Element:
        if "<!DOCTYPE" in xml:
            raise ValueError("a document type is not accepted")
        return etree.fromstring(_DECLARATION.sub("", self.stored(xml)), _PARSER)

    def read(self, part: etree._Element | None) -> Body:
        """A record by pinyin tags; an empty element counts as not given."""
        if part is None:
            return {}
        pinyin = {called: tag for tag, called in names(self.name).tags.items()}
        found: Body = {}
        for child in part.iterchildren("*"):
            tag = pinyin.get(str(child.tag), str(child.tag))
            if tag in contract().lists:
                found[tag] = [self.read(item) for item in child.iterchildren("*")]
            elif child.text:
                found[tag] = child.text
        return found

    def write(self, head: Mapping[str, str], body: Body) -> str:
        return self._xml(head, body) if self.name == "A" else self._json(head, body)

    def _xml(self, head: Mapping[str, str], body: Body) -> str:
        root = etree.Element("ROOT")
        _fill(etree.SubElement(root, "HEAD"), head)
        _fill(etree.SubElement(root, "BODY"), body)
        return f'<?xml version="1.0" encoding="{self.charset}"?>' + etree.tostring(root, encoding="unicode")

    def _json(self, head: Mapping[str, str], body: Body) -> str:
        called = contract().english()
        header = {called[tag]: text for tag, text in head.items() if tag not in {"RetCode", "RetMsg"}}
        answer = {"result": head["RetCode"], "message": head["RetMsg"], "header": header}
        return json.dumps({**answer, "data": _renamed(body, called)}, ensure_ascii=False)


DIALECTS = {
    dialect.path: dialect
    for dialect in (
        Dialect("A", "/YYService/Business.asmx", "gb2312", "gbk"),
        Dialect("B", "/YYServiceB/Business.asmx", "utf-8", "utf-8"),
    )
}


def _fill(parent: etree._Element, values: Mapping[str, Any]) -> None:
    for tag, value in values.items():
        child = etree.SubElement(parent, tag)
        if isinstance(value, list):
            for item in value:
                _fill(etree.SubElement(child, contract().lists[tag]["item"]), item)
        else:
            child.text = value


def _renamed(values: Body, called: Mapping[str, str]) -> Body:
    return {
        called[tag]: [_renamed(item, called) for item in value] if isinstance(value, list) else value
        for tag, value in values.items()
    }
