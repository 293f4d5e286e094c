"""The power adapter against the simulator over real sockets: orders from acceptance to the end."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from hub.domain.order import FileNames
from hub.domain.party import PartyRef
from hub.domain.states import TaskState
from hub.domain.taxonomy import ErrorCode
from tests.integration.power_hub import BUSY, DEBTOR, FIRM, FORMER, ITEMS, material, order_of, query, running

ORDERS = [item.code for item in ITEMS if item.upstream.operation.startswith("app/submit")]
FIRM_ACCOUNT = "3304020019001"


def acceptable(code):
    """The example order of an item, for an account that allows it."""
    order = order_of(code)
    if code == "JX6-ELE-06":
        return order.with_(form=order.form.with_(account_no=FIRM_ACCOUNT, old_holder_name="旧公司"))
    if code == "JX6-ELE-10":
        return order.with_(form=order.form.with_(account_no=FIRM_ACCOUNT))
    old_holder = code in {"JX6-ELE-04", "JX6-ELE-07", "JX6-ELE-08", "JX6-ELE-09", "JX6-ELE-11", "JX6-ELE-12"}
    return order.with_(applicant=FORMER) if old_holder else order


def add_firm(hub, name):
    hub.power.add_account(
        cons_no=FIRM_ACCOUNT, name=name, cert_no=FIRM.document.number, cert_type="08", elec_type="402"
    )


@pytest.mark.parametrize("code", ORDERS)
async def test_order_of_every_item_is_accepted_once_and_completed(code):
    async with running() as hub:
        add_firm(hub, "旧公司" if code == "JX6-ELE-06" else FIRM.name)
        order = acceptable(code)
        accepted = await hub.run("accept", order)
        assert (accepted.kind, accepted.raw_code, len(accepted.provider_ref)) == ("accepted", "01", 16)
        assert [entry.effect for entry in hub.power.ledger.effects(order.serial)] == ["order"]
        assert not hub.power.journal.violations()
        await hub.power.advance(order.serial, "06")
        done = await hub.run("progress", order.with_(provider_ref=accepted.provider_ref))
        assert (done.kind, done.provider_ref, done.raw_code) == ("completed", accepted.provider_ref, "06")
        assert done.outputs


async def test_materials_are_uploaded_before_the_order_and_physical_ones_left_out():
    async with running() as hub:
        hub.store.files = {"one": b"%PDF one", "two": b"%PDF two"}
        physical = material("OLD_CARD").with_(ref=None)
        order = order_of("JX6-ELE-01", evidence=(material(), material("RE_CERT", "two"), physical))
        assert (await hub.run("accept", order)).kind == "accepted"
        names = [call.request_tree["fileName"] for call in hub.messages("attach.presign")]
        assert names == ["id_card.pdf", "re_cert.pdf"]
        assert [call.message for call in hub.calls][-1] == "app.submit"
        assert len(hub.messages("app.submit")[0].request_tree["fileIds"]) == 2


async def test_repeated_attempt_sends_the_same_file_numbers_and_the_same_request_id():
    async with running() as hub:
        order = order_of("JX6-ELE-05", evidence=(material(),))
        hub.power.faults.arm("busy", operation="app/submit")
        refused = await hub.run("accept", order)
        assert (refused.kind, refused.error.code) == ("not_sent", ErrorCode.UPS_BUSY)
        assert (await hub.run("accept", order)).kind == "accepted"
        first, second = hub.messages("app.submit")
        assert first.request_tree == second.request_tree
        assert header(first, "X-Request-Id") == header(second, "X-Request-Id")
        assert header(first, "X-Nonce") != header(second, "X-Nonce")


async def test_upload_address_that_has_lapsed_is_replaced_by_a_new_one():
    async with running() as hub:
        order = order_of("JX6-ELE-05", evidence=(material(),))
        hub.power.faults.arm("busy", operation="app/submit")
        await hub.run("accept", order)
        await hub.clock.advance(minutes=20)
        assert (await hub.run("accept", order)).kind == "accepted"
        first, again, new = hub.messages("attach.presign")
        assert first.reply.file_id == again.reply.file_id != new.reply.file_id


async def test_key_used_with_another_body_leads_to_our_own_order():
    async with running() as hub:
        order = order_of("JX6-ELE-05", evidence=(material(),))
        accepted = await hub.run("accept", order)
        adopted = await hub.run("accept", order.with_(evidence=()))
        assert hub.messages("app.submit")[-1].reply.raw_code == "10010"
        assert (adopted.kind, adopted.provider_ref) == ("accepted", accepted.provider_ref)
        assert hub.power.ledger.count("order") == 1


async def test_open_order_of_ours_is_adopted_after_the_key_was_forgotten():
    async with running() as hub:
        order = order_of("JX6-ELE-05")
        accepted = await hub.run("accept", order)
        await hub.power.advance(order.serial, "08")
        await hub.clock.advance(hours=25)
        adopted = await hub.run("accept", order)
        assert hub.messages("app.submit")[-1].reply.raw_code == "20004"
        assert (adopted.kind, adopted.state, adopted.provider_ref) == (
            "progress",
            TaskState.AWAITING_APPLICANT,
            accepted.provider_ref,
        )
        assert hub.power.ledger.count("order") == 1


async def test_open_order_of_another_channel_is_a_conflict_with_its_number():
    async with running() as hub:
        account = (await hub.run("accounts", query(account_no=BUSY))).accounts[0]
        order = order_of("JX6-ELE-05", form={"account_no": BUSY, "old_holder_name": account.holder_name})
        refused = await hub.run("accept", order)
        assert (refused.kind, refused.error.code, refused.raw_code) == ("rejected", ErrorCode.ELG_OPEN_ORDER, "20004")
        assert len(refused.error.ref) == 16


@pytest.mark.parametrize(
    ("change", "code", "raw"),
    [
        ({"account_no": "3304020099999"}, ErrorCode.ELG_ACCOUNT_NOT_FOUND, "20001"),
        ({"account_no": "3304020012360"}, ErrorCode.ELG_ACCOUNT_NOT_FOUND, "20001"),
        ({"old_holder_name": "别人"}, ErrorCode.IDN_MISMATCH, "20002"),
        ({"account_no": "3304110012341"}, ErrorCode.RTE_WRONG_AREA, "20006"),
    ],
)
async def test_refusals_of_a_transfer_carry_the_canonical_and_the_native_code(change, code, raw):
    async with running() as hub:
        refused = await hub.run("accept", order_of("JX6-ELE-05", form=change))
        assert (refused.kind, refused.error.code, refused.raw_code) == ("rejected", code, raw)
        assert hub.power.ledger.count("order") == 0


async def test_arrears_are_refused_with_their_amount():
    async with running() as hub:
        holder = (await hub.run("accounts", query(account_no=DEBTOR))).accounts[0].holder_name
        order = order_of("JX6-ELE-05", form={"account_no": DEBTOR, "old_holder_name": holder})
        refused = await hub.run("accept", order)
        assert (refused.error.code, refused.error.amount_fen) == (ErrorCode.ELG_ARREARS, 18650)


async def test_wrong_area_names_the_authority_that_it_belongs_to():
    async with running() as hub:
        refused = await hub.run("accept", order_of("JX6-ELE-05", form={"account_no": "3304110012341"}))
        assert refused.error.ref == "330411001"


async def test_tariff_and_contract_refusals():
    async with running() as hub:
        firm = "3304020012378"
        holder = (await hub.run("accounts", query(account_no=firm))).accounts[0].holder_name
        tariff = await hub.run("accept", order_of("JX6-ELE-05", form={"account_no": firm, "old_holder_name": holder}))
        assert (tariff.error.code, tariff.raw_code) == (ErrorCode.ELG_NOT_ELIGIBLE, "20005")
        add_firm(hub, FIRM.name)
        hub.power.add_account(
            cons_no="3304020019002",
            name=FIRM.name,
            cert_no=FIRM.document.number,
            cert_type="08",
            elec_type="100",
            contract_until="20991231",
        )
        closing = order_of("JX6-ELE-11", seq=2, audience="enterprise", form={"account_no": "3304020019002"})
        contract = await hub.run("accept", closing)
        assert (contract.error.code, contract.raw_code) == (ErrorCode.ELG_CONTRACT, "20007")


async def test_parameter_refusal_names_field_and_rule():
    async with running() as hub:
        never_uploaded = FileNames(order=order_of("JX6-ELE-01"), file_ids=("0" * 32,))
        refused = await hub.call("app.submit", never_uploaded)
        assert (refused.error, refused.missing, refused.note) == (ErrorCode.VAL_FORMAT, ("fileIds[0]",), "uploaded")


async def test_first_day_of_the_month_is_maintenance_until_six_o_clock():
    async with running(start=datetime(2026, 11, 30, 18, 0, tzinfo=UTC)) as hub:
        refused = await hub.run("accept", order_of("JX6-ELE-05"))
        assert (refused.kind, refused.error.code) == ("not_sent", ErrorCode.UPS_MAINTENANCE)
        assert refused.retry_after.total_seconds() == 4 * 3600


@pytest.mark.parametrize(
    ("node", "kind", "state"),
    [
        ("01", "accepted", None),
        ("02", "progress", TaskState.IN_PROGRESS),
        ("03", "progress", TaskState.IN_PROGRESS),
        ("04", "progress", TaskState.AWAITING_PAYMENT),
        ("05", "progress", TaskState.IN_PROGRESS),
        ("06", "completed", None),
        ("07", "rejected", None),
        ("08", "progress", TaskState.AWAITING_APPLICANT),
    ],
)
async def test_every_node_has_its_canonical_state(node, kind, state):
    async with running() as hub:
        order = order_of("JX6-ELE-01")
        accepted = await hub.run("accept", order)
        if node != "01":
            await hub.power.advance(order.serial, node)
        told = await hub.run("progress", order.with_(provider_ref=accepted.provider_ref))
        assert (told.kind, getattr(told, "state", None), told.raw_code) == (kind, state, node)
        assert told.event_time == hub.clock.now()


async def test_time_of_use_completion_says_from_when_it_holds():
    async with running() as hub:
        order = acceptable("JX6-ELE-07")
        await hub.run("accept", order)
        await hub.power.advance(order.serial, "06")
        done = await hub.run("find", order)
        assert done.outputs[0].effective.isoformat() == "2026-12-01"


async def test_completion_that_holds_at_once_has_no_date():
    async with running() as hub:
        order = order_of("JX6-ELE-01")
        await hub.run("accept", order)
        await hub.power.advance(order.serial, "06")
        done = await hub.run("find", order)
        assert [(output.kind, output.effective) for output in done.outputs] == [("contract", None)]


async def test_final_bill_after_acceptance_asks_the_applicant_with_the_amount():
    async with running() as hub:
        account = "3304020012402"
        holder = (await hub.run("accounts", query(account_no=account))).accounts[0].holder_name
        order = order_of("JX6-ELE-05", form={"account_no": account, "old_holder_name": holder})
        await hub.run("accept", order)
        await hub.clock.advance(hours=30)
        told = await hub.run("find", order)
        assert (told.state, told.error.code, told.error.amount_fen) == (
            TaskState.AWAITING_APPLICANT,
            ErrorCode.ELG_ARREARS,
            4320,
        )


async def test_returned_order_goes_on_after_the_supplement():
    async with running() as hub:
        order = order_of("JX6-ELE-05")
        accepted = await hub.run("accept", order)
        await hub.power.advance(order.serial, "08")
        order = order.with_(provider_ref=accepted.provider_ref)
        returned = await hub.run("progress", order)
        assert returned.error.code is ErrorCode.MAT_INVALID
        answered = await hub.run("supplement", order.with_(evidence=(material("RE_CERT"),)))
        assert (answered.kind, answered.state) == ("progress", TaskState.IN_PROGRESS)


async def test_supplement_that_nobody_asked_for_is_refused():
    async with running() as hub:
        order = order_of("JX6-ELE-05", evidence=(material(),))
        await hub.run("accept", order)
        refused = await hub.run("supplement", order)
        assert (refused.kind, refused.error.code) == ("rejected", ErrorCode.ELG_STATUS)


async def test_supplement_in_doubt_is_absent_while_the_order_still_asks():
    async with running() as hub:
        order = order_of("JX6-ELE-05", evidence=(material(),))
        await hub.run("accept", order)
        await hub.power.advance(order.serial, "02")
        await hub.power.advance(order.serial, "08")
        assert (await hub.run("supplemented", order)).kind == "absent"
        await hub.run("supplement", order)
        assert (await hub.run("supplemented", order)).state is TaskState.IN_PROGRESS


async def test_cancellation_is_told_apart_from_a_rejection():
    async with running() as hub:
        order = order_of("JX6-ELE-05")
        await hub.run("accept", order)
        assert (await hub.run("cancel", order)).state is TaskState.CANCELLED
        assert (await hub.run("find", order)).state is TaskState.CANCELLED
        assert (await hub.run("cancel", order)).state is TaskState.CANCELLED


async def test_cancellation_that_comes_too_late_is_refused_and_can_succeed_later():
    async with running() as hub:
        order = order_of("JX6-ELE-05")
        await hub.run("accept", order)
        await hub.power.advance(order.serial, "05")
        refused = await hub.run("cancel", order)
        assert (refused.kind, refused.error.code, refused.raw_code) == ("rejected", ErrorCode.ELG_STATUS, "05")
        await hub.power.advance(order.serial, "08")
        assert (await hub.run("cancel", order)).state is TaskState.CANCELLED


async def test_unknown_order_is_absent():
    async with running() as hub:
        assert (await hub.run("find", order_of("JX6-ELE-01"))).kind == "absent"


async def test_rare_characters_and_markup_arrive_whole():
    async with running() as hub:
        name = "㛃䶮·<&>𬭎"
        order = order_of("JX6-ELE-01")
        order = order.with_(applicant=order.applicant.with_(name=name))
        assert (await hub.run("accept", order)).kind == "accepted"
        assert hub.messages("app.submit")[0].request_tree["custName"] == name


async def test_designated_holder_and_members_are_sent():
    async with running() as hub:
        holder = PartyRef(name="王秀兰", document=FORMER.document)
        order = order_of("JX6-ELE-05", form={"designated_holder": holder})
        assert (await hub.run("accept", order)).kind == "accepted"
        sent = hub.messages("app.submit")[0].request_tree
        assert sent["designatedHolder"] == {"name": "王秀兰", "certTypeCode": "01", "certNo": FORMER.document.number}


async def test_many_orders_share_one_login():
    async with running() as hub:
        orders = [order_of("JX6-ELE-01", seq=seq) for seq in range(1, 6)]
        outcomes = await asyncio.gather(*(hub.run("accept", order) for order in orders))
        assert {outcome.kind for outcome in outcomes} == {"accepted"}
        assert len({outcome.provider_ref for outcome in outcomes}) == 5
        assert len(hub.messages("token")) == 1


def header(call, name):
    return dict(call.request.headers)[name]
