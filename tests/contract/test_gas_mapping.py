"""The gas mappings and codec against the canonical model, the catalogue and the companies' contract."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from adapters.gas import codec
from adapters.gas.adapter import GasAdapter
from hub.domain.evidence import Evidence
from hub.domain.taxonomy import ErrorCode
from hub.errors import DecodeError, EncodeError, UnmappedCode
from hub.mapping import WARNINGS, check, coverage, from_xsd
from hub.sdk import Env, Refused
from hub.wire.exchange import HttpResponse
from tests.golden.test_gas_goldens import ADAPTER, CONFIG, answer, envelope, fault, order, replies
from tests.integration.gas_hub import ACCEPTED, CATALOGUE, MAPPINGS, START, order_of, query

CONTRACTS = Path("adapters/gas/contracts")
SCHEMA = etree.XMLSchema(etree.parse(str(CONTRACTS / "messages.xsd")))
OURS = "{http://cis.gas.example/v2}"
SOAP = "{http://www.w3.org/2003/05/soap-envelope}"
PAIRS = [(code, audience) for code in ACCEPTED for audience in CATALOGUE.by_code[code].audience]
# Any character a name can have, the CJK extensions and markup among them, but no surrogates and no control codes.
NAMES = st.text(
    st.characters(min_codepoint=0x21, exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp", "Cn"]), min_size=1, max_size=70
) | st.sampled_from(["䶮·𬭎", "<&>\"'", "阿卜杜拉·买买提", "𠅤㛃", "]]>&lt;", "国" * 60, "国" * 61, "SMITH JOHN"])
DESIGNATORS = st.text(st.sampled_from("0123456789ABC幢栋号楼单元室层-#東"), min_size=1, max_size=40)


def env(**values):
    return Env(now=START, config=CONFIG, params={"franchise": "city"}, vars=values)


def written(message, source, **values):
    tree = MAPPINGS.request(message)(source, env(**values))
    return ADAPTER.encode(message, tree, env(), bytes)


def opened(request):
    """The message in the body, which the contract's own schema has passed."""
    message = etree.fromstring(request.body).find(f"{SOAP}Body")[0]
    detached = etree.fromstring(etree.tostring(message))
    SCHEMA.assertValid(detached)
    return detached


def text(message, path):
    return message.findtext("/".join(f"{OURS}{step}" for step in path.split("/")))


def read(message, response):
    return MAPPINGS.reply(message)(ADAPTER.decode(message, response, env()), env())


def node(name):
    file, _, part = name.partition("#")
    return from_xsd(Path(str(GasAdapter.folder() / file)), part)


def test_mappings_agree_with_contract_canonical_model_and_catalogue():
    tables = {table.id: tuple(table.labels) for table in CATALOGUE.tables}
    faults = check(
        MAPPINGS,
        node,
        config_keys=GasAdapter.spec.config,
        params_keys=GasAdapter.spec.params,
        catalogue_tables={**tables, "materials": tuple(CATALOGUE.by_material)},
    )
    assert [str(each) for each in faults if each.rule not in WARNINGS] == []


def test_every_field_of_a_request_in_the_contract_is_mapped():
    lacking = {}
    for message, direction in MAPPINGS.mappings:
        if direction == "request":
            mapping = MAPPINGS.mapping(message, "request")
            lacking[message] = set(coverage(MAPPINGS, message, "request", node(mapping.contract)).unmapped)
    # payBill is two messages: bills, and the fee of an order. The codec splits the flat's designation.
    assert {message: fields for message, fields in lacking.items() if fields} == {
        "payBill": {"orderNo"},
        "payFee": {"customerNo", "billId"},
        "createServiceOrder": {
            *(f"order.address.{part}" for part in ("building", "unit")),
            "order.legalRepresentative.phone",
        },
    }


def test_contract_that_is_pinned_is_the_one_that_the_company_serves():
    for name in ("customer-service.wsdl", "messages.xsd", "types.xsd"):
        assert (CONTRACTS / name).read_bytes() == (Path("simulators/gas/contract") / name).read_bytes()


@pytest.mark.parametrize(("code", "audience"), PAIRS)
def test_order_of_every_item_fits_the_contract_and_carries_only_its_own_fields(code, audience):
    source = order_of(code, audience=audience)
    message = opened(written("createServiceOrder", source))
    assert text(message, "order/externalRef") == source.serial
    assert text(message, "order/type") == source.variant
    assert text(message, "order/applicant/name") == source.applicant.name
    details = message.find(f"{OURS}order/{OURS}details")
    given_fields = set(source.form.model_dump(exclude_none=True)) - {"account_no", "visit_slot", "designated_holder"}
    assert (details is not None and len(details) > 0) == bool(given_fields)


@given(name=NAMES)
@settings(max_examples=80, deadline=None)
def test_name_arrives_whole_or_is_refused_by_name_of_its_field(name):
    source = order_of("JX6-GAS-01")
    source = source.with_(applicant=source.applicant.with_(name=name))
    if len(name) <= 60:
        assert text(opened(written("createServiceOrder", source)), "order/applicant/name") == name
        return
    with pytest.raises(EncodeError) as refused:
        written("createServiceOrder", source)
    assert refused.value.where == "order.applicant.name"
    assert name not in str(refused.value)


@given(room=DESIGNATORS)
@settings(max_examples=80, deadline=None)
def test_designation_of_a_flat_is_split_and_nothing_of_it_is_lost(room):
    source = order_of("JX6-GAS-01")
    address = source.address.with_(thoroughfare="中山东路100号", locator_name="云锦苑", locator_designator=room)
    message = opened(written("createServiceOrder", source.with_(address=address)))
    parts = [text(message, f"order/address/{part}") or "" for part in ("building", "unit", "room")]
    assert "".join(parts) == room
    assert text(message, "order/address/road") == "中山东路100号"


def test_usual_designation_has_its_parts_in_their_elements():
    source = order_of("JX6-GAS-01")
    address = source.address.with_(thoroughfare="中山东路100号", locator_designator="1幢2单元301室")
    message = opened(written("createServiceOrder", source.with_(address=address)))
    parts = [text(message, f"order/address/{part}") for part in ("building", "unit", "room")]
    assert parts == ["1幢", "2单元", "301室"]


@pytest.mark.parametrize(
    ("code", "form", "where"),
    [
        ("JX6-GAS-03", {"account_no": "1234567"}, "order.customerNo"),
        ("JX6-GAS-03", {"account_no": "123456789"}, "order.customerNo"),
        ("JX6-GAS-03", {"account_no": None}, "order.customerNo"),
        ("JX6-GAS-03", {"old_holder_name": None}, "order.details.formerHolder.name"),
        ("JX6-GAS-03", {"ownership_proof_no": "1" * 61}, "order.details.propertyProofNo"),
        ("JX6-GAS-05", {"new_position": "位" * 201}, "order.details.newPosition"),
        ("JX6-GAS-01", {"gas_use": "STEAM"}, "order.details.usageType"),
        ("JX6-GAS-02", {"hourly_flow": None}, "order.details.hourlyFlow"),
        ("JX6-GAS-08", {"contact_change": {"mobile": "12"}}, "order.details.change.phone"),
        (
            "JX6-GAS-11",
            {"bank_account": {"bank": "b", "account_no": "12-34", "holder": "王"}},
            "order.details.refund.accountNo",
        ),
    ],
)
def test_form_that_breaks_the_contract_is_refused_before_it_is_sent(code, form, where):
    source = order_of(code)
    form = source.form.model_validate({**source.form.model_dump(), **form})
    with pytest.raises(EncodeError) as refused:
        written("createServiceOrder", source.with_(form=form))
    assert refused.value.where == where


def test_agreement_is_signed_when_it_is_among_the_papers_and_papers_are_named_once():
    source = order_of("JX6-GAS-01", evidence=(Evidence(material="ID_CARD"), Evidence(material="RESIDENCE_PERMIT")))
    message = opened(written("createServiceOrder", source))
    assert text(message, "order/agreementSigned") == "false"
    assert [each.text for each in message.iterfind(f".//{OURS}paper/{OURS}kind")] == ["IDENTITY"]
    signed = source.with_(evidence=(*source.evidence, Evidence(material="SUPPLY_CONTRACT")))
    assert text(opened(written("createServiceOrder", signed)), "order/agreementSigned") == "true"


def test_order_without_papers_has_none():
    message = opened(written("createServiceOrder", order_of("JX6-GAS-04", evidence=())))
    assert message.find(f".//{OURS}paper") is None


def test_two_messages_never_have_the_same_nonce():
    draws = iter((b"1" * 16, b"2" * 16))
    tree = MAPPINGS.request("getCustomer")(query(account_no="10012345"), env())
    made = [ADAPTER.encode("getCustomer", tree, env(), lambda _count: next(draws)).body for _ in range(2)]
    nonces = [re.search(rb"<wsse:Nonce[^>]*>([^<]+)<", body)[1] for body in made]
    assert nonces[0] != nonces[1]


# replies


DOOR = {"GAS-9001", "GAS-9002", "GAS-9003", "GAS-9004"}


def documented_codes():
    page = Path("simulators/gas/README.md").read_text("utf-8")
    return re.findall(r"^\| (GAS-\d{4}) \|", page, re.MULTILINE)


def test_every_documented_code_has_a_meaning_and_no_other():
    assert set(documented_codes()) - DOOR == set(MAPPINGS.codes.tables["fault"].entries)


@pytest.mark.parametrize("code", sorted(set(documented_codes()) - DOOR))
@pytest.mark.parametrize("message", ["createServiceOrder", "getBalance"])
def test_every_documented_code_is_understood_in_a_write_and_in_a_read(message, code):
    reply = read(message, fault(code, ""))
    assert (reply.raw_code, isinstance(reply.error, ErrorCode)) == (code, True)


@pytest.mark.parametrize("code", sorted(DOOR))
@pytest.mark.parametrize("message", ["createServiceOrder", "getBalance"])
def test_code_of_the_door_says_that_the_message_was_not_let_in(message, code):
    with pytest.raises(Refused) as refused:
        read(message, fault(code, ""))
    assert refused.value.raw == code


def test_code_nobody_knows_is_kept_raw_and_never_guessed():
    with pytest.raises(UnmappedCode) as unknown:
        read("createServiceOrder", fault("GAS-4711", ""))
    assert unknown.value.raw == "GAS-4711"


@pytest.mark.parametrize(
    ("role", "error"),
    [("Sender", Refused), ("VersionMismatch", Refused), ("MustUnderstand", Refused), ("Receiver", DecodeError)],
)
def test_fault_without_detail_did_nothing_only_if_the_message_was_not_understood(role, error):
    body = (
        f"<soap:Fault><soap:Code><soap:Value>soap:{role}</soap:Value></soap:Code>"
        "<soap:Reason><soap:Text xml:lang='zh'>CANARY</soap:Text></soap:Reason></soap:Fault>"
    )
    with pytest.raises(error) as caught:
        read("createServiceOrder", envelope(500, body))
    assert "CANARY" not in str(caught.value) + repr(caught.value)


@pytest.mark.parametrize(
    ("status", "content_type", "code"),
    [
        (503, "text/html; charset=utf-8", ErrorCode.UPS_MAINTENANCE),
        (503, "text/plain", ErrorCode.UPS_UNAVAILABLE),
        (429, "text/plain", ErrorCode.UPS_THROTTLED),
        (401, "text/html", ErrorCode.UPS_AUTH),
    ],
)
def test_status_that_says_that_nothing_was_done_comes_before_any_parser(status, content_type, code):
    with pytest.raises(Refused) as refused:
        read("payBill", HttpResponse(status, {"content-type": content_type, "retry-after": "60"}, b"<html><br></html>"))
    assert (refused.value.code, refused.value.raw) == (code, f"HTTP {status}")


@pytest.mark.parametrize(
    "response",
    [
        HttpResponse(200, {"content-type": "text/html"}, b"<html/>"),
        HttpResponse(502, {"content-type": "text/html"}, b"<html/>"),
        answer(
            "createServiceOrder",
            "<orderNo>W1</orderNo><status>REGISTERED</status><createdAt>2026-11-24T01:00:00Z</createdAt>",
        ),
        answer("createServiceOrder", "<orderNo>G2026112400001</orderNo>"),
        answer("findOrders", ""),
        envelope(200, "<other/>"),
        envelope(500, ""),
    ],
)
def test_answer_outside_the_contract_is_no_answer(response):
    with pytest.raises(DecodeError):
        read("createServiceOrder", response)


@pytest.mark.parametrize("name", sorted(replies()))
def test_every_answer_that_is_known_keeps_to_the_contract(name):
    _, response = replies()[name]
    body = etree.fromstring(response.body[3:]).find(f"{SOAP}Body")[0]
    inner = body.find(f".//{OURS}ServiceFault") if body.tag == f"{SOAP}Fault" else body
    SCHEMA.assertValid(etree.fromstring(etree.tostring(inner)))


def test_element_that_a_newer_version_adds_is_left_out():
    body = order("REGISTERED").replace("<status>", "<priority>HIGH</priority><status>")
    assert read("getServiceOrder", answer("getServiceOrder", body)).state_raw == "REGISTERED"


@given(noise=st.binary(max_size=300))
@settings(max_examples=60, deadline=None)
def test_noise_is_no_answer_and_nothing_worse(noise):
    response = HttpResponse(200, {"content-type": "application/soap+xml"}, b"\xef\xbb\xbf" + noise)
    with pytest.raises(DecodeError):
        codec.reply("payBill", response, env(), effect=True)
