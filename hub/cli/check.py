"""`hub check` and `hub items`: is everything in order, and which item goes where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.options import AsJson, ConfigFolder
from hub.errors import ConfigError, Fault, InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hub.config import Configuration, RouteRow
    from hub.engine.selfcheck import SelfCheck

Field = Annotated[str | None, typer.Option(metavar="F", help="Only this field: water, power, gas, ...")]
County = Annotated[str | None, typer.Option(metavar="C", help="Only this county: its code or its Chinese name.")]


def check(*, config: ConfigFolder = None, json: AsJson = False) -> None:
    """Check configuration, adapters, mappings, secrets and routing. Nothing is sent."""
    from hub.cli.output import NO, fault_list, print_json
    from hub.config import load_configuration
    from hub.engine.selfcheck import self_check
    from hub.registry import Registry
    from hub.settings import Settings

    settings = Settings.read()
    try:
        configuration = load_configuration(overlay=config or settings.config_dir)
    except ConfigError as error:
        _unreadable(error.faults, as_json=json)
    found = self_check(configuration, Registry.load(settings.mappings_dir), settings.lookup)
    if json:
        unrouted = [_row(row) for row in found.table.unrouted]
        print_json(
            {
                "faults": fault_list(found.faults),
                "warnings": fault_list(found.warnings),
                "items": found.items,
                "routed": list(found.routed),
                "unrouted": unrouted,
                "summary": found.summary,
            }
        )
    else:
        _show(found, configuration)
    if found.faults:
        raise typer.Exit(NO)


def items(*, field: Field = None, county: County = None, config: ConfigFolder = None, json: AsJson = False) -> None:
    """List the items and who takes each of them, or why nobody does."""
    from hub.cli.output import console, print_json
    from hub.config import load_configuration, routes
    from hub.registry import Registry
    from hub.settings import Settings

    settings = Settings.read()
    configuration = load_configuration(overlay=config or settings.config_dir)
    wanted = _county(configuration, county)
    known = sorted({item.field for item in configuration.catalogue.by_code.values()})
    if field is not None and field not in known:
        raise InputError(Fault("--field", "VAL_CODE", f"no such field; there are: {', '.join(known)}"))
    table = routes(configuration, Registry.load(settings.mappings_dir).performs)
    rows = [
        row for row in table.rows if (field is None or row.field == field) and (wanted is None or row.county == wanted)
    ]
    if json:
        print_json([_row(row) for row in rows])
    else:
        console().print(_items_table(rows, configuration))


def _unreadable(faults: tuple[Fault, ...], *, as_json: bool) -> None:
    """A configuration that cannot be read cannot be checked any further."""
    from hub.cli.output import NO, fault_list, print_json

    if as_json:
        print_json({"faults": fault_list(faults), "warnings": [], "summary": "the configuration cannot be read"})
    else:
        for fault in faults:
            typer.echo(f"fault    {fault}")
        typer.echo(f"the configuration cannot be read, {_count(len(faults), 'fault')}")
    raise typer.Exit(NO)


def _show(found: SelfCheck, configuration: Configuration) -> None:
    for fault in found.faults:
        typer.echo(f"fault    {fault}")
    for line in _warning_lines(found.warnings):
        typer.echo(f"warning  {line}")
    names = {item.code: item.name_zh for item in configuration.catalogue.items}
    for reason, lines in _by_reason(found.table.unrouted, configuration, names).items():
        typer.echo(f"unrouted {reason}:")
        for line in lines:
            typer.echo(f"           {line}")
    if found.warnings:
        typer.echo(_count(len(found.warnings), "warning"))
    typer.echo(f"{found.summary}, {_count(len(found.faults), 'fault')}")


def _warning_lines(found: tuple[Fault, ...]) -> list[str]:
    """One line a warning; what is missing for one endpoint stands on one line, or nobody would read them all."""
    lines: dict[str, list[str]] = {}
    for warning in found:
        place, comma, key = warning.where.partition(", ")
        missing = comma and warning.rule == "MISSING" and place.startswith("endpoint ")
        lines.setdefault(place if missing else str(warning), []).extend([key] if missing else [])
    return [
        f"{place}: cannot be opened here without {'; '.join(keys)} (--json says where each is looked for)"
        if keys
        else place
        for place, keys in lines.items()
    ]


def _by_reason(rows: Iterable[RouteRow], configuration: Configuration, names: dict[str, str]) -> dict[str, list[str]]:
    """Unrouted items under their reason; counties are named where not all of them are meant."""
    counties = {county.code: county.name_zh for county in configuration.divisions.counties}
    places: dict[str, dict[str, list[str]]] = {}
    for row in rows:
        places.setdefault(row.reason or "", {}).setdefault(row.item, []).append(counties[row.county])
    return {
        reason: [
            f"{code} {names[code]}" + ("" if len(where) == len(counties) else f" ({' '.join(where)})")
            for code, where in found.items()
        ]
        for reason, found in places.items()
    }


def _county(configuration: Configuration, given: str | None) -> str | None:
    if given is None:
        return None
    for county in configuration.divisions.counties:
        if given in {county.code, county.name_zh}:
            return county.code
    known = ", ".join(f"{county.code} {county.name_zh}" for county in configuration.divisions.counties)
    raise InputError(Fault("--county", "VAL_CODE", f"no such county; there are: {known}"))


def _row(row: RouteRow) -> dict[str, Any]:
    return {
        "item": row.item,
        "name_zh": row.name_zh,
        "field": row.field,
        "county": row.county,
        "providers": list(row.providers),
        "endpoints": list(row.endpoints),
        "operation": row.operation,
        "interfaces": list(row.interfaces),
        "mappings": list(row.mappings),
        "reason": row.reason,
    }


def _items_table(rows: list[RouteRow], configuration: Configuration) -> Any:
    """One line an item and way to serve it; what holds in all counties that are shown names none of them."""
    from hub.cli.output import table

    counties = {county.code: county.name_zh for county in configuration.divisions.counties}
    names = {provider.id: provider.name_zh for provider in configuration.providers}
    shown = table("item", "name", "served by", "interface", "operation", "mapping", "where, or why not")
    for code in dict.fromkeys(row.item for row in rows):
        mine = [row for row in rows if row.item == code]
        ways = _ways(mine)
        for number, ((interface, reason), some) in enumerate(ways.items()):
            providers = [names[each] for each in _all(row.providers for row in some)]
            places = "" if len(ways) == 1 else " ".join(counties[row.county] for row in some)
            shown.add_row(
                *((code, mine[0].name_zh) if number == 0 else ("", "")),
                f"{len(providers)} providers" if len(providers) > 1 else "".join(providers) or "-",
                interface or "-",
                mine[0].operation,
                "\n".join(_all(row.mappings for row in some)) or "-",
                ": ".join(each for each in (reason, places) if each),
            )
    return shown


def _ways(rows: list[RouteRow]) -> dict[tuple[str, str], list[RouteRow]]:
    """The counties of an item by how it is served there, or why not."""
    found: dict[tuple[str, str], list[RouteRow]] = {}
    for row in rows:
        found.setdefault((", ".join(row.interfaces), row.reason or ""), []).append(row)
    return found


def _all(several: Iterable[tuple[str, ...]]) -> list[str]:
    return list(dict.fromkeys(each for some in several for each in some))


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
