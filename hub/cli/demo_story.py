"""The story of the demonstration, step by step, as a window tells it: who, what they have, what it takes, and go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hub.bootstrap import Hub
from hub.cli.demo_world import DIVISION, World, filed
from hub.domain.application import Application, Audience
from hub.domain.catalogue import Catalogue
from hub.domain.example import account_holder, example_case
from hub.domain.party import IdentityAssertion, Organisation, PartyRef, Person
from hub.domain.plan import Plan
from hub.engine.identity.materials import Fetched
from hub.engine.lookup import Lookup
from hub.errors import Fault, InputError

GATEWAY = "idv"


@dataclass(frozen=True, slots=True)
class Story:
    """Which items are applied for: those of a bundle with its lead, and what comes on top."""

    theme: str
    items: tuple[str, ...]
    audience: Audience
    systems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the window has in hand before it submits."""

    assertion: IdentityAssertion
    asked: Person
    found: Lookup
    plan: Plan
    fetched: Fetched
    application: Application


def story(theme: str, more: Sequence[str], catalogue: Catalogue) -> Story:
    """The story of a bundle, with further items. Raises InputError naming what there is."""
    bundle = catalogue.by_bundle.get(theme)
    if bundle is None:
        known = ", ".join(f"{each.id} {each.name_zh}" for each in catalogue.bundles)
        raise InputError(Fault("--story", "VAL_CODE", f"there is no such bundle; there are: {known}"))
    if unknown := [code for code in more if code not in catalogue.by_code]:
        raise InputError(Fault("--with", "VAL_CODE", f"no item of the catalogue: {', '.join(unknown)}"))
    lead = (bundle.lead,) if bundle.lead in catalogue.by_code else ()
    codes = tuple(dict.fromkeys((*lead, *bundle.members, *more)))
    items = [catalogue.by_code[code] for code in codes if code]
    audience: Audience = "individual" if all("individual" in item.audience for item in items) else "enterprise"
    if strangers := [item.code for item in items if audience not in item.audience]:
        raise InputError(Fault("--with", "VAL_AUDIENCE", f"not for an {audience}: {', '.join(strangers)}"))
    fields = dict.fromkeys(item.field for item in items)
    return Story(theme, tuple(item.code for item in items), audience, (*fields, GATEWAY))


async def prepare(world: World, told: Story) -> Prepared:
    """Verify once, find the accounts, plan, fetch what can be fetched, and make the application."""
    hub = world.hub
    with world.clock.busy():
        draft = _draft(hub.configuration.catalogue, told)
        present = draft.agent.person if draft.agent else draft.applicant
        assertion = await hub.verify(present, told.items, channel=draft.channel)
        asked = holder_of(draft)
        found = await hub.lookup(asked, division=DIVISION)
        plan = await hub.plan(told.items, division=DIVISION, audience=told.audience, theme=told.theme)
        draft = await _filled_in(hub, draft.with_(theme=told.theme, assertion=assertion.id), found)
        fetched = await hub.fetch_materials(draft.with_(evidence=()))
        application = await _with_papers(hub, draft, fetched)
    return Prepared(assertion, asked, found, plan, fetched, application)


def _draft(catalogue: Catalogue, told: Story) -> Application:
    items = [catalogue.by_code[code] for code in told.items]
    applicant = account_holder(items) if told.audience == "individual" else None
    return example_case(told.items, told.audience, catalogue, division=DIVISION, applicant=applicant)


def holder_of(application: Application) -> Person:
    """Who has the accounts now: who hands the home over, if somebody does, or else who applies."""
    for request in application.items:
        for party in request.form.get("transferors", ()):
            ref = PartyRef.model_validate(party)
            return Person(name=ref.name, document=ref.document)
    applicant = application.applicant
    if isinstance(applicant, Organisation):
        return Person(name=applicant.name, document=applicant.document)
    return applicant


async def _filled_in(hub: Hub, draft: Application, found: Lookup) -> Application:
    """The forms with the accounts that the applicant pointed at: the only ones that were found in each field."""
    numbers = {field: accounts[0].account_no for field, accounts in found.accounts.items() if len(accounts) == 1}
    if not numbers:
        return draft
    pointed = await hub.lookup(None, division=DIVISION, accounts=numbers)
    known = {each.item: each.form for each in hub.prefill([item.code for item in draft.items], pointed)}
    items = tuple(item.with_(form={**item.form, **known.get(item.code, {})}) for item in draft.items)
    changed: Application = draft.with_(items=items)
    return changed


async def _with_papers(hub: Hub, draft: Application, fetched: Fetched) -> Application:
    """What was fetched, and what the applicant has brought: the rest, as files."""
    have = {each.material for each in fetched.evidence}
    brought = [await filed(hub, each) for each in draft.evidence if each.material not in have]
    changed: Application = draft.with_(evidence=(*fetched.evidence, *brought))
    return changed
