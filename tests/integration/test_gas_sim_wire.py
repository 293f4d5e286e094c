"""The gas simulator's wire: contract both ways, WS-Security, byte order mark, maintenance page, faults."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest
import zeep

from simulators.gas.soap import operations
from tests.integration.gas_foreign_client import CONTRACT, order, running

THURSDAY = datetime(2026, 1, 7, 17, 30, tzinfo=UTC)  # Thursday 01:30 in Shanghai


def test_contract_has_fourteen_operations_and_two_schema_files():
    assert len(operations()) == 14
    assert sorted(path.name for path in CONTRACT.iterdir()) == ["customer-service.wsdl", "messages.xsd", "types.xsd"]


async def test_contract_is_served_and_a_client_made_from_it_finds_every_operation():
    async with running() as gas, httpx.AsyncClient() as http:
        base = f"{gas.connection['base_url']}/services/CustomerService"
        served = {
            name: (await http.get(f"{base}?{name}")).text for name in ("wsdl", "xsd=messages.xsd", "xsd=types.xsd")
        }
        assert f"{base}" in served["wsdl"]
        assert "CustomerService?xsd=messages.xsd" in served["wsdl"]
        assert "CustomerService?xsd=types.xsd" in served["xsd=messages.xsd"]
        assert (await http.get(f"{base}?xsd=../seed.py")).status_code == 404
    port = next(iter(zeep.Client(str(CONTRACT / "customer-service.wsdl")).wsdl.services.values())).ports
    assert set(port["CustomerSoap12"].binding.all()) == operations()


async def test_replies_begin_with_a_byte_order_mark_and_keep_to_the_schema():
    async with running() as gas:
        found = await gas.call("getCustomer", customerNo="10020008")
        assert gas.last.headers["content-type"] == "application/soap+xml; charset=UTF-8"
        assert found["customer"]["address"]["building"] == "１２幢"  # full width, as typed there


async def test_elements_that_are_nil_are_marked_and_not_left_out():
    async with running() as gas:
        customer = (await gas.call("getCustomer", customerNo="10020011"))["customer"]
        assert (customer["phone"], customer["safetyCheck"]["date"], customer["meter"]["remainVolume"]) == (None,) * 3
        card = (await gas.call("getCustomer", customerNo="10020006"))["customer"]
        assert card["meter"]["remainVolume"] == "12.50"


# the door


@pytest.mark.parametrize(
    ("change", "code", "subcode"),
    [
        ({"password": "wrong"}, "GAS-9001", "wsse:FailedAuthentication"),
        ({"user": "nobody"}, "GAS-9001", "wsse:FailedAuthentication"),
        ({"created": timedelta(seconds=-301)}, "GAS-9004", "wsse:MessageExpired"),
        ({"created": timedelta(seconds=61)}, "GAS-9004", "wsse:MessageExpired"),
        ({"created": timedelta(seconds=-299)}, None, None),
        ({"created": timedelta(seconds=59)}, None, None),
    ],
)
async def test_message_is_let_in_only_from_a_known_user_and_while_it_is_fresh(change, code, subcode):
    async with running() as gas:
        if "created" in change:
            change = {"created": gas.clock.now() + change["created"]}
        said = await gas.call("getCustomer", customerNo="10012345", **change)
        assert (said.get("code"), said.get("subcode")) == (code, subcode)


async def test_same_message_is_taken_once():
    async with running() as gas:
        body = gas.envelope("createServiceOrder", order=order())
        assert (await gas.send("createServiceOrder", body))["status"] == "REGISTERED"
        assert (await gas.send("createServiceOrder", body))["code"] == "GAS-9003"
        assert gas.gas.ledger.count("order") == 1
        gas.clock.advance(400)
        assert (await gas.send("createServiceOrder", body))["code"] == "GAS-9004"


async def test_message_without_security_header_is_refused():
    async with running() as gas:
        body = gas.envelope("getCustomer", customerNo="10012345").replace(b"wsse:Security", b"wsse:Insecurity")
        assert (await gas.send("getCustomer", body))["code"] == "GAS-9001"


async def test_user_of_one_company_sees_nothing_of_another():
    async with running("haining") as gas:
        assert (await gas.call("getCustomer", customerNo="81012345"))["customer"]["name"] == "李建国"
        assert (await gas.call("getCustomer", customerNo="10012345"))["code"] == "GAS-1006"
        made = await gas.call("createServiceOrder", order=order(customer="81012345"))
        assert made["code"] == "GAS-1006"  # the address is in Nanhu


# the contract


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        (b"10012345", b"1001234", "customerNo: cvc_pattern_valid"),
        (b"INFO_CHANGE", b"UNKNOWN", "type: cvc_enumeration_valid"),
        (b"13900139000", b"139", "phone: cvc_pattern_valid"),
        (b"330402198801010012", b"330402880101001", "idNo: cvc_pattern_valid"),  # an old number of fifteen digits
    ],
)
async def test_request_that_breaks_the_schema_is_refused_with_place_and_rule_and_noted(old, new, place):
    async with running() as gas:
        body = gas.envelope("createServiceOrder", order=order()).replace(old, new)
        said = await gas.send("createServiceOrder", body)
        assert said["fault"] == "soap:Sender"
        assert place in said["text"]
        assert gas.gas.journal.violations()
        assert gas.gas.ledger.count() == 0


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"<a>", None),
        (b"<!DOCTYPE a><a/>", None),
        ('<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>'.encode("utf-16"), None),
        (b"<a/>", None),
        (None, "text/xml"),
        (None, 'application/soap+xml; action="urn:gas:payBill"'),
    ],
)
async def test_what_is_no_soap_12_request_of_this_contract_is_refused(body, content_type):
    async with running() as gas:
        body = body or gas.envelope("getCustomer", customerNo="10012345")
        said = await gas.send("getCustomer", body, content_type)
        assert said["fault"] in {"soap:Sender", "soap:VersionMismatch"}


@pytest.mark.parametrize("name", ["王䶮", "𬭎·阿卜杜拉", "<&>\"'", "名" * 60])
async def test_any_name_comes_back_as_it_went(name):
    async with running() as gas:
        changed = order(details={"change": {"name": name}})
        await gas.call("createServiceOrder", order=changed)
        await gas.gas.advance("T-0001", "COMPLETED")
        assert (await gas.call("getCustomer", customerNo="10012345"))["customer"]["name"] == name


# closed, crashed, busy


async def test_maintenance_is_a_page_with_status_503_on_thursday_night():
    async with running(start=THURSDAY) as gas:
        with pytest.raises(AssertionError):
            await gas.call("getCustomer", customerNo="10012345")
        assert gas.last.status_code == 503
        assert gas.last.headers["content-type"].startswith("text/html")
        gas.clock.advance(90 * 60)
        assert "customer" in await gas.call("getCustomer", customerNo="10012345")


async def test_profile_keeps_the_service_open():
    async with running(start=THURSDAY, always_open=True) as gas:
        assert "customer" in await gas.call("getCustomer", customerNo="10012345")


@pytest.mark.parametrize(("kind", "effects"), [("crash", 0), ("crash-after-commit", 1), ("twice", 2)])
async def test_crash_says_nothing_of_what_was_done_and_a_repeat_on_the_way_is_carried_out_twice(kind, effects):
    async with running() as gas:
        gas.gas.faults.arm(kind, operation="createServiceOrder")
        said = await gas.call("createServiceOrder", order=order())
        assert ("fault" in said) == (kind != "twice")
        assert gas.gas.ledger.count("order") == effects


async def test_busy_service_says_that_it_did_nothing():
    async with running() as gas:
        gas.gas.faults.arm("busy")
        said = await gas.call("createServiceOrder", order=order())
        assert (said["code"], said["retryable"]) == ("GAS-9002", "true")
        assert gas.gas.ledger.count() == 0


@pytest.mark.parametrize("kind", ["before-commit", "after-commit", "half-status", "half-body"])
async def test_cut_connection_leaves_the_effect_that_its_name_says(kind):
    async with running() as gas:
        gas.gas.faults.arm(kind)
        with pytest.raises(httpx.TransportError):
            await gas.call("createServiceOrder", order=order())
        assert gas.gas.ledger.count("order") == (kind != "before-commit")
        assert [entry.fault for entry in gas.gas.journal.entries] == [kind]
