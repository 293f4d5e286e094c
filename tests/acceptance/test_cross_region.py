"""An application that is accepted in one county and served in another."""

from __future__ import annotations

import asyncio

import pytest

from tests.acceptance.counties import CATALOGUE, TOWNS, application, carried_out, check, city

# One of each field that orders something and costs nothing.
ITEMS = ("JX6-WAT-01", "JX6-ELE-05", "JX6-GAS-03", "JX6-BUS-05", "JX6-CIT-05", "JX6-CTV-03", "JX6-RE-01")


@pytest.mark.parametrize("place", range(len(TOWNS)))
async def test_application_goes_to_the_provider_of_its_address_whatever_window_took_it(place):
    town, window = TOWNS[place], TOWNS[place - 1]
    async with city() as world:
        await asyncio.gather(*(_served(world, CATALOGUE.by_code[code], town, window) for code in ITEMS))


async def _served(world, item, town, window):
    made = await application(world, item, "individual", town, window=window)
    task = await carried_out(world, made)
    check(world, item, town, task, world.simulators[item.field].ledger.entries)
    assert window[:6] in task.case_number
