"""The part of a unit of work that concerns money and its reconciliation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, select

from hub.domain import numbers
from hub.domain.charges import Charge
from hub.domain.payments import Payment, PaymentProof
from hub.domain.reconciliation import OwnEntry, ReconciliationRun
from hub.domain.states import PaymentState
from hub.errors import NotFound
from hub.store.entries import entries_of
from hub.store.seal import Vault
from hub.store.tables import PaymentRow, ReconciliationRow


@dataclass(slots=True)
class PaymentRecord:
    """A payment as stored: the value, and the row with the engine's bookkeeping. Save it after a change."""

    row: PaymentRow
    payment: Payment

    @property
    def charge(self) -> Charge:
        assert self.payment.charge is not None  # noqa: S101 -- every stored payment is for a charge
        return self.payment.charge

    def __repr__(self) -> str:
        return f"<PaymentRecord {self.row.number} {self.row.state}>"


class Books:
    """What the hub did with money, and what the utilities say of it."""

    _session: Session
    _vault: Vault
    _money: dict[str, PaymentRecord]

    def _key(self, case_number: str) -> bytes:
        raise NotImplementedError

    def insert_payment(
        self, number: str, case_number: str, charge: Charge, proof: PaymentProof | None, now: datetime
    ) -> PaymentRecord:
        """Note money that a payer has given for a charge; the utility knows nothing of it yet."""
        payment = Payment(
            id=number,
            bills=charge.debts,
            amount_fen=charge.amount_fen,
            state=PaymentState.PAID,
            charge=charge.with_(payment=number),
            proof=proof,
        )
        row = PaymentRow(
            number=number,
            case_number=case_number,
            task=charge.task,
            endpoint=charge.endpoint,
            place=self._place(charge),
            reference=proof.reference if proof else None,
            state=payment.state.value,
            amount_fen=payment.amount_fen,
            serial=numbers.serial20(number),
            created_at=now,
            since=now,
            value=self._vault.seal(self._key(case_number), payment.model_dump(mode="json")),
        )
        self._session.add(row)
        self._money[number] = PaymentRecord(row, payment)
        return self._money[number]

    def save_payment(self, record: PaymentRecord) -> None:
        """Write back a record whose payment or bookkeeping changed."""
        record.row.state = record.payment.state.value
        record.row.value = self._vault.seal(self._key(record.row.case_number), record.payment.model_dump(mode="json"))
        self._session.add(record.row)

    def payment(self, number: str) -> PaymentRecord:
        """Raises NotFound."""
        row = self._session.get(PaymentRow, number)
        if row is None:
            raise NotFound(f"there is no payment {number}")
        return self._payment(row)

    def payments(self, case_number: str) -> list[PaymentRecord]:
        """The payments of a case, in the order in which they were made."""
        return self._payments(col(PaymentRow.case_number) == case_number)

    def payments_of_task(self, task: str) -> list[PaymentRecord]:
        return self._payments(col(PaymentRow.task) == task)

    def payments_by(self, reference: str) -> list[PaymentRecord]:
        """The payments that a payment platform's number proves."""
        return self._payments(col(PaymentRow.reference) == reference)

    def payment_of(self, endpoint: str, serial: str) -> PaymentRecord | None:
        """The payment that an endpoint knows under one of our serials."""
        found = self._payments(and_(col(PaymentRow.endpoint) == endpoint, col(PaymentRow.serial) == serial))
        return found[0] if found else None

    def rivals(self, charge: Charge, *, beside: str = "") -> list[PaymentRecord]:
        """Payments of any case that settle, or would settle, a debt of this charge."""
        found = self._payments(and_(col(PaymentRow.place) == self._place(charge), col(PaymentRow.number) != beside))
        return [record for record in found if record.payment.bills & charge.debts]

    def money_of(self, endpoint: str, since: datetime, until: datetime) -> list[OwnEntry]:
        """Payments and reversals at an endpoint from `since` up to `until`."""
        moments = (col(PaymentRow.at), col(PaymentRow.reversed_at))
        in_time = or_(*(and_(each >= since, each < until) for each in moments))
        found = self._payments(and_(col(PaymentRow.endpoint) == endpoint, in_time))
        return [entry for entry in self._entries(found) if since <= entry.at < until]

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

    def _entries(self, records: list[PaymentRecord]) -> Iterator[OwnEntry]:
        for record in records:
            yield from entries_of(record.row, record.payment)

    def _payments(self, condition: ColumnElement[bool]) -> list[PaymentRecord]:
        query = select(PaymentRow).where(condition).order_by(col(PaymentRow.created_at), PaymentRow.number)
        return [self._payment(row) for row in self._session.exec(query)]

    def _payment(self, row: PaymentRow) -> PaymentRecord:
        if row.number not in self._money:
            value = self._vault.open(self._key(row.case_number), row.value)
            self._money[row.number] = PaymentRecord(row, Payment.model_validate(value))
        return self._money[row.number]

    def _place(self, charge: Charge) -> str:
        return self._vault.index(f"{charge.endpoint}|{charge.account_no}" if charge.account_no else charge.id)
