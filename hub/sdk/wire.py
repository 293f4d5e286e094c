"""Codecs and cryptography for adapters: the public face of `hub.wire`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from hub.wire.exchange import (
    Exchanged,
    FileGet,
    FileList,
    FilePut,
    FileResponse,
    FrameRequest,
    FrameResponse,
    HttpRequest,
    HttpResponse,
    Insert,
    Limits,
    Phase,
    Select,
    TableResponse,
    TableWork,
    Update,
    WireRequest,
    WireResponse,
)
from hub.wire.http import basic_auth, retry_after

if TYPE_CHECKING:
    from hub.wire import (
        charsets,
        crypto,
        delimited,
        envelope,
        fixed,
        iso8583,
        iso8583_tree,
        jsoncontract,
        jsontext,
        rows,
        sheet,
        soap,
        wsse,
        xml,
        xmlcontract,
        xmlform,
    )

_CODECS = (
    "charsets",
    "crypto",
    "delimited",
    "envelope",
    "fixed",
    "iso8583",
    "iso8583_tree",
    "jsoncontract",
    "jsontext",
    "rows",
    "sheet",
    "soap",
    "wsse",
    "xml",
    "xmlcontract",
    "xmlform",
)

__all__ = [
    "Exchanged",
    "FileGet",
    "FileList",
    "FilePut",
    "FileResponse",
    "FrameRequest",
    "FrameResponse",
    "HttpRequest",
    "HttpResponse",
    "Insert",
    "Limits",
    "Phase",
    "Select",
    "TableResponse",
    "TableWork",
    "Update",
    "WireRequest",
    "WireResponse",
    "basic_auth",
    "charsets",
    "crypto",
    "delimited",
    "envelope",
    "fixed",
    "iso8583",
    "iso8583_tree",
    "jsoncontract",
    "jsontext",
    "retry_after",
    "rows",
    "sheet",
    "soap",
    "wsse",
    "xml",
    "xmlcontract",
    "xmlform",
]


def __getattr__(name: str) -> Any:
    # Some codecs bring large libraries; an adapter pays for those that it names.
    if name in _CODECS:
        return import_module(f"hub.wire.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
