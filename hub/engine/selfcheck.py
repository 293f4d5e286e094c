"""Checking everything that can be checked without a network: configuration, adapters, mappings, endpoints, routing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.resources import as_file
from importlib.resources.abc import Traversable
from typing import Any

from hub import yamlfile
from hub.config import Configuration, Lookup, RouteTable, check_configuration, resolve, routes, warnings
from hub.domain.provider import EndpointSpec
from hub.engine.bundles.compensating import way_back
from hub.errors import ConfigError, Fault
from hub.mapping.check import WARNINGS, check
from hub.mapping.contract import ContractNode, from_json_schema, from_layout, from_xsd
from hub.registry import Registry
from hub.sdk.adapter import Adapter


@dataclass(frozen=True, slots=True)
class SelfCheck:
    """What was found. `faults` must be corrected; `warnings` keep something from working here, or deserve a look."""

    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]
    table: RouteTable
    items: int
    counties: int

    @property
    def routed(self) -> tuple[str, ...]:
        """Items that can be sent somewhere."""
        return tuple(dict.fromkeys(row.item for row in self.table.routed))

    @property
    def full_counties(self) -> int:
        """Counties in which every routed item can be sent."""
        reached = Counter(row.county for row in self.table.routed)
        return sum(count == len(self.routed) for count in reached.values())

    @property
    def summary(self) -> str:
        """`37 of 67 items routed in 7 of 7 counties`."""
        return f"{len(self.routed)} of {self.items} items routed in {self.full_counties} of {self.counties} counties"


def self_check(configuration: Configuration, registry: Registry, lookup: Lookup) -> SelfCheck:
    """Check a configuration together with the installed adapters and their mappings. Nothing is sent."""
    judged = [*_adapters(registry), *mapping_faults(configuration, registry)]
    return SelfCheck(
        faults=(
            *check_configuration(configuration),
            *(fault for fault in judged if fault.rule not in WARNINGS),
            *undoing_faults(configuration, registry),
        ),
        warnings=(
            *warnings(configuration),
            *(fault for fault in judged if fault.rule in WARNINGS),
            *_endpoints(configuration, registry, lookup),
        ),
        table=item_routes(configuration, registry),
        items=len(configuration.catalogue.items),
        counties=len(configuration.divisions.counties),
    )


def item_routes(configuration: Configuration, registry: Registry) -> RouteTable:
    """Where each of the catalogue's own items goes, whether or not its endpoint could be opened here."""
    own = {item.code for item in configuration.catalogue.items}
    table = routes(configuration, registry.performs)
    return RouteTable(tuple(row for row in table.rows if row.item in own))


def mapping_faults(configuration: Configuration, registry: Registry) -> Iterator[Fault]:
    """Every adapter's mapping sets, those of all its endpoints, against its contracts and the canonical codes."""
    tables = canonical_tables(configuration)
    for found in registry.found:
        if found.adapter is None:
            continue
        for name in mapping_sets(configuration, found.adapter):
            try:
                yield from check_set(registry, found.adapter, name, tables)
            except ConfigError as error:
                yield from error.faults


def undoing_faults(configuration: Configuration, registry: Registry) -> Iterator[Fault]:
    """Items that a bundle commits early at a utility whose adapter can neither compensate nor cancel."""
    endpoints = configuration.concessions.by_endpoint
    for bundle in configuration.bundles:
        for index, dependency in enumerate(bundle.dependencies):
            item = configuration.catalogue.by_code.get(dependency.item)
            if dependency.commit != "early" or item is None:
                continue
            reached = {
                endpoints[each.endpoint].adapter
                for each in configuration.concessions.concessions
                if each.field == item.field
                and each.endpoint in endpoints
                and registry.performs(endpoints[each.endpoint], item.upstream.operation)
            }
            for name in sorted(reached):
                if way_back(registry.adapter(name)) is None:
                    text = f"{item.code} is committed early, but adapter {name!r} can neither compensate nor cancel"
                    yield configuration.fault("bundle", bundle.id, text, "dependencies", index, rule="NOT_UNDOABLE")


def mapping_sets(configuration: Configuration, adapter: type[Adapter]) -> tuple[str, ...]:
    """The names of the mapping sets that an adapter's endpoints use."""
    mine = (spec for spec in configuration.endpoints if spec.adapter == adapter.spec.id)
    return tuple(dict.fromkeys(adapter.mapping_set(spec.config) for spec in mine))


def check_set(
    registry: Registry, adapter: type[Adapter], name: str, tables: Mapping[str, tuple[str, ...]]
) -> list[Fault]:
    """The static check of one set, and messages of the manifest without a mapping. Raises MappingError."""
    mappings = registry.mappings(name)
    faults = check(
        mappings,
        partial(contract, adapter.folder()),
        config_keys=tuple(adapter.spec.config),
        params_keys=tuple(adapter.spec.params),
        catalogue_tables=tables,
    )
    for message, entry in adapter.spec.messages.items():
        wanted = (("request", entry.request), ("reply", entry.reply))
        lacking = [which for which, needed in wanted if needed and (message, which) not in mappings.mappings]
        faults += [Fault(f"{name}/{message}.{which}.yaml:1", "MAP_SET", "the mapping is missing") for which in lacking]
    return faults


def canonical_tables(configuration: Configuration) -> dict[str, tuple[str, ...]]:
    """The canonical codes that a code table of a mapping may have to cover, by the table's name."""
    catalogue = configuration.catalogue
    return {
        **{table.id: tuple(table.labels) for table in catalogue.tables},
        "materials": tuple(material.id for material in catalogue.materials),
    }


def contract(folder: Traversable, place: str) -> ContractNode:
    """The contract at `contracts/3001.xsd#ROOT`: an XSD's element, a JSON Schema or a part of one, a record layout.

    Raises:
        OSError, KeyError, ValueError: it is not there, or cannot be read.
    """
    path, _, part = place.partition("#")
    source = folder.joinpath(*path.split("/"))
    if path.endswith(".xsd"):
        with as_file(source) as file:
            return from_xsd(file, part)
    if path.endswith(".json"):
        schema = json.loads(source.read_text(encoding="utf-8"))
        return from_json_schema(_part(schema, part) if part else schema)
    layout = yamlfile.load(path, source).data
    return from_layout(layout[part] if part else layout)


def _part(schema: dict[str, Any], name: str) -> dict[str, Any]:
    """One definition of a schema that holds several, still with the others that it may refer to."""
    return {"$defs": schema["$defs"], **schema["$defs"][name]}


def _adapters(registry: Registry) -> Iterator[Fault]:
    for found in registry.found:
        if found.adapter is None:
            yield Fault(f"adapter {found.name}", "ADAPTER", found.error or "it does not load")


def _endpoints(configuration: Configuration, registry: Registry, lookup: Lookup) -> Iterator[Fault]:
    """Endpoints that cannot be opened here: a secret is not set, a key of the configuration is missing."""
    for spec in configuration.endpoints:
        try:
            _open(spec, registry, lookup)
        except ConfigError as error:
            yield from error.faults


def _open(spec: EndpointSpec, registry: Registry, lookup: Lookup) -> None:
    config = resolve(spec, lookup)
    registry.adapter(spec.adapter)(spec.id, config)
