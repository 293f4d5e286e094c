"""Payments 缴费: money that a payer has given for a charge, and what became of it at the utility."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from hub.domain.base import Frozen
from hub.domain.charges import Charge
from hub.domain.states import PaymentState
from hub.domain.taxonomy import ServiceError

PayChannel = Literal["CASH", "POS", "ALIPAY", "WECHAT", "DIGITAL_RMB"]


class PaymentProof(Frozen):
    """What the payment platform, or the till, says of money taken (or given back): its own number, amount and time.

    `reference` makes a payment idempotent: the same one for the same charges is the same payment.
    """

    reference: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:-]+$")
    channel: PayChannel
    amount_fen: int = Field(gt=0)
    paid_at: AwareDatetime


class Payment(Frozen):
    """Payment 缴费 of one or more bills, or of a fee.

    PAID: the payer's money is there, the utility does not have it. POSTED: the utility has booked it. REVERSED: the
    utility does not have it (any more); what is left is to give it back to the payer, which `repaid` proves.
    `needs_person` says that nothing moves it by itself any more; `error` why.
    """

    id: str
    bills: frozenset[str]
    amount_fen: int
    state: PaymentState = PaymentState.INITIATED
    provider_receipt: str | None = None
    charge: Charge | None = None
    proof: PaymentProof | None = None
    error: ServiceError | None = None
    needs_person: bool = False
    reason: str | None = None
    repaid: PaymentProof | None = None

    @property
    def moving(self) -> bool:
        """Whether the hub itself has still to see to it."""
        return not self.needs_person and self.state in _MOVING

    @property
    def repayable(self) -> bool:
        """Whether the payer's money is still to be given back."""
        return self.state is PaymentState.REVERSED and self.repaid is None


_MOVING = frozenset({PaymentState.PAID, PaymentState.UNKNOWN, PaymentState.REVERSING})
