"""What an application will need, told before it is made: one form, one list of materials, who serves, how long."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from pydantic import Field

from hub.domain.application import Audience
from hub.domain.base import Frozen
from hub.domain.catalogue import (
    Bundle,
    Catalogue,
    Dependency,
    Fee,
    FieldRef,
    Gate,
    MaterialRule,
    ServiceItem,
    TimeLimit,
)
from hub.domain.common_form import common_definitions, common_schema
from hub.domain.fields import definitions, field_schema
from hub.domain.provider import Route
from hub.domain.taxonomy import ErrorCode
from hub.errors import ApplicationInvalid, Fault

FindRoute = Callable[[str, str], Route | None]
DueDate = Callable[[int], date]


class PlanItem(Frozen):
    """One item of a plan. Without an endpoint, `unrouted` says why it cannot be sent from here."""

    code: str
    name_zh: str
    name_en: str
    field: str
    mode: str
    kind: str
    output: str
    provider: str | None = None
    provider_zh: str | None = None
    endpoint: str | None = None
    unrouted: str | None = None
    time_limit: TimeLimit
    due: date | None = None
    fees: tuple[Fee, ...] = ()
    self_service: bool
    identity_level: int
    consent: tuple[str, ...]


class PlanMaterial(Frozen):
    """One of `any_of` is needed once, whatever number of items asks for it. `asked`: the applicant has to bring it.

    `auto_fetch`: the hub asks for it first. `made`: the hub makes it from the case, to be signed.
    """

    any_of: tuple[str, ...]
    names_zh: tuple[str, ...]
    names_en: tuple[str, ...]
    required: bool
    auto_fetch: bool
    asked: bool
    made: bool = False
    only_with_agent: bool = False
    items: tuple[str, ...]


class PlanDependency(Frozen):
    """`item` waits for `after`; `external` when that is registered elsewhere and is no item of this plan."""

    item: str
    after: str
    gate: str
    precheck: bool
    external: bool


class Plan(Frozen):
    """The answer to "what would these items take here"."""

    division: str
    audience: Audience
    theme: str | None = None
    gate: Gate | None = None
    items: tuple[PlanItem, ...]
    form: dict[str, Any] = Field(repr=False)
    materials: tuple[PlanMaterial, ...]
    dependencies: tuple[PlanDependency, ...] = ()


def make_plan(
    item_codes: Iterable[str],
    division: str,
    audience: Audience,
    catalogue: Catalogue,
    route: FindRoute,
    *,
    theme: str | None = None,
    due: DueDate | None = None,
) -> Plan:
    """Plan some items at one service address. `due(working_days)` is the date until which that many days last.

    Raises:
        ApplicationInvalid: naming each item or bundle that does not exist or is not for this audience.
    """
    codes = tuple(dict.fromkeys(item_codes))
    _refuse(codes, audience, catalogue, theme)
    items = tuple(catalogue.by_code[code] for code in codes)
    bundle = catalogue.by_bundle[theme] if theme else None
    return Plan(
        division=division,
        audience=audience,
        theme=theme,
        gate=bundle.gate if bundle else None,
        items=tuple(_item(item, route(item.field, division), due) for item in items),
        form=merged_form(items, catalogue, audience),
        materials=_materials(items, audience, catalogue),
        dependencies=tuple(_dependencies(bundle, codes)) if bundle else (),
    )


def _refuse(codes: tuple[str, ...], audience: Audience, catalogue: Catalogue, theme: str | None) -> None:
    faults = [] if codes else [Fault("items", ErrorCode.VAL_REQUIRED.value, "at least one item is needed")]
    for index, code in enumerate(codes):
        item = catalogue.by_code.get(code)
        if item is None:
            text = "the catalogue has no such item; see hub items"
            faults.append(Fault(f"items[{index}].code", ErrorCode.VAL_CODE.value, text))
        elif audience not in item.audience:
            text = f"{code} is not for applicants of kind {audience}"
            faults.append(Fault(f"items[{index}].code", ErrorCode.ELG_NOT_ELIGIBLE.value, text))
    if theme is not None and theme not in catalogue.by_bundle:
        text = f"no such bundle; there are: {', '.join(catalogue.by_bundle)}"
        faults.append(Fault("theme", ErrorCode.VAL_CODE.value, text))
    if faults:
        raise ApplicationInvalid(*faults)


def _item(item: ServiceItem, route: Route | None, due: DueDate | None) -> PlanItem:
    unrouted = None
    if route is None:
        unrouted = "nobody serves this division"
    elif route.endpoint is None:
        unrouted = "the provider is not connected to this hub"
    return PlanItem(
        code=item.code,
        name_zh=item.name_zh,
        name_en=item.name_en,
        field=item.field,
        mode=item.mode,
        kind=item.kind,
        output=item.output,
        provider=route.provider.id if route else None,
        provider_zh=route.provider.name_zh if route else None,
        endpoint=route.endpoint.id if route and route.endpoint else None,
        unrouted=unrouted,
        time_limit=item.time_limit,
        due=due(item.time_limit.promised_wd) if due else None,
        fees=item.fees,
        self_service=item.self_service,
        identity_level=item.identity_level,
        consent=(item.field, *((route.provider.id,) if route and route.provider.id != item.field else ())),
    )


def merged_form(items: tuple[ServiceItem, ...], catalogue: Catalogue, audience: Audience) -> dict[str, Any]:
    """JSON Schema (2020-12) of what is asked: common to every application, shared by items, and each item's own.

    A field that items share stands once, under `form`. A field whose value belongs to one item, or whose codes
    differ between items, stands under `items` with each of them.
    """
    shared: dict[str, FieldRef] = {}
    needed: list[str] = []
    own: dict[str, Any] = {}
    for item in items:
        mine = [ref for ref in item.form_fields if _is_own(ref, items, catalogue)]
        own[item.code] = _object(mine, catalogue, [ref.ref for ref in mine if ref.required])
        for ref in item.form_fields:
            if ref not in mine:
                shared.setdefault(ref.ref, ref)
                if ref.required and ref.ref not in needed:
                    needed.append(ref.ref)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "common": common_schema(catalogue, audience),
            "form": _object(shared.values(), catalogue, needed),
            "items": {"type": "object", "properties": own, "required": list(own), "additionalProperties": False},
        },
        "required": ["common", "form", "items"],
        "additionalProperties": False,
        "$defs": {**common_definitions(), **definitions()},
    }


def _is_own(ref: FieldRef, items: tuple[ServiceItem, ...], catalogue: Catalogue) -> bool:
    if catalogue.by_field[ref.ref].own:
        return True
    same = [each for item in items for each in item.form_fields if each.ref == ref.ref]
    return len({catalogue.allowed(each) for each in same}) > 1


def _object(refs: Iterable[FieldRef], catalogue: Catalogue, required: list[str]) -> dict[str, Any]:
    refs = tuple(refs)
    here = {ref.ref for ref in refs}
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {ref.ref: field_schema(catalogue.by_field[ref.ref], ref, catalogue) for ref in refs},
        "required": required,
        "additionalProperties": False,
    }
    conditions = [
        {
            "if": {"properties": {other: {"enum": list(values)}}, "required": [other]},
            "then": {"required": [ref.ref]},
        }
        for ref in refs
        for other, values in ref.required_when.items()
        if other in here
    ]
    return {**schema, "allOf": conditions} if conditions else schema


def _materials(items: tuple[ServiceItem, ...], audience: Audience, catalogue: Catalogue) -> tuple[PlanMaterial, ...]:
    """The union over the items: what one rule asks for alone also serves every rule that offers it as a choice."""
    found: dict[tuple[str, ...], PlanMaterial] = {}
    for item in items:
        for rule in item.materials:
            kinds = [catalogue.by_material[one] for one in rule.any_of]
            made = all(kind.source == "generated" for kind in kinds)  # see _made
            if made or not rule.applies(audience, agent=True) or _typed_in(rule, catalogue):
                continue
            before = found.get(rule.any_of)
            found[rule.any_of] = PlanMaterial(
                any_of=rule.any_of,
                names_zh=tuple(kind.name_zh for kind in kinds),
                names_en=tuple(kind.name_en for kind in kinds),
                required=rule.required or bool(before and before.required),
                auto_fetch=any(kind.auto_fetch for kind in kinds),
                asked=all(kind.asked for kind in kinds),
                only_with_agent=rule.when == "agent" and (before is None or before.only_with_agent),
                items=(*(before.items if before else ()), item.code),
            )
    single = {choice[0]: choice for choice in found if len(choice) == 1 and found[choice].required}
    for choice in [each for each in found if len(each) > 1]:
        serving = next((single[one] for one in choice if one in single), None)
        if serving is not None:
            merged = tuple(dict.fromkeys((*found[serving].items, *found.pop(choice).items)))
            found[serving] = found[serving].with_(items=merged)
    return (*found.values(), *_made(items, catalogue))


def _made(items: tuple[ServiceItem, ...], catalogue: Catalogue) -> Iterable[PlanMaterial]:
    """What the hub makes of the case: one application form, and a contract where one comes of it."""
    made = {
        "APPLICATION_FORM": [item.code for item in items if item.mode == "async"],
        "SUPPLY_CONTRACT": [item.code for item in items if item.output == "contract"],
    }
    for material, codes in made.items():
        kind = catalogue.by_material.get(material)
        if codes and kind is not None:
            yield PlanMaterial(
                any_of=(material,),
                names_zh=(kind.name_zh,),
                names_en=(kind.name_en,),
                required=True,
                auto_fetch=False,
                asked=False,
                made=True,
                items=tuple(codes),
            )


def _typed_in(rule: MaterialRule, catalogue: Catalogue) -> bool:
    return all(catalogue.by_material[one].form_field for one in rule.any_of)


def _dependencies(bundle: Bundle, codes: tuple[str, ...]) -> Iterable[PlanDependency]:
    dependency: Dependency
    for dependency in bundle.dependencies:
        external = dependency.after not in codes
        if dependency.item in codes and (not external or dependency.after == bundle.lead):
            yield PlanDependency(
                item=dependency.item,
                after=dependency.after,
                gate=dependency.gate,
                precheck=dependency.precheck,
                external=external,
            )
