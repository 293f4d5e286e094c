"""The citizen card adapter against the simulator: applications and changes in signed files, results, refusals."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from hub.domain.form import ContactChange
from hub.domain.taxonomy import ErrorCode
from hub.sdk import Absent, Accepted, Completed, Faulty, NotSent, Rejected
from hub.wire.exchange import FilePut
from tests.integration.ccard_hub import (
    CHILD,
    DEMO,
    FOREIGN,
    FOREIGNER,
    FORMAL,
    FULL,
    LONG,
    LONG_NAMED,
    TODAY,
    CcardHub,
    batch_of,
    by_holder,
    order_of,
    portrait,
    running,
)


def first_card(seq=1, **changes):
    """A child's first card, with a portrait."""
    return order_of("JX6-CIT-01", seq, **{"applicant": CHILD, "evidence": (portrait(),), **changes})


def reissue(hub, card, seq=1, reason="lost"):
    return by_holder(hub, order_of("JX6-CIT-04", seq, form={"card_no": card, "reissue_reason": reason, "amount": 3000}))


def change(seq=1, card=DEMO, **form):
    clean = {"card_no": card, "contact_change": None, "insured_division": None, **form}
    return order_of("JX6-CIT-07", seq, form=clean)


async def made(hub, **span):
    """Time for the workshop to do its work; what the collections of those days bring."""
    await hub.cycle(**(span or {"days": 5}))
    found = {}
    for back in range(9):
        found |= await hub.collect(TODAY + timedelta(days=back))
    return found


async def test_first_card_is_made_within_five_working_days():
    async with running() as hub:
        order = first_card()
        assert await hub.run("apply", batch_of("APPLY", order)) == Accepted(raw_code="FILE")
        assert await made(hub, hours=30) == {}
        outcome = (await made(hub))[order.serial]
        assert (outcome.kind, outcome.raw_code) == ("completed", "00")
        (card,) = outcome.outputs
        assert (card.kind, card.data["pickup_site"]) == ("card", "000101")
        assert card.data["batch"].startswith("B2026112")
        assert hub.standing(card.identifier)["functions"] == ["BUS", "LIB"]
        assert hub.centre.ledger.summary() == {"application": 1}
        assert hub.centre.journal.violations() == []


async def test_reissued_card_keeps_the_balance_and_its_holder_is_told_what_is_off():
    async with running() as hub:
        order = reissue(hub, FORMAL)
        await hub.run("apply", batch_of("APPLY", order))
        outcome = (await made(hub))[order.serial]
        new = outcome.outputs[0].identifier
        assert (outcome.kind, outcome.opinion) == ("completed", "图书借阅、公共自行车功能须重新开通")
        assert (hub.standing(new)["balance"], hub.standing(new)["functions"]) == (3_300, ["BUS", "WALLET"])
        assert hub.standing(FORMAL)["replaced"]
        renewed = order_of("JX6-CIT-05", 2, form={"card_no": new, "functions": ("BIKE", "LIB")})
        assert (await hub.run("act", by_holder(hub, renewed))).kind == "completed"


async def test_damaged_card_is_replaced_without_a_loss_report_and_a_lost_one_is_not():
    async with running() as hub:
        damaged, lost = reissue(hub, FULL, 1, "damaged"), reissue(hub, DEMO, 2, "lost")
        await hub.run("apply", batch_of("APPLY", damaged, lost))
        found = await made(hub)
        assert found[damaged.serial].kind == "completed"
        refused = found[lost.serial]
        assert (refused.kind, refused.error.code, refused.raw_code) == ("rejected", ErrorCode.ELG_STATUS, "F3")
        assert refused.opinion == "原卡未正式挂失"


def second_card():
    """For somebody who has one already."""
    return order_of("JX6-CIT-01", evidence=(portrait(),)).with_(applicant=order_of("JX6-CIT-07").applicant)


@pytest.mark.parametrize(
    ("make", "code", "error"),
    [
        (lambda _: first_card(evidence=()), "F1", ErrorCode.MAT_INVALID),
        (lambda _: first_card(evidence=(portrait("scribble"),)), "F1", ErrorCode.MAT_INVALID),
        (lambda _: second_card(), "F2", ErrorCode.ELG_NOT_ELIGIBLE),
        (lambda hub: reissue(hub, DEMO), "F3", ErrorCode.ELG_STATUS),
        (lambda _: order_of("JX6-CIT-04", form={"card_no": FORMAL}), "F4", ErrorCode.ELG_ACCOUNT_NOT_FOUND),
        (lambda _: first_card(form={"insured_division": "330106"}), "F6", ErrorCode.ELG_NOT_ELIGIBLE),
        (lambda _: first_card(form={"insured_division": None}), "F6", ErrorCode.ELG_NOT_ELIGIBLE),
    ],
)
async def test_each_reason_why_no_card_is_made_is_told(make, code, error):
    async with running() as hub:
        order = make(hub)
        await hub.run("apply", batch_of("APPLY", order))
        outcome = (await made(hub, hours=2))[order.serial]
        assert (outcome.kind, outcome.error.code, outcome.raw_code) == ("rejected", error, code)
        assert hub.centre.ledger.count() == 0


async def test_making_that_fails_later_is_told_with_its_reason():
    async with running() as hub:
        order = first_card()
        await hub.run("apply", batch_of("APPLY", order))
        await hub.cycle(hours=1)
        await hub.centre.advance(order.serial, "F1")
        assert (await made(hub, hours=1))[order.serial].error.code is ErrorCode.MAT_INVALID


async def test_reason_that_no_table_has_goes_to_a_person_for_its_order_alone():
    async with running() as hub:
        strange, good = first_card(1), change(2, contact_change=ContactChange(mobile="13900139000"))
        await hub.run("apply", batch_of("APPLY", strange))
        await hub.run("change", batch_of("INFO", good))
        await hub.cycle(hours=1)
        await hub.centre.advance(strange.serial, "F9")
        found = await made(hub)
        assert isinstance(found[strange.serial], Rejected | Faulty)
        assert found[strange.serial].error.code is ErrorCode.UPS_UNMAPPED
        assert isinstance(found[good.serial], Completed)


# changes


async def test_change_of_data_and_of_the_insured_place_are_two_acts_of_one_order():
    async with running() as hub:
        both = change(1, contact_change=ContactChange(mobile="13900139000"), insured_division="330482")
        assert isinstance(await hub.run("change", batch_of("INFO", both)), Accepted)
        outcome = (await made(hub))[both.serial]
        assert (outcome.kind, outcome.outputs[0].kind) == ("completed", "receipt")
        assert hub.standing(DEMO)["insured"] == "330482"
        assert hub.centre.register.cards[DEMO].mobile == "13900139000"
        assert hub.centre.ledger.summary() == {"change": 2}


async def test_one_act_refused_beside_one_done_is_done_with_a_word_about_the_other():
    async with running() as hub:
        order = change(1, contact_change=ContactChange(address="新住址"), insured_division="330106")
        await hub.run("change", batch_of("INFO", order))
        assert await made(hub, hours=1) == {}
        outcome = (await made(hub))[order.serial]
        assert (outcome.kind, outcome.opinion) == ("completed", "参保地不在本市")
        assert hub.centre.register.cards[DEMO].address == "新住址"


async def test_change_of_a_card_of_somebody_else_or_of_nothing_is_refused():
    async with running() as hub:
        strange = change(1, card=FULL, contact_change=ContactChange(mobile="13900139000"))
        empty = change(2, contact_change=ContactChange())
        await hub.run("change", batch_of("INFO", strange, empty))
        found = await made(hub)
        assert found[strange.serial].raw_code == "F4"
        assert (found[empty.serial].raw_code, found[empty.serial].error.code) == ("F5", ErrorCode.VAL_REQUIRED)


# what a file can hold


async def test_separators_rare_characters_and_foreign_residents_are_right_in_the_file():
    async with running() as hub:
        piped = change(1, contact_change=ContactChange(name="王|秀兰", address="南湖|区\u3000𠅤𬭎路"))
        long = change(2, card=LONG, contact_change=ContactChange(address="新"), insured_division=None)
        abroad = change(3, card=FOREIGN, contact_change=ContactChange(mobile="13900139000"))
        orders = (piped, long.with_(applicant=LONG_NAMED), abroad.with_(applicant=FOREIGNER))
        await hub.run("change", batch_of("INFO", *orders))
        found = await made(hub)
        assert {outcome.kind for outcome in found.values()} == {"completed"}
        assert hub.centre.register.cards[DEMO].name == "王｜秀兰"
        assert hub.centre.register.cards[DEMO].address == "南湖｜区\u3000𠅤𬭎路"


@pytest.mark.parametrize(
    ("order", "place"),
    [
        (first_card(applicant=CHILD.with_(name="王\n秀兰")), "row 1.name"),
        (first_card(applicant=CHILD.with_(name="王" * 61)), "D[1].name"),
        (first_card(address=order_of("JX6-CIT-01").address.with_(full_address="路" * 201)), "D[1].address"),
    ],
)
async def test_what_a_line_cannot_hold_is_refused_by_name_before_it_is_sent(order, place):
    async with running() as hub:
        outcome = await hub.run("apply", batch_of("APPLY", order.with_(evidence=())))
        assert (outcome.kind, outcome.error.code, outcome.error.field) == ("faulty", ErrorCode.VAL_FORMAT, place)
        assert not [file for file in hub.centre.state()["files"] if file.startswith("in/")]


async def test_file_beyond_the_numbers_of_a_day_is_refused():
    async with running() as hub:
        outcome = await hub.run("apply", batch_of("APPLY", first_card(evidence=()), seq=1000))
        assert (outcome.kind, outcome.error.field) == ("faulty", "SEQ")


# the same file again


async def test_file_sent_twice_is_done_once_and_found():
    async with running() as hub:
        batch = batch_of("APPLY", first_card())
        assert await hub.run("find_batch", batch) == Absent()
        for _ in range(2):
            await hub.run("apply", batch)
        assert await hub.run("find_batch", batch) == Accepted(raw_code="FILE")
        await hub.cycle(hours=1)
        await hub.run("apply", batch)
        await made(hub)
        assert hub.centre.ledger.summary() == {"application": 1}
        assert hub.centre.journal.violations() == []


async def test_order_in_a_second_file_is_told_again_and_not_done_again():
    async with running() as hub:
        order = first_card()
        await hub.run("apply", batch_of("APPLY", order, seq=1))
        first = (await made(hub))[order.serial]
        await hub.run("apply", batch_of("APPLY", order, seq=2))
        second = (await made(hub, days=2))[order.serial]
        assert second.outputs[0].identifier == first.outputs[0].identifier
        assert hub.centre.ledger.summary() == {"application": 1}


async def test_file_of_other_orders_under_the_number_is_not_ours():
    async with running() as hub:
        await hub.run("apply", batch_of("APPLY", first_card(1)))
        assert await hub.run("find_batch", batch_of("APPLY", first_card(2))) == Absent()


# refusals of whole files


async def test_file_signed_with_another_key_is_refused_and_its_orders_go_into_a_new_one():
    async with running() as hub:
        stranger = CcardHub(hub.centre, hub.clock, sign_private_key="07" * 32)
        order = first_card()
        await stranger.run("apply", batch_of("APPLY", order, seq=1))
        await stranger.transport.aclose()
        [(batch_id, outcome)] = (await made(hub, hours=1)).items()
        assert batch_id == "ccard:APPLY:20261124:0001"
        assert (outcome.kind, outcome.error.code, outcome.error.provider_code_raw) == (
            "not_sent",
            ErrorCode.FILE_DIGEST,
            "S1",
        )
        assert await hub.collect() == {}
        await hub.run("apply", batch_of("APPLY", order, seq=2))
        assert (await made(hub))[order.serial].kind == "completed"


@pytest.mark.parametrize(
    ("stem", "body", "code"),
    [
        ("SMK_APPLY_20261124_001", "a|b\nEND|1\n", "S2"),
        ("SMK_APPLY_20261124_001", "END|1\n", "S2"),
        ("SMK_APPLY_20261125_001", "END|0\n", "S3"),
    ],
)
async def test_each_refusal_of_a_file_is_told_with_its_code(stem, body, code):
    async with running() as hub:
        put(hub, stem, body)
        day = date.fromisoformat(stem.split("_")[2])
        await hub.cycle(hours=1)
        [outcome] = (await hub.collect(day)).values()
        assert (type(outcome), outcome.error.code, outcome.error.provider_code_raw) == (
            NotSent,
            ErrorCode.FILE_COUNT,
            code,
        )


async def test_another_file_under_a_taken_name_is_refused():
    async with running() as hub:
        await hub.run("apply", batch_of("APPLY", first_card()))
        await hub.cycle(hours=1)
        put(hub, "SMK_APPLY_20261124_001", "END|0\n")
        await hub.cycle(hours=1)
        [outcome] = (await hub.collect()).values()
        assert outcome.error.provider_code_raw == "S4"


def put(hub, stem, text):
    """A file that the hub would not write, with its good signature."""
    from simulators.ccard.keys import sign, sign_key

    data = text.encode()
    folder = hub.centre._folder / "in"
    (folder / f"{stem}.txt").write_bytes(data)
    (folder / f"{stem}.sig").write_bytes(sign(sign_key(hub.centre.profile.seed, "hub"), data))


async def test_refusal_that_cannot_be_read_does_not_stop_the_collection():
    async with running() as hub:
        order = first_card()
        await hub.run("apply", batch_of("APPLY", order))
        await hub.cycle(days=5)
        (hub.centre._folder / "out" / "SMK_APPLY_20261124_009.err").write_text("<html>")
        found = {}
        for back in range(6):
            found |= await hub.collect(TODAY + timedelta(days=back))
        assert found[order.serial].kind == "completed"
        assert hub.damaged[0] == ("SMK_APPLY_20261124_009.err", "UPS_PROTOCOL")


# results that are damaged or late


@pytest.mark.parametrize("kind", ["wrong-signature", "half-file", "garbage-file"])
async def test_damaged_result_is_named_and_read_when_it_is_mended(kind):
    async with running() as hub:
        order = first_card(evidence=())
        await hub.run("apply", batch_of("APPLY", order))
        hub.centre.faults.arm(kind, operation="RESULT")
        await hub.cycle(minutes=40)
        assert await hub.collect() == {}
        assert hub.damaged == [("SMK_RESULT_20261124_001.txt", "FILE_DIGEST")]
        await hub.cycle(minutes=40)
        assert (await hub.collect())[order.serial].raw_code == "F1"


async def test_result_that_comes_late_is_taken_late():
    async with running() as hub:
        order = first_card(evidence=())
        await hub.run("apply", batch_of("APPLY", order))
        hub.centre.faults.arm("result-late", operation="RESULT")
        await hub.cycle(minutes=40)
        assert await hub.collect() == {}
        await hub.cycle(minutes=40)
        assert (await hub.collect())[order.serial].raw_code == "F1"


# faults while a file is handed over


@pytest.mark.parametrize(
    "kind", ["before-commit", "after-commit", "half-status", "half-body", "garbage", "dribble", "busy", "down"]
)
async def test_whatever_happens_to_an_upload_each_order_is_done_once(kind):
    async with running() as hub:
        order, batch = first_card(), batch_of("APPLY", first_card())
        hub.centre.faults.arm(kind, operation="APPLY")
        outcome = await hub.run("apply", batch)
        hub.centre.faults.clear()
        for _ in range(4):
            if isinstance(outcome, Accepted):
                break
            name = "find_batch" if outcome.kind == "unknown" else "apply"
            outcome = await hub.run(name, batch)
        assert isinstance(outcome, Accepted), outcome
        assert (await made(hub))[order.serial].kind == "completed"
        assert hub.centre.ledger.summary() == {"application": 1}


async def test_portrait_goes_before_its_file_and_is_not_sent_twice():
    async with running() as hub:
        batch = batch_of("APPLY", first_card())
        await hub.run("apply", batch)
        await hub.run("apply", batch)
        puts = [call.request.path for call in hub.calls if isinstance(call.request, FilePut)]
        assert puts == [f"/photo/{batch.orders[0].serial}.jpg", *["/in/SMK_APPLY_20261124_001.txt"] * 2]
