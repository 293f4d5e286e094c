"""Money at the table, where two stories meet: the day's file and a payment that is to be sent again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hub import PaymentProof, TaskState
from hub.domain.outcome import Absent, Completed, Output, Progress
from hub.domain.reply import FileRecord
from hub.domain.states import PaymentState
from hub.domain.work import CommandKind
from hub.engine.money import charging, reconciling
from hub.engine.money.till import Till
from tests.toy.desk import DOWN, LOST
from tests.toy.hubs import TUESDAY
from tests.toy.table import Table, result
from tests.toy.till import FEE, TillAdapter

P = PaymentState
DAY = TUESDAY.date()


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    made = Table(tmp_path_factory.mktemp("edges"), TillAdapter)
    yield made
    made.close()


@pytest.fixture
def table(shared):
    """An order that waits for its fee, which was paid."""
    shared.clear()
    number = shared.submit("request-0001")
    told(shared, CommandKind.SEND, Progress(state=TaskState.AWAITING_PAYMENT, provider_ref="T1", fee_due_fen=FEE))
    shared.run(lambda unit: pay(Till(unit, shared.rules), unit.task(number).task.case_number))
    return shared


def pay(till, case):
    proof = PaymentProof(reference="PAY-1", channel="POS", amount_fen=FEE, paid_at=TUESDAY)
    charging.pay(till, case, [each.id for each in charging.charges(till, case)], proof)


def told(table, kind, outcome):
    """Workers answer all that is due of a kind."""
    found = [each for each in table.claim() if each.kind is kind]
    for command in found:
        table.apply(result(command, outcome, at=table.clock.now()))
    return found


def payment(table):
    (found,) = table.run(lambda unit: unit.payments_by("PAY-1"))
    return found


def file_lists(table, record, fen=FEE):
    theirs = FileRecord(serial=record.row.serial, provider_ref="P1", amount_fen=fen, kind="payment")
    table.clock.time += timedelta(days=1)
    return table.run(lambda unit: reconciling.take(unit, table.rules, "water-city", DAY, [theirs], set()))


@pytest.mark.parametrize("thought", ["absent", "not sent"])
def test_payment_that_was_to_be_sent_again_and_is_in_the_file_is_posted_and_not_sent_again(table, thought):
    if thought == "absent":
        told(table, CommandKind.PAY, LOST)
        table.clock.time += timedelta(minutes=5)
        told(table, CommandKind.PAY, Absent())
    else:
        told(table, CommandKind.PAY, DOWN)
    assert payment(table).payment.state is P.PAID
    run = file_lists(table, payment(table))
    assert [each.resolution for each in run.differences] == ["ADOPT"]
    found = payment(table).payment
    assert (found.state, found.provider_receipt) == (P.POSTED, "P1")
    table.clock.time += timedelta(hours=5)
    assert told(table, CommandKind.PAY, Completed(outputs=(Output(kind="receipt", identifier="P2"),))) == []


def test_payment_item_that_was_to_be_sent_again_and_is_in_the_file_is_completed(shared):
    shared.clear()
    number = shared.submit("request-0002", "JX6-WAT-14")
    told(shared, CommandKind.SEND, LOST)
    shared.clock.time += timedelta(minutes=5)
    told(shared, CommandKind.INQUIRE, Absent())
    record = shared.run(lambda unit: unit.payment(number))
    assert (shared.task(number).state, record.payment.state) == (TaskState.READY, P.PAID)
    file_lists(shared, record, record.payment.amount_fen)
    assert shared.task(number).state is TaskState.COMPLETED
    shared.clock.time += timedelta(hours=5)
    assert told(shared, CommandKind.SEND, Completed()) == []
    assert shared.run(lambda unit: unit.payment(number)).payment.state is P.POSTED
