"""Read a configuration folder into frozen values; every fault is collected with its file and line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from hub import yamlfile
from hub.domain.address import AdministrativeDivision, Divisions, FunctionalZone
from hub.domain.base import Frozen
from hub.domain.calendar import WorkCalendar
from hub.domain.catalogue import (
    Bundle,
    Catalogue,
    CodeTable,
    EvidenceType,
    FormField,
    ServiceField,
    ServiceItem,
)
from hub.domain.identity import ChannelRule, IdentityRules, MethodRule
from hub.domain.provider import Concession, Concessions, EndpointSpec, MaintenanceWindow, Provider
from hub.errors import ConfigError, Fault
from hub.yamlfile import YamlFile

M = TypeVar("M", bound=Frozen)
Place = tuple[YamlFile, tuple[str | int, ...]]

FILES: Mapping[str, frozenset[str]] = {
    "catalogue.yaml": frozenset({"id", "version", "count", "fields", "items", "linked"}),
    "materials.yaml": frozenset({"materials"}),
    "forms.yaml": frozenset({"common", "fields"}),
    "codes.yaml": frozenset({"tables"}),
    "bundles.yaml": frozenset({"bundles"}),
    "divisions.yaml": frozenset({"city", "divisions", "zones"}),
    "providers.yaml": frozenset({"providers"}),
    "concessions.yaml": frozenset({"concessions"}),
    "endpoints.yaml": frozenset({"endpoints"}),
    "maintenance.yaml": frozenset({"windows"}),
    "calendar.yaml": frozenset({"years"}),
    "identity.yaml": frozenset({"photo_score", "methods", "channels"}),
}


class CalendarYear(Frozen):
    """One year's days that differ from Monday to Friday. Without `complete` the year counts as assumed."""

    year: int
    complete: bool
    days_off: tuple[date, ...] = ()
    days_worked: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything that a city configures. `places` knows the file and line of each entry."""

    catalogue: Catalogue
    divisions: Divisions
    concessions: Concessions
    maintenance: tuple[MaintenanceWindow, ...]
    calendar: WorkCalendar = field(repr=False)
    identity: IdentityRules
    calendar_years: tuple[CalendarYear, ...] = ()
    places: Mapping[tuple[str, str], Place] = field(default_factory=dict, repr=False, compare=False)

    @property
    def providers(self) -> tuple[Provider, ...]:
        return self.concessions.providers

    @property
    def endpoints(self) -> tuple[EndpointSpec, ...]:
        return self.concessions.endpoints

    @property
    def bundles(self) -> tuple[Bundle, ...]:
        return self.catalogue.bundles

    def fault(self, kind: str, id_: str, message: str, *path: str | int, rule: str = "CONFIG") -> Fault:
        """A fault at a place inside the entry `id_`."""
        if (kind, id_) not in self.places:
            return Fault(f"{kind} {id_}", rule, message)
        file, start = self.places[kind, id_]
        return file.fault(message, *start, *path, rule=rule)


def shipped() -> Traversable:
    """The configuration that comes with the hub: inside the installed package, or at the top of the repository."""
    inside = resources.files("hub") / "data" / "config"
    if inside.is_dir():
        return inside
    return Path(str(resources.files("hub"))).parent / "config"


def load_configuration(folder: Traversable | Path | None = None, *, overlay: Path | None = None) -> Configuration:
    """Read `folder` (or the shipped one), with the files of `overlay` in place of those of the same name.

    Files in `endpoints.d/` of either folder add endpoints, or replace them by id.

    Raises:
        ConfigError: with every fault found, each with file and line.
    """
    reader = _Reader(folder or shipped(), overlay)
    catalogue = reader.catalogue()
    divisions = reader.divisions()
    endpoints = reader.endpoints()
    providers = reader.records("providers.yaml", "providers", Provider, "provider")
    granted = reader.records("concessions.yaml", "concessions", Concession, "concession")
    windows = reader.records("maintenance.yaml", "windows", MaintenanceWindow, "window")
    years = reader.records("calendar.yaml", "years", CalendarYear, "year")
    identity = reader.identity()
    reader.finish()
    if catalogue is None or divisions is None or identity is None:
        raise AssertionError("a missing catalogue leaves a fault")
    return Configuration(
        catalogue=catalogue,
        divisions=divisions,
        concessions=Concessions(divisions=divisions, providers=providers, endpoints=endpoints, concessions=granted),
        maintenance=windows,
        calendar=_calendar(years),
        identity=identity,
        calendar_years=years,
        places=reader.places,
    )


def _calendar(years: tuple[CalendarYear, ...]) -> WorkCalendar:
    national = WorkCalendar.seeded()
    ours = {year.year for year in years}
    table = {day: works for day, works in national.table.items() if day.year not in ours}
    for year in years:
        table |= dict.fromkeys(year.days_off, False) | dict.fromkeys(year.days_worked, True)
    return WorkCalendar(table, (national.years - ours) | {year.year for year in years if year.complete})


class _Reader:
    """Reads the files of one configuration, keeping faults and places."""

    def __init__(self, base: Traversable | Path, overlay: Path | None) -> None:
        self._base = base
        self._overlay = overlay
        self.faults: list[Fault] = []
        self.places: dict[tuple[str, str], Place] = {}
        self._files: dict[str, YamlFile | None] = {}
        self._find_strangers()

    def finish(self) -> None:
        if self.faults:
            raise ConfigError(*self.faults)

    def catalogue(self) -> Catalogue | None:
        file = self.file("catalogue.yaml")
        parts: dict[str, Any] = {
            "fields": self.records("catalogue.yaml", "fields", ServiceField, "service_field"),
            "items": self.records("catalogue.yaml", "items", ServiceItem, "item"),
            "linked": self.records("catalogue.yaml", "linked", ServiceItem, "item"),
            "materials": self.records("materials.yaml", "materials", EvidenceType, "material"),
            "common": self.records("forms.yaml", "common", FormField, "common_field"),
            "form_fields": self.records("forms.yaml", "fields", FormField, "form_field"),
            "tables": self.records("codes.yaml", "tables", CodeTable, "table"),
            "bundles": self.records("bundles.yaml", "bundles", Bundle, "bundle"),
        }
        head = {key: file.data[key] for key in ("id", "version", "count") if key in file.data} if file else {}
        return self._made(Catalogue, {**head, **parts}, file) if file else None

    def divisions(self) -> Divisions | None:
        file = self.file("divisions.yaml")
        parts: dict[str, Any] = {
            "divisions": self.records("divisions.yaml", "divisions", AdministrativeDivision, "division"),
            "zones": self.records("divisions.yaml", "zones", FunctionalZone, "zone"),
        }
        head = {key: file.data[key] for key in ("city",) if key in file.data} if file else {}
        return self._made(Divisions, {**head, **parts}, file) if file else None

    def identity(self) -> IdentityRules | None:
        file = self.file("identity.yaml")
        parts: dict[str, Any] = {
            "methods": self.records("identity.yaml", "methods", MethodRule, "method"),
            "channels": self.records("identity.yaml", "channels", ChannelRule, "channel"),
        }
        head = {key: file.data[key] for key in ("photo_score",) if key in file.data} if file else {}
        return self._made(IdentityRules, {**head, **parts}, file) if file else None

    def endpoints(self) -> tuple[EndpointSpec, ...]:
        found = {one.id: one for one in self.records("endpoints.yaml", "endpoints", EndpointSpec, "endpoint")}
        for name, source in self._extra_endpoints():
            file = self._parse(name, source, frozenset({"endpoints"}))
            here = {one.id: one for one in self._read(file, "endpoints", EndpointSpec, "endpoint", replace=True)}
            found |= here
        return tuple(found.values())

    def records(self, name: str, key: str, model: type[M], kind: str) -> tuple[M, ...]:
        return self._read(self.file(name), key, model, kind)

    def file(self, name: str) -> YamlFile | None:
        if name not in self._files:
            file = self._files[name] = self._open(name)
            if file is not None:
                self.places["file", name] = (file, ())
        return self._files[name]

    def _open(self, name: str) -> YamlFile | None:
        if self._overlay is not None and (self._overlay / name).is_file():
            return self._parse(str(self._overlay / name), self._overlay / name, FILES[name])
        source = self._base / name
        if not source.is_file():
            self.faults.append(Fault(f"{self._label(name)}:1", "MISSING", "the file is missing"))
            return None
        return self._parse(self._label(name), source, FILES[name])

    def _label(self, name: str) -> str:
        return f"{self._base.name}/{name}" if self._base.name == "config" else str(self._base / name)

    def _parse(self, name: str, source: Traversable | Path, keys: frozenset[str]) -> YamlFile | None:
        try:
            file = yamlfile.load(name, source)
        except ConfigError as error:
            self.faults.extend(error.faults)
            return None
        if not isinstance(file.data, dict):
            self.faults.append(file.fault(f"the file is a mapping of {', '.join(sorted(keys))}"))
            return None
        for key in file.data:
            if key not in keys:
                self.faults.append(file.fault(f"unknown key {key!r}; known: {', '.join(sorted(keys))}", key))
        return file

    def _read(
        self, file: YamlFile | None, key: str, model: type[M], kind: str, *, replace: bool = False
    ) -> tuple[M, ...]:
        if file is None:
            return ()
        raw = file.data.get(key) or []
        if not isinstance(raw, list):
            self.faults.append(file.fault(f"{key!r} is a list", key))
            return ()
        made: list[M] = []
        here: set[str] = set()
        for index, entry in enumerate(raw):
            value = self._made(model, entry, file, key, index)
            if value is None:
                continue
            id_ = _id(value, index)
            if id_ in here or ((kind, id_) in self.places and not replace):
                self.faults.append(file.fault(f"the {kind} {id_!r} stands twice", key, index))
                continue
            here.add(id_)
            self.places[kind, id_] = (file, (key, index))
            made.append(value)
        return tuple(made)

    def _made(self, model: type[M], entry: Any, file: YamlFile, *path: str | int) -> M | None:
        try:
            return model.model_validate(entry)
        except ValidationError as error:
            for each in error.errors(include_input=False, include_url=False):
                place = (*path, *each["loc"])
                name = ".".join(str(part) for part in each["loc"]) or "entry"
                self.faults.append(file.fault(f"{name}: {each['msg']}", *place))
            return None

    def _extra_endpoints(self) -> Iterator[tuple[str, Traversable | Path]]:
        for folder in (self._base, self._overlay):
            more = folder / "endpoints.d" if folder is not None else None
            if more is not None and more.is_dir():
                for source in sorted(more.iterdir(), key=lambda each: each.name):
                    if source.name.endswith(".yaml"):
                        yield (
                            f"{more}/{source.name}"
                            if folder is self._overlay
                            else self._label(f"endpoints.d/{source.name}"),
                            source,
                        )

    def _find_strangers(self) -> None:
        """A misspelt file in the user's folder would silently change nothing."""
        if self._overlay is None:
            return
        if not self._overlay.is_dir():
            self.faults.append(Fault(str(self._overlay), "MISSING", "there is no such folder"))
            return
        for source in sorted(self._overlay.glob("*.yaml")):
            if source.name not in FILES:
                known = ", ".join(sorted(FILES))
                self.faults.append(Fault(f"{source}:1", "UNKNOWN", f"no such configuration file; known: {known}"))


def _id(value: Frozen, index: int) -> str:
    for name in ("id", "code", "key", "year"):
        if hasattr(value, name):
            return str(getattr(value, name))
    return str(index)
