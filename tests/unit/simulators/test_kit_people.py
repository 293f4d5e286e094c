"""Synthetic people are deterministic, distinct and formally valid."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric

from simulators.kit.people import DEMO_CITIZEN, FORMER_HOLDER, resident_id, synthetic_people


@given(birth=st.dates(min_value=date(1900, 1, 1)), order=st.integers(0, 999))
def test_resident_id_has_the_check_digit_another_library_computes(birth, order):
    number = resident_id("330402", birth, order)
    assert number[-1] == ric.calc_check_digit(number)


def test_the_demo_citizen_and_the_former_holder_have_valid_numbers():
    assert DEMO_CITIZEN.id_number == "330402195203140024"
    assert resident_id("330402", FORMER_HOLDER.birth_date, 1) == FORMER_HOLDER.id_number


def test_the_same_seed_gives_the_same_distinct_people():
    people = synthetic_people(200, seed=7)
    assert people == synthetic_people(200, seed=7)
    assert people != synthetic_people(200, seed=8)
    assert len({person.id_number for person in people}) == 200
    assert len({person.mobile for person in people}) == 200
    assert all(person.id_number.startswith(person.division9[:6]) for person in people)
