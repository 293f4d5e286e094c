"""A foreign client of the water interface, written from its README alone: zeep, its own signs, its own readers."""

import base64
import hashlib
import hmac
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from xml.sax.saxutils import escape

import httpx
import zeep
from lxml import etree
from zeep.transports import AsyncTransport

from simulators.kit.clock import SHANGHAI, ManualClock
from simulators.kit.simulator import Profile
from simulators.water import WaterSimulator
from simulators.water.contract import reply_schema

MONDAY_9 = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)  # 09:00 in Shanghai
PATHS = {"A": "/YYService/Business.asmx", "B": "/YYServiceB/Business.asmx"}
BUYER = {"YHMC": "王秀兰", "ZJLX": "0", "ZJHM": "330402195203140024", "LXDH": "13800138000"}
SELLER = {"YHMC": "李建国", "ZJLX": "0", "ZJHM": "330402198801010012", "LXDH": "13800138001"}
TRANSFER = {
    **BUYER,
    "YWLX": "01",
    "YHBH": "0100012345",
    "YYHM": "李建国",
    "YYTYFS": "1",
    "CQZH": "浙(2024)嘉兴市不动产权第0012345号",
    "JSFS": "1",
}
CONNECTION = {
    **BUYER,
    "YWLX": "02",
    "YSDZ": "嘉兴市南湖区建设街道中山东路100号1幢2单元301室",
    "XZQH": "330402007",
    "YSXZ": "01",
    "SBKJ": "20",
    "SFWX": "0",
}
# The tags of dialect B that the tests below use.
ENGLISH = {
    "GSDM": "companyCode",
    "LSH": "serialNo",
    "JYSJ": "tradeTime",
    "CZY": "clerkNo",
    "QDLX": "channel",
    "YHBH": "accountNo",
    "YHMC": "customerName",
    "ZJLX": "idType",
    "ZJHM": "idNo",
    "LXDH": "mobile",
    "YWLX": "businessType",
    "YYHM": "oldHolderName",
    "YYTYFS": "oldHolderConsent",
    "CQZH": "ownershipProofNo",
    "JSFS": "settleMode",
    "SLBH": "orderNo",
    "YLSH": "originalSerialNo",
    "JE": "amount",
    "ZFFS": "payMethod",
    "ZFLSH": "paymentNo",
    "JYRQ": "tradeDate",
    "FJLIST": "attachments",
    "FJ": "attachment",
    "FJLX": "fileType",
    "FJXH": "fileNo",
    "WJM": "fileName",
    "DX": "fileSize",
    "XH": "chunkNo",
    "ZS": "chunkTotal",
    "NR": "content",
    "BGYHMC": "newCustomerName",
    "BGLXDH": "newMobile",
}
ITEMS = {"FJLIST": "FJ", "CYLIST": "CY", "YHLIST": "YH", "ZDLIST": "ZD"}


@dataclass(frozen=True)
class Reply:
    code: str
    message: str
    head: dict = field(default_factory=dict)
    body: dict = field(default_factory=dict)


class GbTransport(AsyncTransport):
    """zeep fails on bytes that say gb2312 and are GBK, so they are turned into UTF-8 first."""

    async def post(self, address, message, headers):
        reply = await super().post(address, message, headers)
        if b"gb2312" in reply.content[:60]:
            text = reply.content.decode("gbk").partition("?>")[2]
            reply._content = text.encode()
        return reply


class Foreigner:
    """Calls one company in one dialect."""

    def __init__(self, water, dialect="A", company="0401", channel="01"):
        self.water, self.dialect, self.company, self.channel = water, dialect, company, channel
        self.key = water.connection(company)["sign_key"]
        self.address = water.connection(company)["base_url"] + PATHS[dialect]
        self.serial = 0
        self._soap = None

    async def __call__(self, trade, body=None, *, lsh=None, **more):
        """Send a trade, by zeep, and read its answer."""
        reply = self.read(await self.invoke(trade, self.xml({**(body or {}), **more}, lsh)))
        return self._checked(trade, reply)

    def _checked(self, trade, reply):
        """What a reply 0000 holds must be what the README promises."""
        if reply.code == "0000" and self.dialect == "A":
            schema = reply_schema(trade)
            unmasked = self._fill(reply.body).replace("********", "00000000")
            schema.assertValid(etree.fromstring(f"<BODY>{unmasked}</BODY>"))
        return reply

    async def invoke(self, trade, xml, sign=None):
        if self._soap is None:
            # The WSDL is plain bytes here: zeep would fetch it with a blocking client on the server's own loop.
            async with httpx.AsyncClient() as client:
                wsdl = (await client.get(f"{self.address}?wsdl")).content
            self._soap = zeep.AsyncClient(Wsdl(wsdl), transport=GbTransport(client=one_shot()))
        return await self._soap.service.Invoke(tradeCode=trade, xmlData=xml, sign=sign or self.sign(trade, xml))

    def sign(self, trade, xml):
        if self.dialect == "A":
            return (
                hashlib.md5(  # noqa: S324 -- the imitated interface signs so
                    (trade + xml + self.key).encode("gbk", "replace")
                )
                .hexdigest()
                .upper()
            )
        return hmac.new(self.key.encode(), (trade + xml).encode(), "sha256").hexdigest()

    def xml(self, body, lsh=None):
        if lsh is None:
            self.serial += 1
            lsh = f"T{self.channel}-{self.serial:06d}"
        now = self.water.clock.now().astimezone(SHANGHAI)
        head = {
            "GSDM": self.company,
            "LSH": lsh,
            "JYSJ": f"{now:%Y-%m-%d %H:%M:%S}",
            "CZY": "clerk7",
            "QDLX": self.channel,
        }
        inner = [self._fill(head), self._fill(body)]
        if self.dialect == "A":
            return '<?xml version="1.0" encoding="gb2312"?><ROOT><HEAD>{}</HEAD><BODY>{}</BODY></ROOT>'.format(*inner)
        form = '<?xml version="1.0" encoding="utf-8"?><request><header>{}</header><body>{}</body></request>'
        return form.format(*inner)

    def _fill(self, record):
        out = []
        for tag, value in record.items():
            if isinstance(value, list):
                item = self._tag(ITEMS[tag])
                inside = "".join(f"<{item}>{self._fill(one)}</{item}>" for one in value)
            else:
                inside = escape(value)
            out.append(f"<{self._tag(tag)}>{inside}</{self._tag(tag)}>")
        return "".join(out)

    def _tag(self, tag):
        return tag if self.dialect == "A" else ENGLISH[tag]

    def read(self, result):
        if self.dialect == "B":
            answer = json.loads(result)
            return Reply(answer["result"], answer["message"], answer["header"], answer["data"])
        root = etree.fromstring(result.partition("?>")[2])
        head = {child.tag: child.text or "" for child in root.find("HEAD")}
        return Reply(head["RetCode"], head["RetMsg"], head, _record(root.find("BODY")))


def _record(element):
    return {
        child.tag: [_record(item) for item in child] if child.tag.endswith("LIST") else child.text or ""
        for child in element
    }


def one_shot():
    """A client that keeps no connection, so that none is left open."""
    return httpx.AsyncClient(limits=httpx.Limits(max_keepalive_connections=0))


class Wsdl:
    """A file for zeep."""

    def __init__(self, content):
        self.content = content

    def read(self):
        return self.content


@asynccontextmanager
async def running(start=MONDAY_9, **profile):
    async with WaterSimulator(clock=ManualClock(start), profile=Profile(**profile), control_port=None) as water:
        yield water


def chunk(content):
    return base64.b64encode(content).decode()


def envelope(client, trade, xml, sign=None):
    """The same call as bare bytes, for what zeep would not do."""
    charset, codec = ("gb2312", "gbk") if client.dialect == "A" else ("utf-8", "utf-8")
    text = (
        f'<?xml version="1.0" encoding="{charset}"?>'
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
        f'<Invoke xmlns="http://tempuri.org/"><tradeCode>{trade}</tradeCode><xmlData>{escape(xml)}</xmlData>'
        f"<sign>{sign or client.sign(trade, xml)}</sign></Invoke></soap:Body></soap:Envelope>"
    )
    headers = {"Content-Type": f"text/xml; charset={charset}", "SOAPAction": '"http://tempuri.org/Invoke"'}
    return text.encode(codec, "xmlcharrefreplace"), headers
