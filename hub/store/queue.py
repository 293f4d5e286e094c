"""The queue of commands in the database: what is to be sent, when, and who has it now."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, update
from sqlmodel import Session, col, select

from hub.domain.work import CommandKind
from hub.store.tables import CommandRow


class Queue:
    """The part of a unit of work that concerns commands."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def enqueue(
        self,
        id: str,  # noqa: A002 -- the column's name
        kind: CommandKind,
        endpoint: str,
        operation: str,
        *,
        not_before: datetime,
        task: str | None = None,
        batch_id: str | None = None,
        attempt: int = 1,
        body: dict[str, Any] | None = None,
        doubt: bool = False,
    ) -> None:
        """Add a command to be sent. The same id again is the same command: nothing happens.

        In `doubt` it counts as delivered before: its worker asks what became of it instead of carrying it out.
        """
        if self._session.get(CommandRow, id) is None:
            row = CommandRow(
                id=id,
                kind=kind.value,
                endpoint=endpoint,
                operation=operation,
                task=task,
                batch_id=batch_id,
                attempt=attempt,
                not_before=not_before,
                body=body,
                deliveries=int(doubt),
            )
            self._session.add(row)

    def command(self, id: str) -> CommandRow | None:  # noqa: A002 -- the column's name
        return self._session.get(CommandRow, id)

    def has_open(self, task: str, kind: CommandKind, *, by: datetime | None = None) -> bool:
        """Whether a command of a kind waits for a task, to be sent `by` then if that is given, or is under way."""
        query = select(CommandRow.id).where(CommandRow.task == task, CommandRow.kind == kind.value)
        if by is not None:
            query = query.where(or_(col(CommandRow.state) == "claimed", col(CommandRow.not_before) <= by))
        return self._session.exec(query.where(CommandRow.state != "done").limit(1)).first() is not None

    def last_sent(self, task: str) -> datetime | None:
        """When the last command of a task, or of a payment, was due."""
        return self._session.exec(select(func.max(CommandRow.not_before)).where(CommandRow.task == task)).one()

    def due_endpoints(self, now: datetime) -> set[str]:
        """The endpoints that have a command to be sent now."""
        return set(self._session.exec(select(CommandRow.endpoint).where(*_due(now)).distinct()))

    def claim(self, endpoint: str, limit: int, now: datetime, owner: str, until: datetime) -> list[CommandRow]:
        """Take due commands of an endpoint, oldest first. A claim that ran out is due again."""
        query = (
            select(CommandRow)
            .where(CommandRow.endpoint == endpoint, *_due(now))
            .order_by(col(CommandRow.not_before), CommandRow.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        rows = list(self._session.exec(query))
        for row in rows:
            row.state, row.owner, row.claimed_until = "claimed", owner, until
            row.deliveries += 1
            self._session.add(row)
        return rows

    def hold(self, row: CommandRow, until: datetime) -> None:
        """Put a claimed command back until later; it was not delivered."""
        row.state, row.owner, row.not_before = "waiting", None, until
        row.deliveries -= 1
        self._session.add(row)

    def finish(self, id: str) -> bool:  # noqa: A002 -- the column's name
        """Mark a command done; False when it was done before (the result came twice)."""
        row = self._session.get(CommandRow, id)
        if row is None or row.state == "done":
            return False
        row.state = "done"
        self._session.add(row)
        return True

    def withdraw(self, task: str, kind: CommandKind | None = None) -> None:
        """Drop what waits to be sent for a task: everything, or what is of a kind."""
        query = update(CommandRow).where(col(CommandRow.task) == task, col(CommandRow.state) == "waiting")
        if kind is not None:
            query = query.where(col(CommandRow.kind) == kind.value)
        self._session.exec(query.values(state="done"))

    def release(self, owner: str) -> int:
        """Make every command that another owner claimed due again: after a crash of an embedded hub."""
        query = (
            update(CommandRow)
            .where(col(CommandRow.state) == "claimed", col(CommandRow.owner) != owner)
            .values(state="waiting", owner=None)
        )
        return int(self._session.exec(query).rowcount)

    def next_due(self) -> dict[str, datetime]:
        """When the first waiting command of each endpoint that has one is due."""
        query = select(CommandRow.endpoint, func.min(CommandRow.not_before)).where(CommandRow.state == "waiting")
        return dict(self._session.exec(query.group_by(CommandRow.endpoint)).all())


def _due(now: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    waiting = col(CommandRow.state) == "waiting"
    lapsed = (col(CommandRow.state) == "claimed") & (col(CommandRow.claimed_until) <= now)
    return or_(waiting, lapsed), col(CommandRow.not_before) <= now
