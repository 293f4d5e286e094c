"""What a utility would object to in an order, told from what it shows of the account: its state, holder and debts."""

from __future__ import annotations

from collections.abc import Container
from fnmatch import fnmatchcase

from hub.domain.order import ServiceOrder
from hub.domain.outcome import Completed, Outcome, Rejected
from hub.domain.reply import Reply, UtilityAccount
from hub.domain.taxonomy import ErrorCode, ServiceError
from hub.sdk.outcomes import outputs_of

_HIDDEN = str.maketrans({"*": "?", "[": "[[]"})


def beforehand(
    order: ServiceOrder,
    account: UtilityAccount,
    owed: Reply,
    *,
    provider: str,
    states: Container[str],
    debt_bars: bool,
    name_bytes: int | None = None,
) -> Outcome:
    """The outcome of a pre-check: Completed with the bills of `owed`, or Rejected with the first obstacle.

    Args:
        order: what is to be committed later.
        account: the account as the utility shows it.
        owed: the utility's answer about debts.
        provider: the endpoint, for the error.
        states: the account's states in which the utility takes such an order; one that it does not show is no obstacle.
        debt_bars: whether debts must be settled first.
        name_bytes: after how many bytes of GB18030 the utility cuts names.
    """
    due = owed.arrears_fen if owed.arrears_fen is not None else account.arrears_fen or 0
    code = None
    if account.status is not None and account.status not in states:
        code = ErrorCode.ELG_STATUS
    elif not _held_by_the_right_one(order, account, name_bytes):
        code = ErrorCode.IDN_MISMATCH
    elif debt_bars and due > 0:
        code = ErrorCode.ELG_ARREARS
    if code is None:
        return Completed(outputs=outputs_of(owed.with_(accounts=())))
    return Rejected(error=ServiceError(code=code, provider=provider, amount_fen=due if due > 0 else None))


def fits(shown: str | None, full: str, *, cut: int | None = None) -> bool:
    """Whether a name or number may be what a utility shows of it.

    Stars stand for hidden characters, a question mark for one that the utility cannot write; a name that fills its
    `cut` bytes may go on. What is not shown fits anything.
    """
    if not shown:
        return True
    size = len(shown.encode("gb18030"))
    if cut is not None and size > cut - 4 and len(full.encode("gb18030")) > cut:
        full = full[: len(shown)]
    return fnmatchcase(full.upper(), shown.upper().translate(_HIDDEN))


def _held_by_the_right_one(order: ServiceOrder, account: UtilityAccount, name_bytes: int | None) -> bool:
    """A transfer is from the holder that it names, everything else for the holder himself."""
    if order.form.old_holder_name is not None:
        return fits(account.holder_name, order.form.old_holder_name, cut=name_bytes)
    applicant = order.applicant
    named = fits(account.holder_name, applicant.name, cut=name_bytes)
    return named and fits(account.holder_document, applicant.document.number)
