"""Every connected item, in every county, for each of its audiences."""

from __future__ import annotations

from contextlib import AsyncExitStack

import pytest

from hub import Hub, Settings, example_case
from hub.config import load_configuration
from hub.simulation import connections, start

CONFIGURATION = load_configuration()
TOWNS = {"330402007", "330411002", "330421001", "330424001", "330481001", "330482001", "330483001"}
FIELDS = ("water", "power", "transit", "catv", "realty", "gas", "ccard")
ITEMS = [item for item in CONFIGURATION.catalogue.by_code.values() if item.field in FIELDS]


@pytest.fixture
async def hub(tmp_path):
    async with AsyncExitStack() as stack:
        running = await start(stack, FIELDS)
        reached = connections(CONFIGURATION, running)
        settings = Settings(data_dir=tmp_path, callback_port=0)
        yield await stack.enter_async_context(
            Hub.open(settings=settings, connections=reached, only_connections=True, run=False)
        )


def test_all_sixty_seven_items_and_the_registration_are_connected():
    assert len(ITEMS) == 67 + 1


def test_a_town_of_every_county_is_looked_at():
    assert {town[:6] for town in TOWNS} == {county.code for county in CONFIGURATION.divisions.counties}


@pytest.mark.parametrize("field", FIELDS)
async def test_items_encode_and_keep_to_their_contracts_everywhere(hub, field):
    made = 0
    for item in (item for item in ITEMS if item.field == field):
        for audience in item.audience:
            for town in sorted(TOWNS):
                application = example_case([item.code], audience, CONFIGURATION.catalogue, division=town)
                (shown,) = await hub.preview(application)
                # The adapter holds the finished message against its contract before it would be sent.
                assert shown.error is None, (item.code, audience, town, shown.error)
                assert shown.wire
                made += 1
    assert made >= 7 * len([item for item in ITEMS if item.field == field])
