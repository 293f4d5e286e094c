"""A payment as entries of the hub's books: what the utility's file of a day should say of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from hub.clock import SHANGHAI
from hub.domain.payments import Payment
from hub.domain.reconciliation import REVERSAL, OwnEntry, Standing
from hub.domain.states import PaymentState
from hub.store.tables import PaymentRow

_MIDNIGHT = timedelta(minutes=5)


def entries_of(row: PaymentRow, payment: Payment) -> Iterator[OwnEntry]:
    """The payment, once it has been sent, and its reversal, once that has been asked for."""
    if row.at is None:
        return
    yield OwnEntry(
        serial=row.serial,
        kind="payment",
        provider_ref=payment.provider_receipt,
        amount_fen=payment.amount_fen,
        standing=_standing(row, payment),
        task=row.task,
        at=row.at,
        next_day=_maybe_next_day(row.at, row.done_at),
    )
    if row.reversed_at is not None:
        undone = payment.state is PaymentState.REVERSED
        yield OwnEntry(
            serial=row.serial,
            kind=REVERSAL,
            provider_ref=payment.provider_receipt,
            amount_fen=-payment.amount_fen,
            standing=Standing.DONE if undone else Standing.DOUBT,
            task=row.task,
            at=row.reversed_at,
            next_day=_maybe_next_day(row.reversed_at, None),
        )


def _standing(row: PaymentRow, payment: Payment) -> Standing:
    if row.done_at is not None:
        return Standing.DONE
    return {
        PaymentState.PAID: Standing.OPEN,
        PaymentState.UNKNOWN: Standing.DOUBT,
    }.get(payment.state, Standing.NOT_DONE)


def _maybe_next_day(sent: datetime, done: datetime | None) -> bool:
    """Whether the utility may have booked it on the day after the one on which it was sent."""
    latest = max(sent + _MIDNIGHT, done or sent)
    return latest.astimezone(SHANGHAI).date() > sent.astimezone(SHANGHAI).date()
