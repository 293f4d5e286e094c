"""Money at gas, citizen card and cable television: posted at most once at every fault, and books that agree."""

from __future__ import annotations

from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta

import pytest

from hub import PaymentProof, TaskState, example_case, simulated
from hub.domain.states import PaymentState
from hub.domain.taxonomy import ErrorCode
from hub.simulation import START
from simulators.kit.simulator import Profile
from tests.acceptance.city import quick_config
from tests.integration.catv_hub import BY_HOLDER, HOLDER

P = PaymentState
KINDS = (
    "refused",
    "connect-hang",
    "before-commit",
    "after-commit",
    "half-status",
    "half-body",
    "garbage",
    "html",
    "busy",
    "down",
)
LIMITS = {"connect_seconds": 0.5, "read_seconds": 0.8, "total_seconds": 1.0}
PAID = {
    "gas": ("JX6-GAS-13", {"account_no": "10020001", "amount": 8640, "bill_ids": ["202511", "202512"]}),
    "ccard": ("JX6-CIT-09", {"amount": 5000}),
    "catv": ("JX6-CTV-08", {"cust_no": "330400020001", "amount": 3650}),
}
OPERATION = {"gas": "payBill", "ccard": "630000", "catv": "BS4001"}
EFFECT = {"gas": "payment", "ccard": "topup", "catv": "payment"}
FEES = {"gas": "JX6-GAS-01", "catv": "JX6-CTV-04"}


@asynccontextmanager
async def city(folder, system, *, pace=0.04):
    profile = Profile(pace=pace, always_open=True)
    config = quick_config(folder, limits=LIMITS, poll=5)
    async with simulated(system, config=config, profile=profile) as found:
        yield found.hub, found.simulators[system], found.clock


def application(hub, code, **form):
    made = example_case((code,), "individual", hub.configuration.catalogue)
    (request,) = made.items
    if code in BY_HOLDER:
        made = made.with_(applicant=HOLDER)
    return made.with_(items=(request.with_(form={**request.form, **form}),))


def proof(fen, reference="PAY-1"):
    return PaymentProof(reference=reference, channel="WECHAT", amount_fen=fen, paid_at="2026-11-24T09:00:00+08:00")


async def agreed(hub, clock, payments):
    """The hub's books and the utility's file of each day say the same, and that the posted money is there."""
    end = clock.now()
    await clock.sleep_until(end + timedelta(days=1))
    days = range((end - START).days + 2)
    runs = [run for day in days for run in await hub.reconcile((START + timedelta(days=day)).date())]
    runs = [run for run in runs if run.day <= end.astimezone(START.tzinfo).date()]
    assert all(run.agrees for run in runs), [each.model_dump() for run in runs for each in run.differences]
    kept = sum(each.amount_fen for each in payments if each.state is P.POSTED)
    assert sum(run.theirs.sum_fen for run in runs) == sum(run.ours.sum_fen for run in runs) == kept


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("system", list(PAID))
async def test_payments_are_posted_once_and_hub_ledger_and_file_agree(tmp_path, system, kind):
    async with city(tmp_path, system) as (hub, simulator, clock):
        paid = [await payment_item(hub, simulator, clock, system, kind)]
        if system in FEES:
            paid.append(await fee(hub, simulator, clock, system, kind))
        entries = simulator.ledger
        posted = sum(each.state is P.POSTED for each in paid)
        assert entries.count(EFFECT[system]) - entries.count("reversal") == posted
        await agreed(hub, clock, paid)


async def payment_item(hub, simulator, clock, system, kind):
    code, form = PAID[system]
    with armed(simulator, kind, OPERATION[system]):
        case = await hub.submit(application(hub, code, **form))
        await outage(clock, kind)
    case = await hub.wait(case.number, seconds=60)
    (task,), (payment,) = case.tasks, await hub.payments(case.number)
    if task.error is not None and task.error.code is ErrorCode.PAY_REVERSED:
        assert (system, payment.state) == ("ccard", P.REVERSED)
    else:
        assert (task.state, payment.state) == (TaskState.COMPLETED, P.POSTED), task.error
    return payment


async def fee(hub, simulator, clock, system, kind):
    case = await hub.submit(application(hub, FEES[system]))
    while not (charges := await hub.charges(case.number)):
        await clock.sleep(600)
        assert not (await hub.case(case.number)).tasks[0].state.final
    (charge,) = charges
    with armed(simulator, kind, OPERATION[system]):
        for _ in range(2):
            await hub.pay(case.number, [charge.id], proof(charge.amount_fen))
        await outage(clock, kind)
    case = await hub.wait(case.number, seconds=60)
    (task,), (payment,) = case.tasks, await hub.payments(case.number)
    assert (task.state, payment.state) == (TaskState.COMPLETED, P.POSTED), (task.error, payment.error)
    assert payment.provider_receipt
    return payment


@contextmanager
def armed(simulator, kind, operation):
    simulator.faults.arm(kind, operation=operation)
    yield
    simulator.faults.lift("down")


async def outage(clock, kind):
    if kind == "down":
        await clock.sleep(1800)
