"""The water mappings against the canonical model, the catalogue and the companies' contract, in both dialects."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from adapters.water.adapter import WaterAdapter
from hub.domain.evidence import Evidence
from hub.domain.order import EvidencePart
from hub.domain.party import DocumentType, IdentityDocument
from hub.domain.taxonomy import ErrorCode
from hub.errors import DecodeError, EncodeError, UnmappedCode
from hub.mapping import WARNINGS, check, coverage, from_json_schema, from_xsd
from hub.sdk import Env, Refused
from hub.wire.exchange import HttpResponse
from tests.integration.water_hub import ACCEPTED, CATALOGUE, COMPANIES, MAPPINGS, START, day_query, order_of, query

ADAPTERS = {
    name: WaterAdapter("water", {"base_url": "http://127.0.0.1:1/", "dialect": name, "sign_key": "TEST-KEY"})
    for name in COMPANIES
}
ENVELOPE = "{http://schemas.xmlsoap.org/soap/envelope/}"
INVOKE = "{http://tempuri.org/}"
CODECS = {"A": "gbk", "B": "utf-8"}
BODIES = {"A": "BODY", "B": "body"}
NAME = {"A": "YHMC", "B": "customerName"}
RESULT = {"A": "RetCode", "B": "result"}
PAIRS = [(code, audience) for code in ACCEPTED for audience in CATALOGUE.by_code[code].audience]
# Any character a name can have, the CJK extensions and markup among them, but no surrogates and no control codes.
NAMES = st.text(
    st.characters(min_codepoint=0x21, exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp", "Cn"]), min_size=1, max_size=40
) | st.sampled_from(["䶮·𬭎", "<&>\"'", "阿卜杜拉·买买提", "𠅤㛃", "]]>&lt;", "王喆垚", "国" * 30, "国" * 31])
REPLIES = {
    "A": '<?xml version="1.0" encoding="gb2312"?><ROOT><HEAD><RetCode>{code}</RetCode></HEAD><BODY>{body}</BODY></ROOT>',
    "B": '{{"result":"{code}","message":"","header":{{}},"data":{{{body}}}}}',
}


def env(dialect, **values):
    adapter = ADAPTERS[dialect]
    return Env(now=START, config=adapter.config, params={"gsdm": COMPANIES[dialect]}, vars=values)


def written(dialect, message, source, **values):
    tree = MAPPINGS[dialect].request(message)(source, env(dialect, **values))
    return ADAPTERS[dialect].encode(message, tree, env(dialect), bytes)


def opened(dialect, request):
    """What the company reads, with no code of the adapter: trade, document as nested lists, sign, document's text."""
    text = request.body.decode(CODECS[dialect])
    invoke = etree.fromstring(text.partition("?>")[2]).find(f"{ENVELOPE}Body/{INVOKE}Invoke")
    trade, inner, sign = (invoke.findtext(f"{INVOKE}{name}") for name in ("tradeCode", "xmlData", "sign"))
    return trade, etree.fromstring(inner.partition("?>")[2]), sign, inner


def md5(text):
    return hashlib.md5(text.encode("gbk"), usedforsecurity=False).hexdigest().upper()


def answer(dialect, code="0000", body="", status=200):
    inner = REPLIES[dialect].format(code=code, body=body)
    element = etree.Element(f"{ENVELOPE}Envelope")
    invoked = etree.SubElement(etree.SubElement(element, f"{ENVELOPE}Body"), f"{INVOKE}InvokeResponse")
    etree.SubElement(invoked, f"{INVOKE}InvokeResult").text = inner
    content = etree.tostring(element, encoding="unicode").encode(CODECS[dialect])
    charset = "gb2312" if dialect == "A" else "utf-8"
    return HttpResponse(status, {"content-type": f"text/xml; charset={charset}"}, content)


def read(dialect, message, response):
    tree = ADAPTERS[dialect].decode(message, response, env(dialect))
    return MAPPINGS[dialect].reply(message)(tree, env(dialect))


def node(name):
    file, _, part = name.partition("#")
    path = Path(str(WaterAdapter.folder() / file))
    if path.suffix == ".xsd":
        return from_xsd(path, part)
    return from_json_schema({**json.loads(path.read_text("utf-8")), "$ref": f"#/$defs/{part}"})


@pytest.mark.parametrize("dialect", COMPANIES)
def test_mappings_agree_with_contract_canonical_model_and_catalogue(dialect):
    tables = {table.id: tuple(table.labels) for table in CATALOGUE.tables}
    faults = check(
        MAPPINGS[dialect],
        node,
        config_keys=WaterAdapter.spec.config,
        params_keys=WaterAdapter.spec.params,
        catalogue_tables={**tables, "materials": tuple(CATALOGUE.by_material)},
    )
    assert [str(fault) for fault in faults if fault.rule not in WARNINGS] == []


@pytest.mark.parametrize("dialect", COMPANIES)
def test_every_field_of_the_contract_is_mapped(dialect):
    for message, direction in MAPPINGS[dialect].mappings:
        if direction == "request":
            mapping = MAPPINGS[dialect].mapping(message, "request")
            assert coverage(MAPPINGS[dialect], message, "request", node(mapping.contract)).unmapped == (), message


def test_both_dialects_map_the_same_messages_from_and_to_the_same_canonical_fields():
    def lines(name, key):
        mapping = MAPPINGS[name].mappings[key]
        return [
            (rule.sources, rule.functions, rule.table, rule.required, rule.default, section.guard)
            for section in mapping.sections
            for rule in section.rules
        ]

    assert MAPPINGS["A"].mappings.keys() == MAPPINGS["B"].mappings.keys()
    for key in MAPPINGS["A"].mappings:
        if key[1] == "request":
            assert lines("A", key) == lines("B", key), key
    for name, table in MAPPINGS["A"].codes.tables.items():
        assert table.entries == MAPPINGS["B"].codes.tables[name].entries


@pytest.mark.parametrize("dialect", COMPANIES)
@pytest.mark.parametrize(("code", "audience"), PAIRS)
def test_order_of_every_item_fits_the_contract(dialect, code, audience):
    order = order_of(code, dialect, audience=audience)
    trade, document, sign, inner = opened(dialect, written(dialect, "3001", order))
    assert (trade, document[0][0].text, document[0][1].text) == ("3001", COMPANIES[dialect], order.serial)
    body = {element.tag: element.text for element in document[1]}
    assert body[NAME[dialect]] == order.applicant.name
    if dialect == "A":
        assert sign == md5(f"3001{inner}TEST-KEY")
    else:
        assert sign == hmac.new(b"TEST-KEY", f"3001{inner}".encode(), "sha256").hexdigest()


@pytest.mark.parametrize("dialect", COMPANIES)
@given(name=NAMES)
@settings(max_examples=80, deadline=None)
def test_name_arrives_whole_or_is_refused_by_name_of_its_field(dialect, name):
    order = order_of("JX6-WAT-01", dialect)
    order = order.with_(applicant=order.applicant.with_(name=name))
    try:
        size = len(name.encode("gbk" if dialect == "A" else "gb18030"))
    except UnicodeEncodeError:
        size = None
    if size is not None and size <= 60:
        _, document, _, _ = opened(dialect, written(dialect, "3001", order))
        assert document.findtext(f"{BODIES[dialect]}/{NAME[dialect]}") == name
        return
    with pytest.raises(EncodeError) as refused:
        written(dialect, "3001", order)
    assert refused.value.where == f"{BODIES[dialect]}.{NAME[dialect]}"
    assert name not in str(refused.value)


@pytest.mark.parametrize("field", ["ownership_proof_no", "old_holder_name"])
def test_character_outside_gbk_is_refused_in_dialect_a_and_written_in_b(field):
    order = order_of("JX6-WAT-01", form={field: "䶮𬭎"})
    with pytest.raises(EncodeError) as refused:
        written("A", "3001", order)
    assert refused.value.where == {"ownership_proof_no": "BODY.CQZH", "old_holder_name": "BODY.YYHM"}[field]
    assert "䶮" in opened("B", written("B", "3001", order))[3]


def test_text_with_line_breaks_reaches_the_company_as_it_was_signed():
    request = written("A", "3001", order_of("JX6-WAT-12", form={"doubt": "一\r\n二<&>"}))
    _, document, sign, inner = opened("A", request)
    assert document.findtext("BODY/YYSM") == "一\r\n二<&>"
    assert "\r" not in inner
    assert sign == md5(f"3001{inner}TEST-KEY")


@pytest.mark.parametrize(
    ("code", "form", "where"),
    [
        ("JX6-WAT-01", {"account_no": "12345"}, "BODY.YHBH"),
        ("JX6-WAT-01", {"account_no": None}, "BODY.YHBH"),
        ("JX6-WAT-01", {"old_holder_name": None}, "BODY.YYHM"),
        ("JX6-WAT-01", {"ownership_proof_no": "1" * 65}, "BODY.CQZH"),
        ("JX6-WAT-03", {"daily_volume": None}, "BODY.RYSL"),
        ("JX6-WAT-02", {"meter_size": "32"}, "BODY.SBKJ"),
        ("JX6-WAT-11", {"member_ids": ()}, "BODY.CYLIST.CY"),
    ],
)
def test_form_that_breaks_the_contract_is_refused_before_it_is_sent(code, form, where):
    with pytest.raises(EncodeError) as refused:
        written("A", "3001", order_of(code, form=form))
    assert refused.value.where == where


def test_order_of_an_unknown_business_type_is_refused():
    with pytest.raises(EncodeError):
        written("A", "3001", order_of("JX6-WAT-01", variant="13"))


def test_document_the_company_has_no_code_for_is_refused():
    order = order_of("JX6-WAT-01")
    booklet = IdentityDocument(type=DocumentType.HOUSEHOLD, number="123456789")
    with pytest.raises(EncodeError) as refused:
        written("A", "3001", order.with_(applicant=order.applicant.with_(document=booklet)))
    assert refused.value.where == "BODY.ZJLX"


@pytest.mark.parametrize(
    ("slot", "wire"), [("2026-12-02 AM", "202612020830-1130"), ("2026-12-02 PM", "202612021330-1630")]
)
@pytest.mark.parametrize("dialect", COMPANIES)
def test_half_day_becomes_the_hours_of_the_company(dialect, slot, wire):
    _, document, _, _ = opened(
        dialect, written(dialect, "3001", order_of("JX6-WAT-07", dialect, form={"visit_slot": slot}))
    )
    assert document.findtext({"A": "BODY/YYSJ", "B": "body/visitSlot"}[dialect]) == wire


@pytest.mark.parametrize(
    ("asked", "fields"),
    [
        ({"account_no": "0100012345"}, {"YHBH": "0100012345"}),
        (
            {"document": IdentityDocument(type=DocumentType.FPR, number="ABC1234567")},
            {"ZJLX": "2", "ZJHM": "ABC1234567"},
        ),
        ({"meter_no": "M1"}, {"BH": "M1"}),
        ({"account_no": "0100012345", "meter_no": "M1"}, {"YHBH": "0100012345"}),
    ],
)
def test_question_for_accounts_names_just_one_thing(asked, fields):
    _, document, _, _ = opened("A", written("A", "1001", query(**asked)))
    assert {element.tag: element.text for element in document.find("BODY")} == fields


def test_question_for_nothing_is_refused():
    with pytest.raises(EncodeError) as refused:
        written("A", "1001", query())
    assert refused.value.where == "BODY"


@pytest.mark.parametrize("dialect", COMPANIES)
@pytest.mark.parametrize("message", sorted(WaterAdapter.spec.messages))
def test_every_documented_result_code_has_a_meaning_and_an_unknown_one_has_none(dialect, message):
    contract = node(MAPPINGS[dialect].mapping(message, "reply").contract)
    codes = contract.at(("HEAD", "RetCode") if dialect == "A" else ("result",)).enum
    assert len(codes) == 14
    for code in codes:
        if code != "0000" and (code, message) != ("0011", "2001"):
            reply = read(dialect, message, answer(dialect, code))
            assert reply.error is not None
            assert reply.raw_code == code
    with pytest.raises(UnmappedCode) as unknown:
        read(dialect, message, answer(dialect, "0047"))
    assert unknown.value.raw == "0047"


def test_system_error_is_a_doubt_after_a_change_and_none_after_a_question():
    assert read("A", "3001", answer("A", "9999")).error is ErrorCode.UPS_TIMEOUT_UNKNOWN
    assert read("A", "3002", answer("A", "9999")).error is ErrorCode.UPS_UNAVAILABLE


PROGRESS_B = (
    '"orderNo":"W2026112400001","businessType":"01","orderStatus":"{state}","opinion":"","contractNo":"","feeDue":"{fee}",'
    '"statusTime":"2026-11-24 09:00:00","finishTime":"{end}"'
)
PROGRESS = (
    "<SLBH>W2026112400001</SLBH><YWLX>01</YWLX><BLZT>{state}</BLZT><BLYJ/><HTBH/><DJFY>{fee}</DJFY>"
    "<ZTSJ>2026-11-24 09:00:00</ZTSJ><BJSJ>{end}</BJSJ><NEWER>1</NEWER>"
)


@pytest.mark.parametrize(("dialect", "body"), [("A", PROGRESS), ("B", PROGRESS_B)])
@pytest.mark.parametrize(
    ("state", "meaning", "rank"),
    [
        ("10", "ACCEPTED", 1),
        ("20", "IN_PROGRESS", 2),
        ("30", "AWAITING_PAYMENT", 3),
        ("40", "IN_PROGRESS", 4),
        ("50", "COMPLETED", 5),
        ("60", "REJECTED", 6),
        ("70", "CANCELLED", 7),
    ],
)
def test_every_state_has_its_meaning_and_its_place_in_the_order(dialect, body, state, meaning, rank):
    body = body.format(state=state, fee="0.00", end="1900-01-01 00:00:00")
    reply = read(dialect, "3002", answer(dialect, body=body))
    assert (reply.state, reply.rank, reply.state_raw) == (meaning, rank, state)
    assert (reply.finished_at, reply.fee_due_fen, reply.event_time.isoformat()) == (
        None,
        None,
        "2026-11-24T01:00:00+00:00",
    )


@pytest.mark.parametrize("dialect", COMPANIES)
@pytest.mark.parametrize("message", ["3001", "3002", "1002", "2001", "3004", "9001"])
def test_yes_without_what_it_must_bring_breaks_the_contract(dialect, message):
    with pytest.raises(DecodeError):
        read(dialect, message, answer(dialect))


@pytest.mark.parametrize("fee", ["12.505", "1e3", "12,50", "NaN"])
def test_amount_that_is_no_amount_breaks_the_contract(fee):
    body = PROGRESS.format(state="30", fee=fee, end="")
    with pytest.raises(DecodeError) as refused:
        read("A", "3002", answer("A", body=body))
    assert refused.value.where == "BODY.DJFY"


DAY = "2|0.00\n20261124|{one}|0100020001|128.60|01|1\n20261124|{two}|W2026112400001|-128.60|01|2\n"


@pytest.mark.parametrize("dialect", COMPANIES)
def test_daily_file_is_read_with_its_count_and_its_sum_checked(dialect):
    text = DAY.format(one="1" * 20, two="R" + "1" * 19)
    tags = {"A": "<WJM>0401_20261124.txt</WJM><NR>{}</NR>", "B": '"fileName":"0481_20261124.txt","content":"{}"'}[
        dialect
    ]

    def reply(changed):
        return read(dialect, "9001", answer(dialect, body=tags.format(base64.b64encode(changed.encode()).decode())))

    paid, back = reply(text).records
    assert (paid.serial, paid.account_no, paid.provider_ref, paid.amount_fen, paid.kind) == (
        "1" * 20, "0100020001", None, 12860, "payment",
    )  # fmt: skip
    assert (back.account_no, back.provider_ref, back.amount_fen, back.kind) == (
        None,
        "W2026112400001",
        -12860,
        "reversal",
    )
    for damaged in (text.replace("2|0.00", "3|0.00"), text.replace("2|0.00", "2|0.01"), "", text[:-20]):
        with pytest.raises(DecodeError):
            reply(damaged)
    with pytest.raises(DecodeError):
        read(dialect, "9001", answer(dialect, body=tags.format("***")))


def test_chunk_carries_its_file_and_its_place():
    order = order_of("JX6-WAT-01")
    evidence = Evidence(material="RE_CERT", size=3, ref="one")
    part = EvidencePart(order=order, evidence=evidence, index=2, count=3, content=b"abc", provider_ref="W2026112400001")
    _, document, _, _ = opened("A", written("A", "3004", part, file_no="1"))
    assert {element.tag: element.text for element in document.find("BODY")} == {
        "SLBH": "W2026112400001", "FJLX": "04", "FJXH": "1", "XH": "2", "ZS": "3", "NR": "YWJj",
    }  # fmt: skip


def test_reversal_has_a_serial_of_its_own_that_leads_back_to_the_payment():
    order = order_of("JX6-WAT-14")
    _, document, _, _ = opened("A", written("A", "2002", order))
    own = document.findtext("HEAD/LSH")
    assert re.fullmatch(r"R\d{19}", own)
    assert document.findtext("BODY/YLSH") == order.serial == order.serial[0] + own[1:]


def test_day_is_asked_for_without_dashes():
    _, document, _, _ = opened("A", written("A", "9001", day_query()))
    assert document.findtext("BODY/JYRQ") == "20261124"


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, ErrorCode.UPS_AUTH), (429, ErrorCode.UPS_THROTTLED), (503, ErrorCode.UPS_BUSY)],
)
def test_gateway_that_let_nothing_through_says_so(status, code):
    response = HttpResponse(status, {"content-type": "text/html", "retry-after": "30"}, b"<html>")
    with pytest.raises(Refused) as refused:
        ADAPTERS["A"].decode("3001", response, env("A"))
    assert (refused.value.code, refused.value.retry_after.total_seconds()) == (code, 30)


@pytest.mark.parametrize(
    "response",
    [
        HttpResponse(200, {"content-type": "text/html"}, "<html>王秀兰</html>".encode()),
        HttpResponse(500, {"content-type": "text/xml"}, b"<x/>"),
        HttpResponse(404, {"content-type": "text/plain"}, b"no such service"),
        HttpResponse(200, {"content-type": "text/xml"}, b""),
        answer("B", body='"orderNo":"W2026112400001"'),
    ],
)
def test_answer_that_is_none_is_a_decode_error_without_its_text(response):
    with pytest.raises(DecodeError) as refused:
        read("A", "3001", response)
    assert "王秀兰" not in str(refused.value)
