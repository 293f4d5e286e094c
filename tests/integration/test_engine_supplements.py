"""Supplements: held against what was asked for, sent once whatever happens, waited for with a reminder and an end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hub import CaseState, Evidence, TaskState
from hub.domain.states import EventSource
from hub.errors import ApplicationInvalid, NotAllowed, NotFound, NotSupported
from tests.toy.hubs import application, city
from tests.toy.paying import till, waiting
from tests.toy.till import PlainTillAdapter, TillServer

RARELY = {"poll": {"every_minutes": 600}}
LOST = ("after-commit", "half-status", "half-body", "garbage", "html", "dribble")
NOT_DONE = ("refused", "connect-hang", "before-commit", "busy")


async def asked(hub, server, *names, **changes):
    """The task of a case that waits for its applicant."""
    server.asked = list(names)
    number = await waiting(hub, server, "ask", **changes)
    return (await hub.case(number)).tasks[0]


async def scan(hub, material="RE_CERT", content=b"%PDF-1.7 synthetic"):
    return await hub.attach(material, content, file_name="scan.pdf", media_type="application/pdf")


async def told(hub, task):
    events = (await hub.trace(task.case_number)).events
    return [event.raw_code for event in events if event.source is EventSource.TIMER]


async def test_what_the_utility_asks_for_and_until_when_is_with_the_task(tmp_path):
    async with till(tmp_path) as (clock, server, hub):
        task = await asked(hub, server, "RE_CERT")
        assert (task.supplement.asked, task.supplement.number, task.answering) == (("RE_CERT",), 1, False)
        assert task.supplement.answer_by - clock.now() > timedelta(days=13)  # ten working days
        assert (await hub.case(task.case_number)).state is CaseState.SUPPLEMENT


async def test_supplement_is_sent_and_the_order_goes_on(tmp_path):
    async with till(tmp_path) as (_, server, hub):
        task = await asked(hub, server, "RE_CERT")
        case = await hub.supplement(task.number, [await scan(hub)])
        assert case.tasks[0].answering
        case = await hub.wait(case.number, seconds=20)
        assert case.tasks[0].state is TaskState.COMPLETED
        assert server.ledger.summary() == {"order": 1, "supplement": 1}


@pytest.mark.parametrize("kind", [*LOST, *NOT_DONE])
async def test_supplement_is_taken_once_whatever_happens_to_its_message(tmp_path, kind):
    async with till(tmp_path, changes=RARELY) as (_, server, hub):
        task = await asked(hub, server)
        server.faults.arm(kind, operation="supplement")
        await hub.supplement(task.number, [await scan(hub)])
        case = await hub.wait(task.case_number, seconds=20)
        assert case.tasks[0].state is TaskState.COMPLETED
        assert server.ledger.count("supplement") == 1


async def test_the_same_answer_twice_is_one_and_another_has_to_wait(tmp_path):
    async with till(tmp_path) as (_, server, hub):
        task = await asked(hub, server)
        server.refuses["supplement"] = "busy"
        evidence = await scan(hub)
        for _ in range(2):
            await hub.supplement(task.number, [evidence])
        with pytest.raises(NotAllowed, match="on its way"):
            await hub.supplement(task.number, [await scan(hub, content=b"another")])
        server.refuses.clear()
        await hub.wait(task.case_number, seconds=20)
        assert server.ledger.count("supplement") == 1


async def test_answer_is_held_against_what_was_asked_for(tmp_path):
    async with till(tmp_path) as (clock, server, hub):
        task = await asked(hub, server, "RE_CERT", "meter_reading")
        good, stranger = await scan(hub), await scan(hub, "LEASE")
        old = good.with_(valid_until=clock.now().date() - timedelta(days=1))
        for materials, fields, faults in (
            ((), {}, {"materials": "MAT_MISSING"}),
            ((good,), {}, {"meter_reading": "VAL_REQUIRED"}),
            ((), {"meter_reading": "12"}, {"RE_CERT": "MAT_MISSING"}),
            ((stranger, good), {"meter_reading": "12"}, {"materials[0]": "MAT_INVALID"}),
            ((old,), {"meter_reading": "12"}, {"materials[0]": "MAT_INVALID"}),
            ((Evidence(material="RE_CERT"),), {"meter_reading": "12"}, {"materials[0]": "MAT_UNREADABLE"}),
            ((good,), {"meter_reading": "many"}, {"fields.meter_reading": "VAL_FORMAT"}),
            ((good,), {"meter_reading": "12", "settle_mode": "x"}, {"fields.settle_mode": "VAL_FORMAT"}),
            ((good,), {"meter_reading": "12", "王": "x"}, {"fields.unknown": "VAL_FORMAT"}),
        ):
            with pytest.raises(ApplicationInvalid) as refused:
                await hub.supplement(task.number, materials, fields=fields)
            assert {fault.where: fault.rule for fault in refused.value.faults} == faults
        with pytest.raises(NotFound):
            await hub.supplement(task.number, [good.with_(ref="0" * 64)])
        await hub.supplement(task.number, [good], fields={"meter_reading": "12"})
        case = await hub.wait(task.case_number, seconds=20)
        assert case.tasks[0].state is TaskState.COMPLETED


async def test_task_that_waits_for_nothing_takes_no_supplement(tmp_path):
    async with till(tmp_path) as (_, server, hub):
        number = await waiting(hub, server)
        with pytest.raises(NotAllowed, match="AWAITING_PAYMENT"):
            await hub.supplement(f"{number}-01", [await scan(hub)])


async def test_utility_that_takes_no_supplements_says_so(tmp_path):
    async with city(tmp_path, server=TillServer, adapter=PlainTillAdapter) as (_, server, hub):
        task = await asked(hub, server)
        with pytest.raises(NotSupported):
            await hub.supplement(task.number, [await scan(hub)])


async def test_refused_supplement_leaves_the_task_waiting_with_the_reason_and_may_be_given_again(tmp_path):
    async with till(tmp_path) as (_, server, hub):
        task = await asked(hub, server)
        server.refuses["supplement"] = "bad"
        await hub.supplement(task.number, [await scan(hub)])
        (waits,) = (await hub.wait(task.case_number, seconds=20)).tasks
        assert (waits.state, waits.supplement.refused.code, waits.answering) == (
            TaskState.AWAITING_APPLICANT,
            "MAT_UNREADABLE",
            False,
        )
        server.refuses.clear()
        await hub.supplement(task.number, [await scan(hub, content=b"clearer")])
        case = await hub.wait(task.case_number, seconds=20)
        assert case.tasks[0].state is TaskState.COMPLETED


async def test_applicant_is_reminded_and_then_the_order_is_taken_back(tmp_path):
    async with till(tmp_path, changes=RARELY) as (clock, server, hub):
        task = await asked(hub, server)
        await clock.sleep(13 * 86400)
        assert await told(hub, task) == ["SUPPLEMENT_DUE"]
        await clock.sleep(3 * 86400)
        assert await told(hub, task) == ["SUPPLEMENT_DUE", "EXPIRED"]
        case = await hub.case(task.case_number)
        assert (case.state, case.tasks[0].state) == (CaseState.EXPIRED, TaskState.CANCELLED)
        assert server.ledger.summary() == {"order": 1, "cancel": 1}
        assert case.tasks[0].clock_used < timedelta(hours=1)


async def test_who_answers_in_time_is_neither_reminded_nor_ended(tmp_path):
    async with till(tmp_path, changes=RARELY) as (clock, server, hub):
        task = await asked(hub, server)
        await hub.supplement(task.number, [await scan(hub)])
        await clock.sleep(20 * 86400)
        assert await told(hub, task) == []


async def test_order_that_cannot_be_cancelled_waits_on_and_says_that_its_time_is_over(tmp_path):
    options = {"server": TillServer, "adapter": PlainTillAdapter, "changes": RARELY}
    async with city(tmp_path, **options) as (clock, server, hub):
        task = await asked(hub, server)
        await clock.sleep(16 * 86400)
        (ended,) = (await hub.case(task.case_number)).tasks
        assert (ended.state, ended.supplement.expired) == (TaskState.AWAITING_APPLICANT, True)
        assert await told(hub, task) == ["SUPPLEMENT_DUE", "EXPIRED"]


async def test_utility_that_asks_again_begins_a_new_time(tmp_path):
    async with till(tmp_path) as (clock, server, hub):
        task = await asked(hub, server)
        await hub.supplement(task.number, [await scan(hub)])
        server.stuck = "work"
        while (await hub.case(task.case_number)).tasks[0].state is not TaskState.IN_PROGRESS:
            await clock.sleep(60)
        server.stuck, server.asked = "ask", ["LEASE"]
        case = await hub.wait(task.case_number, seconds=20)
        assert (case.tasks[0].supplement.number, case.tasks[0].supplement.asked) == (2, ("LEASE",))


async def test_cancelling_what_its_utility_no_longer_cancels_is_refused_with_the_reason(tmp_path):
    async with till(tmp_path) as (clock, server, hub):
        server.stuck = "hold"
        case = await hub.submit(application())
        while (await hub.case(case.number)).tasks[0].state is not TaskState.SUSPENDED:
            await clock.sleep(60)
        with pytest.raises(NotAllowed, match="SUSPENDED; its utility cancels only"):
            await hub.cancel(case.number)
