"""One SFTP session on the centre's file tree, and the faults that strike while a file is handed over."""

from __future__ import annotations

import asyncio
import errno
import os
import posixpath
import re
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import asyncssh
from asyncssh import constants as sftp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from simulators.transit.server import SftpPort
    from simulators.transit.tree import Node

_FLAG = re.compile(r"\.ok\b", re.ASCII)
_DRIBBLE_SECONDS = 0.25
_TORN_PACKET = bytes.fromhex("0a5e002c")  # less than any cipher block, so it cannot be read as a length


def _not_offered(*_: object) -> NoReturn:
    raise asyncssh.SFTPOpUnsupported("not offered here")


_NOT_OFFERED: Any = _not_offered  # stands in for methods of several signatures


@dataclass(slots=True)
class Handle:
    """One open file; `cut` names the fault waiting for its first write or read."""

    path: str
    node: Node
    writing: bool
    cut: str = ""
    offset: int = 0

    @property
    def data(self) -> bytearray:
        return self.node.data if self.node.data is not None else bytearray()

    def seek(self, offset: int, whence: int) -> int:
        """Only what the server library needs to tell a client where the data of a file is: everywhere."""
        if offset >= len(self.data):
            raise OSError(errno.ENXIO, os.strerror(errno.ENXIO))
        return len(self.data) if whence == os.SEEK_HOLE else offset


class Session(asyncssh.SFTPServer):
    """One SFTP session. Every method that would touch the disk is replaced; links and locks are not offered."""

    def __init__(self, chan: asyncssh.SSHServerChannel[bytes], port: SftpPort) -> None:
        super().__init__(chan)
        self._port, self._tree = port, port.tree
        self._delay = 0.0
        self.peer = "{}:{}".format(*self.connection.get_extra_info("peername")[:2])

    def format_user(self, uid: int | None) -> str:  # noqa: ARG002 -- every node is the centre's
        return "centre"

    def format_group(self, gid: int | None) -> str:  # noqa: ARG002 -- as above
        return "centre"

    async def open(self, path: bytes, pflags: int, *_: Any) -> object:
        await self._dawdle()
        where, writing = _normal(path), bool(pflags & (sftp.FXF_WRITE | sftp.FXF_APPEND))
        cut = self._strike_on_open(where) if writing or where.startswith("/out/") else ""
        create = bool(pflags & sftp.FXF_CREAT)
        truncate, exclusive = bool(pflags & sftp.FXF_TRUNC), bool(pflags & sftp.FXF_EXCL)
        node = self._tree.open(where, write=writing, create=create, truncate=truncate, exclusive=exclusive)
        return Handle(where, node, writing, cut, len(node.data or b"") if pflags & sftp.FXF_APPEND else 0)

    async def read(self, file_obj: object, offset: int, size: int) -> bytes:
        await self._dawdle()
        handle = _handle(file_obj)
        if handle.cut == "half-body":
            handle.cut = "rest"
            return bytes(handle.data[offset : offset + min(size, len(handle.data) // 2)])
        if handle.cut:
            self._abort()
        return bytes(handle.data[offset : offset + size])

    async def write(self, file_obj: object, offset: int, data: bytes) -> int:
        await self._dawdle()
        handle = _handle(file_obj)
        if handle.cut:
            _store(handle, offset, data[: len(data) // 2] if handle.cut == "half-body" else b"")
            self._abort()
        _store(handle, offset + handle.offset, data)
        handle.node.modified = self._tree.seconds()
        return len(data)

    async def close(self, file_obj: object) -> None:
        await self._dawdle()
        handle = _handle(file_obj)
        if handle.writing and not self._port.is_cut(self.connection):
            self._completed(handle.path)

    def lstat(self, path: bytes) -> asyncssh.SFTPAttrs:
        return _attrs(self._tree.node(_normal(path)))

    async def stat(self, path: bytes) -> asyncssh.SFTPAttrs:
        await self._dawdle()
        return _attrs(self._tree.node(_normal(path)))

    def fstat(self, file_obj: object) -> asyncssh.SFTPAttrs:
        return _attrs(_handle(file_obj).node)

    def setstat(self, path: bytes, *_: Any) -> None:
        self._tree.node(_normal(path))  # times and modes are the centre's own; asking for them does no harm

    def lsetstat(self, path: bytes, *_: Any) -> None:
        self.setstat(path)

    def fsetstat(self, file_obj: object, attrs: asyncssh.SFTPAttrs) -> None:
        handle = _handle(file_obj)
        if attrs.size is not None and handle.writing:
            del handle.data[attrs.size :]

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        await self._dawdle()
        where = _normal(path)
        for name in [".", "..", *self._tree.children(where)]:
            node = self._tree.nodes.get(posixpath.normpath(posixpath.join(where, name)))
            if node is not None:
                yield asyncssh.SFTPName(name.encode(), attrs=_attrs(node))

    def remove(self, path: bytes) -> None:
        self._tree.remove(_normal(path))

    def mkdir(self, path: bytes, *_: Any) -> None:
        self._tree.mkdir(_normal(path))

    def rmdir(self, *_: Any) -> NoReturn:
        raise asyncssh.SFTPPermissionDenied("directories stay")

    def realpath(self, path: bytes) -> bytes:
        return _normal(path).encode()

    async def rename(self, oldpath: bytes, newpath: bytes) -> None:
        await self._rename(oldpath, newpath, replace=False)

    async def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        await self._rename(oldpath, newpath, replace=True)

    def fsync(self, *_: Any) -> None: ...

    open56 = readlink = symlink = link = lock = unlock = statvfs = fstatvfs = _NOT_OFFERED

    async def _rename(self, oldpath: bytes, newpath: bytes, *, replace: bool) -> None:
        await self._dawdle()
        new = _normal(newpath)
        self._tree.rename(_normal(oldpath), new, replace=replace)
        self._completed(new)

    def _completed(self, path: str) -> None:
        if not self._tree.complete(path, self.peer):
            return
        fault = self._port.take("committed", path)
        if fault is not None:
            self._abort(_TORN_PACKET if fault.kind == "half-status" else b"")

    def _strike_on_open(self, path: str) -> str:
        if _FLAG.search(path):
            return ""  # the faults of a transfer are spent on the .dat
        slow = self._port.take("answer", path)
        if slow is not None:
            self._delay = float(slow.options.get("delay", _DRIBBLE_SECONDS))
        fault = self._port.take("read", path) or self._port.take("data", path)
        if fault is not None and fault.kind == "busy":
            raise asyncssh.SFTPFailure("busy, try later")
        return fault.kind if fault is not None else ""

    async def _dawdle(self) -> None:
        if self._delay:
            # Real seconds on purpose: a client's deadline on a socket is real too.
            await asyncio.sleep(self._delay)

    def _abort(self, parting: bytes = b"") -> NoReturn:
        self._port.cut(self.connection, parting)
        raise asyncssh.SFTPConnectionLost("cut")


def _normal(path: bytes) -> str:
    try:
        return posixpath.normpath(posixpath.join("/", path.decode("utf-8")))
    except UnicodeDecodeError:
        raise asyncssh.SFTPNoSuchFile("names are UTF-8") from None


def _handle(file_obj: object) -> Handle:
    if not isinstance(file_obj, Handle):
        raise asyncssh.SFTPInvalidHandle("not an open file")
    return file_obj


def _store(handle: Handle, offset: int, data: bytes) -> None:
    if not handle.writing:
        raise asyncssh.SFTPPermissionDenied("opened for reading")
    missing = offset - len(handle.data)
    if missing > 0:
        handle.data.extend(bytes(missing))
    handle.data[offset : offset + len(data)] = data


def _attrs(node: Node) -> asyncssh.SFTPAttrs:
    if node.data is None:
        mode, size = stat.S_IFDIR | 0o755, 0
    else:
        mode, size = stat.S_IFREG | 0o644, len(node.data)
    return asyncssh.SFTPAttrs(size=size, uid=0, gid=0, permissions=mode, atime=node.modified, mtime=node.modified)
