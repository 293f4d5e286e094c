"""Every message of the power platform, both ways, byte for byte. UPDATE_GOLDENS=1 writes the files anew: review them."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest

from adapters.power.adapter import PowerAdapter
from hub.domain.evidence import Evidence
from hub.domain.order import DayQuery, EvidencePart, FileNames
from hub.domain.party import DocumentType, IdentityDocument
from hub.sdk import Env
from hub.wire import crypto
from hub.wire.exchange import HttpRequest, HttpResponse
from tests.integration.power_hub import (
    DEBTOR,
    DEMO,
    ITEMS,
    MAPPINGS,
    PARAMS,
    PDF,
    START,
    fake_config,
    fixed_draw,
    order_of,
    plain_reply,
    query,
    sealed,
)

FOLDER = Path(__file__).parent / "power"
ADAPTER = PowerAdapter("power", fake_config("https://power.example"))
APP_NO, CHARGE, FILE_ID = 3304261124000001, "20261124000000000001", "0123456789abcdef" * 2
AT = {"nodeCode": "01", "nodeTime": "20261124100000"}
TSV = (
    "chargeId\tchannelSerial\tbizType\tconsNo\tappNo\tamt\tbizTime\torigChargeId\n"
    f"{CHARGE}\t26112433040200000101\t01\t{DEBTOR}\t\t18650\t20261124100000\t\n"
    f"20261124000000000002\t26112433040200000101\t02\t{DEBTOR}\t\t-18650\t20261124110000\t{CHARGE}\n"
)
FILE = gzip.compress(TSV.encode(), mtime=0)


def env(**values):
    session = {"token": "TEST-TOKEN"}
    return Env(now=START, config=ADAPTER.config, params=PARAMS, session=session, vars=values)


def submit(item):
    url = "https://hub.example/callbacks/power"
    return FileNames(order=order_of(item.code), file_ids=(FILE_ID,), callback_url=url)


EVIDENCE = Evidence(material="ID_CARD", file_name="id_card.pdf", size=len(PDF), sm3=crypto.sm3(PDF).hex(), ref="one")
KNOWN = order_of("JX6-ELE-05", provider_ref=str(APP_NO))
DOCUMENT = IdentityDocument(type=DocumentType.RIC, number="330402195203140024")
REQUESTS = {
    "token": ("token", None),
    "token-refresh": ("token", None),
    "ping": ("ping", None),
    "consumer.query-account": ("consumer.query", query(account_no=DEMO)),
    "consumer.query-document": ("consumer.query", query(document=DOCUMENT)),
    "bill.arrears": ("bill.arrears", query(account_no=DEBTOR, period="202610")),
    "attach.presign": (
        "attach.presign",
        EvidencePart(order=KNOWN, evidence=EVIDENCE, index=1, count=1, content=PDF),
    ),
    "app.query-number": ("app.query", KNOWN),
    "app.query-serial": ("app.query", order_of("JX6-ELE-05")),
    "app.cancel": ("app.cancel", KNOWN),
    "app.supplement": ("app.supplement", FileNames(order=KNOWN, file_ids=(FILE_ID,))),
    "pay.writeoff": ("pay.writeoff", order_of("JX6-ELE-15")),
    "pay.fee": ("pay.fee", KNOWN.with_(form=KNOWN.form.with_(amount=12600, pay_channel="WECHAT"))),
    "pay.reverse": ("pay.reverse", order_of("JX6-ELE-15", provider_ref=CHARGE)),
    "recon.file": ("recon.file", DayQuery(serial="3" * 20, request_id="e" * 32, day=START.date())),
    **{
        f"app.submit-{item.code}": ("app.submit", submit(item))
        for item in ITEMS
        if item.upstream.operation.startswith("app/submit")
    },
}
NODE = {"nodeCode": "01", "nodeName": "受理", "nodeTime": "20261124100000", "remark": ""}
ORDER = {
    "found": True,
    "appNo": APP_NO,
    "outerNo": KNOWN.serial,
    "appTypeCode": "210",
    "consNo": DEMO,
    **AT,
    "nodes": [NODE],
    "rejectCode": "",
    "rejectReason": "",
    "arrearsAmt": 0,
    "cancelFlag": "0",
    "planDate": "20261125",
    "effectDate": "",
    "contractNo": "",
    "feeAmt": 0,
    "feePaid": 0,
}
ACCOUNT = {
    "consNo": DEMO,
    "consNoOld": "0012345678",
    "consName": "李建国",
    "elecAddr": "嘉兴市建设街道中山东路100号",
    "orgNo": "330402001",
    "elecTypeCode": "200",
    "contractCap": "8",
    "voltCode": "AC00220",
    "statusCode": "0",
    "arrears": 0,
    "prepayBal": 1350,
    "openAppNo": None,
}
BILL = {"rcvblYm": "202610", "rcvblAmt": 9650, "rcvedAmt": 5000, "penaltyAmt": 120, "settleFlag": "02"}
REPLIES = {
    "token": {"accessToken": "A" * 32, "refreshToken": "B" * 32, "expiresIn": 7200, "refreshExpiresIn": 86400},
    "ping": {"found": False},
    "consumer.query": {"total": 1, "consumers": [ACCOUNT]},
    "bill.arrears": {"consNo": DEBTOR, "totalAmt": 4770, "prepayBal": 0, "bills": [BILL]},
    "attach.presign": {"uploadUrl": f"https://files.example/{FILE_ID}?ticket=1", "fileId": FILE_ID},
    "app.submit": {"appNo": APP_NO, "consNo": DEMO, **AT, "planDate": "20261125"},
    "app.query": ORDER,
    "app.query-absent": {"found": False},
    "app.query-fee": {**ORDER, "nodeCode": "04", "feeAmt": 12600},
    "app.query-fee-paid": {**ORDER, "nodeCode": "04", "feeAmt": 12600, "feePaid": 12600},
    "app.query-returned": {**ORDER, "nodeCode": "08", "rejectCode": "20003", "arrearsAmt": 4320},
    "app.query-done": {**ORDER, "nodeCode": "06", "contractNo": "HT0001", "effectDate": "20261201"},
    "app.query-rejected": {**ORDER, "nodeCode": "07", "rejectCode": "S01", "rejectReason": "现场不具备条件"},
    "app.query-cancelled": {**ORDER, "nodeCode": "07", "cancelFlag": "1"},
    "app.cancel": {"appNo": APP_NO, "cancelled": True, **AT, "nodeCode": "07"},
    "app.cancel-late": {"appNo": APP_NO, "cancelled": False, **AT, "nodeCode": "05"},
    "app.supplement": {"appNo": APP_NO, "accepted": True, **AT, "nodeCode": "02"},
    "app.supplement-unasked": {"appNo": APP_NO, "accepted": False, **AT, "nodeCode": "05"},
    "pay.writeoff": {
        "chargeId": CHARGE,
        "paidAmt": 4770,
        "prepayBal": 0,
        "settled": [{"rcvblYm": "202610", "amt": 4770, "settleFlag": "03"}],
    },
    "pay.fee": {"chargeId": CHARGE, "paidAmt": 12600, "prepayBal": 0, "settled": []},
    "pay.reverse": {"chargeId": CHARGE, "reversedAmt": 4770, "reverseTime": "20261124110000"},
    "recon.file": {
        "url": "https://files.example/recon",
        "fileName": "recon_20261124.tsv.gz",
        "sm3": crypto.sm3(FILE).hex(),
        "count": 2,
    },
}
REFUSALS = {
    "app.submit-10001": (10001, {"field": "contact.mobile", "rule": "pattern"}),
    "app.submit-20003": (20003, {"arrearsAmt": 18650}),
    "app.submit-20004": (20004, {"appNo": APP_NO, "appTypeCode": "510"}),
    "app.submit-20006": (20006, {"orgNo": "330411001"}),
    "app.submit-30003": (30003, {"openTime": "20261201060000"}),
}


def compare(name, data):
    """Compare with the golden file, or write it."""
    path = FOLDER / name
    if os.environ.get("UPDATE_GOLDENS") == "1":
        path.write_bytes(data)
    assert path.read_bytes() == data


def as_json(value):
    return (json.dumps(value, ensure_ascii=False, indent=1, default=str) + "\n").encode()


def as_http(message):
    if isinstance(message, HttpRequest):
        start, headers = f"{message.method} {message.url}", message.headers
    else:
        start, headers = f"HTTP {message.status}", tuple(message.headers.items())
    lines = [start, *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\n".join(lines).encode() + message.body + b"\n"


@pytest.mark.parametrize("name", sorted(REQUESTS))
def test_request_is_written_as_ever(name):
    message, source = REQUESTS[name]
    surroundings = env(refresh_token="B" * 32) if name == "token-refresh" else env(request_id="a" * 32)
    tree = MAPPINGS.request(message)(source, surroundings)
    compare(f"{name}.request.json", as_json(tree))
    compare(f"{name}.request.http", as_http(ADAPTER.encode(message, tree, surroundings, fixed_draw())))


@pytest.mark.parametrize("name", sorted(REPLIES) + sorted(REFUSALS))
def test_reply_is_read_as_ever(name):
    message = name.partition("-")[0]
    code, data = REFUSALS[name] if name in REFUSALS else (1, REPLIES[name])
    body = {"code": code, "message": "", "data": data, "traceId": "f" * 32}
    response = plain_reply(json.dumps(body).encode()) if message == "token" else sealed(body)
    tree = ADAPTER.decode(message, response, env())
    reply = MAPPINGS.reply(message)(tree, env()).model_dump(mode="json", exclude_defaults=True)
    compare(f"{name}.reply.http", as_http(response))
    compare(f"{name}.reply.json", as_json({"tree": tree, "reply": reply}))


def test_day_file_is_fetched_and_read_as_ever():
    surroundings = env(sm3=crypto.sm3(FILE).hex(), count="2")
    request = ADAPTER.encode("recon.download", {"url": "https://files.example/recon"}, surroundings, fixed_draw())
    tree = ADAPTER.decode("recon.download", HttpResponse(200, {}, FILE), surroundings)
    reply = MAPPINGS.reply("recon.download")(tree, surroundings).model_dump(mode="json", exclude_defaults=True)
    compare("recon.download.request.http", as_http(request))
    compare("recon.download.reply.tsv", TSV.encode())
    compare("recon.download.reply.json", as_json({"tree": tree, "reply": reply}))


def test_folder_holds_no_golden_that_nothing_makes():
    made = {f"{name}.request.{end}" for name in REQUESTS for end in ("json", "http")}
    made |= {f"{name}.reply.{end}" for name in (*REPLIES, *REFUSALS) for end in ("json", "http")}
    made |= {f"recon.download.{end}" for end in ("request.http", "reply.tsv", "reply.json")}
    assert {path.name for path in FOLDER.iterdir()} == made
