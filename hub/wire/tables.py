"""Exchange tables in a shared database, on SQLite or PostgreSQL: an exchange is a transaction, in doubt at its commit.

What a transaction did before its commit is undone by the database itself when the connection is lost, so nothing
counts as sent until the commit begins. From there on, and until the database has answered, it is in doubt. The SQL is
made here, of names and values; no text of it comes from outside.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from decimal import Decimal
from functools import partial
from typing import Any

from sqlalchemy import (
    ColumnClause,
    Connection,
    Engine,
    Executable,
    NullPool,
    Numeric,
    cast,
    column,
    create_engine,
    event,
    insert,
    literal,
    make_url,
    select,
    table,
    text,
    update,
)
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from hub.errors import EncodeError, Fault, SettingsError
from hub.wire.exchange import (
    Cell,
    Exchanged,
    Insert,
    Limits,
    Match,
    Phase,
    Select,
    TableResponse,
    TableWork,
    Update,
    WireRequest,
)

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")
_DUPLICATE = "23505"
_SQLITE_KEYS = frozenset({sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_UNIQUE})
# What a peer that fell silent costs at most: without these a thread waits for as long as the kernel likes.
_POSTGRESQL = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 15_000}


class TablesTransport:
    """One account of a shared database. Each exchange has a connection to itself; `connections` of them at a time."""

    def __init__(self, url: str, *, connections: int = 1) -> None:
        """Prepare; nothing is connected yet. Raises SettingsError when the URL cannot be used here."""
        self._engine = _engine(url)
        self._threads = ThreadPoolExecutor(connections, thread_name_prefix="hub-tables")

    async def exchange(self, request: WireRequest, limits: Limits) -> Exchanged:
        """Carry out the steps in one transaction; what the database or the network does comes back as phase."""
        if not isinstance(request, TableWork):
            raise EncodeError("request", f"tables cannot carry a {type(request).__name__}")
        statements = [_statement(step) for step in request.steps]
        clock = asyncio.get_running_loop().time
        start, step = clock(), _Step()
        work = self._threads.submit(partial(_transact, self._engine, request, statements, limits, step))
        try:
            async with asyncio.timeout(limits.total):
                response = await asyncio.shield(_awaitable(work))
        except TimeoutError:
            return Exchanged(step.give_up(), failure="deadline", seconds=clock() - start)
        except _FailedError as error:
            return Exchanged(step.phase, failure=error.word, seconds=clock() - start)
        except asyncio.CancelledError:
            step.give_up()
            raise
        return Exchanged(Phase.RECEIVED, response, seconds=clock() - start)

    async def aclose(self) -> None:
        """Take no more work; what is under way ends by itself."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._engine.dispose()


class _FailedError(Exception):
    """Carries the log word of a failure out of the thread."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


class _Step:
    """How far the exchange got. Who waits for it may give up; the thread then does not begin to commit."""

    def __init__(self) -> None:
        self.phase = Phase.PREPARED
        self._given_up = False
        self._lock = threading.Lock()

    def go_on(self, phase: Phase) -> None:
        with self._lock:
            if self._given_up:
                raise _FailedError("deadline")
            self.phase = phase

    def undone(self) -> None:
        """The database itself says that the commit did not take place."""
        with self._lock:
            if not self._given_up:
                self.phase = Phase.CONNECT

    def give_up(self) -> Phase:
        with self._lock:
            self._given_up = True
            return self.phase


def _transact(
    engine: Engine, request: TableWork, statements: list[Executable], limits: Limits, step: _Step
) -> TableResponse:
    """Run the steps of one transaction, in a thread."""
    step.go_on(Phase.CONNECT)
    changes = not all(isinstance(each, Select) for each in request.steps)
    try:
        with engine.connect() as connection:
            _begin(connection, limits, changes=changes)
            try:
                results = tuple(_run(connection, statement) for statement in statements)
            except DBAPIError as error:
                with suppress(SQLAlchemyError):
                    connection.rollback()
                return _refusal(error)
            if changes:
                _commit(connection, step)
            return TableResponse(results)
    except SQLAlchemyError as error:
        raise _FailedError(_word(error)) from None


def _begin(connection: Connection, limits: Limits, *, changes: bool) -> None:
    milliseconds = int(limits.read * 1000)
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {milliseconds}")
        # A deferred transaction that starts with a read cannot become a writer while another process writes.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if changes else "BEGIN")
        return
    connection.execute(text(f"SET LOCAL statement_timeout = {2 * milliseconds}"))
    connection.execute(text(f"SET LOCAL lock_timeout = {milliseconds}"))


def _run(connection: Connection, statement: Executable) -> tuple[dict[str, Any], ...] | int:
    result = connection.execute(statement, execution_options={"preserve_rowcount": True})
    if result.returns_rows:
        return tuple(dict(row) for row in result.mappings())
    return result.rowcount


def _commit(connection: Connection, step: _Step) -> None:
    step.go_on(Phase.SENT)
    try:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("COMMIT")
        else:
            connection.commit()
    except DBAPIError:
        driver = connection.connection.dbapi_connection
        if isinstance(driver, sqlite3.Connection) and driver.in_transaction:
            # A reader held SQLite up: the transaction still stands open, and closing it undoes it.
            driver.rollback()
            step.undone()
        raise


def _statement(step: Insert | Update | Select) -> Executable:
    match step:
        case Insert(name, values):
            return insert(_table(name, values)).values(_values(values))
        case Update(name, values, where):
            return update(_table(name, values, where)).values(_values(values)).where(*_conditions(where))
        case Select(name, columns, where, order, limit):
            chosen = [_column(each) for each in columns]
            found = select(*chosen).select_from(_table(name, columns)).where(*_conditions(where))
            return found.order_by(*(_column(each) for each in order)).limit(limit)


def _table(name: str, *columns: Any) -> Any:
    return table(_name(name), *(_column(each) for each in dict.fromkeys(one for some in columns for one in some)))


def _column(name: str) -> ColumnClause[Any]:
    return column(_name(name))


def _name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise EncodeError("request", "a table or column has no plain name")
    return name


def _values(values: Any) -> dict[str, Any]:
    # A decimal goes as text and becomes a number in the database: SQLite's driver would make a float of it.
    return {
        name: cast(literal(str(value)), Numeric) if isinstance(value, Decimal) else value
        for name, value in values.items()
    }


def _conditions(where: Match) -> list[Any]:
    return [_condition(_column(name), wanted) for name, wanted in where.items()]


def _condition(of: ColumnClause[Any], wanted: Cell | tuple[str, ...]) -> Any:
    return of.in_(wanted) if isinstance(wanted, tuple) else of == wanted


def _refusal(error: DBAPIError) -> TableResponse:
    """The answer of a database that turned a step down; anything else was no answer, and is raised again."""
    cause = error.orig
    state = getattr(cause, "sqlstate", None) or ""
    if state == _DUPLICATE or getattr(cause, "sqlite_errorcode", None) in _SQLITE_KEYS:
        return TableResponse(refused="duplicate")
    if state[:2] in {"22", "23"} or isinstance(cause, sqlite3.IntegrityError):
        return TableResponse(refused="value")
    raise error


def _word(error: SQLAlchemyError) -> str:
    cause = getattr(error, "orig", None)
    state = getattr(cause, "sqlstate", None) or ""
    if state[:2] == "28" or state == "42501" or getattr(cause, "sqlite_errorcode", 0) == sqlite3.SQLITE_READONLY:
        return "login"
    if state == "55P03" or getattr(cause, "sqlite_errorcode", 0) & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return "locked"
    # A refused login comes without a code. This is a word for logs and alarms: either way nothing was sent.
    if any(told in str(cause) for told in ("authentication failed", "does not exist")):
        return "login"
    return "statement" if state else "cut"


def _engine(url: str) -> Engine:
    # The URL may hold a password, and a library's error the URL: neither is repeated.
    try:
        parsed = make_url(url)
        name = parsed.get_backend_name()
        if name == "postgresql":
            arguments = {"connect_timeout": 5, **_POSTGRESQL}
            parsed = parsed.set(drivername="postgresql+psycopg")
            return create_engine(parsed, poolclass=NullPool, hide_parameters=True, connect_args=arguments)
        if name == "sqlite" and parsed.database:
            # A database that is not there is a failure, not a reason to make an empty one.
            file = f"file:{parsed.database}"
            parsed = parsed.set(drivername="sqlite+pysqlite", database=file, query={"mode": "rw", "uri": "true"})
            engine = create_engine(parsed, poolclass=NullPool, hide_parameters=True)
            event.listen(engine, "connect", _by_hand)
            return engine
    except (ArgumentError, ImportError) as error:
        raise SettingsError(
            Fault("database_url", "VAL_FORMAT", f"it cannot be used ({type(error).__name__})")
        ) from None
    raise SettingsError(Fault("database_url", "VAL_FORMAT", "a file on SQLite or a PostgreSQL server is wanted"))


def _by_hand(connection: Any, _record: Any) -> None:
    # The driver must not begin and end transactions by itself: see _begin and _commit.
    connection.isolation_level = None


def _awaitable(work: Future[TableResponse]) -> asyncio.Future[TableResponse]:
    future = asyncio.wrap_future(work)
    # Whoever gave up does not read the end any more; it must not be reported as a forgotten exception.
    future.add_done_callback(lambda done: done.cancelled() or done.exception())
    return future
