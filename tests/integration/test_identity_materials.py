"""hub.fetch_materials and hub.check_household on the simulated gateway over real sockets."""

from __future__ import annotations

import pytest

from hub import example_case
from hub.domain.party import PartyRef
from hub.errors import ApplicationInvalid, ConfigError, NotSupported, TryLater
from simulators.idv import seed
from tests.integration.identity_desk import LARGE, SUSPEND, TRANSFER, WINDOW, desk, person, rules_of


async def verified(at, *items, who=None, **changes):
    """An application without materials, and its check."""
    made = await at.hub.verify(who or person(), items, channel=WINDOW, method="CLERK")
    return at.application(*items, channel=WINDOW, assertion=made.id, evidence=(), **changes)


def states(fetched):
    return {each.material: each.state for each in fetched.materials}


async def test_licences_are_fetched_once_for_all_items_in_the_name_of_the_case():
    async with desk() as at:
        applied = await verified(at, LARGE, SUSPEND)
        fetched = await at.hub.fetch_materials(applied)
        assert states(fetched) == {"ID_CARD": "fetched", "HOUSEHOLD_REG": "fetched", "RE_CERT": "absent"}
        entries = at.idv.ledger.entries
        assert {(entry.effect, entry.facts["item"]) for entry in entries} == {("/licence/get", LARGE)}
        assert [entry.facts["material"] for entry in entries] == ["居民身份证", "户口簿", "不动产权证书"]
        assert len({entry.order for entry in entries}) == 1
        assert not at.idv.journal.violations()


async def test_fetched_material_is_evidence_that_an_order_can_carry():
    async with desk() as at:
        applied = await verified(at, LARGE)
        fetched = await at.hub.fetch_materials(applied)
        card = fetched.materials[0]
        assert (card.evidence.file_name, card.evidence.media_type) == ("id_card.pdf", "application/pdf")
        assert card.issuer == "嘉兴市公安局(模拟)"
        content = await at.hub._parts.evidence.read(card.evidence)
        assert content.startswith(b"%PDF")
        needed = example_case((LARGE,), "individual", at.hub.configuration.catalogue).evidence
        brought = tuple(each for each in needed if each.material not in {"ID_CARD", "HOUSEHOLD_REG"})
        case = await at.hub.submit(applied.with_(evidence=(*fetched.evidence, *brought)))
        assert {entry.order for entry in at.idv.ledger.entries} == {case.number}


async def test_what_is_not_on_record_the_applicant_has_to_bring():
    async with desk() as at:
        fetched = await at.hub.fetch_materials(await verified(at, LARGE))
        assert fetched.to_bring == (("RE_CERT", "LEASE"),)
        assert fetched.failed == ()


async def test_second_choice_is_asked_for_only_when_the_first_is_not_there():
    async with desk() as at:
        fetched = await at.hub.fetch_materials(await verified(at, TRANSFER))
        assert states(fetched) == {"ID_CARD": "fetched", "RE_CERT": "absent", "PURCHASE_CONTRACT": "fetched"}
        assert fetched.to_bring == ()
        seller = person("李建国", "330402198801010012")
        applied = await verified(at, TRANSFER, who=seller, applicant=seller)
        assert states(await at.hub.fetch_materials(applied)) == {"ID_CARD": "fetched", "RE_CERT": "fetched"}


async def test_material_that_is_there_already_is_not_asked_for():
    async with desk() as at:
        applied = await verified(at, LARGE)
        given = example_case((LARGE,), "individual", at.hub.configuration.catalogue).evidence
        fetched = await at.hub.fetch_materials(applied.with_(evidence=given))
        assert fetched.materials == ()
        assert at.idv.ledger.count() == 0


async def test_certificate_is_fetched_only_for_the_unit_that_the_applicant_owns():
    async with desk() as at:
        seller = person("李建国", "330402198801010012")
        for unit, state in ((seed.UNIT, "fetched"), ("330402001001GB00001F00010002", "absent")):
            applied = await verified(at, TRANSFER, who=seller, applicant=seller, property_unit_no=unit)
            assert states(await at.hub.fetch_materials(applied))["RE_CERT"] == state
        applied = await verified(at, TRANSFER, property_unit_no=seed.UNIT)
        assert states(await at.hub.fetch_materials(applied))["RE_CERT"] == "absent"


async def test_firm_s_licence_and_its_representative_s_card_are_each_asked_of_their_holder():
    async with desk() as at:
        firm = example_case((TRANSFER,), "enterprise", at.hub.configuration.catalogue)
        who = firm.agent.person if firm.agent else firm.applicant.legal_rep
        made = await at.hub.verify(who, [TRANSFER], channel=WINDOW, method="CLERK")
        applied = firm.with_(channel=WINDOW, assertion=made.id, evidence=())
        found = states(await at.hub.fetch_materials(applied))
        assert (found["BIZ_LICENCE"], found["LEGAL_REP_ID"]) == ("fetched", "fetched")
        assert "ID_CARD" not in found


async def test_gateway_that_fails_in_between_gives_a_partial_answer_that_says_so():
    async with desk() as at:
        applied = await verified(at, LARGE)
        at.idv.faults.arm("busy", code="19", operation="/licence/get", after=1, times=3)
        fetched = await at.hub.fetch_materials(applied)
        assert states(fetched) == {
            "ID_CARD": "fetched",
            "HOUSEHOLD_REG": "failed",
            "RESIDENCE_PERMIT": "absent",
            "RE_CERT": "absent",
        }
        (failed,) = fetched.failed
        assert (failed.error.code, failed.error.provider_code_raw) == ("UPS_UNAVAILABLE", "19")
        assert [each.material for each in fetched.evidence] == ["ID_CARD"]
        assert fetched.to_bring == (("RE_CERT", "LEASE"),)


async def test_item_without_a_grant_gets_nothing_and_says_why():
    async with desk(extra={"denied_items": [LARGE]}) as at:
        fetched = await at.hub.fetch_materials(await verified(at, LARGE))
        assert set(states(fetched).values()) == {"failed"}
        assert {each.error.provider_code_raw for each in fetched.failed} == {"03"}


async def test_nothing_is_fetched_without_a_check_that_is_good():
    async with desk() as at:
        for applied in (at.application(LARGE, channel=WINDOW), at.application(LARGE)):
            with pytest.raises(ApplicationInvalid) as caught:
                await at.hub.fetch_materials(applied.with_(evidence=()))
            assert rules_of(caught) == ["IDN_MISSING"]
        applied = await verified(at, SUSPEND)
        with pytest.raises(ApplicationInvalid) as caught:
            await at.hub.fetch_materials(at.application(LARGE, channel=WINDOW, assertion=applied.assertion))
        assert rules_of(caught) == ["IDN_PURPOSE"]
        assert at.idv.ledger.count() == 0


async def test_nothing_is_fetched_without_a_gateway():
    async with desk(gateway=False) as at:
        with pytest.raises(NotSupported):
            await at.hub.fetch_materials(await verified(at, LARGE))


# -- household


async def test_members_of_the_form_are_found_in_the_register_s_household():
    async with desk() as at:
        applied = await verified(at, LARGE)
        members = [
            PartyRef.model_validate({"name": name, "document": {"type": "RIC", "number": number}}).model_dump(
                mode="json"
            )
            for name, number in (("李建国", "330402198801010012"), seed.CHILD, seed.AGENT)
        ]
        (request,) = applied.items
        named = applied.with_(items=(request.with_(form={**request.form, "member_ids": members}),))
        household = await at.hub.check_household(named)
        assert [(each.index, each.listed, each.relation) for each in household.members] == [
            (0, True, "son"),
            (1, True, "other"),
            (2, False, None),
        ]
        assert (household.item, household.registered, household.agrees) == (LARGE, 3, False)
        (entry,) = at.idv.ledger.entries
        assert (entry.effect, entry.facts["item"]) == ("/population/household", LARGE)


async def test_person_without_a_household_on_record_has_no_member_in_it():
    async with desk() as at:
        who = person(*seed.AGENT)
        household = await at.hub.check_household(await verified(at, LARGE, who=who, applicant=who))
        assert household.registered == 0
        assert not household.agrees


async def test_household_is_asked_for_by_items_that_name_its_members_only():
    async with desk() as at:
        with pytest.raises(ApplicationInvalid) as caught:
            await at.hub.check_household(await verified(at, TRANSFER))
        assert rules_of(caught) == ["VAL_REQUIRED"]
        assert at.idv.ledger.count() == 0


async def test_household_that_cannot_be_asked_for_says_so():
    async with desk() as at:
        applied = await verified(at, LARGE)
        at.idv.faults.arm("busy", times=9)
        with pytest.raises(TryLater):
            await at.hub.check_household(applied)
    async with desk(extra={"denied_items": [LARGE]}) as at:
        with pytest.raises(ConfigError):
            await at.hub.check_household(await verified(at, LARGE))
