"""What hub.submit makes of an identity check: taken once, for one case, one person, its items, its channel, in time."""

from __future__ import annotations

import asyncio
import logging
import sqlite3

import pytest

from hub import ItemRequest, example_case, simulated
from hub.domain.identity import acting
from hub.errors import ApplicationInvalid, IdentityRefused
from simulators.idv import portrait
from tests.integration.identity_desk import (
    BUYER,
    LARGE,
    NIGHT,
    PAYMENT,
    SUSPEND,
    TERMINAL,
    TRANSFER,
    WEB,
    WINDOW,
    desk,
    person,
    rules_of,
)


async def refused(at, application):
    with pytest.raises(ApplicationInvalid) as caught:
        await at.hub.submit(application)
    return rules_of(caught)


async def order_of(at, number):
    return (await at.hub.trace(number)).tasks[0].canonical


async def test_case_gets_the_number_that_was_reserved_and_its_orders_carry_the_assertion():
    async with desk() as at:
        made = await at.face()
        applied = at.application(assertion=made.id)
        case = await at.hub.submit(applied)
        assert case.number == made.case_number
        assert (await at.hub.submit(applied)).number == case.number
        kept = (await order_of(at, case.number))["assertion"]
        assert (kept["id"], kept["method"], kept["level"]) == (made.id, "FACE_COMPARE", 3)


async def test_clerk_s_own_check_goes_on_record_when_none_is_named():
    async with desk() as at:
        case = await at.hub.submit(at.application(channel=WINDOW))
        kept = (await order_of(at, case.number))["assertion"]
        assert (kept["method"], kept["level"], kept["operator"]) == ("CLERK", 2, "c01")
        assert kept["case_number"] == case.number
        assert not at.idv.journal.entries
        again = at.application(channel=WINDOW, assertion=kept["id"], request_id="another-1")
        assert await refused(at, again) == ["IDN_USED"]


async def test_application_without_a_check_is_refused_away_from_a_window_with_its_clerk():
    async with desk() as at:
        for channel in (TERMINAL, WEB, WINDOW.with_(operator=None)):
            assert await refused(at, at.application(channel=channel)) == ["IDN_MISSING"]
        assert await refused(at, at.application(assertion="no-such-check")) == ["IDN_MISSING"]


async def test_payment_needs_no_check():
    async with desk() as at:
        case = await at.hub.submit(at.application(PAYMENT, channel=WEB))
        assert "assertion" not in await order_of(at, case.number)


async def test_assertion_lapses_after_ten_minutes_at_a_terminal():
    async with desk(auto=False) as at:
        first, second = await at.face(), await at.face()
        await at.clock.advance(seconds=599)
        assert (await at.hub.submit(at.application(assertion=first.id))).number == first.case_number
        await at.clock.advance(seconds=1)
        late = at.application(assertion=second.id, request_id="second-try")
        assert await refused(at, late) == ["IDN_LAPSED"]


async def test_assertion_is_good_for_one_case_also_when_two_are_submitted_at_once():
    async with desk() as at:
        made = await at.face()
        both = [at.application(assertion=made.id, request_id=f"request-{n}") for n in range(2)]
        answers = await asyncio.gather(*(at.hub.submit(each) for each in both), return_exceptions=True)
        (no,) = [each for each in answers if isinstance(each, ApplicationInvalid)]
        assert [fault.rule for fault in no.faults] == ["IDN_USED"]


async def test_assertion_of_another_person_channel_or_item_is_refused_with_each_rule():
    async with desk() as at:
        other = person("李建国", "330402198801010012")
        made = await at.hub.verify(other, [SUSPEND], channel=WINDOW)
        rules = await refused(at, at.application(assertion=made.id))
        assert sorted(rules) == ["IDN_LEVEL", "IDN_PURPOSE", "IDN_PURPOSE", "IDN_SUBJECT"]


async def test_refused_application_does_not_use_the_assertion_up():
    async with desk() as at:
        made = await at.face()
        assert await refused(at, at.application(assertion=made.id, consents=())) == ["CON_MISSING"]
        assert (await at.hub.submit(at.application(assertion=made.id))).number == made.case_number


async def test_agent_is_checked_in_place_of_the_applicant():
    async with desk() as at:
        firm = example_case((TRANSFER,), "enterprise", at.hub.configuration.catalogue)
        made = await at.hub.verify(acting(firm)[0], [TRANSFER], channel=WINDOW)
        case = await at.hub.submit(firm.with_(assertion=made.id, channel=WINDOW))
        assert case.number == made.case_number


async def test_card_reader_s_word_at_night_is_enough_for_some_items_and_holds_the_others():
    async with desk(start=NIGHT) as at:
        made = await at.face(TRANSFER, SUSPEND, fallback="CARD_READER")
        with pytest.raises(ApplicationInvalid, match="level 3 at a TERMINAL; CARD_READER is level 1"):
            await at.hub.submit(at.application(TRANSFER, assertion=made.id))
        assert (await at.hub.submit(at.application(SUSPEND, assertion=made.id))).number == made.case_number


async def test_only_the_items_that_want_more_are_named():
    async with desk() as at:
        made = await at.hub.verify(person(), [TRANSFER, SUSPEND], channel=TERMINAL)
        applied = at.application(TRANSFER, SUSPEND, assertion=made.id)
        with pytest.raises(ApplicationInvalid) as caught:
            await at.hub.submit(applied)
        assert [(fault.where, fault.rule) for fault in caught.value.faults] == [("items[0].code", "IDN_LEVEL")]
        only = applied.with_(items=tuple(ItemRequest(code=each.code, form=each.form) for each in applied.items[1:]))
        assert (await at.hub.submit(only)).number == made.case_number


async def test_preview_shows_the_check_that_would_go_along_and_keeps_nothing():
    async with desk() as at:
        made = await at.face()
        (shown,) = await at.hub.preview(at.application(assertion=made.id))
        assert shown.canonical["assertion"]["id"] == made.id
        (shown,) = await at.hub.preview(at.application(channel=WINDOW))
        assert shown.canonical["assertion"]["method"] == "CLERK"
        (shown,) = await at.hub.preview(at.application())
        assert "assertion" not in shown.canonical
        assert (await at.hub.submit(at.application(assertion=made.id))).number == made.case_number


async def test_check_survives_a_restart(tmp_path):
    async with desk(data_dir=tmp_path) as at:
        made = await at.face()
    async with desk(data_dir=tmp_path) as at:
        assert (await at.hub.submit(at.application(assertion=made.id))).number == made.case_number
        again = at.application(assertion=made.id, request_id="after-it")
        assert await refused(at, again) == ["IDN_USED"]


async def test_order_that_was_verified_is_completed_by_the_utility():
    async with simulated("idv", "water", control_port=None) as city:
        catalogue = city.hub.configuration.catalogue
        given = {"channel": TERMINAL, "method": "FACE_COMPARE", "photo": portrait(BUYER)}
        made = await city.hub.verify(person(), [TRANSFER], **given)
        applied = example_case((TRANSFER,), "individual", catalogue).with_(channel=TERMINAL, assertion=made.id)
        case = await city.hub.wait((await city.hub.submit(applied)).number, seconds=30)
        assert case.number == made.case_number
        assert city.simulators["water"].ledger.count("order") == 1


async def test_nothing_personal_is_in_logs_journal_database_files_or_reprs(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    photo = portrait(BUYER)
    async with desk(data_dir=tmp_path) as at:
        at.idv.faults.arm("garbage", after=1)
        made = await at.face(LARGE)
        with pytest.raises(IdentityRefused) as no:
            await at.hub.verify(person("王秀"), [LARGE], channel=WINDOW)
        applied = at.application(LARGE, assertion=made.id, evidence=())
        fetched = await at.hub.fetch_materials(applied)
        household = await at.hub.check_household(applied)
        case = await at.hub.submit(at.application(LARGE, assertion=made.id))
        trace = await at.hub.trace(case.number)
        said = [caplog.text, str(no.value), household.model_dump_json(), fetched.model_dump_json()]
        said += [repr(each) for each in (made, case, fetched, trace, at.idv.journal.entries, at.idv.ledger.entries)]
        said.append(trace.model_dump_json())
    database = sqlite3.connect(tmp_path / "hub.db")
    said.append("\n".join(database.iterdump()))
    database.close()
    for path in filter(lambda each: each.is_file(), tmp_path.rglob("*")):
        content = path.read_bytes()
        for value in (photo, photo[20:60], "王秀兰".encode(), BUYER.encode()):
            assert value not in content
    for text in said:
        for value in ("王秀兰", "李建国", BUYER, "13800138000", photo.hex()[:60], "SIM-PORTRAIT"):
            assert value not in text
