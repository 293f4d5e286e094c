"""The water contract as data: every schema compiles in both dialects, the README shows it, money and hours are exact."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

import simulators.water
from simulators.kit.clock import SHANGHAI
from simulators.water.contract import breaches, contract, request_schema, slots
from simulators.water.dialect import DIALECTS
from simulators.water.records import Pace, Upload, fen, yuan
from simulators.water.tables import tables

REQUESTS = [(trade.code, kind) for trade in contract().trades.values() for kind in trade.requests]
A, B = DIALECTS.values()


@pytest.mark.parametrize(("trade", "kind"), REQUESTS)
def test_every_request_has_a_schema_in_both_dialects_that_refuses_an_empty_document(trade, kind):
    assert breaches(request_schema("A", trade, kind), etree.fromstring("<ROOT/>"))
    assert breaches(request_schema("B", trade, kind), etree.fromstring("<request/>"))


def test_every_field_named_by_a_trade_is_defined():
    known = contract()

    def undefined(members):
        for slot in members:
            if slot.members:
                assert slot.tag in known.lists
                yield from undefined(slot.members)
            elif slot.tag not in known.fields:
                yield slot.tag

    for trade in known.trades.values():
        for request in trade.requests.values():
            assert list(undefined(request)) == []
        assert list(undefined(trade.reply)) == []


def test_the_notation_of_slots_reads_options_and_lists():
    first, second = slots("A? LIST?[ITEM: B C?]")
    assert (first.tag, first.optional, first.members) == ("A", True, ())
    assert (second.tag, second.optional) == ("LIST", True)
    assert [(slot.tag, slot.optional) for slot in second.members] == [("B", False), ("C", True)]


def test_the_readme_shows_the_contract_as_it_is():
    readme = (Path(simulators.water.__file__).parent / "README.md").read_text("utf-8")
    assert tables() in readme


@given(st.integers(min_value=-(10**11), max_value=10**11))
def test_yuan_is_exact_to_the_fen(amount):
    text = yuan(amount)
    assert round(float(text) * 100) == amount
    if amount >= 0:
        assert fen(text) == amount


@given(
    start=st.datetimes(min_value=datetime(2025, 1, 1), max_value=datetime(2027, 1, 1)),
    hours=st.floats(min_value=0.01, max_value=300),
)
def test_business_hours_never_end_at_a_weekend_and_never_end_early(start, hours):
    start = start.replace(tzinfo=UTC)
    end = Pace().later(start, hours)
    assert end - start >= timedelta(hours=hours) - timedelta(seconds=1)
    last = (end - timedelta(microseconds=1)).astimezone(SHANGHAI)
    assert last.weekday() < 5
    assert Pace(every_day=True).later(start, hours) - start == timedelta(hours=hours)


@given(st.floats(min_value=0.1, max_value=100), st.floats(min_value=0.1, max_value=100))
def test_business_hours_add_up(first, second):
    start, pace = datetime(2026, 1, 8, 3, tzinfo=UTC), Pace()
    in_steps, at_once = pace.later(pace.later(start, first), second), pace.later(start, first + second)
    assert abs(in_steps - at_once) < timedelta(milliseconds=1)


@given(total=st.integers(1, 50), come=st.sets(st.integers(1, 50)))
def test_missing_chunks_are_exactly_those_that_have_not_come(total, come):
    come = {number for number in come if number <= total}
    upload = Upload(1, total=total, chunks=dict.fromkeys(come, b""))
    missing = {int(number) for number in upload.missing.split(",") if number}
    assert missing | come == set(range(1, total + 1))
    assert not missing & come
    assert upload.complete == (not missing)


NAMES = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=12)


@given(name=NAMES)
def test_both_dialects_give_back_the_text_they_can_hold(name):
    for dialect, root in ((A, "ROOT"), (B, "request")):
        tag = "YHMC" if dialect is A else "customerName"
        element = etree.Element(root)
        etree.SubElement(element, tag).text = name
        parsed = dialect.read(dialect.parse(etree.tostring(element, encoding="unicode")))
        assert parsed == {"YHMC": dialect.stored(name)}
    assert B.stored(name) == name
