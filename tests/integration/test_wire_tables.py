"""The tables transport on real databases: one transaction, exact phases, no effect that was not reported."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from decimal import Decimal

import pytest
from sqlalchemy import NullPool, create_engine, make_url, text

from hub.clock import WallClock
from hub.errors import EncodeError, SettingsError
from hub.wire.exchange import FileGet, Insert, Limits, Phase, Select, TableWork, Update
from hub.wire.tables import TablesTransport
from simulators.kit.faults import Faults
from simulators.realty.front import Front
from tests import postgres

LIMITS = Limits(connect=1, read=0.3, total=2)
SCHEMA = 'CREATE TABLE "QZ_SQ" ("BSM" CHAR(8) PRIMARY KEY, "MC" VARCHAR(20), "QDJG" NUMERIC(15, 6), "JHBZ" CHAR(1))'
READ = Select("QZ_SQ", ("BSM", "MC", "QDJG", "JHBZ"), order=("BSM",))


def row(key="K0000001", name="王秀兰", price=None, flag="0"):
    return Insert("QZ_SQ", {"BSM": key, "MC": name, "QDJG": price, "JHBZ": flag})


class Place:
    """One database with the table, its own way in for the test, and the transport."""

    def __init__(self, url, admin) -> None:
        self.url = url
        self.engine = create_engine(admin, poolclass=NullPool)
        self.transport = TablesTransport(url, connections=4)

    async def run(self, *steps, limits=LIMITS):
        return await self.transport.exchange(TableWork(steps), limits)

    def names(self):
        with self.engine.connect() as connection:
            return [one for (one,) in connection.execute(text('SELECT "MC" FROM "QZ_SQ" ORDER BY "BSM"'))]


@pytest.fixture(params=["sqlite", "postgresql"])
async def place(request, tmp_path):
    if request.param == "sqlite":
        url = admin = f"sqlite:///{tmp_path}/front.db"
    else:
        server = make_url(postgres.address()).set(drivername="postgresql+psycopg")
        name = f"tables_{uuid.uuid4().hex[:10]}"
        with create_engine(server, poolclass=NullPool, isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text(f'CREATE DATABASE "{name}"'))
        admin = server.set(database=name)
        url = admin.render_as_string(hide_password=False).replace("+psycopg", "")
    with create_engine(admin, poolclass=NullPool).begin() as connection:
        connection.execute(text(SCHEMA))
    made = Place(url, admin)
    yield made
    await made.transport.aclose()


async def test_rows_are_written_read_and_changed(place):
    written = await place.run(row(), row("K0000002", "𠅤·O'Brien\";--", Decimal("128.500001")))
    assert (written.phase, written.response.results) == (Phase.RECEIVED, (1, 1))
    claim = Update("QZ_SQ", {"JHBZ": "1"}, {"BSM": "K0000002", "JHBZ": "0"})
    answered = await place.run(claim, claim, READ)
    assert answered.response.results[:2] == (1, 0)
    first, second = answered.response.results[2]
    assert (second["MC"], Decimal(str(second["QDJG"])), second["JHBZ"]) == (
        "𠅤·O'Brien\";--",
        Decimal("128.500001"),
        "1",
    )
    assert (first["QDJG"], first["JHBZ"]) == (None, "0")
    one_of = Select("QZ_SQ", ("BSM",), {"BSM": ("K0000001", "K9")}, limit=5)
    assert len((await place.run(one_of)).response.results[0]) == 1


async def test_row_whose_key_is_there_is_answered_and_nothing_of_the_work_is_done(place):
    await place.run(row())
    again = await place.run(row("K0000002"), row())
    assert (again.phase, again.response.refused, again.response.results) == (Phase.RECEIVED, "duplicate", ())
    assert len(place.names()) == 1


async def test_claim_is_won_by_exactly_one_of_many(place):
    await place.run(row())
    claim = Update("QZ_SQ", {"JHBZ": "1"}, {"BSM": "K0000001", "JHBZ": "0"})
    ended = await asyncio.gather(*(place.run(claim, limits=Limits(read=5, total=10)) for _ in range(8)))
    assert sorted(each.response.results[0] for each in ended) == [0] * 7 + [1]


async def test_statement_that_fails_is_provably_without_effect(place):
    ended = await place.run(row(), Update("QZ_NONE", {"A": "1"}, {"A": "1"}))
    assert (ended.phase.provably_not_sent, ended.response) == (True, None)
    assert place.names() == []


async def test_locked_table_is_not_sent_and_nothing_comes_later(place):
    with locked(place):
        ended = await place.run(row())
        assert (ended.phase, ended.failure) == (Phase.CONNECT, "locked")
    assert place.names() == []
    assert (await place.run(row())).phase is Phase.RECEIVED


async def test_deadline_before_the_commit_is_not_sent_and_the_thread_does_not_commit_afterwards(place):
    with locked(place):
        ended = await place.run(row(), limits=Limits(read=1.5, total=0.2))
        assert (ended.phase, ended.failure) == (Phase.CONNECT, "deadline")
    # The thread gets the lock now; it finds that nobody waits for it.
    after = await place.run(row("K0000002", "后来"), limits=Limits(read=5, total=10))
    assert after.phase is Phase.RECEIVED
    await asyncio.to_thread(place.transport._threads.shutdown)
    assert place.names() == ["后来"]


async def test_cancelled_wait_does_not_commit_afterwards(place):
    with locked(place):
        task = asyncio.create_task(place.run(row(), limits=Limits(read=1.5, total=5)))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await asyncio.to_thread(place.transport._threads.shutdown)
    assert place.names() == []


async def test_names_are_plain_or_refused(place):
    for step in (
        Insert('QZ_SQ" (x) --', {"BSM": "1"}),
        Update("QZ_SQ", {'JHBZ" = 1; --': "1"}, {"BSM": "1"}),
        Select("QZ_SQ", ("BSM",), {"1=1 OR BSM": "1"}),
        Select("QZ_SQ", ("BSM",), order=("BSM; DROP TABLE",)),
    ):
        with pytest.raises(EncodeError):
            await place.run(step)


async def test_it_carries_table_work_only(place):
    with pytest.raises(EncodeError):
        await place.transport.exchange(FileGet("x"), LIMITS)


@contextlib.contextmanager
def locked(place):
    """Somebody else holds the table."""
    with place.engine.connect() as connection:
        if place.engine.dialect.name == "sqlite":
            connection.connection.dbapi_connection.isolation_level = None
            connection.exec_driver_sql("BEGIN EXCLUSIVE")
        else:
            connection.execute(text('LOCK TABLE "QZ_SQ" IN ACCESS EXCLUSIVE MODE'))
        yield
        connection.rollback()


# SQLite


async def test_reader_that_holds_up_the_commit_leaves_nothing_done(tmp_path):
    url = f"sqlite:///{tmp_path}/front.db"
    with create_engine(url, poolclass=NullPool).begin() as connection:
        connection.execute(text(SCHEMA))
    place = Place(url, url)
    await place.run(row())
    with place.engine.connect() as reader:
        reader.connection.dbapi_connection.isolation_level = None
        reader.exec_driver_sql("BEGIN")
        assert reader.execute(text('SELECT "BSM" FROM "QZ_SQ"')).first()
        ended = await place.run(row("K0000002"))
        # The commit was begun, and the database says that it did not take place.
        assert (ended.phase, ended.failure) == (Phase.CONNECT, "locked")
    assert len(place.names()) == 1
    await place.transport.aclose()


async def test_database_file_that_is_away_is_not_sent_and_not_made(tmp_path):
    transport = TablesTransport(f"sqlite:///{tmp_path}/away.db")
    ended = await transport.exchange(TableWork((row(),)), LIMITS)
    assert (ended.phase.provably_not_sent, ended.response) == (True, None)
    assert not (tmp_path / "away.db").exists()
    await transport.aclose()


async def test_file_that_is_no_database_is_not_sent(tmp_path):
    (tmp_path / "front.db").write_bytes(b"<html>" * 200)
    transport = TablesTransport(f"sqlite:///{tmp_path}/front.db")
    assert (await transport.exchange(TableWork((row(),)), LIMITS)).phase.provably_not_sent
    await transport.aclose()


# PostgreSQL


@pytest.fixture
async def cut(tmp_path):
    """A PostgreSQL behind a port that breaks off when told to."""
    server = make_url(postgres.address()).set(drivername="postgresql+psycopg")
    name = f"tables_{uuid.uuid4().hex[:10]}"
    with create_engine(server, poolclass=NullPool, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    admin = server.set(database=name)
    with create_engine(admin, poolclass=NullPool).begin() as connection:
        connection.execute(text(SCHEMA))
    faults = Faults(frozenset({"QZ_SQ"}))
    socket = f"{server.query['host']}/.s.PGSQL.5432"
    front = Front(socket, faults, WallClock(), ("127.0.0.1", 0), lambda *_: None)
    await front.start()
    url = f"postgresql://{server.username}@127.0.0.1:{front.port}/{name}?sslmode=disable&gssencmode=disable"
    place = Place(url, admin)
    place.faults = faults
    yield place
    await place.transport.aclose()
    await front.stop()


@pytest.mark.parametrize(
    ("kind", "done"),
    [("before-commit", 0), ("after-commit", 1), ("half-body", 1), ("half-status", 1), ("garbage", 1)],
)
async def test_connection_lost_at_the_commit_is_a_doubt(cut, kind, done):
    cut.faults.arm(kind)
    ended = await cut.run(row())
    assert (ended.phase, ended.response, ended.failure) == (Phase.SENT, None, "cut")
    assert len(cut.names()) == done
    assert len((await cut.run(READ)).response.results[0]) == done


async def test_port_that_is_closed_is_not_sent(cut):
    cut.faults.arm("down")
    ended = await cut.run(row())
    assert (ended.phase.provably_not_sent, ended.response) == (True, None)


async def test_port_that_takes_and_never_serves_is_not_sent(cut):
    cut.faults.arm("connect-hang")
    ended = await cut.run(row(), limits=Limits(read=0.3, total=0.5))
    assert (ended.phase, ended.failure) == (Phase.CONNECT, "deadline")
    assert cut.names() == []


async def test_value_that_the_database_cannot_hold_is_answered(cut):
    ended = await cut.run(row(name="王" * 21))
    assert (ended.phase, ended.response.refused) == (Phase.RECEIVED, "value")
    assert cut.names() == []


async def test_account_that_does_not_exist_is_a_refused_login():
    url = make_url(postgres.address()).set(username="nobody").render_as_string(hide_password=False)
    transport = TablesTransport(url)
    ended = await transport.exchange(TableWork((row(),)), LIMITS)
    assert (ended.phase, ended.failure) == (Phase.CONNECT, "login")
    await transport.aclose()


@pytest.mark.parametrize("url", ["no url", "mysql://user:SECRET@host/db", "sqlite://", "oracle+x://a"])
def test_address_that_cannot_be_used_is_refused_without_being_repeated(url):
    with pytest.raises(SettingsError) as refused:
        TablesTransport(url)
    assert "SECRET" not in str(refused.value)
