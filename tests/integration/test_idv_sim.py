"""The gateway simulator keeps the contract in its README."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import httpx
import pytest

from simulators.idv import seed
from tests.integration.idv_sim_client import BUYER, CHILD, HOUSEHOLD, PURPOSE, SELLER, opened, photo, running

NIGHT = datetime(2026, 1, 5, 17, 0, tzinfo=UTC)  # 01:00 in Shanghai


@pytest.mark.parametrize(
    ("name", "number", "result"),
    [
        ("王秀兰", BUYER, "01"),
        ("王秀", BUYER, "02"),
        ("王秀兰", SELLER, "02"),
        ("王秀兰", "330402195203140016", "03"),
        (*seed.DEAD, "04"),
        (*seed.NEW, "03"),
        (*seed.CAREFUL_X, "01"),
        (seed.CAREFUL_X[0], seed.CAREFUL_X[1].lower(), "02"),
        (*seed.RARE_PUBLISHED, "02"),
        ("龚\ue863", seed.RARE_PUBLISHED[1], "01"),
        (*seed.RARE_UNKNOWN, "02"),
    ],
)
async def test_identity_card_answers_by_name_and_number(name, number, result):
    async with running() as (_, client):
        assert await client.result("/idcard/verify", name=name, idNo=number) == result


async def test_identity_card_also_compares_its_validity_where_it_is_given():
    async with running() as (_, client):
        given = {"name": "王秀兰", "idNo": BUYER}
        assert await client.result("/idcard/verify", **given, validFrom="20200101", validTo="20400101") == "01"
        assert await client.result("/idcard/verify", **given, validTo="长期") == "02"


async def test_new_document_is_on_record_after_three_days():
    async with running() as (_, client):
        name, number = seed.NEW
        assert await client.result("/idcard/verify", name=name, idNo=number) == "03"
        client.clock.advance(3 * 24 * 3600)
        await client.start()
        assert await client.result("/idcard/verify", name=name, idNo=number) == "01"


@pytest.mark.parametrize(("name", "number"), [seed.PASSPORT, seed.HM_PERMIT, seed.TW_PERMIT, seed.PERMANENT])
async def test_passports_and_permits_are_verified(name, number):
    async with running() as (_, client):
        assert await client.result("/entexit/verify", certNo=number, name=name) == "01"
        assert await client.result("/entexit/verify", certNo=number, name="X") == "02"
        assert await client.result("/entexit/verify", certNo="Z0000000", name=name) == "03"


async def test_residence_permit_is_verified():
    async with running() as (_, client):
        name, number = seed.HMT_RESIDENCE
        assert await client.result("/residence/permit", permitNo=number, name=name) == "01"


@pytest.mark.parametrize(
    ("picture", "score"),
    [(photo(), 92), (photo(likeness=69), 69), (photo(SELLER), 12), ("/9j/2Q==", 12)],
)
async def test_portrait_scores_as_it_is_like_the_person(picture, score):
    async with running() as (_, client):
        answer = await client.call("/idcard/photoCompare", name="王秀兰", idNo=BUYER, photo=picture)
        assert opened(answer) == {"score": score}


@pytest.mark.parametrize(
    "picture", [photo(size=23_060), base64.b64encode(b"PNG").decode(), "****", "abc"], ids=["large", "png", "*", "odd"]
)
async def test_portrait_that_is_no_small_jpeg_is_refused(picture):
    async with running() as (_, client):
        answer = await client.call("/idcard/photoCompare", name="王秀兰", idNo=BUYER, photo=picture)
        assert answer["code"] == "12"


async def test_portraits_are_closed_at_night_and_identity_cards_are_not():
    async with running(start=NIGHT) as (_, client):
        given = {"name": "王秀兰", "idNo": BUYER}
        assert (await client.call("/idcard/photoCompare", **given, photo=photo()))["code"] == "19"
        assert await client.result("/idcard/verify", **given) == "01"
    async with running(start=NIGHT, always_open=True) as (_, client):
        assert (await client.call("/idcard/photoCompare", **given, photo=photo()))["code"] == "00"


async def test_household_lists_masked_members_and_is_granted_to_large_household_items_only():
    async with running() as (_, client):
        assert (await client.call("/population/household", idNo=BUYER))["code"] == "03"
        data = opened(await client.call("/population/household", HOUSEHOLD, idNo=BUYER))
        assert [(each["idNo"], each["relation"]) for each in data["members"]] == [
            ("330402********0024", "02"),
            ("330402********0012", "20"),
            ("330411********0025", "31"),
        ]
        assert [each["name"] for each in data["members"]] == ["王**", "李**", "家**"]
        assert opened(await client.call("/population/household", HOUSEHOLD, idNo=seed.AGENT[1])) is None


async def test_enterprise_licence_and_holdings_answer_or_are_empty():
    async with running() as (_, client):
        firm = opened(await client.call("/enterprise/base", uscc=seed.FIRM[1]))
        assert (firm["name"], firm["legalRep"], firm["status"]) == (seed.FIRM[0], "李建国", "存续")
        assert opened(await client.call("/enterprise/base", uscc=seed.CLOSED_FIRM[1]))["status"] == "注销"
        assert opened(await client.call("/enterprise/base", uscc="9" * 18)) is None
        licence = opened(await client.call("/licence/get", holderId=BUYER, licenceType=seed.ID))
        assert base64.b64decode(licence["file"]).startswith(b"%PDF")
        assert opened(await client.call("/licence/get", holderId=BUYER, licenceType="50002")) is None
        (held,) = opened(await client.call("/realestate/holdings", idNo=SELLER, name="李建国"))
        assert held["BDCDYH"] == seed.UNIT
        assert opened(await client.call("/realestate/holdings", idNo=BUYER, name="王秀兰")) is None


async def test_datas_is_sometimes_an_object():
    async with running() as (_, client):
        shapes = [type((await client.call("/enterprise/base", uscc=seed.FIRM[1]))["datas"]) for _ in range(8)]
        assert shapes.count(dict) == 2
        assert shapes.count(str) == 6


# -- signature and secrets


async def test_secret_ends_after_fifteen_minutes():
    async with running() as (_, client):
        client.clock.advance(15 * 60 - 1)
        assert await client.result("/idcard/verify", name="王秀兰", idNo=BUYER) == "01"
        client.clock.advance(1)
        assert (await client.call("/idcard/verify", name="王秀兰", idNo=BUYER))["code"] == "02"


async def test_renewal_leaves_the_old_secret_good_for_two_minutes():
    async with running() as (_, client):
        old = client.secret
        assert (await client.renew())["code"] == "00"
        client.clock.advance(119)
        for secret in (old, client.secret):
            assert (await client.call("/idcard/verify", secret=secret, name="王秀兰", idNo=BUYER))["code"] == "00"
        client.clock.advance(1)
        assert (await client.call("/idcard/verify", secret=old, name="王秀兰", idNo=BUYER))["code"] == "02"


async def test_refresh_secret_is_good_once_and_for_two_days():
    async with running() as (_, client):
        spent = client.refresh
        await client.renew()
        assert (await client.renew(spent))["code"] == "02"
        client.clock.advance(48 * 3600)
        assert (await client.renew())["code"] == "02"
        assert (await client.renew("nobody's"))["code"] == "01"


async def test_fresh_start_of_another_worker_ends_every_secret_at_once():
    async with running() as (_, client):
        old, refresh = client.secret, client.refresh
        await client.start()
        assert (await client.call("/idcard/verify", secret=old, name="王秀兰", idNo=BUYER))["code"] == "02"
        assert (await client.renew(refresh))["code"] == "02"


@pytest.mark.parametrize(
    ("override", "code"),
    [
        ({"sign": "0" * 32}, "01"),
        ({"sign": None}, "12"),
        ({"appKey": "another"}, "01"),
        ({"requestTime": "1"}, "12"),
        ({"requestTime": "1700000000000"}, "12"),
        ({"additional": None}, "03"),
        ({"additional": "[]"}, "03"),
        ({"additional": "{"}, "03"),
        ({"name": None}, "12"),
        ({"idNo": "123"}, "12"),
        ({"more": "1"}, "12"),
    ],
)
async def test_call_that_breaks_the_contract_is_refused_and_journalled(override, code):
    async with running() as (idv, client):
        answer = await client.call("/idcard/verify", **{"name": "王秀兰", "idNo": BUYER, **override})
        assert (answer["code"], answer["datas"], answer["dataCount"]) == (code, "", 0)
        assert len(idv.journal.violations()) == 1
        assert not idv.ledger.entries


@pytest.mark.parametrize("name", list(PURPOSE))
async def test_purpose_needs_each_of_its_parts(name):
    async with running() as (_, client):
        for wrong in ({key: value for key, value in PURPOSE.items() if key != name}, {**PURPOSE, name: ""}):
            assert (await client.call("/idcard/verify", wrong, name="王秀兰", idNo=BUYER))["code"] == "03"


async def test_item_without_a_grant_gets_nothing():
    async with running(extra={"denied_items": ["JX6-WAT-01"]}) as (_, client):
        assert (await client.call("/idcard/verify", name="王秀兰", idNo=BUYER))["code"] == "03"


async def test_quota_refuses_the_call_above_it_and_opens_again():
    async with running(extra={"calls_a_day": 25}) as (_, client):
        codes = [(await client.call("/idcard/verify", name="王秀兰", idNo=BUYER))["code"] for _ in range(21)]
        assert codes == ["00"] * 20 + ["18"]
        client.clock.advance(1)
        codes = [(await client.call("/idcard/verify", name="王秀兰", idNo=BUYER))["code"] for _ in range(5)]
        assert codes == ["00"] * 4 + ["18"]


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/idcard/verify", 405), ("POST", "/no/such", 404)])
async def test_what_is_no_call_gets_plain_http(method, path, status):
    async with running() as (_, client):
        reply = await client.http.request(method, f"{client.connection['base_url']}/gateway{path}")
        assert reply.status_code == status


async def test_body_that_is_no_form_is_refused():
    async with running() as (_, client):
        url = f"{client.connection['base_url']}/gateway/idcard/verify"
        assert (await client.http.post(url, json={})).status_code == 415
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        for body in (b"name=%FF", b"a=1&a=2", "姓名=1".encode()):
            assert (await client.http.post(url, content=body, headers=headers)).json()["code"] == "12"


# -- control, ledger, journal


async def test_ledger_has_one_entry_for_each_disclosure_and_no_personal_data_anywhere():
    async with running() as (idv, client):
        await client.call("/idcard/verify", name="王秀兰", idNo=BUYER)
        await client.call("/idcard/photoCompare", name="王秀兰", idNo=BUYER, photo=photo())
        await client.call("/population/household", HOUSEHOLD, idNo=BUYER)
        assert idv.ledger.summary() == {"/idcard/verify": 1, "/idcard/photoCompare": 1, "/population/household": 1}
        kept = repr([idv.ledger.entries, idv.journal.entries, idv.state(), idv._services.registers])
        for value in ("王秀兰", "李建国", BUYER, SELLER, CHILD, photo()[:40]):
            assert value not in kept


@pytest.mark.parametrize("code", ["18", "19", "99"])
async def test_fault_busy_answers_with_the_wanted_code(code):
    async with running() as (idv, client):
        idv.faults.arm("busy", code=code)
        assert (await client.call("/idcard/verify", name="王秀兰", idNo=BUYER))["code"] == code
        assert await client.result("/idcard/verify", name="王秀兰", idNo=BUYER) == "01"


async def test_fault_after_commit_cuts_the_answer_of_a_disclosure_that_happened():
    async with running() as (idv, client):
        idv.faults.arm("after-commit")
        with pytest.raises(httpx.TransportError):
            await client.call("/idcard/verify", name="王秀兰", idNo=BUYER)
        assert idv.ledger.count() == 1


async def test_document_can_be_cancelled_and_people_added():
    async with running() as (idv, client):
        await idv.advance(BUYER, "04")
        assert await client.result("/idcard/verify", name="王秀兰", idNo=BUYER) == "04"
        idv.add_account(name="钱多多", id_number="330402195203140016")
        assert await client.result("/idcard/verify", name="钱多多", idNo="330402195203140016") == "01"
        await idv.reset()
        await client.start()
        assert await client.result("/idcard/verify", name="王秀兰", idNo=BUYER) == "01"
        with pytest.raises(KeyError):
            await idv.advance("nobody", "04")
