"""Every row of the exchange tables, both ways. UPDATE_GOLDENS=1 writes the files anew: review them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from adapters.realty.adapter import RealtyAdapter
from hub.engine.evidence import record_of
from hub.sdk import Env
from hub.sdk.context import Call
from hub.wire.exchange import Phase, TableResponse
from tests.integration.realty_desk import MAPPINGS, START, UNIT, document, material, order_of, party, query

FOLDER = Path(__file__).parent / "realty"
ADAPTER = RealtyAdapter("realty", {"database_url": "sqlite:///front.db", "exchange_dir": "/exchange"})
ENV = Env(now=START, config=ADAPTER.config, params={"qxdm": "330402"})
PDF = b"%PDF-1.7 synthetic"
SHARES = [
    {**party("王秀兰", "330402195203140024"), "mode": "shares", "share": "1/3", "mobile": "13800138000"},
    {**party("阿卜杜热西提·𠅤𬭎䶮", "33040219700101001X"), "mode": "shares", "share": "1/6"},
    {**party("JOHN SMITH", "E12345678", "PASSPORT"), "mode": "shares", "share": "1/2"},
]
KEY, OTHER = "eda8035f28fc0bf06e6c1b90432c9e71", "d506f76f47c894376b6274ef8bcf97a2"


def requests():
    """Every request by the name of its golden file: message, source, values of a request without a mapping."""
    order = order_of()
    files = (material(PDF), material(PDF, "RE_CERT", "two").with_(file_name="证.JPG"))
    several = order_of(form={"owners": SHARES, "designated_holder": party("JOHN SMITH", "E12345678", "PASSPORT")})
    return {
        "apply": ("apply", order, {}),
        "apply-several": ("apply", several.with_(linked=("water", "power", "gas", "catv"), evidence=files), {}),
        "apply-company": ("apply", order_of(audience="enterprise"), {}),
        "progress": ("progress", order, {}),
        "cancel": ("cancel", order, {}),
        "supplement": ("supplement", order.with_(evidence=files[:1]), {}),
        "holdings-unit": ("holdings", query(account_no=UNIT), {}),
        "holdings-document": ("holdings", query(document=document("33040219700101001X")), {}),
        "noted": ("noted", None, {"QZ_JD": (KEY,), "QZ_JG": (KEY,)}),
        "pushes": ("pushes", None, {}),
        "settle": ("settle", None, {"QZ_TS": (KEY, OTHER)}),
        "check": ("check", None, {}),
    }


SQ = {
    "BSM": KEY, "SLBH": "26112433040200000101", "QXDM": "330402", "DJLX": "200", "DJYY": "买卖", "BDCDYH": UNIT,
    "BDCQZH": "浙(2024)嘉兴市不动产权第0012345号", "ZL": "嘉兴市建设街道中山东路100号1幢2单元301室", "HTBH": "JX2026110012345",
    "QDJG": 128.5, "SQSJ": "2026-11-24 09:00:00", "LBSX": "S,D", "HZMC": "王秀兰", "HZZJZL": "1", "HZZJH": "330402195203140024",
    "DLRMC": " ", "DLRZJZL": " ", "DLRZJH": " ", "DLRDH": " ", "JHBZ": "2", "JHCS": 1, "SBYY": " ", "CXBZ": "0", "BZBZ": "0",
}  # fmt: skip
QS = {
    "BSM": KEY, "BDCDYH": UNIT, "BDCQZH": "浙（2024）嘉兴市不动产权第0012345号", "ZL": "建设街道中山东路100号1幢2单元301室", "QLRMC": "李建国",
    "ZJZL": "1", "ZJH": "330402198801010012", "GYFS": "0", "QLBL": " ", "JZMJ": 89.5, "YT": "住宅", "CFZT": "0", "DYZT": "0",
    "GXSJ": "2026-11-24 09:03:00",
}  # fmt: skip
TS = {
    "BSM": KEY, "YWH": "BDC2026112400001", "QXDM": "330402", "BDCDYH": UNIT, "BDCQZH": "浙（2024）嘉兴市不动产权第0012345号",
    "ZL": "建设街道中山东路100号1幢2单元301室", "YWRMC": "李建国", "QLRMC": "王秀兰", "ZJZL": "1", "ZJH": "33040219700101001x",
    "DH": "13800138000", "LBSX": "S,G", "SQTY": "1", "JDDM": "50", "JDSJ": "2026-11-24 09:03:00", "DBSJ": "2026-11-24 09:03:00", "JHBZ": "1",
}  # fmt: skip
JG = {
    "BSM": OTHER, "SQBSM": KEY, "YWH": "BDC2026112400001", "BDCDYH": UNIT, "BDCQZH": "浙（2026）嘉兴市不动产权第0090001号",
    "DBSJ": "2026-11-24 10:28:00", "DZZZBH": "1.2.156.3005.2.11100000MB0001.2026112400001", "WJLJ": "out/BDC2026112400001.pdf",
    "SM3": "c510fc68d1af464f847b0822b807a8c3fe1368d66a576bffa7e72eaaff1f52c6", "JHBZ": "0",
}  # fmt: skip


def node(code, at, opinion=" ", flag="2", number=1):
    return {
        "BSM": f"{number:032d}",
        "SQBSM": KEY,
        "YWH": "BDC2026112400001    ",
        "JDDM": code,
        "JDSJ": at,
        "YJ": opinion,
        "JHBZ": flag,
    }


ACCEPTED = node("10", "2026-11-24 09:03:00", "受理")
ENTERED = node("50", "2026-11-24 10:28:00", "登簿", "0", 2)
ISSUED = node("70", "2026-11-24 11:18:00", "发证", "0", 3)
REPLIES = {
    "progress-waiting": ((({**SQ, "JHBZ": "0"}),), (), ()),
    "progress-accepted": ((SQ,), (ACCEPTED,), ()),
    "progress-entered": ((SQ,), (ENTERED, ACCEPTED), ()),
    "progress-half": ((SQ,), (ACCEPTED, ENTERED, ISSUED), ()),
    "progress-issued": ((SQ,), (ACCEPTED, ENTERED, ISSUED), (JG,)),
    "progress-returned": ((SQ,), (ACCEPTED, node("21", "2026-11-24 09:15:00", "请补充清晰的购房合同")), ()),
    "progress-answered": (({**SQ, "BZBZ": "1"},), (ACCEPTED, node("21", "2026-11-24 09:15:00")), ()),
    "progress-withdrawn": (({**SQ, "CXBZ": "2"},), (node("91", "2026-11-24 09:20:00", "申请人撤回"),), ()),
    "progress-refused": (({**SQ, "JHBZ": "3", "SBYY": "合同未网签备案：请先备案"},), (), ()),
    "progress-absent": ((), (), ()),
    "holdings": ((QS, {**QS, "BSM": OTHER, "DYZT": "1", "QLRMC": "钱福", "ZJH": "330402580314123"}),),
    "holdings-none": ((),),
    "pushes": (2, (TS, {**TS, "BSM": OTHER}, {**TS, "BSM": "9" * 32, "YWH": "BDC9", "JDDM": "91", "JHBZ": "2"},
                   {**TS, "BSM": "8" * 32, "YWH": "BDC9", "JDSJ": "2026-11-24 09:00:00"})),
    "apply": (1, 1, 1),
    "apply-duplicate": "duplicate",
    "apply-value": "value",
    "cancel": (1,),
    "supplement": (1, 1),
}  # fmt: skip


def compare(name, value):
    """Compare with the golden file, or write it."""
    path, data = FOLDER / name, (json.dumps(value, ensure_ascii=False, indent=1, default=str) + "\n").encode()
    if os.environ.get("UPDATE_GOLDENS") == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    assert path.read_bytes() == data


@pytest.mark.parametrize("name", sorted(requests()))
def test_request_is_written_as_ever(name):
    message, source, values = requests()[name]
    mapped = ADAPTER.spec.messages[message].request
    tree = MAPPINGS.request(message)(source, ENV) if mapped else values
    request = ADAPTER.encode(message, tree, ENV, bytes)
    call = Call(message, effect=False, started_at=START, phase=Phase.PREPARED, request=request)
    if mapped:
        compare(f"{name}.request.json", tree)
    compare(f"{name}.rows.json", record_of(call, secret=False).request)


@pytest.mark.parametrize("name", sorted(REPLIES))
def test_reply_is_read_as_ever(name):
    message, given = name.partition("-")[0], REPLIES[name]
    response = TableResponse(refused=given) if isinstance(given, str) else TableResponse(given)
    tree = ADAPTER.decode(message, response, ENV)
    compare(f"{name}.reply.json", MAPPINGS.reply(message)(tree, ENV).model_dump(mode="json", exclude_defaults=True))


def test_no_golden_file_is_left_over():
    mapped = {name for name, (message, *_) in requests().items() if ADAPTER.spec.messages[message].request}
    names = {f"{name}.request" for name in mapped} | {f"{name}.rows" for name in requests()}
    expected = {f"{name}.json" for name in names | {f"{name}.reply" for name in REPLIES}}
    assert {path.name for path in FOLDER.iterdir()} == expected
