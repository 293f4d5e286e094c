"""What a codec hook may raise besides EncodeError and DecodeError, and how a call ends early."""

from __future__ import annotations

from datetime import timedelta

from hub.domain.outcome import Outcome
from hub.domain.taxonomy import ErrorCode
from hub.errors import HubError, WireError


class Refused(WireError):
    """The utility answered, below its own message format, that it did nothing (HTTP 429, 503, 401, …)."""

    def __init__(self, code: ErrorCode, raw: str, retry_after: timedelta | None = None) -> None:
        super().__init__(f"{code} ({raw})")
        self.code, self.raw, self.retry_after = code, raw, retry_after


class CallbackRefused(HubError):
    """The callback's signature, age or form is wrong; nothing was changed."""


class CallEnded(HubError):
    """A call inside an operation did not bring a reply; `outcome` is what the operation must answer.

    Not caught by adapters as a rule: the worker turns it into the operation's outcome.
    """

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(f"the call ended {outcome.kind}")
        self.outcome = outcome
