"""Accounts, states and debts of one person at several utilities at once: who failed, how fresh, and what it fills in."""

from __future__ import annotations

import logging

import pytest

from hub import DocumentType, IdentityDocument, Person, simulated
from hub.clock import VirtualClock
from hub.errors import ApplicationInvalid, InputError
from hub.simulation import START

FORMER = Person(name="李建国", document=IdentityDocument(type=DocumentType.RIC, number="330402198801010012"))
HERE = "330402007"
ITEMS = ("JX6-WAT-01", "JX6-WAT-14", "JX6-ELE-15", "JX6-BUS-08")


@pytest.fixture
async def city(tmp_path):
    async with simulated("water", "power", "transit", clock=VirtualClock(START), data_dir=tmp_path) as found:
        await found.clock.sleep(24 * 3600)  # until the card centre has shown a snapshot
        yield found


async def test_one_question_finds_accounts_states_and_debts_at_every_utility_and_how_fresh_they_are(city):
    answer = await city.hub.lookup(FORMER, division=HERE)
    found = {each.field: each for each in answer.found}
    assert set(found) == {"water", "power", "transit"}
    assert [account.account_no for account in found["water"].accounts] == ["0100012345"]
    assert (found["power"].accounts[0].status, found["power"].accounts[0].arrears_fen) == ("normal", 0)
    assert (found["water"].provider_zh, found["water"].words_zh) == ("嘉兴市区供水公司", "嘉兴市区供水公司:查到1户")
    assert not answer.failed
    assert found["water"].live
    assert not found["transit"].live, "cards are told from the night's snapshot"
    assert found["transit"].as_of.astimezone(START.tzinfo).hour == 2


async def test_who_fails_is_named_in_words_and_spoils_nothing_else(city):
    city.simulators["power"].faults.arm("down")
    answer = await city.hub.lookup(FORMER, division=HERE)
    (failed,) = answer.failed
    assert (failed.words_zh, failed.field) == ("嘉兴供电公司:未能查询,对方系统不可用", "power")
    assert failed.words_en == "power: no answer, the utility's system is not available"
    assert {each.field for each in answer.found if each.accounts} == {"water", "transit"}


async def test_wrong_number_field_or_division_is_refused_and_nobody_is_asked(city):
    wrong = FORMER.document.with_(number="330402198801010013")
    with pytest.raises(InputError) as refused:
        await city.hub.lookup(wrong, ["water", "steam"], division="33040", accounts={"coal": "1"})
    assert [fault.where for fault in refused.value.faults] == ["fields", "fields", "division", "document.number"]


async def test_name_that_a_utility_needs_and_did_not_get_is_named(city):
    (cards,) = (await city.hub.lookup(FORMER.document, ["transit"], division=HERE)).found
    assert (cards.words_zh, cards.error.field) == ("南湖公共交通公司:未能查询,缺少必填项(姓名)", "name")


async def test_without_a_division_every_company_of_a_field_is_asked(city):
    answer = await city.hub.lookup(FORMER, ["water"])
    assert len(answer.found) == 6
    assert all(each.accounts for each in answer.found)


async def test_forms_begin_with_what_was_found(city):
    forms = {form.item: form for form in city.hub.prefill(ITEMS, await city.hub.lookup(FORMER, division=HERE))}
    assert forms["JX6-WAT-14"].form == {"account_no": "0100012345"}
    assert "amount" in forms["JX6-WAT-14"].lacking
    assert forms["JX6-BUS-08"].form == {"card_no": "3104330000000000016"}
    # The account to be taken over is never guessed from somebody's own accounts.
    assert forms["JX6-WAT-01"].form == {}
    assert [choice.value for choice in forms["JX6-WAT-01"].choices["account_no"]] == ["0100012345"]


async def test_the_account_that_was_named_is_the_one_that_is_taken_over(city):
    answer = await city.hub.lookup(None, division=HERE, accounts={"water": "0100012345"})
    (found,) = answer.found
    assert (found.by_number, found.accounts[0].account_no) == (True, "0100012345")
    (form,) = city.hub.prefill(["JX6-WAT-01"], answer)
    assert form.form == {"account_no": "0100012345"}
    with pytest.raises(ApplicationInvalid, match="JX6-XX-01"):
        city.hub.prefill(["JX6-XX-01"], answer)


async def test_a_question_changes_nothing_and_leaves_no_name_in_the_log(city, caplog):
    caplog.set_level(logging.DEBUG)
    before = {name: each.ledger.summary() for name, each in city.simulators.items()}
    await city.hub.lookup(FORMER, division=HERE, reveal="asked by phone")
    assert {name: each.ledger.summary() for name, each in city.simulators.items()} == before
    told = caplog.text + "".join(str(vars(record)) for record in caplog.records)
    assert "asked by phone" in told
    assert "李建国" not in told
    assert FORMER.document.number not in told
