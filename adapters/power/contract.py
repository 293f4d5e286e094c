"""The platform's contract, pinned as JSON Schemas: ours is checked before sealing, theirs after opening."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache, partial
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, ValidationError

from hub.sdk import DecodeError, EncodeError, Tree, UnmappedCode

_REPLIES = "replies"
_FORMS = {"day": "%Y%m%d", "month": "%Y%m", "stamp": "%Y%m%d%H%M%S"}
_SHOWN = re.compile(r"[A-Za-z0-9_-]{1,32}")
_SAME_SERVICE = {"ping": "app.query", "pay.fee": "pay.writeoff"}


def service_of(message: str) -> str:
    """The service that a message calls; two messages are special uses of another one's service."""
    return _SAME_SERVICE.get(message, message)


def check_request(message: str, tree: Tree) -> None:
    """Raises EncodeError with path and rule, never with a value."""
    error = next(_errors(service_of(message), tree, reply=False), None)
    if error is not None:
        raise EncodeError(_where(error), f"breaks the contract's rule {error.validator} [VAL_FORMAT]")


def check_reply(message: str, tree: Tree) -> None:
    """Raises DecodeError; or UnmappedCode, when nothing is wrong but a code that the contract does not list."""
    unlisted: ValidationError | None = None
    for error in _errors(service_of(message), tree, reply=True):
        if error.validator != "enum":
            raise DecodeError(_where(error), f"breaks the contract's rule {error.validator} [UPS_PROTOCOL]")
        unlisted = unlisted or error
    if unlisted is not None:
        where, raw = _where(unlisted), str(unlisted.instance)
        raise UnmappedCode(where.rpartition(".")[2], raw if _SHOWN.fullmatch(raw) else "?", where)


def schema(service: str, *, reply: bool) -> dict[str, Any]:
    """The schema of what a service takes, or of its whole reply."""
    name = _REPLIES if reply else service
    text = files(__package__).joinpath("contracts", f"{name}.schema.json").read_text("utf-8")
    document: dict[str, Any] = json.loads(text)
    return {"$ref": f"#/$defs/{service}", "$defs": document["$defs"]} if reply else document


def _errors(service: str, tree: Tree, *, reply: bool) -> Iterator[ValidationError]:
    return iter(sorted(_validator(service, reply=reply).iter_errors(tree), key=lambda error: error.json_path))


@cache
def _validator(service: str, *, reply: bool) -> Draft202012Validator:
    formats = FormatChecker(formats=())
    for name, form in _FORMS.items():
        formats.checks(name, raises=ValueError)(partial(_written_as, form))
    return Draft202012Validator(schema(service, reply=reply), format_checker=formats)


def _written_as(form: str, value: object) -> bool:
    # strptime also takes single digits, so the value must come out as it went in. Its zone is of no matter here.
    return not isinstance(value, str) or datetime.strptime(value, form).strftime(form) == value  # noqa: DTZ007 -- see above


def _where(error: ValidationError) -> str:
    """The path of the field; for a missing field, of that field."""
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path)
    wanted: Any = error.validator_value
    given: Any = error.instance
    if error.validator == "required":
        path += f".{next(name for name in wanted if name not in given)}"
    return path.removeprefix(".") or "body"
