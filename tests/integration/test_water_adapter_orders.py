"""The water adapter against the simulator over real sockets: orders, their files and questions about them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hub.domain.states import TaskState
from hub.domain.taxonomy import ErrorCode
from hub.sdk import NotSupported
from tests.integration.water_hub import (
    ACCEPTED,
    ACCOUNTS,
    FIRM,
    HOLDER,
    acceptable,
    material,
    order_of,
    query,
    running,
)

OUTPUTS = {"01": "contract", "02": "contract", "03": "contract", "12": "certificate"}
LARGE, SMALL = bytes(range(256)) * 2200, b"%PDF small"  # three chunks, and one


def ready(hub, order):
    """Bring the account into the state that the order wants."""
    if order.variant == "09":
        hub.account(order.form.account_no, YHZT="1")
    return order


@pytest.mark.parametrize("dialect", sorted(ACCOUNTS))
@pytest.mark.parametrize("code", ACCEPTED)
async def test_order_of_every_item_is_accepted_once_and_completed(dialect, code):
    async with running(dialect) as hub:
        order = ready(hub, acceptable(code, dialect))
        accepted = await hub.run("accept", order)
        assert (accepted.kind, accepted.raw_code, accepted.provider_ref[:9]) == ("accepted", "0000", "W20261124")
        assert [entry.effect for entry in hub.water.ledger.effects(order.serial)] == ["order"]
        assert not hub.water.journal.violations()
        await hub.water.advance(order.serial, "50")
        done = await hub.run("progress", order.with_(provider_ref=accepted.provider_ref))
        assert (done.kind, done.provider_ref, done.raw_code, done.rank) == ("completed", accepted.provider_ref, "50", 5)
        assert [output.kind for output in done.outputs] == (
            [OUTPUTS[order.variant]] if order.variant in OUTPUTS else []
        )
        assert all(output.identifier for output in done.outputs)


@pytest.mark.parametrize("dialect", sorted(ACCOUNTS))
async def test_order_of_a_company_names_its_legal_representative_and_its_agent(dialect):
    async with running(dialect) as hub:
        order = order_of("JX6-WAT-03", dialect)
        assert (order.applicant.name, order.agent is None) == (FIRM.name, False)
        assert (await hub.run("accept", order)).kind == "accepted"
        sent = hub.messages("3001")[0].request_tree[{"A": "BODY", "B": "body"}[dialect]]
        assert {order.applicant.legal_rep.name, order.agent.person.name} <= set(sent.values())


# files


@pytest.mark.parametrize("dialect", sorted(ACCOUNTS))
async def test_files_go_in_chunks_and_the_work_begins_when_all_are_there(dialect):
    async with running(dialect) as hub:
        hub.store.files = {"one": LARGE, "two": SMALL, "three": SMALL}
        files = (
            material(LARGE),
            material(SMALL, "RE_CERT", "two").with_(file_name=None),
            material(SMALL, "OLD_CARD").with_(ref=None),
            material(SMALL, "TRANSFER_AGREEMENT", "three"),
        )
        order = acceptable("JX6-WAT-01", dialect, evidence=files)
        accepted = await hub.run("accept", order)
        assert accepted.kind == "accepted"
        assert len(hub.messages("3004")) == 5
        effects = [entry.effect for entry in hub.water.ledger.effects(order.serial)]
        assert effects == ["order", "attachment", "attachment", "attachment"]
        assert not hub.water.journal.violations()
        await hub.clock.advance(hours=5)
        assert (await hub.run("find", order)).state is TaskState.IN_PROGRESS


@pytest.mark.parametrize("kind", ["before-commit", "after-commit", "half-body", "garbage", "html", "crash"])
@pytest.mark.parametrize("passed", [0, 1, 2])
async def test_upload_that_breaks_off_is_a_doubt_and_the_inquiry_sends_just_what_is_missing(kind, passed):
    async with running() as hub:
        hub.store.files = {"one": LARGE}
        order = acceptable("JX6-WAT-01", evidence=(material(LARGE),))
        hub.water.faults.arm(kind, operation="3004", after=passed)
        outcome = await hub.run("accept", order)
        assert outcome.kind == "unknown"
        assert outcome.provider_ref.startswith("W")
        sent = len(hub.messages("3004"))
        found = await hub.run("find", order)
        assert (found.kind, found.provider_ref) == ("accepted", outcome.provider_ref)
        again = [call.request_tree["BODY"]["XH"] for call in hub.messages("3004")[sent:]]
        arrived = passed + (kind in {"after-commit", "half-body", "garbage", "html"})
        assert again == ["1", "2", "3"][arrived:]
        assert [entry.effect for entry in hub.water.ledger.effects(order.serial)] == ["order", "attachment"]


async def test_company_too_busy_for_a_chunk_is_asked_again_after_a_minute():
    async with running() as hub:
        hub.store.files = {"one": SMALL}
        order = acceptable("JX6-WAT-01", evidence=(material(SMALL),))
        hub.water.faults.arm("busy", operation="3004")
        outcome = await hub.run("accept", order)
        assert (outcome.kind, outcome.error.code) == ("unknown", ErrorCode.UPS_THROTTLED)
        assert outcome.retry_after == timedelta(seconds=60)
        assert (await hub.run("find", order)).kind == "accepted"
        assert hub.water.ledger.summary() == {"order": 1, "attachment": 1}


async def test_file_that_is_not_what_was_announced_goes_to_a_person_with_the_order_number():
    async with running() as hub:
        hub.store.files = {"one": SMALL[::-1]}
        outcome = await hub.run("accept", acceptable("JX6-WAT-01", evidence=(material(SMALL),)))
        assert (outcome.kind, outcome.error.provider_code_raw) == ("faulty", "0006")
        assert outcome.error.ref.startswith("W")


async def test_complete_files_are_not_sent_again_by_an_inquiry():
    async with running() as hub:
        hub.store.files = {"one": SMALL}
        order = acceptable("JX6-WAT-01", evidence=(material(SMALL),))
        await hub.run("accept", order)
        assert (await hub.run("find", order)).kind == "accepted"
        assert (len(hub.messages("3004")), len(hub.messages("3005"))) == (1, 1)


# refusals


@pytest.mark.parametrize(
    ("changes", "code", "raw"),
    [
        ({"form": {"account_no": "0199999999"}}, ErrorCode.ELG_ACCOUNT_NOT_FOUND, "0001"),
        ({"form": {"old_holder_name": "张三"}}, ErrorCode.IDN_MISMATCH, "0002"),
        ({"form": {"account_no": "0100020002"}}, ErrorCode.ELG_STATUS, "0004"),
        ({"form": {"account_no": "0820020001"}}, ErrorCode.RTE_WRONG_AREA, "0012"),
    ],
)
async def test_refusal_is_final_and_keeps_its_code(changes, code, raw):
    async with running() as hub:
        outcome = await hub.run("accept", order_of("JX6-WAT-01", **changes))
        assert (outcome.kind, outcome.error.code, outcome.raw_code) == ("rejected", code, raw)
        assert hub.water.ledger.count() == 0


async def test_arrears_are_refused_with_their_amount():
    async with running() as hub:
        bill = {"ZDYF": "202610", "SL": "10", "SF": "30.00", "PWF": "10.00", "WYJ": "0.10"}
        number = hub.account("0100030001", bills=[bill])
        outcome = await hub.run("accept", order_of("JX6-WAT-01", form={"account_no": number}))
        assert (outcome.kind, outcome.error.code, outcome.error.amount_fen) == ("rejected", ErrorCode.ELG_ARREARS, 4010)


async def test_message_that_breaks_the_contract_is_not_sent_and_names_its_field():
    async with running() as hub:
        outcome = await hub.run("accept", order_of("JX6-WAT-01", applicant=HOLDER.with_(name="王䶮")))
        assert (outcome.kind, outcome.error.field) == ("faulty", "BODY.YHMC")
        assert hub.calls == []
        assert not hub.water.journal.entries


# whose order is open


async def test_order_of_another_channel_that_is_open_refuses_ours_with_its_number():
    async with running() as hub:
        name = hub.water.books.accounts["0100020004"].name
        order = order_of("JX6-WAT-01", form={"account_no": "0100020004", "old_holder_name": name})
        outcome = await hub.run("accept", order)
        assert (outcome.kind, outcome.error.code) == ("rejected", ErrorCode.ELG_OPEN_ORDER)
        assert outcome.error.ref.startswith("W")
        assert await hub.run("find", order) == await hub.run("find", order)
        assert (await hub.run("find", order)).kind == "absent"


async def test_repeat_finds_its_own_order_open_and_adopts_it():
    async with running() as hub:
        order = acceptable("JX6-WAT-01")
        first, second = await hub.run("accept", order), await hub.run("accept", order)
        assert (second.kind, second.provider_ref, second.raw_code) == ("accepted", first.provider_ref, "10")
        assert hub.water.ledger.count("order") == 1


async def test_open_order_whose_owner_cannot_be_asked_for_stays_a_doubt():
    async with running() as hub:
        order = acceptable("JX6-WAT-01")
        await hub.run("accept", order)
        for kind in ("busy", "garbage"):
            hub.water.faults.arm(kind, operation="3002")
            assert (await hub.run("accept", order)).kind == "unknown"
        assert hub.water.ledger.count("order") == 1


# progress


async def test_progress_follows_the_order_with_the_fee_while_it_is_due():
    async with running() as hub:
        order = acceptable("JX6-WAT-02")
        order = order.with_(provider_ref=(await hub.run("accept", order)).provider_ref)
        seen = []
        for hours in (0, 5, 5):
            await hub.clock.advance(hours=hours)
            seen.append(await hub.run("progress", order))
        assert [outcome.kind for outcome in seen] == ["accepted", "progress", "progress"]
        assert [outcome.raw_code for outcome in seen] == ["10", "20", "30"]
        assert (seen[1].fee_due_fen, seen[2].state, seen[2].fee_due_fen) == (None, TaskState.AWAITING_PAYMENT, 68000)
        assert seen[2].event_time > seen[1].event_time
        assert [outcome.rank for outcome in seen] == [1, 2, 3]


async def test_progress_asked_for_twice_in_a_minute_waits_a_minute():
    async with running() as hub:
        order = acceptable("JX6-WAT-01")
        order = order.with_(provider_ref=(await hub.run("accept", order)).provider_ref)
        assert (await hub.run("progress", order)).kind == "accepted"
        outcome = await hub.run("progress", order)
        assert (outcome.kind, outcome.error.code) == ("not_sent", ErrorCode.UPS_THROTTLED)
        assert outcome.retry_after == timedelta(seconds=60)
        await hub.clock.advance(seconds=61)
        assert (await hub.run("progress", order)).kind == "accepted"


@pytest.mark.parametrize("name", ["find", "progress"])
@pytest.mark.parametrize("raw", ["0006", "0012", "0002"])
async def test_refused_question_never_rejects_the_order(name, raw):
    async with running() as hub:
        order = acceptable("JX6-WAT-01")
        order = order.with_(provider_ref=(await hub.run("accept", order)).provider_ref)
        hub.water.faults.arm("unknown-code", operation="3002", code=raw)
        outcome = await hub.run(name, order)
        assert (outcome.kind, outcome.error.provider_code_raw) == ("faulty", raw)


async def test_order_the_company_does_not_know_is_absent():
    async with running() as hub:
        order = order_of("JX6-WAT-01")
        assert (await hub.run("find", order)).kind == "absent"
        assert (await hub.run("progress", order.with_(provider_ref="W2026112499999"))).kind == "absent"


async def test_returned_order_is_rejected():
    async with running() as hub:
        order = acceptable("JX6-WAT-01")
        await hub.run("accept", order)
        await hub.water.advance(order.serial, "60")
        outcome = await hub.run("find", order)
        assert (outcome.kind, outcome.error.code, outcome.raw_code) == ("rejected", ErrorCode.ELG_NOT_ELIGIBLE, "60")


# cancellation


async def test_order_is_withdrawn_once_however_often_it_is_asked():
    async with running() as hub:
        order = acceptable("JX6-WAT-01")
        order = order.with_(provider_ref=(await hub.run("accept", order)).provider_ref)
        assert [(await hub.run("cancel", order)).kind for _ in range(2)] == ["accepted", "accepted"]
        assert hub.water.ledger.count("cancel") == 1
        assert (await hub.run("find", order)).state is TaskState.CANCELLED


async def test_order_that_is_worked_on_cannot_be_withdrawn():
    async with running() as hub:
        order = acceptable("JX6-WAT-07")
        order = order.with_(provider_ref=(await hub.run("accept", order)).provider_ref)
        await hub.water.advance(order.serial, "40")
        outcome = await hub.run("cancel", order)
        assert (outcome.kind, outcome.error.code) == ("rejected", ErrorCode.ELG_STATUS)


# accounts


async def test_accounts_are_found_by_number_by_document_and_by_meter():
    async with running() as hub:
        (one,) = (await hub.run("accounts", query(account_no="0100012345"))).accounts
        assert (one.account_no, one.holder_name, one.holder_document) == ("0100012345", "李建国", "330402********0012")
        assert (one.use, one.capacity, one.meter_no, one.status) == ("01", "20", "M0100012345", "normal")
        assert (await hub.run("accounts", query(meter_no="M0100012345"))).accounts == (one,)
        several = hub.water.books.accounts["0100020005"].id_number
        found = await hub.run("accounts", query(document=HOLDER.document.with_(number=several)))
        assert [account.account_no for account in found.accounts] == ["0100020005", "0100020006", "0100020007"]


@pytest.mark.parametrize(
    ("number", "status"), [("0100020002", "closed"), ("0100020003", "suspended"), ("0100020008", "arrears")]
)
async def test_state_of_an_account_is_told_in_our_words(number, status):
    async with running() as hub:
        assert (await hub.run("accounts", query(account_no=number))).accounts[0].status == status


async def test_accounts_nobody_has_are_an_answer_with_an_error():
    async with running("B") as hub:
        reply = await hub.run("accounts", query(account_no="0819999999"))
        assert (reply.error, reply.accounts) == (ErrorCode.ELG_ACCOUNT_NOT_FOUND, ())


async def test_what_the_interface_lacks_is_not_offered():
    async with running() as hub:
        with pytest.raises(NotSupported):
            hub.adapter.operation("supplement")
