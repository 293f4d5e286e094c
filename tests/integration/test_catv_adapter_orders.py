"""The cable television adapter against the BOSS over real sockets: orders, warnings, waits, and questions about them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from hub.domain.form import Terminal
from hub.domain.party import DocumentType, IdentityDocument
from hub.domain.states import TaskState
from hub.domain.taxonomy import ErrorCode
from hub.sdk import NotSupported
from tests.integration.catv_hub import (
    AT_ONCE,
    CATALOGUE,
    FIRM,
    HOLDER,
    ORDERED,
    START,
    TOWNS,
    acceptable,
    order_of,
    query,
    running,
    stamp,
)

MAIN, SLAVE = {"no": "8004001234567890", "kind": "主"}, {"no": "8004001234567891", "kind": "副"}


def held(hub, number, **changes):
    """The example's holder takes the place of a seeded customer's."""
    customers = hub.catv.books.customers
    facts = {"name": HOLDER.name, "id_type": "身份证", "id_number": HOLDER.document.number, **changes}
    customers[number] = replace(customers[number], **facts)
    return number


def ready(hub, order):
    """Bring the account into the state that the order wants."""
    if order.operation == "BS3005":
        days = (date(2026, 11, 1), date(2027, 3, 1))
        held(hub, order.form.cust_no, suspended=days)
    return order


def terminals(*listed):
    return {"terminals": tuple(Terminal(**each) for each in listed) or None}


@pytest.mark.parametrize("branch", sorted(TOWNS))
@pytest.mark.parametrize("code", ORDERED)
async def test_order_of_every_item_in_every_county_is_taken_once_and_completed(branch, code):
    async with running(branch) as hub:
        order = ready(hub, acceptable(code, branch))
        taken = await hub.run("accept", order)
        at_once = code in AT_ONCE
        kind = "completed" if at_once else "progress" if code == "JX6-CTV-04" else "accepted"
        assert (taken.kind, taken.provider_ref[:12]) == (kind, f"{branch}20261124")
        assert [entry.effect for entry in hub.catv.ledger.effects(stamp(order))] == ["order"]
        assert not hub.catv.journal.violations()
        if not at_once:
            await hub.catv.advance(stamp(order), "W3")
        done = await hub.run("progress", order.with_(provider_ref=taken.provider_ref))
        assert (done.kind, done.provider_ref, done.raw_code, done.rank) == ("completed", taken.provider_ref, "W3", 4)
        contracts = [output.identifier for output in done.outputs if output.kind == "contract"]
        assert bool(contracts) is (CATALOGUE.by_code[code].output == "contract")


async def test_order_walks_by_itself_to_its_end():
    async with running() as hub:
        order = acceptable("JX6-CTV-01")
        order = order.with_(provider_ref=(await hub.run("accept", order)).provider_ref)
        seen = []
        for hours in (0, 3, 18, 8):
            await hub.clock.advance(hours=hours)
            seen.append(await hub.run("progress", order))
        assert [each.raw_code for each in seen] == ["W0", "W1", "W2", "W3"]
        assert [each.kind for each in seen] == ["accepted", "progress", "progress", "completed"]
        assert [each.rank for each in seen] == [1, 2, 3, 4]
        (found,) = (await hub.run("accounts", query(document=order.applicant.document))).accounts
        assert (found.holder_name, found.status) == (order.applicant.name, "normal")


async def test_order_of_a_company_names_its_legal_representative_and_its_agent():
    async with running() as hub:
        order = order_of("JX6-CTV-01", audience="enterprise")
        agent = order_of("JX6-WAT-03", audience="enterprise").agent if order.agent is None else order.agent
        assert (await hub.run("accept", order.with_(agent=agent))).kind == "accepted"
        sent = hub.messages("BS3001")[0].request_tree["BODY"]
        assert (sent["CUSTNAME"], sent["IDTYPE"]) == (FIRM.name, "营业执照")
        assert (sent["LEGALNAME"], sent["AGENTNAME"]) == (order.applicant.legal_rep.name, agent.person.name)


async def test_transfer_changes_the_holder_and_says_that_the_contract_goes_on():
    async with running() as hub:
        number = held(hub, "330400020004")
        order = order_of("JX6-CTV-03", form={"cust_no": number})
        done = await hub.run("accept", order)
        assert (done.kind, done.opinion) == ("completed", "合约由新户承接至2027/6/12")
        (account,) = (await hub.run("accounts", query(account_no=number))).accounts
        assert (account.holder_name, account.holder_document) == ("王秀兰", "330402195203140024")
        assert (await hub.run("find", order)).kind == "completed"


@pytest.mark.parametrize(
    ("listed", "warning"),
    [
        ((MAIN,), "副机随主机一并移机"),
        ((MAIN, SLAVE), "副机随主机一并移机"),
        ((SLAVE,), "副机单独移机后按主机计费"),
        ((), "副机随主机一并移机"),
    ],
)
async def test_move_warns_of_what_comes_of_the_other_terminals(listed, warning):
    async with running() as hub:
        number = held(hub, "330400020005")
        taken = await hub.run("accept", acceptable("JX6-CTV-04", form={"cust_no": number, **terminals(*listed)}))
        assert (taken.kind, taken.state, taken.opinion) == ("progress", TaskState.AWAITING_PAYMENT, warning)


async def test_warning_beside_a_yes_reaches_the_clerk():
    async with running() as hub:
        done = await hub.run("accept", ready(hub, acceptable("JX6-CTV-06")))
        assert (done.kind, done.opinion) == ("completed", "请开机等待授权刷新")


async def test_suspension_shows_in_the_account_and_ends_with_the_resumption():
    async with running() as hub:
        order = acceptable("JX6-CTV-05", form={"start_date": date(2026, 11, 24)})
        assert (await hub.run("accept", order)).kind == "completed"
        number = order.form.cust_no
        assert (await hub.run("accounts", query(account_no=number))).accounts[0].status == "suspended"
        again = await hub.run("accept", acceptable("JX6-CTV-05", seq=2))
        assert (again.kind, again.error.code, again.raw_code) == ("rejected", ErrorCode.ELG_STATUS, "2008")
        assert (await hub.run("accept", acceptable("JX6-CTV-06", seq=3))).kind == "completed"
        assert (await hub.run("accounts", query(account_no=number))).accounts[0].status == "normal"


# what an order waits for


async def test_fee_of_a_move_is_awaited_and_paying_it_lets_the_order_go_on():
    async with running() as hub:
        order = acceptable("JX6-CTV-04")
        taken = await hub.run("accept", order)
        assert (taken.kind, taken.state, taken.fee_due_fen) == ("progress", TaskState.AWAITING_PAYMENT, 10800)
        order = order.with_(provider_ref=taken.provider_ref)
        await hub.clock.advance(days=3)
        assert (await hub.run("progress", order)).state is TaskState.AWAITING_PAYMENT
        fee = order.with_(form=order.form.with_(amount=10800, pay_channel="WECHAT"))
        assert (await hub.run("pay", fee)).kind == "completed"
        assert (await hub.run("progress", order)).kind == "accepted"
        await hub.clock.advance(hours=30)
        assert (await hub.run("progress", order)).kind == "completed"


async def test_closing_with_devices_still_out_waits_for_them():
    async with running() as hub:
        order = acceptable("JX6-CTV-07", form={"terminals": None})
        taken = await hub.run("accept", order)
        assert (taken.kind, taken.state, taken.opinion) == (
            "progress",
            TaskState.AWAITING_APPLICANT,
            "请归还机顶盒等设备",
        )
        assert (taken.error.code, taken.error.field, taken.raw_code) == (ErrorCode.MAT_MISSING, "DEVICES", "W0")
        assert (await hub.run("find", order)).state is TaskState.AWAITING_APPLICANT
        await hub.catv.advance(stamp(order), "W1")
        assert (await hub.run("find", order)).state is TaskState.IN_PROGRESS


async def test_closing_within_the_contract_waits_for_the_penalty_and_then_for_the_devices():
    async with running() as hub:
        number = held(hub, "330400020004", devices=hub.catv.books.customers["330400020005"].devices)
        order = acceptable("JX6-CTV-07", form={"cust_no": number, **terminals(MAIN)})
        taken = await hub.run("accept", order)
        assert (taken.kind, taken.state, taken.fee_due_fen) == ("progress", TaskState.AWAITING_PAYMENT, 10800)
        assert taken.opinion == "违约金:108"
        order = order.with_(provider_ref=taken.provider_ref)
        fee = order.with_(form=order.form.with_(amount=10800, pay_channel="CASH"))
        assert (await hub.run("pay", fee)).kind == "completed"
        assert (await hub.run("progress", order)).state is TaskState.AWAITING_APPLICANT
        assert hub.catv.ledger.summary() == {"order": 1, "payment": 1}


# refusals


REFUSED = [
    ("JX6-CTV-05", {"cust_no": "330400099999"}, ErrorCode.ELG_ACCOUNT_NOT_FOUND, "2001"),
    ("JX6-CTV-05", {"cust_no": "330400020002"}, ErrorCode.ELG_ACCOUNT_NOT_FOUND, "2001"),
    ("JX6-CTV-05", {"cust_no": "330481012345"}, ErrorCode.RTE_WRONG_AREA, "2007"),
    ("JX6-CTV-03", {"old_holder_name": "李建军"}, ErrorCode.ELG_ACCOUNT_NOT_FOUND, "2001"),
    ("JX6-CTV-06", {}, ErrorCode.ELG_STATUS, "2008"),
]


@pytest.mark.parametrize(("item", "form", "code", "raw"), REFUSED)
async def test_refusal_of_the_boss_is_final_with_its_raw_code(item, form, code, raw):
    async with running() as hub:
        outcome = await hub.run("accept", acceptable(item, form=form))
        assert (outcome.kind, outcome.error.code, outcome.raw_code) == ("rejected", code, raw)
        assert hub.catv.ledger.count() == 0


async def test_several_accounts_of_one_person_must_be_told_apart_for_broadband():
    async with running() as hub:
        several = hub.catv.books.customers["330400020006"]
        document = IdentityDocument(type=DocumentType.RIC, number=several.id_number.upper())
        order = order_of("JX6-CTV-02", form={"cust_no": None}, applicant=HOLDER.with_(document=document))
        outcome = await hub.run("accept", order)
        assert (outcome.kind, outcome.error.code, outcome.raw_code) == ("rejected", ErrorCode.ELG_AMBIGUOUS, "2002")
        chosen = order.with_(form=order.form.with_(cust_no="330400020006"))
        assert (await hub.run("accept", chosen)).kind == "accepted"


@pytest.mark.parametrize("item", ["JX6-CTV-03", "JX6-CTV-04", "JX6-CTV-05", "JX6-CTV-07"])
async def test_arrears_are_refused_with_their_amount(item):
    async with running() as hub:
        outcome = await hub.run("accept", acceptable(item, form={"cust_no": held(hub, "330400020001")}))
        assert (outcome.kind, outcome.error.code) == ("rejected", ErrorCode.ELG_ARREARS)
        assert (outcome.error.amount_fen, outcome.raw_code) == (3650, "2003")


async def test_arrears_that_the_new_holder_takes_over_do_not_hinder_a_transfer():
    async with running() as hub:
        number = held(hub, "330400020001")
        form = {"cust_no": number, "settle_mode": "new_holder_takes_over"}
        assert (await hub.run("accept", order_of("JX6-CTV-03", form=form))).kind == "completed"
        assert (await hub.run("arrears", query(account_no=number))).arrears_fen == 3650


async def test_transfer_within_a_contract_that_is_not_accepted_is_refused_with_the_penalty():
    async with running() as hub:
        number = held(hub, "330400020004")
        outcome = await hub.run("accept", order_of("JX6-CTV-03", form={"cust_no": number, "contract_accept": False}))
        assert (outcome.error.code, outcome.error.amount_fen) == (ErrorCode.ELG_CONTRACT, 10800)
        assert hub.catv.ledger.count() == 0


async def test_field_that_the_boss_refuses_is_named():
    async with running() as hub:
        outcome = await hub.run("accept", order_of("JX6-CTV-01", form={"package": "不存在的套餐"}))
        assert (outcome.kind, outcome.error.code, outcome.error.field) == (
            "rejected",
            ErrorCode.VAL_FORMAT,
            "PRODNAME",
        )


async def test_message_that_breaks_the_contract_is_not_sent_and_names_its_field():
    async with running() as hub:
        outcome = await hub.run("accept", acceptable("JX6-CTV-05", applicant=HOLDER.with_(name="王" * 31)))
        assert (outcome.kind, outcome.error.field) == ("faulty", "BODY.CUSTNAME")
        assert [call.message for call in hub.calls] == ["BS1001"]
        assert not hub.catv.journal.violations()


# places


async def test_address_is_given_by_the_number_of_the_covered_one():
    async with running() as hub:
        order = acceptable("JX6-CTV-01")
        await hub.run("accept", order)
        sent = hub.messages("BS3001")[0].request_tree["BODY"]
        assert hub.catv.books.addresses[sent["ADDRID"]].name == order.address.full_address == sent["ADDRNAME"]


@pytest.mark.parametrize(
    ("address", "code", "raw"),
    [
        ("嘉兴市建设街道未覆盖路1号101室", ErrorCode.ELG_NOT_ELIGIBLE, "2005"),
        ("嘉兴市建设街道中山东路100号1幢2单元", ErrorCode.VAL_FORMAT, None),
    ],
)
async def test_address_that_is_not_covered_or_names_no_room_is_refused_before_an_order_is_made(address, code, raw):
    async with running() as hub:
        order = acceptable("JX6-CTV-01")
        outcome = await hub.run("accept", order.with_(address=order.address.with_(full_address=address)))
        assert (outcome.kind, outcome.error.code, outcome.raw_code) == ("rejected", code, raw)
        assert address not in outcome.model_dump_json()
        assert hub.messages("BS3001") == []


async def test_room_may_be_chosen_by_its_number():
    async with running() as hub:
        order = acceptable("JX6-CTV-01")
        hub.catv.books.covered("0402", "330402007", order.address.full_address)
        chosen = next(each for each in hub.catv.books.addresses.values() if each.name.endswith("204室"))
        vague = order.address.with_(
            full_address="嘉兴市建设街道中山东路100号1幢2单元", standard_address_id=chosen.number
        )
        assert (await hub.run("accept", order.with_(address=vague))).kind == "accepted"
        assert hub.messages("BS3001")[0].request_tree["BODY"]["ADDRNAME"] == chosen.name


async def test_move_into_another_branch_is_refused():
    async with running() as hub:
        order = acceptable("JX6-CTV-04")
        away = order.form.new_address.with_(division_code="330481001")
        outcome = await hub.run("accept", order.with_(form=order.form.with_(new_address=away)))
        assert (outcome.kind, outcome.error.code, outcome.raw_code) == ("rejected", ErrorCode.RTE_WRONG_AREA, "2007")
        assert hub.catv.ledger.count() == 0


# numbers of fifteen digits and rare names


@pytest.mark.parametrize("item", ["JX6-CTV-04", "JX6-CTV-05", "JX6-CTV-07"])
async def test_holder_on_file_with_fifteen_digits_is_served(item):
    async with running() as hub:
        number = held(hub, "330400020008", id_number="330402880101001")
        outcome = await hub.run("accept", acceptable(item, form={"cust_no": number}))
        assert outcome.kind in {"accepted", "completed", "progress"}
        sent = [call.request_tree["BODY"]["IDNO"] for call in hub.messages(order_of(item).operation)]
        assert sent == ["330402198801010012", "330402880101001"]
        assert hub.catv.ledger.summary() == {"order": 1}


async def test_accounts_of_one_person_are_found_under_both_numbers():
    async with running() as hub:
        held(hub, "330400020008", id_number="330402880101001")
        found = await hub.run("accounts", query(document=HOLDER.document))
        assert [each.account_no for each in found.accounts] == ["330400012345", "330400020008"]
        assert (found.error, len(hub.messages("BS2001"))) == (None, 2)


async def test_who_was_born_in_this_century_is_asked_for_by_one_number():
    async with running() as hub:
        document = IdentityDocument(type=DocumentType.RIC, number="330411200501010025")
        reply = await hub.run("accounts", query(document=document))
        assert (reply.error, reply.accounts) == (ErrorCode.ELG_ACCOUNT_NOT_FOUND, ())
        assert len(hub.messages("BS2001")) == 1


@pytest.mark.parametrize("name", ["王䶮", "李𬭎", "阿卜杜拉·买买提", "O'Brien—Łódź", "<张&三>"])
async def test_rare_name_is_on_file_as_it_was_given(name):
    async with running() as hub:
        order = order_of("JX6-CTV-03")
        done = await hub.run("accept", order.with_(applicant=order.applicant.with_(name=name)))
        assert done.kind == "completed"
        assert hub.catv.books.customers[order.form.cust_no].name == name
        assert (await hub.run("accounts", query(account_no=order.form.cust_no))).accounts[0].holder_name == name


async def test_small_x_is_written_and_read():
    async with running() as hub:
        document = IdentityDocument(type=DocumentType.RIC, number="33040219700101001X")
        order = order_of("JX6-CTV-03")
        await hub.run("accept", order.with_(applicant=order.applicant.with_(document=document)))
        assert hub.catv.books.customers[order.form.cust_no].id_number == "33040219700101001x"
        (found,) = (await hub.run("accounts", query(document=document))).accounts
        assert found.account_no == order.form.cust_no


# pre-checks


@pytest.mark.parametrize(
    ("form", "changes", "code"),
    [
        ({}, {}, None),
        ({"old_holder_name": "李建军"}, {}, ErrorCode.IDN_MISMATCH),
        ({"cust_no": "330400099999"}, {}, ErrorCode.ELG_ACCOUNT_NOT_FOUND),
        ({"cust_no": "330481012345"}, {}, ErrorCode.RTE_WRONG_AREA),
        ({}, {"suspended": (date(2026, 1, 1), date(2027, 1, 1))}, ErrorCode.ELG_STATUS),
        ({"contract_accept": False}, {"contract_end": date(2027, 1, 1)}, ErrorCode.ELG_CONTRACT),
    ],
)
async def test_precheck_tells_what_would_hinder_a_transfer_and_changes_nothing(form, changes, code):
    async with running() as hub:
        held(hub, "330400012345", **changes)
        outcome = await hub.run("precheck", order_of("JX6-CTV-03", form=form))
        assert (outcome.kind, getattr(getattr(outcome, "error", None), "code", None)) == (
            ("completed", None) if code is None else ("rejected", code)
        )
        assert hub.catv.ledger.count() == 0
        assert {call.message for call in hub.calls} == {"BS1001", "BS2002"}


async def test_precheck_tells_arrears_with_their_amount_and_a_contract_as_an_opinion():
    async with running() as hub:
        outcome = await hub.run("precheck", order_of("JX6-CTV-03", form={"cust_no": held(hub, "330400020001")}))
        assert (outcome.error.code, outcome.error.amount_fen) == (ErrorCode.ELG_ARREARS, 3650)
        outcome = await hub.run("precheck", order_of("JX6-CTV-03", form={"cust_no": held(hub, "330400020004")}))
        assert (outcome.kind, outcome.opinion) == ("completed", "合约至2027-06-12")


async def test_precheck_of_an_opening_asks_for_the_place_only():
    async with running() as hub:
        order = order_of("JX6-CTV-01")
        assert (await hub.run("precheck", order)).kind == "completed"
        far = order.with_(address=order.address.with_(full_address="未覆盖村1号101室"))
        assert (await hub.run("precheck", far)).error.code is ErrorCode.ELG_NOT_ELIGIBLE
        assert [call.message for call in hub.calls] == ["BS1001", "BS6001", "BS6001"]


async def test_precheck_that_gets_no_answer_is_not_sent():
    async with running() as hub:
        hub.catv.faults.arm("garbage", operation="BS2002")
        assert (await hub.run("precheck", order_of("JX6-CTV-03"))).kind == "not_sent"


# questions about orders


async def test_order_the_boss_does_not_know_is_absent():
    async with running() as hub:
        order = order_of("JX6-CTV-05")
        assert (await hub.run("find", order)).kind == "absent"
        assert (await hub.run("progress", order.with_(provider_ref="04022026112499999"))).kind == "absent"


async def test_number_of_another_service_is_not_taken_for_ours():
    async with running() as hub:
        opened = order_of("JX6-CTV-01")
        await hub.run("accept", opened)
        outcome = await hub.run("find", order_of("JX6-CTV-05"))
        assert (outcome.kind, outcome.error.code) == ("faulty", ErrorCode.UPS_PROTOCOL)


@pytest.mark.parametrize("name", ["find", "progress"])
@pytest.mark.parametrize("raw", ["2001", "2007", "-1x"])
async def test_refused_question_never_rejects_the_order(name, raw):
    async with running() as hub:
        order = acceptable("JX6-CTV-01")
        order = order.with_(provider_ref=(await hub.run("accept", order)).provider_ref)
        hub.catv.faults.arm("unknown-code", operation="BS5001", code=raw)
        outcome = await hub.run(name, order)
        assert outcome.kind == "faulty"


async def test_returned_order_is_rejected():
    async with running() as hub:
        order = acceptable("JX6-CTV-01")
        await hub.run("accept", order)
        await hub.catv.advance(stamp(order), "W4")
        outcome = await hub.run("find", order)
        assert (outcome.kind, outcome.error.code, outcome.raw_code) == ("rejected", ErrorCode.ELG_NOT_ELIGIBLE, "W4")


async def test_repeat_of_an_order_finds_its_own_and_makes_no_second():
    async with running() as hub:
        order = acceptable("JX6-CTV-01")
        first, second = await hub.run("accept", order), await hub.run("accept", order)
        assert (second.kind, second.provider_ref, second.raw_code) == ("accepted", first.provider_ref, "W0")
        assert hub.catv.ledger.count("order") == 1


@pytest.mark.parametrize("kind", ["busy", "garbage"])
async def test_repeat_whose_first_cannot_be_asked_for_stays_a_doubt(kind):
    async with running() as hub:
        order = acceptable("JX6-CTV-01")
        await hub.run("accept", order)
        hub.catv.faults.arm(kind, operation="BS5001")
        assert (await hub.run("accept", order)).kind == "unknown"
        assert hub.catv.ledger.count("order") == 1


# cancellation


async def test_order_is_withdrawn_once_however_often_it_is_asked():
    async with running() as hub:
        order = acceptable("JX6-CTV-01")
        order = order.with_(provider_ref=(await hub.run("accept", order)).provider_ref)
        said = [await hub.run("cancel", order) for _ in range(2)]
        assert [each.state for each in said] == [TaskState.CANCELLED, TaskState.CANCELLED]
        assert hub.catv.ledger.count("cancel") == 1
        assert (await hub.run("find", order)).state is TaskState.CANCELLED


async def test_order_that_is_worked_on_cannot_be_withdrawn():
    async with running() as hub:
        order = acceptable("JX6-CTV-01")
        order = order.with_(provider_ref=(await hub.run("accept", order)).provider_ref)
        await hub.catv.advance(stamp(order), "W2")
        outcome = await hub.run("cancel", order)
        assert (outcome.kind, outcome.error.code) == ("rejected", ErrorCode.ELG_STATUS)


# accounts


async def test_accounts_are_found_by_number_and_by_smart_card():
    async with running() as hub:
        (one,) = (await hub.run("accounts", query(account_no="330400012345"))).accounts
        assert (one.account_no, one.holder_name, one.status) == ("330400012345", "李建国", "normal")
        found = (await hub.run("accounts", query(meter_no="8100200300400502"))).accounts
        assert [each.account_no for each in found] == ["330400020005"]


async def test_debts_are_told_with_their_months():
    async with running() as hub:
        reply = await hub.run("arrears", query(account_no="330400020001"))
        assert (reply.arrears_fen, [bill.period for bill in reply.bills]) == (3650, ["202609", "202610"])
        assert (await hub.run("arrears", query(account_no="330400020009"))).balance_fen == 1250


async def test_what_the_interface_lacks_is_not_offered():
    async with running() as hub:
        for name in ("supplement", "compensate"):
            with pytest.raises(NotSupported):
                hub.adapter.operation(name)


async def test_orders_of_all_counties_share_one_operator():
    async with running() as hub:
        for branch in sorted(TOWNS):
            hub.params["branch"] = branch
            assert (
                await hub.run("accept", acceptable("JX6-CTV-01", branch, at=START - timedelta(days=1)))
            ).kind == "accepted"
        assert len(hub.messages("BS1001")) == 1
