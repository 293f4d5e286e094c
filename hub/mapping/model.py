"""The mapping language as values: a message's rules, the code tables of a set, and the environment of one call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

from hub.mapping.paths import Ref

Direction = Literal["request", "reply"]
Kind = Literal["text", "integer", "decimal", "boolean", "bytes", "date", "datetime", "object", "list", "any"]
Scalar = str | int | bool
Names = tuple[str, ...]

ABSENT: Any = object()
"""Says that a rule has no constant or default; None could not, as it is what an absent value looks like."""


@dataclass(frozen=True, slots=True)
class Env:
    """What a message may use beside its source: the time, the endpoint's values, and values of this one call."""

    now: datetime
    config: Mapping[str, Any] = field(default_factory=dict, repr=False)
    params: Mapping[str, Any] = field(default_factory=dict, repr=False)
    session: Mapping[str, Any] = field(default_factory=dict, repr=False)
    vars: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Condition:
    """True when the value at `ref` equals one of `values`."""

    ref: Ref
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Guard:
    """When a rule applies: all of `when` present, none of `unless` present, every one of `only` true."""

    when: tuple[Ref, ...] = ()
    unless: tuple[Ref, ...] = ()
    only: tuple[Condition, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.when or self.unless or self.only)

    @property
    def refs(self) -> tuple[Ref, ...]:
        return (*self.when, *self.unless, *(condition.ref for condition in self.only))


@dataclass(frozen=True, slots=True)
class Call:
    """One named function with its argument, if it takes one."""

    name: str
    argument: int | str | None = None

    def __str__(self) -> str:
        return self.name if self.argument is None else f"{self.name}({self.argument!r})"


@dataclass(frozen=True, slots=True)
class Pad:
    """Fill up to exactly `width` characters."""

    width: int
    fill: str = " "
    side: Literal["left", "right"] = "right"


@dataclass(frozen=True, slots=True)
class Each:
    """One object for every item of the list at `source` that `where` lets pass."""

    source: Ref
    where: Guard
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """How one target gets its value. The steps run in the order of the fields here."""

    target: Names
    line: int
    text: str
    guard: Guard = Guard()
    sources: tuple[Ref, ...] = ()
    each: Each | None = None
    const: Any = ABSENT
    null_values: tuple[Scalar, ...] | None = None
    table: str | None = None
    unmapped: str | None = None
    rank: str | None = None
    format: str | None = None
    zone: str | None = None
    functions: tuple[Call, ...] = ()
    join: str | None = None
    pad: Pad | None = None
    max_bytes: int | None = None
    max_chars: int | None = None
    default: Any = ABSENT
    required: bool = False

    @property
    def name(self) -> str:
        return ".".join(self.target)

    @property
    def canonical(self) -> tuple[Ref, ...]:
        """Every reference that can become the value."""
        return (self.each.source,) if self.each else self.sources


@dataclass(frozen=True, slots=True)
class Section:
    """Rules under one condition; the first section of a message is its `fields`, the others its `groups`."""

    guard: Guard
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class MessageMapping:
    """One file: how one message is written or read."""

    file: str
    name: str
    message: str
    direction: Direction
    model: type[BaseModel] | None
    contract: str | None
    charset: str
    zone: str | None
    null_values: tuple[Scalar, ...]
    sections: tuple[Section, ...]

    def zone_of(self, rule: Rule) -> str | None:
        return rule.zone or self.zone

    def nulls_of(self, rule: Rule) -> tuple[Scalar, ...]:
        return self.null_values if rule.null_values is None else rule.null_values
