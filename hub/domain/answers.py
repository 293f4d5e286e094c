"""A plan's form, filled in: held against the plan with every fault at once, and made into an application."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from pydantic import ValidationError as Malformed

from hub.domain.application import Application, Channel
from hub.domain.evidence import Evidence
from hub.domain.plan import Plan
from hub.domain.taxonomy import ErrorCode
from hub.errors import ApplicationInvalid, Fault

_RULES = {
    "required": ErrorCode.VAL_REQUIRED,
    "minItems": ErrorCode.VAL_REQUIRED,
    "minLength": ErrorCode.VAL_REQUIRED,
    "enum": ErrorCode.VAL_CODE,
}
_WORDS = {
    "additionalProperties": "the plan does not ask for this field",
    "required": "this field is required",
    "minItems": "at least one is needed",
    "minLength": "this field is required",
    "pattern": "it has another form",
}
_LONGEST_NAME = 40
_UNIONS = frozenset({"person", "organisation"})  # the kind of the applicant is no step of a path


def check_answers(plan: Plan, answers: Mapping[str, Any]) -> tuple[Fault, ...]:
    """Every fault of a filled-in form against its plan: the field, the rule, and the place. No value is repeated."""
    found = Draft202012Validator(plan.form).iter_errors(answers)
    return tuple(dict.fromkeys(fault for error in found for fault in _faults(error)))


def application_of(
    plan: Plan,
    answers: Mapping[str, Any],
    request_id: str,
    *,
    evidence: Iterable[Evidence] = (),
    channel: Channel | None = None,
) -> Application:
    """Make an application of a filled-in form. What a schema cannot say is checked when it is submitted.

    Raises:
        ApplicationInvalid: with every fault of `check_answers`; or with what only the application's types know, such as
            a moment that is none.
    """
    if faults := check_answers(plan, answers):
        raise ApplicationInvalid(*faults)
    made: dict[str, Any] = {
        "request_id": request_id,
        "items": [{"code": item.code, "form": answers["items"][item.code]} for item in plan.items],
        "form": answers["form"],
        "applicant": {"kind": "organisation" if plan.audience == "enterprise" else "person"},
        "theme": plan.theme,
        "channel": channel or Channel(),
        "evidence": tuple(evidence),
    }
    fields = plan.form["properties"]["common"]["properties"]
    for key, value in answers["common"].items():
        _put(made, fields[key]["x-path"].split("."), value)
    try:
        return Application.model_validate(made)
    except Malformed as error:
        found = error.errors(include_input=False, include_url=False, include_context=False)
        places = [[part for part in each["loc"] if part not in _UNIONS] for each in found]
        raise ApplicationInvalid(
            *(
                Fault(_where(place), ErrorCode.VAL_FORMAT.value, each["msg"])
                for place, each in zip(places, found, strict=True)
            )
        ) from None


def _put(made: dict[str, Any], path: list[str], value: Any) -> None:
    for part in path[:-1]:
        made = made.setdefault(part, {})
    made[path[-1]] = value


def _faults(error: ValidationError) -> Iterator[Fault]:
    """One fault a field; a value that fits none of several shapes is wrong once, where it stands."""
    place = list(error.absolute_path)
    rule = str(error.validator)
    code = _RULES.get(rule, ErrorCode.VAL_FORMAT).value
    schema: Any = error.schema
    wanted: Any = error.validator_value
    instance: Any = error.instance
    if rule == "required":
        missing = [key for key in wanted if key not in instance]
        yield from (Fault(_where([*place, key]), code, _WORDS[rule]) for key in missing)
    elif rule == "additionalProperties":
        known = schema.get("properties", {})
        yield from (Fault(_where([*place, key]), code, _WORDS[rule]) for key in instance if key not in known)
    elif rule == "enum":
        yield Fault(_where(place), code, f"must be one of {', '.join(map(str, wanted))}")
    else:
        otherwise = f"must be of type {wanted}" if rule == "type" else "it does not fit"
        yield Fault(_where(place), code, _WORDS.get(rule, otherwise))


def _where(place: list[Any]) -> str:
    """`items.JX6-WAT-01.account_no`; a key that is no field's name may be anything, so it is not repeated."""
    path = ""
    for part in place:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            plain = part.replace("_", "").replace("-", "").isalnum() and part.isascii() and len(part) <= _LONGEST_NAME
            path += f".{part if plain else '?'}"
    return path.lstrip(".") or "form"
