"""What goes out, what comes back, and how far it got: the values that every transport speaks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import IntEnum
from typing import Any, Literal, Protocol


class Phase(IntEnum):
    """How far a request got, in order. From SENDING on the far side may have acted."""

    PREPARED = 0
    RESOLVE = 1
    CONNECT = 2
    SENDING = 3
    SENT = 4
    RECEIVING = 5
    RECEIVED = 6

    @property
    def provably_not_sent(self) -> bool:
        return self < Phase.SENDING


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds of real time allowed to one exchange; `total` bounds everything, however the reply dribbles."""

    connect: float = 5.0
    read: float = 15.0
    write: float = 10.0
    pool: float = 2.0
    total: float = 20.0
    max_body: int = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One HTTP request, complete: what is here is what goes out."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """One whole HTTP response. `headers` are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class FilePut:
    """Write `body` under a temporary name, rename it to `path`; then, if given, the same with the flag file."""

    path: str
    body: bytes = field(repr=False)
    flag_path: str | None = None
    flag_body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class FileGet:
    """Read the whole file at `path`; a missing file is an answer (`found=False`), not a failure."""

    path: str


@dataclass(frozen=True, slots=True)
class FileList:
    """List the names and sizes in the folder `path`; a missing folder is an empty list."""

    path: str


@dataclass(frozen=True, slots=True)
class FileResponse:
    """The answer of a file transport: content for a get, names with sizes for a list."""

    found: bool = True
    body: bytes = field(default=b"", repr=False)
    names: tuple[tuple[str, int], ...] = ()


Cell = str | int | Decimal | None
Match = Mapping[str, Cell | tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Insert:
    """One row for a shared table. A row with its key there already is an answer (`refused`), not a failure."""

    table: str
    values: Mapping[str, Cell] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Update:
    """Change the rows that `where` finds: a column's value, or one of several. The answer is how many there were."""

    table: str
    values: Mapping[str, Cell] = field(repr=False)
    where: Match = field(repr=False)


@dataclass(frozen=True, slots=True)
class Select:
    """Read columns of the rows that `where` finds, at most `limit` of them, in the order of `order`."""

    table: str
    columns: tuple[str, ...]
    where: Match = field(default_factory=dict, repr=False)
    order: tuple[str, ...] = ()
    limit: int = 10_000


@dataclass(frozen=True, slots=True)
class TableWork:
    """Steps in shared tables, in one transaction: all of them take effect at its commit, or none does."""

    steps: tuple[Insert | Update | Select, ...]


@dataclass(frozen=True, slots=True)
class TableResponse:
    """One result a step: the rows of a select, the number of rows of an insert or update.

    `refused`: the database did nothing, because a row's key is taken or because it cannot hold a value.
    """

    results: tuple[tuple[Mapping[str, Any], ...] | int, ...] = field(default=(), repr=False)
    refused: Literal["duplicate", "value"] | None = None


@dataclass(frozen=True, slots=True)
class FrameRequest:
    """One message on a long connection. `key` finds its reply; what seals it (a MAC) is set when it is sent."""

    key: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class FrameResponse:
    """The reply to one message, whole and with its seal verified."""

    body: bytes = field(repr=False)


WireRequest = HttpRequest | FilePut | FileGet | FileList | TableWork | FrameRequest
WireResponse = HttpResponse | FileResponse | TableResponse | FrameResponse


@dataclass(frozen=True, slots=True)
class Exchanged:
    """The end of one exchange: the phase reached and, only at RECEIVED, the whole response.

    `failure` is a short machine word (refused, name-not-found, connect-timeout, pool-timeout, cut,
    read-timeout, deadline, too-large, host-key, login, …) for logs and traces; it never decides an outcome.
    """

    phase: Phase
    response: WireResponse | None = None
    failure: str | None = None
    seconds: float = 0.0


class Transport(Protocol):
    """Does the only I/O of an exchange. It never raises for what the network does; cancellation passes through."""

    async def exchange(self, request: WireRequest, limits: Limits) -> Exchanged: ...

    async def aclose(self) -> None: ...
