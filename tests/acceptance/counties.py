"""The city of seven counties on simulators, and the life of an account: taken over, used, suspended, closed."""

from __future__ import annotations

from contextlib import asynccontextmanager

from hub import TaskState, simulated
from hub.clock import VirtualClock
from hub.config import load_configuration
from hub.domain.application import Channel
from hub.domain.charges import ChargeState
from hub.domain.payments import PaymentProof
from hub.simulation import START
from simulators.kit.simulator import Profile
from tests.acceptance.story import make_application

CONFIGURATION = load_configuration()
CATALOGUE = CONFIGURATION.catalogue
TOWNS = ("330402007", "330411002", "330421001", "330424001", "330481001", "330482001", "330483001")
FIELDS = ("water", "power", "gas", "transit", "ccard", "catv", "realty")
ATTENDING = frozenset({"attachment", "visit"})  # effects that go with an order
# One registration is entered and certified after it was applied for.
EFFECTS = {"realty": ["application", "certificate", "registration"]}
# The holder's data and the insured place are two acts at the citizen card centre.
TWO_ACTS = {"JX6-CIT-07": ["change 1", "change 2"]}
# An account is taken over first and closed last; a card is lost before there is a new one.
_LIFE = {"transfer": 0, "suspend": 2, "card_status": 2, "resume": 3, "card_reissue": 4, "close": 5}


class Quick(VirtualClock):
    """Hands work over on one machine only, so it need not settle for long."""

    SETTLE = 0.0005


@asynccontextmanager
async def city(*systems):
    """A hub on the simulators, whose days are an hour."""
    async with simulated(*systems, profile=Profile(pace=0.04), clock=Quick(START)) as world:
        yield world


def life(items):
    """Items in the order in which one account can live through them."""
    return sorted(items, key=lambda item: _LIFE.get(item.business_type, 1))


async def application(world, item, audience, town, *, window=None):
    """The generated example with files behind its materials, handed in at a window of the county or another one."""
    made = await make_application(world.hub, [item.code], audience, town)
    return made.with_(channel=Channel(division=window, operator="c01")) if window else made


async def carried_out(world, made):
    """The task of an application once it is final; its fee is paid on the way."""
    case = await world.hub.submit(made)
    case = await world.hub.wait(case.number, seconds=60)
    if case.tasks[0].state is TaskState.AWAITING_PAYMENT:
        await pay_fee(world, case)
        for _ in range(600):
            case = await world.hub.case(case.number)
            if case.tasks[0].state is not TaskState.AWAITING_PAYMENT:
                break
            await world.clock.sleep(300)
        case = await world.hub.wait(case.number, seconds=60)
    return case.tasks[0]


async def pay_fee(world, case):
    """The payer has given the money to the till; the hub posts it to the utility."""
    (due,) = [charge for charge in await world.hub.charges(case.number) if charge.state is ChargeState.DUE]
    assert due.amount_fen == case.tasks[0].fee_due_fen
    now = world.clock.now()
    proof = PaymentProof(reference=f"TILL-{case.number}", channel="CASH", amount_fen=due.amount_fen, paid_at=now)
    await world.hub.pay(case.number, [due.id], proof)


def effects(item, entries):
    """What the utility did, without what only goes with it; for the citizen card with the act."""
    done = [f"{entry.effect} {entry.facts['act']}" if item.code in TWO_ACTS else entry.effect for entry in entries]
    return sorted(each for each in done if each not in ATTENDING)


def area_of(simulator, entry):
    """Which company, branch or county of the system the effect came about at; None if its ledger does not tell."""
    facts, books = entry.facts, getattr(simulator, "books", None)
    match simulator.name:
        case "water":
            order = books.orders.get(facts["slbh"])
            return (order or books.accounts[facts["account"]]).company
        case "gas":
            order = books.orders.get(facts["order_no"])
            return (order or books.customers[facts["customer"]]).company
        case "catv":
            order = books.orders.get(facts["number"])
            return (order or books.customers[facts["customer"]]).branch
        case "power" if "appNo" in facts:
            facts = simulator._services.orders.find(app_no=facts["appNo"], outer_no=None).form
    return facts.get("inst") or facts.get("orgNo") or facts.get("unit", "")[:6] or None


async def check(world, item, town, task, entries):
    """Completed at the provider of the service address, with one effect there and nowhere else; a fee was paid once."""
    said = (item.code, town, task.state, task.error)
    assert task.state is TaskState.COMPLETED, said
    route = CONFIGURATION.concessions.route(item.field, town)
    assert (task.provider, task.endpoint, task.params) == (route.provider.id, route.endpoint.id, route.params), said
    fees = [payment.state for payment in await world.hub.payments(task.case_number)]
    assert fees in ([], ["POSTED"]), said
    found = effects(item, entries)
    if fees and item.kind != "payment":
        found.remove("payment")
    wanted = TWO_ACTS.get(item.code) or EFFECTS.get(item.field)
    assert found == wanted if wanted else len(found) == (0 if item.kind == "query" else 1), (*said, found)
    areas = {area_of(world.simulators[item.field], entry) for entry in entries if entry.effect not in ATTENDING}
    assert areas - {None} <= set(route.params.values()), (*said, areas)
