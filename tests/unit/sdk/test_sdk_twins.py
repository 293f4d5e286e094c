"""Two orders under one serial: which of them is the order, and what is said of the other."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from hub.domain.states import TaskState
from hub.sdk import Absent, Accepted, FileRecord, first_order, firsts, with_cancelled


def made(number, hour, state=TaskState.ACCEPTED, serial="s"):
    at = datetime(2026, 11, 25, hour, tzinfo=UTC)
    return FileRecord(serial=serial, provider_ref=number, at=at, state=state)


def test_first_order_is_the_oldest_that_lives():
    twins = [made("B", 2), made("A", 1, TaskState.CANCELLED), made("C", 3)]
    assert first_order(twins) == "B"
    assert first_order([made("B", 2, TaskState.CANCELLED), made("A", 1, TaskState.CANCELLED)]) == "A"
    assert first_order([]) is None


def test_orders_of_one_moment_are_told_apart_by_their_number():
    assert first_order([made("B", 1), made("A", 1)]) == "A"


@given(st.permutations([made("A", 1), made("B", 2), made("C", 3, serial="t"), made("D", 4, serial="t")]))
def test_first_of_each_serial_does_not_depend_on_the_order_of_the_answer(records):
    assert {serial: each.provider_ref for serial, each in firsts(records).items()} == {"s": "A", "t": "C"}


def test_outcome_tells_of_second_orders_that_were_cancelled():
    spare = [made("B", 2), made("C", 3)]
    assert with_cancelled(Accepted(opinion="已受理"), spare).opinion == "已受理; 重复受理单 B, C 已撤销"
    assert with_cancelled(Accepted(), []) == Accepted()
    assert with_cancelled(Absent(), spare) == Absent()
