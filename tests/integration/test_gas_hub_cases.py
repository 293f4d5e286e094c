"""Cases of the gas companies through the whole hub on simulators: every item, every fault, two orders, the feed."""

from __future__ import annotations

import pytest

from hub import CaseState, TaskState, simulated
from hub.domain.taxonomy import ErrorCode
from simulators.kit.simulator import Profile
from tests.acceptance.city import quick_config
from tests.acceptance.story import make_application
from tests.integration.gas_hub import TOWNS, company_of

QUICK = Profile(pace=0.04, always_open=True)
KINDS = (
    "refused",
    "connect-hang",
    "before-commit",
    "after-commit",
    "half-status",
    "half-body",
    "dribble",
    "garbage",
    "html",
    "wrong-charset",
    "busy",
    "crash",
    "crash-after-commit",
    "twice",
)
WITHOUT_FEE = ("JX6-GAS-03", "JX6-GAS-04", "JX6-GAS-06", "JX6-GAS-07", "JX6-GAS-08", "JX6-GAS-09", "JX6-GAS-11")
WITH_FEE = ("JX6-GAS-01", "JX6-GAS-05")
COMPANY_NUMBERS = {"city": "10", "jiashan": "21", "haiyan": "24", "haining": "81", "pinghu": "82", "tongxiang": "83"}


def own(gas, town, **facts):
    """Make the citizen of the examples the holder of the county's account."""
    number = f"{COMPANY_NUMBERS[company_of(town)]}012345"
    facts = {"name": "王秀兰", "idNo": "330402195203140024", **facts}
    gas.add_account(customerNo=number, **facts)
    return number


async def submit(city, items, town=TOWNS[0], **changes):
    return await city.hub.submit(await make_application(city.hub, items, division=town, **changes))


LIMITS = {"connect_seconds": 0.5, "read_seconds": 0.8, "total_seconds": 1.0}


@pytest.fixture
def quick(tmp_path):
    """Short deadlines, and polls at the pace of the company: faults that wait for a deadline take a second."""
    return quick_config(tmp_path, limits=LIMITS, poll=5)


async def test_items_complete_in_every_county_with_one_order_each(quick):
    """The first item in every county; the others, each in another county."""
    wanted = [*((WITHOUT_FEE[0], town) for town in TOWNS), *zip(WITHOUT_FEE[1:], TOWNS[1:], strict=True)]
    async with simulated("gas", config=quick, profile=QUICK) as city:
        gas = city.simulators["gas"]
        for item, town in wanted:
            own(gas, town, **({"name": "李建国"} if item == "JX6-GAS-03" else {}))
            case = await city.hub.wait((await submit(city, [item], town)).number, seconds=30)
            assert case.state is CaseState.DECIDED, item
            assert case.tasks[0].state is TaskState.COMPLETED, (item, case.tasks[0].error)
        assert gas.ledger.count("order") == len(wanted)
        assert not gas.journal.violations()


@pytest.mark.parametrize("item", WITH_FEE)
async def test_item_with_a_fee_waits_for_it(quick, item):
    async with simulated("gas", config=quick, profile=QUICK) as city:
        own(city.simulators["gas"], TOWNS[0])
        case = await submit(city, [item])
        async for event in city.hub.watch(case.number):
            if event.to is TaskState.AWAITING_PAYMENT:
                break
        task = (await city.hub.case(case.number)).tasks[0]
        assert (task.state, task.fee_due_fen) == (
            TaskState.AWAITING_PAYMENT,
            {"JX6-GAS-01": 250_000, "JX6-GAS-05": 30_000}[item],
        )


@pytest.mark.parametrize(
    ("item", "facts", "output"),
    [("JX6-GAS-12", {}, "answer"), ("JX6-GAS-13", {"bills": [{"period": "202610", "charge": "50.00"}]}, "receipt")],
)
async def test_query_and_payment_are_done_at_once(quick, item, facts, output):
    async with simulated("gas", config=quick, profile=QUICK) as city:
        own(city.simulators["gas"], TOWNS[0], **facts)
        case = await city.hub.wait((await submit(city, [item])).number, seconds=30)
        assert case.tasks[0].state is TaskState.COMPLETED
        assert [each.kind for each in case.tasks[0].outputs] == [output]


@pytest.mark.parametrize(
    ("kind", "item"),
    [
        *((kind, "JX6-GAS-03") for kind in KINDS),
        *((kind, "JX6-GAS-13") for kind in ("before-commit", "after-commit", "html", "busy")),
    ],
)
async def test_fault_leaves_one_effect_and_the_case_completes(quick, kind, item):
    async with simulated("gas", config=quick, profile=QUICK) as city:
        gas = city.simulators["gas"]
        if item == "JX6-GAS-13":
            own(gas, TOWNS[0], bills=[{"period": "202610", "charge": "50.00"}])
        else:
            own(gas, TOWNS[0], name="李建国")
        gas.faults.arm(kind)
        case = await city.hub.wait((await submit(city, [item])).number, seconds=60)
        assert case.tasks[0].state is TaskState.COMPLETED, case.tasks[0].error
        lived = gas.ledger.count("order") - gas.ledger.count("cancel")
        assert (lived, gas.ledger.count("payment")) == ((0, 1) if item == "JX6-GAS-13" else (1, 0))


async def test_of_two_orders_after_a_doubt_the_later_is_cancelled_and_an_event_of_the_case_says_so(quick):
    async with simulated("gas", config=quick, profile=QUICK) as city:
        gas = city.simulators["gas"]
        gas.faults.arm("twice", operation="createServiceOrder")
        gas.faults.arm("after-commit", operation="createServiceOrder")
        case = await city.hub.wait((await submit(city, ["JX6-GAS-03"])).number, seconds=60)
        first, second = sorted(number for number, each in gas.books.orders.items() if each.kind == "TRANSFER")
        assert (case.tasks[0].state, case.tasks[0].provider_ref) == (TaskState.COMPLETED, first)
        assert gas.books.orders[second].status == "CANCELLED"
        events = [event async for event in _events(city.hub, case.number)]
        assert any(f"重复受理单 {second} 已撤销" in (event.opinion or "") for event in events)
        assert (gas.ledger.count("order"), gas.ledger.count("cancel")) == (2, 1)


async def _events(hub, number):
    async for event in hub.watch(number):
        yield event


async def test_feed_brings_news_long_before_the_next_poll(tmp_path):
    config = quick_config(tmp_path, limits=LIMITS)
    async with simulated("gas", config=config, profile=Profile(pace=1000.0, always_open=True)) as city:
        gas = city.simulators["gas"]
        case = await submit(city, ["JX6-GAS-03"])
        async for event in city.hub.watch(case.number):
            if event.to is TaskState.ACCEPTED:
                break
        await gas.advance((await city.hub.case(case.number)).tasks[0].provider_ref, "COMPLETED")
        before = city.clock.now()
        case = await city.hub.wait(case.number, seconds=30)
        assert case.tasks[0].state is TaskState.COMPLETED
        assert (city.clock.now() - before).total_seconds() < 1300  # the feed is read every ten minutes


async def test_cancelled_case_cancels_its_order(quick):
    async with simulated("gas", config=quick, profile=Profile(pace=50.0, always_open=True)) as city:
        gas = city.simulators["gas"]
        case = await submit(city, ["JX6-GAS-03"])
        async for event in city.hub.watch(case.number):
            if event.to is TaskState.ACCEPTED:
                break
        await city.hub.cancel(case.number)
        case = await city.hub.wait(case.number, seconds=30)
        assert (case.tasks[0].state, gas.ledger.count("cancel")) == (TaskState.CANCELLED, 1)


async def test_cancelled_case_leaves_no_second_order_behind(quick):
    async with simulated("gas", config=quick, profile=Profile(pace=50.0, always_open=True)) as city:
        gas = city.simulators["gas"]
        gas.faults.arm("twice", operation="createServiceOrder")
        with city.clock.busy():
            case = await submit(city, ["JX6-GAS-03"])
            async for event in city.hub.watch(case.number):
                if event.to is TaskState.ACCEPTED:
                    break
        await city.clock.sleep(60)  # a search shows the second one, and no poll has seen it yet
        await city.hub.cancel(case.number)
        case = await city.hub.wait(case.number, seconds=30)
        assert case.tasks[0].state is TaskState.CANCELLED
        assert {each.status for each in gas.books.orders.values() if each.kind == "TRANSFER"} == {"CANCELLED"}


async def test_refused_order_tells_the_citizen_why(quick):
    async with simulated("gas", config=quick, profile=QUICK) as city:
        own(city.simulators["gas"], TOWNS[0], name="李建国", check="HAZARD")
        case = await city.hub.wait((await submit(city, ["JX6-GAS-03"])).number, seconds=30)
        task = case.tasks[0]
        assert (task.state, task.error.code, task.error.provider_code_raw) == (
            TaskState.REJECTED,
            ErrorCode.ELG_HAZARD,
            "GAS-1004",
        )


async def test_lookup_finds_a_citizen_s_accounts_with_arrears_and_safety_check(quick):
    async with simulated("gas", config=quick, profile=QUICK) as city:
        own(city.simulators["gas"], TOWNS[0], bills=[{"period": "202610", "charge": "50.00"}])
        person = (await make_application(city.hub, ["JX6-GAS-12"])).applicant
        found = await city.hub.lookup(person, fields=["gas"], division=TOWNS[0])
        (account,) = found.found[0].accounts
        assert (account.account_no, account.arrears_fen, account.safety_result) == ("10012345", 5000, "pass")
