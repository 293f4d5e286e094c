"""One transaction of the store's kind: in a thread of its own, against SQLAlchemy's asyncio form on aiosqlite.

Method: the same transaction (5 inserts, a flush, 5 updates, one commit) is run N times either way, alternating over
ROUNDS fresh databases in a temporary folder, WAL, synchronous=FULL. Cost is CPU time of the process (all threads)
per transaction; the median of the rounds is printed, and the ratio. Needs `pip install aiosqlite greenlet`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import create_engine, event
from sqlmodel import Field, Session, SQLModel, col, select

N, ROUNDS = 300, 5


class Row(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    text: str = "x" * 40
    count: int = 0


def _pragmas(connection, _):
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


async def in_thread(path: str) -> float:
    engine = create_engine(f"sqlite:///{path}")
    event.listen(engine, "connect", _pragmas)
    SQLModel.metadata.create_all(engine)

    def transaction() -> None:
        with Session(engine, expire_on_commit=False) as session, session.begin():
            session.add_all(Row() for _ in range(5))
            session.flush()
            for row in session.exec(select(Row).order_by(col(Row.id).desc()).limit(5)):
                row.count += 1

    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1) as threads:
        start = time.process_time()
        for _ in range(N):
            await loop.run_in_executor(threads, transaction)
        return (time.process_time() - start) / N


async def on_aiosqlite(path: str) -> float:
    from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

    engine = create_async_engine(f"sqlite+aiosqlite:///{path}")
    event.listen(engine.sync_engine, "connect", _pragmas)
    async with engine.begin() as connection:
        await connection.run_sync(SQLModel.metadata.create_all)
    start = time.process_time()
    for _ in range(N):
        async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
            session.add_all(Row() for _ in range(5))
            await session.flush()
            for row in (await session.execute(select(Row).order_by(col(Row.id).desc()).limit(5))).scalars():
                row.count += 1
    spent = (time.process_time() - start) / N
    await engine.dispose()
    return spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    as_json = parser.parse_args().json
    try:
        import aiosqlite  # noqa: F401 -- only to say early what is missing
        import greenlet  # noqa: F401
    except ImportError:
        print("skipped: needs aiosqlite and greenlet")
        return
    figures: dict[str, list[float]] = {"thread": [], "aiosqlite": []}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(ROUNDS):
            figures["thread"].append(asyncio.run(in_thread(f"{folder}/a{number}.db")))
            figures["aiosqlite"].append(asyncio.run(on_aiosqlite(f"{folder}/b{number}.db")))
    median = {name: statistics.median(values) * 1e3 for name, values in figures.items()}
    result = {**{f"{name}_ms": round(value, 2) for name, value in median.items()}}
    result["ratio"] = round(median["aiosqlite"] / median["thread"], 2)
    print(json.dumps(result) if as_json else "\n".join(f"{name:14} {value}" for name, value in result.items()))


if __name__ == "__main__":
    main()
