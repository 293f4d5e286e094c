"""What a utility asks of the applicant: noted when it is asked, with the day by which it must be there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hub.domain.case import TaskEvent
from hub.domain.evidence import Evidence
from hub.domain.machine import waiting
from hub.domain.order import ServiceOrder
from hub.domain.states import TaskState
from hub.domain.supplement import Supplement
from hub.domain.work import CommandKind
from hub.engine.rules import HUB, Rules
from hub.store.tables import CommandRow
from hub.store.unit import TaskRecord, UnitOfWork

REMINDER, EXPIRY = "supplement-reminder", "supplement-expiry"
_REMIND_AT = 0.8


def follow(unit: UnitOfWork, rules: Rules, record: TaskRecord, event: TaskEvent) -> None:
    """Note what is asked for when the utility has come to wait for the applicant; the hub itself may wait as well."""
    if record.task.state is TaskState.AWAITING_APPLICANT and not waiting(record.task):
        ask(unit, rules, record, _told(event))


def learn(unit: UnitOfWork, record: TaskRecord, event: TaskEvent) -> None:
    """Note what is asked for when it is only told later: a callback says that the utility waits, not for what."""
    supplement, told = record.task.supplement, _told(event)
    waits = record.task.state is TaskState.AWAITING_APPLICANT and supplement is not None
    if supplement is not None and waits and told and not supplement.asked:
        record.task = record.task.with_(supplement=supplement.with_(asked=told))
        unit.save(record)


def ask(unit: UnitOfWork, rules: Rules, record: TaskRecord, asked: tuple[str, ...]) -> None:
    """Begin to wait: with a reminder when most of the time is over, and an end."""
    now, earlier = rules.now(), record.task.supplement
    limit = timedelta(days=rules.endpoints[record.row.endpoint].adapter.spec.terms.answer_days)
    number = earlier.number + 1 if earlier else 1
    supplement = Supplement(number=number, asked=asked, asked_at=now, answer_by=rules.after(now, limit))
    record.task = record.task.with_(supplement=supplement)
    unit.save(record)
    for name, when in ((REMINDER, rules.after(now, limit * _REMIND_AT)), (EXPIRY, supplement.answer_by)):
        task = record.task.number
        unit.enqueue(
            f"{task}:{name}:{number}.0", CommandKind.TIMER, HUB, name, task=task, attempt=number, not_before=when
        )


def _told(event: TaskEvent) -> tuple[str, ...]:
    field = event.error.field if event.error else None
    return event.asked or ((field,) if field else ())


def sealed_answer(unit: UnitOfWork, record: TaskRecord, materials: tuple[Evidence, ...], fields: dict[str, Any]) -> str:
    """What the applicant gave, as it is kept with the command: it may be personal."""
    pieces = [each.model_dump(mode="json") for each in materials]
    return unit.sealed(record.task.case_number, {"materials": pieces, "fields": fields})


def answer_order(unit: UnitOfWork, record: TaskRecord, row: CommandRow) -> ServiceOrder:
    """The order that an adapter's `supplement` is given: the new pieces only, and the fields that were given anew."""
    given = unit.opened(record.task.case_number, (row.body or {})["sealed"])
    materials = tuple(Evidence.model_validate(each) for each in given["materials"])
    form = type(record.order.form).model_validate(
        {**record.order.form.model_dump(mode="json", exclude_none=True), **given["fields"]}
    )
    order: ServiceOrder = record.order.with_(evidence=materials, form=form)
    return order
