"""Placeholders in an endpoint's configuration: `${ENV:NAME}` and `${SECRET:name}`, resolved when it is opened."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from hub.domain.provider import EndpointSpec
from hub.errors import Fault, SettingsError
from hub.settings import secret_variable

Lookup = Callable[[str, str], str | None]

PLACEHOLDER = re.compile(r"\$\{(ENV|SECRET):([A-Za-z0-9_.-]{1,64})\}")


def resolve(endpoint: EndpointSpec, lookup: Lookup) -> dict[str, Any]:
    """The endpoint's configuration with every placeholder replaced by what `lookup(kind, name)` gives.

    Raises:
        SettingsError: naming every variable and secret that is missing; never a value.
    """
    missing: list[Fault] = []
    config = _replace(endpoint.config, f"endpoint {endpoint.id}", lookup, missing)
    if missing:
        raise SettingsError(*missing)
    return dict(config)


def malformed(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The paths of texts that hold `${` without being a placeholder."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from malformed(each, (*path, key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from malformed(each, (*path, index))
    elif isinstance(value, str) and "${" in PLACEHOLDER.sub("", value):
        yield path


def _replace(value: Any, where: str, lookup: Lookup, missing: list[Fault]) -> Any:
    if isinstance(value, dict):
        return {key: _replace(each, f"{where}, {key}", lookup, missing) for key, each in value.items()}
    if isinstance(value, list):
        return [_replace(each, where, lookup, missing) for each in value]
    if not isinstance(value, str):
        return value

    def found(match: re.Match[str]) -> str:
        kind, name = match.groups()
        text = lookup(kind, name)
        if text is None:
            missing.append(Fault(where, "MISSING", _wanted(kind, name)))
        return text or ""

    return PLACEHOLDER.sub(found, value)


def _wanted(kind: str, name: str) -> str:
    if kind == "ENV":
        return f"the environment variable {name} is not set"
    return f"the secret {name} is missing: no such file in HUB_SECRETS_DIR, and {secret_variable(name)} is not set"
