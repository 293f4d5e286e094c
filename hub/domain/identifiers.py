"""Identity documents, phones, real-estate and card numbers: normalised, checked, never shown in an error."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

import phonenumbers
from stdnum import luhn, numdb
from stdnum.cn import ric, uscc
from stdnum.exceptions import ValidationError

from hub.domain.party import DocumentType, IdentityDocument, Sex
from hub.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

_OLDEST_YEARS = 130
_FOLD = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_FILLER = re.compile(r"[\s\-\u2010-\u2015\u2212]")

_RIC = re.compile(r"[0-9]{17}[0-9X]")
_USCC_ALPHABET = "0-9A-HJ-NP-RTUWXY"
_USCC = re.compile(rf"[{_USCC_ALPHABET}]{{2}}[0-9]{{6}}[{_USCC_ALPHABET}]{{8}}[0-9X][{_USCC_ALPHABET}]")
_CN_PASSPORT = re.compile(r"[EG][0-9]{8}|E[A-Z][0-9]{7}")
_BDC_UNIT = re.compile(r"[0-9]{12}[GJZ][A-HJKLNSWXY][0-9]{5}(?:W0{8}|[FLQ][0-9]{8})")
_BDC_CERTIFICATE = re.compile(
    r"[京津沪渝冀晋蒙辽吉黑苏浙皖闽赣鲁豫鄂湘粤桂琼川贵云藏陕甘青宁新]"
    r"\(20[0-9]{2}\)[\u4e00-\u9fff]{2,20}(?:不动产权|不动产证明)第[0-9]{7}号"
)
_BRACKETS = str.maketrans("（）〔〕［］[]【】", "()()()()()")


class IdentifierFault(ValueError):
    """A number breaks its rule. The text names the rule, never the number."""

    code = "VAL_FORMAT"

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule

    def at(self, where: str) -> Fault:
        """Say the same of one field of an application."""
        return Fault(where, self.code, f"{self} ({self.rule})")


@dataclass(frozen=True, slots=True, repr=False)
class CheckedNumber:
    """A document number in its normal form, with what it tells about its holder."""

    number: str
    birth_date: date | None = None
    sex: Sex | None = None
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"CheckedNumber(warnings={self.warnings})"


def check_document(type: DocumentType, number: str, *, today: date) -> CheckedNumber:  # noqa: A002 -- the field's name
    """Normalise and check a document's number, or raise IdentifierFault."""
    compact = fold(number)
    if not compact:
        raise IdentifierFault("empty", "the number is empty")
    return _CHECKS[type](compact, today)


def old_resident_number(number: str) -> str | None:
    """Give the fifteen digits that a resident number had before 1999; None for who had none."""
    born_then = len(number) == 18 and number[:17].isdecimal() and number[6:8] == "19"
    return number[:6] + number[8:17] if born_then and number[0] in "123456" else None


def normal_document(document: IdentityDocument, *, today: date) -> IdentityDocument:
    """The document with its number in normal form; one that breaks its rule as it is: validation has its say before."""
    try:
        checked = check_document(document.type, document.number, today=today)
    except IdentifierFault:
        return document
    changed: IdentityDocument = document.with_(number=checked.number)
    return changed


def fold(text: str) -> str:
    """Turn full-width ASCII into plain, drop blanks and hyphens, and raise letters."""
    return _FILLER.sub("", text.translate(_FOLD)).upper()


def check_mobile(text: str) -> str:
    """Give a mainland mobile number as eleven digits."""
    number, kind = _phone(text)
    if kind != phonenumbers.PhoneNumberType.MOBILE:
        raise IdentifierFault("mobile", "the number is not a mobile number")
    return str(number.national_number)


def check_phone(text: str) -> str:
    """Give a mainland mobile number as eleven digits, or a landline as area code, hyphen and number."""
    number, kind = _phone(text)
    national = str(number.national_number)
    if kind == phonenumbers.PhoneNumberType.MOBILE:
        return national
    if kind != phonenumbers.PhoneNumberType.FIXED_LINE:
        raise IdentifierFault("phone-kind", "the number is neither a mobile nor a landline number")
    area = phonenumbers.length_of_geographical_area_code(number)
    return f"0{national[:area]}-{national[area:]}"


def check_name(text: str) -> None:
    """Refuse a name that no interface can carry as it is: control characters, noncharacters, blanks around it."""
    if text != text.strip():
        raise IdentifierFault("blanks", "the name begins or ends with a blank")
    if not all(map(_is_written, text)):
        raise IdentifierFault("control-character", "the name holds a control character, or a code that is no character")


def _is_written(character: str) -> bool:
    """Not whether it is assigned: newer characters than this library knows stand in real names."""
    code = ord(character)
    none = code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
    return not none and unicodedata.category(character) not in {"Cc", "Cs", "Zl", "Zp"}


def check_estate_unit(text: str) -> str:
    """Give a 28-character real-estate unit number in its normal form; it has no check digit."""
    number = fold(text)
    if len(number) != 28:
        raise IdentifierFault("length", "a real-estate unit number has 28 characters")
    if not _BDC_UNIT.fullmatch(number):
        raise IdentifierFault("alphabet", "the parts of the real-estate unit number do not fit together")
    return number


def check_estate_certificate(text: str) -> str:
    """Give a real-estate certificate number with half-width brackets and no blanks."""
    number = re.sub(r"\s", "", text.translate(_BRACKETS).translate(_FOLD))
    if not _BDC_CERTIFICATE.fullmatch(number):
        raise IdentifierFault("format", "a certificate number reads like 浙(2024)…不动产权第0000000号")
    return number


def check_bus_card(text: str) -> str:
    """Give the nineteen digits of a bus card after its Luhn check."""
    number = fold(text)
    _want(number, "[0-9]{19}", 19, "a bus card number has 19 digits")
    if not luhn.is_valid(number):
        raise IdentifierFault("check-digit", "the check digit of the bus card number is wrong")
    return number


def _phone(text: str) -> tuple[phonenumbers.PhoneNumber, int]:
    plain = text.translate(_FOLD).strip()
    # phonenumbers also reads "vanity" letters and extensions, which no utility can store.
    if not re.fullmatch(r"\+?[0-9() \-]{5,24}", plain):
        raise IdentifierFault("alphabet", "a phone number is digits, with hyphens or blanks between")
    try:
        number = phonenumbers.parse(plain, "CN")
    except phonenumbers.NumberParseException:
        raise IdentifierFault("format", "the phone number cannot be read") from None
    if number.country_code != 86:
        raise IdentifierFault("country", "the phone number is not a mainland number")
    if not phonenumbers.is_valid_number(number):
        raise IdentifierFault("range", "no such phone number is in use")
    return number, phonenumbers.number_type(number)


def _want(number: str, pattern: str, length: int, message: str) -> None:
    if len(number) != length:
        raise IdentifierFault("length", message)
    if not re.fullmatch(pattern, number):
        raise IdentifierFault("alphabet", message)


def _resident(number: str, today: date) -> CheckedNumber:
    warnings: tuple[str, ...] = ()
    if len(number) == 15:
        _want(number, "[0-9]{15}", 15, "an old resident number has 15 digits")
        longer = f"{number[:6]}19{number[6:]}"
        number = longer + ric.calc_check_digit(longer + "0")
        warnings = ("upgraded-15",)
    checked = _eighteen(number, today)
    # The table of divisions is neither complete nor dated right: it may warn, never refuse.
    if not _division_known(checked.number[:6]):
        warnings += ("division-unknown",)
    return CheckedNumber(checked.number, checked.birth_date, checked.sex, warnings)


def _eighteen(number: str, today: date) -> CheckedNumber:
    _want(number, _RIC.pattern, 18, "the number has 18 digits, the last may be X")
    if ric.calc_check_digit(number) != number[-1]:
        raise IdentifierFault("check-digit", "the check digit of the number is wrong")
    try:
        born = ric.get_birth_date(number)
    except (ValidationError, ValueError):
        raise IdentifierFault("birth-date", "the number holds an impossible date of birth") from None
    if born > today:
        raise IdentifierFault("future-birth", "the number holds a date of birth in the future")
    if born.year < today.year - _OLDEST_YEARS:
        raise IdentifierFault("birth-date", "the number holds a date of birth too long ago")
    return CheckedNumber(number, born, Sex.MALE if int(number[16]) % 2 else Sex.FEMALE)


def _division_known(code: str) -> bool:
    return any("county" in found for _, found in numdb.get("cn/loc").info(code))


def _organisation(number: str, _today: date) -> CheckedNumber:
    if len(number) != 18:
        raise IdentifierFault("length", "a unified social credit code has 18 characters")
    if not _USCC.fullmatch(number):
        raise IdentifierFault("alphabet", "a credit code has digits, and capitals but I O S V Z")
    if uscc.calc_check_digit(number[:-1]) != number[-1]:
        raise IdentifierFault("check-digit", "the check digit of the unified social credit code is wrong")
    if _organisation_check(number[8:16]) != number[16]:
        raise IdentifierFault("organisation-check", "the organisation code inside the credit code is wrong")
    return CheckedNumber(number)


def _organisation_check(body: str) -> str:
    """Compute the check character of GB 11714."""
    remainder = 11 - sum(int(c, 36) * w for c, w in zip(body, (3, 7, 9, 10, 5, 8, 4, 2), strict=True)) % 11
    return "0" if remainder == 11 else "X" if remainder == 10 else str(remainder)


def _passport(number: str, _today: date) -> CheckedNumber:
    _form("[0-9A-Z]{5,20}", "a passport number has 5 to 20 letters and digits")(number, _today)
    return CheckedNumber(number, warnings=() if _CN_PASSPORT.fullmatch(number) else ("passport-not-chinese",))


def _hmt_residence(number: str, today: date) -> CheckedNumber:
    checked = _eighteen(number, today)
    if number[:6] not in {"810000", "820000", "830000"}:
        raise IdentifierFault("division", "a residence permit begins with 810000, 820000 or 830000")
    return checked


def _permanent_resident(number: str, today: date) -> CheckedNumber:
    if len(number) == 15:
        return _form("[A-Z]{3}[0-9]{12}", "an old card has 3 letters and 12 digits")(number, today)
    checked = _eighteen(number, today)
    if number[0] != "9":
        raise IdentifierFault("division", "a permanent residence card of 18 digits begins with 9")
    return checked


def _form(pattern: str, message: str) -> Callable[[str, date], CheckedNumber]:
    def check(number: str, _today: date) -> CheckedNumber:
        if not re.fullmatch(pattern, number):
            raise IdentifierFault("format", message)
        return CheckedNumber(number)

    return check


_CHECKS: dict[DocumentType, Callable[[str, date], CheckedNumber]] = {
    DocumentType.RIC: _resident,
    DocumentType.USCC: _organisation,
    DocumentType.PASSPORT: _passport,
    DocumentType.HM_PERMIT: _form("[HM][0-9]{8}(?:[0-9]{2})?", "a permit has H or M and 8 or 10 digits"),
    DocumentType.TW_PERMIT: _form("[0-9]{8}|[0-9]{10}[A-Z]", "a permit has 8 digits, or 10 and a letter"),
    DocumentType.HMT_RESIDENCE: _hmt_residence,
    DocumentType.FPR: _permanent_resident,
    DocumentType.HOUSEHOLD: _form("[0-9A-Z]{6,18}", "a household number has 6 to 18 letters and digits"),
}
