"""The port in front of a PostgreSQL server: passes everything on, and breaks off at a commit when told to."""

from __future__ import annotations

import asyncio
import random
import re
import socket
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simulators.kit.listener import Listener, reset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from simulators.kit.clock import SimClock
    from simulators.kit.faults import Fault, Faults

_CHUNK = 64 * 1024
_WRITES = re.compile(rb'(INSERT INTO|UPDATE) "(QZ_[A-Z]+)"')
_SPOILT = ("half-body", "half-status", "garbage")


class Front:
    """Serves hubs' connections on a TCP port; `server` is the database's own address."""

    def __init__(
        self,
        server: str,
        faults: Faults,
        clock: SimClock,
        address: tuple[str, int],
        struck: Callable[[str, Fault], None],
    ) -> None:
        self._server, self._faults, self._struck = server, faults, struck
        self._listener = Listener(self._serve, faults, clock, *address)

    @property
    def port(self) -> int:
        return self._listener.port

    async def start(self) -> None:
        await self._listener.start()

    async def stop(self) -> None:
        await self._listener.stop()

    async def _serve(self, client: socket.socket) -> None:
        if self._server.startswith("/"):
            reader, writer = await asyncio.open_unix_connection(self._server)
        else:
            host, _, port = self._server.rpartition(":")
            reader, writer = await asyncio.open_connection(host, int(port))
        link = _Link(client, reader, writer)
        back = asyncio.ensure_future(self._back(link))
        try:
            await self._forth(link)
        finally:
            back.cancel()
            with suppress(asyncio.CancelledError, ConnectionError):
                await back
            writer.transport.abort()

    async def _forth(self, link: _Link) -> None:
        loop, frames = asyncio.get_running_loop(), _Frames()
        while data := await loop.sock_recv(link.client, _CHUNK):
            for statement in frames.statements(data):
                if found := _WRITES.search(statement):
                    verb = "" if found[1].startswith(b"INSERT") else ":update"
                    link.operation = link.operation or found[2].decode() + verb
                elif statement.startswith(b"COMMIT"):
                    link.fault = self._strike(link.operation)
            if link.fault is not None and link.fault.kind == "before-commit":
                reset(link.client)
                return
            link.writer.write(data)
            await link.writer.drain()

    async def _back(self, link: _Link) -> None:
        loop = asyncio.get_running_loop()
        while data := await link.reader.read(_CHUNK):
            if link.fault is not None:
                await self._spoil(link, data)
                return
            await loop.sock_sendall(link.client, data)
        reset(link.client)

    async def _spoil(self, link: _Link, data: bytes) -> None:
        """The server has committed; what reaches the hub is not its answer."""
        kind = link.fault.kind if link.fault else ""
        if kind in _SPOILT:
            spoilt = random.Random(len(data)).randbytes(64) if kind == "garbage" else data[: len(data) // 2]
            await asyncio.get_running_loop().sock_sendall(link.client, spoilt)
        link.client.shutdown(socket.SHUT_RDWR)

    def _strike(self, operation: str) -> Fault | None:
        for point in ("read", "committed", "reply"):
            fault = self._faults.take(point, operation)
            if fault is not None:
                self._struck(operation, fault)
                return fault
        return None


@dataclass(slots=True)
class _Link:
    """One hub connection and its own one to the server."""

    client: socket.socket
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    operation: str = ""
    fault: Fault | None = None


@dataclass(slots=True)
class _Frames:
    """Cuts what a client sends into messages, to read the statements among them."""

    rest: bytes = b""
    started: bool = False
    _kinds: frozenset[bytes] = field(default=frozenset({b"P", b"Q"}))

    def statements(self, data: bytes) -> Iterator[bytes]:
        self.rest += data
        while (size := self._size()) and len(self.rest) >= size:
            frame, self.rest = self.rest[:size], self.rest[size:]
            if not self.started:
                self.started = True  # the first message has no kind
            elif frame[:1] in self._kinds:
                # A parse message begins with the statement's name.
                body = frame[5:]
                yield body.partition(b"\0")[2] if frame[:1] == b"P" else body

    def _size(self) -> int:
        head = 1 if self.started else 0
        if len(self.rest) < head + 4:
            return 0
        return head + int.from_bytes(self.rest[head : head + 4], "big")
