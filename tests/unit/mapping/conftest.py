"""What the tests of the mapping language share: a citizen's order, an environment, and building a set from text."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from hub.domain.address import Address
from hub.domain.application import Channel
from hub.domain.evidence import Evidence
from hub.domain.form import OrderForm
from hub.domain.order import ServiceOrder
from hub.domain.party import Agent, DocumentType, IdentityDocument, Organisation, PartyRef, Person
from hub.mapping import Env, build_set

DOCUMENT = IdentityDocument(type=DocumentType.RIC, number="330402199001011234")
CITIZEN = Person(name="王小明", document=DOCUMENT, mobile="13800000000")

CODES = """
tables:
  id_type:
    of: DocumentType
    out: {RIC: "0", PASSPORT: "1", HM_PERMIT: "2", TW_PERMIT: "2", USCC: "9"}
    unsupported: [HMT_RESIDENCE, FPR, HOUSEHOLD]
  channel: {both: {WINDOW: "01", TERMINAL: "02", WEB: "03", MOBILE: "04", HOTLINE: "05"}}
  yes_no: {out: {"true": "Y", "false": "N"}}
  material: {of: materials, out: {ID_CARD: "01", RE_CERT: "02"}}
  use: {in: {"01": home, "02": other}}
  result: {result: {"0000": null, "1": null, "0001": ELG_ACCOUNT_NOT_FOUND, "0005": ELG_OPEN_ORDER}}
  state: {state: {"10": ACCEPTED, "20": IN_PROGRESS, "50": COMPLETED}}
"""


@pytest.fixture(scope="session")
def order():
    return ServiceOrder(
        task_number="JX6202603013304020000011-01",
        case_number="JX6202603013304020000011",
        serial="26030133040200000101",
        request_id="0123456789abcdef" * 2,
        item="JX6-WAT-01",
        operation="3001:01",
        variant="01",
        business_type="transfer",
        audience="individual",
        submitted_at=datetime(2026, 3, 1, 16, 30, tzinfo=UTC),
        channel=Channel(operator="C001"),
        applicant=CITIZEN,
        address=Address(division_code="330402001", full_address="中山路1号"),
        form=OrderForm(account_no="0012345678", start_date=date(2026, 2, 3), amount=1250, old_holder_name="李四"),
        evidence=(
            Evidence(material="ID_CARD", ref="a", size=10, sm3="a" * 64),
            Evidence(material="OLD_CARD"),
            Evidence(material="RE_CERT", ref="b", size=20),
        ),
    )


@pytest.fixture(scope="session")
def people():
    """Further parties: an agent, an organisation without representative, a named party."""
    return {
        "agent": Agent(person=Person(name="赵经办", document=DOCUMENT, mobile="13900000000")),
        "organisation": Organisation(
            name="嘉兴某公司", document=IdentityDocument(type=DocumentType.USCC, number="91330400MA2EXAMPLE")
        ),
        "ref": PartyRef(name="李四", document=DOCUMENT),
        "stranger": Person(name="外", document=IdentityDocument(type=DocumentType.FPR, number="X1")),
    }


@pytest.fixture(scope="session")
def env():
    return Env(
        now=datetime(2026, 3, 1, 16, 30, tzinfo=UTC),
        config={"base_url": "http://127.0.0.1"},
        params={"gsdm": "0401"},
        session={"token": "t"},
        vars={"index": 3},
    )


@pytest.fixture(scope="session")
def writer():
    """Compile the `fields` (and what follows) of a request; gives the function."""

    def build(fields, head="charset: gbk\nzone: Asia/Shanghai", source="ServiceOrder"):
        text = f"mapping: m\ndirection: request\nsource: {source}\n{head}\nfields:\n{fields}"
        return build_set("t", {"codes.yaml": CODES, "m.request.yaml": text}).request("m")

    return build


@pytest.fixture(scope="session")
def reader():
    """Compile the `fields` of a reply; gives the function."""

    def build(fields, head="zone: Asia/Shanghai"):
        text = f"mapping: m\ndirection: reply\ntarget: Reply\n{head}\nfields:\n{fields}"
        return build_set("t", {"codes.yaml": CODES, "m.reply.yaml": text}).reply("m")

    return build
