"""What records of RESP, RECN and CARD files mean for the orders that they name."""

from __future__ import annotations

from hub.sdk import (
    Absent,
    Completed,
    ErrorCode,
    FileRecord,
    Outcome,
    Output,
    Rejected,
    Reply,
    ServiceError,
)

_CARDS = frozenset({"issue", "reissue", "replace"})
_WARNINGS = {"lost": "卡已挂失", "blacklisted": "卡在黑名单中", "review_overdue": "卡年审已过期"}


def snapshot_answer(reply: Reply, asker: str, provider: str) -> Outcome:
    """The answer about one card; neither name nor document of the holder, only whether the asker's mask fits."""
    if not reply.accounts:
        return Rejected(error=ServiceError(code=ErrorCode.ELG_ACCOUNT_NOT_FOUND, provider=provider))
    account, record = reply.accounts[0], reply.records[0]
    data = {
        "card_no": account.account_no,
        "card_type": account.use,
        "status": account.status,
        "balance_fen": account.balance_fen,
        "valid_until": account.valid_until.isoformat() if account.valid_until else None,
        "last_transaction_at": record.at.isoformat() if record.at else None,
        "review_due": record.day.isoformat() if record.day else None,
        "holder_confirmed": account.holder_document == asker,
    }
    shown = {key: value for key, value in data.items() if value is not None}
    return Completed(
        outputs=(Output(kind="answer", identifier=account.account_no, as_of=reply.event_time, data=shown),)
    )


def foreseen(reply: Reply, provider: str) -> Outcome:
    """What a card's state in the snapshot means for an order about it; a card that is not there may be newer."""
    if not reply.accounts:
        return Absent()
    status = reply.accounts[0].status or "normal"
    if status == "returned":
        return Rejected(error=ServiceError(code=ErrorCode.ELG_STATUS, provider=provider), event_time=reply.event_time)
    return Completed(opinion=_WARNINGS.get(status), event_time=reply.event_time)


def output(record: FileRecord) -> Output:
    """The result of an order that was done: a new card, or else a receipt."""
    card = record.new_card_no or (record.card_no if record.kind in _CARDS else None)
    if card:
        return Output(kind="card", identifier=card, effective=record.effective)
    # A loss report is only queued by its answer: `effective` is the day from which it holds.
    return Output(kind="receipt", identifier=record.provider_ref, effective=record.effective)
