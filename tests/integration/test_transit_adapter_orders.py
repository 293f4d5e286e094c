"""Bus card orders from file to answer, against the simulated card centre over real SFTP."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from hub.domain.party import DocumentType, IdentityDocument
from hub.domain.states import TaskState
from hub.domain.taxonomy import ErrorCode
from hub.sdk import Absent, Accepted, AccountQuery, Completed, Faulty, NotSent, Progress, Rejected
from simulators.kit.simulator import Profile
from tests.integration.transit_desk import (
    FORMER,
    FORMER_CARD,
    NEVER_ISSUED,
    OLDEST,
    OVERDUE_CARD,
    STUDENT_CARD,
    TODAY,
    about_card,
    batch_of,
    day_query,
    order_of,
    person,
    portrait,
    senior_card,
    topup,
    working,
)
from tests.integration.transit_hub import jpeg


@pytest.fixture
async def desk():
    async with working() as desk:
        yield desk


def query(**fields) -> AccountQuery:
    return AccountQuery(serial="2" * 20, request_id="c" * 32, **fields)


async def answered(desk, *orders):
    """Send orders in one file and read what the next cycle says of each."""
    send = desk.topup if orders[0].operation == "RCHG" else desk.apply
    assert await send(*orders) == Accepted(raw_code="FILE")
    await desk.cycle(2)
    found = await desk.answers()
    assert desk.damaged == []
    return [found[order.serial] for order in orders]


# applications


async def test_new_card_is_in_production_and_then_made():
    async with working(Profile(pace=0.02)) as desk:
        order = senior_card()
        await desk.apply(order)
        await desk.cycle(6)
        files = (await desk.collect()).files
        first, final = (file.outcomes[order.serial] for file in files)
        assert (first.state, first.raw_code) == (TaskState.IN_PROGRESS, "0100")
        assert isinstance(final, Completed)
        assert final.provider_ref == first.provider_ref
        assert (final.outputs[0].kind, len(final.outputs[0].identifier)) == ("card", 19)
        assert desk.effects(order) == [1]


async def test_several_orders_of_one_file_are_answered_each_for_itself(desk):
    orders = [
        senior_card(1),
        senior_card(2, applicant=person("陈明", "330481199506150135")),
        about_card("JX6-BUS-05", 3, loss_kind="oral"),
        about_card("JX6-BUS-06", 4, NEVER_ISSUED, reissue_reason="damaged"),
        about_card("JX6-BUS-04", 5, OVERDUE_CARD, OLDEST),
    ]
    made, young, loss, nobody, review = await answered(desk, *orders)
    assert made.state is TaskState.IN_PROGRESS
    assert (young.error.code, young.error.provider_code_raw) == (ErrorCode.ELG_NOT_ELIGIBLE, "1003")
    assert (loss.outputs[0].kind, loss.outputs[0].effective) == ("receipt", TODAY)
    assert "10:00" in loss.opinion
    assert nobody.error.code is ErrorCode.ELG_ACCOUNT_NOT_FOUND
    assert isinstance(review, Completed)
    assert desk.effects(*orders) == [1, 0, 1, 0, 1]


async def test_order_of_every_item_fits_the_strict_centre(desk):
    orders = [order_of(code, seq) for seq, code in enumerate(("JX6-BUS-01", "JX6-BUS-02", "JX6-BUS-03"), start=1)]
    orders += [order_of("JX6-BUS-04", 4), order_of("JX6-BUS-05", 5), order_of("JX6-BUS-06", 6)]
    for outcome in await answered(desk, *orders):
        assert getattr(getattr(outcome, "error", None), "provider_code_raw", "") != "1001"
    assert [entry for entry in desk.simulator.journal.entries if entry.violations] == []


async def test_fee_that_is_still_due_awaits_payment(desk):
    assert isinstance((await answered(desk, about_card("JX6-BUS-05", 1, loss_kind="formal")))[0], Completed)
    [due] = await answered(desk, about_card("JX6-BUS-06", 2, reissue_reason="lost", amount=400))
    assert (due.state, due.fee_due_fen) == (TaskState.AWAITING_PAYMENT, 600)


async def test_loss_can_be_taken_back_after_the_blacklist(desk):
    await answered(desk, about_card("JX6-BUS-05", 1, loss_kind="oral"))
    await desk.cycle(2)
    [back] = await answered(desk, about_card("JX6-BUS-05", 2, loss_kind="cancel"))
    assert isinstance(back, Completed)
    await desk.cycle(4)
    reply = await desk.run("blacklist", day_query())
    assert [record.kind for record in reply.records if record.card_no == FORMER_CARD] == ["lost", "taken_off"]


async def test_returned_card_is_done_and_cannot_be_returned_again(desk):
    first = about_card("JX6-BUS-04", 1).with_(variant="07")
    again = about_card("JX6-BUS-04", 2).with_(variant="07")
    done, gone = await answered(desk, first, again)
    assert isinstance(done, Completed)
    assert gone.error.code is ErrorCode.ELG_ACCOUNT_NOT_FOUND


@pytest.mark.parametrize("picture", [None, b"not a photo", jpeg(400, 300)], ids=["none", "no-jpeg", "wrong-size"])
async def test_photo_that_the_centre_cannot_use_is_asked_for_again(desk, picture):
    desk.materials.kept["other"] = picture
    evidence = () if picture is None else (portrait(picture, "other"),)
    [outcome] = await answered(desk, senior_card(evidence=evidence))
    assert isinstance(outcome, Progress)
    assert (outcome.state, outcome.error.code) == (TaskState.AWAITING_APPLICANT, ErrorCode.MAT_INVALID)


async def test_name_longer_than_the_field_still_gets_its_card(desk):
    holder = person("阿卜杜热西提·买买提依明·𠅤·阿里木", "330402195203140024")
    [outcome] = await answered(desk, senior_card(applicant=holder))
    assert isinstance(outcome, Progress)


async def test_card_that_may_not_be_had_and_blocked_cards_are_refused_with_their_codes(desk):
    lost, again, blocked, second = (
        about_card("JX6-BUS-05", 1, loss_kind="oral"),
        about_card("JX6-BUS-05", 2, loss_kind="oral"),
        about_card("JX6-BUS-04", 3),
        order_of("JX6-BUS-01", 4, applicant=FORMER, evidence=(portrait(),)),
    )
    found = [
        outcome.error.provider_code_raw if isinstance(outcome, Rejected) else None
        for outcome in await answered(desk, lost, again, blocked, second)
    ]
    assert found == [None, "1005", "1005", "1004"]


async def test_serial_that_was_used_today_waits_for_its_first_answer(desk):
    order = topup()
    [done] = await answered(desk, order)
    [again] = await answered(desk, order)
    assert isinstance(done, Completed)
    assert again == Accepted(raw_code="2002", provider_ref=done.provider_ref, opinion=again.opinion)
    assert desk.effects(order) == [1]


# top-ups


async def test_topup_is_credited_and_the_limit_refuses_one(desk):
    good, bad = await answered(desk, topup(1, 5000), topup(2, 5000, STUDENT_CARD))
    assert (good.outputs[0].kind, good.outputs[0].identifier) == ("receipt", good.provider_ref)
    assert (bad.error.code, bad.error.provider_code_raw) == (ErrorCode.PAY_AMOUNT, "2001")


async def test_topup_shows_in_the_snapshot_of_the_next_night(desk):
    await answered(desk, topup(1, 1234))
    before = await desk.run("snapshot", about_card("JX6-BUS-07", 2))
    await desk.cycle(36)
    after = await desk.run("snapshot", about_card("JX6-BUS-07", 3))
    assert before.outputs[0].data["balance_fen"] == 5000
    assert after.outputs[0].data["balance_fen"] == 6234
    assert after.outputs[0].as_of - before.outputs[0].as_of == timedelta(days=1)


# the snapshot


async def test_query_of_a_card_says_as_of_when_and_nothing_of_its_holder(desk):
    outcome = await desk.run("snapshot", about_card("JX6-BUS-07"))
    [answer] = outcome.outputs
    assert (answer.kind, answer.identifier) == ("answer", FORMER_CARD)
    assert answer.as_of.isoformat() == "2026-01-04T18:00:00+00:00"
    assert (answer.data["status"], answer.data["balance_fen"], answer.data["holder_confirmed"]) == (
        "normal",
        5000,
        True,
    )
    assert not {"李建国", FORMER.document.number} & set(map(str, answer.data.values()))


@pytest.mark.parametrize(
    ("status", "says"), [("00", None), ("01", "卡已挂失"), ("02", "卡在黑名单中"), ("04", "卡年审已过期")]
)
async def test_check_of_a_card_tells_the_clerk_what_the_night_s_snapshot_knows_and_since_when(desk, status, says):
    card = "3104330000000001113"
    desk.simulator.add_account(name="李建国", id_number=FORMER.document.number, card_no=card, status=status)
    await desk.simulator.advance("*", "snapshot")
    await desk.cycle()
    outcome = await desk.run("precheck", about_card("JX6-BUS-06", card=card))
    assert (outcome.kind, outcome.opinion) == ("completed", says)
    assert outcome.event_time.isoformat() == "2026-01-04T18:00:00+00:00"


async def test_check_finds_only_a_card_that_was_given_back_an_obstacle(desk):
    card = "3104330000000001113"
    desk.simulator.add_account(name="李建国", id_number=FORMER.document.number, card_no=card, status="03")
    await desk.simulator.advance("*", "snapshot")
    await desk.cycle()
    returned = await desk.run("precheck", about_card("JX6-BUS-06", card=card))
    assert returned.error.code is ErrorCode.ELG_STATUS
    # The snapshot is a day old: a card that is not in it may have been made since.
    assert await desk.run("precheck", about_card("JX6-BUS-06", card=NEVER_ISSUED)) == Absent()
    assert await desk.run("precheck", senior_card()) == Absent()


async def test_stranger_s_query_is_marked_and_an_unknown_card_refused(desk):
    somebody_else = order_of("JX6-BUS-01").applicant
    asked = order_of("JX6-BUS-07", form={"card_no": FORMER_CARD}).with_(applicant=somebody_else)
    stranger = await desk.run("snapshot", asked)
    nobody = await desk.run("snapshot", about_card("JX6-BUS-07", card=NEVER_ISSUED))
    assert stranger.outputs[0].data["holder_confirmed"] is False
    assert nobody.error.code is ErrorCode.ELG_ACCOUNT_NOT_FOUND


async def test_cards_of_a_person_are_found_by_mask_and_name_and_by_number(desk):
    document = FORMER.document
    by_person = await desk.run("accounts", query(document=document, name="李建国"))
    by_number = await desk.run("accounts", query(account_no=FORMER_CARD))
    assert by_person.accounts == by_number.accounts
    [account] = by_number.accounts
    assert (account.account_no, account.balance_fen, account.use) == (FORMER_CARD, 5000, "10")
    assert account.holder_document == "330402********0012"
    other = await desk.run("accounts", query(document=document, name="王建国"))
    nameless = await desk.run("accounts", query(document=document))
    assert (other.error, nameless.error) == (ErrorCode.ELG_ACCOUNT_NOT_FOUND, ErrorCode.VAL_REQUIRED)


async def test_name_that_the_snapshot_has_cut_is_found_by_the_whole_one(desk):
    name, number, card = "阿卜杜热西提·买买提依明·𠅤·阿里木", "330402196203140034", "3104330000000001113"
    desk.simulator.add_account(name=name, id_number=number, card_no=card)
    await desk.simulator.advance("*", "snapshot")
    await desk.cycle()
    person = IdentityDocument(type=DocumentType.RIC, number=number)
    [found] = (await desk.run("accounts", query(document=person, name=name))).accounts
    assert found.account_no == card
    assert name.startswith(found.holder_name)
    assert found.holder_name != name


async def test_snapshot_is_fetched_once_and_its_flag_each_time(desk):
    for _ in range(3):
        await desk.run("accounts", query(account_no=FORMER_CARD))
    bodies = [call for call in desk.calls if call.message == "FILE" and call.request.path.endswith(".dat")]
    assert (len(bodies), sum(call.message == "CARD" for call in desk.calls)) == (1, 3)


async def test_without_a_snapshot_the_query_is_tried_again_later(desk):
    await desk.clock.advance(days=1, hours=-8)
    desk.simulator.faults.arm("refused", seconds=0)
    outcome = await desk.run("snapshot", about_card("JX6-BUS-07"), params={"inst": "0999"})
    assert isinstance(outcome, NotSent)
    assert outcome.error.code is ErrorCode.FILE_LATE


# reconciliation


async def test_day_is_reconciled_the_next_morning(desk):
    first, second, third = topup(1, 700), senior_card(2), about_card("JX6-BUS-04", 3)
    await answered(desk, first)
    await answered(desk, second, third)
    early = await desk.run("reconcile", day_query())
    assert (early.kind, early.error.code) == ("not_sent", ErrorCode.FILE_LATE)
    await desk.cycle(44)
    reply = await desk.run("reconcile", day_query())
    found = {record.serial: record for record in reply.records}
    assert set(found) == {first.serial, second.serial, third.serial}
    paid = found[first.serial]
    assert (paid.kind, paid.amount_fen, paid.state) == ("topup", 700, TaskState.COMPLETED)
    assert found[second.serial].state is TaskState.IN_PROGRESS
    assert found[third.serial].state is TaskState.REJECTED
    assert (await desk.collect()).files[-1].outcomes == {}


async def test_file_that_was_late_at_night_is_answered_in_the_morning(desk):
    await desk.clock.advance(hours=13, minutes=5)
    order = topup()
    assert await desk.topup(order) == Accepted(raw_code="FILE")
    await desk.cycle(4)
    assert await desk.answers() == {}
    assert isinstance(await desk.run("find_batch", batch_of("RCHG", order)), Accepted)
    await desk.cycle(14)
    assert isinstance((await desk.answers())[order.serial], Completed)


async def test_files_are_collected_once_and_only_those_of_the_institution(desk):
    await answered(desk, topup())
    assert (await desk.collect()).files == ()
    names = {name.split("_")[2] for name in desk.files}
    assert names == {"0402"}


async def test_batch_that_was_never_sent_is_absent(desk):
    assert await desk.run("find_batch", batch_of("APPL", senior_card())) == Absent()
    assert await desk.run("find_batch", batch_of("APPL", senior_card(), day=date(2026, 1, 4))) == Absent()


async def test_broken_order_takes_up_its_number_so_that_later_files_are_not_held(desk):
    broken = await desk.apply(senior_card(1, form={"pickup_site": "much too long"}))
    assert isinstance(broken, Faulty)
    assert broken.error.field == "D[1].site"
    [done] = await answered(desk, about_card("JX6-BUS-05", 2, loss_kind="oral"))
    assert isinstance(done, Completed)


async def test_photos_that_an_interrupted_attempt_has_brought_are_not_sent_again(desk):
    order = senior_card()
    await desk.apply(order, seq=1)
    await desk.apply(order, seq=1)
    assert sum(call.message == "PHOTO" for call in desk.calls) == 1
