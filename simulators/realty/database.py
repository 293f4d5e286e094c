"""The neutral database of the exchange: a file on SQLite, or a database and an account of its own on PostgreSQL."""

from __future__ import annotations

import sqlite3
import tempfile
import uuid
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import NullPool, create_engine, event, make_url, text
from sqlalchemy.exc import OperationalError

from simulators.realty.schema import METADATA, RIGHTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

ACCOUNT, PASSWORD = "hub_front", "TEST-REALTY"
_BUSY_MILLISECONDS = 5000


class Database:
    """The exchange tables and the exchange disk. `admin_url` names a PostgreSQL server; without one it is SQLite."""

    def __init__(self, admin_url: str = "") -> None:
        self._admin_url = admin_url
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self.disk = self.path = Path()
        self.name = f"realty_{uuid.uuid4().hex[:12]}"
        self._engine: Engine | None = None
        self._lock: Connection | None = None

    @property
    def on_server(self) -> bool:
        return bool(self._admin_url)

    @property
    def socket(self) -> str:
        """The server's own address: a Unix socket or host:port, for the port in front of it."""
        url = make_url(self._admin_url)
        folder = str(url.query.get("host", ""))
        return f"{folder}/.s.PGSQL.{url.port or 5432}" if folder.startswith("/") else f"{url.host}:{url.port or 5432}"

    def url(self, host: str, port: int) -> str:
        """What the hub connects to."""
        if not self.on_server:
            return f"sqlite:///{self.path}"
        options = "sslmode=disable&gssencmode=disable"
        return f"postgresql://{ACCOUNT}:{PASSWORD}@{host}:{port}/{self.name}?{options}"

    def open(self) -> None:
        """Make the empty tables, once."""
        if self._engine is None:
            self._folder = tempfile.TemporaryDirectory(prefix="realty-", ignore_cleanup_errors=True)
            self.path = Path(self._folder.name) / "front.db"
            self.disk = Path(self._folder.name) / "disk"
            self.disk.mkdir()
            self._engine = self._server() if self.on_server else self._file()
            METADATA.create_all(self._engine)
            if self.on_server:
                self._grant()

    def close(self) -> None:
        self.unlock()
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None
            if self.on_server:
                with suppress(OperationalError), self._admin().connect() as connection:
                    connection.execute(text(f'DROP DATABASE "{self.name}" WITH (FORCE)'))
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        assert self._engine is not None  # noqa: S101 -- open() comes first
        with self._engine.begin() as connection:
            yield connection

    def clear(self) -> None:
        with self.transaction() as connection:
            for each in METADATA.sorted_tables:
                connection.execute(each.delete())

    @property
    def locked(self) -> bool:
        return self._lock is not None

    def lock(self) -> None:
        """Hold everything locked, as a maintenance job would."""
        if self._lock is None and self._engine is not None:
            self._lock = self._engine.connect()
            if self.on_server:
                names = ", ".join(f'"{name}"' for name in RIGHTS)
                self._lock.execute(text(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE"))
            else:
                self._lock.exec_driver_sql("COMMIT")
                self._lock.exec_driver_sql("BEGIN EXCLUSIVE")

    def unlock(self) -> None:
        if self._lock is not None:
            self._lock.rollback()
            self._lock.close()
            self._lock = None

    def hide(self, *, away: bool) -> None:
        """Take the database file away, or put it back: the share is not mounted."""
        if self._engine is None or self.on_server:
            return
        elsewhere = self.path.with_suffix(".away")
        if away and self.path.exists():
            self.path.rename(elsewhere)
        elif not away and elsewhere.exists():
            elsewhere.rename(self.path)

    @property
    def hidden(self) -> bool:
        return not self.on_server and not self.path.exists()

    def _file(self) -> Engine:
        engine = create_engine(f"sqlite:///{self.path}", poolclass=NullPool)
        event.listen(engine, "connect", _by_hand)
        event.listen(engine, "begin", _begin)
        return engine

    def _server(self) -> Engine:
        with self._admin().connect() as connection:
            connection.execute(text(f'CREATE DATABASE "{self.name}"'))
            known = connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :name"), {"name": ACCOUNT})
            if known.first() is None:
                connection.execute(text(f"CREATE ROLE {ACCOUNT} LOGIN PASSWORD '{PASSWORD}'"))
        return create_engine(self._address().set(database=self.name), poolclass=NullPool)

    def _admin(self) -> Engine:
        return create_engine(self._address(), poolclass=NullPool, isolation_level="AUTOCOMMIT")

    def _address(self) -> Any:
        return make_url(self._admin_url).set(drivername="postgresql+psycopg")

    def _grant(self) -> None:
        with self.transaction() as connection:
            for name, rights in RIGHTS.items():
                connection.execute(text(f'GRANT {rights} ON "{name}" TO {ACCOUNT}'))


def _by_hand(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}")
    connection.execute("PRAGMA synchronous = OFF")  # a simulated registry need not outlive a power cut


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
