"""Application 申请: what a platform app submits, once, for several items."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from hub.domain.address import Address
from hub.domain.base import Frozen
from hub.domain.evidence import Evidence
from hub.domain.party import Agent, Consent, Organisation, Party

ChannelType = Literal["WINDOW", "TERMINAL", "WEB", "MOBILE", "HOTLINE"]
Audience = Literal["individual", "enterprise"]


class Channel(Frozen):
    """Where the application was taken: a window, a terminal, the web, a phone."""

    type: ChannelType = "WINDOW"
    division: str | None = Field(default=None, pattern=r"^\d{6}(\d{3})?$")
    operator: str | None = Field(default=None, max_length=10)
    terminal: str | None = None


class ItemRequest(Frozen):
    """One item of an application with the form fields that are its own (its account number, say)."""

    code: str
    form: dict[str, Any] = Field(default_factory=dict)


class Application(Frozen):
    """One application for several items. `form` holds the fields that items share; an item's own win.

    `request_id` makes `submit` idempotent: the same id with the same body gives the same case. `assertion` is the id of
    the identity check that `Hub.verify` made for it.
    """

    request_id: str = Field(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9._:-]+$")
    items: tuple[ItemRequest, ...] = Field(min_length=1, max_length=20)
    applicant: Party
    address: Address
    agent: Agent | None = None
    form: dict[str, Any] = Field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()
    consents: tuple[Consent, ...] = ()
    channel: Channel = Channel()
    property_unit_no: str | None = None
    delivery: Literal["window", "terminal", "post", "electronic"] = "window"
    theme: str | None = None
    assertion: str | None = Field(default=None, max_length=40)

    @property
    def audience(self) -> Audience:
        return "enterprise" if isinstance(self.applicant, Organisation) else "individual"
