"""The SFTP port: who may log in, which connections are open, and how one is cut."""

from __future__ import annotations

import contextlib
import os
import posixpath
import re
import socket
import struct
import weakref
from typing import TYPE_CHECKING

import asyncssh

from simulators.kit.listener import Listener
from simulators.transit.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulators.kit.clock import SimClock
    from simulators.kit.faults import Fault, Faults
    from simulators.transit.tree import Tree

USERNAME = "onewindow"
_TYPE = re.compile(r"JXGJ_([A-Z]{4})_", re.ASCII)


class _Door(asyncssh.SSHServer):
    """Lets in one user with one key."""

    def __init__(self, key: asyncssh.SSHKey) -> None:
        self._key = key

    def begin_auth(self, username: str) -> bool:
        del username
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username == USERNAME and key.public_data == self._key.public_data


class SftpPort:
    """The listening side: connections, their login, and cutting them."""

    def __init__(
        self,
        tree: Tree,
        faults: Faults,
        clock: SimClock,
        address: tuple[str, int],
        struck: Callable[[str, Fault], None],
    ) -> None:
        self.tree = tree
        self._faults, self._struck = faults, struck
        self._listener = Listener(self._serve, faults, clock, *address)
        self._options: asyncssh.SSHServerConnectionOptions | None = None
        self._open: set[asyncssh.SSHServerConnection] = set()
        self._cut: weakref.WeakSet[asyncssh.SSHServerConnection] = weakref.WeakSet()
        faults.watch(self._drop_connections)

    @property
    def port(self) -> int:
        return self._listener.port

    async def start(self, host_key: asyncssh.SSHKey, client_key: asyncssh.SSHKey) -> None:
        self._options = await asyncssh.SSHServerConnectionOptions.construct(
            server_factory=lambda: _Door(client_key),
            server_host_keys=[host_key],
            sftp_factory=lambda chan: Session(chan, self),
            server_version="TEST_Transit_Simulator",
            agent_forwarding=False,
            allow_pty=False,
            keepalive_interval=0,
        )
        await self._listener.start()

    async def stop(self) -> None:
        for connection in list(self._open):
            connection.abort()
        await self._listener.stop()

    def take(self, point: str, path: str) -> Fault | None:
        found = _TYPE.search(posixpath.basename(path))
        operation = found[1] if found else "photo" if path.startswith("/photo/") else "other"
        fault = self._faults.take(point, operation)
        if fault is not None:
            self._struck(operation, fault)
        return fault

    def is_cut(self, connection: asyncssh.SSHServerConnection) -> bool:
        return connection in self._cut

    def cut(self, connection: asyncssh.SSHServerConnection, parting: bytes = b"") -> None:
        self._cut.add(connection)
        plain = connection.get_extra_info("socket")
        if plain is not None:
            with contextlib.suppress(OSError):
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
