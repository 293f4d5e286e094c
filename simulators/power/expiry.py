"""Dropping what has expired, where everything lives equally long."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


def drop_expired(until: dict[str, datetime], now: datetime) -> list[str]:
    """Remove and return the keys that are over; insertion is the order of expiry, so the first living one ends it."""
    over = []
    for key, end in until.items():
        if end > now:
            break
        over.append(key)
    for key in over:
        del until[key]
    return over
