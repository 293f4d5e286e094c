"""The rules by which app/submit is accepted or refused, in their written order, and what a finished order changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulators.power.accounts import CLOSED, NORMAL, SUSPENDED, Account, Accounts, has_authority, org_of
from simulators.power.refusals import Refusal, parameter
from simulators.power.times import day, next_billing_day, reopening, stamp

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from simulators.power.orders import Order, Orders

TRANSFERS = frozenset({"210", "211"})
SETTLED_FIRST = TRANSFERS | {"420"}
RESIDENTIAL = "200"
_ONLY_RESIDENTIAL = frozenset({"210", "310", "320"})
_WHILE_SUSPENDED = frozenset({"420", "330", "510"})
_LARGE_HOUSEHOLD = 5
_RESUME = "03"
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def admit(
    form: Mapping[str, Any], accounts: Accounts, orders: Orders, now: datetime, *, always_open: bool
) -> Account | None:
    """The account an application is about (None for a new supply), or a Refusal."""
    _certificates(form)
    account = _account(form, accounts)
    _authority(form, account)
    opens = None if always_open or form["appTypeCode"] not in SETTLED_FIRST else reopening(now)
    if opens is not None:
        raise Refusal(30003, {"openTime": stamp(opens)})
    if account is not None:
        _names(form, account)
        _tariff(form, account)
        _term(form, account, day(now))
        if form["appTypeCode"] in SETTLED_FIRST and account.arrears:
            raise Refusal(20003, {"arrearsAmt": account.arrears})
        other = orders.open_on(account.cons_no)
        if other is not None:
            raise Refusal(20004, {"appNo": other.app_no, "appTypeCode": other.app_type})
    return account


def _certificates(form: Mapping[str, Any]) -> None:
    parties = [("", form)]
    parties += [(f"{name}.", form[name]) for name in ("agent", "designatedHolder") if name in form]
    parties += [(f"members[{index}].", member) for index, member in enumerate(form.get("members", ()))]
    for where, party in parties:
        if party["certTypeCode"] == "01" and not _is_resident_id(party["certNo"]):
            raise parameter(f"{where}certNo", "checkDigit", violation=True)


def _is_resident_id(text: str) -> bool:
    if len(text) != 18 or not (text[:17].isascii() and text[:17].isdecimal()):
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, text[:17], strict=True))
    return text[17] == "10X98765432"[total % 11]


def _account(form: Mapping[str, Any], accounts: Accounts) -> Account | None:
    if "consNo" not in form:
        return None
    account = accounts.find(form["consNo"])
    if account is None or account.status == CLOSED:
        raise Refusal(20001)
    return account


def _authority(form: Mapping[str, Any], account: Account | None) -> None:
    rights = [account.org_no] if account else []
    if "addr" in form:
        rights.append(org_of(form["addr"]["divisionCode"]))
    for right in rights:
        if not right or not has_authority(form["orgNo"], right):
            raise Refusal(20006, {"orgNo": right})


def _names(form: Mapping[str, Any], account: Account) -> None:
    if form["appTypeCode"] in TRANSFERS:
        if form["oldCustName"] != account.name:
            raise Refusal(20002, {"field": "oldCustName"}, detail="oldCustName")
        return
    given = {"custName": form["custName"], "certNo": form["certTypeCode"] + form["certNo"]}
    held = {"custName": account.name, "certNo": account.cert_type + account.cert_no}
    for field, value in given.items():
        if value != held[field]:
            raise Refusal(20002, {"field": field}, detail=field)


def _tariff(form: Mapping[str, Any], account: Account) -> None:
    app_type, residential = form["appTypeCode"], account.elec_type == RESIDENTIAL
    wrong_class = (app_type in _ONLY_RESIDENTIAL and not residential) or (app_type == "211" and residential)
    if wrong_class or (app_type == "320" and form["memberCount"] < _LARGE_HOUSEHOLD):
        raise Refusal(20005)


def _term(form: Mapping[str, Any], account: Account, today: str) -> None:
    app_type = form["appTypeCode"]
    resumes = app_type == "410" and form["suspendKind"] == _RESUME
    if account.status == SUSPENDED and not resumes and app_type not in _WHILE_SUSPENDED:
        raise Refusal(20007, {"statusCode": account.status})
    leaves = app_type == "420" or (app_type == "410" and not resumes)
    if leaves and account.contract_until > today:
        raise Refusal(20007, {"contractUntil": account.contract_until})


def finish(order: Order, accounts: Accounts, at: datetime) -> None:
    """Carry out what an archived order changes on its account."""
    form = order.form
    account = accounts.find(order.cons_no) if order.cons_no else None
    if account is None:
        order.cons_no = _connect(form, accounts)
        return
    match order.app_type:
        case "210" | "211":
            holder = form.get("designatedHolder")
            account.name = holder["name"] if holder else form["custName"]
            account.cert_type = (holder or form)["certTypeCode"]
            account.cert_no = (holder or form)["certNo"]
        case "130" | "140":
            account.capacity = form["contractCap"]
        case "310":
            account.tou, order.effect_date = form["touPlan"], next_billing_day(at)
        case "320":
            account.members, order.effect_date = form["memberCount"], form["startDate"]
        case "410":
            account.status = NORMAL if form["suspendKind"] == _RESUME else SUSPENDED
        case "420":
            account.status = CLOSED


def _connect(form: Mapping[str, Any], accounts: Accounts) -> str:
    org = org_of(form["addr"]["divisionCode"])
    account = Account(
        cons_no=accounts.new_number(org),
        name=form["custName"],
        cert_no=form["certNo"],
        cert_type=form["certTypeCode"],
        address=form["addr"]["text"],
        org_no=org,
        elec_type=form.get("elecTypeCode", RESIDENTIAL),
        capacity=form.get("contractCap") or form["chargerKw"],
        volt=form["voltCode"],
    )
    accounts.add(account)
    return account.cons_no
