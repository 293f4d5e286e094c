"""The rotating secret, whatever is asked of it and when."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from simulators.idv.rotation import LIFE, OVERLAP, Rotation, md5_sign

KEY, SECRET, STAMP = "app", "secret", "1767574800000"


class RotationLife(RuleBasedStateMachine):
    """A client that keeps every pair it ever got, with the end that the contract gives each request secret."""

    def __init__(self):
        super().__init__()
        self.now = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
        self.rotation = Rotation(KEY, SECRET, random.Random(1))
        self.ends: dict[str, datetime] = {}
        self.refresh: list[str] = []
        self.alive = False

    def got(self, pair):
        assert pair.request not in self.ends
        self.ends[pair.request] = self.now + LIFE
        self.refresh.append(pair.refresh)
        self.alive = True

    def cut(self, until):
        self.ends = {secret: min(end, until) for secret, end in self.ends.items()}

    @rule()
    def start_afresh(self):
        self.cut(self.now)
        self.got(self.rotation.by_key(md5_sign(KEY, SECRET, STAMP), STAMP, self.now))

    @rule()
    def start_with_a_wrong_key(self):
        assert self.rotation.by_key(md5_sign(KEY, "wrong", STAMP), STAMP, self.now) is None

    @precondition(lambda self: self.refresh and self.alive)
    @rule()
    def renew(self):
        answer = self.rotation.by_secret(md5_sign(KEY, self.refresh[-1], STAMP), STAMP, self.now)
        if answer == "expired":
            return
        self.cut(self.now + OVERLAP)
        self.got(answer)

    @precondition(lambda self: len(self.refresh) > 1)
    @rule(data=st.data())
    def renew_with_a_spent_secret(self, data):
        spent = data.draw(st.sampled_from(self.refresh[:-1]))
        assert self.rotation.by_secret(md5_sign(KEY, spent, STAMP), STAMP, self.now) == "expired"

    @rule()
    def another_worker_starts(self):
        self.rotation.forget(self.now)
        self.cut(self.now)
        self.alive = False

    @rule(seconds=st.integers(0, 3 * 3600))
    def time_passes(self, seconds):
        self.now += timedelta(seconds=seconds)

    @invariant()
    def each_secret_is_good_until_its_end_and_then_expired(self):
        for secret, end in self.ends.items():
            wanted = "good" if self.now < end else "expired"
            assert self.rotation.standing(md5_sign(KEY, secret, STAMP), STAMP, self.now) == wanted
        assert self.rotation.standing(md5_sign(KEY, "nobody's", STAMP), STAMP, self.now) == "unknown"

    @invariant()
    def at_most_two_secrets_are_good_unless_renewed_within_the_overlap(self):
        good = [end for end in self.ends.values() if self.now < end]
        assert self.rotation.good(self.now) == len(good)
        assert sum(end > self.now + OVERLAP for end in good) <= 1


RotationLife.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestRotation = RotationLife.TestCase
