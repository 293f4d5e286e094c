"""Taking an application: checked whole, then case, tasks and commands in one transaction, before anything is sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.config import Configuration
from hub.domain.application import Application
from hub.domain.case import Case, Task
from hub.domain.derive import derive
from hub.domain.identity import Presented
from hub.domain.order import ServiceOrder
from hub.domain.orders import orders_for
from hub.domain.provider import Route
from hub.domain.states import CaseState, TaskState
from hub.domain.taxonomy import ErrorCode
from hub.domain.validation import validate
from hub.engine import deadlines
from hub.engine.admission import Admission, next_number
from hub.engine.applier import send
from hub.engine.rules import Rules
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
        faults += self._not_yet(application)
        if presented is not None:
            faults += self.admission.faults(application, presented)
        if not faults:
            faults += self._unreachable(application)
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
            text = "this request_id was used before with another body"
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
        tasks = tuple(self._task(application, order, now) for order in orders)
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
        for task, order in zip(tasks, orders, strict=True):
            operation = self.rules.endpoints[task.endpoint].operation(task.operation)
            record = unit.insert_task(task, order, operation.batch_type)
            send(unit, self.rules, record, now)
            deadlines.watch(unit, self.rules, record)
        standing = derive(tasks)
        unit.set_case(number, standing.state, standing.outcome)
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

    def _task(self, application: Application, order: ServiceOrder, now: datetime) -> Task:
        item = self.configuration.catalogue.by_code[order.item]
        route = self.route_of(item.code, application.address.division_code)
        assert route.endpoint is not None  # noqa: S101 -- route_of has seen to it
        served = self.rules.endpoints[route.endpoint.id]
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
            state=TaskState.READY,
            state_since=now,
            created_at=now,
            limit=timedelta(days=item.time_limit.promised_wd) or None,
            due_at=self.configuration.calendar.due(now, item.time_limit.promised_wd).at,
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

    def _not_yet(self, application: Application) -> list[Fault]:
        if application.theme is None:
            return []
        bundle = self.configuration.catalogue.by_bundle.get(application.theme)
        codes = {request.code for request in application.items}
        if bundle is None or not (bundle.lead or any(each.item in codes for each in bundle.dependencies)):
            return []
        text = "this bundle makes items wait for each other, which this version does not do; submit them one by one"
        return [Fault("theme", "NOT_SUPPORTED", text)]


def _unserved(item: str, where: str = "items") -> Fault:
    return Fault(where, ErrorCode.RTE_NO_PROVIDER.value, f"{item}: no utility's system is connected for this address")


def _digest(application: Application) -> str:
    body = json.dumps(application.model_dump(mode="json"), ensure_ascii=False, sort_keys=True)
    return sm3(body.encode()).hex()
