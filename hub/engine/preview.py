"""Dry run: the exact wire message of every order, made by the same code that sends it; nothing is sent."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from pydantic import Field

from hub.domain.base import Frozen
from hub.domain.order import ServiceOrder
from hub.engine.evidence import record_of
from hub.errors import EncodeError
from hub.mapping import Env, MappingSet
from hub.sdk.adapter import Adapter, Draw
from hub.sdk.context import Call
from hub.wire.exchange import Phase


class _SetWhenSent(defaultdict[str, str]):
    """Stands for tokens and logins, which a dry run does not fetch."""

    def __init__(self) -> None:
        super().__init__(lambda: "set-when-sent")

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ARG002 -- dict's form
        return self[key]


class Preview(Frozen):
    """One task's message before it is sent: canonical, mapped, and as it stands on the wire.

    `error` names the field that cannot be written, if any; then there is no wire message.
    """

    item: str
    endpoint: str
    interface: str
    operation: str
    message: str
    canonical: dict[str, Any]
    mapped: dict[str, Any] = Field(default_factory=dict)
    wire: dict[str, Any] = Field(default_factory=dict)
    error: str | None = None


def preview(
    adapter: Adapter, mappings: MappingSet, order: ServiceOrder, params: dict[str, str], now: Any, draw: Draw
) -> Preview:
    """Make the principal message of an order's operation."""
    operation = adapter.serving(order.operation)
    if operation is None:
        raise LookupError(order.operation)
    message, source = adapter.preview(operation, order)
    env = Env(now=now, config=adapter.config, params=params, session=_SetWhenSent(), vars={})
    shown = {
        "item": order.item,
        "endpoint": adapter.endpoint,
        "interface": adapter.spec.interface,
        "operation": operation.name,
        "message": message,
        "canonical": order.model_dump(mode="json", exclude_none=True, exclude_defaults=True),
    }
    spec = adapter.spec.messages.get(message)
    if spec is None or not spec.request:
        # An adapter that makes its requests without a mapping shows what it was given.
        return Preview(**shown)
    try:
        tree = mappings.request(message)(source, env)
        request = adapter.encode(message, tree, env, draw)
    except EncodeError as error:
        return Preview(**shown, error=str(error))
    call = Call(message, effect=False, started_at=now, phase=Phase.PREPARED, request_tree=tree, request=request)
    record = record_of(call, secret=False)
    return Preview(**shown, mapped=record.request_tree or {}, wire=record.request)
