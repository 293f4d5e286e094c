"""Every message of the water companies, both ways, byte for byte. UPDATE_GOLDENS=1 writes the files anew: review them."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import pytest
from lxml import etree

from adapters.water.adapter import WaterAdapter
from hub.domain.order import EvidencePart, OutputQuery
from hub.domain.party import DocumentType, IdentityDocument
from hub.sdk import Env
from hub.wire.exchange import HttpRequest, HttpResponse
from tests.integration.water_hub import (
    ACCEPTED,
    ACCOUNTS,
    COMPANIES,
    MAPPINGS,
    START,
    day_query,
    material,
    order_of,
    payment,
    query,
)

FOLDER = Path(__file__).parent / "water"
ADAPTERS = {
    name: WaterAdapter("water", {"base_url": "http://water.example", "dialect": name, "sign_key": "TEST-KEY"})
    for name in COMPANIES
}
NUMBER = "W2026112400001"
PDF = b"%PDF-1.7 synthetic"
DOCUMENT = IdentityDocument(type=DocumentType.RIC, number="330402195203140024")


def requests(dialect):
    """Every request by the name of its golden file: message, source, further values."""
    account = ACCOUNTS[dialect]
    order = order_of("JX6-WAT-01", dialect)
    known = order.with_(provider_ref=NUMBER)
    files = (material(PDF), material(PDF, "TRANSFER_AGREEMENT", "two"))
    part = EvidencePart(order=order, evidence=files[0], index=1, count=1, content=PDF, provider_ref=NUMBER)
    fee = known.with_(form=known.form.with_(amount=68000, pay_channel="WECHAT"))
    return {
        "1001-account": ("1001", query(account_no=account), {}),
        "1001-document": ("1001", query(document=DOCUMENT), {}),
        "1001-meter": ("1001", query(meter_no=f"M{account}"), {}),
        "1002": ("1002", query(account_no=account, period="202610"), {}),
        "2001": ("2001", payment(account, dialect=dialect), {}),
        "2001-fee": ("2001", fee, {}),
        "2002": ("2002", payment(account, dialect=dialect), {}),
        "3002-number": ("3002", known, {}),
        "3002-serial": ("3002", order, {}),
        "3003": ("3003", known, {}),
        "3004": ("3004", part, {"file_no": "1"}),
        "3005": ("3005", known, {}),
        "3006": ("3006", OutputQuery(order=known, kind="contract", identifier="HT040126000001"), {}),
        "9001": ("9001", day_query(), {}),
        "3001-files": ("3001", order.with_(evidence=files), {}),
        **{f"3001-{code}": ("3001", order_of(code, dialect), {}) for code in ACCEPTED},
    }


DAILY = (
    "3|680.00\n"
    "20261124|26112433040200000101|0100020001|128.60|01|1\n"
    "20261124|R6112433040200000101|0100020001|-128.60|01|2\n"
    f"20261124|26112433040200000201|{NUMBER}|680.00|03|1\n"
)
PLAIN = {"A": "", "B": ""}
REPLIES = {
    "1001": {
        "A": "<YHLIST><YH><YHBH>0100012345</YHBH><YHMC>李建国</YHMC><ZJHM>330402********0012</ZJHM>"
        "<YSDZ>嘉兴市南湖区中山东路100号</YSDZ><YSXZ>01</YSXZ><SBKJ>20</SBKJ><BH>M0100012345</BH><YHZT>0</YHZT><RKS>3</RKS></YH>"
        "<YH><YHBH>0100020003</YHBH><YHMC>王喆垚</YHMC><ZJHM>330402********0039</ZJHM><YSDZ>中环西路1号</YSDZ>"
        "<YSXZ>02</YSXZ><SBKJ>80</SBKJ><BH/><YHZT>3</YHZT><RKS>1</RKS></YH></YHLIST>",
        "B": '"accounts":[{"accountNo":"0810012345","customerName":"王䶮","idNo":"330402********0012",'
        '"supplyAddress":"海宁市海洲路1号","useType":"01","meterSize":"20","meterNo":"M0810012345",'
        '"accountStatus":"1","memberCount":"3"}]',
    },
    "1002": {
        "A": "<QFJE>128.60</QFJE><ZDLIST><ZD><ZDYF>202609</ZDYF><SL>18</SL><SF>54.00</SF><PWF>17.10</PWF><WYJ>1.20</WYJ>"
        "<HJ>72.30</HJ></ZD><ZD><ZDYF>202610</ZDYF><SL>14</SL><SF>43.00</SF><PWF>13.30</PWF><WYJ>0.00</WYJ>"
        "<HJ>56.30</HJ></ZD></ZDLIST>",
        "B": '"arrears":"56.30","bills":[{"billMonth":"202610","volume":"14","waterFee":"43.00","sewageFee":"13.30",'
        '"penalty":"0.00","total":"56.30"}]',
    },
    "1002-none": {"A": "<QFJE>0.00</QFJE><ZDLIST/>", "B": '"arrears":"0.00","bills":[]'},
    "2001": {
        "A": "<PZH>P202611240000001</PZH><YE>0.00</YE>",
        "B": '"receiptNo":"P202611240000001","balance":"0.00"',
    },
    "2001-0010": {"A": "<QFJE>128.60</QFJE>", "B": '"arrears":"128.60"'},
    "2001-0011": {"A": "<PZH>P202611240000001</PZH>", "B": '"receiptNo":"P202611240000001"'},
    "2002": PLAIN,
    "3001": {"A": f"<SLBH>{NUMBER}</SLBH>", "B": f'"orderNo":"{NUMBER}"'},
    "3001-0001": PLAIN,
    "3001-0003": {"A": "<QFJE>128.60</QFJE>", "B": '"arrears":"128.60"'},
    "3001-0005": {"A": f"<SLBH>{NUMBER}</SLBH>", "B": f'"orderNo":"{NUMBER}"'},
    "3002": {
        "A": f"<SLBH>{NUMBER}</SLBH><YWLX>02</YWLX><YHBH/><BLZT>30</BLZT><BLYJ>请缴纳工程费用</BLYJ><HTBH/><ZSBH/>"
        "<DJFY>680.00</DJFY><SLSJ>2026-11-24 09:00:00</SLSJ><ZTSJ>2026-11-24 17:00:00</ZTSJ><BJSJ>1900-01-01 00:00:00</BJSJ>",
        "B": f'"orderNo":"{NUMBER}","businessType":"02","orderStatus":"30","opinion":"请缴纳工程费用","contractNo":"",'
        '"feeDue":"680.00","acceptTime":"2026-11-24 09:00:00","statusTime":"2026-11-24 17:00:00",'
        '"finishTime":"1900-01-01 00:00:00"',
    },
    "3002-done": {
        "A": f"<SLBH>{NUMBER}</SLBH><YWLX>01</YWLX><YHBH>0100012345</YHBH><BLZT>50</BLZT><BLYJ>已办结</BLYJ>"
        "<HTBH>HT040126000001</HTBH><ZSBH>JD26000001</ZSBH><DJFY>0.00</DJFY><SLSJ>2026-11-24 09:00:00</SLSJ>"
        "<ZTSJ>2026-11-25 10:30:00</ZTSJ><BJSJ>2026-11-25 10:30:00</BJSJ>",
        "B": f'"orderNo":"{NUMBER}","businessType":"01","accountNo":"0810012345","orderStatus":"50","opinion":"已办结",'
        '"contractNo":"HT048126000001","certificateNo":"JD26000001","feeDue":"0.00","acceptTime":"2026-11-24 09:00:00",'
        '"statusTime":"2026-11-25 10:30:00","finishTime":"2026-11-25 10:30:00"',
    },
    "3003": PLAIN,
    "3004": {"A": f"<FJID>{NUMBER}040001</FJID>", "B": f'"fileId":"{NUMBER}040001"'},
    "3005": {
        "A": f"<FJLIST><FJ><FJLX>04</FJLX><FJXH>1</FJXH><FJID>{NUMBER}040001</FJID><ZS>3</ZS><QSXH>2,3</QSXH><WZ>0</WZ></FJ>"
        f"<FJ><FJLX>12</FJLX><FJXH>2</FJXH><FJID>{NUMBER}120002</FJID><ZS>1</ZS><QSXH/><WZ>1</WZ></FJ></FJLIST>",
        "B": f'"attachments":[{{"fileType":"04","fileNo":"1","fileId":"{NUMBER}040001","chunkTotal":"0",'
        '"missingChunks":"*","complete":"0"}]',
    },
    "3006": {
        "A": f"<DJBH>HT040126000001</DJBH><WJM>HT040126000001.pdf</WJM><NR>{base64.b64encode(PDF).decode()}</NR>"
        f"<SM3>{'a' * 64}</SM3>",
        "B": f'"documentNo":"HT048126000001","fileName":"HT048126000001.pdf",'
        f'"content":"{base64.b64encode(PDF).decode()}","fileSm3":"{"b" * 64}"',
    },
    "9001": {
        "A": f"<WJM>0401_20261124.txt</WJM><NR>{base64.b64encode(DAILY.encode('gbk')).decode()}</NR>",
        "B": f'"fileName":"0481_20261124.txt","content":"{base64.b64encode(DAILY.encode()).decode()}"',
    },
}


def response(dialect, code, body):
    """A whole answer as the companies send it."""
    company = COMPANIES[dialect]
    if dialect == "A":
        head = f"<HEAD><RetCode>{code}</RetCode><RetMsg>成功</RetMsg><GSDM>{company}</GSDM><LSH>{'2' * 20}</LSH>"
        head += "<JYSJ>2026-11-24 09:00:00</JYSJ></HEAD>"
        inner = f'<?xml version="1.0" encoding="gb2312"?><ROOT>{head}<BODY>{body}</BODY></ROOT>'
    else:
        head = f'{{"companyCode":"{company}","serialNo":"{"2" * 20}","tradeTime":"2026-11-24 09:00:00"}}'
        inner = f'{{"result":"{code}","message":"成功","header":{head},"data":{{{body}}}}}'
    result = etree.Element("InvokeResult")
    result.text = inner
    charset, codec = {"A": ("gb2312", "gbk"), "B": ("utf-8", "utf-8")}[dialect]
    text = (
        f'<?xml version="1.0" encoding="{charset}"?>'
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
        f'<InvokeResponse xmlns="http://tempuri.org/">{etree.tostring(result, encoding="unicode")}</InvokeResponse>'
        "</soap:Body></soap:Envelope>"
    )
    return HttpResponse(200, {"content-type": f"text/xml; charset={charset}"}, text.encode(codec))


def env(dialect, values):
    return Env(now=START, config=ADAPTERS[dialect].config, params={"gsdm": COMPANIES[dialect]}, vars=values)


def compare(name, data):
    """Compare with the golden file, or write it."""
    path = FOLDER / name
    if os.environ.get("UPDATE_GOLDENS") == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
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


@pytest.mark.parametrize("dialect", COMPANIES)
@pytest.mark.parametrize("name", sorted(requests("A")))
def test_request_is_written_as_ever(dialect, name):
    message, source, values = requests(dialect)[name]
    surroundings = env(dialect, values)
    tree = MAPPINGS[dialect].request(message)(source, surroundings)
    compare(f"{dialect.lower()}/{name}.request.json", as_json(tree))
    request = ADAPTERS[dialect].encode(message, tree, surroundings, bytes)
    compare(f"{dialect.lower()}/{name}.request.http", as_http(request))


@pytest.mark.parametrize("dialect", COMPANIES)
@pytest.mark.parametrize("name", sorted(REPLIES))
def test_reply_is_read_as_ever(dialect, name):
    message, _, code = name.partition("-")
    answer = response(dialect, code if code.isdigit() else "0000", REPLIES[name][dialect])
    tree = ADAPTERS[dialect].decode(message, answer, env(dialect, {}))
    reply = MAPPINGS[dialect].reply(message)(tree, env(dialect, {})).model_dump(mode="json", exclude_defaults=True)
    compare(f"{dialect.lower()}/{name}.reply.http", as_http(answer))
    compare(f"{dialect.lower()}/{name}.reply.json", as_json(reply))


def test_no_golden_file_is_left_over():
    names = {f"{name}.request" for name in requests("A")} | {f"{name}.reply" for name in REPLIES}
    expected = {f"{folder}/{name}.{end}" for folder in "ab" for name in names for end in ("json", "http")}
    assert {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.*")} == expected
