"""What the company would refuse an order for, told from the customer's record and debts before it is sent. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from hub.sdk import ErrorCode, Reply, ServiceError, ServiceOrder, UtilityAccount

_BARRED_BY_ARREARS = frozenset({"TRANSFER", "USAGE_CHANGE", "SUSPEND", "CLOSE"})
_WANT_A_CHECK = frozenset({"TRANSFER", "USAGE_CHANGE", "RESUME"})
_BARRED_BY_HAZARD = _WANT_A_CHECK | {"INFO_CHANGE", "CLOSE"}
_WANTED_STATUS = {"SUSPEND": "normal", "RESUME": "suspended"}
_CHECK_HOLDS = timedelta(days=730)


def objection(order: ServiceOrder, account: UtilityAccount, owed: Reply, today: date) -> ServiceError | None:
    """The first thing that stands against an order; None if nothing that can be seen from here does."""
    return next(_objections(order, account, owed, today), None)


def _objections(order: ServiceOrder, account: UtilityAccount, owed: Reply, today: date) -> Iterator[ServiceError]:
    kind, checked = order.variant, account.safety_checked_on
    if kind == "TRANSFER" and account.holder_name != order.form.old_holder_name:
        yield ServiceError(code=ErrorCode.IDN_MISMATCH, field="form.old_holder_name")
    if account.status == "closed" or account.status != _WANTED_STATUS.get(kind, account.status):
        yield ServiceError(code=ErrorCode.ELG_STATUS, provider_code_raw=account.status)
    if kind in _BARRED_BY_ARREARS and owed.arrears_fen:
        yield ServiceError(code=ErrorCode.ELG_ARREARS, amount_fen=owed.arrears_fen)
    if account.safety_result == "hazard" and kind in _BARRED_BY_HAZARD:
        yield ServiceError(code=ErrorCode.ELG_HAZARD, note="hazard")
    if kind in _WANT_A_CHECK and (checked is None or today - checked > _CHECK_HOLDS):
        yield ServiceError(code=ErrorCode.ELG_HAZARD, note="no safety check in 24 months")
    if order.operation == "payBill" and account.meter_kind == "IC_CARD":
        yield ServiceError(code=ErrorCode.ELG_NOT_ELIGIBLE, note="IC-card meter: the card is written at a terminal")
