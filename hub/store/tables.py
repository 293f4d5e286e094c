"""The tables. Whatever may hold personal data is a sealed text; the rest is codes, numbers and times."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, Column, DateTime, Index, Text, TypeDecorator
from sqlalchemy.engine import Dialect
from sqlmodel import Field, SQLModel


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC in Python, naive UTC in the database, the same on SQLite and PostgreSQL."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 -- SQLAlchemy's form
        return value.astimezone(UTC).replace(tzinfo=None) if value is not None else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 -- SQLAlchemy's form
        return value.replace(tzinfo=UTC) if value is not None else None


def _time(*, nullable: bool = False, index: bool = False) -> Any:
    return Field(default=None, sa_column=Column(UtcDateTime, nullable=nullable, index=index))


def _text(*, nullable: bool = False) -> Any:
    return Field(default=None, sa_column=Column(Text, nullable=nullable))


def _json() -> Any:
    return Field(default=None, sa_column=Column(JSON, nullable=True))


class CaseRow(SQLModel, table=True):
    """Case 办件."""

    __tablename__: ClassVar[Any] = "hub_case"
    number: str = Field(primary_key=True)
    request_id: str = Field(unique=True)
    digest: str
    state: str = Field(index=True)
    outcome: str | None = None
    division: str
    submitted_at: datetime = _time()
    due_at: datetime | None = _time(nullable=True)
    applicant_index: str = Field(index=True)
    wrapped_key: str
    application: str = _text()


class TaskRow(SQLModel, table=True):
    """Task 子办件. `value` is the Task itself; the columns beside it are what queries need."""

    __tablename__: ClassVar[Any] = "hub_task"
    number: str = Field(primary_key=True)
    case_number: str = Field(index=True)
    endpoint: str
    state: str
    batch_type: str | None = None
    batch_id: str | None = Field(default=None, index=True)
    serial: str = Field(index=True)
    provider_ref: str | None = Field(default=None, index=True)
    attempts: int = 0
    failures: int = 0
    doubt_until: datetime | None = _time(nullable=True)
    cancel_asked: bool = False
    ready_at: datetime = _time()
    version: int = 0
    order: str = _text()
    value: str = _text()

    __table_args__ = (Index("hub_task_batch", "endpoint", "batch_type", "state"),)


class CommandRow(SQLModel, table=True):
    """A command to be sent, or claimed. Finished commands are kept until their case is archived: ids never repeat."""

    __tablename__: ClassVar[Any] = "hub_command"
    id: str = Field(primary_key=True)
    endpoint: str
    kind: str
    operation: str
    task: str | None = Field(default=None, index=True)
    batch_id: str | None = None
    attempt: int = 1
    state: str = "waiting"
    not_before: datetime = _time()
    owner: str | None = None
    claimed_until: datetime | None = _time(nullable=True)
    deliveries: int = 0
    body: dict[str, Any] | None = _json()

    __table_args__ = (Index("hub_command_due", "state", "endpoint", "not_before"),)


class EventRow(SQLModel, table=True):
    """Task event 办理过程, append only."""

    __tablename__: ClassVar[Any] = "hub_event"
    seq: int | None = Field(default=None, primary_key=True)
    id: str = Field(unique=True)
    case_number: str = Field(index=True)
    task: str = Field(index=True)
    received_at: datetime = _time()
    value: str = _text()


class ExchangeRow(SQLModel, table=True):
    """Exchange 报文, sealed."""

    __tablename__: ClassVar[Any] = "hub_exchange"
    seq: int | None = Field(default=None, primary_key=True)
    command: str = Field(index=True)
    task: str | None = Field(default=None, index=True)
    endpoint: str
    message: str
    phase: str
    failure: str | None = None
    status: int | None = None
    started_at: datetime = _time()
    seconds: float = 0.0
    wrapped_key: str
    sealed: str = _text()


class BatchRow(SQLModel, table=True):
    """A closed batch: which orders, in which order, under which name. Never changes once written."""

    __tablename__: ClassVar[Any] = "hub_batch"
    id: str = Field(primary_key=True)
    endpoint: str = Field(index=True)
    type: str
    day: date
    seq: int
    sent: int = 0
    tasks: list[str] | None = _json()
    closed_at: datetime = _time()


class FileRow(SQLModel, table=True):
    """A collected file; the same name is read once."""

    __tablename__: ClassVar[Any] = "hub_file"
    endpoint: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    digest: str
    collected_at: datetime = _time()
    unmatched: list[str] | None = _json()


class CallbackRow(SQLModel, table=True):
    """A callback as received. An early one waits here until its order is known."""

    __tablename__: ClassVar[Any] = "hub_callback"
    id: str = Field(primary_key=True)
    endpoint: str
    serial: str | None = Field(default=None, index=True)
    provider_ref: str | None = Field(default=None, index=True)
    received_at: datetime = _time()
    task: str | None = None
    outcome: str = _text()


class PaymentRow(SQLModel, table=True):
    """Payment 缴费. `value` is the Payment, sealed; `place` a keyed digest of whose debt it is.

    `at` is when it was last sent, `done_at` when the utility booked it, `since` from when on tries are counted.
    """

    __tablename__: ClassVar[Any] = "hub_payment"
    number: str = Field(primary_key=True)
    case_number: str = Field(index=True)
    task: str = Field(index=True)
    endpoint: str
    place: str = Field(index=True)
    reference: str | None = Field(default=None, index=True)
    state: str
    amount_fen: int = Field(sa_column=Column(BigInteger, nullable=False))
    serial: str = Field(index=True)
    attempts: int = 0
    failures: int = 0
    created_at: datetime = _time()
    since: datetime = _time()
    at: datetime | None = _time(nullable=True)
    done_at: datetime | None = _time(nullable=True)
    reversed_at: datetime | None = _time(nullable=True)
    doubt_until: datetime | None = _time(nullable=True)
    value: str = _text()

    __table_args__ = (Index("hub_payment_day", "endpoint", "at"),)


class ReconciliationRow(SQLModel, table=True):
    """Reconciliation run 对账: numbers and amounts, no names. The latest comparison of a day stands."""

    __tablename__: ClassVar[Any] = "hub_reconciliation"
    endpoint: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    compared_at: datetime = _time()
    agrees: bool
    value: dict[str, Any] | None = _json()


class IssueRow(SQLModel, table=True):
    """A joint receipt 统一回执 as issued, sealed under its case's key; `file` is its PDF in the evidence store."""

    __tablename__: ClassVar[Any] = "hub_issue"
    case_number: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    issued_at: datetime = _time()
    stage: str
    code: str
    file: str
    size: int
    value: str = _text()


class DeliveryRow(SQLModel, table=True):
    """One handing out of a receipt 发证, and the tasks whose results the citizen has with it."""

    __tablename__: ClassVar[Any] = "hub_delivery"
    id: int | None = Field(default=None, primary_key=True)
    case_number: str = Field(index=True)
    seq: int
    delivered_at: datetime = _time()
    method: str
    tasks: list[str] | None = _json()
    value: str = _text()


class AssertionRow(SQLModel, table=True):
    """Identity assertion 核验凭据: a keyed digest says of whom; no name, no number, no photo."""

    __tablename__: ClassVar[Any] = "hub_assertion"
    id: str = Field(primary_key=True)
    case_number: str = Field(unique=True)
    subject: str = Field(index=True)
    expires_at: datetime = _time()
    value: dict[str, Any] | None = _json()


class CounterRow(SQLModel, table=True):
    """Gap-tolerant counters: case numbers of a day, batch sequence numbers."""

    __tablename__: ClassVar[Any] = "hub_counter"
    name: str = Field(primary_key=True)
    value: int = 0
