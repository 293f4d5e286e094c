"""Who may call: app key, timestamp, signature, nonce and token, checked in this order."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from simulators.power import crypto
from simulators.power.expiry import drop_expired
from simulators.power.refusals import GatewayRefusal
from simulators.power.replies import read_texts

if TYPE_CHECKING:
    import random

    from simulators.kit.clock import SimClock
    from simulators.kit.http import HttpCall
    from simulators.power.crypto import Keys

TOKEN_PATH = "/gateway/oauth/token"  # noqa: S105 -- a path, not a secret
SERVICE_PATH = "/gateway/v1/"
WINDOW = timedelta(minutes=5)
ACCESS_LIFE, REFRESH_LIFE = timedelta(hours=2), timedelta(hours=24)
_HEX32 = re.compile(r"[0-9a-fA-F]{32}")


class Admission:
    """Decides who may call, and gives out tokens."""

    def __init__(self, keys: Keys, clock: SimClock, chance: random.Random, *, rate_limit: int = 0) -> None:
        self._keys, self._clock, self._chance = keys, clock, chance
        self._rate_limit, self._second, self._calls = rate_limit, 0, 0
        self._access: dict[str, datetime] = {}
        self._refresh: dict[str, datetime] = {}
        self._nonces: dict[str, datetime] = {}

    def grant(self, call: HttpCall) -> dict[str, Any]:
        """The token service."""
        self._known_app(call)
        self._throttle()
        self._in_time(call)
        body = read_texts(call.body)
        refresh = body.get("refreshToken") if body.get("grantType") == "refreshToken" else None
        self._signed(call, str(body.get("appKey") if refresh is None else refresh), str(body.get("sign", "")))
        if body.get("appKey") != self._keys.app_key:
            raise GatewayRefusal(10003, status=401, detail="appKey", violation=True)
        if refresh is not None and self._refresh.pop(str(refresh), self._clock.now()) <= self._clock.now():
            raise GatewayRefusal(10002, status=401, detail="refreshToken")
        return self._new_tokens()

    def _new_tokens(self) -> dict[str, Any]:
        access, refresh, now = self._hex32(), self._hex32(), self._clock.now()
        self._access[access] = now + ACCESS_LIFE
        self._refresh[refresh] = now + REFRESH_LIFE
        return {
            "accessToken": access,
            "refreshToken": refresh,
            "expiresIn": int(ACCESS_LIFE.total_seconds()),
            "refreshExpiresIn": int(REFRESH_LIFE.total_seconds()),
        }

    def admit(self, call: HttpCall) -> str:
        """Check the headers of a service call and give its request id."""
        self._known_app(call)
        self._throttle()
        self._in_time(call)
        self._signed(call, crypto.sm3_hex(call.body), call.headers.get("x-sign", ""), fail_status=200)
        self._tokened(call)
        request_id = call.headers.get("x-request-id", "")
        if not _HEX32.fullmatch(request_id):
            data = {"field": "X-Request-Id", "rule": "pattern"}
            raise GatewayRefusal(10001, detail="X-Request-Id", data=data, violation=True)
        return request_id

    def knows(self, call: HttpCall) -> bool:
        return call.headers.get("x-app-key") == self._keys.app_key

    def _known_app(self, call: HttpCall) -> None:
        if not self.knows(call):
            raise GatewayRefusal(10003, status=401, detail="X-App-Key", violation=True)

    def _throttle(self) -> None:
        second = int(self._clock.now().timestamp())
        self._calls = self._calls + 1 if second == self._second else 1
        self._second = second
        if self._rate_limit and self._calls > self._rate_limit:
            raise self.throttled(429, 1, "seconds")

    def throttled(self, status: int, seconds: float, form: str) -> GatewayRefusal:
        """HTTP 429 or 503 with Retry-After in the form asked for."""
        wait = f"{seconds:.0f}"
        if form == "date":
            # An HTTP-date has whole seconds: rounding up keeps it from being too early.
            when = self._clock.now().astimezone(UTC) + timedelta(seconds=seconds + 0.999999)
            wait = format_datetime(when.replace(microsecond=0), usegmt=True)
        return GatewayRefusal(10001, status=status, detail="访问过于频繁", headers=(("Retry-After", wait),))

    def _in_time(self, call: HttpCall) -> None:
        text = call.headers.get("x-timestamp", "")
        now_ms = int(self._clock.now().timestamp() * 1000)
        data = {"serverTime": now_ms}
        if not (text.isascii() and text.isdecimal()) or abs(int(text) - now_ms) > WINDOW.total_seconds() * 1000:
            raise GatewayRefusal(10004, detail="X-Timestamp", data=data, violation=True)
        if not _HEX32.fullmatch(call.headers.get("x-nonce", "")):
            raise GatewayRefusal(10004, detail="X-Nonce", data=data, violation=True)

    def _signed(self, call: HttpCall, last: str, given: str, *, fail_status: int = 401) -> None:
        timestamp, nonce = call.headers["x-timestamp"], call.headers["x-nonce"]
        wanted = crypto.request_sign(self._keys.app_secret, call.method, call.path, timestamp, nonce, last)
        if given != wanted:
            status = fail_status if given else 401
            raise GatewayRefusal(10003, status=status, detail="sign", violation=True)
        self._spend(nonce)

    def _spend(self, nonce: str) -> None:
        # Only a rightly signed request spends its nonce, else a stranger could spend it first.
        now = self._clock.now()
        drop_expired(self._nonces, now)
        if nonce in self._nonces:
            data = {"serverTime": int(now.timestamp() * 1000)}
            raise GatewayRefusal(10004, detail="X-Nonce", data=data, violation=True)
        # A timestamp may lie a window ahead and stay valid for another window.
        self._nonces[nonce] = now + 2 * WINDOW

    def _tokened(self, call: HttpCall) -> None:
        expires = self._access.get(call.headers.get("x-access-token", ""))
        if expires is None:
            raise GatewayRefusal(10002, status=401)
        if expires <= self._clock.now():
            raise GatewayRefusal(10002)

    def _hex32(self) -> str:
        return self._chance.randbytes(16).hex()
