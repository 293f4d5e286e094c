"""Everything that happened to a case, for people: events, and each message canonical, mapped and on the wire."""

from __future__ import annotations

from typing import Any, TypeVar

from hub.domain.base import Frozen
from hub.domain.case import Case, Task, TaskEvent
from hub.domain.mask import Kind, Redactor
from hub.domain.personal import personal_values
from hub.domain.work import ExchangeRecord
from hub.store.unit import UnitOfWork

T = TypeVar("T", Task, TaskEvent)
Values = tuple[tuple[Kind, str], ...]


class TaskTrace(Frozen):
    """One task: its canonical order and its exchanges, oldest first; (command id, exchange)."""

    number: str
    canonical: dict[str, Any]
    exchanges: tuple[tuple[str, dict[str, Any]], ...]


class Trace(Frozen):
    """A case from submission on. Masked unless it was revealed for a reason that is on record."""

    case: Case
    masked: bool
    events: tuple[TaskEvent, ...]
    tasks: tuple[TaskTrace, ...]


def read_trace(unit: UnitOfWork, number: str, *, masked: bool) -> Trace:
    """Read the trace of a case. Raises NotFound."""
    case = unit.case(number)
    events = tuple(event for _, event in unit.events(number))
    if not masked:
        tasks = tuple(_task(unit, task.number, None) for task in case.tasks)
        return Trace(case=case, masked=False, events=events, tasks=tasks)
    known = tuple(personal_values(unit.application(number)))
    redactor = Redactor(known)
    return Trace(
        case=case.with_(tasks=tuple(_said(task, redactor) for task in case.tasks)),
        masked=True,
        events=tuple(_said(event, redactor) for event in events),
        tasks=tuple(_task(unit, task.number, known) for task in case.tasks),
    )


def _said(told: T, redactor: Redactor) -> T:
    """A task or event without the personal data in what the utility said: its opinion and its outputs."""
    changes: dict[str, Any] = {
        "outputs": tuple(
            output.with_(identifier=redactor.text(output.identifier or "") or None, data=_masked(output.data, redactor))
            for output in told.outputs
        )
    }
    if isinstance(told, Task):
        changes["arrears"] = tuple(
            each.with_(account_no=redactor.text(each.account_no or "") or None) for each in told.arrears
        )
    if isinstance(told, TaskEvent) and told.opinion is not None:
        changes["opinion"] = redactor.text(told.opinion)
    if isinstance(told, Task) and told.precheck is not None and told.precheck.opinion is not None:
        changes["precheck"] = told.precheck.with_(opinion=redactor.text(told.precheck.opinion))
    changed: T = told.with_(**changes)
    return changed


def _task(unit: UnitOfWork, number: str, known: Values | None) -> TaskTrace:
    order = unit.task(number).order
    canonical = order.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    exchanges = unit.exchanges(number)
    if known is None:
        return TaskTrace(
            number=number, canonical=canonical, exchanges=tuple((at, _dump(each)) for at, each in exchanges)
        )
    known = (*known, *personal_values(order))
    return TaskTrace(
        number=number,
        canonical=_masked(canonical, Redactor(known)),
        exchanges=tuple((at, masked_exchange(each, known)) for at, each in exchanges),
    )


def masked_exchange(exchange: ExchangeRecord, known: Values) -> dict[str, Any]:
    """An exchange without the values that are `known` and those of its own, and without an answer that was not read."""
    told = _dump(exchange)
    if exchange.response_tree is None and told.get("response", {}).get("body"):
        # Whose data stands in it nobody knows.
        told["response"] = {**told["response"], "body": "<masked>"}
    masked: dict[str, Any] = _masked(told, Redactor((*known, *exchange.personal)))
    return masked


def _dump(exchange: ExchangeRecord) -> dict[str, Any]:
    return exchange.model_dump(mode="json", exclude_none=True, exclude={"personal"})


def _masked(value: Any, redactor: Redactor) -> Any:
    match value:
        case dict():
            # Raw bytes in base64 cannot be searched for names, so they are not shown masked at all.
            return {key: "<masked>" if key == "base64" else _masked(each, redactor) for key, each in value.items()}
        case list():
            return [_masked(each, redactor) for each in value]
        case str():
            return redactor.text(value)
        case _:
            return value
