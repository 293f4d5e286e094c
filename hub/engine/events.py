"""From an outcome to a task event: where the task goes, and who said so."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hub.domain.case import TaskEvent
from hub.domain.outcome import (
    Absent,
    Accepted,
    Completed,
    Faulty,
    NotSent,
    Outcome,
    Progress,
    Rejected,
    Unknown,
)
from hub.domain.states import EventSource, TaskState
from hub.domain.taxonomy import Retry
from hub.domain.work import CommandKind

SOURCE = {
    CommandKind.SEND: EventSource.CALL,
    CommandKind.SEND_BATCH: EventSource.CALL,
    CommandKind.CANCEL: EventSource.CALL,
    CommandKind.COMPENSATE: EventSource.CALL,
    CommandKind.SUPPLEMENT: EventSource.CALL,
    CommandKind.INQUIRE: EventSource.POLL,
    CommandKind.INQUIRE_BATCH: EventSource.POLL,
    CommandKind.POLL: EventSource.POLL,
    CommandKind.COLLECT: EventSource.FILE,
}


def target(outcome: Outcome) -> TaskState:  # noqa: PLR0911 -- one line for each kind of outcome
    """The state that an outcome asks for."""
    match outcome:
        case Accepted():
            return TaskState.ACCEPTED
        case Progress(state=state):
            return state
        case Completed():
            return TaskState.COMPLETED
        case Rejected():
            return TaskState.REJECTED
        case NotSent(error=error):
            return TaskState.HELD if error.code.rule.retry is Retry.HOLD else TaskState.READY
        case Unknown():
            return TaskState.UNKNOWN
        case Faulty():
            return TaskState.MANUAL
        case Absent():
            return TaskState.READY


def name_of(command: str, task: str, what: object) -> str:
    """The id of an event that a command made for a task: a command for a file makes one for each of its orders."""
    return f"{command if command.startswith(task) else f'{command}:{task}'}:{what}"


def step_of(command: str) -> int:
    """The counter at the end of a command's id: `…:inquire:2.7` -> 7."""
    tail = command.rpartition(":")[2].rpartition(".")[2]
    return int(tail) if tail.isdigit() else 0


def event_of(
    task: str, event_id: str, outcome: Outcome, source: EventSource, received_at: datetime, to: TaskState | None = None
) -> TaskEvent:
    """The event that an outcome makes for a task."""
    details: dict[str, Any] = {}
    if isinstance(outcome, Accepted | Progress | Completed | Rejected):
        details = {
            "provider_ref": outcome.provider_ref,
            "raw_code": outcome.raw_code,
            "opinion": outcome.opinion,
            "rank": outcome.rank,
            "legal_effect": outcome.legal_effect,
        }
    if isinstance(outcome, Progress):
        details |= {"fee_due_fen": outcome.fee_due_fen, "asked": outcome.asked}
    if isinstance(outcome, Completed):
        details["outputs"] = outcome.outputs
    if isinstance(outcome, Unknown):
        details["provider_ref"] = outcome.provider_ref
    error = getattr(outcome, "error", None)
    if error is not None:
        details |= {"error": error, "raw_code": details.get("raw_code") or error.provider_code_raw}
    return TaskEvent(
        id=event_id,
        task=task,
        source=source,
        to=to or target(outcome),
        event_time=getattr(outcome, "event_time", None) or received_at,
        received_at=received_at,
        **details,
    )


def hub_event(task: str, event_id: str, to: TaskState, now: datetime, **details: Any) -> TaskEvent:
    """An event of the hub's own doing."""
    source = details.pop("source", EventSource.HUB)
    return TaskEvent(id=event_id, task=task, source=source, to=to, event_time=now, received_at=now, **details)
