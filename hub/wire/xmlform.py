"""An XML document as one field of a form POST, and the XML document that answers it, in the charset of the far side."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote_from_bytes

from hub.errors import DecodeError, EncodeError
from hub.wire import xml
from hub.wire.xmlcontract import dotted

_CHARSET = re.compile(r"charset\s*=\s*\"?([A-Za-z0-9._-]{1,40})", re.IGNORECASE)
_CHINESE = re.compile("[\u2e80-\u9fff\uf900-\ufaff\ufe30-\uffef\U00020000-\U0003ffff]*")


def encode(
    document: xml.Element, *, field: str = "xml", charset: str = "gb18030"
) -> tuple[tuple[tuple[str, str], ...], bytes]:
    """Make headers and body of a form whose `field` is the document, percent-encoded in the bytes of its charset.

    Raises EncodeError with the path of the element that holds a character which the charset lacks.
    """
    name = charset.upper()
    try:
        content = xml.to_bytes(document, name)
    except EncodeError as error:
        raise EncodeError(dotted(error.where), str(error).partition(": ")[2]) from None
    body = f"{field}={quote_from_bytes(content, safe='')}"
    return (("Content-Type", f"application/x-www-form-urlencoded; charset={name}"),), body.encode("ascii")


def decode(headers: Mapping[str, str], body: bytes, root: str) -> xml.Element:
    """Read the answer, a document whose element is `root`, whatever content type it claims to be.

    Raises DecodeError, also for a page of HTML and for UTF-8 that claims to be one of the Chinese charsets.
    """
    found = _CHARSET.search(headers.get("content-type", ""))
    charset = found[1] if found else None
    if charset is not None and charset.lower().startswith("gb") and _is_chinese_utf8(body):
        # GB18030 reads most of UTF-8 as other characters, without a complaint.
        raise DecodeError("response", f"is UTF-8 and says that it is {charset.lower()}")
    document = xml.parse(body, charset)
    if document.tag != root:
        raise DecodeError("response", f"holds another document than {root}")
    return document


def _is_chinese_utf8(body: bytes) -> bool:
    """Whether the bytes are Chinese in UTF-8. Some pairs of GBK are valid UTF-8 too, but never mean Chinese there."""
    if body.isascii():
        return False
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return False
    return _CHINESE.fullmatch("".join(character for character in text if not character.isascii())) is not None
