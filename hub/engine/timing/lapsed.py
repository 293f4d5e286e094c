"""What happens when an output lapses: a reminder before, and afterwards the question whether it still holds."""

from __future__ import annotations

from datetime import datetime

from hub.clock import SHANGHAI
from hub.domain.outcome import Absent, Completed, NotSent, Outcome, Unknown, expiry_of
from hub.domain.states import EventSource, TaskState
from hub.domain.taxonomy import ErrorCode, ServiceError
from hub.domain.work import CommandKind, Result
from hub.engine.events import hub_event, step_of
from hub.engine.policy import exhausted
from hub.engine.rules import Rules
from hub.engine.step import apply_event
from hub.engine.timing import lapsing
from hub.store.tables import CommandRow
from hub.store.unit import TaskRecord, UnitOfWork


def remind(unit: UnitOfWork, rules: Rules, record: TaskRecord, row: CommandRow) -> None:
    """Tell, about a day before, that an output is going to lapse."""
    expires = expiry_of(record.task.outputs)
    if record.task.state is TaskState.COMPLETED and expires is not None:
        words = f"办理结果将于 {expires.astimezone(SHANGHAI):%m-%d %H:%M} 自动失效"
        _tell(unit, rules, record, row.id, "EXPIRING", words)


def ask(unit: UnitOfWork, rules: Rules, record: TaskRecord, row: CommandRow) -> None:
    """Ask whether an output still holds; where that cannot be asked, its time is over and that is all."""
    if record.task.state is not TaskState.COMPLETED:
        return
    operation = rules.endpoints[record.row.endpoint].operation(record.task.operation)
    if operation.holds is None:
        _tell(unit, rules, record, row.id, "LAPSED", "办理结果已到期失效")
        return
    _enqueue(unit, record, operation.holds, f"{row.id}:ask", 1, rules.now())


def after(unit: UnitOfWork, rules: Rules, record: TaskRecord, outcome: Outcome, result: Result) -> None:
    """Keep the answer as an event of the task, whose state it does not change; without one ask again later."""
    match outcome:
        case NotSent() | Unknown() if not _given_up(unit, rules, record, result):
            place, _, step = result.command.rpartition(".")
            command = unit.command(result.command)
            when = rules.now() + rules.backoff(record.row.endpoint, int(step), outcome.retry_after)
            _enqueue(unit, record, command.operation if command else "", place, int(step) + 1, when)
        case Absent():
            _tell(unit, rules, record, result.command, "LAPSED", "办理结果已自动失效")
        case Completed():
            _tell(unit, rules, record, result.command, "HOLDS", outcome.opinion or "办理结果继续有效")
            if outcome.expires is not None:
                renewed = record.task.with_(outputs=outcome.outputs)
                lapsing.watch(unit, rules, TaskRecord(record.row, renewed, record.order))
        case _:
            error = getattr(outcome, "error", None) or ServiceError(code=ErrorCode.UPS_PROTOCOL)
            _tell(unit, rules, record, result.command, "UNCHECKED", "未能确认办理结果是否仍有效", error)


def _given_up(unit: UnitOfWork, rules: Rules, record: TaskRecord, result: Result) -> bool:
    first = unit.command(f"{result.command.rpartition('.')[0]}.1")
    since = first.not_before if first else rules.now()
    policy = rules.endpoints[record.row.endpoint].spec.retry
    return exhausted(step_of(result.command), since, rules.now(), policy)


def _enqueue(unit: UnitOfWork, record: TaskRecord, operation: str, place: str, step: int, when: datetime) -> None:
    number, endpoint = record.task.number, record.row.endpoint
    unit.enqueue(f"{place}.{step}", CommandKind.HOLDS, endpoint, operation, task=number, not_before=when)


def _tell(
    unit: UnitOfWork,
    rules: Rules,
    record: TaskRecord,
    command: str,
    code: str,
    words: str,
    error: ServiceError | None = None,
) -> None:
    event = hub_event(
        record.task.number,
        f"{command}:{code.lower()}",
        record.task.state,
        rules.now(),
        source=EventSource.TIMER,
        raw_code=code,
        opinion=words,
        error=error,
    )
    apply_event(unit, rules, record, event)
