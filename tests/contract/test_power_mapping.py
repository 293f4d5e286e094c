"""The power mappings against the canonical model, the catalogue and the platform's contract."""

from __future__ import annotations

import base64
import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.power.adapter import PowerAdapter
from adapters.power.codec import CONTRACT, service_of
from hub.domain.evidence import Evidence
from hub.domain.order import DayQuery, EvidencePart, FileNames
from hub.domain.party import DocumentType, IdentityDocument, PartyRef
from hub.domain.taxonomy import ErrorCode
from hub.errors import DecodeError, EncodeError, UnmappedCode
from hub.mapping import WARNINGS, check, coverage, explain, from_json_schema
from hub.sdk import Env
from hub.wire import crypto
from tests.integration.power_hub import (
    CATALOGUE,
    DEMO,
    ITEMS,
    MAPPINGS,
    PARAMS,
    START,
    fake_config,
    fixed_draw,
    order_of,
    plain_reply,
    query,
    sealed,
)

ADAPTER = PowerAdapter("power", fake_config())
ENV = Env(now=START, config=ADAPTER.config, params=PARAMS, session={"token": "T"}, vars={"request_id": "a" * 32})
PAIRS = [(item.code, audience) for item in ITEMS for audience in item.audience]
SUBMITS = [code for code, _ in PAIRS if CATALOGUE.by_code[code].upstream.operation.startswith("app/submit")]
RESULTS = MAPPINGS.codes.tables["result"].reading()
REPLIES = json.loads((PowerAdapter.folder() / "contracts" / "replies.schema.json").read_text("utf-8"))["$defs"]
# Any character a name can have, the CJK extensions and markup among them, but no surrogates and no control codes.
NAMES = st.text(
    st.characters(min_codepoint=0x21, exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp", "Cn"]), min_size=1, max_size=64
) | st.sampled_from(["䶮·𬭎", "<&>\"'", "阿卜杜拉·买买提", "𠅤㛃", "O'Brien—Łódź"])


def node(name):
    file, _, part = name.partition("#")
    stem = file.removeprefix("contracts/").removesuffix(".schema.json")
    return from_json_schema(CONTRACT.schema(part or stem, reply=bool(part)))


def opened(request):
    """What the platform reads: written with the platform's key and no code of the adapter."""
    envelope = json.loads(request.body)
    key = crypto.sm2_decrypt(bytes([1]) * 32, bytes.fromhex(envelope["encKey"]))
    sealed = base64.b64decode(envelope["data"])
    return json.loads(crypto.sm4_cbc_decrypt(key, sealed[:16], sealed[16:]))


def sent(message, source, env=ENV):
    return opened(ADAPTER.encode(message, MAPPINGS.request(message)(source, env), env, fixed_draw()))


def understood(message, body):
    return MAPPINGS.reply(message)(ADAPTER.decode(message, sealed(body), ENV), ENV)


def source_of(code, audience):
    operation = PowerAdapter.serving(CATALOGUE.by_code[code].upstream.operation)
    return ADAPTER.preview(operation, order_of(code, audience=audience))


def test_no_mapping_has_a_fault():
    tables = {table.id: tuple(table.labels) for table in CATALOGUE.tables}
    keys = {"config_keys": PowerAdapter.spec.config, "params_keys": PowerAdapter.spec.params}
    faults = check(MAPPINGS, node, **keys, catalogue_tables=tables)
    assert [str(fault) for fault in faults if fault.rule not in WARNINGS] == []


def test_every_message_of_the_manifest_has_the_mappings_it_says():
    for name, spec in PowerAdapter.spec.messages.items():
        assert MAPPINGS.has(name, "request") is spec.request
        assert MAPPINGS.has(name, "reply") is spec.reply


@pytest.mark.parametrize(("code", "audience"), PAIRS)
def test_every_item_is_served_and_its_message_keeps_the_contract(code, audience):
    message, source = source_of(code, audience)
    data = sent(message, source)
    CONTRACT.check_request(service_of(message), data)
    assert data


@pytest.mark.parametrize(("code", "audience"), [pair for pair in PAIRS if pair[0] in SUBMITS])
def test_every_field_of_an_item_reaches_the_platform(code, audience):
    message, source = source_of(code, audience)
    data = json.dumps(sent(message, source), ensure_ascii=False)
    fields = {ref.ref for ref in CATALOGUE.by_code[code].form_fields} - {"bank_account"}  # no place for it there
    form = source.order.form.model_dump(mode="json", include=fields, exclude_none=True)
    assert set(form) == fields - ({"end_date"} if "end_date" not in form else set())
    targets = [explain_target(field) for field in form]
    for target in targets:
        assert f'"{target}"' in data


def explain_target(field):
    """The last name of the wire field that the rules make of a form field."""
    for rule in MAPPINGS.mapping("app.submit", "request").sections[0].rules:
        if any(str(ref).startswith(f"order.form.{field}") for ref in rule.canonical):
            return rule.target[0]
    raise AssertionError(field)


def test_visit_slot_becomes_two_instants():
    data = sent("app.submit", FileNames(order=order_of("JX6-ELE-13", form={"visit_slot": "2026-12-02 PM"})))
    assert data["visitSlot"] == {"begin": "20261202133000", "end": "20261202170000"}


def test_order_number_keeps_all_sixteen_digits():
    order = order_of("JX6-ELE-01", provider_ref="9007199254740993")
    assert sent("app.query", order) == {"appNo": 9007199254740993}
    assert understood("app.query", query_reply(appNo=9007199254740993)).provider_ref == "9007199254740993"


def test_address_goes_only_where_the_account_does_not_tell_it():
    with_address = {code for code in SUBMITS if "addr" in sent("app.submit", FileNames(order=order_of(code)))}
    assert with_address == {"JX6-ELE-01", "JX6-ELE-02", "JX6-ELE-03", "JX6-ELE-13"}


@settings(max_examples=25, deadline=None)
@given(NAMES, NAMES, st.decimals("0.01", "9999999.99", places=2, allow_nan=False))
def test_generated_names_and_amounts_arrive_as_they_were(name, member, capacity):
    document = IdentityDocument(type=DocumentType.RIC, number="330411200501010025")
    base = order_of("JX6-ELE-08")
    order = base.with_(
        applicant=base.applicant.with_(name=name),
        form=base.form.with_(capacity_kva=capacity, member_ids=(PartyRef(name=member, document=document),)),
    )
    data = sent("app.submit", FileNames(order=order))
    assert (data["custName"], data["contact"]["name"], data["members"][0]["name"]) == (name, name, member)
    assert Decimal(data["contractCap"]) == capacity


@settings(max_examples=25, deadline=None)
@given(NAMES)
def test_generated_holder_is_read_as_it_was_written(name):
    body = {"code": 1, "message": "", "data": {"total": 1, "consumers": [{"consNo": DEMO, "consName": name}]}}
    assert understood("consumer.query", body).accounts[0].holder_name == name


def test_name_that_is_too_long_is_refused_by_its_field_and_never_cut():
    order = order_of("JX6-ELE-01")
    order = order.with_(applicant=order.applicant.with_(name="长" * 65))
    with pytest.raises(EncodeError) as refused:
        sent("app.submit", FileNames(order=order))
    assert refused.value.where == "custName"
    assert "长" not in str(refused.value)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"account_no": "1234"}, "consNo"),
        ({"old_holder_consent": "perhaps"}, "oldHolderConsent"),
        ({"ownership_proof_no": None}, "ownershipNo"),
    ],
)
def test_message_that_breaks_the_contract_names_its_field(change, where):
    with pytest.raises(EncodeError) as refused:
        sent("app.submit", FileNames(order=order_of("JX6-ELE-05", form=change)))
    assert refused.value.where == where


def test_message_without_the_authority_is_not_made():
    env = Env(now=START, config=ADAPTER.config)
    with pytest.raises(EncodeError, match="orgNo"):
        MAPPINGS.request("app.submit")(FileNames(order=order_of("JX6-ELE-01")), env)


@pytest.mark.parametrize("name", ["a.exe", "a", "x/y.pdf"])
def test_file_that_the_platform_would_not_take_is_refused(name):
    evidence = Evidence(material="ID_CARD", file_name=name, size=1, sm3="0" * 64)
    part = EvidencePart(order=order_of("JX6-ELE-01"), evidence=evidence, index=1, count=1, content=b"x")
    with pytest.raises(EncodeError, match="fileName"):
        sent("attach.presign", part)


def test_queries_and_day_are_written():
    assert sent("consumer.query", query(account_no=DEMO)) == {"consNo": DEMO}
    document = IdentityDocument(type=DocumentType.USCC, number="91330402MA28A12323")
    assert sent("consumer.query", query(document=document)) == {"certTypeCode": "08", "certNo": document.number}
    day = DayQuery(serial="3" * 20, request_id="e" * 32, day=START.date())
    assert sent("recon.file", day) == {"bizDate": "20261124"}


@pytest.mark.parametrize("raw", sorted(RESULTS))
@pytest.mark.parametrize("message", sorted(set(REPLIES) & set(PowerAdapter.spec.messages) - {"token", "callback"}))
def test_every_documented_code_has_its_meaning_in_every_message(message, raw):
    if raw == "1":
        return
    reply = understood(message, {"code": int(raw), "message": "", "data": {}})
    assert (reply.raw_code, reply.error) == (raw, ErrorCode(RESULTS[raw]))


def test_table_of_codes_is_the_contract_s():
    assert set(RESULTS) == {str(code) for code in REPLIES["code"]["enum"]}


@pytest.mark.parametrize(
    ("message", "body", "raw"),
    [
        ("app.submit", {"code": 39999, "message": "", "data": {}}, "39999"),
        ("app.query", {"code": 1, "data": None}, "09"),
        ("consumer.query", {"code": 1, "data": {"total": 1, "consumers": [{"consNo": DEMO, "statusCode": "7"}]}}, "7"),
    ],
)
def test_unknown_code_is_kept_raw_and_never_guessed(message, body, raw):
    if body["data"] is None:
        body = query_reply(nodeCode="09")
    with pytest.raises(UnmappedCode) as unmapped:
        understood(message, body)
    assert unmapped.value.raw == raw


@pytest.mark.parametrize("missing", ["appNo", "nodeCode", "nodeTime", "cancelFlag"])
def test_missing_field_of_a_found_order_breaks_the_contract(missing):
    body = query_reply()
    del body["data"][missing]
    with pytest.raises(DecodeError, match=missing):
        understood("app.query", body)


def test_further_fields_are_tolerated():
    body = query_reply(nodeName="新", more={"a": [1]})
    body["extra"] = 1
    assert understood("app.query", body).state_raw == "02"


@pytest.mark.parametrize("field", ["uploadUrl", "url"])
def test_address_that_leaves_tls_is_refused(field):
    adapter = PowerAdapter("power", {**fake_config(), "base_url": "https://power.example"})
    data = {"uploadUrl": "http://x/", "fileId": "0" * 32} if field == "uploadUrl" else {}
    data = data or {"url": "http://x/", "sm3": "0" * 64, "count": 0}
    message = "attach.presign" if field == "uploadUrl" else "recon.file"
    with pytest.raises(DecodeError, match=field):
        adapter.decode(message, sealed({"code": 1, "message": "", "data": data}), ENV)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_signed_bytes_are_read_or_refused_as_broken(body):
    with pytest.raises(DecodeError):
        ADAPTER.decode("app.query", plain_reply(body), ENV)


def test_coverage_and_explanations_name_rule_and_line():
    report = coverage(MAPPINGS, "app.submit", "request", node("contracts/app.submit.schema.json"))
    assert report.unmapped == ("changes.email",)
    told = explain(MAPPINGS, "app.submit", "request", "oldHolderConsent")
    assert (told.canonical, told.functions) == ("order.form.old_holder_consent", ("table consent",))


def query_reply(**changes):
    data = {
        "found": True,
        "appNo": 3304261124000001,
        "outerNo": "26112433040200000101",
        "nodeCode": "02",
        "nodeTime": "20261124100000",
        "cancelFlag": "0",
        **changes,
    }
    return {"code": 1, "message": "", "data": data}
