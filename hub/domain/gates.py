"""Gates of a one-thing bundle 一件事: which task waits for which, and when a wait is met or will never be. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from hub.domain.case import PreCheckState, Task, Wait
from hub.domain.catalogue import Bundle, Dependency, GateKind
from hub.domain.machine import waiting
from hub.domain.states import TaskState

JOINT: frozenset[GateKind] = frozenset({"joint_survey", "joint_check"})
_LOST = frozenset({TaskState.REJECTED, TaskState.CANCELLED, TaskState.COMPENSATING, TaskState.COMPENSATED})


def waits_of(bundle: Bundle | None, tasks: Sequence[tuple[str, str]]) -> dict[str, tuple[Wait, ...]]:
    """What each task waits for, by its number; `tasks` are the (number, item) of one case.

    A lead that is not in the case is registered elsewhere: its members wait for word of it. At a joint gate all parts
    of the bundle wait together.
    """
    if bundle is None:
        return {}
    numbers: defaultdict[str, tuple[str, ...]] = defaultdict(tuple)
    for number, item in tasks:
        numbers[item] += (number,)
    waits: defaultdict[str, tuple[Wait, ...]] = defaultdict(tuple)
    for each in applying(bundle, numbers):
        wait = Wait(gate=each.gate, after=numbers[each.after], precheck=each.precheck, commit=each.commit)
        for number in numbers[each.item]:
            waits[number] += (wait,)
    if bundle.gate.kind in JOINT:
        for number, item in tasks:
            if item in bundle.codes:
                waits[number] += (Wait(gate=bundle.gate.kind, precheck=True),)
    return dict(waits)


def applying(bundle: Bundle, items: Iterable[str]) -> tuple[Dependency, ...]:
    """The dependencies of a bundle that concern a case of these items."""
    given = {*items}
    return tuple(
        each
        for each in bundle.dependencies
        if each.item in given and (each.after in given or each.after == bundle.lead)
    )


def held_back(waits: Iterable[Wait]) -> bool:
    """Whether a task with these waits is not sent before they are met."""
    return any(wait.commit == "gate" for wait in waits)


def met(wait: Wait, tasks: Mapping[str, Task]) -> bool:
    """Whether a wait is over, seen from the tasks of its case by number. An opened gate is never closed again."""
    if wait.after:
        return all(_reached(tasks[number], wait.gate) for number in wait.after)
    return wait.gate == "joint_check" and all(_checked(task) for task in tasks.values())


def hopeless(wait: Wait, tasks: Mapping[str, Task]) -> bool:
    """Whether a wait will never be met: what it waits for has failed."""
    return any(tasks[each].state in _LOST and not _reached(tasks[each], wait.gate) for each in wait.after)


def awaits_word(wait: Wait) -> bool:
    """Whether somebody outside has to say that the gate is open: the window, or the registry of a lead elsewhere."""
    return not wait.after


def stands(task: Task) -> bool:
    """Whether a task waits and does not move by itself: another task has to, or a word from outside has to come."""
    asking = task.precheck is None and any(wait.precheck for wait in task.waits)
    return task.state is TaskState.PENDING and bool(task.waits) and not asking


def _reached(lead: Task, gate: GateKind) -> bool:
    entered = gate == "legal_effect" and lead.legal_effect is not None
    return entered or lead.state is TaskState.COMPLETED


def _checked(task: Task) -> bool:
    """Whether a task is no reason any more to hold a joint check's other parts back."""
    if not (waiting(task) and any(wait.gate == "joint_check" for wait in task.waits)):
        return True
    return task.precheck is not None and task.precheck.state is not PreCheckState.OBSTACLE
