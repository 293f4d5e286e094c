"""What the demonstration shows: the case as it moves, its timeline, its doubts, one message, the utilities' ledgers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from rich.console import Console, Group
from rich.rule import Rule
from rich.text import Text

from hub.cli.caseview import case_table, error_text, event_table, moment
from hub.cli.messages import side_by_side, wire_text
from hub.domain.case import Case, TaskEvent
from hub.domain.states import TaskState
from hub.engine.trace import TaskTrace, Trace

BANNER = "模拟 simulation: synthetic people only, so nothing is masked; simulated utilities speak their real protocols"


@dataclass(frozen=True, slots=True)
class Doubt:
    """A request whose effect was uncertain, how it was inquired, and what came out."""

    task: str
    endpoint: str
    event: TaskEvent
    sent: dict[str, Any] | None
    inquiries: tuple[dict[str, Any], ...]
    resolved: TaskEvent | None


def standing(case: Case, now: Any) -> Any:
    """The case at one moment of the virtual clock."""
    return Group(Text(f"{moment(now)}  {case.summary}"), case_table(case))


def doubts(trace: Trace) -> Iterator[Doubt]:
    """Every doubt of a case, in the order in which they arose."""
    endpoints = {task.number: task.endpoint for task in trace.case.tasks}
    exchanges = {task.number: task.exchanges for task in trace.tasks}
    for place, event in enumerate(trace.events):
        if event.to is not TaskState.UNKNOWN or not event.applied:
            continue
        later = (each for each in trace.events[place + 1 :] if each.task == event.task and each.applied)
        resolved = next((each for each in later if each.to is not TaskState.UNKNOWN), None)
        mine = exchanges[event.task]
        sent = [exchange for command, exchange in mine if ":inquire:" not in command and exchange["effect"]]
        asked = tuple(exchange for command, exchange in mine if ":inquire:" in command)
        broken = next((each for each in sent if each["phase"] != "RECEIVED"), sent[-1] if sent else None)
        yield Doubt(event.task, endpoints[event.task], event, broken, asked, resolved)


def doubt_lines(doubt: Doubt) -> Iterator[str]:
    """A doubt told in sentences."""
    yield f"{doubt.endpoint}: {_how(doubt.sent)}: UNKNOWN ({error_text(doubt.event.error)})"
    yield "  it may have been done, so nothing is sent again before the utility has been asked"
    for (message, effect, ended), alike in groupby(doubt.inquiries, key=_told):
        times = sum(1 for _ in alike)
        what = "sent what was still missing" if effect else "inquiry"
        yield f"  {what}: {message}{f' {times} times' if times > 1 else ''} ({ended})"
    if doubt.resolved is None:
        yield "  still open"
    elif doubt.resolved.to is TaskState.READY:
        yield "  the utility does not know it: sent again under the same key"
    else:
        ref = f", their number {doubt.resolved.provider_ref}" if doubt.resolved.provider_ref else ""
        source = f"{doubt.resolved.source.label_zh} {doubt.resolved.source.value}"
        state = f"{doubt.resolved.to.label_zh} {doubt.resolved.to.value}"
        yield f"  found by {source}: {state}{ref}; adopted, nothing was sent twice"


def _how(sent: dict[str, Any] | None) -> str:
    if sent is None:
        return "sent, no answer"
    reached = f"{sent['message']} reached phase {sent['phase']}"
    return f"{reached}, its answer cannot be believed" if sent["phase"] == "RECEIVED" else f"{reached}, then no answer"


def _told(exchange: dict[str, Any]) -> tuple[str, bool, str]:
    ended = f"HTTP {exchange['status']}" if exchange.get("status") else str(exchange["phase"])
    return exchange["message"], exchange["effect"], ended


def ledger_lines(ledger: dict[str, dict[str, int]]) -> Iterator[str]:
    """`water: 1 order`, a line for each kind of effect at each utility."""
    for name, effects in ledger.items():
        if not effects:
            yield f"{name}: nothing"
        for effect, count in effects.items():
            yield f"{name}: {count} {effect}{'' if count == 1 else 's'}"


def show(out: Console, trace: Trace, ledger: dict[str, dict[str, int]]) -> None:
    """Everything after the case has come to rest."""
    out.print(event_table(trace.case, trace.events, title="Timeline"))
    found = list(doubts(trace))
    if found:
        out.print(Rule("Doubt", align="left"))
        for doubt in found:
            out.print("\n".join(doubt_lines(doubt)))
    place = min(1, len(trace.tasks) - 1)  # the first utility; before it, in a transfer, stands the registry
    task = trace.tasks[place]
    exchange = principal(task)
    if exchange is not None:
        endpoint = trace.case.tasks[place].endpoint
        out.print(Rule(f"One message both ways: {exchange['message']} to {endpoint}", align="left"))
        out.print(side_by_side(task.canonical, exchange["request"]))
        if exchange.get("response"):
            out.print(Text("its answer:"))
            out.print(wire_text(exchange["response"]))
    out.print(Rule("What the utilities did", align="left"))
    out.print("\n".join(ledger_lines(ledger)))


def principal(task: TaskTrace) -> dict[str, Any] | None:
    """The message that carried the order."""
    effects = [exchange for _, exchange in task.exchanges if exchange["effect"] and exchange["request"]]
    return effects[0] if effects else None
