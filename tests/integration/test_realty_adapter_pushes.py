"""Transfers that began at the registry's windows: told once, whatever came twice, late or out of order."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hub.domain.states import TaskState
from tests.integration.realty_desk import DATABASES, UNIT, running

BUYER = {"name": "王秀兰", "number": "33040219700101001x"}


@pytest.mark.parametrize("database", DATABASES)
async def test_push_is_read_whole_and_told_until_it_is_settled(database):
    async with running(database) as hub:
        hub.registry.push(UNIT, **BUYER, linked="S,G")
        for _ in range(2):
            (notice,) = (await hub.run("notices")).notices
        assert notice.model_dump(exclude={"ids"}) == {
            "number": "BDC2026112400001",
            "division": "330402",
            "unit_no": UNIT,
            "certificate_no": "浙(2024)嘉兴市不动产权第0012345号",
            "address": "建设街道中山东路100号1幢2单元301室",
            "former_holder": "李建国",
            "holder_name": "王秀兰",
            "holder_document_type": "RIC",
            "holder_document": "33040219700101001X",
            "mobile": "13800138000",
            "fields": ("water", "catv"),
            "consent": True,
            "state": TaskState.COMPLETED,
            "at": datetime(2026, 11, 24, 1, 3, tzinfo=UTC),
            "legal_effect": datetime(2026, 11, 24, 1, 3, tzinfo=UTC),
        }
        assert (await hub.run("settle", notice.ids)).kind == "completed"
        assert (await hub.run("settle", notice.ids)).kind == "completed"
        assert (await hub.run("notices")).notices == ()


@pytest.mark.parametrize("database", DATABASES)
async def test_push_that_comes_twice_is_told_once(database):
    async with running(database) as hub:
        hub.registry.faults.arm("push-twice")
        hub.registry.push(UNIT, **BUYER)
        assert len(hub.rows("QZ_TS")) == 2
        (notice,) = (await hub.run("notices")).notices
        assert len(notice.ids) == 2
        await hub.run("settle", notice.ids)
        assert (await hub.run("notices")).notices == ()
        assert {row["JHBZ"] for row in hub.rows("QZ_TS")} == {"2"}


async def test_same_push_again_after_it_was_settled_is_not_told():
    async with running() as hub:
        hub.registry.faults.arm("push-twice", after=1)
        hub.registry.push(UNIT, **BUYER)
        (notice,) = (await hub.run("notices")).notices
        await hub.run("settle", notice.ids)
        copied = {**hub.rows("QZ_TS")[0], "BSM": "f" * 32, "JHBZ": "0"}
        insert(hub, copied)
        assert (await hub.run("notices")).notices == ()
        assert {row["JHBZ"] for row in hub.rows("QZ_TS")} == {"2"}


@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize("read_between", [False, True])
async def test_withdrawal_that_overtakes_the_entry_is_the_last_word(database, read_between):
    async with running(database) as hub:
        hub.registry.faults.arm("push-reordered")
        hub.registry.push(UNIT, **BUYER, node="50")
        await hub.clock.advance(minutes=1)
        assert (await hub.run("notices")).notices == ()
        hub.registry.push(UNIT, **BUYER, node="91")
        if read_between:
            (notice,) = (await hub.run("notices")).notices
            assert notice.state is TaskState.CANCELLED
            await hub.run("settle", notice.ids)
            assert (await hub.run("notices")).notices == ()
        else:
            (notice,) = (await hub.run("notices")).notices
            assert (notice.state, len(notice.ids)) == (TaskState.CANCELLED, 2)


async def test_entry_that_arrives_after_its_withdrawal_was_settled_is_stale():
    async with running() as hub:
        hub.registry.push(UNIT, **BUYER, node="50")
        (early,) = hub.rows("QZ_TS")
        delete(hub)
        await hub.clock.advance(minutes=1)
        hub.registry.push(UNIT, **BUYER, node="91")
        (notice,) = (await hub.run("notices")).notices
        await hub.run("settle", notice.ids)
        insert(hub, early)
        assert (await hub.run("notices")).notices == ()
        assert {row["JHBZ"] for row in hub.rows("QZ_TS")} == {"2"}


async def test_transfers_are_told_in_the_order_of_their_times_with_their_consents():
    async with running() as hub:
        hub.registry.push(UNIT, **BUYER, running="BDC2", consent=False)
        await hub.clock.advance(minutes=1)
        hub.registry.push(UNIT, name="ANNA", number="933840199001010013", running="BDC1")
        told = (await hub.run("notices")).notices
        assert [(each.number, each.consent) for each in told] == [("BDC2", False), ("BDC1", True)]


async def test_reader_that_dies_before_settling_is_told_again():
    async with running() as hub:
        hub.registry.push(UNIT, **BUYER)
        await hub.run("notices")
        assert {row["JHBZ"] for row in hub.rows("QZ_TS")} == {"1"}
        assert len((await hub.run("notices")).notices) == 1


def insert(hub, row):
    from simulators.realty.schema import PUSH

    with hub.registry.database.transaction() as connection:
        connection.execute(PUSH.insert().values(row))


def delete(hub):
    from simulators.realty.schema import PUSH

    with hub.registry.database.transaction() as connection:
        connection.execute(PUSH.delete())
