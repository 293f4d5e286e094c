"""Checks across the configuration's files: who serves what, how it is reached, and when it is closed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from hub.clock import SHANGHAI
from hub.config.check_catalogue import check_catalogue
from hub.config.check_identity import check_identity_rules
from hub.config.load import Configuration
from hub.config.schedule import cron, timetable
from hub.config.secrets import malformed
from hub.domain.provider import Concession, EndpointSpec
from hub.errors import Fault

_ANY_DAY = datetime(2026, 1, 1, tzinfo=SHANGHAI)
_SECRET_WORDS = ("password", "secret", "token", "private", "sign_key", "sm4")


def check_configuration(configuration: Configuration) -> list[Fault]:
    """Everything in a loaded configuration that contradicts itself; each fault with its file and line."""
    return [
        *check_catalogue(configuration),
        *_divisions(configuration),
        *_providers(configuration),
        *_concessions(configuration),
        *_coverage(configuration),
        *_endpoints(configuration),
        *_maintenance(configuration),
        *_calendar(configuration),
        *check_identity_rules(configuration),
    ]


def warnings(configuration: Configuration) -> list[Fault]:
    """What works, but deserves a look: assumed calendar years, unused endpoints, secrets that stand in a file."""
    found = [
        configuration.fault("year", str(year.year), "not complete: reckoned Monday to Friday", rule="CALENDAR")
        for year in configuration.calendar_years
        if not year.complete
    ]
    used = {concession.endpoint for concession in configuration.concessions.concessions}
    for endpoint in configuration.endpoints:
        if endpoint.id not in used:
            found.append(configuration.fault("endpoint", endpoint.id, "no concession uses it", rule="UNUSED"))
        for key, value in endpoint.config.items():
            if not endpoint.simulated and any(word in key for word in _SECRET_WORDS) and "${" not in str(value):
                text = f"{key!r} looks like a secret; write ${{SECRET:name}}"
                found.append(configuration.fault("endpoint", endpoint.id, text, "config", key, rule="SECRET"))
    return found


def _divisions(configuration: Configuration) -> Iterator[Fault]:
    known = configuration.divisions.by_code
    for division in known.values():
        if division.parent is not None and division.parent not in known:
            text = f"no division {division.parent!r}"
            yield configuration.fault("division", division.code, text, "parent", rule="REFERENCE")
        if division.parent is None and division.level != "city":
            yield configuration.fault("division", division.code, "only the city has no parent", rule="REFERENCE")
    for zone in configuration.divisions.zones:
        for index, member in enumerate(zone.member_divisions):
            if member not in known:
                text = f"no division {member!r}"
                yield configuration.fault("zone", zone.id, text, "member_divisions", index, rule="REFERENCE")


def _providers(configuration: Configuration) -> Iterator[Fault]:
    fields = {field.id for field in configuration.catalogue.fields}
    for provider in configuration.providers:
        if provider.field not in fields:
            yield configuration.fault(
                "provider", provider.id, f"no field {provider.field!r}", "field", rule="REFERENCE"
            )


def _concessions(configuration: Configuration) -> Iterator[Fault]:
    known = configuration.concessions.concessions
    for index, concession in enumerate(known):
        for message, *path in (*_concession(configuration, concession), *_rivals(known[:index], concession)):
            yield configuration.fault("concession", str(index), message, *path, rule="REFERENCE")


def _concession(configuration: Configuration, concession: Concession) -> Iterator[tuple[Any, ...]]:
    known = configuration.concessions
    places = {configuration.divisions.city, *configuration.divisions.by_code}
    places |= {zone.id for zone in configuration.divisions.zones}
    provider = known.by_provider.get(concession.provider)
    if provider is None:
        yield f"no provider {concession.provider!r}", "provider"
    elif provider.field != concession.field:
        yield f"{provider.id!r} is a provider of {provider.field}", "field"
    if concession.endpoint is not None and concession.endpoint not in known.by_endpoint:
        yield f"no endpoint {concession.endpoint!r}", "endpoint"
    for position, division in enumerate(concession.divisions):
        if division not in places:
            yield f"no division or zone {division!r}", "divisions", position
    if concession.valid_from and concession.valid_to and concession.valid_from > concession.valid_to:
        yield "it ends before it begins", "valid_to"


def _rivals(earlier: tuple[Concession, ...], concession: Concession) -> Iterator[tuple[str, str]]:
    for other in earlier:
        for division in sorted(_overlap(other, concession)):
            yield f"{other.provider!r} already serves {division} at the same time", "divisions"


def _overlap(one: Concession, other: Concession) -> set[str]:
    if one.field != other.field:
        return set()
    days = {one.valid_from, one.valid_to, other.valid_from, other.valid_to, None} - {None}
    together = any(one.valid(day) and other.valid(day) for day in days) or not days
    return set(one.divisions) & set(other.divisions) if together else set()


def _coverage(configuration: Configuration) -> Iterator[Fault]:
    """Every town has somebody for every field, connected or not."""
    for field in configuration.catalogue.fields:
        for county in configuration.divisions.counties:
            gaps = [
                town.code
                for town in configuration.divisions.divisions
                if town.parent == county.code and configuration.concessions.route(field.id, town.code) is None
            ]
            if gaps:
                text = f"nobody serves {field.id} in {len(gaps)} of its towns, the first is {gaps[0]}"
                yield configuration.fault("division", county.code, text, rule="COVERAGE")


def _endpoints(configuration: Configuration) -> Iterator[Fault]:
    for endpoint in configuration.endpoints:
        for message, *path in _endpoint(endpoint):
            yield configuration.fault("endpoint", endpoint.id, message, *path, rule="ENDPOINT")
        for place in malformed(endpoint.config):
            text = "a placeholder is ${ENV:NAME} or ${SECRET:name}"
            yield configuration.fault("endpoint", endpoint.id, text, "config", *place, rule="PLACEHOLDER")


def _endpoint(endpoint: EndpointSpec) -> Iterator[tuple[str, ...]]:
    limits = endpoint.limits
    if max(limits.connect_seconds, limits.read_seconds) > limits.total_seconds:
        yield "total_seconds is shorter than one of its parts", "limits", "total_seconds"
    if endpoint.retry.base_seconds > endpoint.retry.cap_seconds:
        yield "base_seconds is longer than cap_seconds", "retry", "base_seconds"
    if endpoint.retry.cap_seconds > endpoint.retry.deadline_hours * 3600:
        yield "cap_seconds is longer than the deadline", "retry", "cap_seconds"
    lines: dict[tuple[str, ...], str | None] = {("reconcile",): endpoint.reconcile}
    if endpoint.batch is not None:
        lines |= {("batch", "send"): endpoint.batch.send, ("batch", "collect"): endpoint.batch.collect}
    for path, line in lines.items():
        try:
            timetable(line or "0 0 * * *", _ANY_DAY)
        except ValueError as error:
            yield str(error), *path


def _maintenance(configuration: Configuration) -> Iterator[Fault]:
    operations = {item.upstream.operation for item in configuration.catalogue.by_code.values()}
    for window in configuration.maintenance:
        for index, endpoint in enumerate(window.endpoints):
            if endpoint not in configuration.concessions.by_endpoint:
                text = f"no endpoint {endpoint!r}"
                yield configuration.fault("window", window.id, text, "endpoints", index, rule="REFERENCE")
        for index, pattern in enumerate(window.operations):
            if not any(fnmatchcase(operation, pattern) for operation in operations):
                text = f"no item has an operation like {pattern!r}"
                yield configuration.fault("window", window.id, text, "operations", index, rule="REFERENCE")
        try:
            cron(window.start)
        except ValueError as error:
            yield configuration.fault("window", window.id, str(error), "start", rule="CRON")


def _calendar(configuration: Configuration) -> Iterator[Fault]:
    for year in configuration.calendar_years:
        for name, days in (("days_off", year.days_off), ("days_worked", year.days_worked)):
            for index, day in enumerate(days):
                if day.year != year.year:
                    text = f"the day is not in {year.year}"
                    yield configuration.fault("year", str(year.year), text, name, index, rule="CALENDAR")
        for day in sorted(set(year.days_off) & set(year.days_worked)):
            text = f"{day} is both off and worked"
            yield configuration.fault("year", str(year.year), text, "days_worked", rule="CALENDAR")
