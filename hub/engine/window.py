"""What the window says of a case and asks for: to cancel, that a gate is open or has failed, to check again."""

from __future__ import annotations

from hub.domain.gates import awaits_word
from hub.domain.machine import LIVE, waiting
from hub.domain.states import TaskState
from hub.engine.applier import Applier
from hub.engine.rules import Rules
from hub.errors import NotAllowed, NotFound
from hub.store.unit import TaskRecord, UnitOfWork

_DECIDED = frozenset({TaskState.COMPLETED, TaskState.REJECTED, TaskState.COMPENSATING, TaskState.COMPENSATED})


def cancel(unit: UnitOfWork, rules: Rules, number: str, task: str | None) -> set[str]:
    """Begin to cancel a case or one task of it. Raises NotFound; NotAllowed when that cannot be, before any change."""
    records = _records(unit, number, task)
    for record in records:
        if task is None and _undone_with_its_lead(record, records):
            continue
        _refuse(rules, record)
    applier = Applier(unit, rules)
    for record in records:
        if not record.task.state.final:
            applier.cancel(record)
    return applier.apply(())


def tell_gate(unit: UnitOfWork, rules: Rules, number: str, *, passed: bool, note: str | None) -> set[str]:
    """Open the gates that wait for a word from outside, or let them fail. Raises NotFound, NotAllowed."""
    applier = Applier(unit, rules)
    records = [
        record for record in _records(unit, number, None) if any(awaits_word(wait) for wait in record.task.waits)
    ]
    if not records:
        raise NotAllowed(f"no task of case {number} waits for a word from outside")
    for record in records:
        applier.gates.word(record, passed=passed, opinion=note)
    return applier.apply(())


def check_again(unit: UnitOfWork, rules: Rules, number: str, task: str | None) -> set[str]:
    """Have the pre-checks of waiting tasks made again now. Raises NotFound, NotAllowed."""
    applier = Applier(unit, rules)
    if not [record for record in _records(unit, number, task) if applier.gates.check_again(record)]:
        raise NotAllowed(f"nothing of case {number} waits at a utility that can be asked beforehand")
    return applier.apply(())


def _records(unit: UnitOfWork, number: str, task: str | None) -> list[TaskRecord]:
    records = [record for record in unit.tasks(unit.case(number).number) if task in {None, record.task.number}]
    if not records:
        raise NotFound(f"case {number} has no task {task}")
    return records


def _undone_with_its_lead(record: TaskRecord, records: list[TaskRecord]) -> bool:
    """Whether a task that was committed early is done: the end of its lead, which is cancelled too, takes it back."""
    leads = {number for wait in record.task.waits for number in wait.after}
    open_leads = any(each.task.number in leads and not each.task.state.final for each in records)
    return record.task.state is TaskState.COMPLETED and open_leads


def _refuse(rules: Rules, record: TaskRecord) -> None:
    number, state = record.task.number, record.task.state
    if state in _DECIDED:
        raise NotAllowed(f"task {number} is {state}; what is decided cannot be cancelled")
    served = rules.endpoints.get(record.row.endpoint)
    cannot = served is None or "cancel" not in served.adapter.operations
    if state in LIVE and not waiting(record.task) and cannot:
        raise NotAllowed(f"task {number} is with a utility whose interface cannot cancel")
    allowed = served.adapter.spec.terms.cancel if served is not None else None
    if state in LIVE and not waiting(record.task) and allowed is not None and state not in allowed:
        raise NotAllowed(f"task {number} is {state}; its utility cancels only what is {', '.join(allowed)}")
