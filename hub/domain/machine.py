"""The state machines of a task and of a payment: what may follow what, and what an event does.

Pure: an event and a value go in, the next value comes out. Nothing here knows a database or a clock.

The table is the diagram of the design, and what it leaves to the reader: a utility may report any of its own
states at any time, in any order, with steps left out. `MAY_SAY` tells what each source can know at all, and
`SOURCES` narrows the steps on which "once and only once" hangs: an uncertain order is free to be sent again
only after an inquiry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from hub.domain.case import Task, TaskEvent
from hub.domain.payments import Payment
from hub.domain.states import ClockKind, EventSource, PaymentState, TaskState

S, By, P = TaskState, EventSource, PaymentState

LIVE = frozenset({S.ACCEPTED, S.IN_PROGRESS, S.AWAITING_APPLICANT, S.AWAITING_PAYMENT, S.SUSPENDED})
"""An order that the utility has and has not decided."""

_DECIDED = frozenset({S.COMPLETED, S.REJECTED, S.CANCELLED})
_REPORT = LIVE | _DECIDED
_ORDERED = frozenset({By.CALLBACK, By.POLL, By.FILE})

ALLOWED: Mapping[TaskState, frozenset[TaskState]] = MappingProxyType(
    {
        S.PENDING: frozenset({S.READY, S.AWAITING_APPLICANT, S.CANCELLED, S.CANCELLING}),
        S.READY: frozenset({S.DISPATCHING, S.HELD, S.CANCELLING}) | _REPORT,
        S.HELD: frozenset({S.READY, S.CANCELLING}) | _REPORT,
        S.DISPATCHING: frozenset({S.READY, S.HELD, S.UNKNOWN, S.MANUAL, S.CANCELLING}) | _REPORT,
        S.UNKNOWN: frozenset({S.READY, S.MANUAL, S.CANCELLING}) | _REPORT,
        **{state: (_REPORT | {S.CANCELLING, S.MANUAL}) - {S.ACCEPTED, state} for state in LIVE},
        S.AWAITING_APPLICANT: (_REPORT | {S.READY, S.CANCELLING, S.MANUAL}) - {S.ACCEPTED, S.AWAITING_APPLICANT},
        S.CANCELLING: _REPORT | {S.MANUAL},
        S.MANUAL: _REPORT | {S.READY, S.CANCELLING, S.COMPENSATED},
        S.COMPENSATING: frozenset({S.COMPENSATED, S.COMPLETED, S.MANUAL}),
        S.COMPLETED: frozenset({S.COMPENSATING}),
        S.REJECTED: frozenset(),
        S.CANCELLED: frozenset(),
        S.COMPENSATED: frozenset(),
    }
)

MAY_SAY: Mapping[EventSource, frozenset[TaskState]] = MappingProxyType(
    {
        By.HUB: frozenset(S) - {S.PENDING},
        By.CLERK: frozenset(S) - {S.PENDING, S.DISPATCHING},
        By.APPLICANT: frozenset({S.CANCELLING}),
        By.TIMER: frozenset({S.READY, S.HELD, S.UNKNOWN, S.MANUAL, S.CANCELLING}),
        By.CALL: _REPORT | {S.READY, S.HELD, S.UNKNOWN, S.MANUAL, S.COMPENSATED},
        By.POLL: _REPORT | {S.READY, S.MANUAL, S.COMPENSATED},
        By.CALLBACK: _REPORT | {S.MANUAL, S.COMPENSATED},
        By.FILE: _REPORT | {S.MANUAL, S.COMPENSATED},
    }
)

SOURCES: Mapping[tuple[TaskState, TaskState], frozenset[EventSource]] = MappingProxyType(
    {
        (S.PENDING, S.READY): frozenset({By.HUB}),
        # An obstacle to an order that was never sent: the hub found it, and the hub finds it gone.
        (S.PENDING, S.AWAITING_APPLICANT): frozenset({By.HUB}),
        (S.AWAITING_APPLICANT, S.READY): frozenset({By.HUB}),
        (S.READY, S.DISPATCHING): frozenset({By.HUB}),
        # Only the call itself knows that nothing was sent, and only an inquiry that nothing arrived.
        (S.DISPATCHING, S.READY): frozenset({By.CALL}),
        (S.DISPATCHING, S.HELD): frozenset({By.CALL}),
        (S.UNKNOWN, S.READY): frozenset({By.POLL, By.CLERK}),
        (S.MANUAL, S.READY): frozenset({By.CLERK}),
        # A late order of ours turns up at the utility: adopt it, or the next claim would make a second one.
        **{(state, to): _ORDERED | {By.CLERK} for state in (S.READY, S.HELD) for to in _REPORT},
        # Reports under way say nothing about the cancelling; who asked for it learns that it was refused.
        **{(S.CANCELLING, to): frozenset({By.HUB, By.CLERK}) for to in LIVE},
        (S.COMPLETED, S.COMPENSATING): frozenset({By.HUB, By.CLERK}),
        (S.COMPENSATING, S.COMPLETED): frozenset({By.CLERK}),
        (S.MANUAL, S.COMPENSATED): frozenset({By.CLERK}),
    }
)


@dataclass(frozen=True, slots=True)
class Advance:
    """What an event did.

    `applied` says whether the state changed. If not, `reason` is one of: duplicate, stale, same-state, final,
    not-allowed, source, other-order. `task` may have learnt details even so: store it whenever it is not the
    task that went in. `event` is the event with `from_` and `applied` filled in, to be kept in every case.
    """

    task: Task
    event: TaskEvent
    applied: bool
    reason: str | None = None


Worked = Callable[[datetime, datetime], timedelta]


def elapsed(start: datetime, end: datetime) -> timedelta:
    """Plain time, for where no calendar applies."""
    return end - start


def advance(task: Task, event: TaskEvent, *, worked: Worked = elapsed) -> Advance:
    """Apply one event to its task. `worked` measures the time on the clock: a calendar's `working_time`."""
    if event.task != task.number:
        raise ValueError("the event belongs to another task")
    reason = _refusal(task, event)
    kept = event.with_(from_=task.state, applied=reason is None)
    after = task
    if reason is None:
        after = _moved(task, event, worked)
    elif reason == "same-state":
        after = _learnt(task, event)
    elif event.source is By.CALL and event.provider_ref and not task.provider_ref and reason != "duplicate":
        # A reply overtaken by a callback or a cancellation still tells which order is ours.
        after = task.with_(provider_ref=event.provider_ref, version=task.version + 1)
    elif event.legal_effect and task.legal_effect is None and reason == "source":
        # What is in force is in force, also while the task waits to be cancelled.
        after = task.with_(legal_effect=event.legal_effect, version=task.version + 1)
    return Advance(after, kept, reason is None, reason)


def clock_at(task: Task, now: datetime, *, worked: Worked = elapsed) -> timedelta:
    """The time used on the task's clock up to now: what earlier states used and what the present one runs."""
    running = task.state.clock in {ClockKind.HUB, ClockKind.PROVIDER} and now > task.state_since
    return task.clock_used + (worked(task.state_since, now) if running else timedelta(0))


def waiting(task: Task) -> bool:
    """Whether a task waits at the hub, for its gate or for the applicant, and was never sent to its utility."""
    unsent = not task.attempts and task.provider_ref is None
    return task.state is S.PENDING or (task.state is S.AWAITING_APPLICANT and unsent)


def _refusal(task: Task, event: TaskEvent) -> str | None:
    if event.id in task.seen:
        return "duplicate"
    if _older(task, event):
        return "stale"
    known, named = task.provider_ref, event.provider_ref
    if known and named and known != named and event.source is not By.CLERK:
        return "other-order"
    return _forbidden(task, event)


def _forbidden(task: Task, event: TaskEvent) -> str | None:
    state = task.state
    if event.to is state:
        return "same-state"
    if event.to not in ALLOWED[state]:
        return "final" if state.final else "not-allowed"
    # What was never sent is not sent "again": a gated task may come to a clerk by a failed cancelling.
    if (state, event.to) == (S.MANUAL, S.READY) and not task.attempts:
        return "not-allowed"
    if (state, event.to) == (S.AWAITING_APPLICANT, S.READY) and not waiting(task):
        return "not-allowed"
    # That an order is done at the utility is no news where undoing it has failed: a person has to see to it.
    if state is S.MANUAL and task.undo == "tried" and event.source is not By.CLERK:
        return "source"
    allowed = SOURCES.get((state, event.to), frozenset(EventSource))
    return None if event.source in allowed and event.to in MAY_SAY[event.source] else "source"


def _older(task: Task, event: TaskEvent) -> bool:
    # Calls, timers and people have the hub's time, not the utility's: comparing the two would lose reports.
    if event.source not in _ORDERED or task.last_event_time is None:
        return False
    return (event.event_time, event.rank) < (task.last_event_time, task.last_rank)


def _learnt(task: Task, event: TaskEvent) -> Task:
    changes: dict[str, Any] = {
        "provider_ref": event.provider_ref or task.provider_ref,
        "outputs": event.outputs or task.outputs,
        "fee_due_fen": event.fee_due_fen if event.fee_due_fen is not None else task.fee_due_fen,
        "legal_effect": event.legal_effect or task.legal_effect,
    }
    if event.error is not None and event.source in _ORDERED and event.to is task.state:
        # A callback says where an order is; why it is there, only the question that follows tells.
        changes["error"] = event.error
    # A poll repeats itself for weeks under a new id each time; remembering those ids would only grow the task.
    if event.source is not By.POLL or event.to is not task.state:
        changes["seen"] = task.seen | {event.id}
    # That an order is absent, or unreadable, is said at the hub's time: the utility's own reports are not older by it.
    if event.source in _ORDERED and event.to in _REPORT:
        changes |= {"last_event_time": event.event_time, "last_rank": event.rank}
    if all(getattr(task, name) == value for name, value in changes.items()):
        return task
    return _task(task.with_(**changes, version=task.version + 1))


def _moved(task: Task, event: TaskEvent, worked: Worked) -> Task:
    at = _moment(task, event)
    reported = event.source in _ORDERED or event.source is By.CALL
    return _task(
        _learnt(task, event).with_(
            state=event.to,
            state_since=at,
            clock_used=clock_at(task, at, worked=worked),
            attempts=task.attempts + (event.to is S.DISPATCHING),
            error=event.error if reported or event.error else task.error,
        )
    )


def _moment(task: Task, event: TaskEvent) -> datetime:
    """When the state changed: at the event's own time, but never before the last change nor in the future."""
    return max(task.state_since, min(event.event_time, event.received_at))


def _task(value: Any) -> Task:
    assert isinstance(value, Task)  # noqa: S101 -- narrows the untyped copy
    return value


PAYMENTS: Mapping[PaymentState, frozenset[PaymentState]] = MappingProxyType(
    {
        P.INITIATED: frozenset({P.PAID, P.UNKNOWN}),
        P.PAID: frozenset({P.POSTED, P.UNKNOWN, P.REVERSING}),
        P.UNKNOWN: frozenset({P.PAID, P.POSTED, P.REVERSING}),
        P.POSTED: frozenset({P.REVERSING}),
        P.REVERSING: frozenset({P.REVERSED, P.POSTED}),
        P.REVERSED: frozenset(),
    }
)

HOLDS_BILL = frozenset({P.POSTED, P.UNKNOWN, P.REVERSING})
"""A payment that has, or may have, settled its bills."""


@dataclass(frozen=True, slots=True)
class PaymentAdvance:
    """What became of a payment; `reason` when that is not what was asked: same-state, not-allowed, posted-twice."""

    payment: Payment
    applied: bool
    reason: str | None = None


def may_post(payment: Payment, others: Iterable[Payment]) -> bool:
    """Whether the utility may be told of this payment now: no other one has, or may have, settled a bill of it.

    Of several paid ones for the same bill the first by id goes; the rest are to be given back.
    """
    if payment.state is not P.PAID:
        return False
    return not any(
        other.state in HOLDS_BILL or (other.state is P.PAID and other.id < payment.id)
        for other in _rivals(payment, others)
    )


def advance_payment(
    payment: Payment, to: PaymentState, others: Iterable[Payment] = (), *, receipt: str | None = None
) -> PaymentAdvance:
    """Move a payment on. A bill is never posted twice: a second posting turns into its own reversal."""
    if to is payment.state:
        return PaymentAdvance(payment, applied=False, reason="same-state")
    if to not in PAYMENTS[payment.state]:
        return PaymentAdvance(payment, applied=False, reason="not-allowed")
    receipt = receipt or payment.provider_receipt
    twice = to is P.POSTED and any(other.state is P.POSTED for other in _rivals(payment, others))
    state = P.REVERSING if twice else to
    moved = payment.model_copy(update={"state": state, "provider_receipt": receipt})
    return PaymentAdvance(moved, state is not payment.state, "posted-twice" if twice else None)


def _rivals(payment: Payment, others: Iterable[Payment]) -> Iterable[Payment]:
    return (other for other in others if other.id != payment.id and other.bills & payment.bills)
