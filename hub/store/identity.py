"""The part of a unit of work that concerns identity checks."""

from __future__ import annotations

from sqlmodel import Session, select

from hub.domain.party import IdentityAssertion
from hub.store.tables import AssertionRow, CaseRow


class Assertions:
    """Identity checks as they were made. One is used when the case that it was made for is there."""

    _session: Session

    def insert_assertion(self, assertion: IdentityAssertion) -> None:
        row = AssertionRow(
            id=assertion.id,
            case_number=assertion.case_number or "",
            subject=assertion.subject,
            expires_at=assertion.expires_at,
            value=assertion.model_dump(mode="json"),
        )
        self._session.add(row)

    def assertion(self, id_: str) -> IdentityAssertion | None:
        row = self._session.get(AssertionRow, id_)
        return IdentityAssertion.model_validate(row.value) if row else None

    def is_filed(self, case_number: str) -> bool:
        """Whether there is a case under this number."""
        return self._session.exec(select(CaseRow.number).where(CaseRow.number == case_number)).first() is not None
