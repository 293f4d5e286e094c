"""How long to wait before the next try: pure functions of the attempt, the policy and the random source."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache

from hub.domain.provider import RetryPolicy

Draw = Callable[[int], bytes]
RETRY_AFTER_CEILING = timedelta(hours=6)


def fraction(draw: Draw) -> float:
    """A number from 0 up to 1 from the hub's random source."""
    return int.from_bytes(draw(4), "big") / 2**32


def by_place(draw: Draw) -> Callable[[str], Draw]:
    """A source for the waits of each place, all from one seed: what goes on at one utility changes no other's waits."""
    seed = draw(16)

    @cache
    def of(place: str) -> Draw:
        return random.Random(seed + place.encode()).randbytes  # noqa: S311 -- spreads waits; no secret is made of it

    return of


def backoff(attempt: int, policy: RetryPolicy, draw: Draw, retry_after: timedelta | None = None) -> timedelta:
    """Exponential with full jitter, capped; never sooner than the utility asked, within a ceiling."""
    span = min(policy.cap_seconds, policy.base_seconds * 2 ** min(attempt - 1, 20))
    jittered = timedelta(seconds=span * fraction(draw))
    return max(jittered, min(retry_after, RETRY_AFTER_CEILING)) if retry_after else jittered


def exhausted(attempt: int, since: datetime, now: datetime, policy: RetryPolicy) -> bool:
    """Whether attempts or time are used up."""
    return attempt >= policy.attempts or now - since >= timedelta(hours=policy.deadline_hours)
