"""How an attempt ended: exactly one of these, told from the phase reached and the utility's own answer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import Field

from hub.domain.base import Frozen
from hub.domain.evidence import Evidence
from hub.domain.states import TaskState
from hub.domain.taxonomy import ServiceError


class Output(Frozen):
    """Something the citizen gets: a contract number, a receipt, a card, a certificate, or an answer's data.

    `effective` is the day from which it holds, `expires` when it lapses by itself.
    `file` is its document once it is in the evidence store, `file_error` why it is not there.
    """

    kind: Literal["receipt", "contract", "certificate", "card", "answer"]
    identifier: str | None = None
    effective: date | None = None
    expires: datetime | None = None
    as_of: datetime | None = None
    data: dict[str, Any] = Field(default_factory=dict)
    file: Evidence | None = None
    file_error: ServiceError | None = None


def expiry_of(outputs: Iterable[Output]) -> datetime | None:
    """When the first of some outputs lapses by itself; None if none does."""
    return min((each.expires for each in outputs if each.expires is not None), default=None)


class _Taken(Frozen):
    """The utility has it. `legal_effect`: since when it is in force, which may be long before it is completed."""

    provider_ref: str | None = None
    raw_code: str | None = None
    event_time: datetime | None = None
    legal_effect: datetime | None = None
    rank: int = 0
    opinion: str | None = None


class Accepted(_Taken):
    """The utility has taken the order; its work is to come."""

    kind: Literal["accepted"] = "accepted"


class Progress(_Taken):
    """The order is in `state` at the utility; `asked` are the materials and fields it waits for, if it says so."""

    kind: Literal["progress"] = "progress"
    state: TaskState
    fee_due_fen: int | None = None
    asked: tuple[str, ...] = ()
    error: ServiceError | None = None


class Completed(_Taken):
    """The utility has done it."""

    kind: Literal["completed"] = "completed"
    outputs: tuple[Output, ...] = ()

    @property
    def expires(self) -> datetime | None:
        """When the first of its outputs lapses by itself."""
        return expiry_of(self.outputs)


class Rejected(_Taken):
    """The utility decided no. Final."""

    kind: Literal["rejected"] = "rejected"
    error: ServiceError


class NotSent(Frozen):
    """Provably nothing happened: retry under policy."""

    kind: Literal["not_sent"] = "not_sent"
    error: ServiceError
    retry_after: timedelta | None = None


class Unknown(Frozen):
    """The request may have taken effect: inquire before anything is sent again."""

    kind: Literal["unknown"] = "unknown"
    phase: str
    error: ServiceError
    provider_ref: str | None = None
    retry_after: timedelta | None = None


class Faulty(Frozen):
    """An answer or our own message breaks the contract: a person looks at the evidence."""

    kind: Literal["faulty"] = "faulty"
    error: ServiceError


class Absent(Frozen):
    """Answer of an inquiry only: the utility does not know the order."""

    kind: Literal["absent"] = "absent"


Outcome = Annotated[
    Accepted | Progress | Completed | Rejected | NotSent | Unknown | Faulty | Absent,
    Field(discriminator="kind"),
]
