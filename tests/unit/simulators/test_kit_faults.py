"""Faults strike the operations they are armed for, as often as asked, and the ledger and journal tell the story."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.kit.clock import ManualClock
from simulators.kit.faults import FAULTS, POINTS, Faults
from simulators.kit.journal import Journal
from simulators.kit.ledger import Ledger

EFFECTS = frozenset({"3001", "2001"})


def test_the_fault_kinds_are_exactly_those_promised():
    assert FAULTS == (
        "refused",
        "connect-hang",
        "down",
        "before-commit",
        "busy",
        "after-commit",
        "half-status",
        "half-body",
        "dribble",
        "garbage",
        "html",
        "wrong-charset",
    )


def test_without_an_operation_only_effects_are_hit():
    faults = Faults(EFFECTS)
    faults.arm("after-commit")
    assert faults.take("committed", "1001") is None
    assert faults.take("read", "3001") is None
    assert faults.take("committed", "3001").kind == "after-commit"
    assert faults.take("committed", "3001") is None


def test_a_named_operation_and_the_star_are_hit():
    faults = Faults(EFFECTS)
    faults.arm("busy", operation="1002", retry_after=3)
    faults.arm("garbage", operation="*")
    assert faults.take("read", "3001") is None
    assert faults.take("read", "1002").options == {"retry_after": 3}
    assert faults.take("reply", "anything").kind == "garbage"


@given(
    kind=st.sampled_from([k for k in FAULTS if POINTS[k] != "connect"]),
    times=st.integers(1, 5),
    after=st.integers(0, 5),
)
def test_a_fault_strikes_exactly_times_after_the_skipped_ones(kind, times, after):
    faults = Faults(EFFECTS)
    faults.arm(kind, times=times, after=after)
    struck = [faults.take(POINTS[kind], "3001") is not None for _ in range(15)]
    assert struck == [False] * after + [True] * times + [False] * (15 - after - times)
    assert faults.armed() == []


def test_down_closes_until_lifted_and_watchers_hear_it():
    faults, heard = Faults(EFFECTS), []
    faults.watch(lambda: heard.append(faults.closing()))
    faults.arm("down")
    assert faults.take("connect", "") is None
    assert faults.closing().kind == "down"
    faults.lift("down")
    assert [fault and fault.kind for fault in heard] == ["down", None]


def test_clear_disarms_everything():
    faults = Faults(EFFECTS)
    for kind in FAULTS:
        faults.arm(kind)
    faults.clear()
    assert faults.armed() == []
    assert faults.closing() is None


@pytest.mark.parametrize("wrong", [{"kind": "meteor"}, {"kind": "busy", "times": 0}, {"kind": "busy", "after": -1}])
def test_a_senseless_fault_is_refused(wrong):
    with pytest.raises(ValueError, match=r"kind|times"):
        Faults().arm(**wrong)


def test_extra_kinds_strike_at_their_own_point():
    faults = Faults(EFFECTS, {"callback-drop": "callback"})
    faults.arm("callback-drop", operation="callback")
    assert faults.take("callback", "callback").kind == "callback-drop"


def test_ledger_counts_effects_by_order_and_kind():
    clock = ManualClock()
    ledger = Ledger(clock)
    ledger.record("order", "A1", slbh="W1")
    clock.advance(5)
    ledger.record("payment", "A1", fen=100)
    ledger.record("order", "B2")
    assert [entry.effect for entry in ledger.effects("A1")] == ["order", "payment"]
    assert (ledger.count(), ledger.count("order"), ledger.count("refund")) == (3, 2, 0)
    assert ledger.summary() == {"order": 2, "payment": 1}
    assert ledger.entries[1].as_dict()["facts"] == {"fen": 100}


def test_journal_keeps_violations_with_their_place():
    journal = Journal(ManualClock())
    journal.record("1001", code="0000")
    journal.record("3001", code="0006", violations=("YHBH: too long",))
    assert journal.violations() == ["#2 3001: YHBH: too long"]
    journal.mark("half-body")
    assert [entry.fault for entry in journal.entries] == ["", "half-body"]
    assert [entry.seq for entry in journal.entries] == [1, 2]
