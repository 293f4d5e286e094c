"""A TCP port that can really be closed and opened again: the ground of every simulated server."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from simulators.kit.clock import SimClock
    from simulators.kit.faults import Fault, Faults


class Listener:
    """Hands each accepted connection, a non-blocking socket, to `serve` in a task of its own.

    The faults "refused" and "down" close the port, "connect-hang" keeps a connection unserved until `stop`.
    """

    def __init__(
        self,
        serve: Callable[[socket.socket], Awaitable[None]],
        faults: Faults,
        clock: SimClock,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self._serve, self._faults, self._clock = serve, faults, clock
        self.host, self.port = host, port
        self._guard: socket.socket | None = None
        self._socket: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._hanging: list[socket.socket] = []
        self._refusal: Fault | None = None
        faults.watch(self._follow)

    async def start(self) -> None:
        # Bound but not listening, the guard keeps the number ours while the port is closed to callers.
        self._guard = _bound(self.host, self.port)
        self.port = self._guard.getsockname()[1]
        self._follow()

    async def stop(self) -> None:
        tasks = list(self._tasks)
        self._close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for waiting in [*self._hanging, *filter(None, [self._guard])]:
            waiting.close()
        self._hanging.clear()
        self._guard = None

    def _follow(self) -> None:
        if self._guard is None:
            return
        fault = self._faults.closing()
        if fault is None:
            self._open()
            return
        self._close()
        if fault.kind == "refused" and fault is not self._refusal:
            self._refusal = fault
            self._spawn(self._end_refusal(fault))

    def _open(self) -> None:
        if self._socket is None:
            self._socket = _bound(self.host, self.port)
            self._socket.listen(1024)
            self._accepting = self._spawn(self._accept(self._socket))

    def _close(self) -> None:
        if self._accepting is not None:
            self._accepting.cancel()
            self._accepting = None
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    async def _end_refusal(self, fault: Fault) -> None:
        await self._clock.sleep(fault.options["seconds"])
        self._faults.lift_one(fault)

    async def _accept(self, listening: socket.socket) -> None:
        while True:
            connection, _ = await asyncio.get_running_loop().sock_accept(listening)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._faults.take("connect", "") is None:
                task = self._spawn(self._served(connection))
                task.add_done_callback(partial(_end, connection))
            else:
                self._hanging.append(connection)

    async def _served(self, connection: socket.socket) -> None:
        with contextlib.suppress(ConnectionError):
            await self._serve(connection)

    def _spawn(self, work: Awaitable[None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _end(connection: socket.socket, _: asyncio.Task[None]) -> None:
    connection.close()


def reset(connection: socket.socket) -> None:
    """Cut a connection so that the other side sees RST, not an orderly end."""
    if connection.fileno() >= 0:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()


def _bound(host: str, port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setblocking(False)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound
