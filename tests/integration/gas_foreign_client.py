"""A client of the gas simulator that shares no code with hub or simulator: zeep writes and signs, lxml reads."""

from __future__ import annotations

import secrets
from pathlib import Path

import httpx
from lxml import etree
from zeep import Client
from zeep.wsse import utils
from zeep.wsse.username import UsernameToken

from simulators.gas import GasSimulator
from simulators.kit.clock import ManualClock
from simulators.kit.simulator import Profile

CONTRACT = Path("simulators/gas/contract")
SOAP = "{http://www.w3.org/2003/05/soap-envelope}"
OURS = "{http://cis.gas.example/v2}"
_ZEEP = Client(str(CONTRACT / "customer-service.wsdl"))
SCHEMA = etree.XMLSchema(etree.parse(str(CONTRACT / "messages.xsd")))
HOLDER = {"name": "李建国", "idType": "ID_CARD", "idNo": "330402198801010012", "phone": "13800138001"}
BUYER = {"name": "王秀兰", "idType": "ID_CARD", "idNo": "330402195203140024", "phone": "13800138000"}
ADDRESS = {"divisionCode": "330402007", "road": "嘉兴市建设街道中山东路100号"}
DETAILS = {
    "NEW_CONN": {"usageType": "RESIDENTIAL", "appliance": ["灶具", "热水器"]},
    "BIZ_CONN": {"usageType": "COMMERCIAL", "projectName": "云创中心", "hourlyFlow": "12.5"},
    "TRANSFER": {"formerHolder": {"name": "李建国", "consent": "AGREEMENT", "settles": "true"}},
    "PIPE_ALTER": {"newPosition": "厨房外墙"},
    "METER_REPLACE": {"meterKind": "IOT"},
    "USAGE_CHANGE": {"usageType": "COMMERCIAL"},
    "INFO_CHANGE": {"change": {"phone": "13900139000"}},
    "SUSPEND": {"startDate": "2026-12-01"},
    "RESUME": {"startDate": "2026-12-01"},
}
VISIT = {"date": "2026-12-02", "period": "AM"}


def order(kind="INFO_CHANGE", customer="10012345", ref="T-0001", **changes):
    """An order that keeps to all rules; `None` takes an element out."""
    found = {
        "externalRef": ref,
        "type": kind,
        "customerNo": None if kind in {"NEW_CONN", "BIZ_CONN"} else customer,
        "applicant": BUYER if kind == "TRANSFER" else HOLDER,
        "newHolder": BUYER if kind == "TRANSFER" else None,
        "address": ADDRESS,
        "contact": {"name": "王秀兰", "phone": "13800138000"},
        "appointment": VISIT if kind in {"IGNITION", "CLOSE"} else None,
        "agreementSigned": True,
        "details": DETAILS.get(kind),
        **changes,
    }
    return {name: value for name, value in found.items() if value is not None}


class GasClient:
    """Calls one company's operations; `last` is the whole last response."""

    def __init__(self, gas: GasSimulator, http: httpx.AsyncClient, clock: ManualClock, company: str = "city") -> None:
        self.gas, self.http, self.clock = gas, http, clock
        self.connection = gas.connection(company=company)
        self.last: httpx.Response | None = None

    async def call(self, operation: str, **fields):
        """The fields of the reply; of a fault its code and what it carries."""
        return await self.send(operation, self.envelope(operation, **fields))

    def envelope(self, operation: str, *, user=None, password=None, created=None, nonce=None, **fields) -> bytes:
        made = _ZEEP.create_message(_ZEEP.service, operation, **fields)
        now = (created or self.clock.now()).replace(microsecond=0)
        stamp = now.isoformat().replace("+00:00", "Z")
        until = (now.timestamp() + 300, now.tzinfo)
        expires = type(now).fromtimestamp(*until).isoformat().replace("+00:00", "Z")
        token = UsernameToken(
            user or self.connection["username"],
            password or self.connection["password"],
            use_digest=True,
            nonce=nonce or secrets.token_hex(8),
            created=now,
            zulu_timestamp=True,
            timestamp_token=utils.WSU.Timestamp(utils.WSU.Created(stamp), utils.WSU.Expires(expires)),
        )
        token.apply(made, {})
        return etree.tostring(made, encoding="utf-8", xml_declaration=True)

    async def send(self, operation: str, body: bytes, content_type: str | None = None):
        content_type = content_type or f'application/soap+xml; charset=UTF-8; action="urn:gas:{operation}"'
        self.last = await self.http.post(
            f"{self.connection['base_url']}/services/CustomerService",
            content=body,
            headers={"Content-Type": content_type},
        )
        return self.read()

    def read(self):
        body = self.last.content
        assert body.startswith(b"\xef\xbb\xbf")
        message = etree.fromstring(body[3:]).find(f"{SOAP}Body")[0]
        if message.tag != f"{SOAP}Fault":
            SCHEMA.assertValid(etree.fromstring(etree.tostring(message)))
            return tree(message)
        assert self.last.status_code == 500
        detail = message.find(f"{SOAP}Detail/{OURS}ServiceFault")
        if detail is None:
            return {"fault": message.findtext(f"{SOAP}Code/{SOAP}Value"), "text": message.findtext(f"{SOAP}Reason/*")}
        SCHEMA.assertValid(etree.fromstring(etree.tostring(detail)))
        return {"subcode": message.findtext(f".//{SOAP}Subcode/{SOAP}Value"), **tree(detail)}


def tree(element):
    """Children by name: text, dict, or list where a name repeats; nil is None."""
    found = {}
    for child in element:
        name = etree.QName(child).localname
        value = tree(child) if len(child) else None if child.attrib else child.text or ""
        found[name] = (
            [*(found[name] if isinstance(found[name], list) else [found[name]]), value] if name in found else value
        )
    return found


class running:  # noqa: N801 -- reads as a verb: async with running() as client
    """A simulator on a clock that stands still, and a client of it."""

    def __init__(self, company="city", *, start=None, **profile) -> None:
        self.clock = ManualClock(start) if start else ManualClock()
        self.gas = GasSimulator(clock=self.clock, profile=Profile(**profile), control_port=None)
        self.company = company

    async def __aenter__(self) -> GasClient:
        await self.gas.start()
        self.http = httpx.AsyncClient()
        return GasClient(self.gas, self.http, self.clock, self.company)

    async def __aexit__(self, *_) -> None:
        await self.http.aclose()
        await self.gas.stop()
