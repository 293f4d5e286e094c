"""Materials that the hub fetches itself, and the household as the register has it. What could not be had is said."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from hub.clock import SHANGHAI, Clock
from hub.domain import mask
from hub.domain.application import Application
from hub.domain.base import Frozen
from hub.domain.catalogue import Catalogue, ServiceItem
from hub.domain.evidence import Evidence
from hub.domain.identifiers import normal_document
from hub.domain.order import IdentityQuery
from hub.domain.party import IdentityAssertion, IdentityDocument, Organisation, PartyRef, Person
from hub.domain.reply import HouseholdMember, Reply
from hub.domain.taxonomy import ErrorCode, ServiceError
from hub.engine.identity.admission import Admission
from hub.engine.identity.gateway import Gateway, raise_for
from hub.engine.identity.verifying import purpose
from hub.errors import ApplicationInvalid, Fault
from hub.store.evidence import EvidenceFolder
from hub.store.port import Store

_MEDIA = {"pdf": "application/pdf", "ofd": "application/ofd", "jpg": "image/jpeg"}
_MEMBERS = "member_ids"


class FetchedMaterial(Frozen):
    """One material that was asked for, for one item: got, not there, or no answer (`error` says why)."""

    material: str
    name_zh: str
    item: str
    state: Literal["fetched", "absent", "failed"]
    evidence: Evidence | None = None
    licence_no: str | None = None
    issuer: str | None = None
    error: ServiceError | None = None


class Fetched(Frozen):
    """What a fetch brought. Add `evidence` to the application; what is in `to_bring` the applicant has to bring.

    `failed` brought no answer: fetch again later, or take it from the applicant.
    """

    materials: tuple[FetchedMaterial, ...] = ()
    to_bring: tuple[tuple[str, ...], ...] = ()

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        return tuple(each.evidence for each in self.materials if each.evidence is not None)

    @property
    def failed(self) -> tuple[FetchedMaterial, ...]:
        return tuple(each for each in self.materials if each.state == "failed")


class MemberFound(Frozen):
    """A member that the form names (by its place): whether the register has them in the household, and as what."""

    index: int
    listed: bool
    relation: str | None = None


class Household(Frozen):
    """The form's members against the register's. `registered` counts everybody in the household, the applicant too."""

    item: str
    registered: int
    members: tuple[MemberFound, ...]

    @property
    def agrees(self) -> bool:
        return all(member.listed for member in self.members)


@dataclass(frozen=True, slots=True)
class Sharing:
    """Asks the gateway for what applications need. Every question names its item and the case that is to come."""

    admission: Admission
    gateway: Gateway
    store: Store
    evidence: EvidenceFolder
    clock: Clock

    async def fetch(self, application: Application) -> Fetched:
        """See `Hub.fetch_materials`."""
        assertion = await self._checked(application)
        have = {evidence.material for evidence in application.evidence}
        asked: dict[str, FetchedMaterial] = {}
        to_bring: dict[tuple[str, ...], None] = {}
        for item, choices in _wanted(application, self.admission.catalogue):
            if have & set(choices):
                continue
            for material in choices:
                if material not in asked and self.admission.catalogue.by_material[material].auto_fetch:
                    asked[material] = await self._one(application, assertion, item, material)
                if material in asked and asked[material].state == "fetched":
                    have.add(material)
                    break
            else:
                if all(asked[one].state == "absent" for one in choices if one in asked):
                    to_bring[choices] = None
        return Fetched(materials=tuple(asked.values()), to_bring=tuple(to_bring))

    async def household(self, application: Application) -> Household:
        """See `Hub.check_household`."""
        code, members = self._members(application)
        assertion = await self._checked(application)
        kind = self.admission.catalogue.by_material["HOUSEHOLD_REG"]
        query = self._query(application, assertion, code, kind.name_zh, application.applicant.document)
        division = application.address.division_code
        reply = await self.gateway.ask("household", query, division)
        if reply.error is not ErrorCode.IDN_NOT_FOUND:
            raise_for(reply, self.gateway.reaches(division)[0].adapter.endpoint, where="applicant.document")
        found = tuple(self._member(index, member, reply.members) for index, member in enumerate(members))
        return Household(item=code, registered=len(reply.members), members=found)

    async def _checked(self, application: Application) -> IdentityAssertion:
        """The valid assertion of an application: without one there is no case to ask for. Raises ApplicationInvalid."""
        presented = await self.store.run(lambda unit: self.admission.presented(unit, application))
        faults = self.admission.faults(application, presented)
        if presented.assertion is None and not faults:
            text = "data is asked for in the name of a case: verify first (at a window also by CLERK)"
            faults = [Fault("assertion", ErrorCode.IDN_MISSING.value, text)]
        if faults or presented.assertion is None:
            raise ApplicationInvalid(*faults)
        return presented.assertion

    async def _one(
        self, application: Application, assertion: IdentityAssertion, item: str, material: str
    ) -> FetchedMaterial:
        kind = self.admission.catalogue.by_material[material]
        holder = _holder(application, material)
        named = FetchedMaterial(material=material, name_zh=kind.name_zh, item=item, state="absent")
        if holder is None:
            return named
        query = self._query(application, assertion, item, kind.name_zh, holder.document).with_(
            material=material, name=holder.name
        )
        reply = await self._asked(material, query, application)
        got: FetchedMaterial = named
        if reply.error is None and reply.content is not None:
            got = named.with_(
                state="fetched",
                evidence=await self._kept(material, reply),
                licence_no=reply.certificate_no,
                issuer=reply.issuer,
            )
        elif reply.error not in {None, ErrorCode.IDN_NOT_FOUND}:
            error = ServiceError(code=reply.error, provider_code_raw=reply.raw_code, note=reply.note)
            got = named.with_(state="failed", error=error)
        return got

    async def _asked(self, material: str, query: IdentityQuery, application: Application) -> Reply:
        """The licence; of real estate only for the unit that the application is about, if it names one."""
        division, unit = application.address.division_code, application.property_unit_no
        if material == "RE_CERT" and unit is not None:
            held = await self.gateway.ask("holdings", query, division)
            if held.error is not None or all(each.unit_no != unit for each in held.holdings):
                return Reply(error=held.error, raw_code=held.raw_code, note=held.note)
        return await self.gateway.ask("licence", query, division)

    async def _kept(self, material: str, reply: Reply) -> Evidence:
        kind = reply.note or "pdf"
        content = base64.b64decode(reply.content or "")
        kept = await self.evidence.put(
            material, content, file_name=f"{material.lower()}.{kind}", media_type=_MEDIA[kind]
        )
        collected: Evidence = kept.with_(collected_at=self.clock.now())
        return collected

    def _query(
        self,
        application: Application,
        assertion: IdentityAssertion,
        item: str,
        material_zh: str,
        document: IdentityDocument,
    ) -> IdentityQuery:
        today = self.clock.now().astimezone(SHANGHAI).date()
        number = assertion.case_number or ""
        asked_for = purpose(self.admission.catalogue, item, number, application.channel, material_zh)
        return IdentityQuery(purpose=asked_for, document=normal_document(document, today=today))

    def _members(self, application: Application) -> tuple[str, list[PartyRef]]:
        for request in application.items:
            item = self.admission.catalogue.by_code[request.code]
            given = {**application.form, **request.form}.get(_MEMBERS)
            if _MEMBERS in item.field_keys and given:
                return item.code, [PartyRef.model_validate(member) for member in given]
        text = "no item of the application names members of a household"
        raise ApplicationInvalid(Fault(f"form.{_MEMBERS}", ErrorCode.VAL_REQUIRED.value, text))

    def _member(self, index: int, member: PartyRef, registered: tuple[HouseholdMember, ...]) -> MemberFound:
        """The register shows members masked, so they are compared masked."""
        today = self.clock.now().astimezone(SHANGHAI).date()
        number = normal_document(member.document, today=today).number
        shown = (mask.mask_name(member.name), mask.mask_document(number))
        for each in registered:
            if (each.name, each.document) == shown:
                return MemberFound(index=index, listed=True, relation=each.relation)
        return MemberFound(index=index, listed=False)


def _wanted(application: Application, catalogue: Catalogue) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each choice of materials of which the hub can get at least one, with the first item that asks for it."""
    seen: set[tuple[str, ...]] = set()
    for request in application.items:
        item: ServiceItem = catalogue.by_code[request.code]
        for rule in item.materials:
            applies = rule.applies(application.audience, agent=application.agent is not None) and rule.demanded
            fetchable = any(catalogue.by_material[one].auto_fetch for one in rule.any_of)
            if applies and fetchable and rule.any_of not in seen:
                seen.add(rule.any_of)
                yield item.code, rule.any_of


def _holder(application: Application, material: str) -> Person | Organisation | None:
    """Whose licence it is: the agent's and the legal representative's cards are theirs, all else the applicant's."""
    applicant = application.applicant
    if material == "AGENT_ID":
        return application.agent.person if application.agent else None
    if material == "LEGAL_REP_ID":
        return applicant.legal_rep if isinstance(applicant, Organisation) else None
    return applicant
