"""How well the hub knows who applies: the worth of each method, what an item demands, what an assertion is good for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from pydantic import Field

from hub.domain.application import Application, Channel, ChannelType
from hub.domain.base import Frozen
from hub.domain.catalogue import Catalogue
from hub.domain.party import IdentityAssertion, IdentityDocument, Method, Organisation, Party
from hub.domain.taxonomy import ErrorCode
from hub.errors import Fault

Subject = Callable[[IdentityDocument], str]


class MethodRule(Frozen):
    """A way to check an identity, and how much it is worth."""

    id: Method
    level: int = Field(ge=1, le=3)
    label_zh: str
    label_en: str


class ChannelRule(Frozen):
    """What can be done at a channel, how long it holds, and which levels are raised there."""

    id: ChannelType
    minutes: int = Field(ge=1, le=240)
    methods: tuple[Method, ...]
    demands: dict[int, int] = Field(default_factory=dict)


class IdentityRules(Frozen):
    """The city's rules."""

    photo_score: int = Field(ge=1, le=100)
    methods: tuple[MethodRule, ...]
    channels: tuple[ChannelRule, ...]

    @cached_property
    def by_method(self) -> dict[str, MethodRule]:
        return {rule.id: rule for rule in self.methods}

    @cached_property
    def by_channel(self) -> dict[str, ChannelRule]:
        return {rule.id: rule for rule in self.channels}

    def allowed(self, channel: str) -> tuple[Method, ...]:
        """The methods that a channel has; none for a channel without a rule."""
        rule = self.by_channel.get(channel)
        return tuple(method for method in rule.methods if method in self.by_method) if rule else ()

    def lifetime(self, channel: str) -> timedelta:
        return timedelta(minutes=self.by_channel[channel].minutes)

    def demanded(self, level: int, channel: str) -> int:
        """The level that an item of `level` demands at a channel."""
        rule = self.by_channel.get(channel)
        return rule.demands.get(level, level) if rule else level

    def vouches(self, channel: Channel) -> bool:
        """Whether a clerk who is named took it, and so answers for having looked at the document."""
        return bool(channel.operator) and "CLERK" in self.allowed(channel.type)


@dataclass(frozen=True, slots=True)
class Presented:
    """The check that an application names, as the hub has it on record; None: there is no such check."""

    assertion: IdentityAssertion | None = None
    used: bool = False


def acting(application: Application) -> tuple[Party, ...]:
    """Who may be checked for a case: the agent, if there is one; else the applicant, or who represents it."""
    if application.agent is not None:
        return (application.agent.person,)
    applicant = application.applicant
    if isinstance(applicant, Organisation) and applicant.legal_rep is not None:
        return applicant.legal_rep, applicant
    return (applicant,)


def identity_faults(
    application: Application,
    presented: Presented,
    rules: IdentityRules,
    catalogue: Catalogue,
    subject: Subject,
    now: datetime,
) -> list[Fault]:
    """Why the identity check of an application is not good enough; each fault names its rule. Empty: it is.

    Without an assertion the check of the clerk who took it counts, at a window that names its clerk.
    """
    if application.assertion is None:
        if rules.vouches(application.channel):
            return list(_levels(application, "CLERK", rules.by_method["CLERK"].level, rules, catalogue))
        wanted = max((level for _, _, level in _demands(application, rules, catalogue)), default=0)
        text = f"an identity check of level {wanted} is needed here; make one with verify"
        return [_fault("assertion", ErrorCode.IDN_MISSING, text)] if wanted else []
    found = presented.assertion
    if found is None:
        return [_fault("assertion", ErrorCode.IDN_MISSING, "there is no such identity check")]
    return [
        *_standing(application, found, used=presented.used, subject=subject, now=now),
        *_levels(application, found.method, found.level, rules, catalogue),
    ]


def _standing(
    application: Application, found: IdentityAssertion, *, used: bool, subject: Subject, now: datetime
) -> Iterator[Fault]:
    if used:
        yield _fault("assertion", ErrorCode.IDN_USED)
    if now >= found.expires_at:
        yield _fault("assertion", ErrorCode.IDN_LAPSED)
    if found.subject not in {subject(party.document) for party in acting(application)}:
        yield _fault("assertion", ErrorCode.IDN_SUBJECT)
    if found.channel != application.channel.type:
        text = f"the identity check was made at a {found.channel}, not at a {application.channel.type}"
        yield _fault("assertion", ErrorCode.IDN_PURPOSE, text)
    for index, request in enumerate(application.items):
        if request.code not in found.items:
            text = f"the identity check was not made for {request.code}"
            yield _fault(f"items[{index}].code", ErrorCode.IDN_PURPOSE, text)


def _levels(
    application: Application, method: str, level: int, rules: IdentityRules, catalogue: Catalogue
) -> Iterator[Fault]:
    for index, code, wanted in _demands(application, rules, catalogue):
        if level < wanted:
            where = application.channel.type
            text = f"{code} demands an identity check of level {wanted} at a {where}; {method} is level {level}"
            yield _fault(f"items[{index}].code", ErrorCode.IDN_LEVEL, text)


def _demands(application: Application, rules: IdentityRules, catalogue: Catalogue) -> Iterator[tuple[int, str, int]]:
    for index, request in enumerate(application.items):
        item = catalogue.by_code.get(request.code)
        if item is not None:
            yield index, item.code, rules.demanded(item.identity_level, application.channel.type)


def _fault(where: str, code: ErrorCode, message: str | None = None) -> Fault:
    return Fault(where, code.value, message or code.rule.message_en)
