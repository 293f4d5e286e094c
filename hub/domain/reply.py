"""What an adapter reads out of an answer: the canonical reply, target of every reply mapping."""

from __future__ import annotations

from datetime import date, datetime

from hub.domain.address import Address
from hub.domain.base import Frozen
from hub.domain.party import DocumentType
from hub.domain.states import TaskState
from hub.domain.taxonomy import ErrorCode


class Bill(Frozen):
    """One unpaid or paid bill. Amounts in fen; negative is a refund."""

    period: str | None = None
    bill_id: str | None = None
    volume: str | None = None
    charge_fen: int | None = None
    penalty_fen: int | None = None
    total_fen: int
    settled: bool = False


class UtilityAccount(Frozen):
    """Utility account 户号 as the utility shows it. Names and numbers may be masked or cut by the utility."""

    account_no: str
    account_no_old: str | None = None
    certificate_no: str | None = None
    holder_name: str | None = None
    holder_document: str | None = None
    address: str | None = None
    use: str | None = None
    status: str | None = None
    meter_no: str | None = None
    meter_kind: str | None = None
    safety_checked_on: date | None = None
    safety_result: str | None = None
    capacity: str | None = None
    arrears_fen: int | None = None
    balance_fen: int | None = None
    valid_until: date | None = None


class NodeEvent(Frozen):
    """One step in the utility's own history of an order."""

    state: TaskState
    raw_code: str
    at: datetime | None = None


class FileRecord(Frozen):
    """One line of an answer or reconciliation file."""

    serial: str | None = None
    provider_ref: str | None = None
    account_no: str | None = None
    kind: str | None = None
    amount_fen: int | None = None
    at: datetime | None = None
    day: date | None = None
    state: TaskState | None = None
    raw_code: str | None = None
    error: ErrorCode | None = None
    card_no: str | None = None
    new_card_no: str | None = None
    fee_fen: int | None = None
    effective: date | None = None
    batch: str | None = None
    pickup_site: str | None = None
    note: str | None = None


class HouseholdMember(Frozen):
    """A member of a household as the register shows it: name and number masked."""

    name: str | None = None
    document: str | None = None
    relation: str | None = None


class Holding(Frozen):
    """A real-estate unit that somebody owns."""

    unit_no: str
    certificate_no: str | None = None
    location: str | None = None


class TransferNotice(Frozen):
    """The last step of a transfer that began at the registry's own window, told for its accounts to follow.

    `ids` are what to settle it by; `fields` the accounts that are to move; `consent` whether the new owner agreed that
    they are told. `state` is COMPLETED once it is entered in the register, CANCELLED when it was withdrawn.
    """

    ids: tuple[str, ...] = ()
    number: str
    division: str | None = None
    unit_no: str
    certificate_no: str | None = None
    address: str | None = None
    former_holder: str | None = None
    holder_name: str | None = None
    holder_document_type: DocumentType | None = None
    holder_document: str | None = None
    mobile: str | None = None
    fields: tuple[str, ...] = ()
    consent: bool
    state: TaskState
    at: datetime
    legal_effect: datetime | None = None


class Reply(Frozen):
    """The utility's answer in canonical terms; absent fields were not in the answer.

    `raw_code` is the utility's own result code and `error` its meaning (none: it said yes). `state_raw` and
    `state` are the same for an order's progress. `legal_effect` is the moment at which what was applied for came
    into force, where that is not the end of the work: the entry in the land register 登簿 comes before the certificate.
    `expires` is when what was granted lapses by itself.
    """

    raw_code: str | None = None
    error: ErrorCode | None = None
    note: str | None = None
    provider_ref: str | None = None
    open_ref: str | None = None
    serial: str | None = None
    state: TaskState | None = None
    state_raw: str | None = None
    rank: int | None = None
    event_time: datetime | None = None
    legal_effect: datetime | None = None
    opinion: str | None = None
    contract_no: str | None = None
    receipt_no: str | None = None
    certificate_no: str | None = None
    licence_no: str | None = None
    fee_due_fen: int | None = None
    arrears_fen: int | None = None
    balance_fen: int | None = None
    finished_at: datetime | None = None
    expires: datetime | None = None
    planned: date | None = None
    file_id: str | None = None
    upload_url: str | None = None
    missing: tuple[str, ...] = ()
    content: str | None = None
    digest: str | None = None
    token: str | None = None
    refresh_token: str | None = None
    lifetime_seconds: int | None = None
    accounts: tuple[UtilityAccount, ...] = ()
    addresses: tuple[Address, ...] = ()
    bills: tuple[Bill, ...] = ()
    nodes: tuple[NodeEvent, ...] = ()
    records: tuple[FileRecord, ...] = ()
    holder_name: str | None = None
    legal_rep: str | None = None
    score: int | None = None
    issuer: str | None = None
    members: tuple[HouseholdMember, ...] = ()
    holdings: tuple[Holding, ...] = ()
    notices: tuple[TransferNotice, ...] = ()
