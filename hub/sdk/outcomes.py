"""From a canonical reply to an outcome: one rule for all adapters."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import timedelta

from hub.clock import SHANGHAI
from hub.domain.order import ServiceOrder
from hub.domain.outcome import (
    Absent,
    Accepted,
    Completed,
    Faulty,
    NotSent,
    Outcome,
    Output,
    Progress,
    Rejected,
    Unknown,
)
from hub.domain.reply import FileRecord, Reply
from hub.domain.states import TaskState
from hub.domain.taxonomy import ErrorCode, Retry, ServiceError

_ANSWER_FIELDS = {"accounts", "bills", "arrears_fen", "balance_fen", "records"}


def error_of(reply: Reply, code: ErrorCode | None = None) -> ServiceError:
    """The failure that a reply states. Free text of the utility stays out: it may name people."""
    return ServiceError(
        code=code or reply.error or ErrorCode.UPS_PROTOCOL,
        provider_code_raw=reply.raw_code or reply.state_raw,
        ref=reply.open_ref,
        amount_fen=reply.arrears_fen,
    )


def refusal(error: ServiceError, retry_after: timedelta | None = None) -> Outcome:
    """The outcome of an answer that says no, by the error's own rule."""
    match error.code.rule.retry:
        case Retry.BACKOFF | Retry.HOLD | Retry.RENEW:
            return NotSent(error=error, retry_after=retry_after or error.retry_after)
        case Retry.PROBE | Retry.SUCCESS:
            # "Done already" is only good news once an inquiry shows that it was our own request.
            return Unknown(phase="RECEIVED", error=error)
        case Retry.MANUAL:
            return Faulty(error=error)
        case _:
            return Rejected(error=error, raw_code=error.provider_code_raw)


def not_decided(answer: Reply | Outcome) -> Outcome:
    """The outcome of a question that was refused: that says nothing about what it asked for, least of all a no.

    `answer` is the reply, or what an adapter's own rule has made of it.
    """
    outcome = outcome_of(answer) if isinstance(answer, Reply) else answer
    return Faulty(error=outcome.error) if isinstance(outcome, Rejected) else outcome


def resolved(found: Outcome, otherwise: Outcome) -> Outcome:
    """What an inquiry makes of a refusal that may mean our own order: that order, or a doubt if it did not answer.

    `otherwise` is the outcome when the utility has no such order of ours.
    """
    if isinstance(found, NotSent):
        return Unknown(phase="RECEIVED", error=found.error, retry_after=found.retry_after)
    return otherwise if isinstance(found, Absent) else found


def outputs_of(reply: Reply) -> tuple[Output, ...]:
    """The results that a reply carries: contract, receipt, or the answer to a query."""
    outputs = []
    if reply.contract_no:
        outputs.append(Output(kind="contract", identifier=reply.contract_no, expires=reply.expires))
    if reply.receipt_no:
        outputs.append(Output(kind="receipt", identifier=reply.receipt_no, expires=reply.expires))
    if reply.certificate_no:
        licence = {"licence_no": reply.licence_no} if reply.licence_no else {}
        since = reply.legal_effect.astimezone(SHANGHAI).date() if reply.legal_effect else None
        outputs.append(
            Output(
                kind="certificate",
                identifier=reply.certificate_no,
                effective=since,
                expires=reply.expires,
                data=licence,
            )
        )
    answer = reply.model_dump(mode="json", include=_ANSWER_FIELDS, exclude_none=True, exclude_defaults=True)
    if answer:
        outputs.append(Output(kind="answer", data=answer))
    return tuple(outputs)


def outcome_of(reply: Reply, *, done: bool = False) -> Outcome:
    """The outcome of a reply. `done`: a yes without a state means completed (a query, a payment), not accepted."""
    if reply.error is not None:
        return refusal(error_of(reply))
    taken = {
        "provider_ref": reply.provider_ref,
        "raw_code": reply.state_raw or reply.raw_code,
        "event_time": reply.event_time,
        "legal_effect": reply.legal_effect,
        "rank": reply.rank or 0,
        "opinion": reply.opinion,
    }
    match reply.state:
        case None:
            return Completed(**taken, outputs=outputs_of(reply)) if done else Accepted(**taken)
        case TaskState.COMPLETED:
            return Completed(**taken, outputs=outputs_of(reply))
        case TaskState.REJECTED:
            return Rejected(**taken, error=error_of(reply, ErrorCode.ELG_NOT_ELIGIBLE))
        case TaskState.ACCEPTED:
            return Accepted(**taken)
        case state:
            asked = reply.missing if state is TaskState.AWAITING_APPLICANT else ()
            return Progress(**taken, state=state, fee_due_fen=reply.fee_due_fen, asked=asked)


def paid(order: ServiceOrder, reply: Reply) -> Completed:
    """A payment that was posted: known by the number of the order whose fee it is, or else by its receipt."""
    return Completed(
        provider_ref=order.provider_ref or reply.receipt_no,
        raw_code=reply.raw_code,
        event_time=reply.event_time,
        outputs=outputs_of(reply),
    )


def outcome_of_record(record: FileRecord, provider: str, output: Callable[[FileRecord], Output]) -> Outcome:
    """The outcome of one order in a file. A code that no table knows concerns its own order only."""
    taken = {"provider_ref": record.provider_ref, "raw_code": record.raw_code, "opinion": record.note}
    match record.state:
        case None:
            return Faulty(error=_failure(record, ErrorCode.UPS_UNMAPPED, provider))
        case TaskState.COMPLETED:
            return Completed(**taken, outputs=(output(record),))
        case TaskState.REJECTED:
            return Rejected(**taken, error=_failure(record, record.error or ErrorCode.ELG_NOT_ELIGIBLE, provider))
        case TaskState.ACCEPTED:
            return Accepted(**taken)
        case TaskState.IN_PROGRESS if record.fee_fen:
            return Progress(**taken, state=TaskState.AWAITING_PAYMENT, fee_due_fen=record.fee_fen)
        case state:
            error = _failure(record, record.error, provider) if record.error else None
            return Progress(**taken, state=state, error=error)


def outcomes_of_records(
    records: Iterable[FileRecord], provider: str, output: Callable[[FileRecord], Output]
) -> dict[str, Outcome]:
    """Outcomes by serial of a file that answers whole orders, each perhaps in several lines for its several acts.

    An order is refused only if all its acts are; else it is done, with a word about the act that was refused.
    """
    lines: defaultdict[str, list[FileRecord]] = defaultdict(list)
    for number, record in enumerate(records, start=1):
        lines[record.serial or f"line {number}"].append(record)
    found: dict[str, Outcome] = {}
    for serial, some in lines.items():
        chosen = min(some, key=lambda each: (each.state is not None, each.state is not TaskState.COMPLETED))
        refused = [each.note or each.raw_code for each in some if each.state is TaskState.REJECTED]
        note = refused[0] if refused else chosen.note
        found[serial] = outcome_of_record(chosen.with_(note=note), provider, output)
    return found


def _failure(record: FileRecord, code: ErrorCode, provider: str) -> ServiceError:
    return ServiceError(code=code, provider=provider, provider_code_raw=record.raw_code, ref=record.provider_ref)
