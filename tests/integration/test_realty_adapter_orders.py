"""The realty adapter against the simulator on real tables: from the application to the certificate, and aside from it."""

from __future__ import annotations

from base64 import b64decode
from datetime import UTC, datetime, timedelta

import pytest

from hub.domain.form import CoOwnership
from hub.domain.states import TaskState
from hub.domain.taxonomy import ErrorCode
from hub.wire.crypto import sm3
from simulators.realty import seed
from tests.integration.realty_desk import (
    CERTIFICATE,
    CITIZEN,
    DATABASES,
    START,
    TOWNS,
    UNIT,
    certificate_no,
    document,
    material,
    of_unit,
    order_of,
    party,
    query,
    running,
    unit_no,
)

ENTERED = datetime(2026, 11, 24, 2, 28, tzinfo=UTC)  # by the registry's clock, which is three minutes fast
COUPLE = [
    {**party("王秀兰", "330402195203140024"), "mode": "joint"},
    {**party("陈明", "330481199506150135"), "mode": "joint"},
]
SELLER_X = party("赵兰", "33040219700101001X")
SELLER_OLD = party("钱福", "330402580314123")
SELLER_RARE = party("阿卜杜热西提·买买提·𠅤𬭎䶮", "330411196001010011")
SELLER_FOREIGN = party("JOHN WILLIAM SMITH", "E12345678", "PASSPORT")


@pytest.mark.parametrize("database", DATABASES)
async def test_application_goes_through_entry_to_the_certificate(database):
    async with running(database) as hub:
        hub.store.files = {"one": b"%PDF contract"}
        order = order_of(evidence=(material(b"%PDF contract"),), linked=("water", "power"))
        assert (await hub.run("precheck", order)).kind == "completed"
        assert (await hub.run("apply", order)).kind == "accepted"
        waiting = await hub.run("progress", order)
        assert (waiting.kind, waiting.raw_code, waiting.provider_ref) == ("accepted", "JHBZ0", None)
        hub.registry.turn()
        assert hub.registry.journal.violations() == []
        taken = await hub.run("progress", order)
        assert (taken.kind, taken.raw_code, taken.provider_ref) == ("accepted", "10", "BDC2026112400001")
        await hub.clock.advance(hours=1)
        reviewed = await hub.run("progress", order)
        assert (reviewed.state, reviewed.legal_effect) == (TaskState.IN_PROGRESS, None)
        await hub.clock.advance(minutes=30)
        entered = await hub.run("progress", order)
        assert (entered.state, entered.raw_code, entered.legal_effect) == (TaskState.IN_PROGRESS, "50", ENTERED)
        await hub.clock.advance(hours=2)
        done = await hub.run("progress", order)
        assert (done.kind, done.raw_code, done.legal_effect) == ("completed", "70", ENTERED)
        (certificate,) = done.outputs
        assert (certificate.kind, certificate.identifier) == ("certificate", "浙(2026)嘉兴市不动产权第0090001号")
        assert (certificate.effective.isoformat(), certificate.data["licence_no"][:13]) == (
            "2026-11-24",
            "1.2.156.3005.",
        )
        paper = await hub.run("document", hub.asking(order))
        assert sm3(b64decode(paper.content)).hex() == paper.digest
        assert hub.registry.ledger.summary() == {"application": 1, "registration": 1, "certificate": 1}
        (row,) = hub.rows("QZ_SQ")
        assert (row["LBSX"], row["HZMC"], float(row["QDJG"])) == ("S,D", "王秀兰", 128.5)


@pytest.mark.parametrize("town", TOWNS)
async def test_application_of_every_county_ends_with_its_certificate(town):
    async with running() as hub:
        hub.params["qxdm"] = town[:6]
        order = await hub.taken(order_of(town=town))
        await hub.registry.advance(order.serial, "70")
        done = await hub.run("progress", order)
        assert (done.kind, done.outputs[0].identifier[:9]) == (
            "completed",
            f"浙(2026){seed.certificate_no(town[:6], 2026, 1)[7:9]}",
        )
        assert done.legal_effect is not None


async def test_company_and_agent_stand_in_the_rows():
    async with running() as hub:
        order = await hub.taken(order_of(audience="enterprise"))
        (owner,) = (row for row in hub.rows("QZ_QLR") if row["LX"] == "1")
        assert (owner["ZJZL"], owner["ZJH"]) == ("7", "91330402MA28A12323")
        assert (await hub.run("progress", order)).kind == "accepted"


@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize(
    ("running_no", "sellers"),
    [(2, [SELLER_X]), (3, [SELLER_OLD]), (4, [SELLER_RARE]), (5, [SELLER_FOREIGN])],
)
async def test_sellers_of_every_kind_are_known_by_their_numbers(database, running_no, sellers):
    async with running(database) as hub:
        order = of_unit(running_no, *sellers)
        assert (await hub.run("precheck", order)).kind == "completed"
        await hub.taken(order)
        assert hub.registry.journal.violations() == []
        assert (await hub.run("progress", order)).raw_code == "10"


@pytest.mark.parametrize("database", DATABASES)
async def test_several_owners_in_shares_buy_from_several_heirs(database):
    async with running(database) as hub:
        heirs = [party(each.name, each.number) for each in seed.register(7).units[unit_no(9)].owners]
        owners = [
            {**CITIZEN, "mode": "shares", "share": "1/3"},
            {**party("阿卜杜·𠅤𬭎", "330411196001010011"), "mode": "shares", "share": "1/6"},
            {**party("JOHN SMITH", "E12345678", "PASSPORT"), "mode": "shares", "share": "1/2"},
        ]
        order = await hub.taken(of_unit(9, *heirs, owners=owners))
        await hub.registry.advance(order.serial, "70")
        assert (await hub.run("progress", order)).kind == "completed"
        held = (await hub.run("accounts", query(account_no=unit_no(9)))).accounts
        assert sorted(each.holder_name for each in held) == sorted(each["name"] for each in owners)


async def test_reads_are_marked_in_the_tables():
    async with running() as hub:
        order = await hub.taken(order_of())
        assert {row["JHBZ"] for row in hub.rows("QZ_JD")} == {"0"}
        await hub.run("progress", order)
        assert {row["JHBZ"] for row in hub.rows("QZ_JD")} == {"2"}
        await hub.run("progress", order)
        assert len(hub.messages("noted")) == 1


# refused


REFUSED = [
    (order_of(form={"bdcdyh": unit_no(77), "ownership_proof_no": certificate_no(77)}), "不动产单元不存在", ErrorCode.ELG_ACCOUNT_NOT_FOUND),
    (order_of(form={"ownership_proof_no": certificate_no(9)}), "权证号不符", ErrorCode.MAT_INVALID),
    (of_unit(7, party("李建国", "330402198801010012")), "不动产已查封", ErrorCode.ELG_STATUS),
    (of_unit(8, party("李建国", "330402198801010012")), "抵押未经抵押权人同意", ErrorCode.ELG_NOT_ELIGIBLE),
    (order_of(form={"transferors": [party("李建国", "330411200501010025")]}), "义务人非登记权利人", ErrorCode.IDN_MISMATCH),
    (order_of(form={"contract_no": "JX2026110012345-N"}), "合同未网签备案", ErrorCode.ELG_CONTRACT),
    (order_of(form={"contract_no": "JX2026110012345-U"}), "税款未缴清", ErrorCode.ELG_ARREARS),
]  # fmt: skip


@pytest.mark.parametrize("database", DATABASES)
async def test_every_reason_to_refuse_is_final_and_leaves_no_effect(database):
    async with running(database) as hub:
        for place, (order, reason, code) in enumerate(REFUSED):
            own = order.with_(request_id=f"{place:032x}", serial=f"{place:020d}")
            await hub.taken(own)
            outcome = await hub.run("progress", own)
            assert (outcome.kind, outcome.error.code, outcome.raw_code) == ("rejected", code, reason)
        assert hub.registry.ledger.summary() == {}


async def test_shares_that_do_not_fit_and_another_county_are_refused_by_the_registry_too():
    async with running() as hub:
        alone = order_of()
        wrong = alone.with_(form=alone.form.with_(owners=(alone.form.owners[0].with_(mode=CoOwnership.JOINT),)))
        await hub.taken(wrong)
        assert (await hub.run("progress", wrong)).raw_code == "共有份额不符"
        hub.params["qxdm"] = "330411"
        other = await hub.taken(order_of(seq=2))
        assert (await hub.run("progress", other)).error.code is ErrorCode.RTE_WRONG_AREA


async def test_material_that_is_not_what_was_announced_is_unclear():
    async with running() as hub:
        hub.store.files = {"one": b"%PDF another"}
        order = await hub.taken(order_of(evidence=(material(b"%PDF contract"),)))
        outcome = await hub.run("progress", order)
        assert (outcome.error.code, outcome.raw_code) == (ErrorCode.MAT_UNREADABLE, "材料不清晰")


async def test_second_application_for_a_unit_is_turned_down_while_the_first_is_open():
    async with running() as hub:
        first, second = await hub.taken(order_of()), await hub.taken(order_of(seq=2))
        outcome = await hub.run("progress", second)
        assert (outcome.kind, outcome.error.code) == ("rejected", ErrorCode.ELG_OPEN_ORDER)
        assert (await hub.run("progress", first)).kind == "accepted"


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (of_unit(77, party("李建国", "330402198801010012")), ErrorCode.ELG_ACCOUNT_NOT_FOUND),
        (of_unit(7, party("李建国", "330402198801010012")), ErrorCode.ELG_STATUS),
        (order_of(form={"ownership_proof_no": certificate_no(9)}), ErrorCode.MAT_INVALID),
        (order_of(form={"transferors": [SELLER_X]}), ErrorCode.IDN_MISMATCH),
        (of_unit(9, party("孙一", "330402198801011007")), ErrorCode.IDN_MISMATCH),
    ],
)
async def test_precheck_says_beforehand_what_would_be_refused(order, code):
    async with running() as hub:
        outcome = await hub.run("precheck", order)
        assert (outcome.kind, outcome.error.code) == ("rejected", code)
        assert hub.rows("QZ_SQ") == []


async def test_precheck_warns_of_a_mortgage():
    async with running() as hub:
        outcome = await hub.run("precheck", of_unit(8, party("李建国", "330402198801010012")))
        assert (outcome.kind, outcome.opinion) == ("completed", "不动产已设抵押,须抵押权人同意")


# aside


@pytest.mark.parametrize(
    ("suffix", "state"),
    [("-B", TaskState.AWAITING_APPLICANT), ("-S", TaskState.SUSPENDED), ("-T", TaskState.AWAITING_PAYMENT)],
)
async def test_application_that_waits_says_for_what_and_goes_on(suffix, state):
    async with running() as hub:
        order = await hub.taken(order_of(form={"contract_no": f"JX2026110012345{suffix}"}))
        await hub.clock.advance(minutes=30)
        waiting = await hub.run("progress", order)
        assert (waiting.state, waiting.legal_effect) == (state, None)
        await hub.registry.advance(order.serial, "20")
        await hub.clock.advance(hours=4)
        assert (await hub.run("progress", order)).kind == "completed"


async def test_application_refused_in_review_is_rejected():
    async with running() as hub:
        order = await hub.taken(order_of(form={"contract_no": "JX2026110012345-R"}))
        await hub.clock.advance(hours=2)
        outcome = await hub.run("progress", order)
        assert (outcome.kind, outcome.raw_code, outcome.opinion) == ("rejected", "90", "不符合登记条件")


@pytest.mark.parametrize("database", DATABASES)
async def test_supplement_brings_what_was_asked_for_and_is_not_asked_again(database):
    async with running(database) as hub:
        order = await hub.taken(order_of(form={"contract_no": "JX2026110012345-B"}))
        await hub.clock.advance(minutes=20)
        hub.store.files = {"two": b"%PDF clear"}
        more = order.with_(evidence=(material(b"%PDF clear", ref="two"),))
        assert (await hub.run("supplemented", more)).kind == "absent"
        for _ in range(2):
            answered = await hub.run("supplement", more)
            assert (answered.kind, answered.state) == ("progress", TaskState.IN_PROGRESS)
            assert (await hub.run("progress", order)).raw_code == "21+"
            assert (await hub.run("supplemented", more)).state is TaskState.IN_PROGRESS
        hub.registry.turn()
        assert (await hub.run("progress", order)).raw_code == "20"
        assert hub.registry.ledger.count("supplement") == 1
        await hub.clock.advance(hours=4)
        assert (await hub.run("progress", order)).kind == "completed"


async def test_supplement_that_is_no_better_is_asked_for_again():
    async with running() as hub:
        order = await hub.taken(order_of(form={"contract_no": "JX2026110012345-B"}))
        await hub.clock.advance(minutes=20)
        hub.store.files = {"two": b"something else"}
        await hub.run("supplement", order.with_(evidence=(material(b"%PDF clear", ref="two"),)))
        await hub.clock.advance(minutes=5)
        again = await hub.run("progress", order)
        assert (again.state, again.opinion) == (TaskState.AWAITING_APPLICANT, "材料不清晰")


# withdrawal


@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize("taken", [False, True])
async def test_application_is_withdrawn_before_entry_at_the_next_turn(database, taken):
    async with running(database) as hub:
        order = order_of()
        await hub.run("apply", order)
        if taken:
            hub.registry.turn()
            await hub.run("progress", order)
        for _ in range(2):
            asked = await hub.run("cancel", order)
            assert (asked.kind, asked.state) == ("progress", TaskState.IN_PROGRESS)
        await hub.clock.advance(minutes=5)
        gone = await hub.run("progress", order)
        assert (gone.state, gone.raw_code) == (TaskState.CANCELLED, "91")
        assert (await hub.run("cancel", order)).state is TaskState.CANCELLED
        assert hub.registry.ledger.summary() == {"application": 1, "withdrawal": 1}


async def test_withdrawal_written_into_a_row_that_was_read_is_seen():
    async with running() as hub:
        order = await hub.taken(order_of())
        await hub.run("progress", order)
        await hub.clock.advance(minutes=1)
        await hub.registry.advance(order.serial, "withdraw")
        (row,) = hub.rows("QZ_JD")
        assert (row["JDDM"], row["JHBZ"]) == ("91", "2")
        assert (await hub.run("progress", order)).state is TaskState.CANCELLED


@pytest.mark.parametrize("node", ["50", "60", "70"])
async def test_what_is_entered_in_the_register_cannot_be_withdrawn(node):
    async with running() as hub:
        order = await hub.taken(order_of())
        await hub.registry.advance(order.serial, node)
        refused = await hub.run("cancel", order)
        assert (refused.kind, refused.error.code, refused.raw_code) == ("rejected", ErrorCode.ELG_STATUS, node)
        assert hub.messages("cancel") == []


async def test_entry_that_overtakes_the_wish_to_withdraw_stands():
    async with running() as hub:
        order = await hub.taken(order_of())
        assert (await hub.run("cancel", order)).kind == "progress"
        hub.registry._registry.push_to(hub.registry._registry.find(order.serial), "50", hub.clock.now())
        await hub.clock.advance(minutes=5)
        found = await hub.run("find", order)
        assert (found.state, found.legal_effect is not None) == (TaskState.IN_PROGRESS, True)
        assert hub.rows("QZ_SQ")[0]["CXBZ"] == "3"


# questions


@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize(
    ("number", "kind", "units"),
    [
        ("330402198801010012", "RIC", 9),
        ("33040219700101001X", "RIC", 1),
        ("330402195803141231", "RIC", 1),
        ("330411196001010011", "RIC", 1),
        ("E12345678", "PASSPORT", 1),
        ("330402195203140024", "RIC", 0),
    ],
)
async def test_units_are_found_by_every_spelling_of_a_number(database, number, kind, units):
    async with running(database) as hub:
        found = (await hub.run("accounts", query(document=document(number, kind)))).accounts
        assert len(found) == units


async def test_unit_is_shown_with_certificate_and_burden():
    async with running() as hub:
        (unit,) = (await hub.run("accounts", query(account_no=UNIT))).accounts
        assert (unit.account_no, unit.certificate_no, unit.holder_name, unit.status) == (
            UNIT,
            CERTIFICATE,
            "李建国",
            "normal",
        )
        (sealed,) = (await hub.run("accounts", query(account_no=unit_no(7)))).accounts
        assert sealed.status == "sealed"


async def test_rows_that_may_have_been_purged_are_not_absent():
    async with running(pace=1000) as hub:
        order = await hub.taken(order_of())
        assert (await hub.run("find", order_of(seq=2))).kind == "absent"
        hub.registry._registry.cases.clear()
        hub.registry._registry.cycle(START + timedelta(days=31))
        assert (hub.rows("QZ_SQ"), hub.rows("QZ_JD")) == ([], [])
        order = order.with_(submitted_at=START - timedelta(days=31))
        outcome = await hub.run("find", order)
        assert (outcome.kind, outcome.error.code) == ("unknown", ErrorCode.UPS_TIMEOUT_UNKNOWN)


async def test_document_that_is_not_there_yet_is_late():
    async with running() as hub:
        order = await hub.taken(order_of())
        assert (await hub.run("document", hub.asking(order))).error is ErrorCode.FILE_LATE
        await hub.registry.advance(order.serial, "70")
        for file in (hub.registry.database.disk / "out").iterdir():
            file.unlink()
        assert (await hub.run("document", hub.asking(order))).error is ErrorCode.FILE_LATE


def test_times_of_the_tables_are_the_citys():
    assert order_of().submitted_at == START
    assert timedelta(hours=8) == datetime(2026, 11, 24, 9) - START.replace(tzinfo=None)
