"""The gas adapter when things go wrong: every fault kind, replays, crashes, maintenance, and exactly one effect."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest

from hub.domain.states import TaskState
from hub.domain.taxonomy import ErrorCode
from tests.integration.gas_hub import LAG, acceptable, day_query, material, order_of, payment, query, running


class Ahead:
    """A clock that is six minutes ahead of another."""

    def __init__(self, clock) -> None:
        self.clock, self.busy = clock, clock.busy

    def now(self):
        return self.clock.now() + timedelta(minutes=6)


DOUBTFUL = [
    "before-commit",
    "after-commit",
    "half-status",
    "half-body",
    "dribble",
    "garbage",
    "html",
    "wrong-charset",
    "crash",
    "crash-after-commit",
]
WRITES = {
    "accept": ("createServiceOrder", "order"),
    "pay": ("payBill", "payment"),
    "reverse": ("reversePayment", "reversal"),
    "cancel": ("cancelServiceOrder", "cancel"),
    "supplement": ("addAttachment", "attachment"),
}
# An attachment has a real minute, which a dribble would use up; "half-body" breaks its answer off at once.
DOUBTS = [(name, kind) for name in sorted(WRITES) for kind in DOUBTFUL if (name, kind) != ("supplement", "dribble")]
NOTHING_HAPPENED = {"before-commit", "crash"}
DONE = {"accepted", "completed", "progress"}
THURSDAY = datetime(2026, 11, 25, 17, 30, tzinfo=UTC)  # Thursday 01:30 in Shanghai


async def source(hub, name):
    if name == "accept":
        return acceptable("JX6-GAS-03")
    if name == "reverse":
        return payment(seq=2).with_(provider_ref=(await hub.run("pay", payment())).provider_ref)
    if name == "pay":
        return payment()
    hub.store.files = {"one": b"%PDF"}
    evidence = (material(b"%PDF"),) if name == "supplement" else ()
    return (await hub.accepted("JX6-GAS-08", evidence=())).with_(evidence=evidence)


@pytest.mark.parametrize(("name", "kind"), DOUBTS)
async def test_doubtful_write_is_unknown_and_after_the_inquiry_there_is_one_effect(name, kind):
    operation, effect = WRITES[name]
    async with running() as hub:
        asked = await source(hub, name)
        hub.gas.faults.arm(kind, operation=operation)
        assert (await hub.run(name, asked)).kind == "unknown"
        await hub.clock.advance(seconds=LAG)
        settled = await hub.run(hub.adapter.operation(name).inquiry, asked)
        if settled.kind == "absent" or (name == "cancel" and settled.kind == "accepted"):
            assert kind in NOTHING_HAPPENED
            settled = await hub.run(name, asked)
        assert settled.kind in DONE
        assert hub.gas.ledger.count(effect) == 1
        assert not hub.gas.journal.violations()


async def test_search_before_its_time_says_absent_and_is_declared_not_to_be_believed():
    async with running() as hub:
        order = acceptable("JX6-GAS-03")
        hub.gas.faults.arm("after-commit", operation="createServiceOrder")
        assert (await hub.run("accept", order)).kind == "unknown"
        assert (await hub.run("find", order)).kind == "absent"
        assert hub.adapter.operation("accept").visibility_lag > 30
        await hub.clock.advance(seconds=hub.adapter.operation("accept").visibility_lag)
        assert (await hub.run("find", order)).kind == "accepted"


@pytest.mark.parametrize("name", sorted(WRITES))
@pytest.mark.parametrize("kind", ["refused", "down"])
async def test_unreachable_company_means_not_sent(name, kind):
    async with running() as hub:
        asked = await source(hub, name)
        await hub.equipment.transport.aclose()
        hub.gas.faults.arm(kind)
        outcome = await hub.run(name, asked)
        assert (outcome.kind, outcome.error.code) == ("not_sent", ErrorCode.UPS_UNAVAILABLE)
        hub.gas.faults.clear()
        assert (await hub.settle(name, asked)).kind in DONE
        assert hub.gas.ledger.count(WRITES[name][1]) == 1


async def test_connection_that_is_taken_and_never_served_is_a_doubt_that_the_inquiry_resolves():
    async with running() as hub:
        order = acceptable("JX6-GAS-08")
        hub.gas.faults.arm("connect-hang")
        assert (await hub.run("accept", order)).kind == "unknown"
        assert (await hub.settle("accept", order)).kind == "accepted"
        assert hub.gas.ledger.count("order") == 1


@pytest.mark.parametrize("kind", [kind for kind in DOUBTFUL if kind != "crash-after-commit"])
async def test_reads_are_never_in_doubt(kind):
    async with running() as hub:
        hub.gas.faults.arm(kind, operation="getCustomer")
        assert (await hub.run("accounts", query(account_no="10012345"))).kind == "not_sent"
        assert (await hub.run("accounts", query(account_no="10012345"))).accounts


@pytest.mark.parametrize("name", sorted(WRITES))
async def test_busy_company_did_nothing(name):
    operation, effect = WRITES[name]
    async with running() as hub:
        asked = await source(hub, name)
        hub.gas.faults.arm("busy", operation=operation)
        outcome = await hub.run(name, asked)
        assert (outcome.kind, outcome.error.code) == ("not_sent", ErrorCode.UPS_THROTTLED)
        assert hub.gas.ledger.count(effect) == 0


async def test_lost_reply_with_the_inquiry_down_stays_unknown_until_it_is_up():
    async with running() as hub:
        order = acceptable("JX6-GAS-03")
        hub.gas.faults.arm("after-commit", operation="createServiceOrder")
        assert (await hub.run("accept", order)).kind == "unknown"
        await hub.clock.advance(seconds=LAG)
        hub.gas.faults.arm("down")
        assert (await hub.run("find", order)).kind == "not_sent"
        hub.gas.faults.clear()
        assert (await hub.run("find", order)).kind == "accepted"
        assert hub.gas.ledger.count("order") == 1


@pytest.mark.parametrize("name", sorted(WRITES))
async def test_code_nobody_knows_is_faulty_with_the_raw_code(name):
    async with running() as hub:
        asked = await source(hub, name)
        hub.gas.faults.arm("unknown-code", operation=WRITES[name][0], code="GAS-4711")
        outcome = await hub.run(name, asked)
        assert (outcome.kind, outcome.error.code) == ("faulty", ErrorCode.UPS_UNMAPPED)
        assert outcome.error.provider_code_raw == "GAS-4711"


# two orders


async def test_of_two_orders_found_after_a_doubt_the_later_is_cancelled_and_the_event_says_so():
    async with running() as hub:
        order = acceptable("JX6-GAS-03")
        hub.gas.faults.arm("twice", operation="createServiceOrder")
        hub.gas.faults.arm("after-commit", operation="createServiceOrder")
        assert (await hub.run("accept", order)).kind == "unknown"
        await hub.clock.advance(seconds=LAG)
        found = await hub.run("find", order)
        first, second = sorted(hub.gas.books.orders)[-2:]
        assert (found.kind, found.provider_ref) == ("accepted", first)
        assert f"重复受理单 {second} 已撤销" in found.opinion
        assert [hub.gas.books.orders[number].status for number in (first, second)] == ["REGISTERED", "CANCELLED"]
        assert hub.gas.ledger.summary() == {"order": 2, "cancel": 1}
        await hub.clock.advance(seconds=LAG)
        again = await hub.run("find", order)
        assert (again.provider_ref, again.opinion) == (found.provider_ref, found.opinion)
        assert hub.gas.ledger.count("cancel") == 1


async def test_second_order_that_nobody_doubted_is_found_by_the_next_poll_and_the_known_one_stays():
    async with running() as hub:
        hub.gas.faults.arm("twice", operation="createServiceOrder")
        order = await hub.accepted("JX6-GAS-01")  # the answer was that to the second one
        await hub.clock.advance(seconds=LAG)
        seen = await hub.run("progress", order)
        first, second = sorted(hub.gas.books.orders)[-2:]
        assert (order.provider_ref, seen.provider_ref) == (second, second)
        assert [hub.gas.books.orders[number].status for number in (first, second)] == ["CANCELLED", "REGISTERED"]
        assert first in seen.opinion


async def test_second_order_that_cannot_be_cancelled_any_more_goes_to_a_person_with_both_numbers():
    async with running() as hub:
        order = acceptable("JX6-GAS-08")
        hub.gas.faults.arm("twice", operation="createServiceOrder")
        hub.gas.faults.arm("after-commit", operation="createServiceOrder")
        await hub.run("accept", order)
        first, second = sorted(hub.gas.books.orders)[-2:]
        await hub.gas.advance(second, "ON_SITE")
        await hub.clock.advance(seconds=LAG)
        outcome = await hub.run("find", order)
        assert (outcome.kind, outcome.error.code) == ("faulty", ErrorCode.ELG_STATUS)
        assert (outcome.error.ref, second in outcome.error.note) == (first, True)


@pytest.mark.parametrize("kind", ["before-commit", "after-commit", "garbage", "busy"])
async def test_cancelling_the_second_order_in_trouble_leaves_a_doubt_and_is_done_by_the_next_question(kind):
    async with running() as hub:
        order = acceptable("JX6-GAS-03")
        hub.gas.faults.arm("twice", operation="createServiceOrder")
        hub.gas.faults.arm("after-commit", operation="createServiceOrder")
        await hub.run("accept", order)
        await hub.clock.advance(seconds=LAG)
        hub.gas.faults.arm(kind, operation="cancelServiceOrder")
        assert (await hub.run("find", order)).kind == "unknown"
        await hub.clock.advance(seconds=LAG)
        assert (await hub.run("find", order)).kind == "accepted"
        assert hub.gas.ledger.summary() == {"order": 2, "cancel": 1}


async def test_cancelled_order_is_not_given_up_for_a_live_one_that_the_task_does_not_know():
    async with running() as hub:
        order = await hub.accepted("JX6-GAS-08")
        await hub.run("cancel", order)
        await hub.clock.advance(seconds=LAG)
        assert (await hub.run("progress", order)).state is TaskState.CANCELLED


# the door


async def test_message_that_was_there_before_is_a_doubt_when_it_changes_something():
    async with running() as hub:
        order = acceptable("JX6-GAS-08")
        hub.gas.faults.arm("unknown-code", operation="createServiceOrder", code="GAS-9003")
        assert (await hub.run("accept", order)).kind == "unknown"
        hub.gas.faults.arm("unknown-code", operation="getCustomer", code="GAS-9003")
        assert (await hub.run("accounts", query(account_no="10012345"))).error.code is ErrorCode.UPS_BUSY


@pytest.mark.parametrize("config", [{"password": "WRONG"}, {"username": "nobody"}])
async def test_wrong_credentials_are_not_sent_and_tried_once(config):
    async with running(config=config) as hub:
        outcome = await hub.run("accept", acceptable("JX6-GAS-08"))
        assert (outcome.kind, outcome.error.code, outcome.error.provider_code_raw) == (
            "not_sent",
            ErrorCode.UPS_AUTH,
            "GAS-9001",
        )
        assert len(hub.calls) == 1
        assert (await hub.run("check", query())).error.code is ErrorCode.UPS_AUTH


async def test_clock_that_is_off_is_refused_at_the_door_with_nothing_done():
    async with running() as hub:
        hub.gas.clock = Ahead(hub.clock)
        outcome = await hub.run("accept", acceptable("JX6-GAS-08"))
        assert (outcome.kind, outcome.error.provider_code_raw) == ("not_sent", "GAS-9004")
        assert hub.gas.ledger.count() == 0


async def test_maintenance_page_holds_the_order_and_is_no_soap():
    async with running(start=THURSDAY) as hub:
        outcome = await hub.run("accept", acceptable("JX6-GAS-08"))
        assert (outcome.kind, outcome.error.code) == ("not_sent", ErrorCode.UPS_MAINTENANCE)
        await hub.clock.advance(hours=2)
        assert (await hub.run("accept", acceptable("JX6-GAS-08"))).kind == "accepted"


async def test_maintenance_that_begins_between_order_and_file_is_a_doubt_about_the_order():
    async with running() as hub:
        hub.store.files = {"one": b"%PDF"}
        order = acceptable("JX6-GAS-08", evidence=(material(b"%PDF"),))
        hub.gas.faults.arm("busy", operation="addAttachment")
        outcome = await hub.run("accept", order)
        assert (outcome.kind, outcome.provider_ref[:9]) == ("unknown", "G20261124")
        await hub.clock.advance(seconds=LAG)
        assert (await hub.run("find", order)).kind == "accepted"
        assert hub.gas.ledger.summary() == {"order": 1, "attachment": 1}


async def test_check_tells_good_credentials_and_no_company():
    async with running() as hub:
        assert (await hub.run("check", query())).error is None
        await hub.equipment.transport.aclose()
        hub.gas.faults.arm("down")
        assert (await hub.run("check", query())).error.code is ErrorCode.UPS_UNAVAILABLE


async def test_neither_secrets_nor_names_are_in_logs_outcomes_or_representations(caplog):
    caplog.set_level(logging.DEBUG)
    secrets = ["TEST-GAS-onewindow-city", "王秀兰", "李建国", "330402195203140024", "13800138000", "中山东路"]
    async with running() as hub:
        hub.store.files = {"one": b"%PDF"}
        order = order_of("JX6-GAS-03", evidence=(material(b"%PDF"),))
        said = []
        for kind in ("crash-after-commit", "garbage", "html", "unknown-code", "wrong-charset", None):
            if kind:
                hub.gas.faults.arm(kind, operation="createServiceOrder")
            said.append(await hub.run("accept", order))
            await hub.clock.advance(seconds=LAG)
            said.append(await hub.run("find", order))
        said.append(await hub.run("accept", order.with_(applicant=order.applicant.with_(name="王秀兰" * 30))))
        said.append(await hub.run("precheck", order))
        said.append(await hub.run("reconcile", day_query()))
        told = [outcome.model_dump_json() for outcome in said if hasattr(outcome, "kind")]
        shown = "\n".join([caplog.text, *told, *map(repr, said), *map(repr, hub.calls), repr(hub.adapter)])
        assert [secret for secret in secrets if secret in shown] == []
