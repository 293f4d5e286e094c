"""Case 办件 and task 子办件 as they stand at one moment, and the events that moved them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from hub.domain.base import Frozen, Labelled
from hub.domain.catalogue import Commit, GateKind
from hub.domain.charges import Charge
from hub.domain.outcome import Output
from hub.domain.reply import Bill
from hub.domain.states import CaseOutcome, CaseState, EventSource, TaskState
from hub.domain.supplement import Supplement
from hub.domain.taxonomy import ServiceError


class Wait(Frozen):
    """What a task of a bundle waits for: that the tasks `after` reach the gate, or without any, a word from outside.

    A wait that is met, or of which it is known that it never will be, is dropped from its task.
    """

    gate: GateKind
    after: tuple[str, ...] = ()
    precheck: bool = False
    commit: Commit = "gate"


class PreCheckState(Labelled):
    """What a pre-check came to."""

    PASSED = "PASSED", "预检通过"
    OBSTACLE = "OBSTACLE", "预检有障碍"
    UNKNOWN = "UNKNOWN", "预检无结果"


class PreCheck(Frozen):
    """Pre-check 预检: what a utility would say to an order that is not committed yet; nothing was changed by asking.

    `as_of` is when it was true by the utility's own word, `checked_at` when it was asked. `charges` are what is known
    to be due: debts of the account, a fee.
    """

    state: PreCheckState
    error: ServiceError | None = None
    opinion: str | None = None
    charges: tuple[Bill, ...] = ()
    as_of: datetime
    checked_at: datetime


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
    asked: tuple[str, ...] = ()
    from_: TaskState | None = None
    applied: bool = True


class Task(Frozen):
    """Task 子办件: one act at one utility. `simulated`: at a simulator of one, which papers made of it say.

    `legal_effect`: since when what was applied for is in force, once known. `waits`: what it still waits for;
    PENDING without any, its gate is open and it is checked once more. `undo`: what it waited for has failed although
    it was committed early: to be undone, or tried already.
    `arrears`: debts that were found by asking. `supplement`: what the utility waits for, and since when. `paying`:
    money of this task is on its way.
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
    waits: tuple[Wait, ...] = ()
    precheck: PreCheck | None = None
    undo: Literal["wanted", "tried"] | None = None
    provider_ref: str | None = None
    attempts: int = 0
    error: ServiceError | None = None
    outputs: tuple[Output, ...] = ()
    fee_due_fen: int | None = None
    legal_effect: datetime | None = None
    arrears: tuple[Charge, ...] = ()
    supplement: Supplement | None = None
    paying: bool = False
    last_event_time: datetime | None = None
    last_rank: int = 0
    seen: frozenset[str] = frozenset()
    state_since: datetime
    clock_used: timedelta = timedelta(0)
    limit: timedelta | None = None
    due_at: datetime | None = None
    created_at: datetime
    version: int = 0

    @property
    def answering(self) -> bool:
        """Whether what this task waited for has been given and is on its way: it will move by itself."""
        given = self.supplement is not None and self.supplement.answered_at is not None
        return self.paying or (given and self.state is TaskState.AWAITING_APPLICANT)


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
