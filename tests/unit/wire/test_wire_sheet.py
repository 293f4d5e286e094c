"""Spreadsheet files: guards, quotes and totals; a short or altered file is refused whole, without its content."""

import csv
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import ConfigError, DecodeError
from hub.wire.sheet import Sheet

SHEET = Sheet(("流水号", "客户编号", "金额"), total="合计", count_in="客户编号", amount_of="金额")
HEAD = "流水号,客户编号,客户姓名,金额\r\n"
CELL = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff="), min_size=1, max_size=8)
DIGITS = st.from_regex(r"[0-9]{1,20}", fullmatch=True)


@given(st.lists(st.tuples(DIGITS, DIGITS, CELL, st.decimals(-1000, 10**6, places=2)), max_size=5))
def test_rows_come_back_with_their_zeros_whatever_the_names_hold(rows):
    out = io.StringIO()
    out.write(HEAD)
    plain = csv.writer(out)
    for serial, account, name, amount in rows:
        plain.writerow([f'="{serial}"', f'="{account}"', name, amount])
    plain.writerow(["合计", len(rows), "", sum((row[3] for row in rows), Decimal(0))])
    found = SHEET.read(out.getvalue().encode("gb18030"))
    assert [tuple(row.values()) for row in found] == [(*row[:3], str(row[3])) for row in rows]


def test_guard_is_taken_off_plain_and_quoted_and_the_amounts_lose_no_sign():
    text = HEAD + '="00123","=""0001""","王,""喆""",-12.5\r\n合计,1,,-12.5\r\n'
    (row,) = SHEET.read(text.encode("gbk"))
    assert row == {"流水号": "00123", "客户编号": "0001", "客户姓名": '王,"喆"', "金额": "-12.5"}


def test_columns_may_come_in_any_order_with_others_between():
    text = "金额,新列,客户编号,流水号\n1,x,2,3\n合计,,1,\n"
    with pytest.raises(DecodeError):
        SHEET.read(text.encode("gbk"))  # the sum must stand in the place of the amount
    swapped = Sheet(("流水号", "金额", "笔数"), total="合计", count_in="笔数", amount_of="金额")
    assert swapped.read("流水号,笔数,金额\n1,,2.5\n合计,1,2.5\n".encode("gbk"))[0]["金额"] == "2.5"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "流水号,金额\r\n合计,0\r\n",
        "流水号,流水号,客户编号,金额\r\n",
        HEAD,
        HEAD + "1,2,CANARY,3\r\n",
        HEAD + "1,2,CANARY,3\r\n合计,2,,3\r\n",
        HEAD + "1,2,CANARY,3\r\n合计,1,,4\r\n",
        HEAD + "1,2,CANARY\r\n合计,1,,3\r\n",
        HEAD + "1,2,CANARY,三\r\n合计,1,,3\r\n",
        HEAD + "1,2,CANARY,3\r\n\r\n合计,1,,3\r\n",
        HEAD + '1,2,"CANARY,3\r\n合计,1,,3\r\n',
    ],
)
def test_short_or_altered_sheet_is_refused_whole_and_its_content_stays_out_of_the_error(text):
    with pytest.raises(DecodeError) as refused:
        SHEET.read(text.encode("gbk"))
    assert "CANARY" not in str(refused.value)


def test_sheet_without_totals_reads_every_line():
    assert Sheet(("a",)).read(b"a,b\n1,2\n") == [{"a": "1", "b": "2"}]


@pytest.mark.parametrize("wrong", [{"amount_of": "x"}, {"count_in": "x"}, {"total": "合计"}])
def test_totals_in_a_column_that_is_not_named_are_a_fault_of_the_configuration(wrong):
    with pytest.raises(ConfigError):
        Sheet(("a",), **wrong)
