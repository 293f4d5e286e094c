"""What an adapter is given: canonical orders and queries. These are the sources of request mappings."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from hub.domain.address import Address
from hub.domain.application import Audience, Channel
from hub.domain.base import Frozen
from hub.domain.evidence import Evidence
from hub.domain.form import OrderForm
from hub.domain.party import Agent, DocumentType, IdentityAssertion, IdentityDocument, Party


class ServiceOrder(Frozen):
    """One act at one utility: the canonical payload of a task, with only the fields that its item names.

    `serial` (20 characters) and `request_id` (32 hex) are derived from the task number, so that every attempt
    repeats them. `operation` is the catalogue's upstream operation, for example `3001:01`; `variant` the part
    after the colon. `provider_ref` is the utility's own order number once known, `assertion` the case's identity check.
    `linked` are the fields whose accounts move in the same case, told to a registry only.
    """

    task_number: str
    case_number: str
    serial: str = Field(min_length=20, max_length=20)
    request_id: str = Field(min_length=32, max_length=32)
    item: str
    operation: str
    variant: str = ""
    business_type: str
    audience: Audience
    submitted_at: datetime
    channel: Channel
    applicant: Party
    agent: Agent | None = None
    assertion: IdentityAssertion | None = None
    address: Address
    property_unit_no: str | None = None
    delivery: Literal["window", "terminal", "post", "electronic"] = "window"
    form: OrderForm = OrderForm()
    linked: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    provider_ref: str | None = None


class EvidencePart(Frozen):
    """A piece of one material of an order, for interfaces that take files in chunks."""

    order: ServiceOrder
    evidence: Evidence
    index: int = Field(ge=1)
    count: int = Field(ge=1)
    content: bytes
    provider_ref: str | None = None


class FileNames(Frozen):
    """An order together with the file identifiers that the utility gave for its materials."""

    order: ServiceOrder
    file_ids: tuple[str, ...] = ()
    callback_url: str | None = None


class AccountQuery(Frozen):
    """Which accounts, debts or cards: by account number, or by identity document, or by meter number."""

    serial: str = Field(min_length=20, max_length=20)
    request_id: str = Field(min_length=32, max_length=32)
    channel: Channel = Channel()
    account_no: str | None = None
    document: IdentityDocument | None = None
    name: str | None = None
    meter_no: str | None = None
    period: str | None = None
    day: date | None = None

    @classmethod
    def of(cls, source: AccountQuery | ServiceOrder) -> AccountQuery:
        """The question that an order asks of the account in its form; a question is itself."""
        if isinstance(source, AccountQuery):
            return source
        return cls(
            serial=source.serial,
            request_id=source.request_id,
            channel=source.channel,
            account_no=source.form.account_no or source.form.cust_no,
            period=source.form.period,
        )


class OutputQuery(Frozen):
    """Which document: of the result `identifier` of an order that the utility has done."""

    order: ServiceOrder
    kind: Literal["receipt", "contract", "certificate", "card", "answer"]
    identifier: str


class DayQuery(Frozen):
    """A business day's reconciliation file."""

    serial: str
    request_id: str
    channel: Channel = Channel()
    day: date


class BatchRecord(Frozen):
    """One order inside a batch file, with its place."""

    seq: int = Field(ge=1)
    order: ServiceOrder


class Batch(Frozen):
    """A batch file to write: its identity never changes, so writing it again writes the same bytes."""

    id: str
    endpoint: str
    type: str
    day: date
    seq: int = Field(ge=1, le=9999)
    orders: tuple[ServiceOrder, ...]


class Purpose(Frozen):
    """What personal data is asked for: an item of a case, by whom, for which material. No question goes without."""

    item: str
    case_number: str
    operator: str
    material_name: str


class IdentityQuery(Frozen):
    """A question to the identity gateway: is this person who the document says, or what is on record about them.

    `photo` is a JPEG for the gateway alone; it is kept nowhere. `material` is the licence that is asked for.
    """

    purpose: Purpose
    document: IdentityDocument
    name: str = ""
    legal_rep: str | None = None
    photo: bytes | None = None
    material: str | None = None


__all__ = [
    "AccountQuery",
    "Batch",
    "BatchRecord",
    "DayQuery",
    "DocumentType",
    "EvidencePart",
    "FileNames",
    "IdentityQuery",
    "OutputQuery",
    "Purpose",
    "ServiceOrder",
]
