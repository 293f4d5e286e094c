"""The store: all of a transaction or nothing, claims, and schema migrations."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine
from sqlmodel import SQLModel

from hub.domain.work import CommandKind
from hub.store.seal import Vault
from hub.store.sql import SqlStore, migrate

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)


@pytest.fixture
async def store(tmp_path):
    made = SqlStore(f"sqlite:///{tmp_path / 'hub.db'}", Vault(b"0" * 16, os.urandom))
    await made.migrate()
    yield made
    await made.aclose()


def enqueue(unit, number, endpoint="water", when=NOW):
    unit.enqueue(f"command-{number}", CommandKind.POLL, endpoint, "progress", not_before=when)


async def test_transaction_that_fails_leaves_nothing(store):
    def fail(unit):
        enqueue(unit, 1)
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        await store.run(fail)
    assert await store.run(lambda unit: unit.next_due()) == {}


async def test_same_command_id_is_one_command(store):
    for _ in range(3):
        await store.run(lambda unit: enqueue(unit, 1))
    claimed = await store.run(lambda unit: [row.id for row in unit.claim("water", 10, NOW, "a", LATER)])
    assert claimed == ["command-1"]


async def test_claim_takes_what_is_due_of_its_endpoint_oldest_first_and_only_once(store):
    def fill(unit):
        enqueue(unit, 1, when=NOW)
        enqueue(unit, 2, when=NOW - timedelta(minutes=1))
        enqueue(unit, 3, when=LATER)
        enqueue(unit, 4, endpoint="power")

    await store.run(fill)

    def claim(unit):
        return [(row.id, row.deliveries) for row in unit.claim("water", 10, NOW, "a", LATER)]

    assert await store.run(claim) == [("command-2", 1), ("command-1", 1)]
    assert await store.run(claim) == []


async def test_claim_that_ran_out_or_belongs_to_a_dead_process_is_delivered_again_and_counted(store):
    await store.run(lambda unit: enqueue(unit, 1))
    await store.run(lambda unit: unit.claim("water", 1, NOW, "dead", LATER))
    late = LATER + timedelta(seconds=1)
    again = await store.run(lambda unit: [row.deliveries for row in unit.claim("water", 1, late, "dead", late)])
    assert again == [2]
    assert await store.run(lambda unit: unit.release("alive")) == 1
    third = await store.run(lambda unit: [row.deliveries for row in unit.claim("water", 1, late, "alive", late)])
    assert third == [3]


async def test_command_is_finished_once(store):
    await store.run(lambda unit: enqueue(unit, 1))
    assert await store.run(lambda unit: unit.finish("command-1")) is True
    assert await store.run(lambda unit: unit.finish("command-1")) is False


async def test_counter_counts_without_gap_inside_and_across_transactions(store):
    assert await store.run(lambda unit: [unit.count("day"), unit.count("day")]) == [1, 2]
    assert await store.run(lambda unit: unit.count("day")) == 3
    assert await store.run(lambda unit: unit.count("other")) == 1


def test_migrations_make_exactly_the_tables_of_the_model(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path / 'x.db'}")
    migrate(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        differences = compare_metadata(context, SQLModel.metadata)
    engine.dispose()
    ours = [each for each in differences if "hub_" in str(each)]
    assert ours == []


def test_migrating_twice_changes_nothing(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path / 'x.db'}")
    migrate(engine)
    migrate(engine)
    engine.dispose()
