"""What an adapter can do: operations with their safety declared, so that the engine knows how to treat a doubt."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any, TypeVar

from hub.errors import Fault, ManifestError


class Kind(StrEnum):
    """How an operation is run."""

    READ = "read"
    WRITE = "write"
    BATCH = "batch"
    COLLECT = "collect"


@dataclass(frozen=True, slots=True)
class KeyReplay:
    """The utility remembers our key for `hours` (None: for ever) and answers a repeat with the first answer."""

    hours: float | None = None


@dataclass(frozen=True, slots=True)
class BusinessKey:
    """The utility holds at most one open order for these canonical fields together."""

    fields: tuple[str, ...]

    def __init__(self, *fields: str) -> None:
        object.__setattr__(self, "fields", fields)


@dataclass(frozen=True, slots=True)
class BatchId:
    """The utility takes a file of one name at most once."""


Idempotency = KeyReplay | BusinessKey | BatchId | None
Run = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of an adapter.

    Attributes:
        name: the verb: accept, progress, cancel, pay, reverse, accounts, arrears, reconcile, check, …
        serves: patterns of the catalogue's upstream operations that this one performs (`3001:*`).
        message: the principal message: the one a preview shows, and the whole operation if there is no method.
        idempotency: what protects a repeat at the utility.
        inquiry: the operation that tells whether this one happened.
        visibility_lag: seconds after which an inquiry's "absent" may be believed.
        unsafe: "manual" for a write that has neither idempotency nor inquiry: a doubt goes to a person.
        follow: the read that brings the order's progress; the engine polls it until the order is final.
        holds: the read that tells, once an output has expired, whether it still holds: `Absent()` if not.
        batch_type: for batch operations: the type of file that collects these orders.
    """

    name: str
    kind: Kind
    serves: tuple[str, ...] = ()
    message: str | None = None
    idempotency: Idempotency = None
    inquiry: str | None = None
    visibility_lag: float = 0.0
    unsafe: str | None = None
    follow: str | None = None
    holds: str | None = None
    batch_type: str | None = None
    run: Run | None = None

    def does(self, upstream: str) -> bool:
        return any(fnmatchcase(upstream, pattern) for pattern in self.serves)

    @property
    def changes(self) -> bool:
        return self.kind in {Kind.WRITE, Kind.BATCH}


F = TypeVar("F", bound=Run)
_MARK = "__hub_operation__"


def _declare(operation: Operation) -> Callable[[F], F]:
    def mark(function: F) -> F:
        setattr(function, _MARK, operation)
        return function

    return mark


def write(
    name: str,
    *,
    serves: tuple[str, ...] = (),
    message: str | None = None,
    idempotency: Idempotency = None,
    inquiry: str | None = None,
    visibility_lag: float = 0.0,
    unsafe: str | None = None,
    follow: str | None = None,
    holds: str | None = None,
) -> Callable[[F], F]:
    """Declare a method that changes something at the utility: `async (self, order, ctx) -> Outcome | Reply`."""
    return _declare(
        Operation(name, Kind.WRITE, serves, message, idempotency, inquiry, visibility_lag, unsafe, follow, holds=holds)
    )


def read(name: str, *, serves: tuple[str, ...] = (), message: str | None = None) -> Callable[[F], F]:
    """Declare a method that changes nothing: `async (self, query_or_order, ctx) -> Outcome | Reply`.

    Used as an inquiry it answers the order's outcome, or `Absent()` when the utility does not know the order.
    """
    return _declare(Operation(name, Kind.READ, serves, message))


inquiry = read


def batch(
    name: str, *, serves: tuple[str, ...], batch_type: str, message: str, inquiry: str, visibility_lag: float = 0.0
) -> Callable[[F], F]:
    """Declare a method that writes one file for many orders: `async (self, batch, ctx) -> Outcome`.

    Its inquiry takes the same Batch and answers `Absent()` when the file is not there.
    """
    return _declare(
        Operation(
            name, Kind.BATCH, serves, message, BatchId(), inquiry, visibility_lag, follow=None, batch_type=batch_type
        )
    )


def collect(name: str) -> Callable[[F], F]:
    """Declare a method that reads new files: `async (self, task: Collect, ctx) -> Collected`."""
    return _declare(Operation(name, Kind.COLLECT))


def declared(cls: type) -> dict[str, Operation]:
    """The operations that a class declares by decorators, bound by name."""
    found: dict[str, Operation] = {}
    for attribute in dir(cls):
        function = getattr(cls, attribute)
        operation = getattr(function, _MARK, None)
        if operation is not None:
            if operation.name in found:
                raise ManifestError(Fault(cls.__name__, "OPERATION", f"{operation.name!r} is declared twice"))
            found[operation.name] = replace(operation, run=function)
    return found


def check_safety(owner: str, operations: dict[str, Operation]) -> None:
    """Refuse a write that nothing protects. Raises ManifestError naming each operation."""
    faults = []
    for operation in operations.values():
        if operation.holds and operation.holds not in operations:
            text = f"{operation.name!r}: no operation {operation.holds!r} to ask whether it still holds"
            faults.append(Fault(owner, "OPERATION", text))
        if not operation.changes:
            continue
        if operation.inquiry and operation.inquiry not in operations:
            faults.append(
                Fault(owner, "OPERATION", f"{operation.name!r}: no operation {operation.inquiry!r} to inquire")
            )
        if operation.idempotency is None and operation.inquiry is None and operation.unsafe != "manual":
            text = f"{operation.name!r} changes things, yet has neither idempotency nor inquiry; say unsafe='manual'"
            faults.append(Fault(owner, "UNSAFE", text))
    if faults:
        raise ManifestError(*faults)
