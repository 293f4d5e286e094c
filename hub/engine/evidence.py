"""From a call to an exchange record: what is kept as evidence, with tokens left out and long bodies cut."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

from hub.domain.personal import personal_values
from hub.domain.work import ExchangeRecord
from hub.sdk.context import Call
from hub.wire.exchange import (
    FileGet,
    FileList,
    FilePut,
    FileResponse,
    FrameRequest,
    FrameResponse,
    HttpRequest,
    HttpResponse,
    Insert,
    Select,
    TableResponse,
    TableWork,
    Update,
)

_CREDENTIALS = frozenset({"authorization", "x-access-token", "cookie", "set-cookie", "proxy-authorization"})
_FORM = "application/x-www-form-urlencoded"
_LONGEST = 64 * 1024


def record_of(call: Call, *, secret: bool) -> ExchangeRecord:
    """The exchange to be stored. Of a `secret` message (a login, a token) only that it happened is kept."""
    response = call.response
    return ExchangeRecord(
        message=call.message,
        effect=call.effect,
        phase=call.phase.name,
        started_at=call.started_at,
        seconds=round(call.seconds, 6),
        failure=call.failure,
        status=response.status if isinstance(response, HttpResponse) else None,
        request={} if secret else _without(call.tokens, _request(call)),
        response={} if secret else _response(call),
        request_tree=None if secret else _without(call.tokens, _plain(call.request_tree)),
        response_tree=None if secret else _plain(call.response_tree),
        personal=() if secret else tuple(dict.fromkeys(personal_values((call.source, call.reply)))),
    )


def _request(call: Call) -> dict[str, Any]:
    match call.request:
        case HttpRequest(method, url, headers, body):
            return {
                "method": method,
                "url": url,
                "headers": _headers(dict(headers)),
                **_body(_unescaped(headers, body)),
            }
        case TableWork(steps):
            return {"steps": [_step(each) for each in steps]}
        case FrameRequest(key, body):
            return {"frame": key, **_body(body)}
        case FilePut() | FileGet() | FileList() as file:
            return _file(file)
        case _:
            return {}


def _file(request: FilePut | FileGet | FileList) -> dict[str, Any]:
    match request:
        case FilePut(path, body, flag_path, flag_body):
            return {"put": path, **_body(body), "flag": flag_path, "flag_text": flag_body.decode("ascii", "replace")}
        case FileGet(path):
            return {"get": path}
        case FileList(path):
            return {"list": path}


def _response(call: Call) -> dict[str, Any]:
    match call.response:
        case HttpResponse(status, headers, body):
            return {"status": status, "headers": _headers(headers), **_body(body)}
        case FileResponse(found, body, names):
            return {"found": found, **_body(body), "names": [list(each) for each in names]}
        case TableResponse(results, refused):
            return {"results": _plain(results), "refused": refused}
        case FrameResponse(body):
            return _body(body)
        case _:
            return {}


def _step(step: Insert | Update | Select) -> dict[str, Any]:
    match step:
        case Insert(table, values):
            return {"insert": table, "values": _plain(values)}
        case Update(table, values, where):
            return {"update": table, "values": _plain(values), "where": _plain(where)}
        case Select(table, _, where, order, limit):
            return {"select": table, "where": _plain(where), "order": list(order), "limit": limit}


def _headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: "***" if name.lower() in _CREDENTIALS else value for name, value in headers.items()}


def _body(body: bytes) -> dict[str, Any]:
    if len(body) > _LONGEST:
        return {"body": None, "size": len(body)}
    for charset in ("utf-8", "gb18030"):
        try:
            return {"body": body.decode(charset), "charset": charset, "size": len(body)}
        except UnicodeDecodeError:
            continue
    return {"base64": b64encode(body).decode(), "size": len(body)}


def _unescaped(headers: tuple[tuple[str, str], ...], body: bytes) -> bytes:
    """A form as people read it, in the bytes of its charset: escaped, no name in it would be found and masked."""
    form = any(name.lower() == "content-type" and _FORM in value.lower() for name, value in headers)
    return unquote_to_bytes(body.replace(b"+", b" ")) if form else body


def _without(tokens: tuple[str, ...], value: Any) -> Any:
    """The same without the tokens that the call was made under, wherever the message carries them."""
    match value:
        case dict():
            return {key: _without(tokens, each) for key, each in value.items()}
        case list():
            return [_without(tokens, each) for each in value]
        case str():
            for token in tokens:
                value = value.replace(token, "***")
            return value
        case _:
            return value


def _plain(value: Any) -> Any:
    """Trees as JSON values: what has no JSON form becomes its text, bytes only their length."""
    match value:
        case Mapping():
            return {str(key): _plain(each) for key, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
        case bytes():
            return f"<{len(value)} bytes>"
        case None | bool() | int() | str():
            return value
        case _:
            return str(value)
