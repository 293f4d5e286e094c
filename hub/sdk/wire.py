"""Codecs and cryptography for adapters: the public face of `hub.wire`."""

from hub.wire import charsets, crypto, delimited, fixed, jsontext, soap, xml
from hub.wire.exchange import (
    Exchanged,
    FileGet,
    FileList,
    FilePut,
    FileResponse,
    HttpRequest,
    HttpResponse,
    Limits,
    Phase,
    WireRequest,
    WireResponse,
)
from hub.wire.http import retry_after

__all__ = [
    "Exchanged",
    "FileGet",
    "FileList",
    "FilePut",
    "FileResponse",
    "HttpRequest",
    "HttpResponse",
    "Limits",
    "Phase",
    "WireRequest",
    "WireResponse",
    "charsets",
    "crypto",
    "delimited",
    "fixed",
    "jsontext",
    "retry_after",
    "soap",
    "xml",
]
