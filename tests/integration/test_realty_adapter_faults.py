"""The realty adapter when things go wrong: locked tables, lost connections, half of a result; and exactly one effect."""

from __future__ import annotations

import asyncio
import logging

import pytest

from hub.domain.states import TaskState
from hub.domain.taxonomy import ErrorCode
from tests.integration.realty_desk import DATABASES, document, material, of_unit, order_of, party, query, running

DOUBTFUL = ["before-commit", "after-commit", "half-body", "half-status", "garbage"]
UNREACHABLE = ["locked", "down", "refused"]


async def one_effect(hub, order):
    """After everything is sorted out the registry has one application, and it goes through."""
    hub.registry.turn()
    assert hub.registry.ledger.count("application") == 1
    assert hub.registry.journal.violations() == []
    await hub.registry.advance(order.serial, "70")
    assert (await hub.run("progress", order)).kind == "completed"
    assert hub.registry.ledger.summary() == {"application": 1, "registration": 1, "certificate": 1}


@pytest.mark.parametrize("kind", DOUBTFUL)
async def test_connection_lost_at_the_commit_is_a_doubt_and_after_the_inquiry_there_is_one_effect(kind):
    async with running("postgresql") as hub:
        order = order_of()
        hub.registry.faults.arm(kind)
        assert (await hub.run("apply", order)).kind == "unknown"
        found = await hub.run("find", order)
        assert found.kind == ("absent" if kind == "before-commit" else "accepted")
        assert (await hub.settle("apply", order)).kind == "accepted"
        await one_effect(hub, order)


@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize("kind", UNREACHABLE)
async def test_database_that_cannot_be_written_is_not_sent_and_taken_up_when_it_is_back(database, kind):
    async with running(database) as hub:
        order = order_of()
        hub.registry.faults.arm(kind)
        outcome = await hub.run("apply", order)
        assert (outcome.kind, outcome.error.code) == ("not_sent", ErrorCode.UPS_UNAVAILABLE)
        assert (await hub.run("find", order)).kind == "not_sent"
        hub.registry.faults.clear()
        assert hub.rows("QZ_SQ") == []
        assert (await hub.settle("apply", order)).kind == "accepted"
        await one_effect(hub, order)


@pytest.mark.parametrize("database", DATABASES)
async def test_row_set_sent_twice_is_there_once(database):
    async with running(database) as hub:
        order = order_of()
        ended = await asyncio.gather(*(hub.run("apply", order) for _ in range(3)))
        assert {each.kind for each in ended} <= {"accepted", "not_sent"}
        assert (await hub.run("apply", order)).kind == "accepted"
        assert len(hub.rows("QZ_SQ")) == 1
        await one_effect(hub, order)


@pytest.mark.parametrize("database", DATABASES)
async def test_lost_reply_is_adopted_after_the_registry_has_decided(database):
    async with running(database) as hub:
        order = await hub.taken(order_of())
        await hub.registry.advance(order.serial, "50")
        again = await hub.run("apply", order)
        assert (again.kind, again.raw_code, again.legal_effect is not None) == ("progress", "50", True)


@pytest.mark.parametrize("database", DATABASES)
async def test_half_of_a_result_is_not_taken_for_the_whole(database):
    async with running(database) as hub:
        order = await hub.taken(order_of())
        hub.registry.faults.arm("half-rows")
        await hub.registry.advance(order.serial, "70")
        half = await hub.run("progress", order)
        assert (half.kind, half.state, half.legal_effect is not None) == ("progress", TaskState.IN_PROGRESS, True)
        hub.registry.turn()
        assert (await hub.run("progress", order)).kind == "completed"


async def test_status_that_comes_late_is_waited_for():
    async with running() as hub:
        order = order_of()
        hub.registry.faults.arm("status-late", minutes=60)
        await hub.run("apply", order)
        await hub.clock.advance(minutes=50)
        assert (await hub.run("progress", order)).raw_code == "JHBZ0"
        await hub.clock.advance(minutes=15)
        assert (await hub.run("progress", order)).raw_code == "10"
        await one_effect(hub, order)


@pytest.mark.parametrize("kind", DOUBTFUL)
async def test_wish_to_withdraw_that_is_in_doubt_is_settled_by_the_question(kind):
    async with running("postgresql") as hub:
        order = await hub.taken(order_of())
        hub.registry.faults.arm(kind, operation="QZ_SQ:update")
        assert (await hub.run("cancel", order)).kind == "unknown"
        await hub.clock.advance(minutes=5)
        found = await hub.run("find", order)
        if kind == "before-commit":
            assert (found.kind, found.raw_code) == ("accepted", "10")
            await hub.run("cancel", order)
            await hub.clock.advance(minutes=5)
            found = await hub.run("find", order)
        assert (found.kind, found.state) == ("progress", TaskState.CANCELLED)
        assert hub.registry.ledger.count("withdrawal") == 1


@pytest.mark.parametrize("kind", DOUBTFUL)
async def test_supplement_in_doubt_is_settled_by_the_question(kind):
    async with running("postgresql") as hub:
        order = await hub.taken(order_of(form={"contract_no": "JX2026110012345-B"}))
        await hub.clock.advance(minutes=20)
        hub.store.files = {"two": b"%PDF clear"}
        more = order.with_(evidence=(material(b"%PDF clear", ref="two"),))
        hub.registry.faults.arm(kind, operation="QZ_FJ")
        assert (await hub.run("supplement", more)).kind == "unknown"
        assert (await hub.run("supplemented", more)).kind == ("absent" if kind == "before-commit" else "progress")
        await hub.settle("supplement", more)
        hub.registry.turn()
        assert hub.registry.ledger.count("supplement") == 1


async def test_exchange_disk_that_is_not_mounted_means_not_sent():
    async with running(config={"exchange_dir": "/nowhere/at/all"}) as hub:
        hub.store.files = {"one": b"%PDF"}
        outcome = await hub.run("apply", order_of(evidence=(material(b"%PDF"),)))
        assert (outcome.kind, outcome.error.code) == ("not_sent", ErrorCode.UPS_UNAVAILABLE)
        assert hub.rows("QZ_SQ") == []


@pytest.mark.parametrize("kind", ["locked", "down"])
@pytest.mark.parametrize("database", DATABASES)
async def test_reads_are_never_in_doubt(database, kind):
    async with running(database) as hub:
        hub.registry.faults.arm(kind)
        for name, source in (("accounts", query(account_no="x")), ("notices", None), ("precheck", order_of())):
            assert (await hub.run(name, source)).kind == "not_sent", name


@pytest.mark.parametrize("database", DATABASES)
async def test_check_tells_a_good_connection_from_none(database):
    async with running(database) as hub:
        assert (await hub.run("check")).error is None
        hub.registry.faults.arm("down")
        assert (await hub.run("check")).error.code is ErrorCode.UPS_UNAVAILABLE


async def test_check_tells_a_wrong_account_or_database():
    async with running("postgresql") as registry:
        url = registry.registry.connection()["database_url"]
        for wrong in (url.replace("hub_front", "nobody"), url.replace("/realty_", "/other_")):
            async with running("postgresql", config={"database_url": wrong}) as hub:
                assert (await hub.run("check")).error.code is ErrorCode.UPS_AUTH


async def test_hubs_account_may_do_what_the_contract_says_and_no_more():
    from sqlalchemy import create_engine, text
    from sqlalchemy.exc import ProgrammingError

    async with running("postgresql") as hub:
        url = hub.registry.connection()["database_url"].replace("postgresql://", "postgresql+psycopg://")
        engine = create_engine(url)

        def refused(statement):
            with engine.connect() as connection:
                try:
                    connection.execute(text(statement))
                except ProgrammingError as error:
                    return error.orig.sqlstate
            return None

        for statement in (
            'DELETE FROM "QZ_SQ"',
            'INSERT INTO "QZ_JD" ("BSM") VALUES (\'x\')',
            'UPDATE "QZ_QS" SET "CFZT" = \'0\'',
            'UPDATE "QZ_QLR" SET "MC" = \'x\'',
            "CREATE TABLE x (y int)",
        ):
            assert await asyncio.to_thread(refused, statement) == "42501", statement
        engine.dispose()


@pytest.mark.parametrize("database", DATABASES)
async def test_neither_secrets_nor_names_are_in_logs_outcomes_or_representations(database, caplog):
    caplog.set_level(logging.DEBUG)
    secrets = ["TEST-REALTY", "王秀兰", "李建国", "330402195203140024", "330402198801010012", "13800138000", "中山东路"]
    async with running(database) as hub:
        hub.store.files = {"one": b"%PDF"}
        order = order_of(evidence=(material(b"%PDF"),))
        said = []
        for kind in ("locked", "down", "half-rows", *(DOUBTFUL if database == "postgresql" else ())):
            hub.registry.faults.arm(kind)
            said += [await hub.run("apply", order), await hub.run("find", order)]
            hub.registry.faults.clear()
        said.append(await hub.run("apply", order.with_(form=order.form.with_(contract_no="x" * 60))))
        said.append(await hub.run("accounts", query(document=document("330402198801010012"))))
        said.append(await hub.run("precheck", of_unit(9, party("李建国", "330402198801010012"))))
        told = [outcome.model_dump_json() for outcome in said if hasattr(outcome, "kind")]
        shown = "\n".join([caplog.text, *told, *map(repr, said), *map(repr, hub.calls), repr(hub.adapter)])
        assert [secret for secret in secrets if secret in shown] == []
