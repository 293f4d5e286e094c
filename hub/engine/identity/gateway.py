"""The identity gateway of a place: asked with a purpose, tried again while it is busy, its failures told in one way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import tenacity

from hub.clock import Clock
from hub.domain.order import IdentityQuery
from hub.domain.provider import Route
from hub.domain.reply import Reply
from hub.domain.taxonomy import Actor, ErrorCode, Retry
from hub.engine.asking import ask
from hub.errors import ConfigError, Fault, IdentityRefused, NotSupported, TryLater
from hub.sdk.context import Equipment
from hub.sdk.errors import CallEnded

FIELD = "identity"
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Gateway:
    """Finds the gateway that serves a division, and asks it."""

    route: Callable[[str, str], Route | None]
    equipment: Mapping[str, Equipment]
    clock: Clock

    def reaches(self, division: str) -> tuple[Equipment, Route]:
        """Raises NotSupported where no gateway is connected."""
        route = self.route(FIELD, division)
        equipment = self.equipment.get(route.endpoint.id) if route and route.endpoint else None
        if route is None or equipment is None:
            raise NotSupported("no identity gateway is connected here; a clerk or a card reader can check instead")
        return equipment, route

    async def ask(self, operation: str, query: IdentityQuery, division: str) -> Reply:
        """The answer; `error` says what is wrong with the person, with our message or with the gateway.

        Questions change nothing, so one that brought no answer is asked again.

        Raises:
            NotSupported: no gateway is connected, or none has such a register.
        """
        equipment, route = self.reaches(division)
        retrying = tenacity.AsyncRetrying(
            sleep=self.clock.sleep,
            retry=tenacity.retry_if_result(_passing),
            wait=tenacity.wait_exponential(multiplier=0.5, max=2),
            stop=tenacity.stop_after_attempt(_TRIES),
            retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
        )
        reply: Reply = await retrying(self._once, operation, equipment, route.params, query)
        return reply

    async def _once(
        self, operation: str, equipment: Equipment, params: Mapping[str, str], query: IdentityQuery
    ) -> Reply:
        case = query.purpose.case_number
        try:
            return await ask(operation, equipment, params, query, self.clock, correlation=case)
        except CallEnded as ended:
            error = getattr(ended.outcome, "error", None)
            if error is None:
                return Reply(error=ErrorCode.UPS_PROTOCOL)
            return Reply(error=error.code, raw_code=error.provider_code_raw, note=error.field or error.note)
        except TimeoutError:
            return Reply(error=ErrorCode.UPS_UNAVAILABLE, note="operation-deadline")


def _passing(reply: Reply) -> bool:
    """Busy, away, or garbled on the way: the next answer may be a whole one."""
    return reply.error is ErrorCode.UPS_PROTOCOL or (
        reply.error is not None and reply.error.rule.retry is Retry.BACKOFF
    )


def raise_for(reply: Reply, endpoint: str, *, where: str = "document", hint: str = "") -> None:
    """Raise what an answer without a yes means for the one who asked.

    Raises:
        IdentityRefused: it concerns the person or the document.
        ConfigError: the gateway does not accept the hub's key, or has not granted this purpose.
        TryLater: the gateway does not answer, or not as agreed.
    """
    code = reply.error
    if code is None:
        return
    raw = f" (code {reply.raw_code})" if reply.raw_code else ""
    if code.rule.actor in {Actor.APPLICANT, Actor.CLERK}:
        ours = reply.note if code is ErrorCode.VAL_FORMAT else None  # the field of our own message that cannot be sent
        raise IdentityRefused(Fault(ours or where, code.value, f"{code.rule.message_en}{hint}"))
    if code is ErrorCode.UPS_AUTH:
        text = f"the gateway refuses the hub's key, or has not granted it this item{raw}"
        raise ConfigError(Fault(f"endpoint {endpoint}", code.value, text))
    raise TryLater(f"{endpoint}: {code.rule.message_en}{raw} [{code}]")
