"""What is sent and told: the body envelope, the signed replies, and the replies stored for replay."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from simulators.kit.http import HttpReply
from simulators.power import crypto
from simulators.power.expiry import drop_expired
from simulators.power.refusals import GatewayRefusal, Refusal

if TYPE_CHECKING:
    import random

    from simulators.kit.clock import SimClock
    from simulators.power.crypto import Keys

REPLAY_LIFE = timedelta(hours=24)
_JSON = ("Content-Type", "application/json; charset=utf-8")


@dataclass(frozen=True, slots=True)
class _Stored:
    service: str
    data: str
    reply: HttpReply


class Replies:
    """Opens requests, seals and signs replies, and remembers them for a day."""

    def __init__(self, keys: Keys, clock: SimClock, chance: random.Random) -> None:
        self._keys, self._clock, self._chance = keys, clock, chance
        self._stored: dict[str, _Stored] = {}
        self._until: dict[str, datetime] = {}

    def open(self, body: bytes) -> Any:
        """The decrypted data of a request."""
        envelope = read_texts(body)
        if set(envelope) != {"keyVer", "encKey", "data"} or envelope["keyVer"] != "1":
            raise _no_envelope("keyVer, encKey, data")
        try:
            text = crypto.unseal(envelope, self._keys.platform.private)
            # Decimal is no JSON Schema number here: 12.0 fen must not pass as an integer.
            return json.loads(text, parse_float=Decimal, parse_constant=Decimal)
        except crypto.EnvelopeError as error:
            raise _no_envelope(str(error)) from error
        except ValueError as error:
            raise _no_envelope("the decrypted data is not JSON") from error

    def replayed(self, request_id: str, service: str, data: Any) -> HttpReply | None:
        """The stored reply to this very request, if it was answered before."""
        for expired in drop_expired(self._until, self._clock.now()):
            del self._stored[expired]
        stored = self._stored.get(request_id)
        if stored is None:
            return None
        if (stored.service, stored.data) != (service, _canonical(data)):
            raise Refusal(10010, violation=True)
        return stored.reply

    def keep(self, request_id: str, service: str, data: Any, reply: HttpReply) -> None:
        self._until[request_id] = self._clock.now() + REPLAY_LIFE
        self._stored[request_id] = _Stored(service, _canonical(data), reply)

    def sealed(self, code: int, message: str, data: dict[str, Any], operation: str) -> HttpReply:
        """A reply inside the envelope, for the app's private key."""
        text = json.dumps(self._answer(code, message, data), ensure_ascii=False).encode()
        body = json.dumps(crypto.seal(text, self._keys.app.public, self._chance)).encode()
        return self._signed_reply(200, body, operation, committed=code == 1)

    def plain(self, data: dict[str, Any], operation: str) -> HttpReply:
        body = json.dumps(self._answer(1, "", data), ensure_ascii=False).encode()
        return self._signed_reply(200, body, operation, committed=True)

    def turned_down(self, refusal: GatewayRefusal, operation: str, *, known: bool) -> HttpReply:
        answer = self._answer(refusal.code, refusal.message, refusal.data)
        body = json.dumps(answer, ensure_ascii=False).encode()
        headers = [_JSON, *refusal.headers]
        if known:
            headers.append(self._response_sign(body))
        return HttpReply(refusal.status, headers, body, operation, committed=False)

    def _answer(self, code: int, message: str, data: dict[str, Any]) -> dict[str, Any]:
        return {"code": code, "message": message, "data": data, "traceId": self._chance.randbytes(16).hex()}

    def _signed_reply(self, status: int, body: bytes, operation: str, *, committed: bool) -> HttpReply:
        return HttpReply(status, [_JSON, self._response_sign(body)], body, operation, committed)

    def _response_sign(self, body: bytes) -> tuple[str, str]:
        return "X-Resp-Sign", crypto.hmac_sm3_hex(self._keys.app_secret, crypto.sm3_hex(body))


def read_texts(body: bytes) -> dict[str, Any]:
    """A JSON object whose values are all text, as envelopes and token requests are."""
    try:
        read = json.loads(body)
    except ValueError as error:
        raise _no_envelope("the body is not JSON") from error
    if not isinstance(read, dict) or not all(isinstance(value, str) for value in read.values()):
        raise _no_envelope("the body is no object of texts")
    return read


def _no_envelope(detail: str) -> GatewayRefusal:
    data = {"field": "body", "rule": "envelope"}
    return GatewayRefusal(10001, detail=detail, data=data, violation=True)


def _canonical(data: Any) -> str:
    return crypto.sm3_hex(json.dumps(data, ensure_ascii=False, sort_keys=True, default=str).encode())
