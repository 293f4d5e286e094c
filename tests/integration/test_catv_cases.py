"""Whole cases of cable television: from the window through the hub to the BOSS and back, with faults on the way."""

from __future__ import annotations

import pytest

from hub import CaseState, example_application, example_case, simulated
from hub.config import load_configuration
from hub.domain.party import DocumentType, IdentityDocument, Person
from hub.errors import ApplicationInvalid
from simulators.kit.simulator import Profile
from tests.integration.catv_hub import BY_HOLDER, CODES, HOLDER, TOWNS

CATALOGUE = load_configuration().catalogue
QUICK = Profile(pace=0.02)
CANARIES = ("王秀兰", "330402195203140024", "13800138000", "李建国", "330402198801010012", "中山东路100号")
WITHOUT_FEE = [code for code in CODES if code not in {"JX6-CTV-04", "JX6-CTV-06"}]
KINDS = ("before-commit", "after-commit", "page-after-commit", "crash", "kick", "busy", "html")
FOREIGN = (
    (DocumentType.PASSPORT, "E12345678"),
    (DocumentType.HM_PERMIT, "H12345678"),
    (DocumentType.TW_PERMIT, "12345678"),
    (DocumentType.HMT_RESIDENCE, "810000199001010019"),
    (DocumentType.FPR, "933840199001010013"),
)


def application(code, branch="0402"):
    made = example_application(code, "individual", CATALOGUE, division=TOWNS[branch])
    return made.with_(applicant=HOLDER) if code in BY_HOLDER else made


async def done(hub, made):
    return await hub.wait((await hub.submit(made)).number, seconds=60)


async def test_case_of_every_item_without_a_fee_is_completed_with_one_effect():
    async with simulated("catv", profile=QUICK) as world:
        catv = world.simulators["catv"]
        for code, branch in zip(WITHOUT_FEE, sorted(TOWNS), strict=False):
            case = await done(world.hub, application(code, branch))
            assert (case.state, case.tasks[0].state) == (CaseState.DECIDED, "COMPLETED"), code
        assert catv.ledger.summary() == {"order": 5, "payment": 1}
        assert not catv.journal.violations()


async def test_move_waits_for_its_fee():
    async with simulated("catv", profile=QUICK) as world:
        (task,) = (await done(world.hub, application("JX6-CTV-04"))).tasks
        assert (task.state, task.fee_due_fen) == ("AWAITING_PAYMENT", 10800)


async def test_case_is_completed_with_one_effect_whatever_happens_to_its_message():
    async with simulated("catv", profile=QUICK) as world:
        catv = world.simulators["catv"]
        for count, (kind, branch) in enumerate(zip(KINDS, sorted(TOWNS), strict=True), start=1):
            catv.faults.arm(kind, operation="BS3004", times=2)
            (task,) = (await done(world.hub, application("JX6-CTV-05", branch))).tasks
            assert (task.state, catv.ledger.summary()) == ("COMPLETED", {"order": count}), kind
            catv.faults.clear()


async def test_cases_of_all_counties_at_once_share_the_one_session():
    async with simulated("catv", profile=QUICK) as world:
        catv = world.simulators["catv"]
        catv.faults.arm("kick", operation="*", after=7, times=2)
        cases = [await world.hub.submit(application("JX6-CTV-05", branch)) for branch in sorted(TOWNS)]
        ended = [await world.hub.wait(case.number, seconds=60) for case in cases]
        assert {case.tasks[0].state for case in ended} == {"COMPLETED"}
        assert catv.ledger.summary() == {"order": 7}
        assert not catv.journal.violations()


async def test_trace_shows_the_document_masked_and_without_the_session_and_the_clerk_sees_the_warning():
    async with simulated("catv", profile=QUICK) as world:
        catv = world.simulators["catv"]
        catv.books.change("330400012345", contract_end=catv.clock.now().date().replace(year=2027))
        case = await done(world.hub, application("JX6-CTV-03"))
        trace = await world.hub.trace(case.number)
        shown = trace.model_dump_json()
        assert "xml=<?xml version=" in shown.replace("\\", "")
        assert "<SESSIONID>***</SESSIONID>" in shown
        session = catv.operators.find("OW0001").session
        assert [canary for canary in (*CANARIES, session, "TEST-CATV") if canary in shown] == []
        assert "合约由新户承接至2027/11/24" in [event.opinion for event in trace.events]


async def test_foreign_residents_become_holders():
    async with simulated("catv", profile=QUICK) as world:
        for (kind, number), branch in zip(FOREIGN, sorted(TOWNS), strict=False):
            document = IdentityDocument(type=kind, number=number)
            person = Person(name="Jean-Éric Ōta", document=document, mobile="13800138000")
            made = application("JX6-CTV-03", branch).with_(applicant=person)
            (task,) = (await done(world.hub, made)).tasks
            assert task.state == "COMPLETED", kind
            holder = world.simulators["catv"].books.customers[made.items[0].form["cust_no"]]
            assert (holder.name, holder.id_number) == (person.name, number)


async def test_name_that_the_interface_cannot_take_is_refused_at_the_window_and_lookups_are_answered():
    async with simulated("catv") as world:
        catv = world.simulators["catv"]
        for name in ("阿" * 31, "𬭎" * 16):
            with pytest.raises(ApplicationInvalid) as refused:
                await world.hub.submit(application("JX6-CTV-05").with_(applicant=HOLDER.with_(name=name)))
            assert "CUSTNAME" in str(refused.value)
        assert not catv.journal.entries
        catv.books.change("330400020001", name=HOLDER.name, id_number=HOLDER.document.number)
        (found,) = (await world.hub.lookup(HOLDER, fields=["catv"], division="330402007")).found
        assert {each.account_no: each.arrears_fen for each in found.accounts} == {
            "330400012345": 0,
            "330400020001": 3650,
        }


async def test_several_items_in_one_case_are_several_orders():
    async with simulated("catv", profile=QUICK) as world:
        made = example_case(["JX6-CTV-01", "JX6-CTV-02", "JX6-CTV-08"], "individual", CATALOGUE)
        case = await done(world.hub, made)
        assert {task.state for task in case.tasks} == {"COMPLETED"}
        assert world.simulators["catv"].ledger.summary() == {"order": 2, "payment": 1}
