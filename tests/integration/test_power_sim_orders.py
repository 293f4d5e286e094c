"""The power simulator's orders: what is accepted, what is refused and why, and the nodes an order passes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from simulators.kit.clock import SHANGHAI
from tests.integration.power_sim_client import ADDRESS, BY_TYPE, DEMO, FIRM, FORMER, form, running

FIRM_ACCOUNT = "3304020019001"
PATHS = {
    "110": ["01", "02", "03", "05", "06"],
    "120": ["01", "02", "03", "05", "06"],
    "130": ["01", "02", "03", "05", "06"],
    "140": ["01", "02", "05", "06"],
    "210": ["01", "02", "05", "06"],
    "211": ["01", "02", "05", "06"],
    "310": ["01", "06"],
    "320": ["01", "06"],
    "330": ["01", "06"],
    "410": ["01", "02", "05", "06"],
    "420": ["01", "02", "05", "06"],
    "510": ["01", "02", "05", "06"],
    "610": ["01", "02", "03", "05", "06"],
}
REQUIRED = {
    app_type: sorted(set(fields) - {"certNo", "custName", "certTypeCode"}) for app_type, fields in BY_TYPE.items()
}


def add_firm(power, **facts):
    power.add_account(cons_no=FIRM_ACCOUNT, name="旧公司", cert_type="08", cert_no="OLD", elec_type="402", **facts)


async def nodes_of(client, outer="JX6-0001"):
    await client.login()
    found = await client.ok("app/query", {"outerNo": outer})
    return [node["nodeCode"] for node in found["nodes"]]


def seeded(power, number):
    account = power._services.accounts.find(number)
    return {
        "consNo": number,
        "custName": account.name,
        "certTypeCode": account.cert_type,
        "certNo": account.cert_no,
    }


@pytest.mark.parametrize("app_type", sorted(PATHS))
async def test_each_type_is_accepted_and_passes_its_nodes_in_a_day_and_a_bit(app_type):
    async with running() as (power, client):
        add_firm(power)
        accepted = await client.ok("app/submit", form(app_type))
        assert isinstance(accepted["appNo"], int)
        assert len(str(accepted["appNo"])) == 16
        assert (accepted["nodeCode"], accepted["nodeTime"]) == ("01", "20260105090000")
        assert accepted["consNo"] == form(app_type).get("consNo", "")
        (entry,) = power.ledger.effects("JX6-0001")
        assert (entry.effect, entry.facts["appNo"]) == ("order", accepted["appNo"])
        assert await nodes_of(client) == ["01"]
        client.clock.advance(timedelta(hours=30))
        assert await nodes_of(client) == PATHS[app_type]
        assert power.journal.violations() == []


@pytest.mark.parametrize(
    ("app_type", "field"), [(app_type, field) for app_type, fields in REQUIRED.items() for field in fields]
)
async def test_field_needed_by_the_type_is_demanded_by_name(app_type, field):
    from simulators.power import contract
    from simulators.power.refusals import Refusal

    contract.check("app/submit", form(app_type))
    with pytest.raises(Refusal) as refused:
        contract.check("app/submit", form(app_type, **{field: None}))
    assert refused.value.data == {"field": field, "rule": "required"}


async def test_nodes_have_their_own_times_however_late_one_looks():
    async with running() as (_, client):
        await client.ok("app/submit", form("110"))
        client.clock.advance(timedelta(days=40))
        await client.login()
        found = await client.ok("app/query", {"outerNo": "JX6-0001"})
        began = datetime(2026, 1, 5, 9, tzinfo=SHANGHAI)
        times = [
            datetime.strptime(node["nodeTime"], "%Y%m%d%H%M%S").replace(tzinfo=SHANGHAI) for node in found["nodes"]
        ]
        hours = [(when - began).total_seconds() / 3600 for when in times]
        for real, planned in zip(hours, (0, 2, 6, 20, 26), strict=True):
            assert planned * 0.9 <= real <= planned * 1.1
        assert found["nodeTime"] == found["nodes"][-1]["nodeTime"]


async def test_pace_shortens_the_business_and_not_the_protocol():
    async with running(pace=0.01) as (_, client):
        await client.ok("app/submit", form())
        client.clock.advance(timedelta(minutes=20))
        assert await nodes_of(client) == ["01", "02", "05", "06"]


async def test_finished_transfer_changes_the_holder():
    async with running() as (_, client):
        await client.ok("app/submit", form())
        client.clock.advance(timedelta(hours=30))
        await client.login()
        found = await client.ok("consumer/query", {"consNo": DEMO})
        assert (found["consumers"][0]["consName"], found["consumers"][0]["openAppNo"]) == ("王秀兰", None)
        both = {"certTypeCode": FORMER["certTypeCode"], "certNo": FORMER["certNo"]}
        left = (await client.ok("consumer/query", both))["consumers"]  # one in each of the other counties
        assert DEMO not in {each["consNo"] for each in left}


async def test_designated_holder_of_a_joint_property_becomes_the_holder():
    async with running() as (_, client):
        holder = {"name": "张三", "certTypeCode": "02", "certNo": "E1"}
        await client.ok("app/submit", form(designatedHolder=holder))
        client.clock.advance(timedelta(hours=30))
        await client.login()
        assert (await client.ok("consumer/query", {"consNo": DEMO}))["consumers"][0]["consName"] == "张三"


async def test_finished_new_supply_has_a_consumer_number():
    async with running() as (_, client):
        await client.ok("app/submit", form("610"))
        client.clock.advance(timedelta(hours=30))
        await client.login()
        order = await client.ok("app/query", {"outerNo": "JX6-0001"})
        assert len(order["consNo"]) == 13
        found = await client.ok("consumer/query", {"consNo": order["consNo"]})
        assert found["consumers"][0]["contractCap"] == "7"


async def test_finished_orders_leave_their_mark_on_the_account():
    async with running() as (_, client):
        for step, app_type in enumerate(("310", "320", "140", "410")):
            await client.ok("app/submit", form(app_type, f"J-{step}"))
            client.clock.advance(timedelta(hours=30))
            await client.login()
        one = (await client.ok("consumer/query", {"consNo": DEMO}))["consumers"][0]
        assert (one["touPlan"], one["memberCount"], one["contractCap"], one["statusCode"]) == ("01", 5, "12", "1")
        resume = form("410", "J-9", suspendKind="03", endDate=None)
        await client.ok("app/submit", resume)
        client.clock.advance(timedelta(hours=30))
        await client.login()
        await client.ok("app/submit", form("420", "J-10"))
        client.clock.advance(timedelta(hours=30))
        await client.login()
        one = (await client.ok("consumer/query", {"consNo": DEMO}))["consumers"][0]
        assert one["statusCode"] == "9"
        assert (await client.call("app/submit", form("330", "J-11")))["code"] == 20001


async def test_time_of_use_takes_effect_on_the_next_billing_day():
    async with running(start=datetime(2026, 12, 30, 1, tzinfo=UTC)) as (_, client):
        await client.ok("app/submit", form("310"))
        client.clock.advance(timedelta(hours=30))
        await client.login()
        assert (await client.ok("app/query", {"outerNo": "JX6-0001"}))["effectDate"] == "20270101"


async def test_suspension_kinds_demand_their_own_fields():
    async with running() as (_, client):
        answer = await client.call("app/submit", form("410", endDate=None))
        assert answer["data"] == {"field": "endDate", "rule": "required"}
        answer = await client.call("app/submit", form("410", suspendKind="02"))
        assert answer["data"] == {"field": "contractCap", "rule": "required"}


@pytest.mark.parametrize(
    ("changes", "code", "data"),
    [
        ({"consNo": "9999999999999"}, 20001, {}),
        ({"consNo": "3304020012360"}, 20001, {}),
        ({"orgNo": "330481001"}, 20006, {"orgNo": "330402001"}),
        ({"oldCustName": "李建"}, 20002, {"field": "oldCustName"}),
        ({"certNo": "330402195203140025"}, 10001, {"field": "certNo", "rule": "checkDigit"}),
        ({"certNo": "33040219520314002"}, 10001, {"field": "certNo", "rule": "checkDigit"}),
        ({"contact": {"name": "王秀兰", "mobile": "12345"}}, 10001, {"field": "contact.mobile", "rule": "pattern"}),
        ({"contact": {"name": "王秀兰"}}, 10001, {"field": "contact.mobile", "rule": "required"}),
        ({"extra": "1"}, 10001, {"field": "extra", "rule": "additionalProperties"}),
        ({"appTypeCode": "999"}, 10001, {"field": "appTypeCode", "rule": "enum"}),
        ({"custName": "名" * 65}, 10001, {"field": "custName", "rule": "maxLength"}),
        ({"custName": " "}, 10001, {"field": "custName", "rule": "pattern"}),
        ({"fileIds": ["0" * 32]}, 10001, {"field": "fileIds[0]", "rule": "uploaded"}),
        ({"callbackUrl": "ftp://x/y"}, 10001, {"field": "callbackUrl", "rule": "pattern"}),
        ({"startDate": "20260230"}, 10001, {"field": "startDate", "rule": "format"}),
    ],
)
async def test_transfer_is_refused_for_its_reason(changes, code, data):
    async with running() as (power, client):
        answer = await client.call("app/submit", form(**changes))
        assert (answer["code"], answer["data"]) == (code, data)
        assert power.ledger.count() == 0


async def test_city_authority_reaches_every_county_and_an_address_outside_the_city_none():
    async with running() as (_, client):
        haining = {**ADDRESS, "divisionCode": "330481001"}
        assert (await client.call("app/submit", form("110", addr=haining)))["data"] == {"orgNo": "330481001"}
        await client.ok("app/submit", form("110", "A", addr=haining, orgNo="330400000"))
        outside = {**ADDRESS, "divisionCode": "330106001"}
        answer = await client.call("app/submit", form("110", "B", addr=outside, orgNo="330400000"))
        assert (answer["code"], answer["data"]) == (20006, {"orgNo": ""})


async def test_new_supply_with_a_consumer_number_is_refused():
    async with running() as (_, client):
        answer = await client.call("app/submit", form("110", consNo=DEMO))
        assert answer["data"] == {"field": "consNo", "rule": "not"}


async def test_arrears_refuse_transfer_and_closing_with_their_amount():
    async with running() as (power, client):
        debtor = seeded(power, "3304020012352")
        asked = form(consNo=debtor["consNo"], oldCustName=debtor["custName"])
        answer = await client.call("app/submit", asked)
        assert (answer["code"], answer["data"]) == (20003, {"arrearsAmt": 18_650})
        assert (await client.call("app/submit", form("420", **debtor)))["code"] == 20003
        await client.ok("app/submit", form("510", **debtor))


async def test_open_order_refuses_another_and_names_it():
    async with running() as (power, client):
        first = await client.ok("app/submit", form())
        answer = await client.call("app/submit", form("310", "JX6-0002"))
        assert (answer["code"], answer["data"]) == (20004, {"appNo": first["appNo"], "appTypeCode": "210"})
        found = await client.ok("consumer/query", {"consNo": DEMO})
        assert found["consumers"][0]["openAppNo"] == first["appNo"]
        busy = seeded(power, "3304020012386")
        other = await client.call("app/submit", form("510", "JX6-0003", **busy))
        assert other["code"] == 20004
        foreign = await client.ok("app/query", {"appNo": other["data"]["appNo"]})
        assert foreign["outerNo"] == "95598-0001"


@pytest.mark.parametrize(
    ("app_type", "elec_type", "more"),
    [
        ("210", "402", {}),
        ("310", "402", {}),
        ("320", "402", {}),
        ("211", "200", {}),
        ("320", "200", {"memberCount": 4}),
    ],
)
async def test_tariff_that_does_not_fit_is_20005(app_type, elec_type, more):
    async with running() as (power, client):
        holder = {"custName": "甲", "certTypeCode": "02", "certNo": "E1"}
        power.add_account(cons_no="3304020018888", name="甲", cert_type="02", cert_no="E1", elec_type=elec_type)
        old = {"oldCustName": "甲"} if app_type in {"210", "211"} else {}
        asked = form(app_type, consNo="3304020018888", **holder, **old, **more)
        assert (await client.call("app/submit", asked))["code"] == 20005


async def test_contract_term_and_account_state_are_20007():
    async with running() as (_, client):
        big = {**FIRM, "consNo": "3304020012410"}
        answer = await client.call("app/submit", form("420", **big))
        assert (answer["code"], answer["data"]) == (20007, {"contractUntil": "20991231"})
        assert (await client.call("app/submit", form("410", **big)))["code"] == 20007
        suspended = {**FIRM, "consNo": "3304020012378"}
        answer = await client.call("app/submit", form("140", **suspended))
        assert (answer["code"], answer["data"]) == (20007, {"statusCode": "1"})
        await client.ok("app/submit", form("410", suspendKind="03", endDate=None, **suspended))


@pytest.mark.parametrize(
    ("when", "code"),
    [
        (datetime(2026, 1, 31, 15, 59, 59, tzinfo=UTC), 1),
        (datetime(2026, 1, 31, 16, 0, tzinfo=UTC), 30003),
        (datetime(2026, 1, 31, 21, 59, 59, tzinfo=UTC), 30003),
        (datetime(2026, 1, 31, 22, 0, tzinfo=UTC), 1),
    ],
)
async def test_billing_is_closed_on_day_one_from_midnight_to_six_in_shanghai(when, code):
    async with running(start=when) as (power, client):
        add_firm(power)
        for app_type in ("210", "211", "420"):
            power.add_account(cons_no="3304020017777", name="李建国", cert_no=FORMER["certNo"])
            more = {"consNo": "3304020017777"} if app_type == "420" else {}
            answer = await client.call("app/submit", form(app_type, f"J-{app_type}", **more))
            assert answer["code"] == code
            assert answer["data"].get("openTime", "20260201060000") == "20260201060000"
        assert (await client.call("app/submit", form("110", "J-110")))["code"] == 1


async def test_always_open_ignores_the_closing_hours():
    async with running(start=datetime(2026, 1, 31, 17, tzinfo=UTC), always_open=True) as (_, client):
        await client.ok("app/submit", form())
