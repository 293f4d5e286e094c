"""Every message of the identity gateway, both ways, byte for byte. UPDATE_GOLDENS=1 writes the files: review them."""

from __future__ import annotations

import base64
import json
import os
from datetime import date
from pathlib import Path

import pytest

from adapters.idv.adapter import IdvAdapter
from hub.domain.party import DocumentType
from hub.sdk import Env
from hub.wire import crypto
from hub.wire.exchange import HttpRequest, HttpResponse
from tests.integration.idv_hub import CONFIG, HOUSEHOLD, MAPPINGS, SELLER, START, query

FOLDER = Path(__file__).parent / "idv"
ADAPTER = IdvAdapter("idv", CONFIG)
ENV = Env(now=START, config=ADAPTER.config, session={"secret": "TEST-REQUEST", "refresh": "TEST-REFRESH"})
FIRM = query("嘉兴南湖示例科技有限公司", "91330402MA28A12323", DocumentType.USCC)
DATES = {"valid_from": date(2020, 1, 1), "valid_until": date(2040, 1, 1)}
REQUESTS = {
    "token.key": ("token.key", None),
    "token.secret": ("token.secret", None),
    "idcard.verify": ("idcard.verify", query()),
    "idcard.verify-dates": ("idcard.verify", query(document=DATES)),
    "idcard.verify-rare": ("idcard.verify", query("龚䶮", "33040219900101102x")),
    "idcard.photoCompare": ("idcard.photoCompare", query(photo=b"\xff\xd8\xff\xfe\x00\x04..\xff\xd9")),
    "population.household": ("population.household", query(purpose=HOUSEHOLD)),
    "residence.permit": ("residence.permit", query("黄港生", "810000199001010156", DocumentType.HMT_RESIDENCE)),
    "entexit.verify": ("entexit.verify", query("JOHN SMITH", "P12345678", DocumentType.PASSPORT)),
    "enterprise.base": ("enterprise.base", FIRM),
    "licence.get": ("licence.get", query(material="ID_CARD")),
    "realestate.holdings": ("realestate.holdings", query("李建国", SELLER)),
}
FILE = b"%PDF-1.7 synthetic"
PAIR = {
    "requestSecret": "A" * 32,
    "requestSecretEndTime": 1795486500000,
    "refreshSecret": "B" * 32,
    "refreshSecretEndTime": 1795658400000,
}
HELD = {"BDCDYH": "330402001001GB00001F00010001", "BDCQZH": "浙(2024)嘉兴市不动产权第0012345号", "ZL": "中山东路100号"}
MEMBER = {"name": "李**", "idNo": "330402********0012", "relation": "20"}
LICENCE = {
    "licenceNo": "1.2.156.3005.2.10001.000001",
    "issuer": "嘉兴市公安局(模拟)",
    "fileType": "pdf",
    "file": base64.b64encode(FILE).decode(),
    "sm3": crypto.sm3(FILE).hex(),
}
FIRM_DATA = {"name": "嘉兴南湖示例科技有限公司", "legalRep": "李建国", "status": "存续", "address": "模拟路1号"}
REPLIES = {
    "token.key": PAIR,
    "token.secret": PAIR,
    "idcard.verify": {"result": "01"},
    "idcard.verify-different": {"result": "02"},
    "idcard.verify-absent": {"result": "03"},
    "idcard.verify-cancelled": {"result": "04"},
    "idcard.photoCompare": {"score": 92},
    "population.household": {"members": [MEMBER, {**MEMBER, "relation": "77"}], "address": "建设街道***"},
    "population.household-none": None,
    "residence.permit": {"result": "01"},
    "entexit.verify": {"result": "01"},
    "enterprise.base": FIRM_DATA,
    "enterprise.base-closed": {**FIRM_DATA, "status": "注销"},
    "enterprise.base-revoked": {**FIRM_DATA, "status": "吊销"},
    "enterprise.base-none": None,
    "licence.get": LICENCE,
    "licence.get-none": None,
    "realestate.holdings": [HELD, {**HELD, "BDCDYH": "330402001001GB00001F00010002"}],
}
REFUSALS = ("01", "02", "03", "12", "18", "19", "99")


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


def answered(code, data, *, as_object=False):
    inner = "" if data is None else data if as_object else json.dumps(data, ensure_ascii=False)
    count = len(data) if isinstance(data, list) else int(data is not None)
    body = {"code": code, "msg": "", "datas": inner, "dataCount": count, "requestId": "f" * 32}
    return HttpResponse(200, {}, json.dumps(body, ensure_ascii=False).encode())


def read(message, response):
    tree = ADAPTER.decode(message, response, ENV)
    return tree, MAPPINGS.reply(message)(tree, ENV).model_dump(mode="json", exclude_defaults=True)


@pytest.mark.parametrize("name", sorted(REQUESTS))
def test_request_is_written_as_ever(name):
    message, source = REQUESTS[name]
    tree = MAPPINGS.request(message)(source, ENV)
    compare(f"{name}.request.json", as_json(tree))
    compare(f"{name}.request.http", as_http(ADAPTER.encode(message, tree, ENV, None)))


@pytest.mark.parametrize("name", sorted(REPLIES))
def test_reply_is_read_as_ever(name):
    response = answered("00", REPLIES[name])
    tree, reply = read(name.partition("-")[0], response)
    compare(f"{name}.reply.http", as_http(response))
    compare(f"{name}.reply.json", as_json({"tree": tree, "reply": reply}))


@pytest.mark.parametrize("name", sorted(name for name, data in REPLIES.items() if isinstance(data, dict)))
def test_reply_with_an_object_in_datas_reads_like_the_one_with_a_text(name):
    message = name.partition("-")[0]
    assert read(message, answered("00", REPLIES[name], as_object=True)) == read(message, answered("00", REPLIES[name]))


@pytest.mark.parametrize("code", REFUSALS)
def test_refusal_is_read_as_ever(code):
    response = answered(code, None)
    tree, reply = read("idcard.verify", response)
    compare(f"idcard.verify-code-{code}.reply.http", as_http(response))
    compare(f"idcard.verify-code-{code}.reply.json", as_json({"tree": tree, "reply": reply}))


def test_folder_holds_no_golden_that_nothing_makes():
    made = {f"{name}.request.{end}" for name in REQUESTS for end in ("json", "http")}
    replies = (*REPLIES, *(f"idcard.verify-code-{code}" for code in REFUSALS))
    made |= {f"{name}.reply.{end}" for name in replies for end in ("json", "http")}
    assert {path.name for path in FOLDER.iterdir()} == made
