"""Ids, case and task numbers, and upstream serials: readable back, never shared, the same in every attempt."""

import random
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from stdnum.iso7064 import mod_11_10

from hub.domain.numbers import (
    BASE36,
    CaseNumber,
    NumberFault,
    case_number,
    new_id,
    parse_case_number,
    parse_task_number,
    read_serial12,
    serial,
    serial12,
    serial20,
    serial32hex,
    task_number,
    task_of_serial,
    task_of_serial20,
)

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
CASE = case_number(date(2026, 11, 24), "330402", 1)

cases = st.builds(
    case_number,
    st.dates(date(2000, 1, 1), date(2099, 12, 31)),
    st.text("0123456789", min_size=6, max_size=6),
    st.integers(1, 999_999),
)
tasks = st.builds(task_number, cases, st.integers(1, 99))


def test_id_depends_on_time_and_randomness_alone():
    assert new_id(NOW, random.Random(7).randbytes) == new_id(NOW, random.Random(7).randbytes)
    assert new_id(NOW, random.Random(7).randbytes) != new_id(NOW, random.Random(8).randbytes)
    assert len(new_id(NOW, random.Random(7).randbytes)) == 26


def test_ids_sort_by_time():
    ids = [new_id(NOW + timedelta(milliseconds=n), random.Random(n).randbytes) for n in range(50)]
    assert ids == sorted(ids)


def test_case_number_has_the_published_form():
    assert "JX620261124330402000001" + mod_11_10.calc_check_digit("20261124330402000001") == CASE
    assert len(CASE) == 24
    assert task_number(CASE, 3) == f"{CASE}-03"


@given(cases)
def test_case_number_reads_back(number):
    assert str(parse_case_number(number)) == number


@given(cases, st.integers(3, 23), st.sampled_from("0123456789"))
def test_case_number_with_one_wrong_digit_is_refused(number, place, digit):
    assume(number[place] != digit)
    with pytest.raises(NumberFault):
        parse_case_number(number[:place] + digit + number[place + 1 :])


def test_sequence_nine_typed_as_ninety_is_noticed():
    nine = case_number(date(2026, 11, 24), "330402", 9)
    with pytest.raises(NumberFault, match="check digit"):
        parse_case_number(nine[:-3] + "90" + nine[-1])


@pytest.mark.parametrize(
    ("number", "rule"),
    [
        ("JX6", "format"),
        (CASE.lower(), "format"),
        (CASE + "0", "format"),
        (CASE[:-1] + "٣", "format"),
        ("JX620261324330402000001" + "0", "date"),
        ("JX619991231330402000001" + "0", "date"),
        ("JX620261124330402000000" + "0", "seq"),
        (CASE[:-1] + str((int(CASE[-1]) + 1) % 10), "check-digit"),
    ],
)
def test_case_number_is_refused_by_its_rule(number, rule):
    with pytest.raises(NumberFault) as caught:
        parse_case_number(number)
    assert caught.value.rule == rule


@pytest.mark.parametrize(
    ("division", "seq"), [("33040", 1), ("330402007", 1), ("33040x", 1), ("330402", 0), ("330402", 1_000_000)]
)
def test_case_number_needs_six_digits_and_a_sequence(division, seq):
    with pytest.raises(NumberFault):
        CaseNumber(date(2026, 11, 24), division, seq)


@pytest.mark.parametrize("index", [0, 100, -1])
def test_task_index_is_one_to_ninety_nine(index):
    with pytest.raises(NumberFault):
        task_number(CASE, index)


@pytest.mark.parametrize("number", [CASE, f"{CASE}-00", f"{CASE}-1", f"{CASE}_01", f"{CASE}-001"])
def test_task_number_is_refused(number):
    with pytest.raises(NumberFault):
        parse_task_number(number)


def test_serial_of_twenty_digits_can_be_read_by_eye():
    assert serial20(f"{CASE}-03") == "261124" + "330402" + "000001" + "03"


@given(tasks)
def test_serial_has_twenty_digits_and_reads_back(task):
    text = serial20(task)
    assert len(text) == 20
    assert text.isascii()
    assert text.isdigit()
    assert task_of_serial20(text) == task


@given(tasks, tasks)
def test_two_tasks_never_share_a_serial(one, other):
    assume(one != other)
    assert serial20(one) != serial20(other)
    assert serial(one, width=13, alphabet=BASE36) != serial(other, width=13, alphabet=BASE36)
    assert serial32hex(one, "submit") != serial32hex(other, "submit")


@given(tasks)
def test_serial_fits_into_twelve_characters_and_reads_back(task):
    text = serial12(serial20(task))
    assert len(text) == 12
    assert set(text) <= set(BASE36)
    assert read_serial12(text) == serial20(task)


@pytest.mark.parametrize("text", ["", "0" * 11, "z" * 12, "Z" * 12, "0" * 12, "00000000000١"])
def test_twelve_characters_that_are_no_serial_are_refused(text):
    with pytest.raises(NumberFault):
        read_serial12(text)


def test_twenty_digits_that_are_no_serial_are_not_written_in_twelve():
    for text in ("2" * 20, "1" * 19, "26112433040200000100"):
        with pytest.raises(NumberFault):
            serial12(text)


@given(tasks, st.integers(13, 24))
def test_serial_in_another_alphabet_reads_back(task, width):
    text = serial(task, width=width, alphabet=BASE36)
    assert len(text) == width
    assert task_of_serial(text, alphabet=BASE36) == task


@pytest.mark.parametrize(("width", "alphabet"), [(19, "0123456789"), (12, BASE36), (6, "0123456789")])
def test_field_too_narrow_for_all_tasks_is_refused(width, alphabet):
    with pytest.raises(NumberFault) as caught:
        serial(f"{CASE}-01", width=width, alphabet=alphabet)
    assert caught.value.rule == "width"


@pytest.mark.parametrize("alphabet", ["", "0", "00112233445566778899"])
def test_alphabet_that_repeats_itself_is_refused(alphabet):
    with pytest.raises(ValueError, match="alphabet"):
        serial(f"{CASE}-01", width=40, alphabet=alphabet)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("2611243304020000010", "length"),
        ("26112433040200000103x", "length"),
        ("2611243304020000010x", "format"),
        ("26132433040200000103", "date"),
        ("26112433040200000003", "seq"),
        ("26112433040200000100", "task"),
    ],
)
def test_foreign_serial_is_refused(text, rule):
    with pytest.raises(NumberFault) as caught:
        task_of_serial20(text)
    assert caught.value.rule == rule


def test_serial_beyond_all_tasks_is_refused():
    with pytest.raises(NumberFault, match="not one of ours"):
        task_of_serial("Z" * 14, alphabet=BASE36)


def test_request_key_is_hex_and_differs_by_purpose():
    task = f"{CASE}-01"
    key = serial32hex(task, "app/submit")
    assert len(key) == 32
    assert set(key) <= set("0123456789abcdef")
    assert key == serial32hex(task, "app/submit")
    assert key != serial32hex(task, "app/cancel")
    with pytest.raises(NumberFault):
        serial32hex("T-1", "app/submit")
