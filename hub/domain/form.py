"""The form of an application: every field that any item of the catalogue asks for, each typed once."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from pydantic import Field

from hub.domain.address import Address
from hub.domain.base import Frozen, Labelled
from hub.domain.party import PartyRef


class CoOwnership(Labelled):
    """How several persons own one thing."""

    SOLE = "sole", "单独所有"
    JOINT = "joint", "共同共有"
    SHARES = "shares", "按份共有"
    OTHER = "other", "其他共有"


class Owner(PartyRef):
    """An owner to be entered: `share` is a fraction such as `1/2`, given by owners in shares and by nobody else."""

    mode: CoOwnership = CoOwnership.SOLE
    share: str | None = Field(default=None, pattern=r"^[1-9]\d{0,5}/[1-9]\d{0,5}$")
    mobile: str | None = None


class ContactChange(Frozen):
    """What of the customer's data is to change; an absent field stays as it is."""

    name: str | None = None
    mobile: str | None = None
    address: str | None = None


class Terminal(Frozen):
    """One cable television terminal."""

    no: str
    kind: str | None = None


class BankAccount(Frozen):
    """Bank account for refunds."""

    bank: str
    account_no: str
    holder: str


class OrderForm(Frozen):
    """Form fields by their catalogue key. Money is fen, months are `yyyyMM`, slots are `yyyy-MM-dd AM|PM`."""

    account_no: str | None = Field(default=None, pattern=r"^[0-9A-Za-z]{4,32}$")
    old_holder_name: str | None = None
    old_holder_consent: str | None = None
    designated_holder: PartyRef | None = None
    ownership_proof_no: str | None = None
    meter_reading: Decimal | None = Field(default=None, ge=0, max_digits=12, decimal_places=3)
    settle_mode: str | None = None
    water_use: str | None = None
    meter_size: str | None = None
    daily_volume: Decimal | None = Field(default=None, gt=0, max_digits=12, decimal_places=3)
    need_external_works: bool | None = None
    start_date: date | None = None
    end_date: date | None = None
    project_name: str | None = None
    new_position: str | None = None
    reason: str | None = None
    member_ids: tuple[PartyRef, ...] | None = None
    member_count: int | None = Field(default=None, ge=1, le=99)
    contact_change: ContactChange | None = None
    doubt: str | None = None
    period: str | None = Field(default=None, pattern=r"^\d{4}(0[1-9]|1[0-2])$")
    bill_ids: tuple[str, ...] | None = None
    amount: int | None = Field(default=None, gt=0, le=10**12)
    pay_channel: str | None = None
    elec_type: str | None = None
    capacity_kva: Decimal | None = Field(default=None, gt=0, max_digits=10, decimal_places=2)
    voltage: str | None = None
    tou_plan: str | None = None
    charger_power_kw: Decimal | None = Field(default=None, gt=0, max_digits=8, decimal_places=2)
    parking_no: str | None = None
    suspend_kind: str | None = None
    gas_use: str | None = None
    appliances: tuple[str, ...] | None = None
    hourly_flow: Decimal | None = Field(default=None, gt=0, max_digits=10, decimal_places=2)
    visit_slot: str | None = Field(default=None, pattern=r"^\d{4}-\d{2}-\d{2} (AM|PM)$")
    meter_kind: str | None = None
    remain_volume: Decimal | None = Field(default=None, ge=0, max_digits=10, decimal_places=2)
    card_type: str | None = None
    card_no: str | None = None
    school: str | None = None
    pickup_site: str | None = None
    photo_ref: str | None = None
    loss_kind: str | None = None
    loss_time: datetime | None = None
    functions: tuple[str, ...] | None = None
    insured_division: str | None = None
    reissue_reason: str | None = None
    cust_no: str | None = None
    package: str | None = None
    bandwidth: int | None = Field(default=None, gt=0)
    terminals: tuple[Terminal, ...] | None = None
    new_address: Address | None = None
    contract_accept: bool | None = None
    bank_account: BankAccount | None = None
    bdcdyh: str | None = None
    contract_no: str | None = Field(default=None, pattern=r"^[0-9A-Za-z-]{4,50}$")
    price: int | None = Field(default=None, gt=0, le=10**13)
    owners: tuple[Owner, ...] | None = Field(default=None, min_length=1, max_length=50)
    transferors: tuple[PartyRef, ...] | None = Field(default=None, min_length=1, max_length=50)
