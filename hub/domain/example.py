"""A synthetic, valid application for any item: what previews, demonstrations and tests start from.

Nobody in it exists. The same arguments give the same application.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from stdnum import luhn

from hub.domain.address import Address
from hub.domain.application import Application, Audience, Channel, ItemRequest
from hub.domain.catalogue import Catalogue, FieldRef, ServiceItem
from hub.domain.evidence import Evidence
from hub.domain.party import Agent, Consent, DocumentType, IdentityDocument, Organisation, Person

SIGNED_AT = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)

_REGISTERED = {"330421": "嘉善县", "330424": "海盐县", "330481": "海宁市", "330482": "平湖市", "330483": "桐乡市"}
_COMPANY_DIGITS = {"330421": "21", "330424": "24", "330481": "81", "330482": "82", "330483": "83"}
_CITIZEN_CARDS = {"王秀兰": "3140330000000000010", "李建国": "3140330000000000028"}
_CITY_BUS_CARD = "3104330000000000016"
_BUS_CARDS = {"沈小兵": 2, "钱桂英": 3}  # reported lost, and of a senior; everybody else's is the former holder's: 1
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
    "school": "南湖实验小学",
    "pickup_site": "000101",
    "loss_time": "2026-11-22T10:00:00+08:00",
    "functions": ["BUS", "LIB"],
    "insured_division": "330402",
    "package": "基本收视",
    "bandwidth": 300,
    "terminals": [{"no": "8004001234567890", "kind": "主"}],
    "contract_accept": True,
    "contract_no": "JX2026110012345",
    "price": 128_500_000,
    "transferors": [{"name": "李建国", "document": {"type": "RIC", "number": "330402198801010012"}}],
    "bank_account": {"bank": "示例银行", "account_no": "0000000000000000", "holder": "王秀兰"},
}
_OWN_VALUES: dict[str, dict[str, Any]] = {
    "JX6-BUS-04": {"card_type": "30"},
    "JX6-CIT-04": {"reissue_reason": "damaged"},
    # A bill that somebody else's account owes in every county: a payment may be made by anybody.
    "JX6-WAT-14": {"account": "054321"},
    "JX6-GAS-13": {"account": "054321"},
    "JX6-ELE-06": {"old_holder_name": "嘉兴模拟旧厂有限公司"},
}


def _person(name: str, number: str, mobile: str | None = None) -> Person:
    return Person(name=name, document=IdentityDocument(type=DocumentType.RIC, number=number), mobile=mobile)


_CITIZEN = _person("王秀兰", "330402195203140024", "13800138000")
_AGENT = _person("陈明", "330481199506150135", "13900139001")
_HOLDER = _person("李建国", "330402198801010012", "13800138001")
_STUDENT = _person("家人二", "330411200501010025", "13800138002")
_LOSER = _person("沈小兵", "33040219800314071X", "13800138004")
_SENIOR = _person("钱桂英", "33040219580314044X", "13800138003")
# Cards are personal: who may apply depends on age, and on who has a card and who has none.
_CARD_HOLDERS = {
    "JX6-BUS-01": _AGENT,
    "JX6-BUS-02": _STUDENT,
    "JX6-BUS-04": _SENIOR,
    "JX6-BUS-05": _HOLDER,
    "JX6-BUS-06": _LOSER,
    "JX6-BUS-07": _HOLDER,
    "JX6-BUS-08": _HOLDER,
    "JX6-CIT-01": _AGENT,
}
_ACCOUNT_KEYS = frozenset({"account_no", "cust_no"})
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
    item_codes: Iterable[str],
    audience: Audience,
    catalogue: Catalogue,
    *,
    division: str = "330402007",
    applicant: Person | None = None,
) -> Application:
    """The same for several items together: each has its form to itself, materials stand once.

    `applicant` is who applies, instead of whom the items suggest.
    """
    items = [catalogue.by_code[code] for code in item_codes]
    party = applicant or _applicant(items, audience)
    address = Address(division_code=division, full_address="嘉兴市建设街道中山东路100号1幢2单元301室")
    agent = Agent(person=_AGENT, proof="POA") if any(_needs_agent(item, audience) for item in items) else None
    codes = "-".join(item.code for item in items)
    return Application(
        request_id=f"example-{hashlib.sha256(f'{codes} {audience} {division}'.encode()).hexdigest()[:32]}",
        items=tuple(ItemRequest(code=item.code, form=_form(item, catalogue, address, party)) for item in items),
        applicant=party,
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

    A lead that is registered elsewhere is no item of the application. Where accounts change hands the buyer applies,
    else who has them.

    Raises:
        KeyError: if the catalogue has no such bundle.
    """
    bundle = catalogue.by_bundle[theme]
    members = [catalogue.by_code[code] for code in bundle.members]
    audience: Audience = "individual" if all("individual" in item.audience for item in members) else "enterprise"
    optional = [catalogue.by_code[code] for code in bundle.optional]
    codes = [item.code for item in (*members, *optional) if audience in item.audience]
    applicant = account_holder(members) if audience == "individual" else None
    made: Application = example_case(codes, audience, catalogue, division=division, applicant=applicant)
    return made.with_(theme=theme, request_id=f"{theme}-{made.request_id}"[:64])  # type: ignore[no-any-return]


def account_holder(items: Iterable[ServiceItem]) -> Person | None:
    """Who has to apply for items about accounts that exist and stay whose they are; None if there are none such."""
    about = [item for item in items if _ACCOUNT_KEYS & {*item.field_keys}]
    stays = bool(about) and all(item.business_type != "transfer" for item in about)
    return _HOLDER if stays else None


def _needs_agent(item: ServiceItem, audience: Audience) -> bool:
    return any(
        "POA" in rule.any_of and rule.required and rule.applies(audience, agent=False) for rule in item.materials
    )


def _applicant(items: list[ServiceItem], audience: Audience) -> Person | Organisation:
    if audience == "enterprise":
        return _COMPANY
    return next((_CARD_HOLDERS[item.code] for item in items if item.code in _CARD_HOLDERS), _CITIZEN)


def _form(item: ServiceItem, catalogue: Catalogue, address: Address, holder: Person | Organisation) -> dict[str, Any]:
    form = {
        ref.ref: _value(ref, item, catalogue, address, holder.name)
        for ref in item.form_fields
        if ref.ref != "photo_ref"
    }
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


def _value(ref: FieldRef, item: ServiceItem, catalogue: Catalogue, address: Address, holder: str) -> Any:
    if ref.ref in {"owners", "designated_holder", "bdcdyh"}:
        return None
    county = address.division_code[:6]
    own = _OWN_VALUES.get(item.code, {})
    if ref.ref in {"account_no", "cust_no"}:
        works = item.field == "power" and holder == _COMPANY.name  # a firm's supply has another tariff than a home's
        return _account(item.field, county, own.get("account", "054321" if works else "012345"))
    if ref.ref == "card_no":
        return _card(item, county, holder)
    if ref.ref == "visit_slot" and item.field == "gas":
        # A gas company has few visits in a half day.
        return f"2026-12-0{1 + int(item.code[-2:]) % 4} AM"
    values = {**_VALUES, "new_address": address.model_dump(exclude_none=True), **own}
    return values[ref.ref] if ref.ref in values else catalogue.allowed(ref)[0]


def _account(field: str, county: str, number: str) -> str:
    """The former holder's account with the county's own company or branch."""
    digits = _COMPANY_DIGITS.get(county)
    if field == "water":
        return f"0{digits or 10}0{number}"
    if field == "gas":
        return f"{digits or 10}{number}"
    if field == "catv" and county == "330402":
        return f"330400{number}"
    return f"{county}{'0' if field == 'power' else ''}{number}"


def _card(item: ServiceItem, county: str, holder: str) -> str:
    if item.field == "ccard":
        return _CITIZEN_CARDS.get(holder, _CITIZEN_CARDS["王秀兰"])
    running = _BUS_CARDS.get(holder, 1)
    if (running, county) == (1, "330402"):
        return _CITY_BUS_CARD
    body = f"3104330{county[2:]}{running:07d}"
    return body + luhn.calc_check_digit(body)


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
