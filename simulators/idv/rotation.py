"""The rotating secret: 15 minutes of life, an overlap after an orderly renewal, and none after a fresh start."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import timedelta
from hmac import compare_digest
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import random
    from datetime import datetime

LIFE, REFRESH_LIFE, OVERLAP = timedelta(minutes=15), timedelta(hours=48), timedelta(minutes=2)
Standing = Literal["good", "expired", "unknown"]


@dataclass(frozen=True, slots=True)
class Pair:
    """What a refresh gives. The request secret may be cut short later; the refresh secret is good once."""

    request: str = field(repr=False)
    request_until: datetime
    refresh: str = field(repr=False)
    refresh_until: datetime


def md5_sign(app_key: str, secret: str, request_time: str) -> str:
    return hashlib.md5(f"{app_key}{secret}{request_time}".encode()).hexdigest()


class Rotation:
    """The secrets of one application key. Old ones are remembered, so that a late call hears "expired", not "sign"."""

    def __init__(self, app_key: str, app_secret: str, chance: random.Random) -> None:
        self.app_key, self._app_secret, self._chance = app_key, app_secret, chance
        self._pairs: list[Pair] = []
        self._refresh: Pair | None = None

    def by_key(self, sign: str, request_time: str, now: datetime) -> Pair | None:
        """A fresh start: every earlier secret dies at once. None when the signature is wrong."""
        if not self._signed(self._app_secret, sign, request_time):
            return None
        self.forget(now)
        return self._issue(now)

    def by_secret(self, sign: str, request_time: str, now: datetime) -> Pair | Standing:
        """The orderly renewal: the request secret in use stays good for the overlap. A refresh secret is good once."""
        known = self._refresh
        if known is not None and self._signed(known.refresh, sign, request_time):
            if now >= known.refresh_until:
                return "expired"
            self._shorten(now + OVERLAP)
            return self._issue(now)
        spent = any(self._signed(pair.refresh, sign, request_time) for pair in self._pairs)
        return "expired" if spent else "unknown"

    def standing(self, sign: str, request_time: str, now: datetime) -> Standing:
        """What a call's signature is worth."""
        for pair in reversed(self._pairs):
            if self._signed(pair.request, sign, request_time):
                return "good" if now < pair.request_until else "expired"
        return "unknown"

    def _signed(self, secret: str, sign: str, request_time: str) -> bool:
        return compare_digest(sign.encode(), md5_sign(self.app_key, secret, request_time).encode())

    def forget(self, now: datetime) -> None:
        """End everything that was issued, as another worker's fresh start does."""
        self._shorten(now)
        self._refresh = None

    def good(self, now: datetime) -> int:
        """How many request secrets are good."""
        return sum(now < pair.request_until for pair in self._pairs)

    def _shorten(self, until: datetime) -> None:
        self._pairs = [replace(pair, request_until=min(pair.request_until, until)) for pair in self._pairs]

    def _issue(self, now: datetime) -> Pair:
        drawn = [self._chance.randbytes(16).hex() for _ in range(2)]
        self._refresh = Pair(drawn[0], now + LIFE, drawn[1], now + REFRESH_LIFE)
        self._pairs.append(self._refresh)
        return self._refresh
