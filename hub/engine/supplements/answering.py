"""The counter's side of a supplement: what is given is held against what the utility asked for, then sent once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from hub.clock import SHANGHAI
from hub.domain.application import Audience
from hub.domain.catalogue import Catalogue, ServiceItem
from hub.domain.evidence import Evidence
from hub.domain.form import OrderForm
from hub.domain.states import TaskState
from hub.domain.supplement import Supplement
from hub.domain.taxonomy import ErrorCode
from hub.domain.work import CommandKind
from hub.engine.supplements import wanted
from hub.engine.supplements.supplementing import Supplementing
from hub.errors import ApplicationInvalid, Fault, NotAllowed, NotSupported
from hub.store.unit import TaskRecord
from hub.wire.crypto import sm3

Fields = Mapping[str, Any]


def answer(
    sending: Supplementing, record: TaskRecord, catalogue: Catalogue, materials: tuple[Evidence, ...], fields: Fields
) -> None:
    """Send what was given. The same again while it is on its way changes nothing."""
    unit, rules = sending.steps.unit, sending.steps.rules
    asked, task = record.task.supplement, record.task
    if task.state is not TaskState.AWAITING_APPLICANT or asked is None:
        raise NotAllowed(f"task {task.number} is {task.state} and waits for no supplement")
    given = [[each.model_dump(mode="json") for each in materials], dict(fields)]
    digest = sm3(json.dumps(given, sort_keys=True, default=str).encode()).hex()
    if asked.answered_at is not None:
        if asked.digest != digest:
            raise NotAllowed(f"a supplement of task {task.number} is on its way; wait for the utility's word on it")
        return
    if CommandKind.SUPPLEMENT.value not in rules.endpoints[record.row.endpoint].adapter.operations:
        raise NotSupported(f"{record.row.endpoint} takes no supplements by its interface; apply anew")
    if task.error is not None and task.error.code is ErrorCode.ELG_ARREARS:
        raise NotAllowed(f"task {task.number} waits for arrears to be paid, not for materials; see its charges")
    faults = list(_faults(record, asked, catalogue, materials, fields, rules.now()))
    if faults:
        raise ApplicationInvalid(*faults)
    sending.begin(record, digest, wanted.sealed_answer(unit, record, materials, dict(fields)))


def _faults(
    record: TaskRecord,
    asked: Supplement,
    catalogue: Catalogue,
    materials: tuple[Evidence, ...],
    fields: Fields,
    now: datetime,
) -> Iterator[Fault]:
    item = catalogue.by_code[record.task.item]
    if not materials and not fields:
        yield Fault("materials", ErrorCode.MAT_MISSING.value, "give at least one material or field that was asked for")
    yield from _materials(record, item, asked, materials, now)
    yield from _fields(item, asked, catalogue, fields)
    expected = [name for name in asked.asked if name in catalogue.by_material or name in item.field_keys]
    there = {each.material for each in materials} | fields.keys()
    for name in expected:
        if name not in there and (materials or fields):
            rule = ErrorCode.MAT_MISSING if name in catalogue.by_material else ErrorCode.VAL_REQUIRED
            yield Fault(name, rule.value, "the utility asked for this")


def _materials(
    record: TaskRecord, item: ServiceItem, asked: Supplement, materials: tuple[Evidence, ...], now: datetime
) -> Iterator[Fault]:
    order = record.order
    audience: Audience = order.audience
    named = item.material_ids(audience, agent=order.agent is not None) | set(asked.asked)
    for index, each in enumerate(materials):
        where = f"materials[{index}]"
        if each.material not in named:
            yield Fault(
                where, ErrorCode.MAT_INVALID.value, f"neither {item.code} nor the utility asks for this material"
            )
        elif each.ref is None:
            yield Fault(where, ErrorCode.MAT_UNREADABLE.value, "there is no file; store it first (hub.attach)")
        elif each.valid_until is not None and each.valid_until < now.astimezone(SHANGHAI).date():
            yield Fault(where, ErrorCode.MAT_INVALID.value, "the material has expired")


def _fields(item: ServiceItem, asked: Supplement, catalogue: Catalogue, fields: Fields) -> Iterator[Fault]:
    refs = {ref.ref: ref for ref in item.form_fields}
    for key, value in fields.items():
        where = f"fields.{key if key in refs else 'unknown'}"
        if key not in refs or key not in asked.asked:
            yield Fault(where, ErrorCode.VAL_FORMAT.value, "the utility did not ask for this field")
            continue
        codes = catalogue.allowed(refs[key])
        if codes and value not in codes:
            yield Fault(where, ErrorCode.VAL_CODE.value, f"must be one of {', '.join(codes)}")
            continue
        try:
            OrderForm.model_validate({key: value})
        except ValidationError:
            yield Fault(where, ErrorCode.VAL_FORMAT.value, "the value has not the form of this field")
