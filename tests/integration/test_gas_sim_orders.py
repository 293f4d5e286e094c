"""Orders, visits, attachments and money of the gas simulator, asked by a client that shares no code with it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.integration.gas_foreign_client import BUYER, DETAILS, HOLDER, VISIT, order, running

KINDS = sorted({*DETAILS, "IGNITION", "CLOSE"})
WITH_FEE = {"NEW_CONN": "2500.00", "BIZ_CONN": "12000.00", "PIPE_ALTER": "300.00"}
CONTRACTS = {"NEW_CONN", "BIZ_CONN", "TRANSFER", "USAGE_CHANGE"}
SLOT = "S330402-20261202-01"


async def placed(gas, **changes):
    return (await gas.call("createServiceOrder", order=order(**changes)))["orderNo"]


async def state(gas, number):
    return (await gas.call("getServiceOrder", orderNo=number))["order"]


@pytest.mark.parametrize("kind", KINDS)
async def test_order_of_every_type_goes_its_way_to_the_end(kind):
    async with running() as gas:
        if kind == "RESUME":
            gas.gas.add_account(customerNo="10012345", status="SUSPENDED")
        number = await placed(gas, kind=kind)
        seen = []
        for _ in range(8):
            shown = await state(gas, number)
            seen.append(shown["status"])
            if shown["status"] == "PENDING_PAYMENT":
                assert shown["feeDue"] == WITH_FEE[kind]
                paid = {
                    "orderNo": number,
                    "amount": shown["feeDue"],
                    "paidAt": "2026-01-05T01:00:00Z",
                    "channelRef": "F",
                }
                assert "receiptNo" in await gas.call("payBill", **paid)
                assert (await gas.call("payBill", **paid))["code"] == "GAS-2002"
            gas.clock.advance(timedelta(hours=4))
        assert set(seen) <= {"REGISTERED", "SCHEDULED", "ON_SITE", "PENDING_PAYMENT", "COMPLETED"}
        assert ("PENDING_PAYMENT" in seen) == (kind in WITH_FEE)
        done = await state(gas, number)
        assert (done["status"], "contractNo" in done, "feeDue" in done) == ("COMPLETED", kind in CONTRACTS, False)
        assert done.get("feePaid", {}).get("channelRef") == ("F" if kind in WITH_FEE else None)


@pytest.mark.parametrize(
    ("kind", "shows"),
    [
        ("TRANSFER", lambda c: (c["name"], c["idNo"]) == (BUYER["name"], "330402********0024")),
        ("USAGE_CHANGE", lambda c: c["usageType"] == "COMMERCIAL"),
        ("METER_REPLACE", lambda c: c["meter"]["lastReading"] == "0.00"),
        ("INFO_CHANGE", lambda c: c["phone"] == "13900139000"),
        ("SUSPEND", lambda c: c["status"] == "SUSPENDED"),
        ("CLOSE", lambda c: c["status"] == "CLOSED"),
        ("IGNITION", lambda c: c["safetyCheck"] == {"date": "2026-01-05", "result": "PASS"}),
    ],
)
async def test_completed_order_changes_the_customer(kind, shows):
    async with running() as gas:
        await gas.gas.advance(await placed(gas, kind=kind), "COMPLETED")
        assert shows((await gas.call("getCustomer", customerNo="10012345"))["customer"])


async def test_new_connection_ends_with_a_customer():
    async with running() as gas:
        number = await placed(gas, kind="NEW_CONN")
        await gas.gas.advance(number, "COMPLETED")
        customer = (await state(gas, number))["customerNo"]
        assert (await gas.call("getCustomer", customerNo=customer))["customer"]["name"] == HOLDER["name"]


# no idempotency, and searches that lag


async def test_every_call_makes_an_order_whatever_the_reference():
    async with running() as gas:
        numbers = [await placed(gas) for _ in range(3)]
        gas.clock.advance(600)
        numbers.append(await placed(gas))
        assert len(set(numbers)) == gas.gas.ledger.count("order") == 4


async def test_search_by_reference_and_change_feed_see_an_order_after_half_a_minute():
    async with running() as gas:
        number = await placed(gas)
        assert (await state(gas, number))["status"] == "REGISTERED"
        for seconds, seen in ((0, False), (29, False), (1, True)):
            gas.clock.advance(seconds)
            assert ("order" in await gas.call("findOrders", externalRef="T-0001")) == seen
            assert ("order" in await gas.call("getChangedOrders", limit=10)) == seen


async def test_search_shows_the_state_of_half_a_minute_ago():
    async with running() as gas:
        number = await placed(gas)
        gas.clock.advance(60)
        await gas.call("cancelServiceOrder", orderNo=number)
        assert (await gas.call("findOrders", externalRef="T-0001"))["order"]["status"] == "REGISTERED"
        gas.clock.advance(31)
        assert (await gas.call("findOrders", externalRef="T-0001"))["order"]["status"] == "CANCELLED"


async def test_feed_goes_by_time_of_change_in_pages_and_may_name_an_order_again():
    async with running() as gas:
        first, second = await placed(gas, ref="A"), await placed(gas, ref="B")
        gas.clock.advance(60)
        await gas.call("cancelServiceOrder", orderNo=first)
        gas.clock.advance(60)
        named, cursor, more = [], None, "true"
        while more == "true":
            page = await gas.call("getChangedOrders", limit=1, **({"cursor": cursor} if cursor else {}))
            named.append((page["order"]["orderNo"], page["order"]["status"]))
            cursor, more = page["nextCursor"], page["more"]
        assert named == [(first, "CANCELLED"), (second, "REGISTERED"), (first, "CANCELLED")]
        assert "order" not in await gas.call("getChangedOrders", limit=1, cursor=cursor)
        late = await gas.call("getChangedOrders", limit=9, since="2026-01-05T01:00:30Z")
        assert late["order"]["orderNo"] == first


async def test_orders_of_another_channel_are_not_in_the_feed():
    async with running() as gas:
        await gas.call("createServiceOrder", order=order(), user="hall-city", password="TEST-GAS-hall-city")
        gas.clock.advance(60)
        assert "order" not in await gas.call("getChangedOrders", limit=10)
        assert "order" not in await gas.call("findOrders", externalRef="T-0001")


# what stands against an order


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"customer": "10099999"}, "GAS-1001"),
        ({"applicant": BUYER}, "GAS-1002"),
        (
            {"kind": "TRANSFER", "details": {"formerHolder": {**DETAILS["TRANSFER"]["formerHolder"], "name": "张三"}}},
            "GAS-1002",
        ),
        ({"customer": "81012345"}, "GAS-1006"),
        ({"address": {"divisionCode": "330481001", "road": "工人路"}}, "GAS-1006"),
        ({"kind": "IGNITION", "appointment": {**VISIT, "slotId": "S330402-20261202-09"}}, "GAS-1009"),
        ({"kind": "RESUME"}, "GAS-1010"),
        ({"kind": "TRANSFER", "newHolder": None}, "GAS-1011"),
        ({"kind": "CLOSE", "appointment": None}, "GAS-1011"),
        ({"applicant": {**HOLDER, "idType": "PASSPORT"}}, "GAS-1011"),
    ],
)
async def test_order_is_refused_with_the_code_of_its_reason(changes, code):
    async with running() as gas:
        said = await gas.call("createServiceOrder", order=order(**changes))
        assert said["code"] == code
        assert gas.gas.ledger.count() == 0


@pytest.mark.parametrize(
    ("facts", "kind", "code"),
    [
        ({"status": "CLOSED"}, "INFO_CHANGE", "GAS-1010"),
        ({"status": "SUSPENDED"}, "SUSPEND", "GAS-1010"),
        ({"bills": [{"period": "202512", "charge": "10.00"}]}, "TRANSFER", "GAS-1003"),
        ({"check": "HAZARD"}, "TRANSFER", "GAS-1004"),
        ({"check": "HAZARD"}, "INFO_CHANGE", "GAS-1004"),
        ({"check": "HAZARD"}, "CLOSE", "GAS-1004"),
        ({"checked": "2023-12-01"}, "USAGE_CHANGE", "GAS-1004"),
        ({"check": "NONE", "checked": None}, "TRANSFER", "GAS-1004"),
        ({"checked": "2024-01-06"}, "TRANSFER", None),
        ({"check": "HAZARD"}, "PIPE_ALTER", None),
        ({"check": "NONE", "checked": None}, "IGNITION", None),
    ],
)
async def test_state_of_the_customer_decides(facts, kind, code):
    async with running() as gas:
        gas.gas.add_account(customerNo="10012345", **facts)
        said = await gas.call("createServiceOrder", order=order(kind))
        assert said.get("code") == code
        assert said.get("amount") == ("10.00" if code == "GAS-1003" else None)


async def test_open_order_of_another_kind_excludes_and_is_named():
    async with running() as gas:
        number = await placed(gas, kind="SUSPEND")
        said = await gas.call("createServiceOrder", order=order("CLOSE"))
        assert (said["code"], said["orderNo"]) == ("GAS-1005", number)
        await gas.call("cancelServiceOrder", orderNo=number)
        assert "orderNo" in await gas.call("createServiceOrder", order=order("CLOSE"))


# agreement, attachments, cancelling, hazard


async def test_unsigned_agreement_waits_five_working_days_and_lapses():
    async with running() as gas:
        number = await placed(gas, kind="TRANSFER", agreementSigned=False)
        gas.clock.advance(timedelta(days=6, hours=23))  # from Monday to the next one: five working days
        assert (await state(gas, number))["status"] == "REGISTERED"
        gas.clock.advance(timedelta(hours=2))
        lapsed = await state(gas, number)
        assert (lapsed["status"], "五个工作日" in lapsed["opinion"]) == ("CANCELLED", True)


async def test_agreement_that_comes_later_lets_the_work_begin():
    async with running() as gas:
        number = await placed(gas, kind="TRANSFER", agreementSigned=False)
        gas.clock.advance(timedelta(days=2))
        await gas.call("addAttachment", orderNo=number, kind="AGREEMENT", fileName="a.pdf", content=b"%PDF")
        shown = await state(gas, number)
        assert (shown["agreementSigned"], shown["status"], shown["attachment"]["kind"]) == (
            "true",
            "REGISTERED",
            "AGREEMENT",
        )
        gas.clock.advance(timedelta(hours=5))
        assert (await state(gas, number))["status"] == "SCHEDULED"


async def test_attachment_has_at_most_two_megabytes_and_a_repeat_makes_a_second_one():
    async with running() as gas:
        number = await placed(gas)
        file = {"orderNo": number, "kind": "IDENTITY", "fileName": "id.pdf"}
        for _ in range(2):
            assert "attachmentId" in await gas.call("addAttachment", **file, content=bytes(2_097_152))
        assert (await gas.call("addAttachment", **file, content=bytes(2_097_153)))["fault"] == "soap:Sender"
        assert len((await state(gas, number))["attachment"]) == 2
        await gas.gas.advance(number, "REJECTED")
        assert (await gas.call("addAttachment", **file, content=b"x"))["code"] == "GAS-1010"
        assert (await gas.call("addAttachment", **{**file, "orderNo": "G2026010599999"}, content=b"x"))[
            "code"
        ] == "GAS-1009"


@pytest.mark.parametrize(("stage", "code"), [("SCHEDULED", None), ("ON_SITE", "GAS-1010"), ("COMPLETED", "GAS-1010")])
async def test_order_is_cancelled_until_somebody_is_on_site(stage, code):
    async with running() as gas:
        number = await placed(gas)
        await gas.gas.advance(number, stage)
        assert [(await gas.call("cancelServiceOrder", orderNo=number)).get("code") for _ in range(2)] == [code, code]
        assert gas.gas.ledger.count("cancel") == (code is None)


async def test_hazard_holds_an_order_until_it_is_gone():
    async with running() as gas:
        number = await placed(gas, kind="IGNITION")
        await gas.gas.advance(number, "HAZARD_HOLD")
        gas.clock.advance(timedelta(days=21))
        assert (await state(gas, number))["status"] == "HAZARD_HOLD"
        await gas.gas.advance(number, "ON_SITE")
        gas.clock.advance(timedelta(hours=5))
        assert (await state(gas, number))["status"] == "COMPLETED"


# visits


async def test_slots_are_of_working_days_and_get_full():
    async with running() as gas:
        week = await gas.call("listSlots", division="330402", **{"from": "2026-12-02", "to": "2026-12-06"})
        assert len(week["slot"]) == 12  # Wednesday to Friday, four a day
        numbers = [
            await placed(gas, kind="IGNITION", appointment={**VISIT, "slotId": SLOT}, ref=f"R{n}") for n in range(2)
        ]
        full = await gas.call("createServiceOrder", order=order("IGNITION", appointment={**VISIT, "slotId": SLOT}))
        assert full["code"] == "GAS-1008"
        other = await placed(gas, kind="IGNITION")  # only a wish: the first that is free
        assert (await state(gas, other))["visit"]["slotId"] == "S330402-20261202-02"
        assert (await gas.call("bookVisit", orderNo=other, slotId=SLOT))["code"] == "GAS-1008"
        await gas.call("cancelServiceOrder", orderNo=numbers[0])
        assert (await gas.call("bookVisit", orderNo=other, slotId=SLOT))["slot"]["free"] in {"0", "1"}
        assert (await gas.call("bookVisit", orderNo=other, slotId=SLOT))["slot"]["slotId"] == SLOT
        assert (await state(gas, other))["visit"]["slotId"] == SLOT


async def test_slots_of_another_county_are_not_this_company_s():
    async with running() as gas:
        said = await gas.call("listSlots", division="330481", **{"from": "2026-12-02", "to": "2026-12-02"})
        assert said["code"] == "GAS-1006"


# money

PAY = {"customerNo": "10020001", "billId": ["202511", "202512"], "amount": "86.40", "paidAt": "2026-01-05T01:00:00Z"}


@pytest.mark.parametrize(
    ("change", "code", "amount"),
    [
        ({}, None, None),
        ({"billId": ["202511"], "amount": "50.80"}, None, None),
        ({"amount": "86.41"}, "GAS-2001", "86.40"),
        ({"customerNo": "10020006"}, "GAS-1007", None),
        ({"billId": ["202510"]}, "GAS-1009", None),
        ({"customerNo": None}, "GAS-1011", None),
        ({"billId": []}, "GAS-1011", None),
        ({"customerNo": "10099999"}, "GAS-1001", None),
    ],
)
async def test_payment_wants_the_exact_sum_of_the_named_bills(change, code, amount):
    async with running() as gas:
        said = await gas.call("payBill", **{**PAY, "channelRef": "P-1", **change})
        assert (said.get("code"), said.get("amount"), "receiptNo" in said) == (code, amount, code is None)


async def test_bill_is_paid_once_and_shows_by_whom():
    async with running() as gas:
        receipt = (await gas.call("payBill", **PAY, channelRef="P-1"))["receiptNo"]
        again = await gas.call("payBill", **PAY, channelRef="P-2")
        assert (again["code"], again["receiptNo"]) == ("GAS-2002", receipt)
        balance = await gas.call("getBalance", customerNo="10020001")
        assert balance["arrears"] == "0.00"
        assert {(bill["paid"], bill["receiptNo"], bill["channelRef"]) for bill in balance["bill"]} == {
            ("true", receipt, "P-1")
        }
        narrow = await gas.call("getBalance", customerNo="10020001", period="202512")
        assert narrow["bill"]["period"] == "202512"


async def test_payment_is_reversed_once_and_on_its_day_only():
    async with running() as gas:
        receipt = (await gas.call("payBill", **PAY, channelRef="P-1"))["receiptNo"]
        reversal = {"receiptNo": receipt, "channelRef": "R-1", "reason": "重复"}
        done = await gas.call("reversePayment", **reversal)
        again = await gas.call("reversePayment", **reversal)
        assert (again["code"], again["receiptNo"]) == ("GAS-2003", done["receiptNo"])
        assert (await gas.call("getBalance", customerNo="10020001"))["arrears"] == "86.40"
        receipt = (await gas.call("payBill", **PAY, channelRef="P-2"))["receiptNo"]
        gas.clock.advance(timedelta(days=1))
        assert (await gas.call("reversePayment", **{**reversal, "receiptNo": receipt}))["code"] == "GAS-1010"
        unknown = {**reversal, "receiptNo": "R202601059999999"}
        assert (await gas.call("reversePayment", **unknown))["code"] == "GAS-1009"


async def test_reconciliation_lists_a_day_of_jiaxing_in_pages_with_its_sum():
    async with running() as gas:
        for number in range(60):
            bill = {"period": "202512", "charge": "10.00"}
            gas.gas.add_account(customerNo=f"1003{number:04d}", bills=[bill])
            one = {**PAY, "customerNo": f"1003{number:04d}", "billId": ["202512"], "amount": "10.00"}
            receipt = (await gas.call("payBill", **one, channelRef=f"P-{number}"))["receiptNo"]
        await gas.call("reversePayment", receiptNo=receipt, channelRef="R-59")
        pages = [await gas.call("getReconciliation", date="2026-01-05", page=page) for page in (1, 2)]
        assert [(page["pages"], page["count"], page["total"]) for page in pages] == [("2", "61", "590.00")] * 2
        lines = [line for page in pages for line in page["payment"]]
        assert len(lines) == 61
        assert [lines[-1][name] for name in ("kind", "amount", "channelRef")] == ["REVERSAL", "-10.00", "R-59"]
        gas.clock.advance(timedelta(hours=20))
        empty = await gas.call("getReconciliation", date="2026-01-06", page=1)
        assert (empty["pages"], empty["count"], "payment" in empty) == ("1", "0", False)


# questions


async def test_one_person_may_have_several_customers_and_an_unknown_one_none():
    async with running() as gas:
        document = gas.gas.books.customers["10020007"].id_number
        found = await gas.call("findCustomers", idType="ID_CARD", idNo=document)
        assert [each["customerNo"] for each in found["customer"]] == ["10020007", "10020008"]
        assert await gas.call("findCustomers", idType="PASSPORT", idNo="E1234567") == {}
