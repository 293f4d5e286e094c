"""Every message of the gas companies, both ways, byte for byte. UPDATE_GOLDENS=1 writes the files anew: review them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from adapters.gas.adapter import GasAdapter
from hub.domain.order import EvidencePart
from hub.domain.party import DocumentType, IdentityDocument
from hub.sdk import Env
from hub.wire.exchange import HttpRequest, HttpResponse
from tests.integration.gas_hub import (
    ACCEPTED,
    CATALOGUE,
    MAPPINGS,
    START,
    day_query,
    material,
    order_of,
    payment,
    query,
)

FOLDER = Path(__file__).parent / "gas"
CONFIG = {"base_url": "http://gas.example", "username": "onewindow-city", "password": "TEST-PASSWORD"}
ADAPTER = GasAdapter("gas", CONFIG)
NUMBER, RECEIPT, SLOT = "G2026112400001", "R202611240000001", "S330402-20261202-01"
PDF = b"%PDF-1.7 synthetic"
DOCUMENT = IdentityDocument(type=DocumentType.RIC, number="330402195203140024")


def requests():
    """Every request by the name of its golden file: message, source, further values."""
    order = order_of("JX6-GAS-03")
    known = order.with_(provider_ref=NUMBER)
    part = EvidencePart(order=order, evidence=material(PDF), index=1, count=1, content=PDF, provider_ref=NUMBER)
    fee = known.with_(form=known.form.with_(amount=250_000, pay_channel="WECHAT"))
    orders = {
        f"createServiceOrder-{code}-{audience}": (
            "createServiceOrder",
            order_of(code, audience=audience),
            {"slot_id": SLOT},
        )
        for code in ACCEPTED
        for audience in CATALOGUE.by_code[code].audience
    }
    return {
        "getCustomer": ("getCustomer", query(account_no="10012345"), {}),
        "findCustomers": ("findCustomers", query(document=DOCUMENT), {}),
        "getBalance": ("getBalance", query(account_no="10012345", period="202610"), {}),
        "payBill": ("payBill", payment(), {}),
        "payFee": ("payFee", fee, {}),
        "reversePayment": ("reversePayment", payment().with_(provider_ref=RECEIPT), {}),
        "getServiceOrder": ("getServiceOrder", None, {"order_no": NUMBER}),
        "findOrders": ("findOrders", None, {"serial": order.serial}),
        "getChangedOrders-since": ("getChangedOrders", None, {"since": "2026-11-23T00:00:00Z"}),
        "getChangedOrders-cursor": (
            "getChangedOrders",
            None,
            {"since": "2026-11-23T00:00:00Z", "cursor": "00176.G1.00"},
        ),
        "listSlots": ("listSlots", order_of("JX6-GAS-04"), {}),
        "bookVisit": ("bookVisit", known, {"slot_id": SLOT}),
        "addAttachment": ("addAttachment", part, {"file_name": "0123456789abcdef-re_cert.pdf"}),
        "cancelServiceOrder": ("cancelServiceOrder", None, {"order_no": NUMBER}),
        "cancelServiceOrder-second": ("cancelServiceOrder", None, {"order_no": NUMBER, "reason": "重复受理"}),
        "getReconciliation": ("getReconciliation", day_query(), {"page": "1"}),
        **orders,
    }


CUSTOMER = (
    "<customer><customerNo>10012345</customerNo><name>王䶮</name><idType>ID_CARD</idType><idNo>330402********0024</idNo>"
    '<phone xsi:nil="true"/><address><divisionCode>330402010</divisionCode><road>南溪西路８８号</road>'
    "<building>１２幢</building><room>３０２室</room></address><usageType>RESIDENTIAL</usageType><meter>"
    "<meterNo>M10012345</meterNo><kind>IC_CARD</kind><inlet>R</inlet><lastReading>1234.00</lastReading>"
    "<remainVolume>12.50</remainVolume></meter><safetyCheck><date>2026-05-28</date><result>PASS</result></safetyCheck>"
    "<status>ACTIVE</status></customer>"
)
ORDER = (
    "<order><orderNo>{number}</orderNo><externalRef>26112433040200000101</externalRef><type>{type}</type>"
    '<customerNo xsi:nil="true"/><status>{status}</status><statusAt>2026-03-01T16:30:00Z</statusAt>'
    "<createdAt>2026-03-01T01:00:00Z</createdAt><agreementSigned>{signed}</agreementSigned>{rest}</order>"
)
NO_OPINION = '<opinion xsi:nil="true"/>'


def order(status, type_="NEW_CONN", rest=NO_OPINION, signed="true", number=NUMBER):
    return ORDER.format(number=number, type=type_, status=status, signed=signed, rest=rest)


PAID = f"<feePaid><receiptNo>{RECEIPT}</receiptNo><channelRef>26112433040200000101</channelRef></feePaid>"
VISIT = f"<visit><slotId>{SLOT}</slotId><from>2026-12-02T00:30:00Z</from><to>2026-12-02T02:00:00Z</to></visit>"
FILE = f"<attachment><attachmentId>{NUMBER}-01</attachmentId><kind>PROPERTY</kind><fileName>ab-re_cert.pdf</fileName></attachment>"
BILL = (
    "<bill><billId>{0}</billId><period>{0}</period><volume>16</volume><charge>49.60</charge><penalty>1.20</penalty>"
    "<total>50.80</total><paid>{1}</paid>{2}</bill>"
)
SETTLED = f"<receiptNo>{RECEIPT}</receiptNo><channelRef>26112433040200000101</channelRef>"
LINE = (
    "<payment><kind>{}</kind><receiptNo>{}</receiptNo><channelRef>{}</channelRef><customerNo>10020001</customerNo>"
    '<orderNo xsi:nil="true"/><amount>{}</amount><at>2026-11-24T01:00:00Z</at></payment>'
)
FEED_END = "<nextCursor>001764000000000000.G2026112400001.00</nextCursor><more>false</more>"
SLOTS = (
    "<slot><slotId>S330402-20261202-01</slotId><from>2026-12-02T00:30:00Z</from><to>2026-12-02T02:00:00Z</to><free>0</free></slot>"
    "<slot><slotId>S330402-20261202-02</slotId><from>2026-12-02T02:00:00Z</from><to>2026-12-02T03:30:00Z</to><free>2</free></slot>"
)
REPLIES = {
    "getCustomer": CUSTOMER,
    "findCustomers": CUSTOMER + CUSTOMER.replace("10012345", "10020008"),
    "findCustomers-none": "",
    "getBalance": "<customerNo>10020001</customerNo><arrears>50.80</arrears><prepaid>0.00</prepaid>"
    + BILL.format("202511", "false", "")
    + BILL.format("202512", "true", SETTLED),
    "payBill": f"<receiptNo>{RECEIPT}</receiptNo><bookedAt>2026-11-24T01:00:00Z</bookedAt>",
    "payFee": f"<receiptNo>{RECEIPT}</receiptNo><bookedAt>2026-11-24T01:00:00Z</bookedAt>",
    "reversePayment": f"<receiptNo>{RECEIPT}</receiptNo><bookedAt>2026-11-24T01:00:00Z</bookedAt>",
    "createServiceOrder": f"<orderNo>{NUMBER}</orderNo><status>REGISTERED</status><createdAt>2026-11-24T01:00:00Z</createdAt>",
    **{f"getServiceOrder-{state}": order(state) for state in ("REGISTERED", "SCHEDULED", "ON_SITE", "HAZARD_HOLD")},
    "getServiceOrder-unsigned": order("REGISTERED", signed="false"),
    "getServiceOrder-PENDING_PAYMENT": order(
        "PENDING_PAYMENT", rest="<opinion>请缴纳工程费用</opinion><feeDue>2500.00</feeDue>"
    ),
    "getServiceOrder-COMPLETED": order(
        "COMPLETED", rest=f"<opinion>已办结</opinion>{VISIT}{PAID}<contractNo>HT202603020001</contractNo>{FILE}"
    ),
    "getServiceOrder-REJECTED": order("REJECTED", rest="<opinion>现场不具备通气条件</opinion>"),
    "getServiceOrder-CANCELLED": order("CANCELLED", rest="<opinion>申请人撤销</opinion>", signed="false"),
    "findOrders": order("REGISTERED") + order("CANCELLED", number="G2026112400002"),
    "getChangedOrders": order("SCHEDULED") + order("SCHEDULED") + FEED_END,
    "getChangedOrders-none": FEED_END,
    "listSlots": SLOTS,
    "bookVisit": SLOTS.partition("</slot>")[0] + "</slot>",
    "addAttachment": f"<attachmentId>{NUMBER}-01</attachmentId>",
    "cancelServiceOrder": f"<orderNo>{NUMBER}</orderNo><status>CANCELLED</status>",
    "getReconciliation": "<date>2026-11-24</date><page>1</page><pages>1</pages><count>2</count><total>0.00</total>"
    + LINE.format("PAYMENT", RECEIPT, "26112433040200000101", "50.80")
    + LINE.format("REVERSAL", "R202611240000002", "26112433040200000201", "-50.80"),
}
FAULTS = {
    "createServiceOrder": {
        "GAS-1001": "",
        "GAS-1002": "",
        "GAS-1003": "<amount>86.40</amount>",
        "GAS-1004": "",
        "GAS-1005": f"<orderNo>{NUMBER}</orderNo>",
        "GAS-1006": "",
        "GAS-1008": "",
        "GAS-1010": "",
        "GAS-1011": "",
    },
    "getServiceOrder": {"GAS-1009": ""},
    "payBill": {
        "GAS-1007": "",
        "GAS-2001": "<amount>86.40</amount>",
        "GAS-2002": f"<receiptNo>{RECEIPT}</receiptNo>",
    },
    "reversePayment": {"GAS-2003": f"<receiptNo>{RECEIPT}</receiptNo>"},
}


def envelope(status, body):
    """A whole answer as the companies send it, mark and all."""
    text = (
        "<?xml version='1.0' encoding='utf-8'?>\n"
        '<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<soap:Body>{body}</soap:Body></soap:Envelope>"
    )
    headers = {"content-type": "application/soap+xml; charset=UTF-8"}
    return HttpResponse(status, headers, b"\xef\xbb\xbf" + text.encode())


def answer(message, body):
    operation = "payBill" if message == "payFee" else message
    return envelope(200, f'<{operation}Response xmlns="http://cis.gas.example/v2">{body}</{operation}Response>')


def fault(code, rest):
    detail = (
        f'<ServiceFault xmlns="http://cis.gas.example/v2"><code>{code}</code><message>{code}</message>'
        f"<retryable>false</retryable>{rest}</ServiceFault>"
    )
    return envelope(
        500,
        "<soap:Fault><soap:Code><soap:Value>soap:Sender</soap:Value></soap:Code>"
        f'<soap:Reason><soap:Text xml:lang="zh">{code}</soap:Text></soap:Reason>'
        f"<soap:Detail>{detail}</soap:Detail></soap:Fault>",
    )


def replies():
    """Every reply by the name of its golden file: message and response."""
    said = {name: (name.partition("-")[0], answer(name.partition("-")[0], body)) for name, body in REPLIES.items()}
    refused = {
        f"{message}-{code}": (message, fault(code, rest))
        for message, codes in FAULTS.items()
        for code, rest in codes.items()
    }
    return {**said, **refused}


def env(values):
    return Env(now=START, config=CONFIG, params={"franchise": "city"}, vars=values)


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
    surroundings = env(values)
    tree = MAPPINGS.request(message)(source, surroundings)
    compare(f"{name}.request.json", as_json(tree))
    compare(f"{name}.request.http", as_http(ADAPTER.encode(message, tree, surroundings, bytes)))


@pytest.mark.parametrize("name", sorted(replies()))
def test_reply_is_read_as_ever(name):
    message, response = replies()[name]
    tree = ADAPTER.decode(message, response, env({}))
    reply = MAPPINGS.reply(message)(tree, env({})).model_dump(mode="json", exclude_defaults=True)
    compare(f"{name}.reply.http", as_http(response))
    compare(f"{name}.reply.json", as_json(reply))


def test_no_golden_file_is_left_over():
    names = {f"{name}.request" for name in requests()} | {f"{name}.reply" for name in replies()}
    expected = {f"{name}.{end}" for name in names for end in ("json", "http")}
    assert {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.*")} == expected
