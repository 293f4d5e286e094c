"""The TCP side: frames, the one connection, and the faults that strike an answer on its way."""

from __future__ import annotations

import asyncio
import contextlib
import random
import struct
from dataclasses import replace
from socket import SHUT_RD, SO_LINGER, SOL_SOCKET
from typing import TYPE_CHECKING

from simulators.ccard import iso
from simulators.ccard.desk import Answer
from simulators.ccard.network import Association
from simulators.kit.listener import Listener, reset

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from simulators.ccard.iso import Frame
    from simulators.kit.clock import SimClock
    from simulators.kit.faults import Fault, Faults

_DRIBBLE_SECONDS = 0.25
_HTML = b"<html><body><h1>502 Bad Gateway</h1></body></html>"


class CardPort:
    """The listening side. A second connection closes the first.

    `decide` answers a message; `struck` hears which fault hit which operation, `malformed` what was wrong with a frame.
    """

    def __init__(
        self,
        decide: Callable[[Frame, Association, str], Answer],
        associate: Callable[[], Association],
        faults: Faults,
        clock: SimClock,
        address: tuple[str, int],
        struck: Callable[[str, Fault], None],
        malformed: Callable[[str], None],
    ) -> None:
        self._malformed = malformed
        self._decide, self._associate, self._faults, self._clock = decide, associate, faults, clock
        self._struck = struck
        self._listener = Listener(self._serve, faults, clock, *address)
        self._open: socket.socket | None = None
        self.association: Association | None = None
        self._late: list[bytes] = []
        faults.watch(self._drop_connection)

    @property
    def port(self) -> int:
        return self._listener.port

    async def start(self) -> None:
        await self._listener.start()

    async def stop(self) -> None:
        self._close_first()
        await self._listener.stop()

    async def push_keys(self) -> None:
        """Send new keys to whoever is connected."""
        if self._open is not None and self.association is not None:
            await _send(self._open, self.association.new_keys())

    def _close_first(self) -> None:
        if self._open is not None:
            _hang_up(self._open)
            self._open = None

    def _drop_connection(self) -> None:
        # A connection already open would carry the next message past a closed or hanging port.
        if self._faults.closing() or self._faults.is_armed("connect-hang"):
            self._close_first()

    async def _serve(self, connection: socket.socket) -> None:
        self._close_first()
        self._open, self.association = connection, self._associate()
        self._late.clear()
        try:
            while (data := await _read(connection)) is not None:
                if self._open is not connection or not await self._turn(connection, self.association, data):
                    return
        finally:
            if self._open is connection:
                self._open = None

    async def _turn(self, connection: socket.socket, association: Association, data: bytes) -> bool:
        """Answer one frame; False when the connection is over."""
        try:
            frame = iso.read(data)
        except iso.FormatError as error:
            self._malformed(error.place)
            return False
        if frame.mti == "0800":
            await _send(connection, association.managed(frame))
            return True
        if frame.mti == "0810":
            return True
        fault = self._take("read", frame)
        if fault is not None and fault.kind == "before-commit":
            reset(connection)
            return False
        with self._clock.busy():
            answer = Answer("91") if fault is not None else self._decide(frame, association, _peer(connection))
        return await self._answered(connection, association, frame, answer)

    async def _answered(
        self, connection: socket.socket, association: Association, frame: Frame, answer: Answer
    ) -> bool:
        if answer.done or answer.code in {"00", "41", "43"}:
            fault = self._take("committed", frame)
            if fault is not None:
                reset(connection)
                return False
            fault = self._take("reply", frame)
            if fault is not None:
                return await self._spoilt(connection, fault, association, (frame, answer))
        await _send(connection, association.reply(frame, answer, self._clock.now()))
        late, self._late = self._late, []
        for each in late:
            await _send(connection, each)
        return True

    async def _spoilt(
        self, connection: socket.socket, fault: Fault, association: Association, told: tuple[Frame, Answer]
    ) -> bool:
        frame, answer = told
        if fault.kind in {"unknown-code", "told-timeout"}:
            code = str(fault.options.get("code", "Z9" if fault.kind == "unknown-code" else "68"))
            await _send(connection, association.reply(frame, replace(answer, code=code), self._clock.now()))
            return True
        if fault.kind == "wrong-charset":
            spelt = replace(answer, tags=(*answer.tags, ("001", "王㛃秀兰")))
            await _send(connection, association.reply(frame, spelt, self._clock.now(), "utf-8"))
            return True
        body = association.reply(frame, answer, self._clock.now())
        if fault.kind == "late":
            self._late.append(body)
            return True
        if fault.kind == "wrong-mac":
            await _send(connection, body.replace(body[-16:], bytes(reversed(body[-16:]))))
            return True
        await _broken(connection, fault, struct.pack(">H", len(body)) + body)
        return False

    def _take(self, point: str, frame: Frame) -> Fault | None:
        fault = self._faults.take(point, frame.operation)
        if fault is not None:
            self._struck(frame.operation, fault)
        return fault


def _hang_up(connection: socket.socket) -> None:
    """Cut a connection from which somebody reads: the reader wakes and closes it, which the far side sees as RST."""
    with contextlib.suppress(OSError):
        connection.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(SHUT_RD)


async def _broken(connection: socket.socket, fault: Fault, whole: bytes) -> None:
    """Send what the fault leaves of a frame; the connection ends after it."""
    loop = asyncio.get_running_loop()
    if fault.kind == "half-status":
        await loop.sock_sendall(connection, whole[:1])
    elif fault.kind == "half-body":
        await loop.sock_sendall(connection, whole[: len(whole) // 2])
    elif fault.kind == "garbage":
        noise = random.Random(len(whole)).randbytes(len(whole) - 2)
        await loop.sock_sendall(connection, whole[:2] + noise)
    elif fault.kind == "html":
        await loop.sock_sendall(connection, _HTML)
    else:
        for byte in whole:
            await loop.sock_sendall(connection, bytes([byte]))
            # Real seconds on purpose: a client's deadline on a socket is real too.
            await asyncio.sleep(float(fault.options.get("delay", _DRIBBLE_SECONDS)))


async def _send(connection: socket.socket, body: bytes) -> None:
    await asyncio.get_running_loop().sock_sendall(connection, struct.pack(">H", len(body)) + body)


async def _read(connection: socket.socket) -> bytes | None:
    head = await _exactly(connection, 2)
    if head is None:
        return None
    return await _exactly(connection, struct.unpack(">H", head)[0])


async def _exactly(connection: socket.socket, count: int) -> bytes | None:
    data = b""
    while len(data) < count:
        try:
            more = await asyncio.get_running_loop().sock_recv(connection, count - len(data))
        except (ConnectionError, OSError):
            return None
        if not more:
            return None
        data += more
    return data


def _peer(connection: socket.socket) -> str:
    return "{}:{}".format(*connection.getpeername()[:2])
