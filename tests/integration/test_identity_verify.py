"""hub.verify on the simulated gateway over real sockets: methods, registers, refusals, faults."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from hub import DocumentType, example_case
from hub.errors import ConfigError, IdentityRefused, InputError, NotSupported, TryLater
from simulators.idv import portrait, seed
from tests.integration.identity_desk import (
    BUYER,
    NIGHT,
    TERMINAL,
    TRANSFER,
    WEB,
    WINDOW,
    desk,
    person,
    rules_of,
)

VERIFY, PHOTO = "/idcard/verify", "/idcard/photoCompare"
METHODS = [
    ("CLERK", WINDOW, 2, 30, []),
    ("CARD_READER", WINDOW, 1, 30, []),
    ("AUTHORITY_CHECK", WINDOW, 2, 30, [VERIFY]),
    ("FACE_COMPARE", WINDOW, 3, 30, [VERIFY, PHOTO]),
    ("CARD_READER", TERMINAL, 1, 10, []),
    ("AUTHORITY_CHECK", TERMINAL, 2, 10, [VERIFY]),
    ("FACE_COMPARE", TERMINAL, 3, 10, [VERIFY, PHOTO]),
    ("AUTHORITY_CHECK", WEB, 2, 10, [VERIFY]),
    ("FACE_COMPARE", WEB, 3, 10, [VERIFY, PHOTO]),
]
DOCUMENTS = [
    (*seed.PASSPORT, DocumentType.PASSPORT),
    (*seed.HM_PERMIT, DocumentType.HM_PERMIT),
    (*seed.TW_PERMIT, DocumentType.TW_PERMIT),
    (*seed.HMT_RESIDENCE, DocumentType.HMT_RESIDENCE),
    (*seed.PERMANENT, DocumentType.FPR),
    (seed.CAREFUL_X[0], seed.CAREFUL_X[1].lower(), DocumentType.RIC),
    (*seed.RARE_PUBLISHED, DocumentType.RIC),
]
REFUSED = [
    (person("王秀"), "IDN_MISMATCH", ""),
    (person(number="330402195203140083"), "IDN_NOT_FOUND", ""),
    (person(*seed.DEAD), "IDN_EXPIRED", ""),
    (person(*seed.NEW, valid_from="2026-11-22"), "IDN_NOT_FOUND", "3 days"),
    (person(*seed.RARE_UNKNOWN), "IDN_MISMATCH", "rare characters"),
]
IMPOSSIBLE = [
    ({"items": []}, "items"),
    ({"items": ["JX6-XXX-99"]}, "items[0]"),
    ({"channel": TERMINAL, "method": "CLERK"}, "method"),
    ({"channel": WINDOW.with_(operator=None), "method": "CLERK"}, "channel.operator"),
    ({"channel": WINDOW.with_(division="110101")}, "channel.division"),
    ({"party": person(number="330402195203140025")}, "document.number"),
    ({"party": person(valid_until="2020-01-01")}, "document.valid_until"),
    ({"party": person(number="330402000123", kind=DocumentType.HOUSEHOLD)}, "document.type"),
    ({"photo": portrait(BUYER)}, "photo"),
    ({"method": "FACE_COMPARE"}, "photo"),
    ({"method": "FACE_COMPARE", "photo": b"PNG"}, "photo"),
    ({"method": "FACE_COMPARE", "photo": portrait(BUYER, size=23_041)}, "photo"),
    (
        {"method": "FACE_COMPARE", "photo": portrait(BUYER), "party": person(*seed.PASSPORT, DocumentType.PASSPORT)},
        "document.type",
    ),
    ({"fallback": "AUTHORITY_CHECK"}, "fallback"),
    ({"channel": TERMINAL, "fallback": "CLERK"}, "fallback"),
]


async def test_each_method_has_its_level_and_asks_no_more_than_it_needs():
    async with desk() as at:
        for method, channel, level, minutes, asked in METHODS:
            photo = portrait(BUYER) if method == "FACE_COMPARE" else None
            made = await at.hub.verify(person(), [TRANSFER], channel=channel, method=method, photo=photo)
            assert (made.method, made.level, made.channel, made.items) == (method, level, channel.type, (TRANSFER,))
            assert made.expires_at - made.verified_at == timedelta(minutes=minutes)
            assert [entry.effect for entry in at.idv.ledger.effects(made.case_number)] == asked
            assert (made.request_id is not None) == bool(asked)
            assert made.operator == (channel.operator or channel.terminal)
        assert not at.idv.journal.violations()


async def test_assertion_holds_neither_name_nor_number_and_its_subject_is_a_keyed_digest():
    async with desk() as at:
        made = await at.hub.verify(person(), [TRANSFER], channel=WINDOW)
        again = await at.hub.verify(person(number=f" {BUYER} "), [TRANSFER], channel=WINDOW)
        assert "王" not in made.model_dump_json()
        assert BUYER not in made.model_dump_json()
        assert made.subject == again.subject
        assert len(made.subject) == 64
        assert made.case_number != again.case_number
    async with desk() as other:
        assert (await other.hub.verify(person(), [TRANSFER], channel=WINDOW)).subject != made.subject


async def test_other_documents_and_awkward_names_are_verified():
    async with desk() as at:
        for name, number, kind in DOCUMENTS:
            made = await at.hub.verify(person(name, number, kind), [TRANSFER], channel=WINDOW)
            assert made.level == 2
        assert {entry.effect for entry in at.idv.ledger.entries} == {VERIFY, "/entexit/verify", "/residence/permit"}


async def test_organisation_is_verified_by_its_code_and_legal_representative():
    async with desk() as at:
        firm = example_case((TRANSFER,), "enterprise", at.hub.configuration.catalogue).applicant
        assert (await at.hub.verify(firm, [TRANSFER], channel=WINDOW)).level == 2
        other = firm.legal_rep.with_(name="王秀兰")
        for wrong in (firm.with_(name="另一家"), firm.with_(legal_rep=other)):
            with pytest.raises(IdentityRefused) as caught:
                await at.hub.verify(wrong, [TRANSFER], channel=WINDOW)
            assert rules_of(caught) == ["IDN_MISMATCH"]


async def test_person_whom_the_register_does_not_confirm_is_refused_with_the_rule():
    async with desk() as at:
        for who, rule, said in REFUSED:
            with pytest.raises(IdentityRefused) as caught:
                await at.hub.verify(who, [TRANSFER], channel=WINDOW)
            assert rules_of(caught) == [rule]
            assert said in str(caught.value)
            assert who.name not in str(caught.value)
            assert who.document.number not in str(caught.value)


async def test_face_is_the_same_from_seventy_on():
    async with desk() as at:
        assert (await at.face(likeness=70)).level == 3
        for likeness in (0, 69):
            with pytest.raises(IdentityRefused) as caught:
                await at.face(likeness=likeness, fallback="CARD_READER")
            assert [(fault.where, fault.rule) for fault in caught.value.faults] == [("photo", "IDN_MISMATCH")]


async def test_largest_photo_that_is_taken_fits_the_gateway():
    async with desk() as at:
        photo = portrait(BUYER, size=23_040)
        made = await at.hub.verify(person(), [TRANSFER], channel=WINDOW, method="FACE_COMPARE", photo=photo)
        assert made.level == 3


async def test_what_cannot_be_checked_is_refused_before_anybody_is_asked():
    async with desk() as at:
        for change, where in IMPOSSIBLE:
            given = {"party": person(), "items": [TRANSFER], "channel": WINDOW, **change}
            with pytest.raises(InputError) as caught:
                await at.hub.verify(given.pop("party"), given.pop("items"), **given)
            assert where in [fault.where for fault in caught.value.faults], change
        assert not at.idv.journal.entries


# -- the gateway's own failures


@pytest.mark.parametrize(
    ("fault", "options"),
    [
        *(("busy", {"code": code}) for code in ("18", "19", "99")),
        *((name, {}) for name in ("refused", "before-commit", "after-commit", "half-status", "half-body")),
        *((name, {}) for name in ("garbage", "html")),
    ],
)
async def test_question_that_brought_no_answer_is_asked_again(fault, options):
    async with desk() as at:
        at.idv.faults.arm(fault, **options)
        made = await at.hub.verify(person(), [TRANSFER], channel=WINDOW)
        assert made.level == 2
        asked = len(at.idv.ledger.effects(made.case_number))
        assert asked == (2 if fault in {"after-commit", "half-status", "half-body", "garbage", "html"} else 1)


async def test_gateway_that_stays_away_means_try_later_and_nothing_is_stored():
    async with desk() as at:
        for code in ("18", "19", "99", "77"):
            at.idv.faults.arm("busy", code=code, times=9)
            with pytest.raises(TryLater) as caught:
                await at.hub.verify(person(), [TRANSFER], channel=WINDOW)
            assert f"code {code}" in str(caught.value)
            at.idv.faults.clear()
        at.idv.faults.arm("down")
        with pytest.raises(TryLater):
            await at.hub.verify(person(), [TRANSFER], channel=WINDOW)
        assert at.idv.ledger.count() == 0


async def test_item_that_the_gateway_has_not_granted_is_a_matter_of_configuration():
    async with desk(extra={"denied_items": [TRANSFER]}) as at:
        with pytest.raises(ConfigError) as caught:
            await at.hub.verify(person(), [TRANSFER], channel=WINDOW)
        assert [(fault.where, fault.rule) for fault in caught.value.faults] == [("endpoint idv", "UPS_AUTH")]


async def test_hub_without_a_gateway_still_takes_a_clerk_s_word():
    async with desk(gateway=False) as at:
        with pytest.raises(NotSupported):
            await at.hub.verify(person(), [TRANSFER], channel=WINDOW)
        made = await at.hub.verify(person(), [TRANSFER], channel=WINDOW, method="CLERK")
        assert made.level == 2


async def test_portraits_sleep_at_night_and_a_terminal_may_fall_back_to_its_card_reader():
    async with desk(start=NIGHT) as at:
        with pytest.raises(TryLater) as caught:
            await at.face()
        assert "code 19" in str(caught.value)
        made = await at.face(fallback="CARD_READER")
        assert (made.method, made.level, made.request_id) == ("CARD_READER", 1, None)


async def test_secret_rotates_in_the_middle_of_a_run_without_a_lost_call():
    async with desk(auto=False) as at:
        for number in range(30):
            made = await asyncio.gather(*(at.face() for _ in range(2)))
            assert len({each.case_number for each in made}) == 2
            if number % 13 == 12:
                at.idv.forget_secrets()
            await at.clock.advance(minutes=2, seconds=13)
        entries = at.idv.journal.entries
        assert at.idv.ledger.count() == 120
        assert {entry.code for entry in entries} == {"00", "02"}
        renewed = [entry.code for entry in entries if entry.operation == "/app/refreshTokenBySec"]
        assert renewed.count("00") == 2
