"""Cases at the toy utility that takes money, as far as the point at which money or an answer is wanted."""

from __future__ import annotations

from hub import PaymentProof, TaskState
from tests.toy.hubs import TUESDAY, application, city
from tests.toy.till import TillAdapter, TillServer

ACCOUNT = "0100012345"
_NOT_YET = {TaskState.READY, TaskState.DISPATCHING}


def till(folder, **options):
    """A clock, the till's server and a hub."""
    return city(folder, server=TillServer, adapter=TillAdapter, **options)


def proof(reference="PAY-1", fen=5000, **changes):
    return PaymentProof(reference=reference, channel="ALIPAY", amount_fen=fen, paid_at=TUESDAY, **changes)


async def waiting(hub, server, state="fee", **changes):
    """A case whose order is at the utility in a state; the number of the case."""
    server.stuck = state
    case = await hub.submit(application(**changes))
    while (await hub.case(case.number)).tasks[0].state in _NOT_YET:
        await hub.clock.sleep(1)
    return case.number


async def due(hub, number, **options):
    """The charges of a case that are due."""
    return [charge for charge in await hub.charges(number, **options) if charge.state == "DUE"]


async def pay_all(hub, number, reference="PAY-1", **options):
    charges = await due(hub, number, **options)
    fen = sum(charge.amount_fen for charge in charges)
    return await hub.pay(number, [charge.id for charge in charges], proof(reference, fen))
