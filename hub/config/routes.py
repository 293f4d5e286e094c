"""Which item is connected in which county, and why not: the table behind `hub items` and `hub check`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hub.config.load import Configuration
from hub.domain.catalogue import ServiceItem

HasOperation = Callable[[str, str], bool]


@dataclass(frozen=True, slots=True)
class RouteRow:
    """One item in one county. `reason` says why an application cannot be sent; nothing means that it can."""

    item: str
    name_zh: str
    field: str
    county: str
    providers: tuple[str, ...]
    endpoints: tuple[str, ...]
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class RouteTable:
    """All items in all counties."""

    rows: tuple[RouteRow, ...]

    @property
    def unrouted(self) -> tuple[RouteRow, ...]:
        return tuple(row for row in self.rows if row.reason)

    @property
    def routed(self) -> tuple[RouteRow, ...]:
        return tuple(row for row in self.rows if not row.reason)

    def of(self, item: str) -> tuple[RouteRow, ...]:
        return tuple(row for row in self.rows if row.item == item)


def routes(configuration: Configuration, has_operation: HasOperation) -> RouteTable:
    """Work out the table. `has_operation(adapter, upstream_operation)` tells what the installed adapters can do."""
    return RouteTable(
        tuple(
            _row(configuration, item, county.code, has_operation)
            for item in configuration.catalogue.by_code.values()
            for county in configuration.divisions.counties
        )
    )


def _row(configuration: Configuration, item: ServiceItem, county: str, has_operation: HasOperation) -> RouteRow:
    towns = [each.code for each in configuration.divisions.divisions if each.parent == county]
    found = [configuration.concessions.route(item.field, town) for town in towns]
    served = [route for route in found if route]
    endpoints = {route.endpoint.id: route.endpoint for route in served if route.endpoint}
    reasons = []
    if len(served) < len(found):
        reasons.append("nobody serves the county" if not served else "nobody serves a part of the county")
    if any(route.endpoint is None for route in served):
        reasons.append("the provider is not connected")
    operation = item.upstream.operation
    adapters = dict.fromkeys(endpoint.adapter for endpoint in endpoints.values())
    reasons += [
        f"the adapter {name!r} has no operation {operation!r}"
        for name in adapters
        if not has_operation(name, operation)
    ]
    return RouteRow(
        item=item.code,
        name_zh=item.name_zh,
        field=item.field,
        county=county,
        providers=tuple(dict.fromkeys(route.provider.id for route in served)),
        endpoints=tuple(endpoints),
        reason="; ".join(reasons) or None,
    )
