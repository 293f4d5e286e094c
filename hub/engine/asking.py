"""Asking one utility's system one question now, outside of any case's commands: nothing is changed by it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from hub.clock import Clock
from hub.domain.reply import Reply
from hub.domain.taxonomy import ErrorCode, ServiceError
from hub.errors import NotSupported
from hub.sdk.context import Context, Equipment
from hub.sdk.errors import CallEnded


async def ask(
    name: str, equipment: Equipment, params: Mapping[str, str], source: Any, clock: Clock, correlation: str
) -> Reply:
    """Run a read operation. Raises CallEnded with the outcome when there is no answer, NotSupported, TimeoutError."""
    operation = equipment.adapter.operation(name)
    context = Context(
        equipment,
        name,
        deadline=clock.now() + timedelta(days=1),
        record=lambda _call: None,
        correlation=correlation,
        params=params,
    )
    async with asyncio.timeout(equipment.limits.total * 2):
        if operation.run is None:
            return await context.call(operation.message or name, source)
        answer: Any = await operation.run(equipment.adapter, source, context)
    if not isinstance(answer, Reply):
        raise CallEnded(answer)
    return answer


def failure_of(endpoint: str, error: Exception) -> ServiceError:
    """Why there is no answer, told without what a foreign exception may say of people."""
    if isinstance(error, CallEnded):
        told: ServiceError | None = getattr(error.outcome, "error", None)
        return told or _unavailable(endpoint, "no answer")
    if isinstance(error, NotSupported):
        return _unavailable(endpoint, "the utility offers no such question")
    return _unavailable(endpoint, type(error).__name__)


def _unavailable(endpoint: str, note: str) -> ServiceError:
    return ServiceError(code=ErrorCode.UPS_UNAVAILABLE, provider=endpoint, note=note)
