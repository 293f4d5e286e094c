"""Messages as trees: tags in order, drawn trace numbers, balances, and the year that the messages lack."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import DecodeError
from hub.wire import iso8583
from hub.wire.iso8583 import Message
from hub.wire.iso8583_tree import dated, read, written

CHINA = timezone(timedelta(hours=8))
NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


@settings(deadline=None)
@given(
    st.datetimes(datetime(2001, 1, 1), datetime(2098, 12, 31)),
    st.timedeltas(timedelta(days=-150), timedelta(days=150)),
)
def test_a_time_without_year_is_the_nearest(now, shift):
    here = now.replace(microsecond=0, tzinfo=CHINA)
    meant = here + shift.__class__(seconds=int(shift.total_seconds()))
    assert dated(f"{meant:%m%d%H%M%S}", here) == meant


def test_new_year_s_eve_belongs_to_the_year_it_is_in():
    eve = datetime(2026, 12, 31, 23, 59, 58, tzinfo=CHINA)
    assert dated("1231235959", eve).year == 2026
    assert dated("0101000001", eve).year == 2027
    assert dated("1231235959", eve + timedelta(seconds=4)).year == 2026


def test_a_leap_day_finds_its_year_and_nonsense_none():
    assert dated("0229120000", datetime(2028, 3, 1, tzinfo=CHINA)).year == 2028
    for wrong in ("1301000000", "0230000000", "0229120000", "1231", "xx31235959"):
        with pytest.raises(DecodeError, match="DE7"):
            dated(wrong, NOW)


def test_tags_go_out_in_order_and_a_list_is_the_same_tag_again():
    tree = {"MTI": "0500", "DE11": "000001", "DE48": {"T009": ["a", "b"], "T001": "王"}}
    message = iso8583.decode(written(tree, bytes).body)
    assert iso8583.read_tags(message.get(48)) == [("001", "王"), ("009", "a"), ("009", "b")]
    assert message.get(64) == iso8583.NO_MAC
    assert 48 not in iso8583.decode(written({**tree, "DE48": {}}, bytes).body).fields


def test_a_question_gets_a_drawn_trace_number_and_a_network_message_no_mac():
    message = iso8583.decode(written({"MTI": "0800", "DE70": "301"}, lambda n: b"\xff" * n, seal=False).body)
    assert (message.get(11), 64 in message.fields) == ("967295", False)


def test_a_debit_balance_is_negative():
    def body(amount):
        return iso8583.encode(Message("0210", {11: "000001", 39: "00", 54: amount}))

    assert read(body("0002156C000000000150"), NOW)["BALANCE"] == "000000000150"
    assert read(body("0002156D000000000150"), NOW)["BALANCE"] == "-000000000150"
    with pytest.raises(DecodeError, match="DE54"):
        read(body("0002156C00000000015x"), NOW)
