"""The base of every adapter: a manifest, two pure codec hooks, and the declared operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, ClassVar

from hub.clock import SHANGHAI
from hub.domain.order import AccountQuery, Batch, ServiceOrder
from hub.domain.outcome import Outcome
from hub.errors import NotSupported
from hub.mapping import Env
from hub.sdk.manifest import Manifest, load_manifest
from hub.sdk.operation import Operation, check_safety, declared
from hub.wire.exchange import HttpRequest, HttpResponse, WireRequest, WireResponse

Tree = dict[str, Any]
Draw = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Callback:
    """A verified and decoded callback: which order (by our serial or their number), and what it says."""

    event_id: str
    outcome: Outcome
    serial: str | None = None
    provider_ref: str | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """A verified callback that is yet to be read by the reply mapping of `message`, which gives its serial and state.

    It is refused when its time is further away than `past` or `future`.
    """

    event_id: str
    message: str
    tree: Tree = field(repr=False)
    past: timedelta = timedelta(days=1)
    future: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Collect:
    """What to collect: the business days to look at and the files that were already taken."""

    days: tuple[Any, ...]
    known: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class CollectedFile:
    """One file that was read. `outcomes` by our serial (an order) or by batch id (a whole refused file).

    `as_of` and `accounts` carry snapshots; `unknown` are serials in the file that the adapter could not read.
    """

    name: str
    digest: str
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    batches: Mapping[str, Outcome] = field(default_factory=dict)
    snapshot: Mapping[str, Tree] = field(default_factory=dict, repr=False)
    as_of: Any = None


@dataclass(frozen=True, slots=True)
class Collected:
    """The new files of one collection; files that were damaged stay uncollected and are named with their fault."""

    files: tuple[CollectedFile, ...] = ()
    damaged: tuple[tuple[str, str], ...] = ()


class Adapter:
    """Base class of adapters. One instance serves one endpoint.

    A subclass declares operations with `@read`, `@write`, `@batch`, `@collect`, and overrides `encode` and
    `decode`. It never builds clients, sleeps, reads the clock or draws randomness: `ctx` and the arguments
    of the hooks bring all that.

    Raises:
        ManifestError: when the class is made (a write that nothing protects) or opened (wrong configuration).
    """

    manifest: ClassVar[str] = "manifest.yaml"
    spec: ClassVar[Manifest]
    operations: ClassVar[dict[str, Operation]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.spec = load_manifest(cls.__module__.rpartition(".")[0], cls.folder() / cls.manifest)
        from_manifest = {name: entry.operation(name) for name, entry in cls.spec.operations.items()}
        cls.operations = {**from_manifest, **declared(cls)}
        check_safety(cls.spec.id, cls.operations)

    def __init__(self, endpoint: str, config: Mapping[str, Any]) -> None:
        self.endpoint = endpoint
        self.config = self.spec.check_config(config, f"endpoint {endpoint}")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.endpoint}>"

    @classmethod
    def folder(cls) -> Traversable:
        """The adapter's package folder: manifest, contracts, README."""
        return resources.files(cls.__module__.rpartition(".")[0])

    @classmethod
    def mapping_set(cls, config: Mapping[str, Any]) -> str:
        """The name of the mapping set for a configuration: the dialect, say, chooses it."""
        values = {key: str(config.get(key) or entry.default or "").lower() for key, entry in cls.spec.config.items()}
        return cls.spec.mappings.format(**values)

    @cached_property
    def mapping_name(self) -> str:
        return self.mapping_set(self.config)

    @classmethod
    def serving(cls, upstream: str) -> Operation | None:
        """The operation that performs a catalogue operation such as `3001:01`."""
        return next((operation for operation in cls.operations.values() if operation.does(upstream)), None)

    def operation(self, name: str) -> Operation:
        """Raises NotSupported for an operation that the adapter does not have."""
        try:
            return self.operations[name]
        except KeyError:
            raise NotSupported(f"{self.spec.id} has no operation {name!r}") from None

    def encode(self, message: str, tree: Tree, env: Env, draw: Draw) -> WireRequest:
        """Make the wire request of `message` from its tree. Pure. Raises EncodeError."""
        raise NotImplementedError

    def decode(self, message: str, response: WireResponse, env: Env) -> Tree:
        """Read the wire response of `message` into a tree. Pure. Raises DecodeError, or Busy when nothing was done."""
        raise NotImplementedError

    def preview(self, operation: Operation, order: ServiceOrder) -> tuple[str, Any]:
        """The principal message of an operation and the source of its mapping.

        Debts are asked for by the account; of a batch the order is alone, in the first file of its day.
        """
        if operation.batch_type is not None:
            day = order.submitted_at.astimezone(SHANGHAI).date()
            name, kind = f"{self.endpoint}:{operation.batch_type}:{day:%Y%m%d}:0001", operation.batch_type
            return kind, Batch(id=name, endpoint=self.endpoint, type=kind, day=day, seq=1, orders=(order,))
        return operation.message or operation.name, AccountQuery.of(order) if operation.name == "arrears" else order

    def callback(self, request: HttpRequest, env: Env) -> Callback | Heard:  # noqa: ARG002 -- for those who override it
        """Verify a callback, and decode it or leave that to a mapping. Pure. Raises CallbackRefused."""
        raise NotSupported(f"{self.spec.id} takes no callbacks")

    def callback_answer(self, *, taken: bool) -> HttpResponse:
        """What the utility wants to hear after a callback."""
        return HttpResponse(200 if taken else 400, {}, b"")
