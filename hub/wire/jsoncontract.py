"""A JSON contract pinned as JSON Schemas: ours is checked before it goes out, theirs after it has come in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from importlib.resources.abc import Traversable
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, ValidationError

from hub.errors import DecodeError, EncodeError, UnmappedCode

_SHOWN = re.compile(r"[A-Za-z0-9_-]{1,32}")


class JsonContract:
    """The services of one contract: a schema file `{service}.schema.json` for each request, one for all replies.

    `replies` names the file that has a reply's schema in `$defs` for each service; `formats` are the contract's own
    ways to write a moment, by the name that the schemas call them, in the letters of strptime.
    """

    def __init__(
        self, folder: Traversable, *, replies: str = "replies", formats: Mapping[str, str] | None = None
    ) -> None:
        self._folder, self._replies = folder, replies
        self._checker = FormatChecker(formats=())
        for name, form in (formats or {}).items():
            self._checker.checks(name, raises=ValueError)(partial(_written_as, form))
        self._validators: dict[tuple[str, bool], Draft202012Validator] = {}

    def check_request(self, service: str, tree: Any) -> None:
        """Raises EncodeError with path and rule, never with a value."""
        error = next(self._errors(service, tree, reply=False), None)
        if error is not None:
            raise EncodeError(_where(error), f"breaks the contract's rule {error.validator} [VAL_FORMAT]")

    def check_reply(self, service: str, tree: Any) -> None:
        """Raises DecodeError; or UnmappedCode, when nothing is wrong but a code that the contract does not list."""
        unlisted: ValidationError | None = None
        for error in self._errors(service, tree, reply=True):
            if error.validator != "enum":
                raise DecodeError(_where(error), f"breaks the contract's rule {error.validator} [UPS_PROTOCOL]")
            unlisted = unlisted or error
        if unlisted is not None:
            where, raw = _where(unlisted), str(unlisted.instance)
            raise UnmappedCode(where.rpartition(".")[2], raw if _SHOWN.fullmatch(raw) else "?", where)

    def schema(self, service: str, *, reply: bool) -> dict[str, Any]:
        """The schema of what a service takes, or of its whole reply."""
        text = self._folder.joinpath(f"{self._replies if reply else service}.schema.json").read_text("utf-8")
        document: dict[str, Any] = json.loads(text)
        return {"$ref": f"#/$defs/{service}", "$defs": document["$defs"]} if reply else document

    def _errors(self, service: str, tree: Any, *, reply: bool) -> Iterator[ValidationError]:
        key = (service, reply)
        if key not in self._validators:
            schema = self.schema(service, reply=reply)
            self._validators[key] = Draft202012Validator(schema, format_checker=self._checker)
        return iter(sorted(self._validators[key].iter_errors(tree), key=lambda error: error.json_path))


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
