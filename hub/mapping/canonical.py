"""The canonical model seen from a mapping: which paths exist, of what kind, and which may be absent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from hub.domain import order, reply
from hub.mapping.model import Kind, Names

SOURCES: dict[str, type[BaseModel]] = {
    model.__name__: model
    for model in (
        order.ServiceOrder,
        order.EvidencePart,
        order.FileNames,
        order.AccountQuery,
        order.DayQuery,
        order.OutputQuery,
        order.BatchRecord,
        order.Batch,
        order.IdentityQuery,
    )
}
"""What a request mapping may start from, beside `none`."""

TARGETS: dict[str, type[BaseModel]] = {reply.Reply.__name__: reply.Reply}

_KINDS: tuple[tuple[type, Kind], ...] = (
    (bool, "boolean"),  # before int: a bool is one
    (int, "integer"),
    (Decimal, "decimal"),
    (str, "text"),
    (bytes, "bytes"),
    (datetime, "datetime"),  # before date: a datetime is one
    (date, "date"),
)


@dataclass(frozen=True, slots=True)
class Shape:
    """What stands at a canonical path. `partial`: only some of the models that may stand there have it."""

    kind: Kind
    optional: bool = False
    required: bool = False
    partial: bool = False
    models: tuple[type[BaseModel], ...] = ()
    item: Shape | None = None
    enum: type[Enum] | None = None
    values: tuple[str, ...] = ()
    max_length: int | None = None


ANY = Shape("any", optional=True)


def of_model(model: type[BaseModel] | None) -> Shape:
    """The shape of a whole message."""
    return Shape("object", models=(model,) if model else ())


@cache
def member(shape: Shape, name: str) -> Shape | None:
    """The shape of one field of an object, or None if no model that may stand there has it."""
    found = [(model, model.model_fields.get(name)) for model in shape.models]
    shapes = [
        replace(_shape(info.annotation, tuple(info.metadata)), required=info.is_required()) for _, info in found if info
    ]
    if not shapes:
        return None
    merged = _merge(shapes)
    partial = len(shapes) < len(found)
    return replace(merged, partial=partial, optional=merged.optional or partial)


def walk(shape: Shape, names: Names) -> tuple[Shape, ...] | str:
    """The shapes along a path, one for each name; or the sentence that says where the path ends."""
    along: list[Shape] = []
    for name in names:
        if shape.kind != "object":
            return f"{'.'.join(names)!r} goes on after {names[len(along) - 1]!r}, which is {article(shape.kind)}"
        found = member(shape, name)
        if found is None:
            owner = " or ".join(model.__name__ for model in shape.models) or "this message"
            return f"{owner} has no field {name!r}"
        along.append(found)
        shape = found
    return tuple(along)


def leaves(shape: Shape, prefix: Names = ()) -> Iterator[Names]:
    """Every path of the model that ends in a value or in a list of values."""
    for model in shape.models:
        for name in model.model_fields:
            found = member(shape, name)
            inner = found.item if found and found.item else found
            if inner and inner.kind == "object":
                yield from leaves(inner, (*prefix, name))
            else:
                yield (*prefix, name)


def article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeio" else f"a {kind}"


def _merge(shapes: list[Shape]) -> Shape:
    first = shapes[0]
    lengths = [shape.max_length for shape in shapes]
    known = [length for length in lengths if length is not None]
    return Shape(
        kind=first.kind if len({shape.kind for shape in shapes}) == 1 else "any",
        optional=any(shape.optional for shape in shapes),
        required=all(shape.required for shape in shapes),
        models=tuple(dict.fromkeys(model for shape in shapes for model in shape.models)),
        item=first.item,
        enum=first.enum if len({shape.enum for shape in shapes}) == 1 else None,
        values=tuple(dict.fromkeys(value for shape in shapes for value in shape.values)),
        max_length=max(known) if len(known) == len(lengths) else None,
    )


def _shape(annotation: Any, metadata: tuple[Any, ...] = ()) -> Shape:
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *extra = get_args(annotation)
        return _shape(inner, (*metadata, *extra))
    if origin in {Union, UnionType}:
        members = [_shape(member, metadata) for member in get_args(annotation) if member is not NoneType]
        return replace(_merge(members), optional=NoneType in get_args(annotation))
    if origin is tuple:
        return Shape("list", item=_shape(get_args(annotation)[0]))
    if origin is Literal:
        values = tuple(str(value) for value in get_args(annotation))
        return Shape("text", values=values, max_length=max(map(len, values)))
    return _plain(annotation, metadata) if isinstance(annotation, type) else ANY


def _plain(annotation: type, metadata: tuple[Any, ...]) -> Shape:
    if issubclass(annotation, BaseModel):
        return Shape("object", models=(annotation,))
    if issubclass(annotation, Enum):
        values = tuple(str(member.value) for member in annotation)
        return Shape("text", enum=annotation, values=values, max_length=max(map(len, values)))
    longest = next((mark.max_length for mark in metadata if getattr(mark, "max_length", None) is not None), None)
    for python, kind in _KINDS:
        if issubclass(annotation, python):
            return Shape(kind, max_length=longest)
    return ANY
