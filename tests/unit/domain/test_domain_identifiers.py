"""Document, phone, estate and card numbers: what is accepted, what is refused by which rule, and the library's traps."""

from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from stdnum.cn import ric, uscc
from stdnum.exceptions import InvalidComponent

from hub.domain.identifiers import (
    IdentifierFault,
    check_bus_card,
    check_document,
    check_estate_certificate,
    check_estate_unit,
    check_mobile,
    check_phone,
    old_resident_number,
)
from hub.domain.party import DocumentType as T
from hub.domain.party import Sex

TODAY = date(2026, 11, 24)
RESIDENTS = [
    "330402198801010012",
    "330411200501010025",
    "330481199506150135",
    "330421200012310249",
    "33040219700101001X",
    "330411196001010011",
    "330482196001010017",
    "330113202201010010",
]
CREDIT_CODES = [
    "91330402MA28A12323",
    "91330411MA2B123437",
    "12330400470123451G",
    "N2330411MF1234567B",
    "91110000600037341L",
]
OTHERS = [
    (T.PASSPORT, "E12345678"),
    (T.PASSPORT, "G12345678"),
    (T.PASSPORT, "EA1234567"),
    (T.HM_PERMIT, "H12345678"),
    (T.HM_PERMIT, "M1234567801"),
    (T.TW_PERMIT, "12345678"),
    (T.TW_PERMIT, "1234567890A"),
    (T.HMT_RESIDENCE, "810000199001010019"),
    (T.HMT_RESIDENCE, "820000199001010029"),
    (T.HMT_RESIDENCE, "830000199001010039"),
    (T.FPR, "933840199001010013"),
    (T.FPR, "USA123456789012"),
    (T.HOUSEHOLD, "330402123"),
]


def rule_of(type_, number, today=TODAY):
    with pytest.raises(IdentifierFault) as caught:
        check_document(type_, number, today=today)
    assert caught.value.code == "VAL_FORMAT"
    return caught.value.rule


def resident(division, born, order):
    body = f"{division}{born:%Y%m%d}{order:03d}"
    return body + ric.calc_check_digit(body + "0")


residents = st.builds(
    resident,
    st.sampled_from(["330402", "330411", "330421", "330424", "330481", "330482", "330483", "110101", "330499"]),
    st.dates(date(1900, 1, 1), TODAY),
    st.integers(1, 999),
)


def credit_code(head, division, body):
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    left = -sum(int(c, 36) * w for c, w in zip(body, weights, strict=True)) % 11
    code = f"{head}{division}{body}{'X' if left == 10 else left}"
    return code + uscc.calc_check_digit(code)


credit_codes = st.builds(
    credit_code,
    st.sampled_from(["91", "92", "12", "N2", "A1", "Y1"]),
    st.sampled_from(["330402", "330411", "110000"]),
    st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=8, max_size=8),
)


@pytest.mark.parametrize("number", RESIDENTS)
def test_resident_number_of_jiaxing_is_accepted(number):
    checked = check_document(T.RIC, number, today=TODAY)
    assert checked.number == number
    assert f"{checked.birth_date:%Y%m%d}" == number[6:14]
    assert checked.sex is (Sex.MALE if int(number[16]) % 2 else Sex.FEMALE)


@pytest.mark.parametrize("number", CREDIT_CODES)
def test_credit_code_is_accepted(number):
    checked = check_document(T.USCC, number, today=TODAY)
    assert (checked.number, checked.birth_date, checked.sex) == (number, None, None)


@pytest.mark.parametrize(("type_", "number"), OTHERS)
def test_other_document_is_accepted(type_, number):
    assert check_document(type_, number, today=TODAY).number == number


def test_every_document_type_has_a_rule():
    for type_ in T:
        with pytest.raises(IdentifierFault):
            check_document(type_, "?", today=TODAY)
        assert rule_of(type_, "  ") == "empty"


@pytest.mark.parametrize(
    ("type_", "number", "rule"),
    [
        (T.RIC, "3304021988010100", "length"),
        (T.RIC, "33040219880101001A", "alphabet"),
        (T.RIC, "33040219880101001٢", "alphabet"),
        (T.RIC, "330402198801010013", "check-digit"),
        (T.RIC, "330402188801010012", "check-digit"),
        (T.RIC, "330402199002300015", "birth-date"),
        (T.RIC, resident("330402", date(1850, 1, 1), 1), "birth-date"),
        (T.RIC, resident("330402", date(2099, 12, 31), 1), "future-birth"),
        (T.RIC, "33040288013301", "length"),
        (T.RIC, "330402881301001", "birth-date"),
        (T.USCC, "91330402MA28A1232", "length"),
        (T.USCC, "91330402MA28A1232I", "alphabet"),
        (T.USCC, "91330402MA28A12324", "check-digit"),
        (T.HMT_RESIDENCE, "330402198801010012", "division"),
        (T.FPR, "330402198801010012", "division"),
        (T.FPR, "9338401990010100", "length"),
        (T.FPR, "US1123456789012", "format"),
        (T.PASSPORT, "E123", "format"),
        (T.HM_PERMIT, "X12345678", "format"),
        (T.HM_PERMIT, "H123456789", "format"),
        (T.TW_PERMIT, "123456789", "format"),
        (T.HOUSEHOLD, "12345", "format"),
    ],
)
def test_bad_number_is_refused_by_its_rule(type_, number, rule):
    if rule == "birth-date" and number == "330402199002300015":
        number = number[:17] + ric.calc_check_digit(number)
    assert rule_of(type_, number) == rule


def test_credit_code_with_a_wrong_organisation_code_inside_is_refused():
    body = "91330402MA28A1233"
    assert rule_of(T.USCC, body + uscc.calc_check_digit(body)) == "organisation-check"


def test_number_is_folded_before_its_check():
    for typed in (
        "３３０４０２１９７００１０１００１ｘ",
        "330402 19700101 001x",
        "330402-19700101-001X\u3000",
        "330402‑19700101001X",
    ):
        assert check_document(T.RIC, typed, today=TODAY).number == "33040219700101001X"
    assert check_document(T.HM_PERMIT, "ｈ12345678", today=TODAY).number == "H12345678"


def test_old_resident_number_of_fifteen_digits_is_upgraded_with_a_warning():
    checked = check_document(T.RIC, "330402700101001", today=TODAY)
    assert checked.number == "33040219700101001X"
    assert checked.birth_date == date(1970, 1, 1)
    assert checked.warnings == ("upgraded-15",)


def test_unknown_division_only_warns():
    assert check_document(T.RIC, RESIDENTS[0], today=TODAY).warnings == ()
    assert check_document(T.RIC, "330113202201010010", today=TODAY).warnings == ("division-unknown",)
    assert check_document(T.RIC, "330499199001010018", today=TODAY).warnings == ("division-unknown",)


def test_foreign_passport_is_accepted_with_a_warning():
    assert check_document(T.PASSPORT, "K1234567", today=TODAY).warnings == ("passport-not-chinese",)
    assert check_document(T.PASSPORT, "E12345678", today=TODAY).warnings == ()


@pytest.mark.parametrize("number", ["33040219700101001X", "330411196001010011", "330482196001010017"])
def test_library_would_refuse_who_was_born_before_the_division_code(number):
    with pytest.raises(InvalidComponent):
        ric.validate(number)
    assert check_document(T.RIC, number, today=TODAY).warnings == ()


@pytest.mark.parametrize("number", ["330113202201010010", "330499199001010018"])
def test_library_would_crash_on_a_county_that_it_does_not_know(number):
    with pytest.raises(KeyError):
        ric.is_valid(number)
    assert check_document(T.RIC, number, today=TODAY).number == number


def test_library_would_refuse_residence_and_permanent_residence_permits():
    for type_, number in ((T.HMT_RESIDENCE, "830000199001010039"), (T.FPR, "933840199001010013")):
        with pytest.raises((InvalidComponent, KeyError)):
            ric.validate(number)
        assert check_document(type_, number, today=TODAY).birth_date == date(1990, 1, 1)


def test_library_would_accept_a_birth_date_in_the_future():
    number = resident("330402", date(2099, 12, 31), 1)
    assert ric.is_valid(number)
    assert rule_of(T.RIC, number) == "future-birth"
    assert check_document(T.RIC, number, today=date(2099, 12, 31)).number == number


def test_library_would_refuse_a_credit_code_that_begins_with_letters():
    assert not uscc.is_valid("N2330411MF1234567B")
    assert check_document(T.USCC, "N2330411MF1234567B", today=TODAY).number == "N2330411MF1234567B"


def test_library_would_accept_a_wrong_organisation_code():
    body = "91330402MA28A1233"
    assert uscc.is_valid(body + uscc.calc_check_digit(body))


@given(residents)
def test_generated_resident_numbers_are_accepted(number):
    assert check_document(T.RIC, number, today=TODAY).number == number


@given(residents, st.integers(0, 17), st.sampled_from("0123456789"))
def test_resident_number_with_one_wrong_digit_is_refused(number, place, digit):
    assume(number[place] != digit)
    assert rule_of(T.RIC, number[:place] + digit + number[place + 1 :]) == "check-digit"


@given(credit_codes)
def test_generated_credit_codes_are_accepted(number):
    assert check_document(T.USCC, number, today=TODAY).number == number


@given(credit_codes, st.integers(0, 17), st.sampled_from("0123456789"))
def test_credit_code_with_one_wrong_digit_is_refused(number, place, digit):
    assume(number[place] != digit)
    assert rule_of(T.USCC, number[:place] + digit + number[place + 1 :]) in {"check-digit", "alphabet"}


@given(st.sampled_from(list(T)), st.text(max_size=24))
def test_any_text_is_accepted_or_refused_without_being_repeated(type_, text):
    try:
        checked = check_document(type_, text, today=TODAY)
    except IdentifierFault as fault:
        said = str(fault)
        assert len(text.strip()) < 6 or text not in said
    else:
        assert check_document(type_, checked.number, today=TODAY).number == checked.number


def test_fault_names_field_and_rule_but_never_the_number():
    with pytest.raises(IdentifierFault) as caught:
        check_document(T.RIC, "330402198801010013", today=TODAY)
    fault = caught.value.at("applicant.document.number")
    assert (fault.where, fault.rule) == ("applicant.document.number", "VAL_FORMAT")
    assert "check-digit" in str(fault)
    assert "330402" not in str(fault)
    assert caught.value.__cause__ is None


def test_checked_number_does_not_show_itself():
    assert "330402" not in repr(check_document(T.RIC, RESIDENTS[0], today=TODAY))


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("13800138000", "13800138000"),
        ("+86 138-0013-8000", "13800138000"),
        ("１９９１２３４５６７８", "19912345678"),
        ("17012345678", "17012345678"),
        ("0573-82089200", "0573-82089200"),
        ("(0573) 8208 9200", "0573-82089200"),
        ("010-66554433", "010-66554433"),
    ],
)
def test_phone_is_accepted_and_normalised(typed, plain):
    assert check_phone(typed) == plain


@pytest.mark.parametrize(
    ("typed", "rule"),
    [
        ("12345678901", "range"),
        ("1064812345678", "range"),
        ("1380013800", "range"),
        ("82089200", "range"),
        ("+85291234567", "country"),
        ("400-888-9999", "phone-kind"),
        ("0573-82089200 ext 12", "alphabet"),
        ("1-800-FLOWERS", "alphabet"),
        ("+ - (  )", "format"),
        ("", "alphabet"),
    ],
)
def test_phone_is_refused_by_its_rule(typed, rule):
    with pytest.raises(IdentifierFault) as caught:
        check_phone(typed)
    assert caught.value.rule == rule


def test_landline_is_no_mobile():
    assert check_mobile("+8613800138000") == "13800138000"
    with pytest.raises(IdentifierFault, match="mobile"):
        check_mobile("0573-82089200")


@pytest.mark.parametrize(
    "number", ["330402001001GB00001F00010001", "330402001001GB00001W00000000", "330402 001001 GB00001 F00010001"]
)
def test_estate_unit_number_is_accepted(number):
    assert len(check_estate_unit(number)) == 28


@pytest.mark.parametrize(
    ("number", "rule"),
    [
        ("330402001001GB00001W00000001", "alphabet"),
        ("330402001001GI00001F00010001", "alphabet"),
        ("330402001001XB00001F00010001", "alphabet"),
        ("330402001001GB00001F0001000", "length"),
        ("330402001001GB00001F00000001000100", "length"),
    ],
)
def test_estate_unit_number_is_refused(number, rule):
    with pytest.raises(IdentifierFault) as caught:
        check_estate_unit(number)
    assert caught.value.rule == rule


@pytest.mark.parametrize(("open_", "close"), ["()", "（）", "〔〕", "［］"])
def test_estate_certificate_brackets_are_made_one(open_, close):
    typed = f"浙{open_}2024{close}嘉兴市 不动产权第００12345号"
    assert check_estate_certificate(typed) == "浙(2024)嘉兴市不动产权第0012345号"


def test_estate_certificate_of_a_mortgage_is_accepted_and_a_short_one_refused():
    assert check_estate_certificate("浙(2024)平湖市不动产证明第0012345号")
    for wrong in ("浙(2024)嘉兴市不动产权第012345号", "浙2024嘉兴市不动产权第0012345号", "嘉房权证字第00123456号"):
        with pytest.raises(IdentifierFault):
            check_estate_certificate(wrong)


@pytest.mark.parametrize("number", ["3104330000000000016", "3104330000000000024"])
def test_bus_card_needs_its_luhn_digit(number):
    assert check_bus_card(f"{number[:4]} {number[4:]}") == number
    with pytest.raises(IdentifierFault, match="check digit"):
        check_bus_card(number[:-1] + str((int(number[-1]) + 1) % 10))
    with pytest.raises(IdentifierFault, match="19"):
        check_bus_card(number[:-1])


@pytest.mark.parametrize(
    ("number", "short"),
    [
        ("330402198801010012", "330402880101001"),
        ("33040219700101001X", "330402700101001"),
        ("330411200501010025", None),
        ("810000199001010019", None),
        ("933840199001010013", None),
        ("91330402MA28A12323", None),
        ("330402880101001", None),
        ("", None),
    ],
)
def test_number_of_before_1999_is_given_for_who_had_one(number, short):
    assert old_resident_number(number) == short
