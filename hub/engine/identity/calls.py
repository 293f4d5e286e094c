"""The public calls that ask the identity gateway: `Hub.verify`, `Hub.fetch_materials`, `Hub.check_household`."""

from __future__ import annotations

from collections.abc import Iterable

from hub.domain.application import Application, Channel
from hub.domain.party import IdentityAssertion, Method, Organisation, Person
from hub.engine.identity.materials import Fetched, Household, Sharing
from hub.engine.identity.verifying import Verifying


class IdentityCalls:
    """A part of the hub's API."""

    _verifying: Verifying
    _sharing: Sharing

    async def verify(
        self,
        party: Person | Organisation,
        items: Iterable[str],
        *,
        channel: Channel,
        method: Method = "AUTHORITY_CHECK",
        photo: bytes | None = None,
        fallback: Method | None = None,
    ) -> IdentityAssertion:
        """Check once who somebody is, for the case that is to come. Put the `id` into `Application.assertion`.

        The assertion is good for one case with no other items, at this kind of channel, until `expires_at` (30 minutes
        at a window, 10 at a terminal). It reserves the case's number, which is the purpose that the gateway is told.

        Args:
            party: who is there: the applicant, the agent, or an organisation's legal representative.
            items: the items that are to be applied for.
            channel: where; `operator` (a clerk) or `terminal` goes on record.
            method: AUTHORITY_CHECK asks the register, FACE_COMPARE also compares a photo with the register's portrait;
                CLERK is a clerk's word, CARD_READER a card reader's: these ask nobody. Levels: `identity.yaml`.
            photo: a JPEG of at most 22.5 KiB, for FACE_COMPARE; handed to the gateway and kept nowhere.
            fallback: CARD_READER or CLERK, to be taken instead when the gateway does not answer. Look at `level`.

        Raises:
            InputError: the method cannot be used here or on this document; every fault.
            IdentityRefused: the register says no; the fault's rule says what (IDN_MISMATCH, IDN_NOT_FOUND, …).
            NotSupported: no identity gateway is connected here.
            TryLater: the gateway does not answer (portraits sleep from 00:00 to 05:00).
            ConfigError: the gateway refuses the hub's key, or has not granted it this item.
        """
        with self._verifying.clock.busy():
            return await self._verifying.verify(party, items, channel, method, photo, fallback)

    async def fetch_materials(self, application: Application) -> Fetched:
        """Fetch the licences that the items want and the hub can get; each is asked for once, for one item.

        Materials that the application has already are not fetched. A gateway that fails is part of the answer.

        Raises:
            ApplicationInvalid: the application has no assertion, or one that is not good for it.
            NotSupported: no identity gateway is connected here.
        """
        with self._sharing.clock.busy():
            return await self._sharing.fetch(application)

    async def check_household(self, application: Application) -> Household:
        """Whether the members that the form names (`member_ids`) are in the applicant's household on the register.

        Raises:
            ApplicationInvalid: no item names members, or the assertion is not good for it.
            NotSupported, TryLater, ConfigError: as for `verify`.
        """
        with self._sharing.clock.busy():
            return await self._sharing.household(application)
