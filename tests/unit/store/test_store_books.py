"""The books: payments found again, and each day's entries as the utility's file should have them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from hub.domain.charges import Charge, ChargeKind
from hub.domain.reconciliation import Resolution, Standing
from hub.domain.reply import FileRecord
from hub.domain.states import PaymentState
from hub.engine.money import reconciling
from hub.store.tables import PaymentRow
from tests.toy.hubs import TUESDAY
from tests.toy.table import Table
from tests.toy.till import FEE, TillAdapter

P = PaymentState
DAY = TUESDAY.date()
NIGHT = datetime(2026, 11, 24, 15, 58, tzinfo=UTC)  # 23:58 in Jiaxing


@pytest.fixture
def table(tmp_path):
    made = Table(tmp_path, TillAdapter)
    yield made
    made.close()


def booked(table, at, *, done=None, state=P.POSTED, count=1):
    """A payment that was sent at a time, and booked at another if at all; its serial."""
    number = table.submit(f"request-{count:04}")

    def make(unit):
        task = unit.task(number).task
        charge = Charge(
            id=f"{number}:fee:{count}",
            task=number,
            kind=ChargeKind.FEE,
            endpoint=task.endpoint,
            amount_fen=FEE,
        )
        record = unit.insert_payment(f"{task.case_number}-51", task.case_number, charge, None, at)
        record.row.at, record.row.done_at = at, done
        record.payment = record.payment.with_(state=state)
        unit.save_payment(record)
        return record.row.serial

    return table.run(make)


def compared(table, day, *records):
    return table.run(lambda unit: reconciling.take(unit, table.rules, "water-city", day, records, set()))


def line(serial, fen=FEE):
    return FileRecord(serial=serial, provider_ref="R1", kind="payment", amount_fen=fen)


def test_what_a_payment_holds_is_sealed_and_its_place_is_a_digest(table):
    booked(table, TUESDAY)
    row = table.run(lambda unit: unit._session.exec(select(PaymentRow)).one())
    assert "fee" not in row.value
    assert "fee" not in row.place


def test_payment_counts_for_the_day_on_which_it_was_sent(table):
    serial = booked(table, TUESDAY, done=TUESDAY + timedelta(seconds=1))
    assert compared(table, DAY, line(serial)).agrees
    later = compared(table, DAY + timedelta(days=1))
    assert (later.agrees, later.ours.count) == (True, 0)


def test_payment_near_midnight_may_be_in_the_next_file_and_is_missed_if_it_is_in_neither(table):
    serial = booked(table, NIGHT, done=NIGHT)
    run = compared(table, DAY)
    assert [each.resolution for each in run.differences] == [Resolution.NEXT_DAY]
    assert compared(table, DAY + timedelta(days=1), line(serial)).agrees
    run = compared(table, DAY + timedelta(days=1))
    assert [each.resolution for each in run.differences] == [Resolution.REPEAT]


def test_payment_whose_doubt_ended_a_day_later_may_be_in_either_file(table):
    serial = booked(table, TUESDAY, done=TUESDAY + timedelta(days=1))
    assert [each.resolution for each in compared(table, DAY).differences] == [Resolution.NEXT_DAY]
    assert compared(table, DAY + timedelta(days=1), line(serial)).agrees


def test_payment_that_was_never_sent_is_in_no_file(table):
    number = booked(table, TUESDAY, state=P.PAID)
    assert compared(table, DAY).agrees
    entries = table.run(lambda unit: unit.money_of("water-city", TUESDAY, TUESDAY + timedelta(hours=1)))
    assert [(entry.serial, entry.standing) for entry in entries] == [(number, Standing.OPEN)]


def test_doubt_that_the_file_settles_is_adopted(table):
    serial = booked(table, TUESDAY, state=P.UNKNOWN)
    run = compared(table, DAY, line(serial))
    assert [each.resolution for each in run.differences] == [Resolution.ADOPT]
    record = table.run(lambda unit: unit.payment_of("water-city", serial))
    assert (record.payment.state, record.payment.provider_receipt) == (P.POSTED, "R1")
    assert compared(table, DAY, line(serial)).agrees


def test_other_amount_in_the_file_is_a_difference_that_a_person_corrects(table):
    serial = booked(table, TUESDAY, done=TUESDAY)
    run = compared(table, DAY, line(serial, FEE + 1))
    assert [(each.resolution, each.ours_fen, each.theirs_fen) for each in run.differences] == [
        (Resolution.CORRECT, FEE, FEE + 1)
    ]
