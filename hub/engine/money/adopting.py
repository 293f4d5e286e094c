"""What a utility's file of a day settles by itself: a payment in doubt, or to be sent, and a reversal in doubt."""

from __future__ import annotations

from hub.domain.charges import ChargeKind
from hub.domain.outcome import Completed, Output
from hub.domain.reconciliation import Difference, ReconciliationRun, Resolution
from hub.domain.states import EventSource, PaymentState, TaskState
from hub.engine.events import event_of
from hub.engine.money import paying
from hub.engine.money.reversing import returned
from hub.engine.money.till import Till
from hub.engine.rules import Rules
from hub.engine.step import Steps
from hub.store.books import PaymentRecord
from hub.store.unit import UnitOfWork

P = PaymentState
_NOT_POSTED = frozenset({P.UNKNOWN, P.PAID})
_IN_DOUBT = frozenset({TaskState.UNKNOWN, TaskState.MANUAL, TaskState.READY, TaskState.HELD})


def adopt(unit: UnitOfWork, rules: Rules, run: ReconciliationRun, touched: set[str]) -> None:
    """Take the utility's word for what is in doubt or would be sent again. The run keeps the difference that it was."""
    till = Till(unit, rules, touched)
    for difference in run.differences:
        if difference.resolution is not Resolution.ADOPT or not difference.serial or not difference.theirs_fen:
            continue
        record = unit.payment_of(run.endpoint, difference.serial)
        if record is not None:
            _settle(till, record, difference, run)


def _settle(till: Till, record: PaymentRecord, difference: Difference, run: ReconciliationRun) -> None:
    state = record.payment.state
    # A file that names the order instead of the payment brings no receipt.
    receipt = difference.provider_ref if difference.provider_ref != record.charge.order_ref else None
    if (difference.theirs_fen or 0) < 0:
        if state is P.REVERSING:
            returned(till, record, record.payment.error)
    elif state in _NOT_POSTED and record.charge.kind is ChargeKind.BILL:
        _complete(till, record, receipt, run)
    elif state in _NOT_POSTED:
        paying.posted(till, record, receipt, record.row.at or till.now)


def _complete(till: Till, record: PaymentRecord, receipt: str | None, run: ReconciliationRun) -> None:
    """A payment item is done with its task."""
    task = till.unit.task(record.row.task)
    if task.task.state not in _IN_DOUBT:
        return
    outputs = (Output(kind="receipt", identifier=receipt),) if receipt else ()
    name = f"{record.row.endpoint}:{run.day:%Y%m%d}:{record.row.serial}"
    event = event_of(task.task.number, name, Completed(outputs=outputs), EventSource.FILE, till.now)
    steps = Steps(till.unit, till.rules)
    steps.advance(task, event)
    till.touched |= steps.touched
