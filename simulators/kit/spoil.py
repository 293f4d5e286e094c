"""How a committed reply is spoilt on its way out: halved, dribbled, or replaced by something unreadable."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from simulators.kit.faults import Fault
    from simulators.kit.http import HttpReply

_HTML = (
    "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center>"
    "<hr><center>nginx</center></body></html>"
)
_DRIBBLE_SECONDS = 0.25


async def send(
    connection: socket.socket,
    fault: Fault,
    encode: Callable[[HttpReply], tuple[bytes, bytes]],
    reply: HttpReply,
) -> None:
    """Send what the fault leaves of a reply; the caller closes the connection after it."""
    loop = asyncio.get_running_loop()
    head, body = encode(spoilt(fault, reply))
    if fault.kind == "half-status":
        await loop.sock_sendall(connection, head[: len("HTTP/1.1 2")])
    elif fault.kind == "half-body":
        await loop.sock_sendall(connection, head + body[: len(body) // 2])
    elif fault.kind == "dribble":
        for byte in head + body:
            await loop.sock_sendall(connection, bytes([byte]))
            # Real seconds on purpose: a client's deadline on a socket is real too.
            await asyncio.sleep(float(fault.options.get("delay", _DRIBBLE_SECONDS)))
    else:
        await loop.sock_sendall(connection, head + body)


def spoilt(fault: Fault, reply: HttpReply) -> HttpReply:
    """The reply as the fault changes its content; faults of delivery leave it alone."""
    if fault.kind == "garbage":
        return replace(reply, status=200, body=random.Random(len(reply.body)).randbytes(256))
    if fault.kind == "html":
        headers = [("Content-Type", "text/html; charset=utf-8")]
        return replace(reply, status=int(fault.options.get("status", 502)), headers=headers, body=_HTML.encode())
    if fault.kind == "wrong-charset":
        return replace(reply, body=_recoded(reply))
    return reply


def _recoded(reply: HttpReply) -> bytes:
    declared = next((value for name, value in reply.headers if name.lower() == "content-type"), "")
    charset = declared.partition("charset=")[2].strip('" ') or "utf-8"
    charset = "gb18030" if charset.lower().startswith("gb") else charset
    # A byte order mark would say which charset it is after all.
    text = reply.body.decode(charset, "replace").removeprefix("\ufeff")
    other = text.encode("utf-8" if charset == "gb18030" else "gb18030", "replace")
    # Pure ASCII reads the same in most charsets, so only two-byte units make it wrong.
    return other if other != text.encode(charset, "replace") else text.encode("utf-16-le")
