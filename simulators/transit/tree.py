"""The file tree of the exchange server, kept in memory: what the hub may touch, and which flags have newly arrived."""

from __future__ import annotations

import errno
import os
import posixpath
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_HUB_MAY_WRITE = re.compile(r"/(in/\d{8}|photo)/[^/]+")
_HUB_MAY_MAKE = re.compile(r"/in/\d{8}")
ROOTS = ("/", "/in", "/out", "/photo")


@dataclass(slots=True)
class Node:
    """A file, or a directory where `data` is None."""

    data: bytearray | None
    modified: int


@dataclass(slots=True)
class Tree:
    """Paths are absolute and normal. `arrived` maps each new /in flag to the peer who completed it."""

    seconds: Callable[[], int]
    nodes: dict[str, Node] = field(default_factory=dict)
    names: dict[str, set[str]] = field(default_factory=dict)  # of each directory, so that a listing need not search
    arrived: dict[str, str] = field(default_factory=dict)

    def clear(self) -> None:
        self.nodes.clear()
        self.names.clear()
        self.arrived.clear()
        for path in ROOTS:
            self.make(path)

    def make(self, path: str) -> None:
        if path not in self.nodes:
            self._link(path, Node(None, self.seconds()))

    def put(self, path: str, data: bytes) -> None:
        """The centre's own writing, to which the hub's rights do not apply."""
        self.make(posixpath.dirname(path))
        self._link(path, Node(bytearray(data), self.seconds()))

    def read(self, path: str) -> bytes | None:
        node = self.nodes.get(path)
        return None if node is None or node.data is None else bytes(node.data)

    def drop(self, path: str) -> None:
        if path in self.nodes:
            self._unlink(path)

    def node(self, path: str) -> Node:
        try:
            return self.nodes[path]
        except KeyError:
            raise _oserror(errno.ENOENT) from None

    def children(self, path: str) -> list[str]:
        if self.node(path).data is not None:
            raise _oserror(errno.ENOTDIR)
        return sorted(self.names.get(path, ()))

    def open(self, path: str, *, write: bool, create: bool, truncate: bool, exclusive: bool) -> Node:
        node = self.nodes.get(path)
        if write and not _HUB_MAY_WRITE.fullmatch(path):
            raise _oserror(errno.EACCES)
        if node is None:
            if not create or posixpath.dirname(path) not in self.nodes:
                raise _oserror(errno.ENOENT)
            node = self._link(path, Node(bytearray(), self.seconds()))
        elif node.data is None:
            raise _oserror(errno.EISDIR)
        elif exclusive:
            raise _oserror(errno.EEXIST)
        elif truncate:
            # A reader who holds the old file keeps it: on a real server too the new one has its own life.
            self.arrived.pop(path, None)
            node = self._link(path, Node(bytearray(), self.seconds()))
        return node

    def mkdir(self, path: str) -> None:
        if path in self.nodes:
            raise _oserror(errno.EEXIST)
        if not _HUB_MAY_MAKE.fullmatch(path):
            raise _oserror(errno.EACCES)
        self.make(path)

    def remove(self, path: str) -> None:
        if self.node(path).data is None or not _HUB_MAY_WRITE.fullmatch(path):
            raise _oserror(errno.EACCES)
        self._unlink(path)

    def rename(self, old: str, new: str, *, replace: bool) -> None:
        node = self.node(old)
        if node.data is None or not (_HUB_MAY_WRITE.fullmatch(old) and _HUB_MAY_WRITE.fullmatch(new)):
            raise _oserror(errno.EACCES)
        if posixpath.dirname(new) not in self.nodes:
            raise _oserror(errno.ENOENT)
        if new in self.nodes and not replace:
            raise _oserror(errno.EEXIST)
        self._link(new, self._unlink(old))

    def complete(self, path: str, peer: str) -> bool:
        """Note that a file now stands whole under its name; True if it is a flag that the next pick-up will see."""
        if not (path.startswith("/in/") and path.endswith(".ok") and path in self.nodes):
            return False
        self.arrived[path] = peer
        return True

    def _link(self, path: str, node: Node) -> Node:
        self.nodes[path] = node
        if path != "/":
            self.names.setdefault(posixpath.dirname(path), set()).add(posixpath.basename(path))
        return node

    def _unlink(self, path: str) -> Node:
        self.arrived.pop(path, None)
        self.names[posixpath.dirname(path)].discard(posixpath.basename(path))
        return self.nodes.pop(path)


def _oserror(code: int) -> OSError:
    return OSError(code, os.strerror(code))
