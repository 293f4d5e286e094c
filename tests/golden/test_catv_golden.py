"""Every message of the BOSS, both ways, byte for byte. UPDATE_GOLDENS=1 writes the files anew: review them.

`.http` is what goes over the wire, `.xml` the document of a form as it reads before it is escaped.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest

from adapters.catv.adapter import CatvAdapter
from adapters.catv.codec import stamped
from hub.domain.party import DocumentType, IdentityAssertion, IdentityDocument
from hub.sdk import Env
from hub.wire.exchange import HttpRequest, HttpResponse
from tests.integration.catv_hub import MAPPINGS, ORDERED, START, acceptable, day_query, order_of, payment, query

FOLDER = Path(__file__).parent / "catv"
CONFIG = {
    "base_url": "http://boss.example", "operator": "OW0001", "password": "TEST-PASSWORD", "files_user": "onewindow",
    "files_password": "TEST-FILES", "branches": ["0402"],
}  # fmt: skip
ADAPTER = CatvAdapter("catv", CONFIG)
SESSION = {"id": "0123456789ABCDEF0123456789ABCDEF"}
PLACE = "嘉兴市建设街道中山东路100号1幢2单元301室"
NUMBER, RECEIPT = "04022026112400001", "R20261124000001"


def placed(order):
    place = order.form.new_address or order.address
    return order.with_(address=place.with_(standard_address_id="0123456789"))


def rare(order):
    """A name of four-byte characters and a point, and a number that ends with x."""
    document = IdentityDocument(type=DocumentType.RIC, number="33040219700101001X")
    check = IdentityAssertion(id="1", method="CARD_READER", level=2, verified_at=START, expires_at=START)
    person = order.applicant.with_(name="阿依·王䶮𬭎", document=document)
    return order.with_(applicant=person, assertion=check)


def requests():
    """Every request by the name of its golden file: message, source, further values."""
    fee = acceptable("JX6-CTV-04").with_(provider_ref=NUMBER)
    firm = placed(order_of("JX6-CTV-01", audience="enterprise"))
    agent = order_of("JX6-WAT-03", audience="enterprise").agent
    document = IdentityDocument(type=DocumentType.RIC, number="33040219700101001X")
    return {
        "BS1001": ("BS1001", None, {}),
        "BS2001-account": ("BS2001", query(account_no="330400012345"), {}),
        "BS2001-card": ("BS2001", query(meter_no="8100200300400501"), {}),
        "BS2001-document": ("BS2001", query(document=document), {}),
        "BS2002": ("BS2002", query(account_no="330400012345"), {}),
        "BS3001-firm": ("BS3001", firm.with_(agent=agent), {}),
        "BS3002-rare": ("BS3002", rare(order_of("JX6-CTV-03")), {}),
        **{each.operation: (each.operation, each, {}) for each in (placed(acceptable(code)) for code in ORDERED)},
        "BS4001": ("BS4001", payment(), {}),
        "BS4001-fee": ("BS4001", fee.with_(form=fee.form.with_(amount=10800, pay_channel="WECHAT")), {}),
        "BS4002": ("BS4002", payment().with_(provider_ref=RECEIPT), {}),
        "BS5001-number": ("BS5001", fee, {}),
        "BS5001-serial": ("BS5001", order_of("JX6-CTV-01"), {}),
        "BS5002": ("BS5002", fee, {}),
        "BS6001": ("BS6001", order_of("JX6-CTV-01"), {}),
        "BS6001-move": ("BS6001", order_of("JX6-CTV-04"), {}),
        "day.file": ("day.file", day_query(), {"branch": "0481"}),
    }


CUST = (
    "<CUST><CUSTNO>330400012345</CUSTNO><CUSTNAME>{name}</CUSTNAME><IDTYPE>身份证</IDTYPE><IDNO>{number}</IDNO>"
    "<MOBILE>13800138001</MOBILE><ADDRNAME>嘉兴市南湖区中山东路100号1幢2单元301室</ADDRNAME><STATE>正常</STATE></CUST>"
)
MADE = f"<ORDERNO>{NUMBER}</ORDERNO><STATE>{{state}}</STATE>"
ORDER = (
    f"<ORDER><ORDERNO>{NUMBER}</ORDERNO><SERVCODE>{{service}}</SERVCODE><SERIALNO>20261124000002000101</SERIALNO>"
    "<CUSTNO>330400012345</CUSTNO><STATE>{state}</STATE><STATETIME>2026/11/4 9:03</STATETIME>{more}</ORDER>"
)
STAMP, BACK = stamped(payment().serial, "3304", 1), stamped(payment().serial, "3304", 2)
# What comes back: RETURN, INFO, BODY.
REPLIES = {
    "BS1001": ("0", "", "<SESSIONID>0123456789ABCDEF0123456789ABCDEF</SESSIONID>"),
    "BS1001-1002": ("1002", "口令错误", ""),
    "BS1001-1003": ("1003", "操作员已锁定", ""),
    "BS2001": (
        "0", "", "<CUSTLIST>" + CUST.format(name="王䶮·𬭎", number="33040219700101001x")
        + CUST.format(name="李建国", number="330402880101001") + "</CUSTLIST>",
    ),
    "BS2001-2001": ("2001", "无此客户", ""),
    "BS2002": (
        "0", "",
        CUST.format(name="李建国", number="330402198801010012") + "<ARREARS>36.5</ARREARS><BALANCE>3</BALANCE>"
        "<BILLLIST><BILL><MONTH>202609</MONTH><AMOUNT>18.5</AMOUNT></BILL><BILL><MONTH>202610</MONTH><AMOUNT>18</AMOUNT></BILL>"
        "</BILLLIST><PRODLIST><PROD><PRODID>P1001</PRODID><NAME>基本收视</NAME><STATE>正常</STATE></PROD></PRODLIST>"
        "<DEVLIST><DEV><STBNO>8004001234567890</STBNO><CARDNO>8100200300400501</CARDNO><TERMTYPE>主</TERMTYPE><OWNER>租用</OWNER>"
        f"</DEV></DEVLIST><CONTRACTEND>2027/6/3</CONTRACTEND><LASTPAY><SERIALNO>{STAMP}</SERIALNO><RECEIPTNO>{RECEIPT}"
        "</RECEIPTNO><AMOUNT>12.5</AMOUNT><PAYTIME>2026/11/4 9:03</PAYTIME><STATE>正常</STATE></LASTPAY>",
    ),
    "BS2002-nothing": ("0", "", CUST.format(name="李建国", number="330402198801010012")),
    "BS3001": ("0", "", MADE.format(state="W0")),
    "BS3001-2005": ("2005", "地址未覆盖", ""),
    "BS3001-FIELD": ("-1", "参数错误:PRODNAME", ""),
    "BS3002": ("0", "合约由新户承接至2027/6/3", MADE.format(state="W3")),
    "BS3002-2003": ("2003", "欠费:36.5", ""),
    "BS3002-2006": ("2006", "违约金:108", ""),
    "BS3003": ("0", "副机随主机一并移机", MADE.format(state="W0") + "<FEE>108</FEE>"),
    "BS3003-2007": ("2007", "非本分公司", ""),
    "BS3004": ("0", "", MADE.format(state="W3")),
    "BS3004-2008": ("2008", "状态不允许", ""),
    "BS3004-3001": ("3001", "流水号重复", ""),
    "BS3005": ("0", "请开机等待授权刷新", MADE.format(state="W3")),
    "BS3006": ("0", "", MADE.format(state="W0")),
    "BS3006-2004": ("2004", "请归还机顶盒等设备", MADE.format(state="W0")),
    "BS3006-2006": ("2006", "违约金:108", MADE.format(state="W0") + "<FEE>108</FEE>"),
    "BS3007": ("0", "", MADE.format(state="W0")),
    "BS3007-2002": ("2002", "存在多个客户", ""),
    "BS4001": ("0", "", f"<RECEIPTNO>{RECEIPT}</RECEIPTNO><BALANCE>1.5</BALANCE>"),
    "BS4001-2003": ("2003", "欠费:108", ""),
    "BS4001-9999": ("9999", "系统忙", ""),
    "BS4002": ("0", "", f"<RECEIPTNO>{RECEIPT}</RECEIPTNO>"),
    "BS5001": ("0", "", ORDER.format(service="BS3003", state="W0", more="<FEE>108</FEE>")),
    "BS5001-done": ("0", "", ORDER.format(service="BS3001", state="W3", more="<CONTRACTNO>HT040211240001</CONTRACTNO>")),
    "BS5001-held": ("0", "", ORDER.format(service="BS3006", state="W0", more="<HOLD>2004</HOLD><REMARK>待还机</REMARK>")),
    "BS5001-none": ("0", "", ""),
    "BS5002": ("0", "", MADE.format(state="W5")),
    "BS6001": (
        "0",
        "",
        f"<ADDRLIST><ADDR><ADDRID>0123456789</ADDRID><ADDRNAME>{PLACE}</ADDRNAME><AREACODE>330402007</AREACODE></ADDR></ADDRLIST>",
    ),
}  # fmt: skip
FILE = (
    "流水号,操作员,客户编号,客户姓名,业务类型,金额,缴费方式,办理时间,收据号,工单号\r\n"
    f'="{STAMP}",OW0001,="330400020001","王,喆",缴费,36.5,微信,2026/11/4 9:03,{RECEIPT},\r\n'
    f'="{BACK}",OW0001,="330400020001","王,喆",冲正,-36.5,微信,2026/11/4 10:00,{RECEIPT},\r\n'
    f'="20261104090000000001",GT0001,="330400012345",李建国,工费,108,现金,2026/11/4 23:59,R20261104000002,="{NUMBER}"\r\n'
    "合计,,3,,,108,,,,\r\n"
)


def response(name):
    """A whole answer as the BOSS sends it: text/html that says GBK and is GB18030."""
    if name == "day.file":
        return HttpResponse(200, {"content-type": "text/csv"}, FILE.encode("gbk"))
    code, info, body = REPLIES[name]
    said = f"<INFO>{info}</INFO>" if info else "<INFO/>"
    head = f"<HEAD><SERVCODE>{name.partition('-')[0]}</SERVCODE><RETURN>{code}</RETURN>{said}</HEAD>"
    text = f'<?xml version="1.0" encoding="GBK"?><RESPONSE>{head}<BODY>{body}</BODY></RESPONSE>'
    return HttpResponse(200, {"content-type": "text/html;charset=GBK"}, text.encode("gb18030"))


def env(values):
    return Env(now=START, config=ADAPTER.config, params={"branch": "0402"}, session=SESSION, vars=values)


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


@pytest.mark.parametrize("name", sorted(requests()))
def test_request_is_written_as_ever(name):
    message, source, values = requests()[name]
    tree = MAPPINGS.request(message)(source, env(values))
    compare(f"{name}.request.json", as_json(tree))
    request = ADAPTER.encode(message, tree, env(values), bytes)
    compare(f"{name}.request.http", as_http(request))
    if request.body:
        # The document for the eye: GB18030, as its declaration says.
        compare(f"{name}.request.xml", unquote_to_bytes(request.body.removeprefix(b"xml=")) + b"\n")


@pytest.mark.parametrize("name", sorted([*REPLIES, "day.file"]))
def test_reply_is_read_as_ever(name):
    message, answer = name.partition("-")[0], response(name)
    tree = ADAPTER.decode(message, answer, env({}))
    reply = MAPPINGS.reply(message)(tree, env({})).model_dump(mode="json", exclude_defaults=True)
    compare(f"{name}.reply.http", as_http(answer))
    compare(f"{name}.reply.json", as_json(reply))


def test_no_golden_file_is_left_over():
    expected = {f"{name}.request.{end}" for name in requests() for end in ("json", "http", "xml")}
    expected -= {"day.file.request.xml"}
    expected |= {f"{name}.reply.{end}" for name in [*REPLIES, "day.file"] for end in ("json", "http")}
    assert {path.name for path in FOLDER.iterdir()} == expected
