"""`hub adapters`: which adapters are installed, what they offer, and why one does not load."""

from __future__ import annotations

from typing import Any

import typer

from hub.cli.options import AsJson, ConfigFolder


def adapters(*, config: ConfigFolder = None, json: AsJson = False) -> None:
    """List the installed adapters: interface, operations, mapping sets, load errors."""
    from hub.cli.output import NO, console, print_json
    from hub.config import load_configuration
    from hub.engine.selfcheck import mapping_sets
    from hub.registry import Found, Registry
    from hub.settings import Settings

    settings = Settings.read()
    configuration = load_configuration(overlay=config or settings.config_dir)
    registry = Registry.load(settings.mappings_dir)

    def row(found: Found) -> dict[str, Any]:
        made: dict[str, Any] = {"name": found.name, "source": found.source, "error": found.error}
        if found.adapter is None:
            return made
        spec = found.adapter.spec
        return made | {
            "version": spec.version,
            "label_zh": spec.label_zh,
            "interface": spec.interface,
            "transport": spec.transport,
            "operations": list(found.adapter.operations),
            "mapping_sets": list(mapping_sets(configuration, found.adapter)),
        }

    rows = [row(found) for found in registry.found]
    if json:
        print_json(rows)
    else:
        console().print(_table(rows))
    if any(each["error"] for each in rows):
        raise typer.Exit(NO)


def _table(rows: list[dict[str, Any]]) -> Any:
    from hub.cli.output import table

    shown = table("adapter", "version", "from", "interface", "operations", "mapping sets", "load error")
    for row in rows:
        shown.add_row(
            row["name"],
            row.get("version", "-"),
            row["source"],
            row.get("interface", "-"),
            str(len(row.get("operations", ()))),
            ", ".join(row.get("mapping_sets", ())) or "-",
            row["error"] or "",
        )
    return shown
