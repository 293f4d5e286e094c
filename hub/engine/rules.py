"""What the engine knows of an endpoint when it decides: its operations, policies, maintenance and parameters."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.clock import Clock
from hub.domain.machine import Worked, elapsed
from hub.domain.provider import EndpointSpec
from hub.engine.policy import Draw, backoff
from hub.mapping import MappingSet
from hub.sdk.adapter import Adapter
from hub.sdk.operation import Operation
from hub.wire.exchange import Limits

HUB = "hub"
"""The place of commands that no worker takes: what the hub does by itself at a certain time."""

HeldUntil = Callable[[str, str, datetime], datetime | None]


@dataclass(frozen=True, slots=True)
class Served:
    """One open endpoint, as the core sees it."""

    spec: EndpointSpec
    adapter: Adapter
    mappings: MappingSet
    limits: Limits
    params: Mapping[str, str]
    simulated: bool = False

    def operation(self, upstream: str) -> Operation:
        """The operation that performs a catalogue operation; planning has made sure that there is one."""
        found = self.adapter.serving(upstream)
        if found is None:
            raise LookupError(f"{self.spec.id} does not serve {upstream}")
        return found


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything that decisions depend on besides the rows themselves."""

    endpoints: Mapping[str, Served]
    clock: Clock
    waits: Callable[[str], Draw]
    held_until: HeldUntil
    owner: str
    worked: Worked = elapsed
    after: Callable[[datetime, timedelta], datetime] = operator.add

    def now(self) -> datetime:
        return self.clock.now()

    def backoff(self, endpoint: str, attempt: int, retry_after: timedelta | None = None) -> timedelta:
        return backoff(attempt, self.endpoints[endpoint].spec.retry, self.waits(endpoint), retry_after)

    def send_deadline(self, endpoint: str, now: datetime) -> datetime:
        """The moment after which an attempt that is claimed now must not begin to send."""
        return now + self.clock.io_span(self.endpoints[endpoint].limits.total)

    def believe_absent_from(self, endpoint: str, deadline: datetime, operation: Operation | None) -> datetime:
        """When an inquiry's "absent" proves that an attempt with this send deadline has no effect any more."""
        served = self.endpoints[endpoint]
        messages = served.adapter.spec.messages.values()
        longest = max([served.limits.total, *(each.seconds or 0 for each in messages if each.effect)])
        return deadline + self.clock.io_span(longest + (operation.visibility_lag if operation else 0))

    def poll_every(self, endpoint: str) -> timedelta:
        poll = self.endpoints[endpoint].spec.poll
        return timedelta(minutes=poll.every_minutes if poll else 60)
