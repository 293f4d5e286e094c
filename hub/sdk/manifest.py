"""The manifest of an adapter: identity, configuration with its secrets, messages, and operations without Python."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources.abc import Traversable
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator

from hub import yamlfile
from hub.domain.base import CANONICAL_VERSION, Frozen
from hub.domain.states import TaskState
from hub.errors import Fault, ManifestError
from hub.sdk.operation import BusinessKey, Idempotency, KeyReplay, Kind, Operation

TransportName = Literal["http", "sftp", "tcp", "tables", "folder"]
_SECRET_WORDS = ("password", "secret", "token", "private", "sign_key", "sm4", "master_key")


class ConfigKey(Frozen):
    """One key of an adapter's configuration. Secrets are resolved late and never shown.

    `size` is the number of bytes that a value of type hex has, such as a key.
    """

    type: Literal["text", "url", "integer", "enum", "table", "hex"] = "text"
    size: int | None = None
    required: bool = True
    secret: bool = False
    default: Any = None
    values: tuple[str, ...] = ()
    label: str = ""


class Message(Frozen):
    """One message type. `effect`: it may change something at the utility; `secret`: it carries credentials."""

    effect: bool = False
    secret: bool = False
    request: bool = True
    reply: bool = True
    seconds: float | None = Field(default=None, gt=0)


class OperationEntry(Frozen):
    """An operation that is one message with a mapping each way and needs no Python."""

    kind: Literal["read", "write"]
    message: str
    serves: tuple[str, ...] = ()
    idempotency: Literal["key", "none"] | tuple[str, ...] = "none"
    inquiry: str | None = None
    visibility_lag: float = 0.0
    unsafe: Literal["manual"] | None = None
    follow: str | None = None

    def operation(self, name: str) -> Operation:
        idempotency: Idempotency = None
        if self.idempotency == "key":
            idempotency = KeyReplay()
        elif self.idempotency != "none":
            idempotency = BusinessKey(*self.idempotency)
        return Operation(
            name=name,
            kind=Kind(self.kind),
            serves=self.serves,
            message=self.message,
            idempotency=idempotency,
            inquiry=self.inquiry,
            visibility_lag=self.visibility_lag,
            unsafe=self.unsafe,
            follow=self.follow,
        )


class ReverseTerms(Frozen):
    """When a payment can be taken back: only on its own day; and whether the fee of an order can."""

    same_day: bool = False
    fees: bool = True


class Terms(Frozen):
    """What the utility's conditions allow, as far as its interface says so: what is not said, the utility is asked.

    `cancel` are the states in which an order can still be cancelled. `answer_days` are the working days in which the
    applicant has to give what is asked for.
    """

    cancel: tuple[TaskState, ...] | None = None
    reverse: ReverseTerms = ReverseTerms()
    answer_days: int = Field(default=10, ge=1, le=365)


class Manifest(Frozen):
    """`manifest.yaml` of an adapter."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{1,30}$")
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    canonical: str = Field(pattern=r"^\d+$")
    label_zh: str
    interface: str
    transport: tuple[TransportName, ...] = Field(min_length=1)
    mappings: str
    config: dict[str, ConfigKey] = Field(default_factory=dict)
    params: dict[str, ConfigKey] = Field(default_factory=dict)
    messages: dict[str, Message]
    operations: dict[str, OperationEntry] = Field(default_factory=dict)
    terms: Terms = Terms()

    @field_validator("transport", mode="before")
    @classmethod
    def _one_or_several(cls, given: Any) -> Any:
        return (given,) if isinstance(given, str) else given

    def check_config(self, given: Mapping[str, Any], where: str) -> dict[str, Any]:
        """Fill in defaults; raise ManifestError naming each missing or unknown key. Values are never shown."""
        return _check_keys(self.config, given, where)

    def check_params(self, given: Mapping[str, Any], where: str) -> dict[str, Any]:
        return _check_keys(self.params, given, where)


def _check_keys(keys: Mapping[str, ConfigKey], given: Mapping[str, Any], where: str) -> dict[str, Any]:
    faults = [Fault(where, "CONFIG", f"unknown key {key!r}") for key in given if key not in keys]
    result: dict[str, Any] = {}
    for name, key in keys.items():
        value = given.get(name, key.default)
        if value is None and key.required:
            faults.append(Fault(where, "CONFIG", f"the key {name!r} is required"))
        elif value is not None and key.values and str(value) not in key.values:
            faults.append(Fault(where, "CONFIG", f"the key {name!r} must be one of {', '.join(key.values)}"))
        elif value is not None and key.type == "hex" and not _is_hex(str(value), key.size):
            digits = f"{2 * key.size} hex digits" if key.size else "hex digits"
            faults.append(Fault(where, "CONFIG", f"the key {name!r} must be {digits}"))
        result[name] = value
    if faults:
        raise ManifestError(*faults)
    return result


def _is_hex(value: str, size: int | None) -> bool:
    return re.fullmatch("([0-9A-Fa-f]{2})+", value) is not None and size in {None, len(value) // 2}


def load_manifest(package: str, source: Traversable) -> Manifest:
    """Read a manifest. Raises ManifestError with file and line of each fault."""
    document = yamlfile.load(f"{package}/{source.name}", source)
    try:
        manifest = Manifest.model_validate(document.data)
    except ValidationError as error:
        raise ManifestError(
            *(document.fault(each["msg"], *each["loc"], rule="MANIFEST") for each in error.errors(include_input=False))
        ) from None
    faults = [
        document.fault(f"{name!r} looks like a secret; say secret: true", "config", name, rule="SECRET")
        for name, key in manifest.config.items()
        if any(word in name for word in _SECRET_WORDS) and not key.secret
    ]
    if manifest.canonical != CANONICAL_VERSION.partition(".")[0]:
        text = f"made for canonical model {manifest.canonical}, this hub has {CANONICAL_VERSION}"
        faults.append(document.fault(text, "canonical", rule="CANONICAL"))
    for name, entry in manifest.operations.items():
        if entry.message not in manifest.messages:
            faults.append(
                document.fault(f"no message {entry.message!r}", "operations", name, "message", rule="MANIFEST")
            )
    if faults:
        raise ManifestError(*faults)
    return manifest
