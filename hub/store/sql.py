"""The store on SQLite or PostgreSQL: plain transactions in a thread of their own, one schema, alembic migrations."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlmodel import Session

from hub.errors import TryLater
from hub.store.seal import Vault
from hub.store.unit import UnitOfWork

T = TypeVar("T")
_TRIES = 20
_COLLISIONS = frozenset({"40001", "40P01", "23505"})  # serialization, deadlock, the same row made by two


class SqlStore:
    """A database by URL (`sqlite:///path`, `postgresql+psycopg://…`).

    SQLite has one writer, so one thread does all its work; PostgreSQL gets several.
    """

    def __init__(self, url: str, vault: Vault, *, threads: int = 4) -> None:
        self._sqlite = url.startswith("sqlite")
        # Decisions are read, made and written in one transaction: two of them must be as if one came after the other.
        options = {} if self._sqlite else {"pool_pre_ping": True, "isolation_level": "SERIALIZABLE"}
        self._engine = create_engine(url, **options)
        if self._sqlite:
            event.listen(self._engine, "connect", _prepare_sqlite)
            event.listen(self._engine, "begin", _begin_immediate)
        self._vault = vault
        self._threads = ThreadPoolExecutor(1 if self._sqlite else threads, thread_name_prefix="hub-store")

    async def run(self, work: Callable[[UnitOfWork], T]) -> T:
        """Run `work` in one transaction. Raises TryLater when the database is locked, full or away."""
        future = asyncio.get_running_loop().run_in_executor(self._threads, self._transact, work)
        # A transaction that began is always ended: a cancelled caller must not leave it half known.
        return await asyncio.shield(future)

    async def migrate(self) -> None:
        """Bring the schema to this version. Raises TryLater when the database is away."""
        try:
            await asyncio.get_running_loop().run_in_executor(self._threads, migrate, self._engine)
        except OperationalError as error:
            raise TryLater(f"the database cannot be opened now ({type(error.orig).__name__})") from None

    async def aclose(self) -> None:
        await asyncio.to_thread(self._threads.shutdown)
        self._engine.dispose()

    def _transact(self, work: Callable[[UnitOfWork], T]) -> T:
        """Run `work`, again from the beginning when a transaction beside it came first."""
        for left in reversed(range(_TRIES)):
            try:
                with Session(self._engine, expire_on_commit=False) as session, session.begin():
                    return work(UnitOfWork(session, self._vault))
            except (OperationalError, IntegrityError) as error:
                collided = getattr(error.orig, "sqlstate", None) in _COLLISIONS
                if collided and left:
                    continue
                if isinstance(error, IntegrityError) and not collided:
                    raise
                raise TryLater(f"the database cannot take it now ({type(error.orig).__name__})") from None
        raise AssertionError  # the last try returns or raises


def migrate(engine: Engine) -> None:
    """Run the alembic migrations that ship with the hub."""
    config = Config()
    config.set_main_option("script_location", str(resources.files("hub.store") / "migrations"))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver must not begin by itself: see _begin_immediate.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: Any) -> None:
    # A deferred transaction that starts with a read cannot become a writer while another process writes.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
