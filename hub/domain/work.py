"""What travels between the core and its workers: a command out, a result back. A worker needs nothing else."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from hub.domain.base import Frozen
from hub.domain.mask import Kind
from hub.domain.order import Batch, ServiceOrder
from hub.domain.outcome import Outcome
from hub.domain.reply import FileRecord


class CommandKind(StrEnum):
    """What a worker is asked to do."""

    SEND = "send"
    INQUIRE = "inquire"
    POLL = "poll"
    CANCEL = "cancel"
    PRECHECK = "precheck"
    COMPENSATE = "compensate"
    SUPPLEMENT = "supplement"
    PAY = "pay"
    REVERSE = "reverse"
    SEND_BATCH = "send_batch"
    INQUIRE_BATCH = "inquire_batch"
    COLLECT = "collect"
    RECONCILE = "reconcile"
    TIMER = "timer"
    HOLDS = "holds"

    @property
    def writes(self) -> bool:
        return self in _WRITES


_WRITES = frozenset(
    {
        CommandKind.SEND,
        CommandKind.CANCEL,
        CommandKind.COMPENSATE,
        CommandKind.SUPPLEMENT,
        CommandKind.PAY,
        CommandKind.REVERSE,
        CommandKind.SEND_BATCH,
    }
)


class Command(Frozen):
    """One unit of work for one endpoint.

    `delivery` above 1 means that an earlier delivery may have been carried out: a write is then in doubt and the
    worker inquires instead of sending. Nothing may be sent after `send_deadline`.
    """

    id: str
    kind: CommandKind
    endpoint: str
    operation: str
    params: dict[str, str] = Field(default_factory=dict)
    order: ServiceOrder | None = None
    batch: Batch | None = None
    days: tuple[date, ...] = ()
    known: frozenset[str] = frozenset()
    attempt: int = 1
    delivery: int = 1
    send_deadline: datetime

    @property
    def in_doubt(self) -> bool:
        return self.kind.writes and self.delivery > 1

    @property
    def tasks(self) -> tuple[str, ...]:
        if self.batch is not None:
            return tuple(order.task_number for order in self.batch.orders)
        return (self.order.task_number,) if self.order is not None else ()


class ExchangeRecord(Frozen):
    """Exchange 报文: one message sent and what came back, as evidence. Personal data inside: stored sealed.

    `personal` are the kinds and values of personal data that it is known to hold, also of people who are no party to
    the case: what is to be masked when it is shown.
    """

    message: str
    effect: bool
    phase: str
    started_at: datetime
    seconds: float
    failure: str | None = None
    status: int | None = None
    request: dict[str, Any] = Field(default_factory=dict)
    response: dict[str, Any] = Field(default_factory=dict)
    request_tree: dict[str, Any] | None = None
    response_tree: dict[str, Any] | None = None
    personal: tuple[tuple[Kind, str], ...] = Field(default=(), repr=False)


class FileTaken(Frozen):
    """A file that a collection read, to be read only once."""

    name: str
    digest: str
    outcomes: dict[str, Outcome] = Field(default_factory=dict)
    batches: dict[str, Outcome] = Field(default_factory=dict)


class Result(Frozen):
    """What came of a command: outcomes by task number (or, from files, by serial), and the evidence.

    `inquired` says that the outcomes come from an inquiry and nothing was sent.
    """

    command: str
    kind: CommandKind
    endpoint: str
    attempt: int
    inquired: bool = False
    outcomes: dict[str, Outcome] = Field(default_factory=dict)
    files: tuple[FileTaken, ...] = ()
    damaged: tuple[tuple[str, str], ...] = ()
    exchanges: tuple[ExchangeRecord, ...] = ()
    records: tuple[FileRecord, ...] = ()
    finished_at: datetime
