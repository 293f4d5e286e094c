"""Money at the real simulators over real sockets: posted at most once at every fault point, and books that agree."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from hub import PaymentProof, TaskState, example_case, simulated
from hub.domain.states import PaymentState
from hub.errors import NotAllowed
from hub.simulation import START
from simulators.kit.simulator import Profile
from tests.acceptance.city import quick_config

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
)
OWING = {"water": ("JX6-WAT-14", "0100020001", 12860), "power": ("JX6-ELE-15", "3304020012352", 18650)}
EFFECT = {"water": "payment", "power": "payment", "transit": "topup"}
FEES = {"water": "JX6-WAT-02", "power": "JX6-ELE-01"}
OPERATION = {"water": "2001", "power": "pay/writeoff", "transit": "RCHG"}


@asynccontextmanager
async def city(folder, system, *, pace=0.04, **extra):
    profile = Profile(pace=pace, always_open=True, extra=extra)
    async with simulated(system, config=quick_config(folder), profile=profile) as found:
        yield found.hub, found.simulators[system], found.clock


def application(hub, code, **form):
    made = example_case((code,), "individual", hub.configuration.catalogue)
    (request,) = made.items
    return made.with_(items=(request.with_(form={**request.form, **form}),))


def bill(hub, system):
    if system == "transit":
        return application(hub, "JX6-BUS-08", amount=5000)
    code, account, fen = OWING[system]
    return application(hub, code, account_no=account, amount=fen, bill_ids=["202510"])


def proof(fen, reference="PAY-1"):
    return PaymentProof(reference=reference, channel="WECHAT", amount_fen=fen, paid_at="2026-11-24T09:00:00+08:00")


async def fee_due(hub, clock, system):
    """A case whose order waits for its fee, and the charge."""
    case = await hub.submit(application(hub, FEES[system]))
    while not (charges := await hub.charges(case.number)):
        await clock.sleep(600)
    return case.number, charges[0]


async def compared(hub, clock, at=START):
    """The runs of a day, by default the first one, seen from the day after."""
    await clock.sleep_until(at + timedelta(days=1))
    return await hub.reconcile(at.astimezone(START.tzinfo).date())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("system", list(EFFECT))
async def test_payment_item_is_posted_once_and_hub_ledger_and_file_agree(tmp_path, system, kind):
    async with city(tmp_path, system) as (hub, simulator, clock):
        simulator.faults.arm(kind, operation=OPERATION[system])
        case = await hub.submit(bill(hub, system))
        case = await hub.wait(case.number, seconds=60)
        assert case.tasks[0].state is TaskState.COMPLETED, case.tasks[0].error
        (payment,) = await hub.payments(case.number)
        assert payment.state is P.POSTED
        assert simulator.ledger.count(EFFECT[system]) == 1
        runs = await compared(hub, clock)
        assert all(run.agrees for run in runs), [each.model_dump() for run in runs for each in run.differences]
        assert sum(run.theirs.sum_fen for run in runs) == sum(run.ours.sum_fen for run in runs) == payment.amount_fen


@pytest.mark.parametrize("kind", [None, "before-commit", "after-commit"])
@pytest.mark.parametrize("system", list(FEES))
async def test_fee_of_an_order_is_posted_once_and_its_order_goes_on(tmp_path, system, kind):
    async with city(tmp_path, system, fates={"110": "fee"}) as (hub, simulator, clock):
        number, charge = await fee_due(hub, clock, system)
        if kind:
            simulator.faults.arm(kind, operation=OPERATION[system])
        for _ in range(2):
            (payment,) = await hub.pay(number, [charge.id], proof(charge.amount_fen))
        case = await hub.wait(number, seconds=60)
        assert case.tasks[0].state is TaskState.COMPLETED, case.tasks[0].error
        (payment,) = await hub.payments(number)
        assert (payment.state, len(payment.provider_receipt or "") > 10) == (P.POSTED, True)
        assert simulator.ledger.count("payment") == 1


@pytest.mark.parametrize("system", list(OWING))
async def test_arrears_are_paid_as_a_charge_taken_back_on_the_same_day_and_owed_again(tmp_path, system):
    _, account, fen = OWING[system]
    codes = {"water": "JX6-WAT-13", "power": "JX6-ELE-14"}
    async with city(tmp_path, system) as (hub, simulator, clock):
        case = await hub.submit(application(hub, codes[system], account_no=account))
        await hub.wait(case.number, seconds=60)
        (charge,) = await hub.charges(case.number, ask=True)
        assert (charge.amount_fen, len(charge.bill_ids)) == (fen, 2)
        simulator.faults.arm("after-commit", operation={"water": "2002", "power": "pay/reverse"}[system])
        with clock.busy():  # it stays the same day
            at = clock.now()
            (payment,) = await hub.pay(case.number, [charge.id], proof(fen))
            while payment.state is not P.POSTED:
                (payment,) = await hub.payments(case.number)
            await hub.refund(payment.id, reason="缴错户号")
        await hub.wait(case.number, seconds=60)
        (payment,) = await hub.payments(case.number)
        assert payment.state is P.REVERSED
        assert simulator.ledger.summary() == {"payment": 1, "reversal": 1}
        (charge,) = [each for each in await hub.charges(case.number, ask=True) if each.state == "DUE"]
        assert charge.amount_fen == fen
        (run,) = [run for run in await compared(hub, clock, at) if run.endpoint in {"water-city", "power"}]
        assert (run.agrees, run.ours.count, run.theirs.sum_fen) == (True, 2, 0)


async def test_fee_that_water_keeps_is_not_taken_back(tmp_path):
    async with city(tmp_path, "water") as (hub, simulator, clock):
        number, charge = await fee_due(hub, clock, "water")
        with pytest.raises(NotAllowed, match="cancels only what is ACCEPTED, IN_PROGRESS"):
            await hub.cancel(number)
        await hub.pay(number, [charge.id], proof(charge.amount_fen))
        await hub.wait(number, seconds=60)
        (payment,) = await hub.payments(number)
        with pytest.raises(NotAllowed, match="fee of an order"):
            await hub.refund(payment.id, reason="不想装了")
        assert simulator.ledger.summary() == {"order": 1, "payment": 1}


async def test_fee_that_power_has_is_reversed_when_its_order_is_cancelled(tmp_path):
    async with city(tmp_path, "power", fates={"110": "fee"}, pace=1.0) as (hub, simulator, clock):
        number, charge = await fee_due(hub, clock, "power")
        await hub.pay(number, [charge.id], proof(charge.amount_fen))
        while (await hub.payments(number))[0].state is not P.POSTED:
            await clock.sleep(30)
        await hub.cancel(number)
        case = await hub.wait(number, seconds=60)
        assert case.tasks[0].state is TaskState.CANCELLED
        assert (await hub.payments(number))[0].state is P.REVERSED
        assert simulator.ledger.summary() == {"order": 1, "payment": 1, "cancel": 1, "reversal": 1}


async def test_final_bill_after_acceptance_is_paid_and_the_order_ends_well(tmp_path):
    async with city(tmp_path, "power") as (hub, simulator, clock):
        simulator.add_account(cons_no="3304020019999", name="李建国", cert_no="330402198801010012", final_bill=4320)
        case = await hub.submit(application(hub, "JX6-ELE-05", account_no="3304020019999"))
        while not (charges := await hub.charges(case.number)):
            await clock.sleep(600)
        (charge,) = charges
        assert (charge.kind, charge.amount_fen) == ("ARREARS", 4320)
        with pytest.raises(NotAllowed, match="arrears"):
            await hub.supplement(f"{case.number}-01", [await scan(hub)])
        await hub.pay(case.number, [charge.id], proof(4320))
        case = await hub.wait(case.number, seconds=60)
        assert case.tasks[0].state is TaskState.COMPLETED
        assert simulator.ledger.count("payment") == 1


@pytest.mark.parametrize("kind", [None, "before-commit", "after-commit", "half-body"])
async def test_order_that_power_sends_back_goes_on_with_one_supplement(tmp_path, kind):
    async with city(tmp_path, "power", fates={"110": "return"}) as (hub, simulator, _):
        case = await hub.submit(application(hub, "JX6-ELE-01"))
        case = await hub.wait(case.number, seconds=60)
        assert case.tasks[0].state is TaskState.AWAITING_APPLICANT
        if kind:
            simulator.faults.arm(kind, operation="app/supplement")
        await hub.supplement(case.tasks[0].number, [await scan(hub)])
        case = await hub.wait(case.number, seconds=60)
        assert case.tasks[0].state is TaskState.COMPLETED, case.tasks[0].error


async def test_bus_company_takes_no_fee_and_no_reversal_by_its_interface(tmp_path):
    async with city(tmp_path, "transit") as (hub, simulator, _):
        case = await hub.submit(bill(hub, "transit"))
        await hub.wait(case.number, seconds=60)
        (payment,) = await hub.payments(case.number)
        with pytest.raises(NotAllowed, match="takes no payment back"):
            await hub.refund(payment.id, reason="充错卡")
        assert simulator.ledger.count("topup") == 1


async def scan(hub, material="ID_CARD"):
    return await hub.attach(material, b"%PDF-1.7 synthetic", file_name="scan.pdf", media_type="application/pdf")
