"""`hub plan` and `hub example`: what an application takes, and one to start from."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.options import AsJson, Audience, ConfigFolder, ItemCodes

if TYPE_CHECKING:
    from hub.domain.plan import Plan

Division = Annotated[
    str, typer.Option(metavar="D", help="9-digit code of the service address's town or street.", show_default=False)
]
Theme = Annotated[str | None, typer.Option(metavar="T", help="A one-thing bundle, such as JX6-TH-05.")]


def plan(
    items: ItemCodes,
    *,
    division: Division,
    audience: Audience = "individual",
    theme: Theme = None,
    config: ConfigFolder = None,
    json: AsJson = False,
) -> None:
    """Show what some items take at an address: one form, one list of materials, who serves, how long."""
    from hub.cli.opening import looking_hub
    from hub.cli.output import print_json

    kind = _audience(audience)

    async def ask() -> Plan:
        async with looking_hub(config) as hub:
            _known_division(hub.configuration.divisions.by_code, division)
            return await hub.plan(items, division=division, audience=kind, theme=theme)

    made = asyncio.run(ask())
    if json:
        print_json(made.model_dump(mode="json"))
    else:
        _show(made)


def example_application(
    items: ItemCodes,
    *,
    audience: Audience = "individual",
    division: Annotated[str, typer.Option(metavar="D", help="Where the service address is.")] = "330402007",
    config: ConfigFolder = None,
    json: Annotated[bool, typer.Option("--json", help="The application is JSON with or without this.")] = False,  # noqa: ARG001 -- every command takes it
) -> None:
    """Print a synthetic application for some items, complete and valid, to preview, change and submit."""
    from hub.cli.output import print_json
    from hub.config import load_configuration
    from hub.domain.example import account_holder, example_case
    from hub.domain.plan import make_plan
    from hub.settings import Settings

    kind = _audience(audience)
    configuration = load_configuration(overlay=config or Settings.read().config_dir)
    _known_division(configuration.divisions.by_code, division)
    # The plan names every item that does not exist or is not for this audience.
    make_plan(items, division, kind, configuration.catalogue, configuration.concessions.route)
    codes = tuple(dict.fromkeys(items))
    # About an account that stays whose it is, its holder applies: a simulator knows no other.
    asked = [configuration.catalogue.by_code[code] for code in codes]
    applicant = account_holder(asked) if kind == "individual" else None
    made = example_case(codes, kind, configuration.catalogue, division=division, applicant=applicant)
    print_json(made.model_dump(mode="json", exclude_none=True))


def _audience(given: str) -> Any:
    from hub.errors import Fault, InputError

    if given not in {"individual", "enterprise"}:
        raise InputError(Fault("--audience", "VAL_CODE", "it is individual or enterprise"))
    return given


def _known_division(known: Any, given: str) -> None:
    from hub.errors import Fault, InputError

    if len(given) != 9 or given not in known:
        text = "no such town or street; it is a 9-digit code of divisions.yaml, such as 330402007"
        raise InputError(Fault("--division", "VAL_CODE", text))


def _show(made: Plan) -> None:
    from hub.cli.output import console, table
    from hub.domain.money import format_yuan

    out = console()
    services = table("item", "name", "provider", "endpoint", "working days", "due", title="Items")
    for item in made.items:
        services.add_row(
            item.code,
            item.name_zh,
            item.provider_zh or "-",
            item.endpoint or item.unrouted,
            str(item.time_limit.promised_wd),
            str(item.due or "-"),
        )
    out.print(services)
    materials = table("material", "name", "needed", "from", "for", title="Materials")
    for material in made.materials:
        needed = "if an agent acts" if material.only_with_agent else "yes" if material.required else "may be left out"
        fetched = "made by the hub, to be signed" if material.made else "fetched by the hub"
        source = "the applicant" if material.asked else fetched
        names = " / ".join(material.names_zh)
        materials.add_row(" | ".join(material.any_of), names, needed, source, " ".join(material.items))
    out.print(materials)
    out.print(_form_table(made))
    for fee in dict.fromkeys(fee for item in made.items for fee in item.fees):
        out.print(f"fee: {fee.label_zh} {format_yuan(fee.amount_fen)} ({fee.label_en}; {fee.basis})")
    if made.gate is not None:
        out.print(f"{made.theme}: {made.gate.label_zh} ({made.gate.label_en})")
    for dependency in made.dependencies:
        out.print(f"{dependency.item} waits for {dependency.after} ({dependency.gate})")


def _form_table(made: Plan) -> Any:
    from hub.cli.output import table

    shown = table("field", "name", "type", "needed", "for", title="Form")
    schema = made.form["properties"]
    parts = [("all", schema["common"]), ("all that ask for it", schema["form"]), *schema["items"]["properties"].items()]
    for whose, part in parts:
        for key, field in part["properties"].items():
            needed = "yes" if key in part["required"] else "may be left out"
            shown.add_row(key, field.get("title", ""), _type(field), needed, whose)
    return shown


def _type(field: dict[str, Any]) -> str:
    labels = field.get("x-labels-zh", {})
    if "enum" in field:
        return " | ".join(f"{value} {labels.get(value, '')}".strip() for value in field["enum"])
    return str(field.get("x-type", "see --json"))
