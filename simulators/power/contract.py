"""The written contract of every service: JSON Schema of the decrypted data, and the first thing in it that is wrong."""

from __future__ import annotations

import json
from importlib import resources
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator, FormatChecker

from simulators.power.refusals import Refusal, parameter
from simulators.power.times import STAMP, is_written

if TYPE_CHECKING:
    from jsonschema import ValidationError

SERVICES = (
    "consumer/query",
    "bill/arrears",
    "pay/writeoff",
    "pay/reverse",
    "attach/presign",
    "app/submit",
    "app/query",
    "app/cancel",
    "app/supplement",
    "recon/file",
)

_formats = FormatChecker(formats=())
_formats.checks("stamp")(lambda text: is_written(text, STAMP, 14))
_formats.checks("day")(lambda text: is_written(text, "%Y%m%d", 8))
_formats.checks("month")(lambda text: is_written(text, "%Y%m", 6))


def schema(service: str) -> dict[str, Any]:
    folder = resources.files("simulators.power") / "schemas"
    text = (folder / f"{service.replace('/', '.')}.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


_VALIDATORS = {service: Draft202012Validator(schema(service), format_checker=_formats) for service in SERVICES}


def check(service: str, data: Any) -> None:
    """Refuse data that breaks the schema, naming the field and the rule but never the value."""
    if _has_controls(data):
        raise parameter("data", "controlCharacter", violation=True)
    errors = sorted(_VALIDATORS[service].iter_errors(data), key=lambda error: (_field(error), _rule(error)))
    if errors:
        raise _refusal(errors[0])


def _has_controls(data: Any) -> bool:
    # Python's "$" lets a trailing newline through a pattern.
    if isinstance(data, str):
        return any(ord(char) < 0x20 for char in data)
    inner = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    return any(_has_controls(item) for item in inner)


def _refusal(error: ValidationError) -> Refusal:
    return parameter(_field(error), _rule(error), violation=True)


def _rule(error: ValidationError) -> str:
    return str(error.validator)


def _field(error: ValidationError) -> str:
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path).lstrip(".")
    leaf = ""
    if error.validator == "required":
        leaf = error.message.split("'")[1]
    elif error.validator == "additionalProperties":
        known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
        given = error.instance if isinstance(error.instance, dict) else {}
        leaf = min(set(given) - set(known))
    return f"{path}.{leaf}".strip(".") or "data"
