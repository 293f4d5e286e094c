"""Money of members of a bundle at the table: the fee of an order that its lead takes down with it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hub import PaymentProof, TaskState
from hub.domain.outcome import Accepted, Completed, Output, Progress, Rejected
from hub.domain.states import PaymentState
from hub.domain.taxonomy import ErrorCode, ServiceError
from hub.domain.work import CommandKind
from hub.engine.money import charging
from hub.engine.money.till import Till
from tests.integration.test_engine_bundles_table import Played
from tests.toy.bundled import EARLY, LEAD, ONE, write_bundles
from tests.toy.bundledtill import BundledTillAdapter
from tests.toy.desk import DOWN, LOST
from tests.toy.hubs import TUESDAY
from tests.toy.table import Table, result
from tests.toy.till import FEE

P, S = PaymentState, TaskState
NO = Rejected(error=ServiceError(code=ErrorCode.ELG_STATUS), raw_code="90")
WAITS = Progress(state=S.AWAITING_PAYMENT, provider_ref="M1", fee_due_fen=FEE)
PAID = Completed(outputs=(Output(kind="receipt", identifier="P1"),))


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    made = Table(write_bundles(tmp_path_factory.mktemp("money")), BundledTillAdapter)
    yield made
    made.close()


@pytest.fixture
def played(shared):
    """An early member waits for its fee, its lead is under way."""
    shared.clear()
    made = Played(shared, EARLY, LEAD, ONE)
    made.claim()
    made.answer(CommandKind.SEND, ONE, WAITS)
    made.answer(CommandKind.SEND, LEAD, Accepted(provider_ref="R1"))
    return made


def pay(played):
    proof = PaymentProof(reference="PAY-1", channel="POS", amount_fen=FEE, paid_at=TUESDAY)

    def work(unit):
        till = Till(unit, played.table.rules)
        ids = [each.id for each in charging.charges(till, played.case) if each.state == "DUE"]
        return charging.pay(till, played.case, ids, proof)

    return played.table.run(work)


def payment(played):
    (found,) = played.table.run(lambda unit: unit.payments(played.case))
    return found.payment


def told(played, kind, outcome, item=ONE):
    """Workers answer every command of a kind for an item, the same."""
    played.claim()
    found = [each for each in played.held if (each.kind, each.order.item) == (kind, item)]
    assert found
    for command in found:
        played.held.remove(command)
        played.table.apply(result(command, outcome, at=played.table.clock.now()))


def polled(played, outcome, item=ONE):
    played.passes(minutes=31)
    told(played, CommandKind.POLL, outcome, item)


def test_fee_of_a_member_that_is_undone_goes_back(played):
    pay(played)
    told(played, CommandKind.PAY, PAID)
    polled(played, Completed(provider_ref="M1"))
    polled(played, NO, LEAD)
    told(played, CommandKind.COMPENSATE, Completed())
    assert (played.task(ONE).state, payment(played).state) == (S.COMPENSATED, P.REVERSING)
    told(played, CommandKind.REVERSE, Completed())
    assert payment(played).state is P.REVERSED


def test_fee_in_doubt_of_a_member_that_is_undone_meanwhile_is_asked_about_and_goes_back(played):
    pay(played)
    told(played, CommandKind.PAY, LOST)
    polled(played, Completed(provider_ref="M1"))
    polled(played, NO, LEAD)
    told(played, CommandKind.COMPENSATE, Completed())
    assert (played.task(ONE).state, payment(played).state) == (S.COMPENSATED, P.UNKNOWN)
    told(played, CommandKind.PAY, PAID)
    assert payment(played).state is P.REVERSING


def lead_fails_and_cancelling_is_refused(played):
    polled(played, NO, LEAD)
    told(played, CommandKind.CANCEL, NO)
    polled(played, WAITS)
    assert (played.task(ONE).state, played.task(ONE).undo) == (S.AWAITING_PAYMENT, "wanted")


def test_member_whose_lead_has_failed_wants_no_fee_any_more(played):
    lead_fails_and_cancelling_is_refused(played)
    charges = played.table.run(lambda unit: charging.charges(Till(unit, played.table.rules), played.case))
    assert charges == ()


def test_fee_that_was_taken_and_not_sent_when_the_lead_failed_is_the_payers(played):
    pay(played)
    told(played, CommandKind.PAY, DOWN.with_(retry_after=timedelta(hours=2)))
    polled(played, NO, LEAD)
    told(played, CommandKind.CANCEL, NO)
    assert payment(played).state is P.PAID
    played.passes(hours=3)
    played.claim()
    assert payment(played).state is P.REVERSED
