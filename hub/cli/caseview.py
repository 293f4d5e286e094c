"""How cases, tasks, events and errors look: rows for people, documents for machines."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby
from typing import Any

from hub.clock import SHANGHAI
from hub.domain.case import Case, Task, TaskEvent
from hub.domain.catalogue import GateKind
from hub.domain.issue import Issue
from hub.domain.mask import mask_name
from hub.domain.money import format_yuan
from hub.domain.outcome import Output
from hub.domain.receipt import OUTPUT_ZH
from hub.domain.states import EventSource, TaskState
from hub.domain.taxonomy import ServiceError

_COLOURS = {
    TaskState.COMPLETED: "green",
    TaskState.ACCEPTED: "cyan",
    TaskState.IN_PROGRESS: "cyan",
    TaskState.UNKNOWN: "bold yellow",
    TaskState.HELD: "yellow",
    TaskState.CANCELLING: "yellow",
    TaskState.REJECTED: "red",
    TaskState.MANUAL: "bold red",
}

_GATE_ZH: dict[GateKind, str] = {
    "none": "不等待",
    "legal_effect": "登簿生效",
    "completed": "办结",
    "joint_survey": "联合踏勘",
    "joint_check": "联合预检",
}


def moment(when: datetime | None) -> str:
    """A time as the city's clocks show it."""
    return when.astimezone(SHANGHAI).strftime("%m-%d %H:%M:%S") if when else "-"


def state_text(state: TaskState | None) -> Any:
    """`办结 COMPLETED`, coloured on a terminal."""
    from rich.text import Text

    return Text(f"{state.label_zh} {state.value}" if state else "-", style=_COLOURS.get(state, "") if state else "")


def error_text(error: ServiceError | None) -> str:
    """The code with its meaning, the utility's own code, and the field that it names."""
    if error is None:
        return ""
    raw = f", utility's code {error.provider_code_raw}" if error.provider_code_raw else ""
    field = f", {error.field}" if error.field else ""
    note = f" ({error.note})" if error.note else ""
    return f"{error.code.value} {error.message_zh}{raw}{field}{note}"


def case_table(case: Case, *, title: str | None = None) -> Any:
    """One row a task. Errors and what is waited for stand in the last columns, or below where there is no room."""
    from rich.console import Group

    from hub.cli.output import narrow, table

    told = {"error": [error_text(task.error) for task in case.tasks]}
    told["waits for, pre-check"] = [waiting_text(task) for task in case.tasks]
    more = {name: texts for name, texts in told.items() if any(texts)}
    columns = ("task", "item", "utility", "state", "upstream ref", "tries", "since")
    beside = {} if narrow() else more
    shown = table(*columns, *beside, title=title, whole=("task", "tries", "since"))
    for place, task in enumerate(case.tasks):
        row = (
            task.number.rpartition("-")[2],
            f"{task.item}\n{task.item_zh}",
            f"{task.provider_zh or task.provider}\n{task.interface}",
            state_text(task.state),
            task.provider_ref or "-",
            str(task.attempts),
            moment(task.state_since),
        )
        shown.add_row(*row, *(texts[place] for texts in beside.values()))
    return shown if beside == more else Group(shown, _below(case, more))


def _below(case: Case, told: dict[str, list[str]]) -> Any:
    from hub.cli.output import table

    shown = table("task", *told, whole=("task",))
    for task, *texts in zip(case.tasks, *told.values(), strict=True):
        if any(texts):
            shown.add_row(_two_digits(task.number), *texts)
    return shown


def waiting_text(task: Task) -> str:
    """What a task waits for, and what its utility has said beforehand."""
    lines = [
        f"{_GATE_ZH[wait.gate]} {wait.gate} {', '.join(map(_two_digits, wait.after)) or '(said by hub gate)'}"
        for wait in task.waits
    ]
    if task.precheck is not None:
        check = task.precheck
        due = sum(bill.total_fen for bill in check.charges)
        said = (
            check.state.label_zh,
            error_text(check.error),
            check.opinion,
            f"{format_yuan(due)} yuan due" if due else "",
        )
        lines.append(f"{' '.join(each for each in said if each)} ({moment(check.as_of)})")
    return "\n".join(lines)


def _two_digits(number: str) -> str:
    return number.rpartition("-")[2]


def event_table(case: Case, events: tuple[TaskEvent, ...], *, title: str | None = None) -> Any:
    """The timeline of a case: what moved which task, and who said so. Answers that say nothing new are only counted."""
    from hub.cli.output import table

    utilities = {task.number: task.endpoint for task in case.tasks}
    shown = table("time", "task", "from", "to", "source", "utility's code", "note", title=title, whole=("time", "task"))
    ordered = sorted(events, key=lambda event: event.received_at)
    entered = _entered(ordered)
    for telling, group in groupby(ordered, key=lambda event: _tells(event) or event.id in entered):
        if not telling:
            shown.add_row(*_nothing_new(list(group)))
            continue
        for event in group:
            shown.add_row(
                moment(event.received_at),
                f"{event.task.rpartition('-')[2]} {utilities.get(event.task, '')}",
                state_text(event.from_),
                state_text(event.to),
                f"{event.source.label_zh} {event.source.value}",
                _code(event),
                _note(event, entered),
            )
    return shown


def _entered(events: list[TaskEvent]) -> set[str]:
    """The events that first told since when what a task is about is in force; later answers repeat it."""
    first: dict[str, str] = {}
    for event in events:
        if event.legal_effect is not None:
            first.setdefault(event.task, event.id)
    return {*first.values()}


def _note(event: TaskEvent, entered: set[str]) -> str:
    if event.id in entered:
        return f"in force since {moment(event.legal_effect)}"
    return error_text(event.error) or event.provider_ref or event.opinion or ""


def _tells(event: TaskEvent) -> bool:
    """Whether an event is worth a line: it moved its task, or it is a word of the hub or of a person."""
    return event.applied or event.source in {EventSource.HUB, EventSource.TIMER, EventSource.CLERK}


def _nothing_new(events: list[TaskEvent]) -> tuple[str, ...]:
    sources = ", ".join(dict.fromkeys(f"{event.source.label_zh} {event.source.value}" for event in events))
    said = "1 answer" if len(events) == 1 else f"{len(events)} answers until {moment(events[-1].received_at)}"
    return moment(events[0].received_at), "", "", "", sources, "", f"nothing new: {said}"


def _code(event: TaskEvent) -> str:
    return event.raw_code or (event.error.provider_code_raw if event.error else None) or ""


def case_document(case: Case) -> dict[str, Any]:
    """A case for machines. What an output holds beyond its number may be personal: `hub trace` shows that masked."""
    return {**case.model_dump(mode="json", exclude={"tasks"}), "tasks": [_task(task) for task in case.tasks]} | {
        "completed": case.completed,
        "summary": case.summary,
    }


def _task(task: Task) -> dict[str, Any]:
    made = task.model_dump(mode="json", exclude={"seen", "version", "outputs", "arrears"})
    return made | {"outputs": [output.model_dump(mode="json", exclude={"data"}) for output in task.outputs]}


def output_table(case: Case) -> Any:
    """What the citizen gets, one row a result; nothing if there is none yet."""
    from hub.cli.output import table

    shown = table("task", "result", "number", "effective", "document", title="Results")
    for task in case.tasks:
        for output in task.outputs:
            shown.add_row(
                task.number.rpartition("-")[2],
                f"{OUTPUT_ZH[output.kind]} {output.kind}",
                output.identifier or "-",
                str(output.effective or "-"),
                document_text(output),
            )
    return shown if shown.row_count else None


def document_text(output: Output) -> str:
    """What became of a result's document."""
    if output.file_error is not None:
        return f"{'lost' if output.file else 'not to be had'}: {output.file_error.code.value}"
    if output.file is None:
        return "-"
    return f"{output.file.media_type}, {output.file.size} bytes"


def issue_lines(issue: Issue) -> list[str]:
    """A receipt and how it was handed out, for people; names masked."""
    receipt = issue.receipt
    lines = [f"receipt {receipt.seq} ({receipt.stage}) {moment(receipt.issued_at)}: {receipt.summary}"]
    for line in receipt.lines:
        told = [line.state_zh, *[f"{each.kind_zh} {each.identifier or ''}".strip() for each in line.outputs]]
        told += [each for each in (line.reason, line.next) if each]
        lines.append(f"  {line.number:02} {line.item_zh}: {'; '.join(told)}")
    for given in issue.deliveries:
        number = f", {given.reference}" if given.reference else ""
        lines.append(
            f"  handed out {moment(given.delivered_at)} by {given.method} to {mask_name(given.receiver)}{number}"
        )
    return lines


def issue_document(issue: Issue) -> dict[str, Any]:
    """A receipt for machines; the name of who got it is masked."""
    deliveries = [
        {**given.model_dump(mode="json"), "receiver": mask_name(given.receiver)} for given in issue.deliveries
    ]
    return {**issue.model_dump(mode="json", exclude={"deliveries"}), "deliveries": deliveries}


def task_number(case: Case, given: str) -> str:
    """A task's full number from `1`, `01` or the full number. Raises NotFound."""
    from hub.errors import NotFound

    for task in case.tasks:
        if given == task.number or (given.isdigit() and given.zfill(2) == task.number.rpartition("-")[2]):
            return task.number
    known = ", ".join(task.number.rpartition("-")[2] for task in case.tasks)
    raise NotFound(f"case {case.number} has no task {given[:40]!r}; it has {known}")
