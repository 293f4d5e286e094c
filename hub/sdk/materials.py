"""The materials of an order at a utility that lists what it has: names that tell a file by its content."""

from __future__ import annotations

import hashlib
from collections.abc import Container

from hub.domain.evidence import Evidence
from hub.domain.order import ServiceOrder
from hub.domain.outcome import Faulty
from hub.domain.taxonomy import ErrorCode, ServiceError


def content_name(evidence: Evidence) -> str:
    """A file name with the digest of the content: under the same name stands the same file."""
    digest = evidence.sm3 or hashlib.sha256((evidence.ref or "").encode()).hexdigest()
    return f"{digest[:16]}-{evidence.neutral_name}"


def derived_key(request_id: str, purpose: str) -> str:
    """A request id, 32 hex digits, for one purpose of a task: a repeat of the same purpose repeats it."""
    return hashlib.sha256(f"{request_id}\n{purpose}".encode()).hexdigest()[:32]


def lacking(order: ServiceOrder, there: Container[str | None]) -> list[tuple[str, Evidence]]:
    """The files that the utility does not list yet, under their `content_name`; what has arrived is not sent again."""
    named = ((content_name(evidence), evidence) for evidence in order.evidence if evidence.ref)
    return [(name, evidence) for name, evidence in named if name not in there]


def too_large(order: ServiceOrder, most: int, provider: str) -> Faulty | None:
    """The outcome of an order of whose files one has more than `most` bytes; None if all of them can be sent."""
    large = next((each for each in order.evidence if each.ref and each.size > most), None)
    if large is None:
        return None
    note = f"more than {most // 2**20} MB"
    return Faulty(error=ServiceError(code=ErrorCode.MAT_INVALID, provider=provider, field=large.material, note=note))
