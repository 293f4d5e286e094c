"""The BOSS simulator as its README describes it, asked by a client written from that page alone."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from simulators.catv import CatvSimulator
from simulators.catv.contract import contract, reply_breaches
from simulators.kit.clock import ManualClock
from simulators.kit.simulator import Profile
from tests.integration.catv_foreign_client import BUYER, HOLDER, Boss, document, form

START = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)  # 09:30 in Shanghai
ACCOUNT = "330400012345"
PLACE = {"ADDRNAME": "嘉兴市建设街道中山东路100号1幢2单元301室", "AREACODE": "330402007"}
DEVICE = {"DEVLIST": {"DEV": [{"STBNO": "8004001234567890", "TERMTYPE": "主"}]}}


@contextlib.asynccontextmanager
async def boss(branch="0402", *, operator="OW0001", login=True, **profile):
    async with CatvSimulator(clock=ManualClock(START), profile=Profile(**profile), control_port=None) as catv:
        client = Boss(catv, branch, operator)
        if login:
            assert await client.log_in() == "0"
        yield catv, client


async def place(client):
    _, _, body = await client.ask("BS6001", PLACE)
    first = body["ADDRLIST"]["ADDR"][0]
    return {"ADDRID": first["ADDRID"], "ADDRNAME": first["ADDRNAME"]}


# sessions


async def test_call_without_a_session_or_with_another_is_refused():
    async with boss(login=False) as (_, client):
        assert (await client.ask("BS2002", {"CUSTNO": ACCOUNT}, session=None))[0] == "1001"
        assert (await client.ask("BS2002", {"CUSTNO": ACCOUNT}, session="A" * 32))[0] == "1001"


async def test_second_login_of_the_operator_ends_the_first_session():
    async with boss() as (catv, first):
        second = Boss(catv)
        assert await second.log_in() == "0"
        assert (await first.ask("BS2002", {"CUSTNO": ACCOUNT}))[0] == "1001"
        assert (await second.ask("BS2002", {"CUSTNO": ACCOUNT}))[0] == "0"
        other = Boss(catv, operator="GT0001")
        assert await other.log_in() == "0"
        assert (await second.ask("BS2002", {"CUSTNO": ACCOUNT}))[0] == "0"


async def test_session_ends_after_twenty_idle_minutes():
    async with boss() as (catv, client):
        for minutes, code in ((19, "0"), (19, "0"), (20, "1001"), (0, "1001")):
            catv.clock.advance(timedelta(minutes=minutes))
            assert (await client.ask("BS2002", {"CUSTNO": ACCOUNT}))[0] == code


async def test_five_wrong_passwords_lock_the_operator_for_an_hour():
    async with boss(login=False) as (catv, client):
        assert [await client.log_in("WRONG") for _ in range(5)] == ["1002"] * 5
        assert await client.log_in() == "1003"
        catv.clock.advance(timedelta(minutes=61))
        assert await client.log_in() == "0"


async def test_unknown_operator_is_not_told_from_a_wrong_password():
    async with boss(operator="NOBODY", login=False) as (_, client):
        assert await client.log_in() == "1002"


async def test_two_calls_of_one_operator_at_once_find_the_boss_busy():
    async with boss(extra={"think_seconds": 0.05}) as (catv, client):
        asked = [client.ask("BS2002", {"CUSTNO": ACCOUNT}) for _ in range(3)]
        assert sorted(reply[0] for reply in await asyncio.gather(*asked)) == ["0", "9999", "9999"]
        assert len(catv.journal.violations()) == 2


# the form and the contract


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (form(document({}, {})), "application/x-www-form-urlencoded"),
        (form(document({}, {})), "application/x-www-form-urlencoded; charset=UTF-8"),
        (form(document({}, {})), "text/xml; charset=GB18030"),
        (document({}, {}).encode("gb18030"), None),
        (b"xml=" + document({"CUSTNAME": "王"}, {}).encode("gb18030"), None),
        (form(document({}, {})) + b"&more=1", None),
        (form(document({"CUSTNAME": "张国"}, {}), "utf-8"), None),
        (form("<REQUEST><HEAD/><BODY/></REQUEST>"), None),
        (form('<?xml version="1.0" encoding="GB18030"?><REQUEST><BODY/></REQUEST>'), None),
        (form('<?xml version="1.0" encoding="GB18030"?><REQUEST><HEAD>'), None),
        (form('<?xml version="1.0" encoding="GB18030"?><!DOCTYPE REQUEST><REQUEST><HEAD/><BODY/></REQUEST>'), None),
    ],
)
async def test_form_outside_the_contract_is_refused_with_minus_one(content, content_type):
    async with boss() as (catv, client):
        reply = await client.post(content, *([content_type] if content_type else []))
        assert b"<RETURN>-1</RETURN>" in reply.content
        assert catv.journal.violations()


GOOD = {"CUSTNO": ACCOUNT, **HOLDER, "FROMDATE": "2026/12/1", "TODATE": "2027/5/31"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"CUSTNO": "12345"}, "CUSTNO"),
        ({"CUSTNO": None}, "CUSTNO"),
        ({"CUSTNAME": ""}, "CUSTNAME"),
        ({"CUSTNAME": "国" * 31}, "CUSTNAME"),
        ({"CUSTNAME": "𬭎" * 16}, "CUSTNAME"),
        ({"IDTYPE": "01"}, "IDTYPE"),
        ({"IDNO": "33040219700101001X"}, "IDNO"),
        ({"IDTYPE": "护照", "IDNO": "e12345678"}, "IDNO"),
        ({"IDTYPE": "营业执照", "IDNO": "91330402"}, "IDNO"),
        ({"FROMDATE": "2026/12/01"}, "FROMDATE"),
        ({"FROMDATE": "2026-12-1"}, "FROMDATE"),
        ({"FROMDATE": "2026/2/30"}, "FROMDATE"),
        ({"TODATE": "2027/12/2"}, "TODATE"),
        ({"TODATE": "2026/11/30"}, "TODATE"),
        ({"NEWFIELD": "1"}, "NEWFIELD"),
        ({"IDCHECK": "目测"}, "IDCHECK"),
    ],
)
async def test_request_outside_the_contract_is_refused_with_its_first_field(change, field):
    async with boss() as (catv, client):
        body = {tag: value for tag, value in {**GOOD, **change}.items() if value is not None}
        assert await client.ask("BS3004", body) == ("-1", f"参数错误:{field}", {})
        assert catv.ledger.count() == 0
        assert catv.journal.violations()
        assert "李建国" not in "".join(catv.journal.violations())


@pytest.mark.parametrize(
    ("head", "field"),
    [
        ({"serial": "20261124250000000001"}, "SERIALNO"),
        ({"serial": "20260230090000000001"}, "SERIALNO"),
        ({"serial": "1"}, "SERIALNO"),
        ({"BRANCH": "0401"}, "BRANCH"),
        ({"CHANNEL": "01"}, "CHANNEL"),
    ],
)
async def test_head_outside_the_contract_is_refused(head, field):
    async with boss() as (_, client):
        assert (await client.ask("BS2002", {"CUSTNO": ACCOUNT}, **head))[1] == f"参数错误:{field}"


async def test_service_nobody_knows_and_page_nobody_has_are_told():
    async with boss() as (catv, client):
        assert (await client.ask("BS9999", {}))[0] == "-1"
        async with httpx.AsyncClient(trust_env=False) as plain:
            reply = await plain.get(f"http://127.0.0.1:{catv.port}/boss/")
        assert (reply.status_code, "找不到页面" in reply.content.decode("gbk")) == (404, True)


@pytest.mark.parametrize("tags", [{}, {"CUSTNO": ACCOUNT, "IDNO": "330402198801010012"}])
async def test_question_for_a_customer_names_exactly_one_thing(tags):
    async with boss() as (_, client):
        assert (await client.ask("BS2001", tags))[0] == "-1"


# customers and accounts


async def test_customers_are_found_to_the_letter_of_their_number():
    async with boss() as (catv, client):
        old = catv.books.customers["330400020008"].id_number
        assert len(old) == 15
        code, _, body = await client.ask("BS2001", {"IDNO": old})
        assert (code, body["CUSTLIST"]["CUST"]["CUSTNO"]) == ("0", "330400020008")
        longer = f"{old[:6]}19{old[6:]}1"
        assert (await client.ask("BS2001", {"IDNO": longer}))[0] == "2001"


async def test_account_of_another_branch_is_not_served():
    async with boss("0481") as (_, client):
        assert (await client.ask("BS2001", {"CUSTNO": ACCOUNT}))[0] == "2007"
        assert (await client.ask("BS2001", {"IDNO": HOLDER["IDNO"]}))[2]["CUSTLIST"]["CUST"]["CUSTNO"] == "330481012345"


async def test_tags_of_what_is_not_there_are_missing():
    async with boss() as (_, client):
        _, _, body = await client.ask("BS2002", {"CUSTNO": ACCOUNT})
        assert set(body) == {"CUST", "PRODLIST", "DEVLIST"}
        _, _, owing = await client.ask("BS2002", {"CUSTNO": "330400020001"})
        assert (owing["ARREARS"], [bill["AMOUNT"] for bill in owing["BILLLIST"]["BILL"]]) == ("36.5", ["18.5", "18"])
        _, _, paid = await client.ask("BS2002", {"CUSTNO": "330400020009"})
        assert (paid["BALANCE"], paid["CUST"]["CUSTNAME"]) == ("12.5", "王䶮·𬭎")


async def test_coverage_names_the_very_address_first_and_twenty_at_most():
    async with boss() as (_, client):
        _, _, body = await client.ask("BS6001", PLACE)
        names = [each["ADDRNAME"] for each in body["ADDRLIST"]["ADDR"]]
        assert (names[0], len(names)) == (PLACE["ADDRNAME"], 20)
        assert (await client.ask("BS6001", {**PLACE, "AREACODE": "330481001"}))[0] == "2007"
        assert (await client.ask("BS6001", {**PLACE, "ADDRNAME": "未覆盖村1号101室"}))[0] == "2005"


# acts


async def acted(client, service, **changes):
    """An act of each kind that the contract takes."""
    placed = await place(client)
    bodies = {
        "BS3001": {**BUYER, **placed, "PRODNAME": "基本收视"},
        "BS3002": {"CUSTNO": ACCOUNT, "OLDNAME": "李建国", "CONSENT": "过户协议", "AGREE": "是", **BUYER},
        "BS3003": {"CUSTNO": ACCOUNT, **HOLDER, **placed},
        "BS3004": GOOD,
        "BS3005": {"CUSTNO": ACCOUNT, **HOLDER, "FROMDATE": "2026/12/1"},
        "BS3006": {"CUSTNO": ACCOUNT, **HOLDER, **DEVICE},
        "BS3007": {"CUSTNO": ACCOUNT, **BUYER, **placed, "BANDWIDTH": "300", "AGREE": "是"},
        "BS4001": {"CUSTNO": "330400020001", "AMOUNT": "36.5", "PAYMODE": "微信"},
    }
    body, serial = {**bodies[service], **changes}, client.serial()
    return serial, await client.ask(service, {k: v for k, v in body.items() if v is not None}, serial=serial)


@pytest.mark.parametrize(
    ("service", "state"),
    [("BS3001", "W0"), ("BS3002", "W3"), ("BS3003", "W0"), ("BS3004", "W3"), ("BS3006", "W0"), ("BS3007", "W0")],
)
async def test_act_is_done_once_and_found_by_its_serial(service, state):
    async with boss() as (catv, client):
        serial, (code, _, body) = await acted(client, service)
        assert (code, body["STATE"], body["ORDERNO"]) == ("0", state, "04022026112400002")
        assert [entry.effect for entry in catv.ledger.effects(serial)] == ["order"]
        _, _, found = await client.ask("BS5001", {"SERIALNO": serial})
        assert (found["ORDER"]["ORDERNO"], found["ORDER"]["SERVCODE"]) == (body["ORDERNO"], service)
        again = await client.ask("BS4001", {"CUSTNO": ACCOUNT, "AMOUNT": "1", "PAYMODE": "现金"}, serial=serial)
        assert again == ("3001", "流水号重复", {})


async def test_serial_is_used_up_by_success_only_and_by_its_own_operator_only():
    async with boss() as (catv, client):
        serial = client.serial()
        assert (await client.ask("BS3004", {**GOOD, "CUSTNO": "330400099999"}, serial=serial))[0] == "2001"
        assert (await client.ask("BS3004", GOOD, serial=serial))[0] == "0"
        other = Boss(catv, operator="GT0001")
        await other.log_in()
        assert (await other.ask("BS5001", {"SERIALNO": serial}))[2] == {}
        assert (await other.ask("BS4001", {"CUSTNO": ACCOUNT, "AMOUNT": "1", "PAYMODE": "现金"}, serial=serial))[
            0
        ] == "0"


async def test_work_order_walks_to_its_end_and_the_new_customer_is_on_file():
    async with boss() as (catv, client):
        serial, _ = await acted(client, "BS3001")
        seen = []
        for hours in (1, 2, 18, 8):
            catv.clock.advance(timedelta(hours=hours))
            await client.log_in()
            _, _, body = await client.ask("BS5001", {"SERIALNO": serial})
            seen.append((body["ORDER"]["STATE"], "CONTRACTNO" in body["ORDER"]))
        assert seen == [("W0", False), ("W1", False), ("W2", False), ("W3", True)]
        _, _, found = await client.ask("BS2001", {"IDNO": BUYER["IDNO"]})
        assert found["CUSTLIST"]["CUST"]["CUSTNAME"] == "王秀兰"


async def test_closing_waits_for_devices_and_is_an_order_all_the_same():
    async with boss() as (_, client):
        _, (code, info, body) = await acted(client, "BS3006", DEVLIST=None)
        assert (code, info, body["STATE"]) == ("2004", "请归还机顶盒等设备", "W0")
        _, _, found = await client.ask("BS5001", {"ORDERNO": body["ORDERNO"]})
        assert found["ORDER"]["HOLD"] == "2004"


@pytest.mark.parametrize(("service", "changes", "code"), [
    ("BS3001", {"ADDRID": "0000000000"}, "2005"),
    ("BS3001", {"PRODNAME": "无此套餐"}, "-1"),
    ("BS3002", {"OLDNAME": "李建军"}, "2001"),
    ("BS3003", {"IDNO": "330402198801010013"}, "2001"),
    ("BS3005", {}, "2008"),
    ("BS3007", {"AGREE": "否"}, "-1"),
    ("BS3007", {"BANDWIDTH": "7"}, "-1"),
    ("BS4001", {"AMOUNT": "0"}, "-1"),
    ("BS4001", {"AMOUNT": "36.50"}, "-1"),
])  # fmt: skip
async def test_act_that_may_not_be_is_refused_without_effect(service, changes, code):
    async with boss() as (catv, client):
        _, reply = await acted(client, service, **changes)
        assert (reply[0], catv.ledger.count()) == (code, 0)


async def test_order_is_withdrawn_before_work_begins():
    async with boss() as (catv, client):
        _, (_, _, body) = await acted(client, "BS3001")
        assert (await client.ask("BS5002", {"ORDERNO": body["ORDERNO"]}))[2]["STATE"] == "W5"
        assert (await client.ask("BS5002", {"ORDERNO": body["ORDERNO"]}))[0] == "0"
        assert catv.ledger.summary() == {"order": 1, "cancel": 1}
        _, (_, _, other) = await acted(client, "BS3001")
        await catv.advance(other["ORDERNO"], "W2")
        assert (await client.ask("BS5002", {"ORDERNO": other["ORDERNO"]}))[0] == "2008"
        with pytest.raises(ValueError, match="W5"):
            await catv.advance(body["ORDERNO"], "W2")
        with pytest.raises(KeyError):
            await catv.advance("nobody", "W2")


# money


async def test_payment_shows_as_the_last_one_and_can_be_taken_back_once():
    async with boss() as (catv, client):
        serial, (code, _, body) = await acted(client, "BS4001")
        assert (code, body["RECEIPTNO"]) == ("0", "R20261124000001")
        _, _, account = await client.ask("BS2002", {"CUSTNO": "330400020001"})
        assert account["LASTPAY"] == {
            "SERIALNO": serial, "RECEIPTNO": "R20261124000001", "AMOUNT": "36.5", "PAYTIME": "2026/11/24 9:30", "STATE": "正常",
        }  # fmt: skip
        assert "ARREARS" not in account
        assert (await client.ask("BS4002", {"RECEIPTNO": body["RECEIPTNO"]}))[0] == "0"
        assert (await client.ask("BS4002", {"RECEIPTNO": body["RECEIPTNO"]}))[0] == "2008"
        assert (await client.ask("BS2002", {"CUSTNO": "330400020001"}))[2]["LASTPAY"]["STATE"] == "已冲正"
        assert catv.ledger.summary() == {"payment": 1, "reversal": 1}


async def test_money_that_was_used_already_cannot_be_taken_back():
    async with boss() as (catv, client):
        _, _, body = await client.ask("BS4001", {"CUSTNO": "330400020009", "AMOUNT": "10", "PAYMODE": "现金"})
        catv.books.change("330400020009", balance=500)
        assert (await client.ask("BS4002", {"RECEIPTNO": body["RECEIPTNO"]}))[0] == "2008"


async def test_day_file_has_guards_short_times_and_a_total_and_comes_after_one_at_night():
    async with boss() as (catv, client):
        serial, _ = await acted(client, "BS4001")
        catv.books.change("330400020001", name='王,"䶮"')
        assert (await client.file("20261124", "0402")).status_code == 404
        catv.clock.advance(timedelta(hours=15, minutes=29))
        assert (await client.file("20261124", "0402")).status_code == 404
        catv.clock.advance(timedelta(minutes=1))
        reply = await client.file("20261124", "0402")
        assert reply.content.decode("gbk").split("\r\n") == [
            "流水号,操作员,客户编号,客户姓名,业务类型,金额,缴费方式,办理时间,收据号,工单号",
            f'="{serial}",OW0001,="330400020001","王,""?""",缴费,36.5,微信,2026/11/24 9:30,R20261124000001,',
            "合计,,1,,,36.5,,,,",
            "",
        ]
        assert (await client.file("20261124", "0481")).content.decode("gbk").split("\r\n")[1] == "合计,,0,,,0,,,,"
        assert (await client.file("20261124", "0401")).status_code == 404
        assert (await client.file("20261399", "0402")).status_code == 404
        assert (await client.file("20261124", "0402", ("onewindow", "WRONG"))).status_code == 401


# answers, faults, seeds


async def test_every_answer_keeps_to_the_contract_it_documents():
    async with boss() as (catv, client):
        replies = {}
        for service in ("BS3001", "BS3003", "BS3002", "BS3007", "BS4001"):
            _, (_, _, replies[service]) = await acted(
                client, service, **({"CUSTNO": None} if service == "BS3007" else {})
            )
        asked = {
            "BS2001": {"IDNO": BUYER["IDNO"]},
            "BS2002": {"CUSTNO": "330400020001"},
            "BS5001": {"ORDERNO": "04022026112400001"},
            "BS6001": PLACE,
        }
        for service, body in asked.items():
            _, _, replies[service] = await client.ask(service, body)
        for service, body in replies.items():
            assert reply_breaches(contract().services[service], body) == (), service
        assert not catv.journal.violations()


@pytest.mark.parametrize(
    ("kind", "effect", "looks"),
    [
        ("crash", 0, b"<RETURN>-1</RETURN>"),
        ("crash-after-commit", 1, b"<RETURN>-1</RETURN>"),
        ("page", 0, b"<html>"),
        ("page-after-commit", 1, b"<html>"),
        ("unknown-code", 0, b"<RETURN>7777</RETURN>"),
        ("busy", 0, b"<RETURN>9999</RETURN>"),
        ("kick", 0, b"<RETURN>1001</RETURN>"),
    ],
)
async def test_fault_shows_what_it_says_and_has_the_effect_it_says(kind, effect, looks):
    async with boss() as (catv, client):
        catv.faults.arm(kind, operation="BS3004")
        head = {
            "SERVCODE": "BS3004",
            "SESSIONID": client.session,
            "OPERID": "OW0001",
            "BRANCH": "0402",
            "CHANNEL": "柜台",
        }
        reply = await client.post(form(document({**head, "SERIALNO": client.serial()}, GOOD)))
        assert looks in reply.content
        assert catv.ledger.count() == effect


async def test_same_seed_gives_the_same_customers_and_a_reset_forgets():
    async with boss() as (catv, client):
        before = catv.state()
        assert set(before["customers"]) >= {ACCOUNT, "330400020001", "330483012345"}
        await acted(client, "BS3004")
        assert catv.state() != before
        await catv.reset()
        assert catv.state() == before
        assert catv.ledger.count() == 0


def test_connection_has_everything_an_endpoint_needs():
    catv = CatvSimulator(control_port=None)
    assert set(catv.connection(branch="0402")) == {
        "base_url", "operator", "password", "files_user", "files_password", "branches",
    }  # fmt: skip
