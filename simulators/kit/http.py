"""An HTTP/1.1 server that holds the bare socket, so that a fault can cut or spoil a reply at any byte."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import h11

from simulators.kit import spoil
from simulators.kit.listener import Listener, reset

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable

    from simulators.kit.clock import SimClock
    from simulators.kit.faults import Fault, Faults

_LOG = logging.getLogger(__name__)
_MAX_BODY = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class HttpCall:
    """One request, read whole. Header names are lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    peer: str

    @property
    def params(self) -> dict[str, str]:
        return dict(parse_qsl(self.query, keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class HttpReply:
    """One answer. `committed=False` means turned down: faults that follow an effect wait for another."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    operation: str = ""
    committed: bool = True


def _unavailable(_: HttpCall, fault: Fault) -> HttpReply:
    headers = [("Content-Type", "text/plain"), ("Retry-After", str(fault.options.get("retry_after", 1)))]
    return HttpReply(int(fault.options.get("status", 503)), headers, b"busy", committed=False)


class HttpServer:
    """Serves `handler`; `operation_of` names a call before it is handled, so that its faults can strike.

    `busy` makes the answer of the fault "busy"; `struck` hears which fault hit which call (for the journal).
    """

    def __init__(
        self,
        handler: Callable[[HttpCall], Awaitable[HttpReply]],
        faults: Faults,
        clock: SimClock,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        operation_of: Callable[[HttpCall], str] = lambda call: call.path,
        busy: Callable[[HttpCall, Fault], HttpReply] = _unavailable,
        struck: Callable[[HttpCall, str, Fault], None] = lambda _call, _operation, _fault: None,
    ) -> None:
        self._handler, self._faults, self._clock = handler, faults, clock
        self._operation_of, self._busy, self._struck = operation_of, busy, struck
        self._listener = Listener(self._converse, faults, clock, host, port)
        self._idle: set[asyncio.Task[None]] = set()
        faults.watch(self._drop_idle)

    @property
    def port(self) -> int:
        return self._listener.port

    @property
    def url(self) -> str:
        return f"http://{self._listener.host}:{self.port}"

    async def start(self) -> None:
        await self._listener.start()

    async def stop(self) -> None:
        await self._listener.stop()

    def _drop_idle(self) -> None:
        # A kept-alive connection would carry the next request past a closed or hanging port.
        if self._faults.closing() or self._faults.is_armed("connect-hang"):
            for task in list(self._idle):
                task.cancel()

    async def _converse(self, connection: socket.socket) -> None:
        protocol = h11.Connection(h11.SERVER)
        peer = "{}:{}".format(*connection.getpeername()[:2])
        try:
            while await self._exchange(protocol, connection, peer):
                protocol.start_next_cycle()
        except h11.RemoteProtocolError as error:
            reply = HttpReply(error.error_status_hint, [("Content-Type", "text/plain")], b"not HTTP/1.1")
            if protocol.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
                await _send(connection, b"".join(_encode(protocol, reply)))

    async def _exchange(self, protocol: h11.Connection, connection: socket.socket, peer: str) -> bool:
        call = await self._read(protocol, connection, peer)
        if call is None:
            return False
        operation = self._operation_of(call)
        fault = self._take("read", call, operation)
        if fault is not None and fault.kind == "before-commit":
            reset(connection)
            return False
        with self._clock.busy():
            reply = self._busy(call, fault) if fault is not None else await self._handled(call)
        if reply.committed:
            fault = self._take("committed", call, reply.operation or operation)
            if fault is not None:
                reset(connection)
                return False
            fault = self._take("reply", call, reply.operation or operation)
            if fault is not None:
                await spoil.send(connection, fault, lambda spoilt: _encode(protocol, spoilt), reply)
                return False
        await _send(connection, b"".join(_encode(protocol, reply)))
        return protocol.our_state is h11.DONE and protocol.their_state is h11.DONE

    async def _handled(self, call: HttpCall) -> HttpReply:
        try:
            return await self._handler(call)
        except Exception:  # noqa: BLE001 -- a client must see a server error, the log the cause
            _LOG.exception("the simulator failed on %s %s", call.method, call.path)
            return HttpReply(500, [("Content-Type", "text/plain")], b"simulator error, see its log", committed=False)

    def _take(self, point: str, call: HttpCall, operation: str) -> Fault | None:
        fault = self._faults.take(point, operation)
        if fault is not None:
            self._struck(call, operation, fault)
        return fault

    async def _read(self, protocol: h11.Connection, connection: socket.socket, peer: str) -> HttpCall | None:
        request: h11.Request | None = None
        body = bytearray()
        while True:
            event = protocol.next_event()
            if event is h11.NEED_DATA:
                if protocol.they_are_waiting_for_100_continue:
                    await _send(connection, protocol.send(h11.InformationalResponse(status_code=100, headers=[])))
                protocol.receive_data(await self._receive(connection, idle=request is None))
            elif isinstance(event, h11.Request):
                request = event
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > _MAX_BODY:
                    raise h11.RemoteProtocolError("body too large", error_status_hint=413)
            elif isinstance(event, h11.EndOfMessage) and request is not None:
                return _call(request, bytes(body), peer)
            else:
                return None

    async def _receive(self, connection: socket.socket, *, idle: bool) -> bytes:
        task = asyncio.current_task()
        if idle and task is not None:
            self._idle.add(task)
        try:
            return await asyncio.get_running_loop().sock_recv(connection, 65_536)
        finally:
            if task is not None:
                self._idle.discard(task)


def _call(request: h11.Request, body: bytes, peer: str) -> HttpCall:
    path, _, query = request.target.decode("ascii", "replace").partition("?")
    headers = {name.decode("ascii"): value.decode("latin-1") for name, value in request.headers}
    return HttpCall(request.method.decode("ascii"), path, query, headers, body, peer)


def _encode(protocol: h11.Connection, reply: HttpReply) -> tuple[bytes, bytes]:
    """Head and body of a reply, as bytes on the wire."""
    headers = [*reply.headers, ("Content-Length", str(len(reply.body)))]
    head = protocol.send(h11.Response(status_code=reply.status, headers=headers)) or b""
    body = protocol.send(h11.Data(data=reply.body)) or b""
    return head, body + (protocol.send(h11.EndOfMessage()) or b"")


async def _send(connection: socket.socket, data: bytes | None) -> None:
    await asyncio.get_running_loop().sock_sendall(connection, data or b"")
