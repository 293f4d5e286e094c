"""What records of RESP, RECN and CARD files mean for the orders they name, and which of them to believe."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from hub.sdk import (
    Absent,
    Accepted,
    Completed,
    ErrorCode,
    FileRecord,
    NotSent,
    Outcome,
    Output,
    Progress,
    Rejected,
    Reply,
    ServiceError,
    TaskState,
    outcome_of_record,
)

_CARDS = frozenset({"issue", "reissue", "replace"})
# What a RESP may have said about a record that the reconciliation lists in this state.
_EXPLAINS = {
    TaskState.COMPLETED: {TaskState.COMPLETED},
    TaskState.IN_PROGRESS: {TaskState.IN_PROGRESS, TaskState.COMPLETED},
    TaskState.REJECTED: {TaskState.REJECTED, TaskState.AWAITING_APPLICANT, TaskState.ACCEPTED},
}
_WARNINGS = {"lost": "卡已挂失", "blacklisted": "卡在黑名单中", "review_overdue": "卡年审已过期"}
Told = Mapping[str, set[TaskState]]


def answered(records: Iterable[FileRecord], provider: str) -> dict[str, Outcome]:
    """Outcomes by serial of a RESP file; a repeat's 2002 never hides the answer that it repeats."""
    found: dict[str, Outcome] = {}
    for number, record in enumerate(records, start=1):
        serial = record.serial or f"record {number}"
        if record.error is not ErrorCode.DUP_SAME or serial not in found:
            found[serial] = outcome_of_record(record, provider, _output)
    return found


def told(records: Iterable[FileRecord]) -> Told:
    """What RESP files said of each serial."""
    found: defaultdict[str, set[TaskState]] = defaultdict(set)
    for record in records:
        if record.serial and record.state:
            found[record.serial].add(record.state)
    return found


def settled(records: Iterable[FileRecord], known: Told, provider: str) -> dict[str, Outcome]:
    """Outcomes by serial of a RECN file, for those orders only whose RESP was lost.

    A refusal has no reason there: it may be a photo that can be replaced, or a repeat of an order that is well.
    """
    found: dict[str, Outcome] = {}
    for number, record in enumerate(sorted(records, key=lambda each: each.state is TaskState.COMPLETED), start=1):
        serial = record.serial or f"record {number}"
        if record.state is None or not _EXPLAINS[record.state] & known.get(serial, set()):
            found[serial] = outcome_of_record(record, provider, _output)
    return found


def refused_file(reply: Reply, ours: str, provider: str) -> Outcome:
    """The outcome for all orders of a file that the centre did not take. `ours` is the digest of what we sent."""
    error = ServiceError(
        code=reply.error or ErrorCode.UPS_PROTOCOL, provider=provider, provider_code_raw=reply.raw_code
    )
    if reply.error is ErrorCode.FILE_GAP:
        return Progress(state=TaskState.SUSPENDED, raw_code=reply.raw_code, error=error)
    if reply.error is ErrorCode.DUP_SAME and reply.digest == ours:
        return Accepted(raw_code=reply.raw_code)
    return NotSent(error=error)


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


def _output(record: FileRecord) -> Output:
    card = record.new_card_no or (record.card_no if record.kind in _CARDS else None)
    if card:
        return Output(kind="card", identifier=card, effective=record.effective)
    # A loss report is only queued by its answer: `effective` is the day from which it holds.
    return Output(kind="receipt", identifier=record.provider_ref, effective=record.effective)
