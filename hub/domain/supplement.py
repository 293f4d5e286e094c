"""Supplement 补正: what a utility asks of the applicant before it goes on, until when, and that it was given."""

from __future__ import annotations

from datetime import datetime

from hub.domain.base import Frozen
from hub.domain.taxonomy import ServiceError


class Supplement(Frozen):
    """One time that a utility waits for the applicant.

    `asked` names materials and form fields; empty, the utility did not say which, so that any of the item's materials
    will do. `digest` tells one answer from another. `refused` is why the last answer was not taken.
    """

    number: int = 1
    asked: tuple[str, ...] = ()
    asked_at: datetime
    answer_by: datetime
    answered_at: datetime | None = None
    digest: str | None = None
    refused: ServiceError | None = None
    expired: bool = False
