"""A whole hub on the simulated registry: every county, faults on the way, withdrawal, and legal effect on the task."""

from __future__ import annotations

import pytest

from hub import example_case, simulated
from hub.domain.states import EventSource, TaskState
from simulators.kit.simulator import Profile
from tests import postgres
from tests.acceptance.city import quick_config
from tests.integration.realty_desk import DATABASES, TOWNS

CODE = "JX6-RE-01"
QUICK = {"connect_seconds": 0.5, "read_seconds": 0.2, "total_seconds": 3}


def profile(database, **more):
    extra = {"database_url": postgres.address()} if database == "postgresql" else {}
    return Profile(extra=extra, **more)


def application(city, town="330402007", audience="individual", **form):
    made = example_case([CODE], audience, city.hub.configuration.catalogue, division=town)
    (request,) = made.items
    return made.with_(items=(request.with_(form={**request.form, **form}),))


async def decided(city, number):
    """The case once its task is final: waiting for tax or papers counts as settled for people, not for this."""
    for _ in range(400):
        case = await city.hub.case(number)
        if case.tasks[0].state.final:
            return case
        await city.clock.sleep(300)
    raise AssertionError(case.tasks[0].state)


@pytest.mark.parametrize("town", TOWNS)
@pytest.mark.parametrize("audience", ["individual", "enterprise"])
async def test_application_of_every_county_is_entered_and_gets_its_certificate(town, audience):
    async with simulated("realty") as city:
        case = await city.hub.submit(application(city, town, audience))
        case = await city.hub.wait(case.number, seconds=30)
        (task,) = case.tasks
        assert (task.state, task.endpoint, task.params) == (TaskState.COMPLETED, "realty", {"qxdm": town[:6]})
        assert task.legal_effect is not None
        assert task.provider_ref.startswith("BDC20261124")
        assert task.outputs[0].identifier.startswith("浙(2026)")
        assert city.simulators["realty"].ledger.summary() == {"application": 1, "registration": 1, "certificate": 1}
        assert city.simulators["realty"].journal.violations() == []


@pytest.mark.parametrize("database", DATABASES)
async def test_legal_effect_is_on_the_task_before_the_certificate_is_issued(database):
    async with simulated("realty", profile=profile(database)) as city:
        case = await city.hub.submit(application(city))
        seen = []
        async for event in city.hub.watch(case.number):
            task = (await city.hub.case(case.number)).tasks[0]
            seen.append((event.to, event.raw_code, event.legal_effect is not None, task.legal_effect is not None))
        entered = next(place for place, each in enumerate(seen) if each[2])
        assert seen[entered][0] is TaskState.IN_PROGRESS
        assert seen[-1][:2] == (TaskState.COMPLETED, "70")
        assert not any(each[3] for each in seen[: entered - 1])


@pytest.mark.parametrize(
    "kind", ["before-commit", "after-commit", "half-body", "garbage", "down", "locked", "half-rows", "status-late"]
)
async def test_each_fault_on_a_server_ends_with_exactly_one_effect(kind, tmp_path):
    config = quick_config(tmp_path, limits=QUICK)
    async with simulated("realty", profile=profile("postgresql"), config=config) as city:
        registry = city.simulators["realty"]
        registry.faults.arm(kind)
        case = await city.hub.submit(application(city))
        if kind in {"down", "locked"}:
            await city.clock.sleep(60)
            registry.faults.clear()
        case = await city.hub.wait(case.number, seconds=60)
        assert case.tasks[0].state is TaskState.COMPLETED
        assert registry.ledger.summary() == {"application": 1, "registration": 1, "certificate": 1}
        assert len(registry.state()["cases"]) == 1


@pytest.mark.parametrize("kind", ["refused", "down", "locked", "half-rows", "status-late"])
async def test_each_fault_on_a_file_ends_with_exactly_one_effect(kind, tmp_path):
    async with simulated("realty", config=quick_config(tmp_path, limits=QUICK)) as city:
        registry = city.simulators["realty"]
        registry.faults.arm(kind)
        case = await city.hub.submit(application(city))
        if kind in {"down", "locked"}:
            await city.clock.sleep(60)
            registry.faults.clear()
        case = await city.hub.wait(case.number, seconds=60)
        assert case.tasks[0].state is TaskState.COMPLETED
        assert registry.ledger.summary() == {"application": 1, "registration": 1, "certificate": 1}


async def test_case_is_withdrawn_before_entry():
    async with simulated("realty") as city:
        case = await city.hub.submit(application(city))
        await city.clock.sleep(900)
        await city.hub.cancel(case.number)
        case = await city.hub.wait(case.number, seconds=30)
        assert case.tasks[0].state is TaskState.CANCELLED
        assert city.simulators["realty"].ledger.summary() == {"application": 1, "withdrawal": 1}


async def test_withdrawal_that_comes_after_the_entry_is_refused_and_the_case_goes_on():
    async with simulated("realty") as city:
        case = await city.hub.submit(application(city))
        async for event in city.hub.watch(case.number):
            if event.legal_effect:
                break
        await city.hub.cancel(case.number)
        case = await city.hub.wait(case.number, seconds=30)
        assert (case.tasks[0].state, case.tasks[0].legal_effect is not None) == (TaskState.COMPLETED, True)


async def test_entry_that_overtakes_the_wish_to_withdraw_is_on_the_task_while_it_waits():
    async with simulated("realty") as city:
        registry = city.simulators["realty"]
        case = await city.hub.submit(application(city))
        await city.clock.sleep(900)
        await city.hub.cancel(case.number)
        await city.clock.sleep(5)
        found = registry._registry.find(next(iter(registry._registry.cases)))
        registry._registry.push_to(found, "50", city.clock.now())
        await city.clock.sleep(1200)
        waiting = (await city.hub.case(case.number)).tasks[0]
        assert (waiting.state, waiting.legal_effect is not None) == (TaskState.CANCELLING, True)
        case = await decided(city, case.number)
        assert case.tasks[0].state is TaskState.COMPLETED


async def test_tax_that_is_due_is_waited_for_and_the_case_goes_on_when_it_is_paid():
    async with simulated("realty") as city:
        case = await city.hub.submit(application(city, contract_no="JX2026110012345-T"))
        case = await decided(city, case.number)
        assert case.tasks[0].state is TaskState.COMPLETED
        events = [event async for event in city.hub.watch(case.number)]
        assert TaskState.AWAITING_PAYMENT in {event.to for event in events}


async def test_refused_application_is_final_with_the_registrys_reason():
    async with simulated("realty") as city:
        case = await city.hub.submit(application(city, contract_no="JX2026110012345-N"))
        case = await city.hub.wait(case.number, seconds=30)
        assert (case.tasks[0].state, case.tasks[0].error.provider_code_raw) == (TaskState.REJECTED, "合同未网签备案")
        assert city.simulators["realty"].ledger.summary() == {}


async def test_lookup_finds_a_persons_units_and_their_certificates():
    async with simulated("realty") as city:
        person = application(city).applicant.document.with_(number="330402198801010012")
        found = await city.hub.lookup(person, ["realty"], division="330402007")
        assert len(found.found[0].accounts) == 9
        assert {account.certificate_no[:4] for account in found.found[0].accounts} == {"浙(20"}


async def test_trace_shows_the_rows_masked():
    async with simulated("realty") as city:
        case = await city.hub.submit(application(city))
        await city.hub.wait(case.number, seconds=30)
        trace = await city.hub.trace(case.number)
        (task,) = trace.tasks
        shown = str(task.exchanges)
        assert "QZ_QLR" in shown
        assert [
            each for each in ("王秀兰", "李建国", "330402195203140024", "330402198801010012") if each in shown
        ] == []
        assert all(event.source is not EventSource.CLERK for event in trace.events)


async def test_electronic_certificate_is_fetched_with_the_joint_receipt():
    async with simulated("realty") as city:
        case = await city.hub.submit(application(city))
        await city.hub.wait(case.number, seconds=30)
        await city.hub.issue(case.number)
        (certificate,) = (await city.hub.case(case.number)).tasks[0].outputs
        assert (certificate.file_error, certificate.file.media_type) == (None, "application/pdf")
        assert (await city.hub.output_file(certificate)).startswith(b"%PDF-")
        assert certificate.data["licence_no"]
