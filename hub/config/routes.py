"""Which item is connected in which county, and why not: the table behind `hub items` and `hub check`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hub.config.load import Configuration
from hub.domain.catalogue import ServiceItem
from hub.domain.provider import EndpointSpec


@dataclass(frozen=True, slots=True)
class Performed:
    """How an endpoint's adapter performs one operation: the interface it speaks, and the mapping it writes by."""

    interface: str
    mapping: str


Perform = Callable[[EndpointSpec, str], Performed | None]


@dataclass(frozen=True, slots=True)
class RouteRow:
    """One item in one county. `reason` says why an application cannot be sent; nothing means that it can.

    `operation` is the utility's own (`3001:01`); `interfaces` and `mappings` are of the endpoints that perform it.
    """

    item: str
    name_zh: str
    field: str
    county: str
    providers: tuple[str, ...]
    endpoints: tuple[str, ...]
    operation: str = ""
    interfaces: tuple[str, ...] = ()
    mappings: tuple[str, ...] = ()
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


def routes(configuration: Configuration, perform: Perform) -> RouteTable:
    """Work out the table. `perform(endpoint, upstream_operation)` tells how an adapter does it, if it can."""
    return RouteTable(
        tuple(
            _row(configuration, item, county.code, perform)
            for item in configuration.catalogue.by_code.values()
            for county in configuration.divisions.counties
        )
    )


def _row(configuration: Configuration, item: ServiceItem, county: str, perform: Perform) -> RouteRow:
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
    done = {endpoint.id: perform(endpoint, operation) for endpoint in endpoints.values()}
    unable = dict.fromkeys(endpoint.adapter for endpoint in endpoints.values() if done[endpoint.id] is None)
    reasons += [f"the adapter {name!r} has no operation {operation!r}" for name in unable]
    able = [each for each in done.values() if each]
    return RouteRow(
        item=item.code,
        name_zh=item.name_zh,
        field=item.field,
        county=county,
        providers=tuple(dict.fromkeys(route.provider.id for route in served)),
        endpoints=tuple(endpoints),
        operation=operation,
        interfaces=tuple(dict.fromkeys(each.interface for each in able)),
        mappings=tuple(dict.fromkeys(each.mapping for each in able)),
        reason="; ".join(reasons) or None,
    )
