"""The power simulator's gateway: token, headers, signature, envelope, stored replies, limits."""

from __future__ import annotations

import asyncio
import json
import secrets
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest

from tests.integration.power_sim_client import DEMO, form, hmac_sm3, running, seal, sm3

ASK = {"consNo": DEMO}
QUERY = "consumer/query"


async def test_first_token_lives_two_hours_and_is_plain_and_signed():
    async with running(logged_in=False) as (power, client):
        answer = await client.login()
        assert answer["code"] == 1
        assert answer["data"]["expiresIn"] == 7200
        wanted = hmac_sm3(client.connection["app_secret"], sm3(client.last.content))
        assert client.last.headers["X-Resp-Sign"] == wanted
        assert (await client.ok(QUERY, ASK))["total"] == 1
        assert power.journal.violations() == []


async def test_connection_keys_are_the_same_for_the_same_seed_and_differ_for_another():
    async with running(logged_in=False, seed=3) as (one, _), running(logged_in=False, seed=3) as (two, _):
        first, second = one.connection(), two.connection()
        assert first.pop("base_url") != second.pop("base_url")
        assert first == second
        assert first["app_key"].startswith("TEST")
        assert first["app_secret"].startswith("TEST")
        assert len(first["platform_public_key"]) == 130
        assert len(first["app_private_key"]) == 64
    async with running(logged_in=False, seed=4) as (other, _):
        assert other.connection()["platform_public_key"] != first["platform_public_key"]


async def test_token_with_a_wrong_sign_is_http_401_code_10003():
    async with running(logged_in=False) as (_, client):
        answer = await client.login(sign="0" * 64)
        assert (client.last.status_code, answer["code"]) == (401, 10003)


async def test_refresh_token_works_once():
    async with running() as (_, client):
        used = client.refresh
        assert (await client.login(refresh=used))["code"] == 1
        assert client.refresh != used
        again = await client.login(refresh=used)
        assert (client.last.status_code, again["code"]) == (401, 10002)
        assert (await client.login(refresh=client.refresh))["code"] == 1


async def test_expired_token_is_code_10002_with_http_200_and_a_refresh_cures_it():
    async with running() as (_, client):
        client.clock.advance(timedelta(hours=2))
        answer = await client.call(QUERY, ASK)
        assert (client.last.status_code, answer["code"]) == (200, 10002)
        await client.login(refresh=client.refresh)
        assert (await client.ok(QUERY, ASK))["total"] == 1


async def test_refresh_token_is_dead_after_a_day():
    async with running() as (_, client):
        client.clock.advance(timedelta(hours=24))
        assert (await client.login(refresh=client.refresh))["code"] == 10002


@pytest.mark.parametrize("token", [None, "", "f" * 32])
async def test_missing_or_unknown_token_is_http_401_code_10002(token):
    async with running() as (_, client):
        answer = await client.call(QUERY, ASK, X_Access_Token=token)
        assert (client.last.status_code, answer["code"]) == (401, 10002)


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"X_Sign": None}, 401, 10003),
        ({"X_Sign": "0" * 64}, 200, 10003),
        ({"X_Timestamp": None}, 200, 10004),
        ({"X_Timestamp": "yesterday"}, 200, 10004),
        ({"X_Nonce": "short"}, 200, 10004),
        ({"X_Nonce": None}, 200, 10004),
        ({"X_Request_Id": None}, 200, 10001),
        ({"X_Request_Id": "z" * 32}, 200, 10001),
        ({"Content_Type": "text/plain"}, 415, 10001),
    ],
)
async def test_broken_header_is_refused_and_written_down_as_a_violation(headers, status, code):
    async with running() as (power, client):
        answer = await client.call(QUERY, ASK, **headers)
        assert (client.last.status_code, answer["code"]) == (status, code)
        assert len(power.journal.violations()) == 1


async def test_unknown_app_key_is_http_401_and_the_reply_is_not_signed():
    async with running() as (_, client):
        body = seal(b"{}", client.connection["platform_public_key"])
        reply = await client.post(f"/gateway/v1/{QUERY}", body, sm3(body), X_App_Key="nobody")
        assert (reply.status_code, reply.json()["code"]) == (401, 10003)
        assert "X-Resp-Sign" not in reply.headers


@pytest.mark.parametrize(("seconds", "code"), [(-301, 10004), (-299, 1), (299, 1), (301, 10004)])
async def test_timestamp_may_be_five_minutes_off(seconds, code):
    async with running() as (_, client):
        stamp = str(int(client.stamp()) + seconds * 1000)
        assert (await client.call(QUERY, ASK, X_Timestamp=stamp))["code"] == code


async def test_nonce_serves_once_even_at_the_far_end_of_the_window():
    async with running() as (_, client):
        nonce = secrets.token_hex(16)
        ahead = str(int(client.stamp()) + 299_000)
        await client.ok(QUERY, ASK, X_Nonce=nonce, X_Timestamp=ahead)
        client.clock.advance(590)
        assert (await client.call(QUERY, ASK, X_Nonce=nonce, X_Timestamp=ahead))["code"] == 10004


async def test_wrongly_signed_request_does_not_spend_the_nonce():
    async with running() as (_, client):
        nonce = secrets.token_hex(16)
        assert (await client.call(QUERY, ASK, X_Nonce=nonce, X_Sign="0" * 64))["code"] == 10003
        await client.ok(QUERY, ASK, X_Nonce=nonce)


async def test_altered_body_breaks_the_signature():
    async with running() as (_, client):
        body = seal(b'{"consNo": "3304020012345"}', client.connection["platform_public_key"])
        reply = await client.post(f"/gateway/v1/{QUERY}", body + b" ", sm3(body))
        assert reply.json()["code"] == 10003


@pytest.mark.parametrize(
    "body",
    [
        b"not json",
        b"[]",
        b'{"keyVer":"1","data":"AA=="}',
        b'{"keyVer":"2","encKey":"00","data":"AA=="}',
        b'{"keyVer":"1","encKey":"zz","data":"AA=="}',
        b'{"keyVer":"1","encKey":"' + b"ab" * 112 + b'","data":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}',
        b'{"keyVer":"1","encKey":"","data":""}',
    ],
)
async def test_body_that_is_no_envelope_is_a_plain_10001(body):
    async with running() as (_, client):
        reply = await client.post(f"/gateway/v1/{QUERY}", body, sm3(body))
        assert (reply.status_code, reply.json()["code"]) == (200, 10001)
        assert reply.json()["data"]["rule"] == "envelope"


async def test_envelope_with_a_leading_04_is_refused():
    async with running() as (_, client):
        envelope = json.loads(seal(b"{}", client.connection["platform_public_key"]))
        envelope["encKey"] = "04" + envelope["encKey"]
        body = json.dumps(envelope).encode()
        reply = await client.post(f"/gateway/v1/{QUERY}", body, sm3(body))
        assert reply.json()["data"]["rule"] == "envelope"


@pytest.mark.parametrize("text", [b"not json", b"\xff\xfe"])
async def test_sealed_text_that_is_not_json_is_a_plain_10001(text):
    async with running() as (_, client):
        body = seal(text, client.connection["platform_public_key"])
        reply = await client.post(f"/gateway/v1/{QUERY}", body, sm3(body))
        assert reply.json()["data"]["rule"] == "envelope"


async def test_unknown_service_is_404_and_get_is_405():
    async with running() as (_, client):
        assert (await client.call("app/delete", {}))["code"] == 10001
        assert client.last.status_code == 404
        reply = await client.http.get(f"{client.connection['base_url']}/gateway/v1/{QUERY}")
        assert reply.status_code == 405


async def test_same_request_id_replays_the_stored_reply_byte_for_byte():
    async with running() as (power, client):
        request_id = secrets.token_hex(16)
        first = await client.ok("app/submit", form(), X_Request_Id=request_id)
        stored = client.last.content
        client.clock.advance(timedelta(hours=1, minutes=59))
        reordered = dict(reversed(form().items()))
        assert await client.ok("app/submit", reordered, X_Request_Id=request_id) == first
        assert client.last.content == stored
        assert power.ledger.count("order") == 1


async def test_same_request_id_with_other_data_or_service_is_10010():
    async with running() as (power, client):
        request_id = secrets.token_hex(16)
        await client.ok("app/submit", form(), X_Request_Id=request_id)
        assert (await client.call("app/submit", form(outer="X"), X_Request_Id=request_id))["code"] == 10010
        other = await client.call("app/query", {"outerNo": "JX6-0001"}, X_Request_Id=request_id)
        assert other["code"] == 10010
        assert power.ledger.count("order") == 1


async def test_same_request_id_sent_twice_at_once_makes_one_order_and_one_answer():
    async with running() as (power, client):
        request_id = secrets.token_hex(16)
        both = await asyncio.gather(*(client.ok("app/submit", form("110"), X_Request_Id=request_id) for _ in range(2)))
        assert both[0] == both[1]
        assert power.ledger.count("order") == 1


async def test_business_refusal_is_replayed_though_its_cause_is_gone():
    async with running() as (power, client):
        request_id = secrets.token_hex(16)
        power.add_account(cons_no="3304020015555", name="李建国", cert_no="330402198801010012", arrears=500)
        asked = form(consNo="3304020015555")
        assert (await client.call("app/submit", asked, X_Request_Id=request_id))["code"] == 20003
        paid = {"consNo": "3304020015555", "payAmt": 500, "channelSerial": "S1", "payTime": "20260105090000"}
        await client.ok("pay/writeoff", paid)
        assert (await client.call("app/submit", asked, X_Request_Id=request_id))["code"] == 20003
        assert (await client.call("app/submit", asked))["code"] == 1


async def test_parameter_error_is_not_stored_so_the_corrected_request_may_keep_its_id():
    async with running() as (_, client):
        request_id = secrets.token_hex(16)
        assert (await client.call("app/submit", form(settleMode="09"), X_Request_Id=request_id))["code"] == 10001
        await client.ok("app/submit", form(), X_Request_Id=request_id)


async def test_request_id_is_forgotten_after_a_day_and_app_query_by_outer_no_still_tells():
    async with running() as (power, client):
        request_id = secrets.token_hex(16)
        asked = form("110")
        await client.ok("app/submit", asked, X_Request_Id=request_id)
        client.clock.advance(timedelta(hours=23, minutes=59))
        await client.login()
        await client.ok("app/submit", asked, X_Request_Id=request_id)
        assert power.ledger.count("order") == 1
        client.clock.advance(60)
        assert (await client.ok("app/query", {"outerNo": asked["outerNo"]}))["found"] is True
        await client.ok("app/submit", asked, X_Request_Id=request_id)
        assert power.ledger.count("order") == 2


async def test_rate_limit_answers_429_with_retry_after():
    async with running(logged_in=False, extra={"rate_limit": 2}) as (_, client):
        await client.login()
        await client.ok(QUERY, ASK)
        answer = await client.call(QUERY, ASK)
        assert (client.last.status_code, answer["code"]) == (429, 10001)
        assert client.last.headers["Retry-After"] == "1"
        client.clock.advance(1)
        await client.ok(QUERY, ASK)


@pytest.mark.parametrize("status", [429, 503])
async def test_busy_as_http_status_gives_retry_after_in_both_forms(status):
    async with running() as (power, client):
        power.faults.arm("busy", status=status, retry_after=90)
        await client.call("app/submit", form())
        assert (client.last.status_code, client.last.headers["Retry-After"]) == (status, "90")
        power.faults.arm("busy", status=status, retry_after=90, retry_after_form="date")
        await client.call("app/submit", form())
        when = parsedate_to_datetime(client.last.headers["Retry-After"])
        assert when - client.clock.now() == timedelta(seconds=90)
        assert power.ledger.count() == 0


async def test_busy_as_a_code_is_30001_and_nothing_is_done_or_stored():
    async with running() as (power, client):
        power.faults.arm("busy")
        request_id = secrets.token_hex(16)
        assert (await client.call("app/submit", form(), X_Request_Id=request_id))["code"] == 30001
        assert power.ledger.count() == 0
        await client.ok("app/submit", form(), X_Request_Id=request_id)


async def test_reset_brings_back_the_seeded_state_and_forgets_tokens_and_replies():
    async with running(start=datetime(2026, 3, 2, 1, tzinfo=UTC)) as (power, client):
        await client.ok("app/submit", form())
        await power.reset()
        assert power.ledger.count() == 0
        assert (await client.call(QUERY, ASK))["code"] == 10002
        await client.login()
        assert (await client.ok("app/query", {"outerNo": "JX6-0001"}))["found"] is False
