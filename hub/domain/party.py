"""Who applies and on what authority: persons, organisations, documents, assertions, agents, consents."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from hub.domain.base import Frozen, Labelled


class DocumentType(Labelled):
    """Identity document types."""

    RIC = "RIC", "居民身份证"
    USCC = "USCC", "统一社会信用代码"
    PASSPORT = "PASSPORT", "护照"
    HM_PERMIT = "HM_PERMIT", "港澳居民来往内地通行证"
    TW_PERMIT = "TW_PERMIT", "台湾居民来往大陆通行证"
    HMT_RESIDENCE = "HMT_RESIDENCE", "港澳台居民居住证"
    FPR = "FPR", "外国人永久居留身份证"
    HOUSEHOLD = "HOUSEHOLD", "户口簿"


class Sex(Labelled):
    """GB/T 2261.1."""

    UNKNOWN = "0", "未知"
    MALE = "1", "男"
    FEMALE = "2", "女"
    UNSTATED = "9", "未说明"


class IdentityDocument(Frozen):
    """Identity document 证件."""

    type: DocumentType
    number: str = Field(min_length=1, max_length=32)
    issuer: str | None = None
    valid_from: date | None = None
    valid_until: date | None = None


class Person(Frozen):
    """Natural person 自然人. `birth_date` may be partial (`1950`, `1950-03`)."""

    kind: Literal["person"] = "person"
    name: str = Field(min_length=1, max_length=120)
    document: IdentityDocument
    birth_date: str | None = Field(default=None, pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$")
    sex: Sex | None = None
    mobile: str | None = None
    name_source: str | None = None


class Organisation(Frozen):
    """Organisation 法人/组织; its document is its USCC."""

    kind: Literal["organisation"] = "organisation"
    name: str = Field(min_length=1, max_length=200)
    document: IdentityDocument
    legal_rep: Person | None = None
    mobile: str | None = None
    status: str | None = None


Party = Annotated[Person | Organisation, Field(discriminator="kind")]


class PartyRef(Frozen):
    """A further party named in a form: holder, member, transferor."""

    name: str = Field(min_length=1, max_length=120)
    document: IdentityDocument


class Agent(Frozen):
    """Agency 代办授权: who acts for the applicant, and on what proof."""

    person: Person
    proof: str | None = None
    items: tuple[str, ...] = ()
    valid_until: date | None = None


Method = Literal["CARD_READER", "AUTHORITY_CHECK", "FACE_COMPARE", "CLERK"]


class IdentityAssertion(Frozen):
    """Identity assertion 核验凭据: the one identity check of a case. Never the photo, no name and no number.

    `subject` is a keyed digest (HMAC-SM3) of who was checked. It is good for one case, whose number was reserved with
    it, for these items, at this kind of channel, until `expires_at`. `request_id` is the gateway's own, for audits.
    """

    id: str
    method: Method
    level: int = Field(ge=1, le=3)
    verified_at: datetime
    expires_at: datetime
    request_id: str | None = None
    operator: str | None = None
    subject: str = ""
    case_number: str | None = None
    channel: str = "WINDOW"
    items: tuple[str, ...] = ()


class Consent(Frozen):
    """Consent 授权同意: the person lets `recipient` (a field or a provider id) have the data for `items`.

    An empty `items` covers every item of the case at that recipient.
    """

    recipient: str
    items: tuple[str, ...] = ()
    given_at: datetime
    withdrawn_at: datetime | None = None
    form: Literal["signature", "tick", "separate"] = "signature"
