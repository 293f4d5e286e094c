"""One transaction: the named queries of the hub. Runs in the store's thread, never in the event loop."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from hub.domain.application import Application
from hub.domain.case import Case, Task, TaskEvent
from hub.domain.order import ServiceOrder
from hub.domain.outcome import Outcome
from hub.domain.states import CaseOutcome, CaseState, TaskState
from hub.domain.work import ExchangeRecord
from hub.errors import NotFound
from hub.store.books import Books, PaymentRecord
from hub.store.identity import Assertions
from hub.store.issues import Issues
from hub.store.queue import Queue
from hub.store.seal import Vault
from hub.store.tables import (
    BatchRow,
    CallbackRow,
    CaseRow,
    CommandRow,
    CounterRow,
    EventRow,
    ExchangeRow,
    FileRow,
    TaskRow,
)

_OUTCOME: TypeAdapter[Outcome] = TypeAdapter(Outcome)


@dataclass(slots=True)
class TaskRecord:
    """A task as stored: the value, its order, and the row with the engine's bookkeeping. Save it after a change."""

    row: TaskRow
    task: Task
    order: ServiceOrder

    def __repr__(self) -> str:
        return f"<TaskRecord {self.row.number} {self.row.state}>"


class UnitOfWork(Queue, Books, Issues, Assertions):
    """All reads and writes of one transaction. Made by the store; valid until its work returns."""

    def __init__(self, session: Session, vault: Vault) -> None:
        super().__init__(session)
        self._vault = vault
        self._keys: dict[str, bytes] = {}
        self._records: dict[str, TaskRecord] = {}
        self._money: dict[str, PaymentRecord] = {}

    # cases and tasks

    def request(self, request_id: str) -> tuple[str, str] | None:
        """Case number and body digest of an earlier submission under this id."""
        query = select(CaseRow.number, CaseRow.digest).where(CaseRow.request_id == request_id)
        found = self._session.exec(query).first()
        return (found[0], found[1]) if found else None

    def insert_case(self, case: Case, digest: str, application: Application) -> None:
        key, wrapped = self._vault.new_key()
        self._keys[case.number] = key
        row = CaseRow(
            number=case.number,
            request_id=case.request_id,
            digest=digest,
            state=case.state.value,
            division=case.division,
            submitted_at=case.submitted_at,
            due_at=case.due_at,
            applicant_index=self._vault.index(application.applicant.document.number),
            wrapped_key=wrapped,
            application=self._vault.seal(key, application.model_dump(mode="json")),
        )
        self._session.add(row)

    def insert_task(self, task: Task, order: ServiceOrder, batch_type: str | None) -> TaskRecord:
        key = self._key(task.case_number)
        row = TaskRow(
            number=task.number,
            case_number=task.case_number,
            endpoint=task.endpoint,
            state=task.state.value,
            batch_type=batch_type,
            serial=order.serial,
            ready_at=task.created_at,
            order=self._vault.seal(key, order.model_dump(mode="json")),
            value=self._vault.seal(key, task.model_dump(mode="json")),
        )
        self._session.add(row)
        record = TaskRecord(row, task, order)
        self._records[task.number] = record
        return record

    def task(self, number: str) -> TaskRecord:
        """Raises NotFound."""
        if number in self._records:
            return self._records[number]
        row = self._session.get(TaskRow, number)
        if row is None:
            raise NotFound(f"there is no task {number}")
        return self._record(row)

    def find_task(self, endpoint: str, *, serial: str | None = None, ref: str | None = None) -> TaskRecord | None:
        """The task of an endpoint by our serial; without one by the utility's number, which may come round again."""
        if not serial and not ref:
            return None
        named = TaskRow.serial == serial if serial else TaskRow.provider_ref == ref
        query = select(TaskRow).where(TaskRow.endpoint == endpoint, named).order_by(col(TaskRow.ready_at).desc())
        row = self._session.exec(query).first()
        return self._record(row) if row else None

    def tasks(self, case_number: str) -> list[TaskRecord]:
        query = select(TaskRow).where(TaskRow.case_number == case_number).order_by(TaskRow.number)
        return [self._record(row) for row in self._session.exec(query)]

    def ready_for_batch(self, endpoint: str, batch_type: str, limit: int) -> list[TaskRecord]:
        """Orders that wait for the next file of this type, oldest first."""
        query = (
            select(TaskRow)
            .where(
                TaskRow.endpoint == endpoint,
                TaskRow.batch_type == batch_type,
                TaskRow.state == TaskState.READY.value,
                col(TaskRow.batch_id).is_(None),
            )
            .order_by(col(TaskRow.ready_at), TaskRow.number)
            .limit(limit)
        )
        return [self._record(row) for row in self._session.exec(query)]

    def waiting_since(self, endpoint: str) -> datetime | None:
        """Since when the oldest open order of an endpoint waits; None when no order is open there."""
        nothing = [state.value for state in TaskState if state.final or state is TaskState.PENDING]
        query = select(func.min(TaskRow.ready_at)).where(
            TaskRow.endpoint == endpoint, col(TaskRow.state).not_in(nothing)
        )
        return self._session.exec(query).one()

    def save(self, record: TaskRecord) -> None:
        """Write back a record whose task, order or bookkeeping changed."""
        key = self._key(record.task.case_number)
        record.task = record.task.with_(version=record.row.version + 1)
        record.row.version += 1
        record.row.state = record.task.state.value
        record.row.provider_ref = record.task.provider_ref
        record.row.value = self._vault.seal(key, record.task.model_dump(mode="json"))
        if record.order.provider_ref != record.task.provider_ref:
            record.order = record.order.with_(provider_ref=record.task.provider_ref)
            record.row.order = self._vault.seal(key, record.order.model_dump(mode="json"))
        self._session.add(record.row)

    def case(self, number: str) -> Case:
        """Raises NotFound."""
        row = self._session.get(CaseRow, number)
        if row is None:
            raise NotFound(f"there is no case {number}")
        tasks = tuple(record.task for record in self.tasks(number))
        return Case(
            number=row.number,
            request_id=row.request_id,
            state=CaseState(row.state),
            outcome=CaseOutcome(row.outcome) if row.outcome else None,
            division=row.division,
            submitted_at=row.submitted_at,
            due_at=max((task.due_at for task in tasks if task.due_at), default=row.due_at),
            tasks=tasks,
        )

    def application(self, number: str) -> Application:
        row = self._session.get(CaseRow, number)
        if row is None:
            raise NotFound(f"there is no case {number}")
        return Application.model_validate(self._vault.open(self._key(number), row.application))

    def set_case(self, number: str, state: CaseState, outcome: CaseOutcome | None) -> bool:
        """Store the derived state; tells whether it changed."""
        row = self._session.get_one(CaseRow, number)
        changed = row.state != state.value or row.outcome != (outcome.value if outcome else None)
        row.state, row.outcome = state.value, outcome.value if outcome else None
        self._session.add(row)
        return changed

    def open_cases(self) -> int:
        ended = (CaseState.DECIDED, CaseState.DELIVERED, CaseState.ARCHIVED, CaseState.EXPIRED)
        closed = [state.value for state in ended]
        query = select(func.count()).select_from(CaseRow).where(col(CaseRow.state).not_in(closed))
        return self._session.exec(query).one()

    # events and evidence

    def add_event(self, event: TaskEvent, case_number: str) -> bool:
        """Append an event; False when its id is there already."""
        if self._session.exec(select(EventRow.seq).where(EventRow.id == event.id)).first() is not None:
            return False
        value = self._vault.seal(self._key(case_number), event.model_dump(mode="json"))
        row = EventRow(
            id=event.id, case_number=case_number, task=event.task, received_at=event.received_at, value=value
        )
        self._session.add(row)
        return True

    def events(self, case_number: str, after: int = 0) -> list[tuple[int, TaskEvent]]:
        query = (
            select(EventRow)
            .where(EventRow.case_number == case_number, col(EventRow.seq) > after)
            .order_by(col(EventRow.seq))
        )
        key = self._key(case_number)
        return [
            (row.seq or 0, TaskEvent.model_validate(self._vault.open(key, row.value)))
            for row in self._session.exec(query)
        ]

    def add_exchange(self, command: str, endpoint: str, tasks: Sequence[str], exchange: ExchangeRecord) -> None:
        """Store evidence. What concerns one task is sealed under its case's key, a file for many under its own."""
        if len(tasks) == 1:
            case_number = self.task(tasks[0]).task.case_number
            key, wrapped = self._key(case_number), self._session.get_one(CaseRow, case_number).wrapped_key
        else:
            key, wrapped = self._vault.new_key()
        row = ExchangeRow(
            command=command,
            task=tasks[0] if len(tasks) == 1 else None,
            endpoint=endpoint,
            message=exchange.message,
            phase=exchange.phase,
            failure=exchange.failure,
            status=exchange.status,
            started_at=exchange.started_at,
            seconds=exchange.seconds,
            wrapped_key=wrapped,
            sealed=self._vault.seal(key, exchange.model_dump(mode="json")),
        )
        self._session.add(row)

    def exchanges(self, task_number: str) -> list[tuple[str, ExchangeRecord]]:
        """(command id, exchange) of a task and of the batches that carried it, in order."""
        batch_id = self.task(task_number).row.batch_id
        commands = select(CommandRow.id).where(col(CommandRow.batch_id) == (batch_id or "-"))
        query = (
            select(ExchangeRow)
            .where(or_(col(ExchangeRow.task) == task_number, col(ExchangeRow.command).in_(commands)))
            .order_by(col(ExchangeRow.seq))
        )
        return [
            (
                row.command,
                ExchangeRecord.model_validate(self._vault.open(self._vault.unwrap(row.wrapped_key), row.sealed)),
            )
            for row in self._session.exec(query)
        ]

    # counters, batches, files, callbacks

    def count(self, name: str) -> int:
        """The next value of a counter, from 1."""
        row = self._session.get(CounterRow, name, with_for_update=True) or CounterRow(name=name, value=0)
        row.value += 1
        self._session.add(row)
        self._session.flush()
        return row.value

    def add_batch(self, batch: BatchRow) -> None:
        self._session.add(batch)

    def batch(self, id: str) -> BatchRow | None:  # noqa: A002 -- the column's name
        return self._session.get(BatchRow, id)

    def known_files(self, endpoint: str) -> frozenset[str]:
        return frozenset(self._session.exec(select(FileRow.name).where(FileRow.endpoint == endpoint)))

    def take_file(self, endpoint: str, name: str, digest: str, now: datetime, unmatched: Iterable[str]) -> bool:
        """Note a collected file; False when it was taken before."""
        if self._session.get(FileRow, (endpoint, name)) is not None:
            return False
        self._session.add(
            FileRow(endpoint=endpoint, name=name, digest=digest, collected_at=now, unmatched=list(unmatched))
        )
        return True

    def add_callback(self, row: CallbackRow) -> bool:
        if self._session.get(CallbackRow, row.id) is not None:
            return False
        self._session.add(row)
        return True

    def sealed(self, case_number: str, value: Any) -> str:
        """A JSON value sealed under the key of a case."""
        return self._vault.seal(self._key(case_number), value)

    def opened(self, case_number: str, text: str) -> Any:
        return self._vault.open(self._key(case_number), text)

    def seal_outcome(self, outcome: Outcome) -> str:
        key, wrapped = self._vault.new_key()
        return f"{wrapped}|{self._vault.seal(key, outcome.model_dump(mode='json'))}"

    def early_callbacks(self, record: TaskRecord) -> list[tuple[CallbackRow, Outcome]]:
        """Callbacks that came before their order was known, oldest first."""
        refs = [col(CallbackRow.serial) == record.order.serial]
        if record.task.provider_ref:
            unnamed = col(CallbackRow.serial).is_(None)
            refs.append(unnamed & (col(CallbackRow.provider_ref) == record.task.provider_ref))
        query = (
            select(CallbackRow)
            .where(CallbackRow.endpoint == record.row.endpoint, col(CallbackRow.task).is_(None), or_(*refs))
            .order_by(col(CallbackRow.received_at))
        )
        return [(row, self._open_outcome(row.outcome)) for row in self._session.exec(query)]

    def match_callback(self, row: CallbackRow, task: str) -> None:
        row.task = task
        self._session.add(row)

    def _open_outcome(self, sealed: str) -> Outcome:
        wrapped, _, body = sealed.partition("|")
        return _OUTCOME.validate_python(self._vault.open(self._vault.unwrap(wrapped), body))

    def _record(self, row: TaskRow) -> TaskRecord:
        if row.number not in self._records:
            key = self._key(row.case_number)
            task = Task.model_validate(self._vault.open(key, row.value))
            order = ServiceOrder.model_validate(self._vault.open(key, row.order))
            self._records[row.number] = TaskRecord(row, task, order)
        return self._records[row.number]

    def _key(self, case_number: str) -> bytes:
        if case_number not in self._keys:
            row = self._session.get(CaseRow, case_number)
            if row is None:
                raise NotFound(f"there is no case {case_number}")
            self._keys[case_number] = self._vault.unwrap(row.wrapped_key)
        return self._keys[case_number]
