"""Pre-checks 预检: a utility is asked what it would say to an order that waits; asking changes nothing there."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from hub.domain.case import PreCheck, PreCheckState, Task
from hub.domain.outcome import Accepted, Completed, Outcome, Output, Progress, Rejected
from hub.domain.reply import Bill
from hub.domain.work import CommandKind
from hub.engine.rules import Rules
from hub.store.unit import TaskRecord, UnitOfWork

OPERATION = "precheck"
_FRESH = timedelta(hours=1)
_OBSTACLE_AGAIN = timedelta(hours=4)
_UNANSWERED_AGAIN = timedelta(hours=1)


def offered(rules: Rules, task: Task) -> bool:
    """Whether the task's utility can be asked beforehand."""
    served = rules.endpoints.get(task.endpoint)
    return served is not None and OPERATION in served.adapter.operations


def ask(unit: UnitOfWork, record: TaskRecord, when: datetime) -> None:
    """Queue the question, in the place of one that was to come later; one that is under way will do."""
    number = record.task.number
    if not unit.has_open(number, CommandKind.PRECHECK, by=when):
        unit.withdraw(number, CommandKind.PRECHECK)
        name = f"{number}:{OPERATION}:{when.timestamp():.6f}:{record.row.version}"
        unit.enqueue(name, CommandKind.PRECHECK, record.row.endpoint, OPERATION, task=number, not_before=when)


def ask_again(unit: UnitOfWork, rules: Rules, record: TaskRecord, outcome: Outcome) -> None:
    """Queue the next question where the last answer leaves one: an obstacle may go away, a silent utility speak."""
    pause = {"rejected": _OBSTACLE_AGAIN, "not_sent": _UNANSWERED_AGAIN}.get(outcome.kind)
    if pause is not None:
        ask(unit, record, rules.now() + max(pause, getattr(outcome, "retry_after", None) or pause))


def fresh(task: Task, now: datetime) -> bool:
    """Whether the last answer was a yes, and is young enough to commit the order on it."""
    last = task.precheck
    return last is not None and last.state is PreCheckState.PASSED and now - last.checked_at <= _FRESH


def no_answer(now: datetime) -> PreCheck:
    """The pre-check of a utility that cannot be asked."""
    return PreCheck(state=PreCheckState.UNKNOWN, as_of=now, checked_at=now)


def reading(outcome: Outcome, now: datetime) -> PreCheck:
    """What an answer says. What is not a clear no is no obstacle: in doubt the utility itself decides on the order."""
    told: dict[str, Any] = {"opinion": getattr(outcome, "opinion", None), "error": getattr(outcome, "error", None)}
    match outcome:
        case Completed(outputs=outputs):
            state, told["charges"] = PreCheckState.PASSED, _charges(outputs)
        case Accepted() | Progress():
            state = PreCheckState.PASSED
        case Rejected(error=error):
            state = PreCheckState.OBSTACLE
            told["charges"] = (Bill(total_fen=error.amount_fen),) if error.amount_fen else ()
        case _:
            state = PreCheckState.UNKNOWN
    return PreCheck(state=state, as_of=getattr(outcome, "event_time", None) or now, checked_at=now, **told)


def _charges(outputs: tuple[Output, ...]) -> tuple[Bill, ...]:
    """What an answer says is due: its open bills, or else the sum."""
    data: dict[str, Any] = next((each.data for each in outputs if each.kind == "answer"), {})
    bills = tuple(Bill.model_validate(each) for each in data.get("bills", ()))
    due = tuple(bill for bill in bills if bill.total_fen > 0 and not bill.settled)
    return due or ((Bill(total_fen=data["arrears_fen"]),) if data.get("arrears_fen", 0) > 0 else ())
