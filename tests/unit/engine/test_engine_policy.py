"""Waiting before the next try."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hub.domain.provider import RetryPolicy
from hub.engine.policy import RETRY_AFTER_CEILING, backoff, by_place, exhausted

POLICY = RetryPolicy(attempts=5, base_seconds=2, cap_seconds=60, deadline_hours=1)
NOW = datetime(2026, 11, 24, tzinfo=UTC)


@given(st.integers(1, 10_000), st.integers(0))
def test_backoff_stays_between_nothing_and_the_cap(attempt, seed):
    draw = random.Random(seed).randbytes
    assert timedelta(0) <= backoff(attempt, POLICY, draw) <= timedelta(seconds=60)


def test_backoff_grows_with_the_attempt():
    half = (2**31).to_bytes(4, "big")
    spans = [backoff(attempt, POLICY, lambda _: half).total_seconds() for attempt in range(1, 8)]
    assert spans == [1, 2, 4, 8, 16, 30, 30]


def test_same_seed_gives_the_same_waits():
    first, second = (
        [backoff(attempt, POLICY, random.Random(7).randbytes) for attempt in range(1, 9)] for _ in range(2)
    )
    assert first == second


@given(st.lists(st.sampled_from("abc")))
def test_waits_of_a_place_are_the_same_whatever_is_drawn_for_others_in_between(order):
    waits = by_place(random.Random(7).randbytes)
    drawn = [(place, waits(place)(4)) for place in order]
    for place in set(order):
        alone = by_place(random.Random(7).randbytes)(place)
        assert [value for where, value in drawn if where == place] == [alone(4) for _ in range(order.count(place))]


@given(st.integers(0, 10**6))
def test_retry_after_is_honoured_up_to_a_ceiling(seconds):
    asked = timedelta(seconds=seconds)
    waited = backoff(1, POLICY, lambda _: b"\0\0\0\0", asked)
    assert waited == min(asked, RETRY_AFTER_CEILING)


def test_attempts_or_time_end_the_tries():
    assert not exhausted(4, NOW, NOW + timedelta(minutes=59), POLICY)
    assert exhausted(5, NOW, NOW, POLICY)
    assert exhausted(1, NOW, NOW + timedelta(hours=1), POLICY)
