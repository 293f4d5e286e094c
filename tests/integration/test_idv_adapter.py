"""The identity adapter against the simulated gateway over real sockets."""

from __future__ import annotations

import asyncio
import base64

import pytest

from hub.domain.party import DocumentType
from hub.sdk import ErrorCode
from hub.wire.exchange import HttpResponse
from simulators.idv import portrait, seed
from tests.integration.idv_hub import BUYER, HOUSEHOLD, SELLER, query, running

KINDS = {
    "passport": (*seed.PASSPORT, DocumentType.PASSPORT),
    "hm": (*seed.HM_PERMIT, DocumentType.HM_PERMIT),
    "tw": (*seed.TW_PERMIT, DocumentType.TW_PERMIT),
    "hmt": (*seed.HMT_RESIDENCE, DocumentType.HMT_RESIDENCE),
    "fpr": (*seed.PERMANENT, DocumentType.FPR),
    "card": ("王秀兰", BUYER, DocumentType.RIC),
    "firm": (*seed.FIRM[:2], DocumentType.USCC),
}


@pytest.mark.parametrize("kind", list(KINDS))
async def test_each_kind_of_document_is_verified_by_its_register(kind):
    name, number, document = KINDS[kind]
    async with running() as hub:
        assert (await hub.run("verify", query(name, number, document))).error is None
        assert (await hub.run("verify", query("别人", number, document))).error is ErrorCode.IDN_MISMATCH
        assert not hub.idv.journal.violations()


@pytest.mark.parametrize(
    ("name", "number", "error"),
    [
        ("王秀兰", SELLER, ErrorCode.IDN_MISMATCH),
        ("王秀兰", "330402195203140016", ErrorCode.IDN_NOT_FOUND),
        (*seed.DEAD, ErrorCode.IDN_EXPIRED),
        (*seed.NEW, ErrorCode.IDN_NOT_FOUND),
        (seed.CAREFUL_X[0], seed.CAREFUL_X[1].lower(), None),
        (*seed.RARE_PUBLISHED, None),
        (*seed.RARE_UNKNOWN, ErrorCode.IDN_MISMATCH),
    ],
)
async def test_verdict_of_the_register_is_the_reply_s_error(name, number, error):
    async with running() as hub:
        reply = await hub.run("verify", query(name, number))
        assert (reply.error, reply.raw_code) == (error, "00")
        assert len(reply.provider_ref) == 32


async def test_firm_that_is_closed_unknown_or_led_by_another_is_told_apart():
    async with running() as hub:
        name, number, legal_rep = seed.FIRM
        asked = query(name, number, DocumentType.USCC)
        assert (await hub.run("verify", asked.with_(legal_rep=legal_rep))).error is None
        assert (await hub.run("verify", asked.with_(legal_rep="王秀兰"))).error is ErrorCode.IDN_MISMATCH
        closed = query(*seed.CLOSED_FIRM[:2], DocumentType.USCC)
        assert (await hub.run("verify", closed)).error is ErrorCode.IDN_EXPIRED
        unknown = query(name, "9" * 18, DocumentType.USCC)
        assert (await hub.run("verify", unknown)).error is ErrorCode.IDN_NOT_FOUND


async def test_household_book_has_no_register():
    async with running() as hub:
        answer = await hub.run("verify", query("王秀兰", "330402000123", DocumentType.HOUSEHOLD))
        assert "HOUSEHOLD" in str(answer)
        assert not hub.calls


@pytest.mark.parametrize("likeness", [0, 69, 70, 100])
async def test_photo_is_scored(likeness):
    async with running() as hub:
        reply = await hub.run("compare_photo", query(photo=portrait(BUYER, likeness=likeness)))
        assert reply.score == likeness


async def test_photo_that_is_too_large_is_not_sent():
    async with running() as hub:
        outcome = await hub.run("compare_photo", query(photo=portrait(BUYER, size=23_060)))
        assert (outcome.kind, outcome.error.code, outcome.error.field) == ("faulty", ErrorCode.VAL_FORMAT, "photo")
        assert hub.idv.ledger.count() == 0


async def test_household_licence_and_holdings_are_read():
    async with running() as hub:
        reply = await hub.run("household", query(purpose=HOUSEHOLD))
        assert [(each.document[-4:], each.relation) for each in reply.members] == [
            ("0024", "head"),
            ("0012", "son"),
            ("0025", "other"),
        ]
        licence = await hub.run("licence", query(material="ID_CARD"))
        assert base64.b64decode(licence.content).startswith(b"%PDF")
        assert (licence.note, licence.issuer) == ("pdf", "嘉兴市公安局(模拟)")
        holdings = await hub.run("holdings", query("李建国", SELLER))
        assert [each.unit_no for each in holdings.holdings] == [seed.UNIT]
        for name, asked in (
            ("licence", query(material="DISABILITY_CERT")),
            ("holdings", query()),
            ("household", query(*seed.AGENT, purpose=HOUSEHOLD)),
        ):
            assert (await hub.run(name, asked)).error is ErrorCode.IDN_NOT_FOUND


async def test_licence_whose_digest_is_wrong_is_no_answer():
    async with running() as hub:
        reply = await hub.run("licence", query(material="ID_CARD"))
        assert reply.error is None
        response = hub.calls[-1].response
        spoilt = HttpResponse(response.status, response.headers, response.body.replace(b"JVBERi0x", b"JVBERi0y"))
        with pytest.raises(Exception, match="FILE_DIGEST"):
            hub.adapter.decode("licence.get", spoilt, _env(hub))


@pytest.mark.parametrize("shape", range(5))
async def test_both_shapes_of_datas_read_the_same(shape):
    async with running() as hub:
        replies = [await hub.run("verify") for _ in range(5)]
        assert [reply.error for reply in replies] == [None] * 5
        assert {b'"datas": "{' in call.response.body for call in hub.calls[1:]} == {True, False}


# -- secrets


async def test_one_secret_serves_all_calls_also_those_that_begin_together():
    async with running() as hub:
        replies = await asyncio.gather(*(hub.run("verify") for _ in range(10)))
        assert [reply.error for reply in replies] == [None] * 10
        assert hub.sent().count("token.key") == 1


async def test_secret_is_renewed_a_minute_before_its_end_by_the_refresh_secret():
    async with running() as hub:
        await hub.run("verify")
        await hub.clock.advance(minutes=13, seconds=59)
        await hub.run("verify")
        assert hub.sent() == ["token.key", "idcard.verify", "idcard.verify"]
        await hub.clock.advance(seconds=1)
        await hub.run("verify")
        assert hub.sent()[3:] == ["token.secret", "idcard.verify"]
        assert not hub.idv.journal.violations()


async def test_no_call_is_lost_while_the_secret_rotates_all_day():
    async with running() as hub:
        for _ in range(120):
            answers = await asyncio.gather(*(hub.run("verify") for _ in range(3)))
            assert [answer.error for answer in answers] == [None] * 3
            await hub.clock.advance(minutes=4, seconds=7)
        assert hub.sent().count("token.key") == 1
        assert hub.sent().count("token.secret") == 29
        assert {call.reply.raw_code for call in hub.calls} == {"00"}


async def test_call_under_way_while_the_secret_is_renewed_ends_well():
    async with running() as hub:
        await hub.run("verify")
        old = await hub.sessions.get("secret", hub.clock.now(), None)
        await hub.clock.advance(minutes=14)
        await hub.run("verify")
        await hub.clock.advance(seconds=59)
        context = {"secret": old}
        request = hub.adapter.encode("idcard.verify", MAPPED, _env(hub, context), None)
        exchanged = await hub.transport.exchange(request, hub.equipment.limits)
        assert b'"code": "00"' in exchanged.response.body


async def test_secret_that_another_owner_ended_is_renewed_and_the_call_repeated():
    async with running() as hub:
        await hub.run("verify")
        hub.idv.forget_secrets()
        replies = await asyncio.gather(*(hub.run("verify") for _ in range(5)))
        assert [reply.error for reply in replies] == [None] * 5
        assert hub.sent().count("token.key") == 2
        assert hub.idv.ledger.count() == 6


async def test_two_owners_of_one_key_end_each_other_s_secret_and_still_get_answers():
    async with running() as one:
        other = type(one)(one.idv, one.clock, one.transport)
        for _ in range(3):
            assert (await one.run("verify")).error is None
            assert (await other.run("verify")).error is None
        assert one.sent().count("token.key") == other.sent().count("token.key") == 3


async def test_secret_is_had_afresh_after_two_days_of_rest():
    async with running() as hub:
        await hub.run("verify")
        await hub.clock.advance(hours=49)
        assert (await hub.run("verify")).error is None
        assert hub.sent().count("token.key") == 2


async def test_check_asks_for_a_secret_and_for_nobody_s_data():
    async with running() as hub:
        assert (await hub.run("check")).kind == "completed"
        assert hub.sent() == ["token.key"]


async def test_wrong_key_is_told_as_such():
    async with running(config={"app_secret": "wrong"}) as hub:
        outcome = await hub.run("verify")
        assert (outcome.kind, outcome.error.code, outcome.error.provider_code_raw) == ("not_sent", "UPS_AUTH", "01")


# -- codes and faults


@pytest.mark.parametrize(
    ("code", "error"),
    [("18", ErrorCode.UPS_THROTTLED), ("19", ErrorCode.UPS_UNAVAILABLE), ("99", ErrorCode.UPS_UNAVAILABLE)],
)
async def test_code_of_the_gateway_is_the_reply_s_error(code, error):
    async with running() as hub:
        hub.idv.faults.arm("busy", code=code)
        reply = await hub.run("verify")
        assert (reply.error, reply.raw_code) == (error, code)


async def test_code_that_no_table_knows_goes_to_a_person():
    async with running() as hub:
        hub.idv.faults.arm("busy", code="77")
        outcome = await hub.run("verify")
        assert (outcome.kind, outcome.error.code, outcome.error.provider_code_raw) == ("faulty", "UPS_UNMAPPED", "77")


async def test_purpose_that_is_not_granted_and_quota_and_night_are_codes():
    async with running(extra={"denied_items": ["JX6-WAT-01"]}) as hub:
        reply = await hub.run("verify")
        assert (reply.error, reply.raw_code) == (ErrorCode.UPS_AUTH, "03")
    async with running(extra={"calls_a_second": 1}) as hub:
        assert [(await hub.run("verify")).raw_code for _ in range(2)] == ["00", "18"]


@pytest.mark.parametrize(
    "fault",
    [
        "refused",
        "connect-hang",
        "before-commit",
        "after-commit",
        "half-status",
        "half-body",
        "dribble",
        "garbage",
        "html",
    ],
)
async def test_question_without_an_answer_is_not_sent_and_may_be_asked_again(fault):
    async with running() as hub:
        await hub.run("verify")
        hub.idv.faults.arm(fault)
        outcome = await hub.run("verify")
        assert outcome.kind == "not_sent"
        hub.idv.faults.clear()
        assert (await hub.run("verify")).error is None


async def test_wrong_charset_is_no_answer_or_the_same_one():
    async with running() as hub:
        hub.idv.faults.arm("wrong-charset")
        outcome = await hub.run("household", query(purpose=HOUSEHOLD))
        assert getattr(outcome, "kind", "") == "not_sent"


@pytest.mark.parametrize("status", [429, 503])
async def test_http_status_that_did_nothing_is_refused_with_its_wait(status):
    async with running() as hub:
        response = HttpResponse(status, {"retry-after": "7"}, b"busy")
        with pytest.raises(Exception, match="UPS_") as caught:
            hub.adapter.decode("idcard.verify", response, _env(hub))
        assert caught.value.retry_after.total_seconds() == 7


async def test_nothing_personal_is_in_reprs_of_what_was_exchanged():
    async with running() as hub:
        face = portrait(BUYER)
        await hub.run("compare_photo", query(photo=face))
        reply = await hub.run("household", query(purpose=HOUSEHOLD))
        shown = repr([hub.calls, reply, query(photo=face), hub.idv.journal.entries])
        for value in ("王秀兰", BUYER, base64.b64encode(face).decode()[:40], "330402********0012"):
            assert value not in shown


MAPPED = {
    "name": "王秀兰",
    "idNo": BUYER,
    "additional": {
        "itemCode": "JX6-WAT-01",
        "caseNo": "JX6202611243304020000015",
        "operatorId": "c01",
        "materialName": "居民身份证",
    },
}


def _env(hub, session=None):
    from hub.sdk import Env

    return Env(now=hub.clock.now(), config=hub.adapter.config, session=session or {})
