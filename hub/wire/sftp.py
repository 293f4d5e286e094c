"""File exchanges over SFTP: temporary name and rename, a pinned host key, and the phase of every step."""

from __future__ import annotations

import asyncio
import posixpath
import re
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar, cast

import asyncssh

from hub.errors import EncodeError, Fault, SettingsError
from hub.wire.exchange import (
    Exchanged,
    FileGet,
    FileList,
    FilePut,
    FileResponse,
    Limits,
    Phase,
    WireRequest,
)

# At lower levels asyncssh writes paths, user names and whole packets into the log.
asyncssh.set_log_level("WARNING")
asyncssh.set_sftp_log_level("WARNING")

T = TypeVar("T")

# The protocol obliges every server to take 32 KiB at once; many announce that they take more.
_CHUNK = 32 * 1024
_GOODBYE = 2.0
_CUT = (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection)
_MISSING = (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath)


class SftpTransport:
    """One SFTP account. A connection is opened when needed, kept while healthy, and used by one exchange at a time."""

    def __init__(
        self,
        host: str,
        port: int,
        username: str,
        private_key: str,
        host_key: str,
        *,
        passphrase: str | None = None,
    ) -> None:
        self._host, self._port, self._username = host, port, username
        self._key = _imported("private_key", lambda: asyncssh.import_private_key(private_key, passphrase))
        self._host_key = _imported("host_key", lambda: asyncssh.import_public_key(host_key))
        self._link: _Link | None = None
        self._turn = asyncio.Lock()

    async def exchange(self, request: WireRequest, limits: Limits) -> Exchanged:
        """Put, get or list; what the network or the server does comes back as phase and failure."""
        if not isinstance(request, FilePut | FileGet | FileList):
            raise EncodeError("request", f"SFTP cannot carry a {type(request).__name__}")
        clock = asyncio.get_running_loop().time
        start = clock()
        step = _Step()
        try:
            async with asyncio.timeout(limits.total):
                response = await self._in_turn(request, limits, step)
        except TimeoutError:
            return Exchanged(step.phase, failure="deadline", seconds=clock() - start)
        except _FailedError as error:
            return Exchanged(step.phase, failure=error.word, seconds=clock() - start)
        return Exchanged(Phase.RECEIVED, response, seconds=clock() - start)

    async def aclose(self) -> None:
        """Close the kept connection."""
        link, self._link = self._link, None
        if link is not None:
            await link.close()

    async def _in_turn(self, request: FilePut | FileGet | FileList, limits: Limits, step: _Step) -> FileResponse:
        await _within(limits.pool, "pool-timeout", self._turn.acquire())
        try:
            link = await self._open_link(limits, step)
            return await _perform(link.sftp, request, limits, step)
        except BaseException as error:
            # The connection may hold half a transfer; the next exchange gets a fresh one.
            self._drop()
            if isinstance(error, asyncssh.Error | OSError):
                raise _FailedError(_word(error)) from None
            raise
        finally:
            self._turn.release()

    async def _open_link(self, limits: Limits, step: _Step) -> _Link:
        """Return the kept connection if it still answers, else a new one."""
        step.phase = Phase.CONNECT
        if self._link is not None:
            try:
                await _within(limits.connect, "dead", self._link.sftp.realpath("."))
            except (_FailedError, asyncssh.Error, OSError):
                self._drop()
            else:
                return self._link
        self._link = await _within(limits.connect, "connect-timeout", self._connect(step))
        return self._link

    async def _connect(self, step: _Step) -> _Link:
        try:
            connection = await asyncssh.connect(
                self._host,
                self._port,
                username=self._username,
                client_keys=[self._key],
                known_hosts=([self._host_key], [], []),
                preferred_auth="publickey",
                agent_path=None,
                config=None,
            )
        except asyncssh.HostKeyNotVerifiable:
            raise _FailedError("host-key") from None
        except asyncssh.PermissionDenied:
            raise _FailedError("login") from None
        except (socket.gaierror, UnicodeError):
            step.phase = Phase.RESOLVE
            raise _FailedError("name-not-found") from None
        except ConnectionRefusedError:
            raise _FailedError("refused") from None
        except (asyncssh.Error, OSError):
            raise _FailedError("connect-failed") from None
        try:
            return _Link(connection, await connection.start_sftp_client())
        except asyncssh.Error:
            connection.abort()
            raise _FailedError("no-sftp") from None
        except BaseException:
            connection.abort()
            raise

    def _drop(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link.connection.abort()


class _FailedError(Exception):
    """Carries the log word of a failure out of the steps of one exchange."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


@dataclass(slots=True)
class _Step:
    """How far the exchange got."""

    phase: Phase = Phase.PREPARED


@dataclass(frozen=True, slots=True)
class _Link:
    """An open connection with its SFTP session."""

    connection: asyncssh.SSHClientConnection
    sftp: asyncssh.SFTPClient

    async def close(self) -> None:
        self.sftp.exit()
        self.connection.close()
        try:
            async with asyncio.timeout(_GOODBYE):
                await self.connection.wait_closed()
        except TimeoutError:
            self.connection.abort()


async def _perform(
    sftp: asyncssh.SFTPClient, request: FilePut | FileGet | FileList, limits: Limits, step: _Step
) -> FileResponse:
    match request:
        case FilePut():
            await _put(sftp, request, limits, step)
            return FileResponse()
        case FileGet():
            return await _get(sftp, request.path, limits, step)
        case FileList():
            return await _list(sftp, request.path, limits, step)


async def _put(sftp: asyncssh.SFTPClient, request: FilePut, limits: Limits, step: _Step) -> None:
    files = [(request.path, request.body)]
    if request.flag_path is not None:
        files.append((request.flag_path, request.flag_body))
    for folder in {posixpath.dirname(path) for path, _ in files}:
        await _within(limits.write, "write-timeout", _make_folder(sftp, folder))
    for path, body in files:
        folder, name = posixpath.split(path)
        part = posixpath.join(folder, f".{name}.part")
        await _write(sftp, part, body, limits, step)
        if path == files[-1][0]:
            step.phase = Phase.SENT
        await _within(limits.write, "write-timeout", _rename(sftp, part, path))


async def _write(sftp: asyncssh.SFTPClient, path: str, body: bytes, limits: Limits, step: _Step) -> None:
    # Without a block size each call is one request: the library's parallel ones outlive a timeout as orphans.
    file = await _within(limits.write, "write-timeout", sftp.open(path, "wb", block_size=0))
    step.phase = Phase.SENDING
    chunk = max(_CHUNK, sftp.limits.max_write_len)
    for start in range(0, len(body), chunk):
        await _within(limits.write, "write-timeout", file.write(body[start : start + chunk]))
    await _within(limits.write, "write-timeout", file.close())


async def _make_folder(sftp: asyncssh.SFTPClient, folder: str) -> None:
    if folder.strip("/") and not await sftp.isdir(folder):
        await sftp.makedirs(folder, exist_ok=True)


async def _rename(sftp: asyncssh.SFTPClient, part: str, path: str) -> None:
    try:
        await sftp.posix_rename(part, path)
    except asyncssh.SFTPOpUnsupported:
        # Servers without the OpenSSH extension cannot replace in one step.
        if await sftp.exists(path):
            await sftp.remove(path)
        await sftp.rename(part, path)


async def _get(sftp: asyncssh.SFTPClient, path: str, limits: Limits, step: _Step) -> FileResponse:
    try:
        file = await _within(limits.read, "read-timeout", sftp.open(path, "rb", block_size=0))
    except _MISSING:
        return FileResponse(found=False)
    step.phase = Phase.RECEIVING
    body = bytearray()
    size = max(_CHUNK, sftp.limits.max_read_len)
    while chunk := await _within(limits.read, "read-timeout", file.read(size)):
        body += cast("bytes", chunk)
        if len(body) > limits.max_body:
            raise _FailedError("too-large")
    await _within(limits.read, "read-timeout", file.close())
    return FileResponse(body=bytes(body))


async def _list(sftp: asyncssh.SFTPClient, path: str, limits: Limits, step: _Step) -> FileResponse:
    step.phase = Phase.SENT
    try:
        entries = await _within(limits.read, "read-timeout", sftp.readdir(path))
    except _MISSING:
        return FileResponse()
    names = {str(entry.filename): entry.attrs.size or 0 for entry in entries}
    return FileResponse(names=tuple(sorted((name, size) for name, size in names.items() if name not in {".", ".."})))


async def _within(seconds: float, word: str, step: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(seconds):
            return await step
    except TimeoutError:
        raise _FailedError(word) from None


def _word(error: asyncssh.Error | OSError) -> str:
    if not isinstance(error, asyncssh.SFTPError) or isinstance(error, _CUT):
        return "cut"
    return re.sub(r"(?<!^)(?=[A-Z])", "-", type(error).__name__.removeprefix("SFTP")).lower()


def _imported(setting: str, load: Callable[[], asyncssh.SSHKey]) -> asyncssh.SSHKey:
    try:
        return load()
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError):
        # The library's message may quote the key.
        raise SettingsError(Fault(setting, "key-invalid", "is not a usable OpenSSH or PEM key")) from None
