"""The adapters: found by entry points, opened per endpoint with its secrets and its mappings."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.metadata import EntryPoint, entry_points
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from hub.config import Performed
from hub.domain.provider import EndpointLimits, EndpointSpec
from hub.errors import Fault, HubError, ManifestError
from hub.mapping import MappingSet, load_set
from hub.sdk.adapter import Adapter
from hub.wire.exchange import Limits, Transport
from hub.wire.transports import open_transport


@dataclass(frozen=True, slots=True)
class Found:
    """One adapter as found: its class, or why it does not load."""

    name: str
    source: str
    adapter: type[Adapter] | None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """An endpoint ready for use."""

    spec: EndpointSpec
    adapter: Adapter
    mappings: MappingSet
    transport: Transport
    limits: Limits


def shipped_mappings() -> Traversable:
    """The mapping folder of the installed package, or of the repository when run from it."""
    packaged = resources.files("hub") / "data" / "mappings"
    return packaged if packaged.is_dir() else Path(__file__).resolve().parent.parent / "mappings"


class Registry:
    """All adapters that are installed. A broken one is listed with its error and harms no other."""

    def __init__(self, found: tuple[Found, ...], mappings: tuple[Traversable, ...]) -> None:
        self.found = found
        self._folders = mappings
        self._sets: dict[str, MappingSet] = {}
        self._classes = {each.name: each.adapter for each in found if each.adapter is not None}

    @classmethod
    def load(cls, mappings: Path | None = None) -> Registry:
        """Import every adapter. `mappings` is a folder whose sets replace the shipped ones of the same name."""
        found = tuple(_find(entry) for entry in sorted(entry_points(group="hub.adapters"), key=lambda each: each.name))
        folders: tuple[Traversable, ...] = (shipped_mappings(),)
        return cls(found, (mappings, *folders) if mappings else folders)

    def adapter(self, name: str) -> type[Adapter]:
        """Raises ManifestError when the adapter is missing or broken."""
        if name in self._classes:
            return self._classes[name]
        reason = next((each.error for each in self.found if each.name == name), "it is not installed")
        raise ManifestError(Fault(f"adapter {name}", "ADAPTER", str(reason)))

    def performs(self, endpoint: EndpointSpec, upstream: str) -> Performed | None:
        """How an endpoint's adapter performs a catalogue operation; nothing if it cannot."""
        adapter = self._classes.get(endpoint.adapter)
        operation = adapter.serving(upstream) if adapter else None
        if adapter is None or operation is None:
            return None
        message = operation.message or operation.name
        return Performed(adapter.spec.interface, f"{adapter.mapping_set(endpoint.config)}/{message}")

    def mappings(self, name: str) -> MappingSet:
        """A mapping set, compiled once. Raises MappingError with file and line."""
        if name not in self._sets:
            folder = next((each for each in self._folders if _has(each, name)), self._folders[-1])
            self._sets[name] = load_set(name, folder)
        return self._sets[name]

    def open(self, spec: EndpointSpec, config: Mapping[str, Any]) -> Opened:
        """Open an endpoint with its resolved configuration: checked, its mappings compiled; nothing is sent."""
        adapter = self.adapter(spec.adapter)(spec.id, config)
        limits = _limits(spec.limits)
        transport = open_transport(adapter.spec.transport, adapter.config, spec.limits.concurrency)
        return Opened(spec, adapter, self.mappings(adapter.mapping_name), transport, limits)


def _find(entry: EntryPoint) -> Found:
    source = f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value
    try:
        return Found(entry.name, source, entry.load())
    except HubError as error:
        return Found(entry.name, source, None, str(error))
    except Exception as error:  # noqa: BLE001 -- a third party's import may fail in any way; it must harm no other
        return Found(entry.name, source, None, f"it does not import: {type(error).__name__}")


def _has(folder: Traversable, name: str) -> bool:
    place = folder
    for part in name.split("/"):
        place = place / part
    with contextlib.suppress(OSError):
        return place.is_dir()
    return False


def _limits(given: EndpointLimits) -> Limits:
    return Limits(connect=given.connect_seconds, read=given.read_seconds, total=given.total_seconds)
