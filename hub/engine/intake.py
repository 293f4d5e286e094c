"""Taking an application: checked whole, then case, tasks and commands in one transaction, before anything is sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.config import Configuration
from hub.domain.application import Application
from hub.domain.case import Case, Task, Wait
from hub.domain.gates import applying, held_back, waits_of
from hub.domain.identity import Presented
from hub.domain.order import ServiceOrder
from hub.domain.orders import orders_for
from hub.domain.provider import Route
from hub.domain.states import CaseState, TaskState
from hub.domain.taxonomy import ErrorCode
from hub.domain.validation import validate
from hub.engine.applier import Applier, send
from hub.engine.bundles.compensating import way_back
from hub.engine.identity.admission import Admission, next_number
from hub.engine.money import payitems
from hub.engine.rules import Rules
from hub.engine.timing import deadlines
from hub.errors import ApplicationInvalid, DuplicateRequest, Fault, NoProvider
from hub.store.unit import UnitOfWork
from hub.wire.crypto import sm3

FindRoute = Callable[[str, str], Route | None]


@dataclass(frozen=True, slots=True)
class Intake:
    """Checks and stores applications."""

    configuration: Configuration
    rules: Rules
    route: FindRoute
    admission: Admission

    def check(self, application: Application, presented: Presented | None = None) -> None:
        """Raise ApplicationInvalid (or NoProvider, when only the routing fails) with every fault.

        With what is presented of its identity check that one is looked at too.
        """
        catalogue, now = self.configuration.catalogue, self.rules.now()
        faults = validate(application, catalogue, self.configuration.divisions, self.route, now)
        if presented is not None:
            faults += self.admission.faults(application, presented)
        if not faults:
            faults += self._unreachable(application)
        if not faults:
            faults += self._not_undoable(application)
        if not faults:
            return
        only_routing = all(fault.rule == ErrorCode.RTE_NO_PROVIDER for fault in faults)
        raise (NoProvider if only_routing else ApplicationInvalid)(*faults)

    def find(self, unit: UnitOfWork, application: Application) -> Case | None:
        """The case of an earlier submission under the same id. Raises DuplicateRequest if its body was another."""
        found = unit.request(application.request_id)
        if found is None:
            return None
        number, digest = found
        if digest != _digest(application):
            text = "this request_id was used before with another body; give a new application a new one"
            raise DuplicateRequest(Fault("request_id", "DUPLICATE", text))
        return unit.case(number)

    def look(self, unit: UnitOfWork, application: Application) -> tuple[Case | None, Presented]:
        """The case of an earlier submission, if there is one, and the identity check that is presented now."""
        return self.find(unit, application), self.admission.presented(unit, application)

    def store(self, unit: UnitOfWork, application: Application) -> Case:
        """Store a checked application with its tasks and the commands to send; all or nothing."""
        earlier = self.find(unit, application)
        if earlier is not None:
            return earlier
        now = self.rules.now()
        assertion = self.admission.admit(unit, application)
        division = application.channel.division or application.address.division_code
        number = (assertion.case_number if assertion else None) or next_number(unit, division, now)
        orders = orders_for(
            application, self.configuration.catalogue, case_number=number, submitted_at=now, assertion=assertion
        )
        bundle = self.configuration.catalogue.by_bundle.get(application.theme or "")
        waits = waits_of(bundle, [(order.task_number, order.item) for order in orders])
        tasks = tuple(self._task(application, order, now, waits.get(order.task_number, ())) for order in orders)
        due = max((task.due_at for task in tasks if task.due_at), default=None)
        case = Case(
            number=number,
            request_id=application.request_id,
            state=CaseState.ACCEPTED,
            division=application.address.division_code,
            submitted_at=now,
            due_at=due,
            tasks=tasks,
        )
        unit.insert_case(case, _digest(application), application)
        applier = Applier(unit, self.rules)
        for task, order in zip(tasks, orders, strict=True):
            operation = self.rules.endpoints[task.endpoint].operation(task.operation)
            record = unit.insert_task(task, order, operation.batch_type)
            if payitems.is_payment(record):
                payitems.own_payment(unit, self.rules, record)
            if task.gated:
                applier.gates.begin(record)
            else:
                send(unit, self.rules, record, now)
                deadlines.watch(unit, self.rules, record)
        applier.settle(number)
        return unit.case(number)

    def orders(self, application: Application, number: str, presented: Presented) -> tuple[ServiceOrder, ...]:
        """The orders that an application would make."""
        return orders_for(
            application,
            self.configuration.catalogue,
            case_number=number,
            submitted_at=self.rules.now(),
            assertion=self.admission.shown(application, presented),
        )

    def route_of(self, item: str, division: str) -> Route:
        """The route of an item at a service address. Raises NoProvider."""
        field = self.configuration.catalogue.by_code[item].field
        route = self.route(field, division)
        if route is None or route.endpoint is None:
            raise NoProvider(_unserved(item))
        return route

    def _task(self, application: Application, order: ServiceOrder, now: datetime, waits: tuple[Wait, ...]) -> Task:
        item = self.configuration.catalogue.by_code[order.item]
        route = self.route_of(item.code, application.address.division_code)
        assert route.endpoint is not None  # noqa: S101 -- route_of has seen to it
        served = self.rules.endpoints[route.endpoint.id]
        gated = held_back(waits)
        return Task(
            number=order.task_number,
            case_number=order.case_number,
            item=item.code,
            item_zh=item.name_zh,
            provider=route.provider.id,
            provider_zh=route.provider.name_zh,
            endpoint=route.endpoint.id,
            operation=order.operation,
            interface=served.adapter.spec.interface,
            simulated=served.simulated,
            params=served.adapter.spec.check_params(route.params, f"concession of {route.provider.id}"),
            state=TaskState.PENDING if gated else TaskState.READY,
            gated=gated,
            waits=waits,
            state_since=now,
            created_at=now,
            limit=timedelta(days=item.time_limit.promised_wd) or None,
            # What waits for a gate has no date yet: its time begins when the gate opens.
            due_at=None if gated else self.configuration.calendar.due(now, item.time_limit.promised_wd).at,
        )

    def _unreachable(self, application: Application) -> list[Fault]:
        """Items whose utility is known but cannot be reached from this hub."""
        faults = []
        for index, request in enumerate(application.items):
            item = self.configuration.catalogue.by_code[request.code]
            route = self.route(item.field, application.address.division_code)
            served = self.rules.endpoints.get(route.endpoint.id) if route and route.endpoint else None
            if served is None or served.adapter.serving(item.upstream.operation) is None:
                faults.append(_unserved(request.code, f"items[{index}].code"))
        return faults

    def _not_undoable(self, application: Application) -> list[Fault]:
        """Items that are to be committed early although nothing could undo them if what they wait for fails."""
        bundle = self.configuration.catalogue.by_bundle.get(application.theme or "")
        codes = [request.code for request in application.items]
        early = {each.item for each in applying(bundle, codes) if each.commit == "early"} if bundle else set()
        return [
            Fault(f"items[{index}].code", "NOT_UNDOABLE", f"{code} cannot be undone, so it is not committed early")
            for index, code in enumerate(codes)
            if code in early and not self._undoable(code, application.address.division_code)
        ]

    def _undoable(self, code: str, division: str) -> bool:
        item = self.configuration.catalogue.by_code[code]
        route = self.route(item.field, division)
        served = self.rules.endpoints.get(route.endpoint.id) if route and route.endpoint else None
        return item.undoable and served is not None and way_back(served.adapter) is not None


def _unserved(item: str, where: str = "items") -> Fault:
    return Fault(where, ErrorCode.RTE_NO_PROVIDER.value, f"{item}: no utility's system is connected for this address")


def _digest(application: Application) -> str:
    body = json.dumps(application.model_dump(mode="json"), ensure_ascii=False, sort_keys=True)
    return sm3(body.encode()).hex()
