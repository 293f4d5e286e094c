"""Every service item in every county: from the window through the hub to its utility, done once, at the right one."""

from __future__ import annotations

import asyncio
import logging

import pytest

from tests.acceptance.counties import CATALOGUE, FIELDS, TOWNS, application, carried_out, check, city, life
from tests.acceptance.leaks import canaries, leaks, logged

ITEMS = tuple(CATALOGUE.by_code.values())
FOR_FIRST = [(item, item.audience[0]) for item in ITEMS]
FOR_COMPANIES_TOO = [(item, "enterprise") for item in ITEMS if "enterprise" in item.audience]
# The water companies speak two dialects; of the other systems each speaks one everywhere.
FOR_COMPANIES_AT = (("330402007", FIELDS), ("330481001", ("water",)))


def test_all_sixty_seven_items_and_the_registration_are_run_for_each_of_their_audiences():
    assert (len(CATALOGUE.items), len(FOR_FIRST)) == (67, 68)
    everyone = {(item.code, audience) for item in ITEMS for audience in item.audience}
    assert {(item.code, audience) for item, audience in (*FOR_FIRST, *FOR_COMPANIES_TOO)} == everyone


@pytest.mark.parametrize("town", TOWNS)
async def test_every_item_is_completed_with_one_effect_at_the_provider_of_its_county(town):
    async with city(*FIELDS, "idv") as world:
        await _all_completed(world, town, FIELDS, FOR_FIRST)


@pytest.mark.parametrize(("town", "fields"), FOR_COMPANIES_AT)
async def test_every_item_that_companies_may_apply_for_is_completed_for_a_company_and_none_of_its_data_leaks(
    town, fields, caplog
):
    caplog.set_level(logging.DEBUG)
    async with city(*fields, "idv") as world:
        made = await _all_completed(world, town, fields, FOR_COMPANIES_TOO)
        assert await leaks(world, made, canaries(made.values()), logged(caplog)) == []


async def test_nobody_s_data_is_in_a_log_a_journal_a_masked_trace_or_readable_in_a_file_whatever_the_item(caplog):
    caplog.set_level(logging.DEBUG)
    async with city(*FIELDS, "idv") as world:
        made = await _all_completed(world, TOWNS[0], FIELDS, FOR_FIRST)
        assert await leaks(world, made, canaries(made.values()), logged(caplog)) == []


async def _all_completed(world, town, fields, wanted):
    """The applications, by the number of their cases."""
    made = {}
    await asyncio.gather(*(_live_through(world, town, field, wanted, made) for field in fields))
    for simulator in world.simulators.values():
        assert simulator.journal.violations() == [], simulator.name
    return made


async def _live_through(world, town, field, wanted, made):
    audiences = {item.code: audience for item, audience in wanted}
    ledger = world.simulators[field].ledger
    for item in life(item for item, _ in wanted if item.field == field):
        before = len(ledger.entries)
        asked = await application(world, item, audiences[item.code], town)
        task = await carried_out(world, asked)
        made[task.case_number] = asked
        await check(world, item, town, task, ledger.entries[before:])
