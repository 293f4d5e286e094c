"""Orders that a utility has twice under one serial of ours, because it takes every call for a new order.

The records are what its search brings: `serial` ours, `provider_ref` theirs, `at` when the order was made.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hub.domain.outcome import Outcome
from hub.domain.reply import FileRecord
from hub.domain.states import TaskState


def first_order(records: Iterable[FileRecord]) -> str | None:
    """The number of the order that was there first, of those that live or were carried out; None without any."""
    aged = sorted(records, key=_age)
    living = [each for each in aged if each.state is not TaskState.CANCELLED]
    return next((each.provider_ref for each in (*living, *aged)), None)


def firsts(records: Iterable[FileRecord]) -> dict[str, FileRecord]:
    """By serial, the order that was there first."""
    found: dict[str, FileRecord] = {}
    for each in sorted(records, key=_age):
        found.setdefault(each.serial or "", each)
    return found


def with_cancelled(outcome: Outcome, spare: Iterable[FileRecord]) -> Outcome:
    """The outcome, saying that second orders were cancelled; one that carries no opinion stays as it is."""
    numbers = ", ".join(each.provider_ref or "" for each in spare)
    if not numbers or not hasattr(outcome, "opinion"):
        return outcome
    told: Outcome = outcome.with_(opinion="; ".join(filter(None, (outcome.opinion, f"重复受理单 {numbers} 已撤销"))))
    return told


def _age(record: FileRecord) -> tuple[Any, ...]:
    return (record.at, record.provider_ref)
