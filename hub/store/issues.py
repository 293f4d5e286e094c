"""The part of a unit of work that concerns joint receipts: what was issued, and how it was handed out."""

from __future__ import annotations

from sqlmodel import Session, col, select

from hub.domain.issue import Delivery, Issue
from hub.domain.receipt import Receipt
from hub.store.seal import Vault
from hub.store.tables import DeliveryRow, IssueRow


class Issues:
    """Receipts and deliveries of cases."""

    _session: Session
    _vault: Vault

    def _key(self, case_number: str) -> bytes:
        raise NotImplementedError

    def add_issue(self, issue: Issue) -> None:
        receipt = issue.receipt
        row = IssueRow(
            case_number=receipt.case_number,
            seq=receipt.seq,
            issued_at=receipt.issued_at,
            stage=receipt.stage,
            code=issue.code,
            file=issue.file,
            size=issue.size,
            value=self._vault.seal(self._key(receipt.case_number), receipt.model_dump(mode="json")),
        )
        self._session.add(row)

    def issues(self, case_number: str) -> list[Issue]:
        """The receipts of a case, oldest first, each with its deliveries. Raises NotFound where there is no case."""
        key = self._key(case_number)
        given: dict[int, list[Delivery]] = {}
        for seq, delivery in self.deliveries(case_number):
            given.setdefault(seq, []).append(delivery)
        query = select(IssueRow).where(IssueRow.case_number == case_number).order_by(col(IssueRow.seq))
        return [
            Issue(
                receipt=Receipt.model_validate(self._vault.open(key, row.value)),
                code=row.code,
                file=row.file,
                size=row.size,
                deliveries=tuple(given.get(row.seq, ())),
            )
            for row in self._session.exec(query)
        ]

    def add_delivery(self, case_number: str, seq: int, delivery: Delivery) -> None:
        row = DeliveryRow(
            case_number=case_number,
            seq=seq,
            delivered_at=delivery.delivered_at,
            method=delivery.method,
            tasks=list(delivery.tasks),
            value=self._vault.seal(self._key(case_number), delivery.model_dump(mode="json")),
        )
        self._session.add(row)

    def deliveries(self, case_number: str) -> list[tuple[int, Delivery]]:
        """(number of the receipt, how it was handed out), oldest first."""
        key = self._key(case_number)
        query = select(DeliveryRow).where(DeliveryRow.case_number == case_number).order_by(col(DeliveryRow.id))
        return [
            (row.seq, Delivery.model_validate(self._vault.open(key, row.value))) for row in self._session.exec(query)
        ]

    def handed_over(self, case_number: str) -> frozenset[str] | None:
        """The tasks whose results the applicant has; nothing if no final receipt was handed out."""
        same_case = col(IssueRow.case_number) == col(DeliveryRow.case_number)
        query = (
            select(DeliveryRow.tasks)
            .join(IssueRow, same_case & (col(IssueRow.seq) == col(DeliveryRow.seq)))
            .where(DeliveryRow.case_number == case_number, IssueRow.stage == "final")
        )
        rows = list(self._session.exec(query))
        return frozenset(task for tasks in rows for task in tasks or ()) if rows else None
