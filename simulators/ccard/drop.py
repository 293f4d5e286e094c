"""The SFTP account: a folder of its own on the disk, and the faults that strike while a file is handed over."""

from __future__ import annotations

import asyncio
import os
import posixpath
import re
import socket
import struct
from typing import TYPE_CHECKING, Any, NoReturn

import asyncssh
from asyncssh import constants as sftp

from simulators.kit.listener import Listener

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from simulators.kit.clock import SimClock
    from simulators.kit.faults import Fault, Faults

USERNAME = "onewindow"
_TYPE = re.compile(r"SMK_([A-Z]+)_", re.ASCII)
_DRIBBLE_SECONDS = 0.25


class _Door(asyncssh.SSHServer):
    """Lets in one user with one key."""

    def __init__(self, key: str) -> None:
        self._key = asyncssh.import_public_key(key)

    def begin_auth(self, username: str) -> bool:
        del username
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username == USERNAME and key.public_data == self._key.public_data


class _Session(asyncssh.SFTPServer):
    """One session, shut into the account's folder. The hub writes into /in and /photo and reads everything."""

    def __init__(self, chan: asyncssh.SSHServerChannel[bytes], drop: Drop) -> None:
        super().__init__(chan, chroot=os.fsencode(drop.folder))
        self._drop, self._delay = drop, 0.0
        self._cut, self._torn = "", False

    async def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        await self._dawdle()
        writing = bool(pflags & (sftp.FXF_WRITE | sftp.FXF_APPEND | sftp.FXF_CREAT))
        if writing and not path.lstrip(b"/").startswith((b"in/", b"photo/")):
            raise asyncssh.SFTPPermissionDenied("only /in and /photo")
        self._strike_on_open(path)
        return super().open(path, pflags, attrs)

    async def read(self, file_obj: object, offset: int, size: int) -> bytes:
        await self._dawdle()
        if self._cut:
            self._abort()
        data: Any = super().read(file_obj, offset, size)
        return bytes(data)

    async def write(self, file_obj: object, offset: int, data: bytes) -> int:
        await self._dawdle()
        if self._cut:
            super().write(file_obj, offset, data[: len(data) // 2] if self._cut == "half-body" else b"")
            super().close(file_obj)
            self._abort()
        count: Any = super().write(file_obj, offset, data)
        return int(count)

    async def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        await self._dawdle()
        super().posix_rename(oldpath, newpath)
        if newpath.endswith(b".sig"):
            torn, self._torn = self._torn, False
            if torn or self._drop.take("committed", newpath) is not None:
                self._abort(torn=torn)

    def _strike_on_open(self, path: bytes) -> None:
        if b".sig" in path:
            return  # the faults of a transfer are spent on the .txt
        fault = self._drop.take("read", path) or self._drop.take("reply", path)
        if fault is None:
            return
        if fault.kind == "busy":
            raise asyncssh.SFTPFailure("busy, try later")
        if fault.kind == "dribble":
            self._delay = float(fault.options.get("delay", _DRIBBLE_SECONDS))
        elif fault.kind in {"before-commit", "half-body"}:
            self._cut = fault.kind
        else:
            self._torn = True  # an unreadable answer, once the file is there

    async def _dawdle(self) -> None:
        if self._delay:
            await asyncio.sleep(self._delay)

    def _abort(self, *, torn: bool = False) -> NoReturn:
        self._drop.cut(self.connection, bytes.fromhex("0a5e002c") if torn else b"")
        raise asyncssh.SFTPConnectionLost("cut")


class Drop:
    """The listening side of the file account."""

    def __init__(
        self, folder: Path, faults: Faults, clock: SimClock, host: str, struck: Callable[[str, Fault], None]
    ) -> None:
        self.folder = folder
        self._faults, self._struck = faults, struck
        self._listener = Listener(self._serve, faults, clock, host, 0)
        self._options: asyncssh.SSHServerConnectionOptions | None = None
        self._open: set[asyncssh.SSHServerConnection] = set()
        faults.watch(self._drop_connections)

    @property
    def port(self) -> int:
        return self._listener.port

    async def start(self, host_key: str, client_key: str) -> None:
        self._options = await asyncssh.SSHServerConnectionOptions.construct(
            server_factory=lambda: _Door(client_key),
            server_host_keys=[asyncssh.import_private_key(host_key)],
            sftp_factory=lambda chan: _Session(chan, self),
            server_version="TEST_Ccard_Simulator",
            agent_forwarding=False,
            allow_pty=False,
            keepalive_interval=0,
        )
        await self._listener.start()

    async def stop(self) -> None:
        for connection in list(self._open):
            connection.abort()
        await self._listener.stop()

    def take(self, point: str, path: bytes) -> Fault | None:
        found = _TYPE.search(posixpath.basename(path.decode("utf-8", "replace")))
        if found is None:
            return None
        fault = self._faults.take(point, found[1])
        if fault is not None:
            self._struck(found[1], fault)
        return fault

    def cut(self, connection: asyncssh.SSHServerConnection, parting: bytes = b"") -> None:
        plain: Any = connection.get_extra_info("socket")
        if plain is not None:
            os.write(plain.fileno(), parting)
            # Lingering for no time makes the close an RST, as when a line is cut.
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.abort()

    async def _serve(self, plain: socket.socket) -> None:
        connection: asyncssh.SSHServerConnection | None = None
        try:
            connection = await asyncssh.run_server(plain, options=self._options)
            self._open.add(connection)
            await connection.wait_closed()
        except (OSError, asyncssh.Error):
            return  # a client that could not log in, or left in the middle of it
        finally:
            if connection is not None:
                connection.abort()
                self._open.discard(connection)

    def _drop_connections(self) -> None:
        # A connection already open would carry the next file past a closed or hanging port.
        if self._faults.closing() or self._faults.is_armed("connect-hang"):
            for connection in list(self._open):
                self.cut(connection)
