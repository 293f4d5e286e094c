"""Supplements that do not come: the applicant is reminded in time, and at the end the order is taken back."""

from __future__ import annotations

from datetime import timedelta

from hub.clock import SHANGHAI
from hub.domain.states import EventSource, TaskState
from hub.domain.work import CommandKind
from hub.engine.applier import Applier
from hub.engine.events import hub_event
from hub.engine.rules import HUB, Rules
from hub.engine.step import apply_event
from hub.engine.supplements import wanted
from hub.store.tables import CommandRow
from hub.store.unit import TaskRecord, UnitOfWork

_UNDER_WAY = timedelta(hours=1)


def fire(unit: UnitOfWork, rules: Rules, record: TaskRecord, row: CommandRow) -> None:
    """Remind, or end, what this timer was set for; an answer that is on its way is waited for."""
    task, asked = record.task, record.task.supplement
    if task.state is not TaskState.AWAITING_APPLICANT or asked is None or asked.number != row.attempt:
        return
    if task.answering:
        _look_again(unit, rules, row)
    elif row.operation == wanted.REMINDER:
        words = f"补正期限临近, {asked.answer_by.astimezone(SHANGHAI):%m-%d %H:%M} 截止"
        _tell(unit, rules, record, row, "SUPPLEMENT_DUE", words)
    else:
        _expire(unit, rules, record, row)


def _look_again(unit: UnitOfWork, rules: Rules, row: CommandRow) -> None:
    name, _, step = row.id.rpartition(".")
    unit.enqueue(
        f"{name}.{int(step) + 1}",
        CommandKind.TIMER,
        HUB,
        row.operation,
        task=row.task,
        attempt=row.attempt,
        not_before=rules.now() + _UNDER_WAY,
    )


def _expire(unit: UnitOfWork, rules: Rules, record: TaskRecord, row: CommandRow) -> None:
    assert record.task.supplement is not None  # noqa: S101 -- `fire` has looked
    record.task = record.task.with_(supplement=record.task.supplement.with_(expired=True))
    _tell(unit, rules, record, row, "EXPIRED", "逾期未补正")
    # Where the utility cannot be asked to take the order back, it goes on waiting: a clerk sees that the time is over.
    adapter = rules.endpoints[record.row.endpoint].adapter
    allowed = adapter.spec.terms.cancel
    if "cancel" in adapter.operations and (allowed is None or record.task.state in allowed):
        applier = Applier(unit, rules)
        applier.cancel(record)
        applier.apply(())


def _tell(unit: UnitOfWork, rules: Rules, record: TaskRecord, row: CommandRow, code: str, words: str) -> None:
    event = hub_event(
        record.task.number,
        f"{row.id}:{code.lower()}",
        record.task.state,
        rules.now(),
        source=EventSource.TIMER,
        raw_code=code,
        opinion=words,
    )
    apply_event(unit, rules, record, event)
