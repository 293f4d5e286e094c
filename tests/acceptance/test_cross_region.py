"""An application that is accepted in one county and served in another."""

from __future__ import annotations

import asyncio

from tests.acceptance.counties import CATALOGUE, TOWNS, application, carried_out, check, city

# Two districts share their water and gas companies, and with them the account: one of the two is only a window here.
PLACES = [(town, window) for town, window in zip(TOWNS, (TOWNS[-1], *TOWNS), strict=False) if town != "330411002"]
# One of each field that orders something and costs nothing.
ITEMS = ("JX6-WAT-01", "JX6-ELE-05", "JX6-GAS-03", "JX6-BUS-05", "JX6-CIT-05", "JX6-CTV-03", "JX6-RE-01")


async def test_application_goes_to_the_provider_of_its_address_whichever_window_took_it():
    async with city() as world:
        await asyncio.gather(*(_served_in_each_county(world, CATALOGUE.by_code[code]) for code in ITEMS))


async def _served_in_each_county(world, item):
    ledger = world.simulators[item.field].ledger
    for town, window in PLACES:
        before = len(ledger.entries)
        made = await application(world, item, "individual", town, window=window)
        task = await carried_out(world, made)
        await check(world, item, town, task, ledger.entries[before:])
        assert window[:6] in task.case_number
