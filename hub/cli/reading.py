"""Reading an application that a user wrote: JSON or YAML; faults name the field and the rule, never the value."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from hub import yamlfile
from hub.domain.application import Application
from hub.errors import ConfigError, Fault, InputError

_LARGEST = 4 * 1024 * 1024


def read_application(path: Path) -> Application:
    """Read an application from a file, or from standard input for `-`.

    Raises:
        InputError: the file cannot be read, is no JSON or YAML, or its fields are wrong; every fault at once.
    """
    name = "standard input" if str(path) == "-" else str(path)
    data = _parse(name, _text(name, path))
    try:
        return Application.model_validate(data)
    except ValidationError as error:
        raise InputError(*_faults(error)) from None


def _faults(error: ValidationError) -> list[Fault]:
    found = error.errors(include_input=False, include_context=False, include_url=False)
    places = [each["loc"] for each in found]

    def counted(place: tuple[int | str, ...]) -> bool:
        # A list whose only entry is wrong counts as too short as well: that would mislead.
        return any(len(other) > len(place) and other[: len(place)] == place for other in places)

    return [
        Fault(_where(each["loc"]), _rule(each["type"]), each["msg"])
        for each in found
        if each["type"] != "too_short" or not counted(each["loc"])
    ]


def _text(name: str, path: Path) -> str:
    try:
        raw = sys.stdin.buffer.read(_LARGEST + 1) if str(path) == "-" else path.read_bytes()
        if len(raw) > _LARGEST:
            raise InputError(Fault(name, "FILE", f"an application has at most {_LARGEST} bytes"))
        return raw.decode("utf-8-sig")
    except OSError as error:
        raise InputError(Fault(name, "FILE", f"the file cannot be read: {error.strerror}")) from None
    except UnicodeDecodeError as error:
        raise InputError(Fault(name, "ENCODING", f"the file is not UTF-8 at byte {error.start}")) from None


def _parse(name: str, text: str) -> Any:
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            raise InputError(Fault(f"{name}:{error.lineno}", "JSON", error.msg)) from None
        except RecursionError:
            raise InputError(Fault(name, "JSON", "the document is nested too deeply")) from None
    try:
        return yamlfile.load(name, text).data
    except ConfigError as error:
        # The user's file is input here, not configuration.
        raise InputError(*error.faults) from None
    except (ValueError, TypeError, RecursionError):
        text = "the file holds a date, a key or a nesting that cannot be read"
        raise InputError(Fault(name, "YAML", text)) from None


def _where(location: tuple[int | str, ...]) -> str:
    """`items[0].code`, as the hub's own faults write it; the kind of the applicant is no step of the path."""
    if location[:2] in {("applicant", "person"), ("applicant", "organisation")}:
        location = (location[0], *location[2:])
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return path.lstrip(".") or "application"


def _rule(kind: str) -> str:
    return "VAL_REQUIRED" if kind == "missing" else "VAL_FORMAT"
