"""The water desk under arbitrary orders of trades and hours, and under arbitrary input."""

from datetime import timedelta
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from lxml import etree

from simulators.kit.clock import ManualClock
from simulators.kit.ledger import Ledger
from simulators.water.books import Books, Crash
from simulators.water.contract import contract
from simulators.water.desk import Desk
from simulators.water.dialect import DIALECTS
from simulators.water.records import FINAL, Pace
from simulators.water.seed import seed
from simulators.water.soap import Invoke

A, B = DIALECTS.values()
KEY = "TEST"
HOLDER = {"YHMC": "李建国", "ZJLX": "0", "ZJHM": "330402198801010012", "LXDH": "13800138001", "YHBH": "0100012345"}
ORDERS = {
    "04": {**HOLDER, "SBKJ": "25"},
    "07": {**HOLDER, "XWZ": "移至户外"},
    "12": {**HOLDER, "YYSM": "水量突增"},
}
RANK = ["10", "20", "30", "40", "50"]


def build():
    clock = ManualClock()
    books = Books(Ledger(clock), Pace())
    seed(books, 7, clock.now())
    return clock, books, Desk(books, {"0401": KEY})


def call(desk, clock, trade, body, lsh="L1"):
    head = {"GSDM": "0401", "LSH": lsh, "JYSJ": "2026-01-05 09:00:00", "CZY": "c", "QDLX": "01"}
    parts = ["".join(f"<{tag}>{escape(text)}</{tag}>" for tag, text in part.items()) for part in (head, body)]
    xml = "<ROOT><HEAD>{}</HEAD><BODY>{}</BODY></ROOT>".format(*parts)
    answer = desk.answer(A, Invoke(trade, xml, A.sign(trade, xml, KEY)), clock.now())
    root = etree.fromstring(answer.text.partition("?>")[2])
    return answer.code, {child.tag: child.text or "" for child in root.find("BODY")}


class Office(RuleBasedStateMachine):
    """Clerks file, cancel, pay and wait, in any order."""

    def __init__(self):
        super().__init__()
        self.clock, self.books, self.desk = build()
        self.filed, self.seen, self.serial = {}, {}, 0

    def ask(self, trade, body):
        self.serial += 1
        return call(self.desk, self.clock, trade, body, f"L{self.serial}")

    @rule(kind=st.sampled_from(sorted(ORDERS)))
    def file(self, kind):
        code, body = self.ask("3001", {**ORDERS[kind], "YWLX": kind})
        still_open = [n for n, k in self.filed.items() if k == kind and self.seen.get(n) not in FINAL]
        if code == "0000":
            self.filed[body["SLBH"]] = kind
        else:
            assert code == "0005"
            assert body["SLBH"] in still_open

    @rule(hours=st.integers(1, 30))
    def wait(self, hours):
        self.clock.advance(timedelta(hours=hours))

    @rule(data=st.data())
    def cancel(self, data):
        if self.filed:
            number = data.draw(st.sampled_from(sorted(self.filed)))
            state = self.state(number)
            code, _ = self.ask("3003", {"SLBH": number})
            assert code == ("0000" if state in {"10", "20", "70"} else "0004")

    @rule(data=st.data())
    def pay(self, data):
        if self.filed:
            number = data.draw(st.sampled_from(sorted(self.filed)))
            waiting = self.state(number) == "30"
            fee = {"SLBH": number, "JE": "1380.00", "ZFFS": "01", "ZFLSH": "Z"}
            code, _ = self.ask("2001", fee)
            assert code in ({"0000", "0009"} if waiting else {"0004", "0009"})

    def state(self, number):
        return self.books.stage(self.books.orders[number], self.clock.now())[0]

    @invariant()
    def states_go_forward_and_final_ones_stay(self):
        self.books.settle(self.clock.now())
        for number in self.filed:
            before, now = self.seen.get(number, "10"), self.state(number)
            if before in FINAL:
                assert now == before
            elif now in RANK:
                assert RANK.index(now) >= RANK.index(before)
            self.seen[number] = now

    @invariant()
    def one_order_a_kind_is_open_and_each_is_in_the_ledger_once(self):
        open_kinds = [kind for number, kind in self.filed.items() if self.state(number) not in FINAL]
        assert len(open_kinds) == len(set(open_kinds))
        assert self.books.ledger.count("order") == len(self.filed)

    @invariant()
    def the_meter_is_larger_exactly_when_an_order_for_it_is_done(self):
        self.books.settle(self.clock.now())
        done = any(kind == "04" and self.state(number) == "50" for number, kind in self.filed.items())
        assert self.books.accounts["0100012345"].size == ("25" if done else "20")


Office.TestCase.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
test_office = Office.TestCase


TAGS = st.sampled_from(sorted(contract().english()))
TEXTS = st.one_of(
    st.sampled_from(["0100012345", "01", "0", "1", "20260105", "W2026010500001", "12.50", "", "330402198801010012"]),
    st.text(st.characters(exclude_categories=["C"]), max_size=8),
)


@given(trade=st.sampled_from(sorted(contract().trades)), body=st.dictionaries(TAGS, TEXTS, max_size=12))
@settings(max_examples=200, deadline=None)
def test_no_input_makes_the_desk_fall_over(trade, body):
    clock, _, desk = build()
    code, _ = call(desk, clock, trade, body)
    assert code in {"0000", "0001", "0003", "0004", "0005", "0006", "0008", "0009", "0010", "0011", "0012", "0002"}


@given(xml=st.text(max_size=60))
def test_no_text_at_all_makes_the_desk_fall_over(xml):
    clock, _, desk = build()
    for dialect in (A, B):
        assert desk.answer(dialect, Invoke("1001", xml, "x"), clock.now()).code in {"0006", "0007"}


def test_a_broken_record_crashes_with_its_name():
    clock, books, desk = build()
    with pytest.raises(Crash) as caught:
        call(desk, clock, "1002", {"YHBH": "0100099999"})
    assert caught.value.customer == books.accounts["0100099999"].name
    assert caught.value.customer not in str(caught.value)
