"""Who serves which division for which field, and how the hub reaches and treats that utility's system."""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import Any, Literal

from pydantic import Field, model_validator

from hub.domain.address import Divisions
from hub.domain.base import Frozen


class Provider(Frozen):
    """Provider 公用事业单位."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{1,30}$")
    name_zh: str
    name_en: str
    field: str
    hotline: str | None = None
    working_hours: str | None = None


class Concession(Frozen):
    """Concession 服务区域: a provider serves a field in some places, through an endpoint if there is one."""

    provider: str
    field: str
    divisions: tuple[str, ...] = Field(min_length=1)
    endpoint: str | None = None
    params: dict[str, str] = Field(default_factory=dict)
    valid_from: date | None = None
    valid_to: date | None = None

    def valid(self, on: date | None) -> bool:
        """Whether it holds on a day; without a day, whether it holds at all."""
        if on is None:
            return True
        return (self.valid_from or date.min) <= on <= (self.valid_to or date.max)


class EndpointLimits(Frozen):
    """What one utility's system may be burdened with, and how long is waited for it (seconds of real time)."""

    concurrency: int = Field(default=4, ge=1, le=200)
    rate_per_second: float = Field(default=10.0, gt=0, le=1000)
    connect_seconds: float = Field(default=5.0, gt=0, le=60)
    read_seconds: float = Field(default=15.0, gt=0, le=300)
    total_seconds: float = Field(default=20.0, gt=0, le=600)


class RetryPolicy(Frozen):
    """How what was provably not sent is tried again: exponential with full jitter, capped by number and time."""

    attempts: int = Field(default=400, ge=1, le=10_000)
    base_seconds: float = Field(default=2.0, gt=0)
    cap_seconds: float = Field(default=300.0, gt=0)
    deadline_hours: float = Field(default=24.0, gt=0, le=24 * 30)


class PollPolicy(Frozen):
    """How often an open order's progress is asked for."""

    every_minutes: float = Field(gt=0, le=24 * 60)


class BreakerPolicy(Frozen):
    """After `failures` in a row the endpoint rests for `open_seconds`."""

    failures: int = Field(default=5, ge=1, le=1000)
    open_seconds: float = Field(default=60.0, gt=0, le=24 * 3600)


class BatchSchedule(Frozen):
    """When batch files are written and looked for: cron lines in Asia/Shanghai.

    Without `send` nothing is written, as where answers are only collected, from a feed of changes.
    """

    send: str | None = None
    collect: str


class EndpointSpec(Frozen):
    """One upstream system as this hub reaches it. `config` may hold `${ENV:X}` and `${SECRET:x}` placeholders.

    `simulated`: it is a simulator, and papers made of what it says are marked 模拟.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{1,40}$")
    adapter: str
    label_zh: str = ""
    simulated: bool = False
    config: dict[str, Any] = Field(repr=False)
    limits: EndpointLimits = EndpointLimits()
    retry: RetryPolicy = RetryPolicy()
    breaker: BreakerPolicy = BreakerPolicy()
    poll: PollPolicy | None = None
    batch: BatchSchedule | None = None
    reconcile: str | None = None


class MaintenanceWindow(Frozen):
    """Maintenance window 停机窗口: from each `start` (a cron line in Asia/Shanghai) on, for `minutes`.

    `operations` are patterns of the catalogue's upstream operations (`app/submit:210`, `3001:*`, `*`).
    """

    id: str
    endpoints: tuple[str, ...] = Field(min_length=1)
    operations: tuple[str, ...] = Field(min_length=1)
    start: str
    minutes: int = Field(ge=1, le=7 * 24 * 60)
    behaviour: Literal["QUEUE", "REFUSE", "READ_ONLY"] = "QUEUE"
    label_zh: str = ""


class Route(Frozen):
    """The answer to "who serves this field here": without an endpoint the utility is known but not connected."""

    provider: Provider
    concession: Concession
    endpoint: EndpointSpec | None = None

    @property
    def params(self) -> dict[str, str]:
        return self.concession.params


class Concessions(Frozen):
    """All concessions of the city, with the providers and endpoints they name."""

    divisions: Divisions
    providers: tuple[Provider, ...]
    endpoints: tuple[EndpointSpec, ...]
    concessions: tuple[Concession, ...]

    @model_validator(mode="after")
    def _no_id_twice(self) -> Concessions:
        for kind, ids in (("provider", self.providers), ("endpoint", self.endpoints)):
            if len({one.id for one in ids}) < len(ids):
                raise ValueError(f"two {kind}s have the same id")
        return self

    @cached_property
    def by_provider(self) -> dict[str, Provider]:
        return {provider.id: provider for provider in self.providers}

    @cached_property
    def by_endpoint(self) -> dict[str, EndpointSpec]:
        return {endpoint.id: endpoint for endpoint in self.endpoints}

    @cached_property
    def _by_place(self) -> dict[tuple[str, str], tuple[Concession, ...]]:
        found: dict[tuple[str, str], tuple[Concession, ...]] = {}
        for concession in self.concessions:
            for division in concession.divisions:
                key = concession.field, division
                found[key] = (*found.get(key, ()), concession)
        return found

    def route(self, field: str, division: str, on: date | None = None) -> Route | None:
        """Who serves `field` at a service address in `division`: the nearest concession that holds on that day."""
        for key in self.divisions.search_path(division):
            for concession in self._by_place.get((field, key), ()):
                if concession.valid(on) and concession.provider in self.by_provider:
                    return Route(
                        provider=self.by_provider[concession.provider],
                        concession=concession,
                        endpoint=self.by_endpoint.get(concession.endpoint or ""),
                    )
        return None
