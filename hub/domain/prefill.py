"""Form fields filled in from what the utilities know: one account is taken, several are offered, none is said.

Nothing that a utility masks or cuts (a name, a document) is ever filled in as if it were whole, and the account to be
taken over is never guessed: what stands under the applicant's own name is another one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from pydantic import Field

from hub.domain.base import Frozen
from hub.domain.catalogue import ServiceItem
from hub.domain.reply import UtilityAccount

_ACCOUNT_FIELDS = {"account_no": ("water", "power", "gas"), "cust_no": ("catv",), "card_no": ("transit", "ccard")}
_CLOSED = frozenset({"closed", "returned"})


class Choice(Frozen):
    """One account to choose, with what tells it from the others."""

    value: str
    address: str | None = None
    status: str | None = None
    arrears_fen: int | None = None


class ItemPrefill(Frozen):
    """What an item's form begins with. `choices`: for a field that several accounts fit. `lacking`: to be asked for."""

    item: str
    form: dict[str, Any] = Field(default_factory=dict)
    choices: dict[str, tuple[Choice, ...]] = Field(default_factory=dict)
    lacking: tuple[str, ...] = ()
    unsettled_fen: int | None = None


def prefill(
    items: Iterable[ServiceItem], accounts: Mapping[str, tuple[UtilityAccount, ...]], by_number: Collection[str] = ()
) -> tuple[ItemPrefill, ...]:
    """What each item's form may begin with.

    `accounts` by field, as they were found; `by_number` names the fields that were asked by account number.
    """
    return tuple(_item(item, accounts.get(item.field, ()), sure=item.field in by_number) for item in items)


def _item(item: ServiceItem, accounts: tuple[UtilityAccount, ...], *, sure: bool) -> ItemPrefill:
    # An account that is taken over is somebody else's; the one that was named is meant.
    one = len(accounts) == 1 and (sure or item.business_type != "transfer")
    usable = [account for account in accounts if account.status not in _CLOSED]
    form: dict[str, Any] = {}
    choices: dict[str, tuple[Choice, ...]] = {}
    for key, fields in _ACCOUNT_FIELDS.items():
        if key in item.field_keys and item.field in fields and usable:
            if one and len(usable) == 1:
                form[key] = usable[0].account_no
            else:
                choices[key] = tuple(_choice(account) for account in usable)
    owed = usable[0].arrears_fen if one and usable else None
    if item.kind == "payment" and "amount" in item.field_keys and form and owed:
        form["amount"] = owed
    wanted = [ref.ref for ref in item.form_fields if ref.required and ref.ref not in form]
    return ItemPrefill(item=item.code, form=form, choices=choices, lacking=tuple(wanted), unsettled_fen=owed)


def _choice(account: UtilityAccount) -> Choice:
    return Choice(
        value=account.account_no, address=account.address, status=account.status, arrears_fen=account.arrears_fen
    )
