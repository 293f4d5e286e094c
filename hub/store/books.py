"""The part of a unit of work that concerns money and its reconciliation."""

from __future__ import annotations

from datetime import date, datetime

from sqlmodel import Session, col, select

from hub.domain.reconciliation import OwnEntry, ReconciliationRun
from hub.store.tables import ReconciliationRow


class Books:
    """What the hub did with money, and what the utilities say of it."""

    _session: Session

    def money_of(
        self,
        endpoint: str,  # noqa: ARG002 the hub takes no payments yet: there is nothing to select by it
        since: datetime,  # noqa: ARG002 as above
        until: datetime,  # noqa: ARG002 as above
    ) -> list[OwnEntry]:
        """Payments and reversals at an endpoint from `since` up to `until`."""
        return []

    def save_run(self, run: ReconciliationRun) -> None:
        """Keep the comparison of a day; one without a file never takes the place of one with a file."""
        row = self._session.get(ReconciliationRow, (run.endpoint, run.day))
        if row is not None and run.error is not None and (row.value or {}).get("error") is None:
            return
        row = row or ReconciliationRow(
            endpoint=run.endpoint, day=run.day, compared_at=run.compared_at, agrees=run.agrees
        )
        row.compared_at, row.agrees, row.value = run.compared_at, run.agrees, run.model_dump(mode="json")
        self._session.add(row)

    def runs(self, day: date, endpoint: str | None = None) -> list[ReconciliationRun]:
        """The comparisons of a day, by endpoint."""
        query = select(ReconciliationRow).where(ReconciliationRow.day == day).order_by(col(ReconciliationRow.endpoint))
        rows = self._session.exec(query)
        return [ReconciliationRun.model_validate(row.value) for row in rows if endpoint in {None, row.endpoint}]
