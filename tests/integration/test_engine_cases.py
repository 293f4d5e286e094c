"""A case from submission to its end, as an application sees it."""

from __future__ import annotations

import asyncio
import logging

import pytest

from hub import (
    CaseState,
    DocumentType,
    Hub,
    IdentityDocument,
    ItemRequest,
    Settings,
    TaskState,
)
from hub.clock import VirtualClock
from hub.errors import ApplicationInvalid, DuplicateRequest, NoProvider, NotAllowed, NotFound, SettingsError
from tests.toy.hubs import TUESDAY, application, city, registry, toy_hub
from tests.toy.server import ToyServer

CANARIES = ("王秀兰", "330402195203140024", "13800138000", "李建国", "中山东路100号")


async def test_utility_that_is_down_does_not_delay_another(tmp_path):
    clock = VirtualClock(TUESDAY)
    async with ToyServer(clock) as down, ToyServer(clock) as up:
        down.faults.arm("down")
        both = {"water-haining": {"base_url": up.url}}
        async with toy_hub(tmp_path, down, clock, connections=both) as hub:
            waiting = await hub.submit(application(request_id="waits-for-city"))
            there = application(request_id="goes-to-haining")
            there = there.with_(address=there.address.with_(division_code="330481001"))
            done = await hub.wait((await hub.submit(there)).number, seconds=20)
            assert done.state is CaseState.DECIDED
            assert (await hub.case(waiting.number)).state is CaseState.PROCESSING
            down.faults.clear()
            assert (await hub.wait(waiting.number, seconds=20)).state is CaseState.DECIDED
            assert (down.ledger.summary(), up.ledger.summary()) == ({"order": 1}, {"order": 1})


def _wrong_check_digit(good):
    document = good.applicant.document.with_(number=good.applicant.document.number[:-1] + "9")
    return good.with_(applicant=good.applicant.with_(document=document))


def _unknown_item(good):
    return good.with_(items=(ItemRequest(code="JX6-WAT-99"),))


def _missing_field(good):
    form = {key: value for key, value in good.items[0].form.items() if key != "account_no"}
    return good.with_(items=(good.items[0].with_(form=form),))


def _unserved_division(good):
    return good.with_(address=good.address.with_(division_code="330483001"))


@pytest.mark.parametrize(
    ("spoil", "error", "where", "rule"),
    [
        (_wrong_check_digit, ApplicationInvalid, "applicant.document.number", "VAL_FORMAT"),
        (_unknown_item, ApplicationInvalid, "items[0].code", "VAL_CODE"),
        (_missing_field, ApplicationInvalid, "items[0].form.account_no", "VAL_REQUIRED"),
        (_unserved_division, NoProvider, "items[0].code", "RTE_NO_PROVIDER"),
    ],
)
async def test_bad_application_is_refused_with_field_and_rule_before_anything_is_stored_or_sent(
    tmp_path, spoil, error, where, rule
):
    async with city(tmp_path) as (_, server, hub):
        bad = spoil(application(request_id="bad-application"))
        with pytest.raises(error) as caught:
            await hub.submit(bad)
        assert (where, rule) in {(fault.where, fault.rule) for fault in caught.value.faults}
        assert not any(canary in str(caught.value) for canary in CANARIES)
        assert server.calls == []
        # Nothing was stored: the id is still free, and the day's first number was not used up.
        good = await hub.submit(application(request_id="bad-application"))
        assert good.number[-7:-1] == "000001"


async def test_request_id_with_another_body_is_refused(tmp_path):
    async with city(tmp_path) as (_, _, hub):
        await hub.submit(application())
        with pytest.raises(DuplicateRequest) as caught:
            await hub.submit(application(delivery="post"))
        assert caught.value.faults[0].where == "request_id"


async def test_concurrent_submissions_of_one_request_make_one_case_and_one_effect(tmp_path):
    async with city(tmp_path) as (_, server, hub):
        cases = await asyncio.gather(*(hub.submit(application()) for _ in range(8)))
        assert len({case.number for case in cases}) == 1
        await hub.wait(cases[0].number, seconds=20)
        assert server.ledger.summary() == {"order": 1}


async def test_second_hub_on_the_same_data_is_refused_while_the_first_runs(tmp_path):
    async with city(tmp_path) as (clock, _, _):
        settings = Settings(data_dir=tmp_path / "data", callback_port=0)
        with pytest.raises(SettingsError, match="another hub"):
            async with Hub.open(tmp_path / "config", settings=settings, clock=clock, registry=registry()):
                pass


async def test_application_taken_by_a_hub_that_does_not_run_is_sent_by_the_next_that_does(tmp_path):
    clock = VirtualClock(TUESDAY)
    async with ToyServer(clock) as server:
        async with toy_hub(tmp_path, server, clock, run=False) as hub:
            case = await hub.submit(application())
        assert server.calls == []
        async with toy_hub(tmp_path, server, clock) as hub:
            assert (await hub.wait(case.number, seconds=20)).state is CaseState.DECIDED


async def test_watch_gives_every_event_in_order_and_ends(tmp_path):
    async with city(tmp_path) as (_, _, hub):
        case = await hub.submit(application())
        states = [event.to async for event in hub.watch(case.number)]
        assert states[0] is TaskState.DISPATCHING
        assert states[-1] is TaskState.COMPLETED


async def test_case_that_does_not_exist_is_not_found(tmp_path):
    async with city(tmp_path) as (_, _, hub):
        for ask in (hub.case, hub.wait, hub.cancel, hub.trace):
            with pytest.raises(NotFound):
                await ask("JX6202611243304020000019")


async def test_completed_task_cannot_be_cancelled(tmp_path):
    async with city(tmp_path) as (_, server, hub):
        case = await hub.wait((await hub.submit(application())).number, seconds=20)
        with pytest.raises(NotAllowed):
            await hub.cancel(case.number)
        assert server.ledger.summary() == {"order": 1}


async def test_trace_is_masked_unless_a_reason_is_given(tmp_path, caplog):
    async with city(tmp_path) as (_, _, hub):
        case = await hub.wait((await hub.submit(application())).number, seconds=20)
        masked = (await hub.trace(case.number)).model_dump_json()
        assert not [canary for canary in CANARIES if canary in masked]
        shown = await hub.trace(case.number, reveal="complaint 4711")
        assert "王秀兰" in shown.model_dump_json()
        assert "reveal" in caplog.text


@pytest.mark.parametrize("kind", [None, "after-commit", "before-commit", "half-body", "garbage", "connect-hang"])
async def test_citizen_is_in_no_log_and_not_readable_in_the_database(tmp_path, caplog, kind):
    caplog.set_level(logging.DEBUG)
    async with city(tmp_path) as (_, server, hub):
        if kind:
            server.faults.arm(kind)
        case = await hub.wait((await hub.submit(application())).number, seconds=30)
        assert case.state is CaseState.DECIDED
    text = caplog.text + "".join(str(vars(record)) for record in caplog.records)
    assert not [canary for canary in CANARIES if canary in text]
    stored = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())
    assert not [canary for canary in CANARIES if canary.encode() in stored]


async def test_lookup_says_which_utility_failed(tmp_path):
    async with city(tmp_path) as (_, _, hub):
        person = IdentityDocument(type=DocumentType.RIC, number="330402195203140024")
        answer = await hub.lookup(person, ["water"])
        assert {found.endpoint for found in answer.failed} == {"water-city", "water-haining"}


async def test_preview_shows_the_wire_message_and_sends_nothing(tmp_path):
    async with city(tmp_path) as (_, server, hub):
        (shown,) = await hub.preview(application())
        assert shown.wire["method"] == "POST"
        assert '"account": "0100012345"' in shown.wire["body"]
        assert server.calls == []
