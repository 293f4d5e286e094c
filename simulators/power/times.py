"""Dates and times as the platform writes them: digits only, in Shanghai time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from simulators.kit.clock import SHANGHAI

STAMP = "%Y%m%d%H%M%S"


def stamp(when: datetime) -> str:
    return when.astimezone(SHANGHAI).strftime(STAMP)


def day(when: datetime) -> str:
    return when.astimezone(SHANGHAI).strftime("%Y%m%d")


def month(when: datetime) -> str:
    return when.astimezone(SHANGHAI).strftime("%Y%m")


def next_billing_day(when: datetime) -> str:
    """Day 1 of the next month."""
    local = when.astimezone(SHANGHAI)
    return (local.replace(day=1) + timedelta(days=32)).strftime("%Y%m01")


def reopening(when: datetime) -> datetime | None:
    """When billing, closed on day 1 of a month from 00:00 to 06:00, opens again; None while it is open."""
    local = when.astimezone(SHANGHAI)
    if local.day != 1 or local.hour >= 6:
        return None
    return local.replace(hour=6, minute=0, second=0, microsecond=0).astimezone(UTC)


def is_written(text: object, pattern: str, length: int) -> bool:
    """Whether a text is a real date in this pattern; strptime alone lets short digits pass."""
    if not isinstance(text, str) or len(text) != length or not text.isascii() or not text.isdigit():
        return False
    try:
        datetime.strptime(text, pattern).replace(tzinfo=SHANGHAI)
    except ValueError:
        return False
    return True
