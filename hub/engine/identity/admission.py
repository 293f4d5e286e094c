"""Admission: whether the identity check of an application is good, and the case number that was reserved with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from hub.clock import SHANGHAI
from hub.domain import numbers
from hub.domain.application import Application, Channel
from hub.domain.catalogue import Catalogue
from hub.domain.identity import IdentityRules, Presented, Subject, acting, identity_faults
from hub.domain.party import IdentityAssertion, Method, Party
from hub.errors import ApplicationInvalid, Fault
from hub.store.unit import UnitOfWork


@dataclass(frozen=True, slots=True)
class Admission:
    """The rules of the city, applied. `subject` is the keyed digest of a document."""

    rules: IdentityRules
    catalogue: Catalogue
    subject: Subject
    now: Callable[[], datetime]
    draw: Callable[[int], bytes]

    def presented(self, unit: UnitOfWork, application: Application) -> Presented:
        """What is on record of the check that an application names."""
        found = unit.assertion(application.assertion) if application.assertion else None
        return Presented(found, used=found is not None and unit.is_filed(found.case_number or ""))

    def faults(self, application: Application, presented: Presented) -> list[Fault]:
        """Why the check is not good enough; empty if it is."""
        return identity_faults(application, presented, self.rules, self.catalogue, self.subject, self.now())

    def admit(self, unit: UnitOfWork, application: Application) -> IdentityAssertion | None:
        """The check under which a case is taken: the one presented, or the clerk's own, now on record.

        None where no item demands one.

        Raises:
            ApplicationInvalid: naming each rule that it breaks.
        """
        presented = self.presented(unit, application)
        if faults := self.faults(application, presented):
            raise ApplicationInvalid(*faults)
        if presented.assertion is not None:
            return presented.assertion
        own = self.vouched(application)
        if own is not None:
            division = application.channel.division or application.address.division_code
            own = own.with_(case_number=next_number(unit, division, self.now()))
            unit.insert_assertion(own)
        return own

    def shown(self, application: Application, presented: Presented) -> IdentityAssertion | None:
        """The check that would go with the orders; nothing is stored."""
        return presented.assertion or self.vouched(application)

    def vouched(self, application: Application) -> IdentityAssertion | None:
        """The on-site check of the clerk who took the application, and is named in it."""
        demanded = any(self.catalogue.by_code[request.code].identity_level for request in application.items)
        if application.assertion or not demanded or not self.rules.vouches(application.channel):
            return None
        codes = tuple(request.code for request in application.items)
        return self.made("CLERK", acting(application)[0], codes, application.channel)

    def made(
        self,
        method: Method,
        party: Party,
        items: tuple[str, ...],
        channel: Channel,
        *,
        case_number: str | None = None,
        request_id: str | None = None,
    ) -> IdentityAssertion:
        """A new assertion, from now on for as long as the channel allows."""
        now = self.now()
        return IdentityAssertion(
            id=numbers.new_id(now, self.draw),
            method=method,
            level=self.rules.by_method[method].level,
            verified_at=now,
            expires_at=now + self.rules.lifetime(channel.type),
            request_id=request_id,
            operator=channel.operator or channel.terminal,
            subject=self.subject(party.document),
            case_number=case_number,
            channel=channel.type,
            items=items,
        )


def next_number(unit: UnitOfWork, division: str, now: datetime) -> str:
    """The next case number of a division's day. One that is reserved and never filed leaves a gap."""
    day = now.astimezone(SHANGHAI).date()
    place = division[:6].ljust(6, "0")
    return numbers.case_number(day, place, unit.count(f"case:{day:%Y%m%d}:{place}"))
