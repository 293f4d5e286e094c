"""Case 办件 and task 子办件 as they stand at one moment, and the events that moved them."""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import Field

from hub.domain.base import Frozen
from hub.domain.outcome import Output
from hub.domain.states import CaseOutcome, CaseState, EventSource, TaskState
from hub.domain.taxonomy import ServiceError


class TaskEvent(Frozen):
    """Task event 办理过程: one thing that happened to a task. `id` makes it apply once."""

    id: str
    task: str
    source: EventSource
    to: TaskState
    event_time: datetime
    received_at: datetime
    rank: int = 0
    raw_code: str | None = None
    provider_ref: str | None = None
    opinion: str | None = None
    error: ServiceError | None = None
    outputs: tuple[Output, ...] = ()
    fee_due_fen: int | None = None
    legal_effect: datetime | None = None
    from_: TaskState | None = None
    applied: bool = True


class Task(Frozen):
    """Task 子办件: one act at one utility. `simulated`: at a simulator of one, which papers made of it say.

    `legal_effect`: since when what was applied for is in force, once known.
    """

    number: str
    case_number: str
    item: str
    item_zh: str = ""
    provider: str
    provider_zh: str = ""
    endpoint: str
    operation: str
    interface: str = ""
    simulated: bool = False
    params: dict[str, str] = Field(default_factory=dict)
    state: TaskState = TaskState.READY
    gated: bool = False
    provider_ref: str | None = None
    attempts: int = 0
    error: ServiceError | None = None
    outputs: tuple[Output, ...] = ()
    fee_due_fen: int | None = None
    legal_effect: datetime | None = None
    last_event_time: datetime | None = None
    last_rank: int = 0
    seen: frozenset[str] = frozenset()
    state_since: datetime
    clock_used: timedelta = timedelta(0)
    limit: timedelta | None = None
    due_at: datetime | None = None
    created_at: datetime
    version: int = 0


class Case(Frozen):
    """Case 办件: one application and its tasks. `state` is derived from the tasks from ACCEPTED on."""

    number: str
    request_id: str
    state: CaseState
    outcome: CaseOutcome | None = None
    division: str
    submitted_at: datetime
    due_at: datetime | None = None
    tasks: tuple[Task, ...] = Field(default=())

    @property
    def completed(self) -> int:
        return sum(task.state is TaskState.COMPLETED for task in self.tasks)

    @property
    def summary(self) -> str:
        """`case <number> DECIDED ALL_COMPLETED 3/3`."""
        outcome = f" {self.outcome}" if self.outcome else ""
        return f"case {self.number} {self.state}{outcome} {self.completed}/{len(self.tasks)}"
