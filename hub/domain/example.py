"""A synthetic, valid application for any item: what previews, demonstrations and tests start from.

Nobody in it exists. The same arguments give the same application.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from hub.domain.address import Address
from hub.domain.application import Application, Audience, Channel, ItemRequest
from hub.domain.catalogue import Catalogue, FieldRef, ServiceItem
from hub.domain.evidence import Evidence
from hub.domain.party import Agent, Consent, DocumentType, IdentityDocument, Organisation, Person

SIGNED_AT = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)

_ACCOUNTS = {"water": "0100012345", "power": "3304020012345", "gas": "10012345"}
_HAINING_WATER = "0810012345"
_REGISTERED = {"330421": "嘉善县", "330424": "海盐县", "330481": "海宁市", "330482": "平湖市", "330483": "桐乡市"}
_GAS_COUNTIES = {"330421": "21", "330424": "24", "330481": "81", "330482": "82", "330483": "83"}
_CITIZEN_CARD = "3140330000000000010"
_VALUES: dict[str, Any] = {
    "old_holder_name": "李建国",
    "ownership_proof_no": "浙(2024)嘉兴市不动产权第0012345号",
    "meter_reading": "1234",
    "daily_volume": "1.5",
    "need_external_works": False,
    "start_date": "2026-12-01",
    "end_date": "2027-05-31",
    "project_name": "南湖云创中心",
    "new_position": "厨房外墙",
    "reason": "家庭需要",
    "member_count": 5,
    "member_ids": [
        {"name": "家人一", "document": {"type": "RIC", "number": "330402198801010012"}},
        {"name": "家人二", "document": {"type": "RIC", "number": "330411200501010025"}},
    ],
    "contact_change": {"mobile": "13900139000"},
    "doubt": "用量明显偏高",
    "period": "202610",
    "bill_ids": ["202610"],
    "amount": 5000,
    "capacity_kva": "8",
    "charger_power_kw": "7",
    "parking_no": "B1-023",
    "appliances": ["灶具", "热水器"],
    "hourly_flow": "12.5",
    "visit_slot": "2026-12-02 AM",
    "remain_volume": "0",
    "card_no": "3104330000000000016",
    "school": "南湖实验小学",
    "pickup_site": "000101",
    "loss_time": "2026-11-22T10:00:00+08:00",
    "functions": ["BUS", "LIB"],
    "insured_division": "330402",
    "cust_no": "330400012345",
    "package": "基本收视",
    "bandwidth": 300,
    "terminals": [{"no": "8004001234567890", "kind": "主"}],
    "contract_accept": True,
    "contract_no": "JX2026110012345",
    "price": 128_500_000,
    "transferors": [{"name": "李建国", "document": {"type": "RIC", "number": "330402198801010012"}}],
    "bank_account": {"bank": "示例银行", "account_no": "0000000000000000", "holder": "王秀兰"},
}


def _person(name: str, number: str, mobile: str | None = None) -> Person:
    return Person(name=name, document=IdentityDocument(type=DocumentType.RIC, number=number), mobile=mobile)


_CITIZEN = _person("王秀兰", "330402195203140024", "13800138000")
_AGENT = _person("陈明", "330481199506150135", "13900139001")
_COMPANY = Organisation(
    name="嘉兴南湖示例科技有限公司",
    document=IdentityDocument(type=DocumentType.USCC, number="91330402MA28A12323"),
    legal_rep=_person("李建国", "330402198801010012"),
    mobile="0573-82089200",
)


def example_application(
    item_code: str, audience: Audience, catalogue: Catalogue, *, division: str = "330402007"
) -> Application:
    """Make an application for one item that is valid by the catalogue, with what it names.

    Only `photo_ref` is left out: it would point to a picture that the operator does not have.

    Raises:
        KeyError: if the catalogue has no such item.
    """
    return example_case((item_code,), audience, catalogue, division=division)


def example_case(
    item_codes: Iterable[str], audience: Audience, catalogue: Catalogue, *, division: str = "330402007"
) -> Application:
    """The same for several items together: each has its form to itself, materials stand once."""
    items = [catalogue.by_code[code] for code in item_codes]
    address = Address(division_code=division, full_address="嘉兴市建设街道中山东路100号1幢2单元301室")
    agent = Agent(person=_AGENT, proof="POA") if any(_needs_agent(item, audience) for item in items) else None
    codes = "-".join(item.code for item in items)
    return Application(
        request_id=f"example-{hashlib.sha256(f'{codes} {audience} {division}'.encode()).hexdigest()[:32]}",
        items=tuple(ItemRequest(code=item.code, form=_form(item, catalogue, address, audience)) for item in items),
        applicant=_COMPANY if audience == "enterprise" else _CITIZEN,
        address=address,
        agent=agent,
        evidence=tuple(_evidence(items, audience, catalogue, agent=agent is not None)),
        consents=tuple(
            Consent(recipient=field, given_at=SIGNED_AT) for field in dict.fromkeys(item.field for item in items)
        ),
        channel=Channel(division=division, operator="c01"),
    )


def example_bundle(theme: str, catalogue: Catalogue, *, division: str = "330402007") -> Application:
    """The same for a one-thing bundle: its members, and what of its optional items the same applicant may ask for.

    A lead that is registered elsewhere is no item of the application.

    Raises:
        KeyError: if the catalogue has no such bundle.
    """
    bundle = catalogue.by_bundle[theme]
    members = [catalogue.by_code[code] for code in bundle.members]
    audience: Audience = "individual" if all("individual" in item.audience for item in members) else "enterprise"
    optional = [catalogue.by_code[code] for code in bundle.optional]
    codes = [item.code for item in (*members, *optional) if audience in item.audience]
    made: Application = example_case(codes, audience, catalogue, division=division)
    return made.with_(theme=theme, request_id=f"{theme}-{made.request_id}"[:64])  # type: ignore[no-any-return]


def _needs_agent(item: ServiceItem, audience: Audience) -> bool:
    return any(
        "POA" in rule.any_of and rule.required and rule.applies(audience, agent=False) for rule in item.materials
    )


def _form(item: ServiceItem, catalogue: Catalogue, address: Address, audience: Audience) -> dict[str, Any]:
    form = {ref.ref: _value(ref, item, catalogue, address) for ref in item.form_fields if ref.ref != "photo_ref"}
    holder = _COMPANY if audience == "enterprise" else _CITIZEN
    party = {"name": holder.name, "document": holder.document.model_dump(mode="json", exclude_none=True)}
    if "owners" in form:
        form |= {"owners": [party | {"mode": "sole"}], "designated_holder": party} | _registered(address)
    elif "designated_holder" in form:
        form["designated_holder"] = party
    return form


def _registered(address: Address) -> dict[str, str]:
    """The unit that the former holder owns in every county, and its certificate."""
    county = address.division_code[:6]
    place = _REGISTERED.get(county, "嘉兴市")
    return {"bdcdyh": f"{county}001001GB00001F00010001", "ownership_proof_no": f"浙(2024){place}不动产权第0012345号"}


def _value(ref: FieldRef, item: ServiceItem, catalogue: Catalogue, address: Address) -> Any:
    if ref.ref in {"owners", "designated_holder", "bdcdyh"}:
        return None
    if ref.ref == "account_no":
        county = address.division_code[:6]
        if item.field == "gas" and county in _GAS_COUNTIES:
            return f"{_GAS_COUNTIES[county]}012345"
        return _HAINING_WATER if (item.field, county) == ("water", "330481") else _ACCOUNTS[item.field]
    if ref.ref == "cust_no" and not address.division_code.startswith("330402"):
        return f"{address.division_code[:6]}012345"  # one customer in each branch of the cable television
    if ref.ref == "card_no" and item.field == "ccard":
        return _CITIZEN_CARD
    values = {**_VALUES, "new_address": address.model_dump(exclude_none=True)}
    return values[ref.ref] if ref.ref in values else catalogue.allowed(ref)[0]


def _evidence(items: list[ServiceItem], audience: Audience, catalogue: Catalogue, *, agent: bool) -> Iterable[Evidence]:
    """One of each rule's choices, once. Without a `ref`: the bytes of an example are nowhere."""
    wanted = dict.fromkeys(
        rule.any_of[0] for item in items for rule in item.materials if rule.applies(audience, agent=agent)
    )
    if any(item.field == "gas" and item.output == "contract" for item in items):
        wanted["SUPPLY_CONTRACT"] = None  # signed in the case: a gas company begins no work before
    for material in wanted:
        kind = catalogue.by_material[material]
        if kind.source in {"physical", "form"}:
            if kind.source == "physical":
                yield Evidence(material=material, collected_at=SIGNED_AT)
            continue
        picture = kind.source == "capture"
        yield Evidence(
            material=material,
            file_name=f"{material.lower()}.{'jpg' if picture else 'pdf'}",
            media_type="image/jpeg" if picture else "application/pdf",
            size=1024,
            sm3=hashlib.sha256(material.encode()).hexdigest(),
            collected_at=SIGNED_AT,
        )
