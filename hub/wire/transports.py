"""Opening the transports that a manifest names; where it names several, each request finds its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hub.errors import EncodeError
from hub.wire.exchange import (
    Exchanged,
    FileGet,
    FileList,
    FilePut,
    FrameRequest,
    HttpRequest,
    Limits,
    TableWork,
    Transport,
    WireRequest,
)
from hub.wire.http import HttpTransport

_SFTP_KEYS = ("host", "port", "username", "private_key", "host_key")


def open_transport(names: Sequence[str], config: Mapping[str, Any], concurrency: int) -> Transport:
    """The transport of an endpoint, not connected yet. `config` is the adapter's, checked."""
    opened = [(_CARRIES[name], _OPEN[name](config, concurrency)) for name in names]
    return opened[0][1] if len(opened) == 1 else SeveralTransports(opened)


class SeveralTransports:
    """One endpoint with several ways in: a connection for messages, say, and an account for files."""

    def __init__(self, opened: Sequence[tuple[tuple[type, ...], Transport]]) -> None:
        self._opened = tuple(opened)

    async def exchange(self, request: WireRequest, limits: Limits) -> Exchanged:
        for kinds, transport in self._opened:
            if isinstance(request, kinds):
                return await transport.exchange(request, limits)
        raise EncodeError("request", f"no transport of this endpoint carries a {type(request).__name__}")

    async def aclose(self) -> None:
        for _, transport in self._opened:
            await transport.aclose()


def _sftp(config: Mapping[str, Any], _concurrency: int) -> Transport:
    from hub.wire.sftp import SftpTransport  # asyncssh is large, and most hubs' commands do without it

    # Beside another transport the account's keys have their own prefix.
    return SftpTransport(**{name: config.get(f"sftp_{name}", config.get(name)) for name in _SFTP_KEYS})


def _tables(config: Mapping[str, Any], concurrency: int) -> Transport:
    from hub.wire.tables import TablesTransport  # as above, of the database's library

    return TablesTransport(config["database_url"], connections=concurrency)


def _folder(config: Mapping[str, Any], _concurrency: int) -> Transport:
    from hub.wire.folder import FolderTransport

    return FolderTransport(config["exchange_dir"])


def _tcp(config: Mapping[str, Any], _concurrency: int) -> Transport:
    from hub.wire.iso8583_session import Iso8583Session
    from hub.wire.tcp import TcpTransport

    def dialogue() -> Iso8583Session:
        return Iso8583Session(config["master_key"], config["institution"])

    dialogue()  # a wrong key closes the endpoint now, not at the first message
    return TcpTransport(config["host"], config["port"], dialogue)


_CARRIES: Mapping[str, tuple[type, ...]] = {
    "http": (HttpRequest,),
    "sftp": (FilePut, FileGet, FileList),
    "tables": (TableWork,),
    "folder": (FilePut, FileGet, FileList),
    "tcp": (FrameRequest,),
}
_OPEN: Mapping[str, Callable[[Mapping[str, Any], int], Transport]] = {
    "http": lambda _config, concurrency: HttpTransport(max_connections=concurrency),
    "sftp": _sftp,
    "tables": _tables,
    "folder": _folder,
    "tcp": _tcp,
}
