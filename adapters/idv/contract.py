"""The gateway's contract, pinned as JSON Schemas: ours is checked before sending, theirs after opening."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

from hub.sdk import DecodeError, EncodeError, Tree, UnmappedCode

_SHOWN = re.compile(r"[A-Za-z0-9_-]{1,32}")
_VERDICTS = ("idcard.verify", "residence.permit", "entexit.verify")


def check_request(message: str, tree: Tree) -> None:
    """Raises EncodeError with path and rule, never with a value."""
    for error in _errors("requests", message, tree):
        raise EncodeError(_where(error), f"breaks the contract's rule {error.validator} [VAL_FORMAT]")


def check_reply(message: str, tree: Tree) -> None:
    """Raises DecodeError; or UnmappedCode, when nothing is wrong but a code that the contract does not list."""
    part = "token" if message.startswith("token.") else "verdict" if message in _VERDICTS else message
    found = _errors("replies", part, tree)
    for error in found:
        if error.validator != "enum":
            raise DecodeError(_where(error), f"breaks the contract's rule {error.validator} [UPS_PROTOCOL]")
    for error in found:
        where, raw = _where(error), str(error.instance)
        raise UnmappedCode(where.rpartition(".")[2], raw if _SHOWN.fullmatch(raw) else "?", where)


def _errors(name: str, part: str, tree: Tree) -> list[ValidationError]:
    return sorted(_validator(name, part).iter_errors(tree), key=lambda error: error.json_path)


@cache
def _validator(name: str, part: str) -> Draft202012Validator:
    text = files(__package__).joinpath("contracts", f"{name}.schema.json").read_text("utf-8")
    document: dict[str, Any] = json.loads(text)
    return Draft202012Validator({"$ref": f"#/$defs/{part}", "$defs": document["$defs"]})


def _where(error: ValidationError) -> str:
    """The path of the field; for a missing field, of that field."""
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path)
    wanted: Any = error.validator_value
    given: Any = error.instance
    if error.validator == "required":
        path += f".{next(name for name in wanted if name not in given)}"
    return path.removeprefix(".") or "body"
