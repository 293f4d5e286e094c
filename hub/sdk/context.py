"""What an operation is given: calls that are encoded, exchanged, decoded and recorded; nothing else to reach for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from hub.clock import Clock
from hub.domain.evidence import Evidence
from hub.domain.outcome import Faulty, NotSent, Outcome, Unknown
from hub.domain.reply import Reply
from hub.domain.taxonomy import ErrorCode, ServiceError
from hub.errors import DecodeError, EncodeError, UnmappedCode
from hub.mapping import Env, MappingSet
from hub.sdk.adapter import Adapter, Draw, Tree
from hub.sdk.errors import CallEnded, Refused
from hub.sdk.outcomes import refusal
from hub.sdk.pace import Pace
from hub.wire.exchange import Exchanged, HttpRequest, Limits, Phase, Transport, WireRequest, WireResponse

_SHORTEST_TOKEN = 8  # a shorter value is none, and left out it would make holes in a record


class EvidenceReader(Protocol):
    """Reads the bytes of a material."""

    async def read(self, evidence: Evidence) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Call:
    """One message exchanged: what was meant, what went out, what came back. Holds personal data: store it sealed."""

    message: str
    effect: bool
    started_at: datetime
    phase: Phase
    seconds: float = 0.0
    failure: str | None = None
    request_tree: Tree | None = field(default=None, repr=False)
    request: WireRequest | None = field(default=None, repr=False)
    response: WireResponse | None = field(default=None, repr=False)
    response_tree: Tree | None = field(default=None, repr=False)
    reply: Reply | None = field(default=None, repr=False)
    source: Any = field(default=None, repr=False)
    tokens: tuple[str, ...] = field(default=(), repr=False)


class Sessions:
    """Tokens and logins of one endpoint, made once for all its calls and dropped when refused."""

    def __init__(self) -> None:
        self._values: dict[str, tuple[Any, datetime]] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._turns: dict[str, asyncio.Lock] = {}

    def turn(self, name: str) -> asyncio.Lock:
        """The lock under which one call after another is made."""
        return self._turns.setdefault(name, asyncio.Lock())

    async def get(self, name: str, now: datetime, make: Callable[[], Awaitable[tuple[Any, timedelta]]]) -> Any:
        """The value under `name`, made by `make` -> (value, lifetime) if there is none that is still good."""
        async with self._locks.setdefault(name, asyncio.Lock()):
            value, good_until = self._values.get(name, (None, now))
            if good_until > now:
                return value
            value, lifetime = await make()
            self._values[name] = (value, now + lifetime)
            return value

    def drop(self, name: str) -> None:
        self._values.pop(name, None)


@dataclass(frozen=True, slots=True)
class Equipment:
    """What a context is built from; one per endpoint and process."""

    adapter: Adapter
    mappings: MappingSet
    transport: Transport
    clock: Clock
    draw: Draw
    evidence: EvidenceReader
    sessions: Sessions
    limits: Limits = field(default_factory=Limits)
    callback_url: str | None = None
    pace: Pace | None = None


class Context:
    """The surroundings of one operation of one order.

    `deadline` is this clock's time after which nothing may be sent any more.
    """

    def __init__(
        self,
        equipment: Equipment,
        operation: str,
        *,
        deadline: datetime,
        record: Callable[[Call], None],
        correlation: str,
        params: Mapping[str, Any] | None = None,
    ) -> None:
        self._equipment = equipment
        self.params: Mapping[str, Any] = params or {}
        self._operation = operation
        self._deadline = deadline
        self._record = record
        self._effects = 0
        self._doubtful_ref: str | None = None
        self.log = logging.LoggerAdapter(
            logging.getLogger(f"hub.adapters.{equipment.adapter.spec.id}"),
            {"endpoint": equipment.adapter.endpoint, "operation": operation, "correlation": correlation},
        )

    @property
    def config(self) -> Mapping[str, Any]:
        return self._equipment.adapter.config

    @property
    def endpoint(self) -> str:
        return self._equipment.adapter.endpoint

    @property
    def callback_url(self) -> str | None:
        """Where this endpoint can send callbacks, if the hub listens for any."""
        return self._equipment.callback_url

    def now(self) -> datetime:
        return self._equipment.clock.now()

    def draw(self, count: int) -> bytes:
        """Random bytes from the hub's source."""
        return self._equipment.draw(count)

    async def evidence(self, evidence: Evidence) -> bytes:
        return await self._equipment.evidence.read(evidence)

    async def session(self, name: str, make: Callable[[], Awaitable[tuple[Any, timedelta]]]) -> Any:
        """A token shared by all calls to this endpoint; `make` returns it with its lifetime."""
        return await self._equipment.sessions.get(name, self.now(), make)

    def drop_session(self, name: str) -> None:
        self._equipment.sessions.drop(name)

    def turn(self, name: str) -> AbstractAsyncContextManager[None]:
        """Wait for one's turn among all calls to this endpoint, for utilities that serve one call at a time."""
        return self._equipment.sessions.turn(name)

    def known_as(self, provider_ref: str | None) -> None:
        """Say that the order exists at the utility under this number: a failure from here on is a doubt."""
        self._doubtful_ref = provider_ref

    async def call(
        self, message: str, source: Any, *, session: Mapping[str, Any] | None = None, **values: Any
    ) -> Reply:
        """Encode, exchange and decode one mapped message.

        Args:
            message: a message of the manifest.
            source: the canonical model that its request mapping starts from.
            session: tokens for `$session.…` in mappings and for the codec.
            values: further values for `$vars.…` in mappings.

        Returns:
            The reply, also when it states an error of the utility.

        Raises:
            CallEnded: when there is no reply that can be trusted; carries the outcome.
        """
        env = self._env(session, values)
        mappings, adapter = self._equipment.mappings, self._equipment.adapter
        spec = adapter.spec.messages[message]
        try:
            tree = mappings.request(message)(source, env) if spec.request else dict(values)
            request = adapter.encode(message, tree, env, self._equipment.draw)
        except EncodeError as error:
            raise CallEnded(self._cannot_send(message, error)) from None
        tokens = tuple(str(token) for token in env.session.values() if len(str(token)) >= _SHORTEST_TOKEN)
        call = Call(
            message,
            spec.effect,
            env.now,
            Phase.PREPARED,
            request_tree=tree,
            request=request,
            source=source,
            tokens=tokens,
        )
        exchanged = await self._exchange(call, request, spec.seconds)
        call = _ended(call, exchanged)
        try:
            response_tree, reply = self._understand(message, exchanged, env)
        except CallEnded as ended:
            self._record(call)
            raise ended from None
        self._record(replace(call, response_tree=response_tree, reply=reply))
        self._effects += spec.effect
        return reply

    async def fetch(self, message: str, request: WireRequest) -> WireResponse:
        """Exchange a ready-made request (a file to put, get or list, a raw upload) unmapped. Raises CallEnded."""
        spec = self._equipment.adapter.spec.messages[message]
        call = Call(message, spec.effect, self.now(), Phase.PREPARED, request=request)
        exchanged = await self._exchange(call, request, spec.seconds)
        self._record(_ended(call, exchanged))
        if exchanged.response is None:
            raise CallEnded(self._broken(message, exchanged))
        self._effects += spec.effect
        return exchanged.response

    async def _exchange(self, call: Call, request: WireRequest, seconds: float | None) -> Exchanged:
        limits = self._equipment.limits
        if seconds is not None:
            limits = replace(limits, total=seconds, read=min(limits.read, seconds))
        if isinstance(request, HttpRequest) and _less_safe(request.url, self.config.get("base_url")):
            # An address that an answer named: materials and files of payments do not go in the clear.
            self._record(replace(call, failure="not-https"))
            raise CallEnded(self._without_effect(ErrorCode.UPS_PROTOCOL, "not-https"))
        if self._equipment.pace is not None:
            await self._equipment.pace.turn()
        if self.now() > self._deadline:
            # A worker that slept through its lease must not send: another may have taken over.
            self._record(replace(call, failure="send-deadline"))
            raise CallEnded(self._without_effect(ErrorCode.UPS_UNAVAILABLE, "send-deadline"))
        try:
            return await self._equipment.transport.exchange(request, limits)
        except asyncio.CancelledError:
            self._record(replace(call, phase=Phase.SENDING, failure="cancelled"))
            raise

    def _understand(self, message: str, exchanged: Exchanged, env: Env) -> tuple[Tree, Reply]:
        if exchanged.response is None:
            raise CallEnded(self._broken(message, exchanged))
        adapter, spec = self._equipment.adapter, self._equipment.adapter.spec.messages[message]
        try:
            tree = adapter.decode(message, exchanged.response, env)
            reply = self._equipment.mappings.reply(message)(tree, env) if spec.reply else Reply()
        except Refused as refused:
            error = self._error(refused.code, raw=refused.raw)
            if self._effects or self._doubtful_ref:
                raise CallEnded(self._doubt("RECEIVED", error, refused.retry_after)) from None
            raise CallEnded(refusal(error, refused.retry_after)) from None
        except UnmappedCode as unmapped:
            error = self._error(ErrorCode.UPS_UNMAPPED, raw=unmapped.raw, field=unmapped.where)
            raise CallEnded(Faulty(error=error)) from None
        except DecodeError as broken:
            error = self._error(ErrorCode.UPS_PROTOCOL, field=broken.where)
            if spec.effect or self._effects or self._doubtful_ref:
                raise CallEnded(self._doubt("RECEIVED", error)) from None
            raise CallEnded(NotSent(error=error)) from None
        return tree, reply

    def _broken(self, message: str, exchanged: Exchanged) -> Outcome:
        """The outcome of an exchange that brought no whole response: told by the phase alone."""
        effect = self._equipment.adapter.spec.messages[message].effect
        if not exchanged.phase.provably_not_sent and effect:
            error = self._error(ErrorCode.UPS_TIMEOUT_UNKNOWN, note=exchanged.failure)
            return self._doubt(exchanged.phase.name, error)
        refused = exchanged.failure in {"login", "host-key"}
        return self._without_effect(ErrorCode.UPS_AUTH if refused else ErrorCode.UPS_UNAVAILABLE, exchanged.failure)

    def _without_effect(self, code: ErrorCode, note: str | None) -> Outcome:
        error = self._error(code, note=note)
        if self._effects or self._doubtful_ref:
            return self._doubt("RECEIVED", error)
        return NotSent(error=error)

    def _cannot_send(self, message: str, error: EncodeError) -> Outcome:
        failure = self._error(ErrorCode.VAL_FORMAT, field=error.where, note=f"message {message}")
        if self._effects or self._doubtful_ref:
            return self._doubt("RECEIVED", failure)
        return Faulty(error=failure)

    def _doubt(self, phase: str, error: ServiceError, retry_after: timedelta | None = None) -> Outcome:
        return Unknown(phase=phase, error=error, provider_ref=self._doubtful_ref, retry_after=retry_after)

    def _error(
        self, code: ErrorCode, *, raw: str | None = None, field: str | None = None, note: str | None = None
    ) -> ServiceError:
        return ServiceError(
            code=code, provider=self._equipment.adapter.endpoint, provider_code_raw=raw, field=field, note=note
        )

    def _env(self, session: Mapping[str, Any] | None, values: Mapping[str, Any]) -> Env:
        return Env(now=self.now(), config=self.config, params=self.params, session=session or {}, vars=values)


def _less_safe(url: str, base: object) -> bool:
    """Whether a request would leave the protection that the endpoint's own address has."""
    return str(base or "").lower().startswith("https:") and not url.lower().startswith("https:")


def _ended(call: Call, exchanged: Exchanged) -> Call:
    return replace(
        call,
        phase=exchanged.phase,
        seconds=exchanged.seconds,
        failure=exchanged.failure,
        response=exchanged.response,
    )
