"""The cable television mappings against the canonical model, the catalogue and the BOSS's contract."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from adapters.catv.adapter import CatvAdapter
from adapters.catv.codec import stamped, unstamped
from hub.domain.numbers import case_number, serial20, task_number
from hub.domain.party import DocumentType, IdentityAssertion, IdentityDocument
from hub.domain.states import TaskState
from hub.domain.taxonomy import ErrorCode
from hub.errors import DecodeError, EncodeError, UnmappedCode
from hub.mapping import WARNINGS, check, coverage, from_xsd
from hub.sdk import Env, Refused
from hub.wire.exchange import HttpResponse
from simulators.catv.contract import contract, request_breaches
from simulators.catv.wire import as_dict, read_form
from tests.integration.catv_hub import CATALOGUE, ITEMS, MAPPINGS, ORDERED, START, day_query, order_of, payment, query

CONFIG = {
    "base_url": "http://boss.example/", "operator": "OW0001", "password": "TEST", "files_user": "u",
    "files_password": "p", "branches": ["0402"],
}  # fmt: skip
ADAPTER = CatvAdapter("catv", CONFIG)
SESSION = {"id": "A" * 32}
PLACE = "0123456789"
NUMBER, RECEIPT = "04022026112400001", "R20261124000001"
PAIRS = [(code, audience) for code in ORDERED for audience in CATALOGUE.by_code[code].audience]
SERVICES = sorted(contract().services)
MADE = [code for code in SERVICES if code.startswith("BS3")]
CODES = [
    "0",
    "-1",
    "1001",
    "1002",
    "1003",
    "2001",
    "2002",
    "2003",
    "2004",
    "2005",
    "2006",
    "2007",
    "2008",
    "3001",
    "9999",
]
# Any character a name can have, the CJK extensions and markup among them, but no surrogates and no control codes.
NAMES = st.text(
    st.characters(min_codepoint=0x21, exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp", "Cn"]), min_size=1, max_size=40
) | st.sampled_from(
    ["䶮·𬭎", "<&>\"'", "阿卜杜拉·买买提", "𠅤㛃", "]]>&lt;", "王喆垚", "国" * 30, "国" * 31, "𬭎" * 15]
)
SERIALS = st.builds(
    lambda on, county, seq, index: serial20(task_number(case_number(on, f"3304{county:02d}", seq), index)),
    st.dates(date(2024, 1, 1), date(2099, 12, 31)),
    st.integers(0, 99),
    st.integers(1, 999_999),
    st.integers(1, 99),
)


def env(**values):
    return Env(now=START, config=ADAPTER.config, params={"branch": "0402"}, session=SESSION, vars=values)


def placed(order):
    place = order.form.new_address or order.address
    return order.with_(address=place.with_(standard_address_id=PLACE))


def written(message, source, **values):
    tree = MAPPINGS.request(message)(source, env(**values))
    return ADAPTER.encode(message, tree, env(**values), bytes)


def opened(request):
    """What the BOSS reads, with no code of the adapter: the document, its head and its body as dicts."""
    root = read_form(dict(request.headers)["Content-Type"], request.body)
    return as_dict(root.find("HEAD")), as_dict(root.find("BODY"))


def sent(message, source, **values):
    """The body of a request that keeps to the BOSS's contract."""
    head, body = opened(written(message, source, **values))
    assert request_breaches(contract().services[message], head, body) == ()
    return body


def answer(code="0", body="", info="", charset="gb18030"):
    text = f"<RESPONSE><HEAD><SERVCODE>X</SERVCODE><RETURN>{code}</RETURN><INFO>{info}</INFO></HEAD><BODY>{body}</BODY></RESPONSE>"
    return HttpResponse(200, {"content-type": "text/html;charset=GBK"}, text.encode(charset))


def read(message, response):
    return MAPPINGS.reply(message)(ADAPTER.decode(message, response, env()), env())


@cache
def node(name):
    file, _, part = name.partition("#")
    return from_xsd(Path(str(CatvAdapter.folder() / file)), part)


def test_mappings_agree_with_contract_canonical_model_and_catalogue():
    tables = {table.id: tuple(table.labels) for table in CATALOGUE.tables}
    faults = check(
        MAPPINGS,
        node,
        config_keys=CatvAdapter.spec.config,
        params_keys=CatvAdapter.spec.params,
        catalogue_tables={**tables, "materials": tuple(CATALOGUE.by_material)},
    )
    assert [str(fault) for fault in faults if fault.rule not in WARNINGS] == []


@pytest.mark.parametrize("service", SERVICES)
def test_every_field_of_the_contract_is_mapped(service):
    mapping = MAPPINGS.mapping(service, "request")
    assert coverage(MAPPINGS, service, "request", node(mapping.contract)).unmapped == ()


def test_both_sides_know_the_same_fields_codes_and_services():
    """The pinned XSD and the simulator's own contract were written apart; here they are held together."""
    declared = etree.parse(str(CatvAdapter.folder() / "contracts" / "request.xsd"))
    space = {"xs": "http://www.w3.org/2001/XMLSchema"}
    for element in declared.xpath("/xs:schema/xs:element", namespaces=space):
        name, codes = element.get("name"), element.xpath(".//xs:enumeration/@value", namespaces=space)
        if name in contract().fields:
            assert codes == [str(code) for code in contract().fields[name].get("codes", [])], name
        else:
            assert name == "DEVLIST" or name in contract().services


@pytest.mark.parametrize(("code", "audience"), PAIRS)
def test_order_of_every_item_fits_the_contract(code, audience):
    order = placed(order_of(code, audience=audience))
    body = sent(order.operation, order)
    assert body["CUSTNAME"] == order.applicant.name
    assert body["IDTYPE"] == {"individual": "身份证", "enterprise": "营业执照"}[audience]


def test_message_holds_nothing_that_its_item_does_not_name():
    """What an item does not ask for is in no field of its message, though the application holds it."""
    full = order_of("JX6-CTV-05", property_unit_no="330402001001GB00001F00010001")
    assert set(sent("BS3004", full)) == {"CUSTNO", "CUSTNAME", "IDTYPE", "IDNO", "MOBILE", "FROMDATE", "TODATE"}


def test_head_names_service_operator_session_branch_channel_and_serial():
    order = order_of("JX6-CTV-05")
    head, _ = opened(written("BS3004", order))
    assert head == {
        "SERVCODE": "BS3004", "SESSIONID": "A" * 32, "OPERID": "OW0001", "BRANCH": "0402", "CHANNEL": "柜台",
        "SERIALNO": stamped(order.serial, "3304"),
    }  # fmt: skip


def test_login_sends_the_digest_of_the_password_and_no_session():
    head, body = opened(written("BS1001", None))
    assert body == {"PWD": "033BD94B1168D7E4F0D644C3C95E35BF"}  # md5 of TEST
    assert (head["SERIALNO"], "SESSIONID" in head) == ("20261124090000000000", False)
    assert request_breaches(contract().services["BS1001"], head, body) == ()


# serials


@given(SERIALS, st.integers(0, 3))
def test_serial_is_a_real_time_of_its_day_and_comes_back_from_every_act(serial, act):
    stamp = stamped(serial, "3304", act)
    at = datetime.strptime(stamp[:14], "%Y%m%d%H%M%S")  # noqa: DTZ007 -- only whether such a time exists
    assert (len(stamp), f"{at:%y%m%d}") == (20, serial[:6])
    assert unstamped(stamp, "3304") == serial


@given(SERIALS, SERIALS, st.integers(0, 3), st.integers(0, 3))
def test_no_two_serials_or_acts_share_a_stamp(one, other, act, other_act):
    same = (one, act) == (other, other_act)
    assert (stamped(one, "3304", act) == stamped(other, "3304", other_act)) is same


@pytest.mark.parametrize("stamp", ["20261124235959999999", "20261124240000000000", "", "WT-0001", "2" * 20])
def test_stamp_that_is_none_of_ours_stays_as_it_is(stamp):
    assert unstamped(stamp, "3304") == stamp


def test_serial_of_another_city_is_refused_before_it_is_sent():
    order = order_of("JX6-CTV-05", serial="26112433010200000101")
    with pytest.raises(EncodeError) as refused:
        written("BS3004", order)
    assert refused.value.where == "HEAD.SERIALNO"


@pytest.mark.parametrize(("message", "act"), [("BS4001", 1), ("BS4002", 2), ("BS5002", 3)])
def test_each_act_on_an_order_has_a_serial_of_its_own(message, act):
    order = payment().with_(provider_ref=RECEIPT if message == "BS4002" else NUMBER)
    head, _ = opened(written(message, order))
    assert head["SERIALNO"] == stamped(order.serial, "3304", act)


# names, numbers, documents


@given(name=NAMES)
@settings(max_examples=80, deadline=None)
def test_name_of_up_to_sixty_bytes_arrives_whole_and_a_longer_one_is_refused_by_name_of_its_field(name):
    order = order_of("JX6-CTV-05")
    order = order.with_(applicant=order.applicant.with_(name=name))
    if len(name.encode("gb18030")) <= 60:
        assert sent("BS3004", order)["CUSTNAME"] == name
        return
    with pytest.raises(EncodeError) as refused:
        written("BS3004", order)
    assert refused.value.where == "BODY.CUSTNAME"
    assert name not in str(refused.value)


@pytest.mark.parametrize(("name", "raw"), [("王䶮", "䶮"), ("李𬭎", "𬭎"), ("阿卜杜拉·买买提", "·")])
def test_rare_characters_stand_in_gb18030_on_the_wire(name, raw):
    request = written("BS3004", order_of("JX6-CTV-05", applicant=order_of("JX6-CTV-05").applicant.with_(name=name)))
    ((_, document),) = parse_qsl(request.body.decode("ascii"), encoding="latin-1")
    assert name.encode("gb18030") in document.encode("latin-1")
    assert raw.encode("gb18030") in document.encode("latin-1")


@pytest.mark.parametrize(
    ("kind", "number", "text", "wire"),
    [
        (DocumentType.RIC, "33040219700101001X", "身份证", "33040219700101001x"),
        (DocumentType.RIC, "330402700101001", "身份证", "330402700101001"),
        (DocumentType.HMT_RESIDENCE, "810000199001010019", "港澳台居民居住证", "810000199001010019"),
        (DocumentType.PASSPORT, "E12345678", "护照", "E12345678"),
        (DocumentType.PASSPORT, "AB1234567", "护照", "AB1234567"),
        (DocumentType.HM_PERMIT, "H12345678", "港澳通行证", "H12345678"),
        (DocumentType.TW_PERMIT, "12345678", "台胞证", "12345678"),
        (DocumentType.FPR, "933840199001010013", "外国人永久居留证", "933840199001010013"),
        (DocumentType.FPR, "CAN123456789012", "外国人永久居留证", "CAN123456789012"),
        (DocumentType.HOUSEHOLD, "330402123456", "户口簿", "330402123456"),
        (DocumentType.USCC, "N2330411MF1234567B", "营业执照", "N2330411MF1234567B"),
    ],
)
def test_document_of_every_kind_is_right_on_the_wire(kind, number, text, wire):
    order = order_of("JX6-CTV-05")
    applicant = order.applicant.with_(document=IdentityDocument(type=kind, number=number))
    body = sent("BS3004", order.with_(applicant=applicant))
    assert (body["IDTYPE"], body["IDNO"]) == (text, wire)


def test_every_kind_of_document_is_known():
    assert set(MAPPINGS.codes.tables["id_type"].entries) == {kind.value for kind in DocumentType}


def test_agent_who_is_no_person_is_refused():
    order = placed(order_of("JX6-CTV-01", audience="enterprise"))
    document = IdentityDocument(type=DocumentType.USCC, number="91330402MA28A12323")
    agent = order_of("JX6-WAT-03", audience="enterprise").agent if order.agent is None else order.agent
    wrong = agent.with_(person=agent.person.with_(document=document))
    with pytest.raises(EncodeError) as refused:
        written("BS3001", order.with_(agent=wrong))
    assert refused.value.where == "BODY.AGENTIDTYPE"


@pytest.mark.parametrize(
    ("method", "wire"),
    [("CARD_READER", "读卡器"), ("AUTHORITY_CHECK", "联网核查"), ("FACE_COMPARE", "人像比对"), ("CLERK", "人工")],
)
def test_identity_check_of_the_case_goes_with_the_order(method, wire):
    assertion = IdentityAssertion(id="1", method=method, level=2, verified_at=START, expires_at=START)
    assert sent("BS3004", order_of("JX6-CTV-05", assertion=assertion))["IDCHECK"] == wire


# forms


@pytest.mark.parametrize(("slot", "wire"), [("2026-12-02 AM", "2026/12/2 上午"), ("2027-01-11 PM", "2027/1/11 下午")])
def test_visit_is_written_as_a_short_date_and_a_half_day(slot, wire):
    assert sent("BS3001", placed(order_of("JX6-CTV-01", form={"visit_slot": slot})))["VISITTIME"] == wire


@given(st.dates(date(2026, 1, 1), date(2030, 12, 31)), st.integers(0, 365))
def test_dates_are_short_and_a_suspension_lasts_a_year_at_most(start, days):
    end = date.fromordinal(start.toordinal() + days)
    body = sent("BS3004", order_of("JX6-CTV-05", form={"start_date": start, "end_date": end}))
    assert body["FROMDATE"] == f"{start.year}/{start.month}/{start.day}"
    assert body["TODATE"] == f"{end.year}/{end.month}/{end.day}"


@pytest.mark.parametrize(
    ("start", "end"), [("2026-12-01", "2027-12-02"), ("2024-02-29", "2025-03-01"), ("2026-12-02", "2026-12-01")]
)
def test_suspension_of_more_than_a_year_or_backwards_is_refused_before_it_is_sent(start, end):
    form = {"start_date": date.fromisoformat(start), "end_date": date.fromisoformat(end)}
    with pytest.raises(EncodeError) as refused:
        written("BS3004", order_of("JX6-CTV-05", form=form))
    assert refused.value.where == "BODY.TODATE"


@given(st.integers(1, 10**10 - 1))
def test_amount_loses_its_zeros_and_no_cent(fen):
    text = sent("BS4001", payment(amount=fen))["AMOUNT"]
    assert not text.endswith(".")
    assert re.fullmatch(r"[0-9]+(\.[0-9]?[1-9])?", text)
    whole, _, part = text.partition(".")
    assert int(whole) * 100 + int(part.ljust(2, "0")) == fen


@pytest.mark.parametrize(
    ("code", "form", "where"),
    [
        ("JX6-CTV-05", {"cust_no": None}, "BODY.CUSTNO"),
        ("JX6-CTV-05", {"cust_no": "12345"}, "BODY.CUSTNO"),
        ("JX6-CTV-03", {"old_holder_name": None}, "BODY.OLDNAME"),
        ("JX6-CTV-03", {"old_holder_name": "国" * 31}, "BODY.OLDNAME"),
        ("JX6-CTV-03", {"old_holder_consent": "perhaps"}, "BODY.CONSENT"),
        ("JX6-CTV-02", {"bandwidth": 7}, "BODY.BANDWIDTH"),
        ("JX6-CTV-02", {"contract_accept": None}, "BODY.AGREE"),
        ("JX6-CTV-01", {"package": None}, "BODY.PRODNAME"),
        ("JX6-CTV-01", {"package": "套" * 41}, "BODY.PRODNAME"),
        ("JX6-CTV-07", {"reason": "因" * 201}, "BODY.REASON"),
        ("JX6-CTV-08", {"amount": None}, "BODY.AMOUNT"),
        ("JX6-CTV-08", {"amount": 10**12}, "BODY.AMOUNT"),
        ("JX6-CTV-08", {"pay_channel": "BARTER"}, "BODY.PAYMODE"),
    ],
)
def test_form_that_breaks_the_contract_is_refused_before_it_is_sent(code, form, where):
    order = order_of(code)
    message = "BS4001" if code == "JX6-CTV-08" else order.operation
    with pytest.raises(EncodeError) as refused:
        written(message, placed(order.with_(form=order.form.with_(**form))))
    assert refused.value.where == where


def test_address_longer_than_the_field_is_refused():
    order = placed(order_of("JX6-CTV-01"))
    with pytest.raises(EncodeError) as refused:
        written("BS3001", order.with_(address=order.address.with_(full_address="嘉" * 101)))
    assert refused.value.where == "BODY.ADDRNAME"


@pytest.mark.parametrize(
    ("asked", "fields"),
    [
        ({"account_no": "330400012345"}, {"CUSTNO": "330400012345"}),
        ({"document": IdentityDocument(type=DocumentType.RIC, number="33040219700101001X")}, {"IDNO": "33040219700101001x"}),
        ({"meter_no": "8100200300400501"}, {"CARDNO": "8100200300400501"}),
        ({"account_no": "330400012345", "meter_no": "8100200300400501"}, {"CUSTNO": "330400012345"}),
    ],
)  # fmt: skip
def test_question_for_accounts_names_just_one_thing(asked, fields):
    assert sent("BS2001", query(**asked)) == fields


def test_fee_of_an_order_is_paid_by_its_number():
    assert sent("BS4001", payment(amount=10800).with_(provider_ref=NUMBER)) == {
        "ORDERNO": NUMBER,
        "AMOUNT": "108",
        "PAYMODE": "现金",
    }


def test_day_file_is_fetched_by_day_and_branch_with_a_password():
    request = written("day.file", day_query(), branch="0481")
    assert (request.method, request.url) == ("GET", "http://boss.example/boss/files/20261124_0481.csv")
    assert request.headers == (("Authorization", "Basic dTpw"),)


def test_items_and_services_are_all_there():
    assert len(ITEMS) == 8
    assert {item.upstream.operation for item in ITEMS} - {"BS2002+BS4001"} == set(MADE)


# answers


@pytest.mark.parametrize("message", SERVICES)
def test_every_documented_result_code_has_a_meaning_and_an_unknown_one_has_none(message):
    codes = node(MAPPINGS.mapping(message, "reply").contract).at(("HEAD", "RETURN")).enum
    assert sorted(codes) == sorted(CODES)
    for code in codes:
        if code == "1001":
            with pytest.raises(Refused) as over:
                read(message, answer(code))
            assert (over.value.code, over.value.raw) == (ErrorCode.UPS_AUTH, "1001")
        elif code != "0":
            assert read(message, answer(code)).error is not None
    with pytest.raises(UnmappedCode) as unknown:
        read(message, answer("7777"))
    assert unknown.value.raw == "7777"


@pytest.mark.parametrize("table", ["result", "made", "paid", "taken"])
@pytest.mark.parametrize("code", CODES)
def test_session_code_is_told_by_every_table_and_a_yes_is_one_in_all(table, code):
    """1001 is met below the tables as a rule; they know it all the same."""
    message = {"result": "BS2001", "made": "BS3004", "paid": "BS4001", "taken": "BS3006"}[table]
    number = (
        f"<ORDERNO>{NUMBER}</ORDERNO><STATE>W0</STATE>" if table == "taken" else f"<RECEIPTNO>{RECEIPT}</RECEIPTNO>"
    )
    tree = {"HEAD": {"RETURN": code}, "BODY": {e.tag: e.text for e in etree.fromstring(f"<B>{number}</B>")}}
    reply = MAPPINGS.reply(message)(tree, env())
    yes = {"0", "2004", "2006"} if table == "taken" else {"0"}
    assert (reply.error is None) is (code in yes)


def test_system_error_is_a_doubt_after_a_change_and_none_after_a_question():
    assert read("BS3004", answer("-1", info="系统错误")).error is ErrorCode.UPS_TIMEOUT_UNKNOWN
    assert read("BS4001", answer("-1")).error is ErrorCode.UPS_TIMEOUT_UNKNOWN
    assert read("BS5001", answer("-1")).error is ErrorCode.UPS_UNAVAILABLE


@pytest.mark.parametrize("message", SERVICES)
def test_breach_of_the_contract_is_told_with_its_field_and_did_nothing(message):
    reply = read(message, answer("-1", info="参数错误:TODATE"))
    assert (reply.error, reply.missing) == (ErrorCode.VAL_FORMAT, ("TODATE",))


@pytest.mark.parametrize(
    ("info", "fen"), [("欠费:36.5", 3650), ("欠费:108", 10800), ("违约金:108", 10800), ("欠费:多", None), ("", None)]
)
def test_amount_owed_is_read_out_of_the_words(info, fen):
    code = "2006" if "违约金" in info else "2003"
    assert read("BS3006", answer(code, info=info)).arrears_fen == fen


@pytest.mark.parametrize("message", MADE)
def test_text_beside_a_yes_is_a_warning_for_the_clerk(message):
    body = f"<ORDERNO>{NUMBER}</ORDERNO><STATE>W3</STATE>"
    reply = read(message, answer(body=body, info="副机随主机一并移机"))
    assert (reply.error, reply.state, reply.opinion) == (None, TaskState.COMPLETED, "副机随主机一并移机")
    assert read(message, answer("2001", info="张三不存在")).opinion is None


def test_order_that_waits_says_for_what():
    body = f"<ORDERNO>{NUMBER}</ORDERNO><STATE>W0</STATE>"
    waits = read("BS3006", answer("2006", body + "<FEE>108</FEE>", "违约金:108"))
    assert (waits.error, waits.state, waits.fee_due_fen, waits.raw_code) == (
        None,
        TaskState.AWAITING_PAYMENT,
        10800,
        "2006",
    )
    lent = read("BS3006", answer("2004", body, "请归还机顶盒等设备"))
    assert (lent.error, lent.state, lent.opinion) == (None, TaskState.AWAITING_APPLICANT, "请归还机顶盒等设备")


ORDER = (
    f"<ORDER><ORDERNO>{NUMBER}</ORDERNO><SERVCODE>BS3003</SERVCODE><STATE>{{state}}</STATE>"
    "<STATETIME>2026/11/4 9:03</STATETIME>{more}<NEWER>1</NEWER></ORDER>"
)


@pytest.mark.parametrize(
    ("state", "meaning", "rank"),
    [
        ("W0", "ACCEPTED", 1),
        ("W1", "IN_PROGRESS", 2),
        ("W2", "IN_PROGRESS", 3),
        ("W3", "COMPLETED", 4),
        ("W4", "REJECTED", 5),
        ("W5", "CANCELLED", 6),
    ],
)
def test_every_state_has_its_meaning_and_its_place_in_the_order(state, meaning, rank):
    reply = read("BS5001", answer(body=ORDER.format(state=state, more="")))
    assert (reply.state, reply.rank, reply.state_raw, reply.note) == (meaning, rank, state, "BS3003")
    at = datetime(2026, 11, 4, 1, 3, tzinfo=UTC)
    assert reply.finished_at == (at if meaning in {"COMPLETED", "REJECTED", "CANCELLED"} else None)


@pytest.mark.parametrize(
    ("more", "state", "fee"),
    [
        ("<FEE>108</FEE>", "AWAITING_PAYMENT", 10800),
        ("<HOLD>2006</HOLD><FEE>108.5</FEE>", "AWAITING_PAYMENT", 10850),
        ("<HOLD>2004</HOLD>", "AWAITING_APPLICANT", None),
        ("<HOLD>2004</HOLD><FEE>108</FEE>", "AWAITING_PAYMENT", 10800),
    ],
)
def test_held_order_is_told_by_its_fee_and_its_hold(more, state, fee):
    reply = read("BS5001", answer(body=ORDER.format(state="W0", more=more)))
    assert (reply.state, reply.fee_due_fen) == (state, fee)


def test_state_nobody_knows_is_kept_raw():
    with pytest.raises(UnmappedCode) as unknown:
        read("BS5001", answer(body=ORDER.format(state="W9", more="")))
    assert unknown.value.raw == "W9"


def test_question_for_an_order_that_is_not_there_is_an_empty_yes():
    reply = read("BS5001", answer())
    assert (reply.error, reply.provider_ref, reply.state) == (None, None, None)


def test_missing_tags_mean_nothing_owed_and_nothing_paid():
    body = "<CUST><CUSTNO>330400012345</CUSTNO><CUSTNAME>王䶮</CUSTNAME><STATE>报停</STATE></CUST>"
    reply = read("BS2002", answer(body=body))
    assert (reply.arrears_fen, reply.balance_fen, reply.bills, reply.records) == (0, None, (), ())
    assert (reply.accounts[0].holder_name, reply.accounts[0].status) == ("王䶮", "suspended")


@pytest.mark.parametrize(("word", "status"), [("正常", "normal"), ("报停", "suspended"), ("销户", "closed")])
def test_state_of_an_account_is_told_in_our_words(word, status):
    body = f"<CUSTLIST><CUST><CUSTNO>330400012345</CUSTNO><STATE>{word}</STATE></CUST></CUSTLIST>"
    assert read("BS2001", answer(body=body)).accounts[0].status == status


@pytest.mark.parametrize("amount", ["12.505", "1e3", "12,5", "NaN", "十二"])
def test_amount_that_is_no_amount_breaks_the_contract(amount):
    with pytest.raises(DecodeError) as refused:
        read("BS2002", answer(body=f"<ARREARS>{amount}</ARREARS>"))
    assert refused.value.where == "BODY.ARREARS"


@pytest.mark.parametrize(("message", "where"), [("BS1001", "BODY.SESSIONID"), ("BS4001", "BODY.RECEIPTNO")])
def test_yes_without_what_it_must_bring_breaks_the_contract(message, where):
    with pytest.raises(DecodeError) as refused:
        read(message, answer())
    assert refused.value.where == where


@pytest.mark.parametrize(
    "body", [b"<html>", "<html>系统维护</html>".encode("gbk"), b"", b"<RESPONSE/>", b"<RESPONSE>x</RESPONSE>"]
)
def test_answer_that_is_none_breaks_the_contract(body):
    with pytest.raises(DecodeError):
        read("BS3004", HttpResponse(200, {"content-type": "text/html;charset=GBK"}, body))


HEAD = "流水号,操作员,客户编号,客户姓名,业务类型,金额,缴费方式,办理时间,收据号,工单号\r\n"
LINES = (
    '="{ours}",OW0001,="330400020001","王,喆",缴费,36.5,微信,2026/11/24 9:03,R20261124000001,\r\n'
    '="{back}",OW0001,="330400020001","王,喆",冲正,-36.5,微信,2026/11/24 10:00,R20261124000001,\r\n'
    '="20261124090000000001",GT0001,="330400012345",李建国,工费,108,现金,2026/11/24 23:59,R20261124000002,="04022026112400001"\r\n'
    "合计,,3,,,108,,,,\r\n"
)


def test_day_file_is_read_with_its_count_and_sum_and_our_serials_in_our_form():
    order = payment()
    text = HEAD + LINES.format(ours=stamped(order.serial, "3304", 1), back=stamped(order.serial, "3304", 2))

    def rows(changed):
        return read("day.file", HttpResponse(200, {}, changed.encode("gbk"))).records

    paid, back, other = rows(text)
    assert (paid.serial, paid.provider_ref, paid.amount_fen, paid.kind, paid.account_no) == (
        order.serial, RECEIPT, 3650, "payment", "330400020001",
    )  # fmt: skip
    assert (back.serial, back.amount_fen, back.kind) == (order.serial, -3650, "reversal")
    assert (other.serial, other.kind, other.note) == ("20261124090000000001", "payment", NUMBER)
    assert paid.at == datetime(2026, 11, 24, 1, 3, tzinfo=UTC)
    for damaged in (
        text.replace(",,3,", ",,2,"),
        text.replace(",,,108,", ",,,107,"),
        text[:-30],
        text.replace("工费", "?"),
    ):
        with pytest.raises((DecodeError, UnmappedCode)):
            rows(damaged)


@pytest.mark.parametrize(
    ("status", "code"), [(401, ErrorCode.UPS_AUTH), (404, ErrorCode.FILE_LATE), (503, ErrorCode.UPS_UNAVAILABLE)]
)
def test_day_file_that_is_not_there_is_told_by_its_status(status, code):
    with pytest.raises(Refused) as refused:
        read("day.file", HttpResponse(status, {}, b"<html>"))
    assert refused.value.code is code
