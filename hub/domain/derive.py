"""The state of a case, derived from its tasks: nobody sets it by hand once the case is accepted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from hub.domain.case import Task
from hub.domain.states import CaseOutcome, CaseState, ClockKind, TaskState

ARCHIVED_AFTER = timedelta(days=180)

BY_HAND: Mapping[CaseState, frozenset[CaseState]] = MappingProxyType(
    {
        CaseState.DRAFT: frozenset({CaseState.SUBMITTED, CaseState.WITHDRAWN}),
        CaseState.SUBMITTED: frozenset(
            {CaseState.ACCEPTED, CaseState.NOT_ACCEPTED, CaseState.SUPPLEMENT, CaseState.WITHDRAWN}
        ),
        CaseState.SUPPLEMENT: frozenset({CaseState.SUBMITTED, CaseState.WITHDRAWN, CaseState.EXPIRED}),
    }
)
"""The steps before acceptance. All later states come from `derive`."""

_WAITING = frozenset({TaskState.AWAITING_APPLICANT, TaskState.AWAITING_PAYMENT})


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a case stands."""

    state: CaseState
    outcome: CaseOutcome | None = None


def derive(
    tasks: Collection[Task],
    *,
    handed_over: Collection[str] | None = None,
    delivered_at: datetime | None = None,
    now: datetime | None = None,
) -> Standing:
    """Derive the standing of an accepted case.

    `handed_over` names the tasks whose outputs the applicant has; without it (nothing is known of issuing) a case
    comes no further than DECIDED. `delivered_at` and `now` together tell when it is archived.
    """
    if not tasks:
        return Standing(CaseState.ACCEPTED)
    if not all(task.state.final for task in tasks):
        return Standing(_open_state(tasks))
    outcome = _outcome(tasks)
    if outcome is CaseOutcome.ALL_CANCELLED and any(task.supplement and task.supplement.expired for task in tasks):
        return Standing(CaseState.EXPIRED, outcome)
    if handed_over is None or any(must_hand_over(t) and t.number not in handed_over for t in tasks):
        return Standing(CaseState.DECIDED, outcome)
    if delivered_at is not None and now is not None and now - delivered_at >= ARCHIVED_AFTER:
        return Standing(CaseState.ARCHIVED, outcome)
    return Standing(CaseState.DELIVERED, outcome)


def must_hand_over(task: Task) -> bool:
    """Whether the task brought something to be given to the applicant; the answer to a query is given at once."""
    return task.state is TaskState.COMPLETED and any(output.kind != "answer" for output in task.outputs)


def _open_state(tasks: Iterable[Task]) -> CaseState:
    states = {task.state for task in tasks if not task.state.final}
    # A task behind a gate or suspended runs no more than one that waits: its clock stands.
    running = any(state.clock is not ClockKind.STOPPED for state in states)
    return CaseState.SUPPLEMENT if states & _WAITING and not running else CaseState.PROCESSING


def _outcome(tasks: Iterable[Task]) -> CaseOutcome:
    states = {task.state for task in tasks}
    if states == {TaskState.COMPLETED}:
        return CaseOutcome.ALL_COMPLETED
    if TaskState.COMPLETED in states:
        return CaseOutcome.PARTLY_COMPLETED
    # A rejected lead cancels its members: to the applicant that is a rejection.
    return CaseOutcome.ALL_REJECTED if TaskState.REJECTED in states else CaseOutcome.ALL_CANCELLED
