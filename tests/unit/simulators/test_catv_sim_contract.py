"""The BOSS simulator's own rules: its page says what its contract says, orders walk, money is written short."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

import simulators.catv
from simulators.catv.contract import contract, request_breaches
from simulators.catv.records import Order, due, fen_of, short_date, short_time, yuan
from simulators.catv.tables import tables
from simulators.catv.wire import Unreadable, read_form

AT = datetime(2026, 11, 24, 1, tzinfo=UTC)


def test_page_holds_the_tables_of_the_contract():
    page = (Path(simulators.catv.__file__).parent / "README.md").read_text("utf-8")
    assert tables() in page


@given(st.integers(-(10**9), 10**9))
def test_amount_is_short_and_comes_back(fen):
    text = yuan(fen)
    assert fen_of(text) == fen
    assert "." not in text or text[-1] not in "0."


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_days_and_times_are_short(day):
    assert short_date(day) == f"{day.year}/{day.month}/{day.day}"
    assert short_time(datetime(2024, 3, 5, 1, 3, tzinfo=UTC)) == "2024/3/5 9:03"


@pytest.mark.parametrize(
    ("hours", "pace", "state"),
    [(0, 1, "W0"), (2, 1, "W1"), (19, 1, "W1"), (20, 1, "W2"), (28, 1, "W3"), (1, 0.03, "W3")],
)
def test_order_walks_with_the_hours_unless_something_is_due(hours, pace, state):
    order = Order("1", "2", "OW0001", "BS3001", "0402", "", {}, "W0", AT, AT)
    now = AT + timedelta(hours=hours)
    assert due(order, now, pace)[0] == state
    for held in (Order(*_fields(order), fee=1), Order(*_fields(order), hold="2004")):
        assert due(held, now, pace) == ("W0", AT)


def _fields(order):
    return [getattr(order, name) for name in list(Order.__slots__)[:10]]


def test_every_service_of_the_contract_is_served():
    from simulators.catv.simulator import _SERVICES

    assert {*_SERVICES, "BS1001"} == set(contract().services)


def test_breach_names_tags_and_no_values():
    body = {"CUSTNO": "王五", "WRONG": "李四", "DEVLIST": {"DEV": {"STBNO": "?"}}}
    found = request_breaches(contract().services["BS3006"], {}, body)
    assert {text.partition(":")[0] for text in found} >= {"CUSTNO", "WRONG", "STBNO", "TERMTYPE", "CUSTNAME"}
    assert "王五" not in "".join(found)
    assert "李四" not in "".join(found)


def test_document_with_a_dtd_hidden_in_another_charset_is_unreadable():
    hidden = '<!DOCTYPE REQUEST [<!ENTITY e "x">]><REQUEST><HEAD>&e;</HEAD><BODY/></REQUEST>'.encode("utf-16-le")
    text = '<?xml version="1.0" encoding="GB18030"?>' + hidden.decode("latin-1")
    body = b"xml=" + quote(text, safe="", encoding="gb18030").encode()
    with pytest.raises(Unreadable, match="not well-formed"):
        read_form("application/x-www-form-urlencoded; charset=GB18030", body)


def test_document_with_a_dtd_is_unreadable():
    with pytest.raises(Unreadable):
        read_form("application/x-www-form-urlencoded; charset=GB18030", b"xml=%3C!DOCTYPE a%3E")
