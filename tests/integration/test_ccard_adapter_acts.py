"""The citizen card adapter against the simulator: acts on a card, what is refused and how, questions."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import asyncssh
import pytest

from hub.domain.application import ItemRequest
from hub.domain.example import example_application
from hub.domain.numbers import case_number
from hub.domain.orders import orders_for
from hub.domain.party import DocumentType, IdentityDocument
from hub.domain.taxonomy import ErrorCode
from tests.integration.ccard_hub import (
    ACTS,
    CATALOGUE,
    DEMO,
    FOREIGN,
    FOREIGNER,
    FORMAL,
    FULL,
    LONG,
    LONG_NAMED,
    LOST,
    MACANESE,
    MACAO,
    NOBODY,
    PASSPORT,
    REISSUED,
    RESTRICTED,
    START,
    TODAY,
    TRAVELLER,
    CcardHub,
    act_of,
    by_holder,
    order_of,
    person,
    query,
    rrn,
    running,
    topup,
)


@pytest.mark.parametrize("name", ACTS)
async def test_act_is_done_once_and_its_receipt_is_the_reference_number(name):
    async with running() as hub:
        order, effect = act_of(name)
        order = by_holder(hub, order)
        outcome = await hub.run("act", order)
        assert (outcome.kind, outcome.raw_code) == ("completed", "00")
        assert outcome.outputs[0].identifier == rrn(order)
        assert hub.centre.ledger.summary() == {effect: 1}
        assert hub.centre.journal.violations() == []


@pytest.mark.parametrize("name", ACTS)
async def test_repeat_of_an_act_is_known_by_its_trace_number_and_done_once(name):
    async with running() as hub:
        order, effect = act_of(name)
        order = by_holder(hub, order)
        first = await hub.run("act", order)
        await hub.clock.advance(days=1)
        second = await hub.run("act", order)
        assert (first.kind, second.kind) == ("completed", "completed")
        assert second.outputs[0].identifier == rrn(order)
        assert "94" in hub.codes()
        assert hub.centre.ledger.summary() == {effect: 1}


async def test_oral_report_says_when_it_lapses_and_what_it_does_not_cover():
    async with running() as hub:
        order, _ = act_of("JX6-CIT-02")
        outcome = await hub.run("act", order)
        assert outcome.expires == START + timedelta(days=5)
        assert outcome.outputs[0].expires == outcome.expires
        assert "银行账户" in outcome.opinion
        asked = await hub.run("acted", order)
        assert (asked.kind, asked.expires) == ("completed", outcome.expires)


async def test_oral_report_holds_for_five_days_and_then_no_longer():
    async with running() as hub:
        order, _ = act_of("JX6-CIT-02")
        await hub.run("act", order)
        await hub.clock.advance(days=4, hours=23)
        assert (await hub.run("standing", order)).kind == "completed"
        await hub.clock.advance(hours=1)
        assert (await hub.run("standing", order)).kind == "absent"
        formal, _ = act_of("JX6-CIT-02/formal", 2)
        await hub.run("act", formal)
        told = await hub.run("standing", order)
        assert (told.kind, told.raw_code, told.expires) == ("completed", "43", None)


@pytest.mark.parametrize(
    ("name", "card", "code", "error"),
    [
        ("JX6-CIT-02", LOST, "N1", ErrorCode.ELG_STATUS),
        ("JX6-CIT-02", FORMAL, "N1", ErrorCode.ELG_STATUS),
        ("JX6-CIT-02/formal", FORMAL, "N1", ErrorCode.ELG_STATUS),
        ("JX6-CIT-02", RESTRICTED, "36", ErrorCode.ELG_STATUS),
        ("JX6-CIT-03", DEMO, "12", ErrorCode.ELG_STATUS),
        ("JX6-CIT-05", LOST, "41", ErrorCode.ELG_STATUS),
        ("JX6-CIT-06", FORMAL, "43", ErrorCode.ELG_STATUS),
    ],
)
async def test_act_that_the_card_s_standing_does_not_allow_is_rejected(name, card, code, error):
    async with running() as hub:
        order, _ = act_of(name, card=card)
        order = by_holder(hub, order)
        ahead = await hub.run("precheck", order)
        outcome = await hub.run("act", order)
        assert (outcome.kind, outcome.error.code, outcome.raw_code) == ("rejected", error, code)
        assert (ahead.kind, ahead.error.code) == ("rejected", error)
        assert hub.centre.ledger.count() == 0


async def test_precheck_lets_pass_what_can_be_done_and_changes_nothing():
    async with running() as hub:
        for seq, name in enumerate(ACTS, start=1):
            order = by_holder(hub, act_of(name, seq)[0])
            assert (await hub.run("precheck", order)).kind == "completed", name
        lost = {"card_no": FORMAL, "reissue_reason": "lost"}
        assert (await hub.run("precheck", by_holder(hub, order_of("JX6-CIT-04", form=lost)))).kind == "completed"
        damaged = {"card_no": FORMAL, "reissue_reason": "damaged"}
        outcome = await hub.run("precheck", by_holder(hub, order_of("JX6-CIT-04", form=damaged)))
        assert (outcome.kind, outcome.error.code) == ("rejected", ErrorCode.ELG_STATUS)
        assert (await hub.run("precheck", order_of("JX6-CIT-01"))).kind == "completed"
        assert (await hub.run("precheck", topup())).kind == "completed"
        assert hub.centre.ledger.count() == 0


async def test_cancelling_a_report_that_has_lapsed_is_told_so():
    async with running() as hub:
        await hub.run("act", act_of("JX6-CIT-02")[0])
        await hub.clock.advance(days=6)
        outcome = await hub.run("act", act_of("JX6-CIT-03", 2, card=DEMO)[0])
        assert (outcome.kind, outcome.raw_code) == ("rejected", "N2")


async def test_card_of_somebody_else_and_no_card_are_refused():
    async with running() as hub:
        strange = order_of("JX6-CIT-06", form={"card_no": FORMAL})
        outcome = await hub.run("act", strange)
        assert (outcome.kind, outcome.error.code, outcome.raw_code) == ("rejected", ErrorCode.IDN_MISMATCH, "N3")
        missing = order_of("JX6-CIT-06", form={"card_no": NOBODY})
        outcome = await hub.run("act", missing)
        assert (outcome.error.code, outcome.raw_code) == (ErrorCode.ELG_ACCOUNT_NOT_FOUND, "14")
        assert (await hub.run("acted", strange)).kind == "absent"
        assert (await hub.run("precheck", missing)).error.code is ErrorCode.ELG_ACCOUNT_NOT_FOUND


async def test_formal_report_needs_an_identity_check_before_anything_is_sent():
    async with running() as hub:
        order, _ = act_of("JX6-CIT-02/formal", assertion=None)
        outcome = await hub.run("act", order)
        assert (outcome.kind, outcome.error.code, outcome.error.field) == ("rejected", ErrorCode.IDN_LEVEL, "assertion")
        assert hub.calls == []


@pytest.mark.parametrize(
    ("code", "kind", "error"),
    [
        ("12", "rejected", ErrorCode.ELG_STATUS),
        ("30", "rejected", ErrorCode.VAL_FORMAT),
        ("51", "rejected", ErrorCode.ELG_NOT_ELIGIBLE),
        ("61", "rejected", ErrorCode.PAY_AMOUNT),
        ("68", "unknown", ErrorCode.UPS_TIMEOUT_UNKNOWN),
        ("91", "not_sent", ErrorCode.UPS_UNAVAILABLE),
        ("96", "unknown", ErrorCode.UPS_TIMEOUT_UNKNOWN),
        ("N3", "rejected", ErrorCode.IDN_MISMATCH),
    ],
)
async def test_each_code_of_an_act_has_its_outcome(code, kind, error):
    async with running() as hub:
        await hub.centre.advance(DEMO, code)
        outcome = await hub.run("act", act_of("JX6-CIT-06")[0])
        assert (outcome.kind, outcome.error.code, outcome.error.provider_code_raw) == (kind, error, code)


@pytest.mark.parametrize(
    ("code", "kind", "error"),
    [
        ("12", "faulty", ErrorCode.UPS_PROTOCOL),
        ("30", "rejected", ErrorCode.VAL_FORMAT),
        ("68", "not_sent", ErrorCode.UPS_BUSY),
        ("91", "not_sent", ErrorCode.UPS_UNAVAILABLE),
        ("96", "not_sent", ErrorCode.UPS_BUSY),
    ],
)
async def test_each_code_of_a_question_has_its_outcome(code, kind, error):
    async with running() as hub:
        await hub.centre.advance(DEMO, code)
        outcome = await hub.run("status", order_of("JX6-CIT-08"))
        assert (outcome.kind, outcome.error.code) == (kind, error)
        await hub.centre.advance(DEMO, code)
        asked = await hub.run("acted", act_of("JX6-CIT-02")[0])
        assert asked.kind == ("absent" if kind == "rejected" else kind)


async def test_code_that_no_table_has_goes_to_a_person_with_the_code():
    async with running() as hub:
        hub.centre.faults.arm("unknown-code", code="Z9")
        outcome = await hub.run("act", act_of("JX6-CIT-06")[0])
        assert (outcome.kind, outcome.error.code, outcome.error.provider_code_raw) == (
            "faulty",
            ErrorCode.UPS_UNMAPPED,
            "Z9",
        )


async def test_during_the_day_cut_nothing_is_done_and_the_act_is_held():
    async with running(start=START.replace(hour=15, minute=5)) as hub:  # 23:05 in Shanghai
        outcome = await hub.run("act", act_of("JX6-CIT-06")[0])
        assert (outcome.kind, outcome.error.code, outcome.error.provider_code_raw) == (
            "not_sent",
            ErrorCode.UPS_MAINTENANCE,
            "90",
        )
        assert (await hub.run("status", order_of("JX6-CIT-08"))).error.code is ErrorCode.UPS_MAINTENANCE
        await hub.clock.advance(minutes=6)
        assert (await hub.run("act", act_of("JX6-CIT-06")[0])).kind == "completed"


# questions


@pytest.mark.parametrize(
    ("card", "standing"),
    [(DEMO, "normal"), (LOST, "reported_lost"), (FORMAL, "formally_lost"), (RESTRICTED, "restricted")],
)
async def test_status_tells_standing_balance_and_functions_and_masks_the_name(card, standing):
    async with running() as hub:
        order = by_holder(hub, order_of("JX6-CIT-08", form={"card_no": card}))
        outcome = await hub.run("status", order)
        (account,) = outcome.outputs[0].data["accounts"]
        assert (outcome.kind, account["status"], account["account_no"]) == ("completed", standing, card)
        assert account["balance_fen"] == hub.standing(card)["balance"]
        assert set(account["use"].split(",")) == {"BUS", "BIKE", "LIB", "WALLET"}
        assert account["holder_name"] == order.applicant.name[0] + "*" * (len(order.applicant.name) - 1)


async def test_accounts_are_found_by_number_and_by_document():
    async with running() as hub:
        by_number = await hub.run("accounts", query(account_no=FULL))
        assert [(a.account_no, a.balance_fen) for a in by_number.accounts] == [(FULL, 99_000)]
        document = IdentityDocument(type=DocumentType.RIC, number="330402195203140024")
        by_person = await hub.run("accounts", query(document=document, name="王秀兰"))
        assert [a.account_no for a in by_person.accounts] == [DEMO]
        nobody = await hub.run("accounts", query(account_no=NOBODY))
        assert (nobody.error, nobody.accounts) == (ErrorCode.ELG_ACCOUNT_NOT_FOUND, ())


async def test_questions_at_the_same_time_each_get_their_own_answer():
    async with running() as hub:
        cards = [DEMO, LOST, FORMAL, RESTRICTED, FULL, REISSUED]
        replies = await asyncio.gather(*(hub.run("accounts", query(account_no=card)) for card in cards))
        assert [reply.accounts[0].account_no for reply in replies] == cards


async def test_check_signs_on_and_looks_into_the_files():
    async with running() as hub:
        assert (await hub.run("check", None)).raw_code == "00"


@pytest.mark.parametrize("key", ["master_key", "institution", "sftp_host_key"])
async def test_check_tells_wrong_credentials(key):
    stranger = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    wrong = {"master_key": "00" * 16, "institution": "33040009", "sftp_host_key": stranger}
    async with running() as hub:
        other = CcardHub(hub.centre, hub.clock, **{key: wrong[key]})
        outcome = await other.run("check", None)
        await other.transport.aclose()
        assert (outcome.kind, outcome.error.code) == ("not_sent", ErrorCode.UPS_AUTH)


# people whose names and numbers are unusual


@pytest.mark.parametrize(
    ("holder", "card"),
    [(LONG_NAMED, LONG), (FOREIGNER, FOREIGN), (MACANESE, MACAO), (TRAVELLER, PASSPORT)],
)
async def test_rare_characters_and_foreign_residents_are_right_on_the_wire(holder, card):
    async with running() as hub:
        order = order_of("JX6-CIT-02", form={"card_no": card, "loss_kind": "oral"}, applicant=holder)
        outcome = await hub.run("act", order)
        assert outcome.kind == "completed"
        assert hub.centre.journal.violations() == []
        frame = hub.messages("act")[0].request.body
        assert holder.name.encode("gb18030") in frame
        assert holder.document.number.encode() in frame


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"applicant": person("王" * 31, "330402195203140024")}, "DE48.T001"),
        ({"applicant": person("龘𠅤" * 10 + "王", "330402195203140024")}, "DE48.T001"),
        ({"applicant": person("王秀兰", "X" * 21)}, "DE48.T002"),
        ({"form": {"card_no": "3140330000000000010A"}}, "DE2"),
        ({"form": {"card_no": "卡3140330"}}, "DE2"),
        ({"form": {"card_no": None}}, "DE2"),
    ],
)
async def test_what_a_field_cannot_hold_is_refused_by_name_before_it_is_sent(changes, place):
    async with running() as hub:
        outcome = await hub.run("act", order_of("JX6-CIT-06", **changes))
        assert (outcome.kind, outcome.error.code) == ("faulty", ErrorCode.VAL_FORMAT)
        assert outcome.error.field == place
        assert hub.centre.journal.entries == ()


async def test_sixty_bytes_of_name_are_taken_sixty_one_are_not():
    async with running() as hub:
        fits = order_of("JX6-CIT-06", applicant=person("王" * 30, "330402195203140024"))
        assert (await hub.run("act", fits)).kind == "completed"
        over = order_of("JX6-CIT-06", 2, applicant=person("王" * 30 + "a", "330402195203140024"))
        assert (await hub.run("act", over)).kind == "faulty"


async def test_old_number_of_fifteen_digits_goes_out_with_eighteen():
    application = example_application("JX6-CIT-08", "individual", CATALOGUE)
    old = application.applicant.with_(
        document=IdentityDocument(type=DocumentType.RIC, number="330402520314002"),
    )
    application = application.with_(applicant=old, items=(ItemRequest(code="JX6-CIT-08", form={"card_no": DEMO}),))
    (order,) = orders_for(application, CATALOGUE, case_number=case_number(TODAY, "330402", 1), submitted_at=START)
    async with running() as hub:
        assert (await hub.run("status", order)).kind == "completed"
        assert b"330402195203140024" in hub.messages("status")[0].request.body
