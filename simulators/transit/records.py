"""What one record of the hub says, and the rules of form (1001) it has to keep."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from simulators.kit.people import resident_id
from simulators.transit.files import to_date
from simulators.transit.layouts import DETAILS, LayoutError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

APPLY, REISSUE, REPLACE, REVIEW, LOSS, FOUND, RETURN = "01", "02", "03", "04", "05", "06", "07"
MAKES_CARD = frozenset({APPLY, REISSUE, REPLACE})
CARD_TYPES = frozenset({"10", "20", "30", "31", "40", "41"})
STUDENT = "20"
STUDENT_FIRST_TOP_UP = 3_000
_REQNO = re.compile(r"[A-Za-z0-9_-]{1,20}", re.ASCII)
_MOBILE = re.compile(r"1\d{10}", re.ASCII)
_PHOTO = re.compile(r"[A-Za-z0-9._-]{1,40}", re.ASCII)
_RESIDENT_CARD = "111"


@dataclass(frozen=True, slots=True)
class Application:
    """One APPL record."""

    reqno: str
    biz: str
    cardtype: str
    cardno: str
    name: str = field(repr=False)
    idtype: str
    idno: str = field(repr=False)
    birth: date | None = field(repr=False)
    division: str
    photo: str
    amount: int


@dataclass(frozen=True, slots=True)
class TopUp:
    """One RCHG record."""

    reqno: str
    cardno: str
    amount: int
    paytime: str


def reqno_of(line: bytes) -> str:
    """The request number of a record that may be spoilt elsewhere."""
    return line[9:29].decode("ascii", "replace").replace("\ufffd", "?").strip()


def parse(ftype: str, line: bytes, index: int) -> Application | TopUp:
    values = DETAILS[ftype].parse(line)
    _demand(values["rectype"] == "D", "rectype", "is not D")
    _demand(int(values["seq"]) == index, "seq", f"is not {index}")
    _demand(_REQNO.fullmatch(values["reqno"]) is not None, "reqno", "is missing or not A-Za-z0-9_-")
    return _application(values) if ftype == "APPL" else _top_up(values)


def _application(values: Mapping[str, str]) -> Application:
    biz, cardtype, cardno = values["biz"], values["cardtype"], values["cardno"]
    _demand(APPLY <= biz <= RETURN, "biz", "is unknown")
    _demand(cardtype in CARD_TYPES or (cardtype == "00" and biz != APPLY), "cardtype", "is unknown")
    if biz == APPLY:
        _demand(not int(cardno), "cardno", "is given but no card exists yet")
    else:
        _demand(luhn_valid(cardno), "cardno", "is missing or its check digit is wrong")
    _demand(bool(values["name"]), "name", "is missing")
    amount = int(values["amount"])
    _demand(not amount or biz in MAKES_CARD, "amount", "is not zero")
    enough = biz != APPLY or cardtype != STUDENT or amount >= STUDENT_FIRST_TOP_UP
    _demand(enough, "amount", "of a student's first top-up is under 3000")
    _check_contact(values, required=biz in MAKES_CARD)
    _demand(not values["photo"] or _PHOTO.fullmatch(values["photo"]) is not None, "photo", "is no file name")
    _demand(bool(int(values["division"])) or biz != APPLY, "division", "is missing")
    return Application(
        reqno=values["reqno"],
        biz=biz,
        cardtype=cardtype,
        cardno=cardno,
        name=values["name"],
        idtype=values["idtype"],
        idno=values["idno"],
        birth=_birth(values),
        division=values["division"] if int(values["division"]) else "",
        photo=values["photo"],
        amount=amount,
    )


def _top_up(values: Mapping[str, str]) -> TopUp:
    _demand(luhn_valid(values["cardno"]), "cardno", "is missing or its check digit is wrong")
    _demand(int(values["amount"]) > 0, "amount", "is not above zero")
    try:
        datetime.strptime(values["paytime"], "%Y%m%d%H%M%S")  # noqa: DTZ007 -- only the form is looked at
    except ValueError:
        raise LayoutError("paytime", "is no time") from None
    return TopUp(values["reqno"], values["cardno"], int(values["amount"]), values["paytime"])


def _check_contact(values: Mapping[str, str], *, required: bool) -> None:
    mobile = values["mobile"].strip("0")
    _demand(bool(mobile) or not required, "mobile", "is missing")
    _demand(not mobile or _MOBILE.fullmatch(values["mobile"]) is not None, "mobile", "is no mobile number")


def _birth(values: Mapping[str, str]) -> date | None:
    idtype, idno, given = values["idtype"], values["idno"], values["birth"]
    _demand(bool(int(idtype)), "idtype", "is missing")
    _demand(bool(idno), "idno", "is missing")
    birth = to_date(given)
    _demand(birth is not None or not int(given), "birth", "is no date")
    if idtype == _RESIDENT_CARD:
        own = resident_birth(idno)
        _demand(own is not None, "idno", "is no valid resident number")
        _demand(birth in {None, own}, "birth", "differs from idno")
        return own
    _demand(birth is not None or values["biz"] != APPLY, "birth", "is missing")
    return birth


def resident_birth(idno: str) -> date | None:
    """The birth date in a resident number, None if the number is not valid."""
    birth = to_date(idno[6:14])
    if not re.fullmatch(r"\d{17}[\dX]", idno, re.ASCII) or birth is None:
        return None
    return birth if resident_id(idno[:6], birth, int(idno[14:17])) == idno else None


def luhn_valid(number: str) -> bool:
    return number.isdigit() and int(number) > 0 and _luhn_sum(number) % 10 == 0


def with_luhn(body: str) -> str:
    return f"{body}{-_luhn_sum(body + '0') % 10}"


def _luhn_sum(number: str) -> int:
    doubled = (int(d) * (1 + i % 2) for i, d in enumerate(reversed(number)))
    return sum(d - 9 if d > 9 else d for d in doubled)


def _demand(holds: bool, field: str, why: str) -> None:
    if not holds:
        raise LayoutError(field, why)
