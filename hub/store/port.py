"""The port to the state of record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from hub.store.unit import UnitOfWork

T = TypeVar("T")


class Store(Protocol):
    """Runs work in transactions: all of it is durable when `run` returns, or none of it happened."""

    async def run(self, work: Callable[[UnitOfWork], T]) -> T:
        """Run `work` in one transaction. Raises TryLater when the database cannot take it now."""

    async def aclose(self) -> None:
        """Finish and close."""
