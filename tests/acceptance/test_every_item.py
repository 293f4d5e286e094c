"""Every service item in every county: from the window through the hub to its utility, done once, at the right one."""

from __future__ import annotations

import asyncio

import pytest

from tests.acceptance.counties import CATALOGUE, FIELDS, TOWNS, application, carried_out, check, city, items_of

ENTERPRISE_ONLY = {item.code for item in CATALOGUE.by_code.values() if item.audience == ("enterprise",)}
# Companies in full where the two dialects and both kinds of company are; elsewhere what is for companies only.
IN_FULL = ("330402007", "330481001")


def test_catalogue_has_sixty_seven_items_and_the_registration_and_each_is_run_for_each_audience_in_some_county():
    assert len(CATALOGUE.by_code) == 67 + 1
    run = {(item.code, audience) for field in FIELDS for audience in AUDIENCES for item in items_of(field, audience)}
    assert run == {(item.code, audience) for item in CATALOGUE.by_code.values() for audience in item.audience}


AUDIENCES = ("individual", "enterprise")


@pytest.mark.parametrize("audience", AUDIENCES)
@pytest.mark.parametrize("town", TOWNS)
async def test_every_item_is_completed_with_one_effect_at_the_provider_of_the_county(town, audience):
    async with city() as world:
        await asyncio.gather(*(_live_through(world, field, audience, town) for field in FIELDS))
        assert {name: sim.journal.violations() for name, sim in world.simulators.items()} == {
            name: [] for name in world.simulators
        }


async def _live_through(world, field, audience, town):
    ledger = world.simulators[field].ledger
    for item in items_of(field, audience):
        if audience == "enterprise" and town not in IN_FULL and not _only_for_companies(item):
            continue
        before = len(ledger.entries)
        task = await carried_out(world, await application(world, item, audience, town))
        check(world, item, town, task, ledger.entries[before:])


def _only_for_companies(item):
    return item.code in ENTERPRISE_ONLY
