"""Everything that happened to a case, for people: events, and each message canonical, mapped and on the wire."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from hub.domain.application import Application
from hub.domain.base import Frozen
from hub.domain.case import Case, Task, TaskEvent
from hub.domain.mask import Kind, Redactor
from hub.domain.party import Organisation, Party
from hub.domain.work import ExchangeRecord
from hub.store.unit import UnitOfWork

T = TypeVar("T", Task, TaskEvent)


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
    redactor = Redactor(personal_values(unit.application(number)))
    return Trace(
        case=case.with_(tasks=tuple(_said(task, redactor) for task in case.tasks)),
        masked=True,
        events=tuple(_said(event, redactor) for event in events),
        tasks=tuple(_task(unit, task.number, redactor) for task in case.tasks),
    )


def _said(told: T, redactor: Redactor) -> T:
    """A task or event without the personal data in what the utility said: its opinion and its outputs."""
    changes: dict[str, Any] = {
        "outputs": tuple(output.with_(data=_masked(output.data, redactor)) for output in told.outputs)
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


def _task(unit: UnitOfWork, number: str, redactor: Redactor | None) -> TaskTrace:
    canonical = unit.task(number).order.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    exchanges = [(command, _dump(exchange)) for command, exchange in unit.exchanges(number)]
    if redactor is not None:
        canonical = _masked(canonical, redactor)
        exchanges = [(command, _masked(exchange, redactor)) for command, exchange in exchanges]
    return TaskTrace(number=number, canonical=canonical, exchanges=tuple(exchanges))


def _dump(exchange: ExchangeRecord) -> dict[str, Any]:
    return exchange.model_dump(mode="json", exclude_none=True)


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


def personal_values(application: Application) -> Iterator[tuple[Kind, str]]:
    """Every value of an application that must not be shown, with what kind of value it is."""
    yield from _party(application.applicant)
    if application.agent is not None:
        yield from _party(application.agent.person)
    yield "address", application.address.full_address
    for form in (application.form, *(item.form for item in application.items)):
        yield from _form(form)


def _party(party: Party) -> Iterator[tuple[Kind, str]]:
    yield "name", party.name
    yield "document", party.document.number
    if party.mobile:
        yield "mobile", party.mobile
    if isinstance(party, Organisation) and party.legal_rep is not None:
        yield from _party(party.legal_rep)


def _form(value: Any, key: str = "") -> Iterator[tuple[Kind, str]]:
    kinds: dict[str, Kind] = {
        "name": "name",
        "old_holder_name": "name",
        "holder": "name",
        "number": "document",
        "mobile": "mobile",
        "address": "address",
        "full_address": "address",
        "new_position": "other",
        "account_no": "document",
        "card_no": "document",
        "cust_no": "document",
        "ownership_proof_no": "document",
        "bdcdyh": "document",
        "contract_no": "document",
    }
    match value:
        case dict():
            for name, each in value.items():
                yield from _form(each, name)
        case list() | tuple():
            for each in value:
                yield from _form(each, key)
        case str() if key in kinds and len(value) > 1:
            yield kinds[key], value
