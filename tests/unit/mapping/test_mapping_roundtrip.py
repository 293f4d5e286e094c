"""What a request writes, a reply with the same spellings reads back: for any order, any amount, any moment."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.form import OrderForm
from hub.domain.party import DocumentType, IdentityDocument, Person
from hub.errors import EncodeError
from hub.mapping import Env, build_set
from hub.mapping.functions import Refused
from hub.mapping.moments import Reader, parse_format

SET = {
    "codes.yaml": """
tables:
  id_type:
    both: {RIC: "0", USCC: "9", PASSPORT: "1", HM_PERMIT: "2", TW_PERMIT: "3", HMT_RESIDENCE: "4", FPR: "5", HOUSEHOLD: "6"}
""",
    "m.request.yaml": """
mapping: m
direction: request
source: ServiceOrder
charset: gb18030
zone: Asia/Shanghai
fields:
  H.LSH: serial
  B.NAME: {from: applicant.name, max_bytes: 480}
  B.TYPE: {from: applicant.document.type, table: id_type}
  B.NO: form.account_no
  B.YUAN: {from: form.amount, fn: yuan}
  B.FEN: {from: form.amount, fn: fen, pad: {width: 14, fill: "0", side: left}}
  B.WAN: {from: form.amount, fn: wan}
  B.DAY: {from: form.start_date, format: "%Y%m%d"}
  B.AT: {from: submitted_at, format: "%Y-%m-%d %H:%M:%S"}
  B.IDS: form.bill_ids
  B.L.E: {each: evidence, fields: {N: material, S: {from: size, fn: fen}}}
""",
    "m.reply.yaml": """
mapping: m
direction: reply
target: Reply
zone: Asia/Shanghai
fields:
  serial: H.LSH
  note: B.NAME
  opinion: {from: B.TYPE, table: id_type}
  contract_no: B.NO
  arrears_fen: {from: B.YUAN, fn: yuan}
  balance_fen: {from: B.FEN, fn: fen}
  fee_due_fen: {from: B.WAN, fn: wan}
  planned: {from: B.DAY, format: "%Y%m%d"}
  event_time: {from: B.AT, format: "%Y-%m-%d %H:%M:%S"}
  missing: B.IDS
  bills: {each: B.L.E, fields: {bill_id: N, total_fen: {from: S, fn: fen}}}
""",
}
MAPPINGS = build_set("s", SET)
names = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=120)
moments = st.datetimes(datetime(1991, 1, 1), datetime(2099, 1, 1)).map(lambda t: t.replace(microsecond=0, tzinfo=UTC))


@given(
    name=names,
    kind=st.sampled_from(DocumentType),
    amount=st.none() | st.integers(1, 10**12),
    day=st.none() | st.dates(date(1900, 1, 1), date(2100, 1, 1)),
    at=moments,
    account=st.none() | st.from_regex(r"[0-9A-Za-z]{4,32}", fullmatch=True),
    ids=st.none() | st.lists(st.from_regex(r"[0-9]{1,9}", fullmatch=True), max_size=4).map(tuple),
    sizes=st.lists(st.integers(0, 10**9), max_size=3),
)
def test_a_symmetric_mapping_loses_nothing(order, env, name, kind, amount, day, at, account, ids, sizes):
    evidence = tuple(order.evidence[0].with_(size=size, material=f"M{size}") for size in sizes)
    given_order = order.with_(
        applicant=Person(name=name, document=IdentityDocument(type=kind, number="1")),
        form=OrderForm(account_no=account, amount=amount, start_date=day, bill_ids=ids),
        submitted_at=at,
        evidence=evidence,
    )
    reply = MAPPINGS.reply("m")(MAPPINGS.request("m")(given_order, env), env)
    assert (reply.serial, reply.note, reply.opinion) == (order.serial, name, kind.value)
    assert (reply.arrears_fen, reply.balance_fen, reply.fee_due_fen) == (amount, amount, amount)
    assert (reply.planned, reply.event_time, reply.contract_no) == (day, at, account)
    assert reply.missing == (ids or ())
    assert [(bill.bill_id, bill.total_fen) for bill in reply.bills] == [(f"M{s}", s) for s in sizes]


@given(name=names, most=st.integers(1, 120), charset=st.sampled_from(["gbk", "gb18030", "utf-8", "utf-16-le"]))
def test_a_limit_lets_pass_exactly_what_fits(order, env, name, most, charset):
    text = (
        "mapping: m\ndirection: request\nsource: ServiceOrder\n"
        f"charset: {charset}\nfields:\n  A: {{from: applicant.name, max_bytes: {most}}}"
    )
    write = build_set("s", {"m.request.yaml": text}).request("m")
    one = order.with_(applicant=order.applicant.with_(name=name))
    try:
        fits = len(name.encode(charset)) <= most
    except UnicodeEncodeError:
        fits = False
    if fits:
        assert write(one, env) == {"A": name}
    else:
        with pytest.raises(EncodeError):
            write(one, env)


_directives = ["%m", "%d", "%H", "%M", "%S"]
_formats = st.permutations(_directives).flatmap(
    lambda order: st.lists(
        st.sampled_from(["", "-", "/", " ", "年", "{", "}", "'", '"', "%%", "v."]), min_size=6, max_size=6
    ).map(lambda gaps: "%Y" + "".join(gap + part for gap, part in zip(gaps, order, strict=False)) + gaps[-1])
)


@given(_formats, moments, st.sampled_from(["Asia/Shanghai", "UTC"]))
def test_any_format_reads_what_it_writes(form, at, zone):
    text = f"""
mapping: m
direction: request
source: none
fields:
  A: {{from: $now, zone: {zone}, format: {form!r}}}
"""
    if "'" in form:
        text = text.replace(repr(form), '"' + form.replace('"', '\\"') + '"')
    tree = build_set("s", {"m.request.yaml": text}).request("m")(None, Env(now=at))
    assert Reader(parse_format(form), zone, only_date=False)(tree["A"]) == at


@given(st.text(max_size=20))
def test_a_reader_takes_only_what_matches(text):
    reader = Reader(parse_format("%Y%m%d"), None, only_date=True)
    try:
        found = reader(text)
    except Refused:
        return
    assert f"{found.year:04d}{found.month:02d}{found.day:02d}" == text


def test_microseconds_are_not_invented():
    moment = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(microseconds=999_999)
    text = "mapping: m\ndirection: request\nsource: none\nfields:\n  A: {from: $now, zone: UTC, format: '%Y-%m-%d %H:%M:%S'}"
    assert build_set("s", {"m.request.yaml": text}).request("m")(None, Env(now=moment)) == {"A": "2026-03-01 00:00:00"}
