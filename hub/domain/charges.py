"""Charges 费用 of a case: what its applicant owes, to which utility and for what; told from tasks and payments.

Pure. A charge has no row of its own: it follows from what a task knows (arrears that were found, a fee that is due,
the amount of a payment item) and from the payments made for it. Its id stays the same for as long as it is the same
debt, so that paying it twice is noticed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

from pydantic import Field

from hub.domain.base import Frozen, Labelled
from hub.domain.reply import Reply


class ChargeKind(Labelled):
    """What a charge is for."""

    ARREARS = "ARREARS", "欠费"
    FEE = "FEE", "业务费用"
    BILL = "BILL", "缴费事项"


class ChargeState(Labelled):
    """Where a charge stands, as its payments make it."""

    DUE = "DUE", "待缴"
    PAYING = "PAYING", "缴费处理中"
    SETTLED = "SETTLED", "已缴清"
    RETURNED = "RETURNED", "已退回"


class Charge(Frozen):
    """Charge 费用. `bill_ids` are the utility's bill numbers, or its months; `order_ref` the order whose fee it is.

    `online` says whether the utility's interface takes the money; if not, it is paid at the utility's own counter.
    """

    id: str
    task: str
    kind: ChargeKind
    endpoint: str
    account_no: str | None = None
    bill_ids: tuple[str, ...] = ()
    amount_fen: int = Field(gt=0)
    order_ref: str | None = None
    state: ChargeState = ChargeState.DUE
    online: bool = True
    payment: str | None = None
    found_at: datetime | None = None

    @property
    def debts(self) -> frozenset[str]:
        """What must be settled at most once: each bill of the account, or the fee itself.

        A debt whose bills have no names counts as the same one for a day.
        """
        if self.kind is not ChargeKind.ARREARS or self.account_no is None:
            return frozenset({f"{self.endpoint}|{self.account_no}|{bill}" for bill in self.bill_ids} or {self.id})
        day = f"{self.found_at:%Y%m%d}" if self.found_at else self.id
        return frozenset(f"{self.endpoint}|{self.account_no}|{bill}" for bill in self.bill_ids or (day,))


def arrears_charge(task: str, endpoint: str, account_no: str, reply: Reply, found_at: datetime) -> Charge | None:
    """The charge that a utility's answer about an account makes; none if nothing is owed."""
    owed = reply.arrears_fen
    if owed is None:
        owed = sum(bill.total_fen for bill in reply.bills if not bill.settled)
    if owed <= 0:
        return None
    named = [(bill.bill_id or bill.period) for bill in reply.bills if not bill.settled and bill.total_fen]
    bills = tuple(name for name in named if name) if all(named) else ()
    return Charge(
        id=charge_id(task, ChargeKind.ARREARS, *(sorted(bills) or (str(owed),))),
        task=task,
        kind=ChargeKind.ARREARS,
        endpoint=endpoint,
        account_no=account_no,
        bill_ids=bills,
        amount_fen=owed,
        found_at=found_at,
    )


def charge_id(task: str, kind: ChargeKind, *what: str) -> str:
    """The same for the same debt; tells nothing of the account."""
    return f"{task}:{kind.lower()}:{hashlib.sha256('|'.join(what).encode()).hexdigest()[:8]}"


def total_fen(charges: Iterable[Charge]) -> int:
    """The sum of charges."""
    return sum(charge.amount_fen for charge in charges)
