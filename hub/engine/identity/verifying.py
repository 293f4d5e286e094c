"""Verifying who somebody is, once for a case: by the gateway, or on a person's or a card reader's word."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from hub.clock import SHANGHAI, Clock
from hub.domain.address import Divisions
from hub.domain.application import Channel
from hub.domain.catalogue import Catalogue
from hub.domain.identifiers import normal_document
from hub.domain.order import IdentityQuery, Purpose
from hub.domain.party import DocumentType, IdentityAssertion, Method, Organisation, Party
from hub.domain.taxonomy import ErrorCode
from hub.domain.validation import check_identity
from hub.engine.identity.admission import Admission, next_number
from hub.engine.identity.gateway import Gateway, raise_for
from hub.errors import Fault, InputError, TryLater
from hub.store.port import Store

_PHOTO_LIMIT = 30 * 1024 // 4 * 3  # so that its base64 has at most 30 KB
_JPEG = b"\xff\xd8"
_NEW_FOR = timedelta(days=3)
_ON_SITE = ("CLERK", "CARD_READER")


@dataclass(frozen=True, slots=True)
class Verifying:
    """Makes identity assertions and keeps them."""

    admission: Admission
    gateway: Gateway
    store: Store
    clock: Clock
    divisions: Divisions

    async def verify(
        self,
        party: Party,
        items: Iterable[str],
        channel: Channel,
        method: Method,
        photo: bytes | None,
        fallback: Method | None,
    ) -> IdentityAssertion:
        """See `Hub.verify`."""
        codes = tuple(dict.fromkeys(items))
        faults = [*self._request(party, codes, channel), *self._means(party, channel, method, photo, fallback)]
        if faults:
            raise InputError(*faults)
        party = self._normal(party)
        number = await self.store.run(lambda unit: next_number(unit, self._division(channel), self.clock.now()))
        try:
            request_id = await self._confirmed(method, party, codes[0], number, channel, photo)
        except TryLater:
            if fallback is None:
                raise
            method, request_id = fallback, None
        made = self.admission.made(method, party, codes, channel, case_number=number, request_id=request_id)
        await self.store.run(lambda unit: unit.insert_assertion(made))
        return made

    async def _confirmed(
        self, method: Method, party: Party, item: str, number: str, channel: Channel, photo: bytes | None
    ) -> str | None:
        """Ask the gateway what the method wants; its request id, or nothing where the word on site is enough."""
        if method in _ON_SITE:
            return None
        division = self._division(channel)
        endpoint = self.gateway.reaches(division)[0].adapter.endpoint
        legal_rep = party.legal_rep.name if isinstance(party, Organisation) and party.legal_rep else None
        query = IdentityQuery(
            purpose=purpose(self.admission.catalogue, item, number, channel, party.document.type.label_zh),
            document=party.document,
            name=party.name,
            legal_rep=legal_rep,
        )
        reply = await self.gateway.ask("verify", query, division)
        raise_for(reply, endpoint, hint=self._hint(party, reply.error))
        if method == "FACE_COMPARE":
            reply = await self.gateway.ask("compare_photo", query.with_(photo=photo), division)
            if reply.error is None and (reply.score or 0) < self.admission.rules.photo_score:
                reply = reply.with_(error=ErrorCode.IDN_MISMATCH)
            raise_for(reply, endpoint, where="photo", hint=": the face is not the register's")
        return reply.provider_ref

    def _request(self, party: Party, codes: tuple[str, ...], channel: Channel) -> list[Fault]:
        known = self.admission.catalogue.by_code
        faults = [
            Fault(f"items[{index}]", ErrorCode.VAL_CODE.value, "the catalogue has no such item; see hub items")
            for index, code in enumerate(codes)
            if code not in known
        ]
        if not codes:
            faults.append(Fault("items", ErrorCode.VAL_REQUIRED.value, "a check is made for one item at least"))
        if channel.division is not None and channel.division not in self.divisions.by_code:
            faults.append(Fault("channel.division", ErrorCode.VAL_CODE.value, "no such division in this city"))
        today = self.clock.now().astimezone(SHANGHAI).date()
        return [*faults, *check_identity(party.document, "document", today)]

    def _means(
        self, party: Party, channel: Channel, method: Method, photo: bytes | None, fallback: Method | None
    ) -> list[Fault]:
        """Whether the method can be used here, on this document, with what was given."""
        allowed = self.admission.rules.allowed(channel.type)
        faults = []
        if method not in allowed:
            text = f"there is no {method} at a {channel.type}; there are {', '.join(allowed) or 'none'}"
            faults.append(Fault("method", ErrorCode.VAL_CODE.value, text))
        if fallback is not None and (fallback not in allowed or fallback not in _ON_SITE):
            text = f"a fallback is a method without the gateway that a {channel.type} has"
            faults.append(Fault("fallback", ErrorCode.VAL_CODE.value, text))
        if "CLERK" in {method, fallback} and not channel.operator:
            faults.append(Fault("channel.operator", ErrorCode.VAL_REQUIRED.value, "a clerk vouches by name"))
        if method == "FACE_COMPARE":
            faults += _photo(party, photo)
        elif photo is not None:
            faults.append(Fault("photo", ErrorCode.VAL_FORMAT.value, f"{method} takes no photo"))
        if method == "AUTHORITY_CHECK" and party.document.type is DocumentType.HOUSEHOLD:
            faults.append(Fault("document.type", ErrorCode.VAL_CODE.value, "no register verifies a household book"))
        return faults

    def _normal(self, party: Party) -> Party:
        document = normal_document(party.document, today=self.clock.now().astimezone(SHANGHAI).date())
        changed: Party = party.with_(document=document)
        return changed

    def _division(self, channel: Channel) -> str:
        return channel.division or self.divisions.city

    def _hint(self, party: Party, code: ErrorCode | None) -> str:
        """What is known of registers that say no to the right person."""
        if code is ErrorCode.IDN_MISMATCH and not _common(party.name):
            return "; registers spell rare characters in their own way: let a clerk check"
        since = party.document.valid_from
        now = self.clock.now().astimezone(SHANGHAI).date()
        if code is ErrorCode.IDN_NOT_FOUND and since is not None and now - since <= _NEW_FOR:
            return "; a new document takes up to 3 days: let a clerk check"
        return ""


def purpose(catalogue: Catalogue, item: str, case_number: str, channel: Channel, material: str) -> Purpose:
    """Why data is asked for. Where nobody operates, the terminal or the kind of channel asks."""
    asker = channel.operator or channel.terminal or channel.type
    return Purpose(
        item=catalogue.by_code[item].code, case_number=case_number, operator=asker, material_name=material[:40]
    )


def _photo(party: Party, photo: bytes | None) -> list[Fault]:
    if party.document.type is not DocumentType.RIC:
        text = "the register has portraits of holders of a resident identity card only"
        return [Fault("document.type", ErrorCode.VAL_CODE.value, text)]
    if photo is None:
        return [Fault("photo", ErrorCode.VAL_REQUIRED.value, "a face is compared by a photo")]
    if not photo.startswith(_JPEG) or len(photo) > _PHOTO_LIMIT:
        text = f"a JPEG of at most {_PHOTO_LIMIT} bytes"
        return [Fault("photo", ErrorCode.VAL_FORMAT.value, text)]
    return []


def _common(name: str) -> bool:
    try:
        name.encode("gbk")
    except UnicodeEncodeError:
        return False
    return True
