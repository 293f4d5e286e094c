"""The principal message of an item as it would be sent, or why it would not be."""

from __future__ import annotations

from dataclasses import dataclass

from hub import Hub, Settings, example_application
from hub.config import load_configuration
from hub.domain.numbers import case_number
from hub.domain.party import DocumentType, IdentityDocument, Person
from hub.engine.preview import _SetWhenSent
from hub.errors import ApplicationInvalid, EncodeError
from hub.mapping import Env
from hub.simulation import connections, start
from tests.contract import wire_readers

CONFIGURATION = load_configuration()
SYSTEMS = ("water", "power", "gas", "transit", "ccard", "catv", "realty")
# Way: item, town, reader of its bytes, the field of the interface that carries the name.
WAYS = {
    "water A 过户": ("JX6-WAT-01", "330402007", wire_readers.water_a, "YHMC"),
    "water A 报停": ("JX6-WAT-08", "330482001", wire_readers.water_a, "YHMC"),
    "water B 过户": ("JX6-WAT-01", "330481001", wire_readers.water_b, "customerName"),
    "power 过户": ("JX6-ELE-05", "330402007", wire_readers.power, "custName"),
    "power 新装": ("JX6-ELE-01", "330481001", wire_readers.power, "custName"),
    "gas 过户": ("JX6-GAS-03", "330402007", wire_readers.gas, "name"),
    "gas 开户": ("JX6-GAS-01", "330483001", wire_readers.gas, "name"),
    "transit 申领": ("JX6-BUS-03", "330402007", wire_readers.transit, "name"),
    "transit 挂失": ("JX6-BUS-05", "330421001", wire_readers.transit, "name"),
    "ccard 挂失": ("JX6-CIT-02", "330402007", wire_readers.ccard_frame, "T001"),
    "ccard 申领": ("JX6-CIT-01", "330424001", wire_readers.ccard_file, "name"),
    "catv 过户": ("JX6-CTV-03", "330402007", wire_readers.catv, "CUSTNAME"),
    "catv 报停": ("JX6-CTV-05", "330411002", wire_readers.catv, "CUSTNAME"),
    "realty 转移": ("JX6-RE-01", "330402007", wire_readers.realty, "MC"),
}


@dataclass(frozen=True, slots=True)
class Sent:
    """Names and numbers as the bytes say them."""

    parties: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Refused:
    """Where and why it was refused before anything was sent."""

    text: str


def applicant(name, kind="RIC", number="330402195203140024"):
    document = IdentityDocument(type=DocumentType(kind), number=number)
    return Person(name=name, document=document, mobile="13800138000")


async def opened(stack, folder):
    """A hub that sends nothing, connected to every system."""
    running = await start(stack, SYSTEMS)
    reached = connections(CONFIGURATION, running)
    settings = Settings(data_dir=folder, callback_port=0)
    hub = Hub.open(settings=settings, connections=reached, only_connections=True, run=False)
    return await stack.enter_async_context(hub), running


async def said(hub, running, way, person=None, **form):
    """What the application of this person would say on the wire; what of its form names them names them."""
    item, town, read, _ = WAYS[way]
    made = example_application(item, "individual", CONFIGURATION.catalogue, division=town)
    made = made.with_(applicant=person or made.applicant)
    (request,) = made.items
    holder = {"name": made.applicant.name, "document": made.applicant.document.model_dump(mode="json")}
    named = {"designated_holder": holder, "owners": [{**holder, "mode": "sole"}]}
    named = {key: value for key, value in named.items() if key in request.form}
    made = made.with_(items=(request.with_(form={**request.form, **named, **form}),))
    try:
        (shown,) = await hub.preview(made)
    except ApplicationInvalid as refused:
        return Refused(str(refused))
    if shown.error:
        return Refused(shown.error)
    system = CONFIGURATION.catalogue.by_code[item].field
    return Sent(read(await _request(hub, made, town), running[system].connection()))


async def _request(hub, made, town):
    """The bytes themselves: the preview shows them with what is secret hidden."""
    intake = hub._parts.intake
    presented = await hub._parts.store.run(lambda unit: intake.admission.presented(unit, made))
    now = hub._parts.clock.now()
    (order,) = intake.orders(made, case_number(now.date(), town[:6], 1), presented)
    route = intake.route_of(order.item, town)
    equipment = hub._parts.equipment[route.endpoint.id]
    adapter = equipment.adapter
    message, source = adapter.preview(adapter.serving(order.operation), order)
    env = Env(now=now, config=adapter.config, params=route.params, session=_SetWhenSent(), vars={})
    try:
        return adapter.encode(message, equipment.mappings.request(message)(source, env), env, equipment.draw)
    except EncodeError as error:
        raise AssertionError(f"previewed, but not written: {error}") from error
