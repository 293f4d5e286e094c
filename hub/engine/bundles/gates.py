"""The gates of a case: what is opened, cancelled or undone once the tasks that others wait for have moved.

Nothing is remembered about gates but the waits of each task: after every change the case is looked at as a whole, in
the same transaction. So a result that comes twice, or a hub that is killed in between, opens a gate exactly once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from hub.domain.case import PreCheckState, Task, Wait
from hub.domain.gates import awaits_word, hopeless, met
from hub.domain.machine import LIVE, waiting
from hub.domain.outcome import Outcome
from hub.domain.states import EventSource, TaskState
from hub.domain.work import CommandKind, Result
from hub.engine.bundles import prechecks
from hub.engine.bundles.compensating import Compensating
from hub.engine.cancelling import Cancelling
from hub.engine.rules import Rules
from hub.engine.step import Steps
from hub.engine.timing import deadlines
from hub.store.unit import TaskRecord, UnitOfWork

OPENED, FAILED = "GATE_OPENED", "GATE_FAILED"
Send = Callable[[UnitOfWork, Rules, TaskRecord, datetime], None]


@dataclass(frozen=True, slots=True)
class _Word:
    """What is said about a gate, and by whom."""

    opinion: str
    source: EventSource = EventSource.HUB


_OPENED, _FAILED = _Word("前置条件已具备"), _Word("前置事项未办成, 不再办理")
_REACHED = {
    "legal_effect": _Word("已登簿生效"),
    "completed": _Word("前置事项已办结"),
    "joint_check": _Word("联合核验通过"),
}


class Gates:
    """The gates in one unit of work."""

    def __init__(self, steps: Steps, cancelling: Cancelling, compensating: Compensating, send: Send) -> None:
        self._steps, self._unit, self._rules = steps, steps.unit, steps.rules
        self._cancelling, self._compensating, self._send = cancelling, compensating, send

    def begin(self, record: TaskRecord) -> None:
        """A new task waits: ask its utility beforehand where that is wanted and can be done."""
        if not any(wait.precheck for wait in record.task.waits):
            return
        if prechecks.offered(self._rules, record.task):
            prechecks.ask(self._unit, record, self._steps.now)
        else:
            record.task = record.task.with_(precheck=prechecks.no_answer(self._steps.now))
            self._unit.save(record)

    def settle(self, case_number: str) -> list[TaskRecord]:
        """Look at a case until nothing moves any more: what fails may be what another one waits for."""
        records = self._unit.tasks(case_number)
        while any(self._look(record, records) for record in records):
            pass
        return records

    def word(self, record: TaskRecord, *, passed: bool, opinion: str | None) -> bool:
        """Somebody outside says that a gate is open or has failed; tells whether the task waited for that."""
        left = tuple(wait for wait in record.task.waits if not awaits_word(wait))
        if left == record.task.waits:
            return False
        if passed:
            self._met(record, left, _Word(opinion or _OPENED.opinion, EventSource.CLERK))
        else:
            self._lost(record, _Word(opinion or _FAILED.opinion, EventSource.CLERK))
        return True

    def checked(self, record: TaskRecord, outcome: Outcome, result: Result) -> None:
        """Apply a pre-check's answer: told at once, and the last word before an order whose gate is open is sent."""
        if not waiting(record.task):
            return
        before, now = record.task.precheck, prechecks.reading(outcome, result.finished_at)
        record.task = record.task.with_(precheck=now)
        if before is None or (before.state, before.error) != (now.state, now.error):
            details = {"raw_code": f"PRECHECK_{now.state}", "error": now.error, "opinion": now.opinion}
            self._steps.own(record, f"{result.command}:answer", record.task.state, **details)
        self._unit.save(record)
        self._steps.touched.add(record.task.case_number)
        obstacle = now.state is PreCheckState.OBSTACLE
        if not record.task.waits and not obstacle:
            self._ready(record)
            return
        # Whom nothing else holds back is held back by the obstacle; at a joint check the others are, too.
        if record.task.state is TaskState.PENDING and obstacle and _only_checked(record.task):
            details = {"error": now.error, "opinion": now.opinion}
            name = f"{record.task.number}:obstacle"
            self._steps.own(record, name, TaskState.AWAITING_APPLICANT, **details)
        prechecks.ask_again(self._unit, self._rules, record, outcome)

    def check_again(self, record: TaskRecord) -> bool:
        """Ask a waiting task's utility now; False where there is nothing to ask."""
        if not (waiting(record.task) and prechecks.offered(self._rules, record.task)):
            return False
        prechecks.ask(self._unit, record, self._steps.now)
        return True

    def _look(self, record: TaskRecord, records: list[TaskRecord]) -> bool:
        """See what the other tasks mean for this one; tells whether it moved."""
        task = record.task
        if task.undo == "wanted" and task.state is TaskState.COMPLETED:
            self._compensating.begin(record)
            return True
        if not task.waits:
            return False
        tasks = {each.task.number: each.task for each in records}
        if any(hopeless(wait, tasks) for wait in task.waits):
            self._lost(record, _FAILED)
            return True
        left = tuple(wait for wait in task.waits if not met(wait, tasks))
        if left == task.waits:
            return False
        gates = {wait.gate for wait in task.waits if wait not in left}
        self._met(record, left, _REACHED.get(gates.pop(), _OPENED) if len(gates) == 1 else _OPENED)
        return True

    # a gate that opens

    def _met(self, record: TaskRecord, left: tuple[Wait, ...], word: _Word) -> None:
        record.task = record.task.with_(waits=left)
        self._note(record, OPENED, word)
        self._steps.touched.add(record.task.case_number)
        if not left and waiting(record.task):
            self._open(record)

    def _open(self, record: TaskRecord) -> None:
        """Commit on a pre-check that still holds; an old one is made anew, and its answer commits."""
        task = record.task
        wanted = task.precheck is not None or self._unit.has_open(task.number, CommandKind.PRECHECK)
        if wanted and prechecks.offered(self._rules, task) and not prechecks.fresh(task, self._steps.now):
            prechecks.ask(self._unit, record, self._steps.now)
        else:
            self._ready(record)

    def _ready(self, record: TaskRecord) -> None:
        """The task's own time begins, and it is sent."""
        now, task = self._steps.now, record.task
        due = self._rules.after(now, task.limit) if task.limit else now
        record.task, record.row.ready_at = task.with_(due_at=due), now
        self._steps.own(record, f"{task.number}:ready", TaskState.READY)
        deadlines.watch(self._unit, self._rules, record)
        self._send(self._unit, self._rules, record, now)

    # a gate that never will

    def _lost(self, record: TaskRecord, word: _Word) -> None:
        record.task = record.task.with_(waits=())
        state = record.task.state
        if waiting(record.task):
            details = {"raw_code": FAILED, "opinion": word.opinion, "source": word.source}
            self._steps.own(record, f"{record.task.number}:lost", TaskState.CANCELLED, **details)
        elif state is TaskState.COMPLETED or not state.final:
            record.task = record.task.with_(undo="wanted")
            self._note(record, FAILED, word)
            self._take_back(record)
        else:
            self._unit.save(record)
        self._steps.touched.add(record.task.case_number)

    def _take_back(self, record: TaskRecord) -> None:
        """Cancel an order that is under way; what gets done all the same, or cannot be cancelled, is undone then."""
        served = self._rules.endpoints.get(record.row.endpoint)
        cannot = served is None or "cancel" not in served.adapter.operations
        if record.task.state.final or (record.task.state in LIVE and cannot):
            self._unit.save(record)
        else:
            self._cancelling.begin(record)

    def _note(self, record: TaskRecord, what: str, word: _Word) -> None:
        """An event that moves nothing, for people to see why."""
        name = f"{record.task.number}:{what.lower()}:{record.row.version}"
        details = {"raw_code": what, "opinion": word.opinion, "source": word.source}
        self._steps.own(record, name, record.task.state, **details)


def _only_checked(task: Task) -> bool:
    return all(wait.gate == "joint_check" for wait in task.waits)
