"""Numbers that name things: internal ids, case and task numbers, and the serials that utilities see.

A case number is `JX6{yyyyMMdd}{division6}{seq6}{check}`. The check digit is ISO 7064 MOD 11,10 over the
twenty digits before it: it notices every wrong digit and 98 of 100 swapped neighbours. Luhn does as well
overall, but never notices 09 typed as 90, and these numbers are full of zeros.
A task number is the case number, a hyphen and two digits.

Serials are made from the task number alone, never from the attempt, so a retry repeats them.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from stdnum.iso7064 import mod_11_10
from ulid import ULID

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

DIGITS = "0123456789"
BASE36 = DIGITS + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

_CASE = re.compile(r"JX6([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{6})([0-9]{6})([0-9])")
_TASK = re.compile(r"(JX6[0-9]{21})-([0-9]{2})")
_SERIAL_DIGITS = 20
_CENTURY = date(2000, 1, 1)
_DAYS = 36_525
_A_DAY = 10**14
_PAYMENTS_FROM, _PAYMENTS = 50, 49


class NumberFault(ValueError):
    """The number is not one of ours; `rule` says which rule it breaks."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


@dataclass(frozen=True, slots=True)
class CaseNumber:
    """The parts of a case number; `str()` gives the number with its check digit."""

    on: date
    division: str
    seq: int

    def __post_init__(self) -> None:
        if not re.fullmatch("[0-9]{6}", self.division):
            raise NumberFault("division", "the division of a case number has six digits")
        if not 1 <= self.seq <= 999_999:
            raise NumberFault("seq", "the daily sequence of a case number runs from 1 to 999999")
        if not 2000 <= self.on.year <= 2099:
            raise NumberFault("date", "a case number is dated in this century")

    def __str__(self) -> str:
        body = f"{self.on:%Y%m%d}{self.division}{self.seq:06d}"
        return f"JX6{body}{mod_11_10.calc_check_digit(body)}"


def new_id(now: datetime, token_bytes: Callable[[int], bytes]) -> str:
    """Make a ULID: sortable by `now` to the millisecond, with 80 bits from `token_bytes`."""
    milliseconds = int(now.timestamp() * 1000)
    return str(ULID.from_bytes(milliseconds.to_bytes(6, "big") + token_bytes(10)))


def case_number(on: date, division: str, seq: int) -> str:
    """Make the case number for the `seq`-th case accepted in `division` (6 digits) on that day."""
    return str(CaseNumber(on, division, seq))


def parse_case_number(number: str) -> CaseNumber:
    """Read a case number, refusing a wrong check digit or an impossible date."""
    found = _CASE.fullmatch(number)
    if found is None:
        raise NumberFault("format", "a case number is JX6 and 21 digits")
    year, month, day, division, seq, _ = found.groups()
    try:
        parts = CaseNumber(date(int(year), int(month), int(day)), division, int(seq))
    except NumberFault:
        raise
    except ValueError:
        raise NumberFault("date", "the case number holds an impossible date") from None
    if str(parts) != number:
        raise NumberFault("check-digit", "the check digit of the case number is wrong")
    return parts


def task_number(case: str, index: int) -> str:
    """Make the number of the `index`-th task (1 to 99) of a case."""
    parse_case_number(case)
    if not 1 <= index <= 99:
        raise NumberFault("task", "a case has 1 to 99 tasks")
    return f"{case}-{index:02d}"


def payment_number(case: str, count: int) -> str:
    """Make the number of the `count`-th payment of a case: written as a task number, from 51 on.

    So a payment has serials of its own at the utilities, made and read back by the rules for tasks.
    """
    if not 1 <= count <= _PAYMENTS:
        raise NumberFault("payment", f"a case has 1 to {_PAYMENTS} payments")
    return task_number(case, _PAYMENTS_FROM + count)


def parse_task_number(number: str) -> tuple[CaseNumber, int]:
    """Read a task number into its case and its index."""
    found = _TASK.fullmatch(number)
    if found is None:
        raise NumberFault("format", "a task number is a case number, a hyphen and two digits")
    index = int(found[2])
    if index == 0:
        raise NumberFault("task", "tasks are counted from 1")
    return parse_case_number(found[1]), index


def serial(task: str, *, width: int, alphabet: str = DIGITS) -> str:
    """Write a task number in exactly `width` characters of `alphabet`; no two tasks share a serial.

    Twenty digits, or thirteen of BASE36, are enough; a narrower field is refused instead of being cut.
    """
    base = len(set(alphabet))
    if base != len(alphabet) or base < 2:
        raise ValueError("an alphabet has at least two characters and repeats none")
    if base**width < 10**_SERIAL_DIGITS:
        raise NumberFault("width", f"{width} characters of {base} kinds cannot tell all tasks apart")
    case, index = parse_task_number(task)
    rest = int(f"{case.on:%y%m%d}{case.division}{case.seq:06d}{index:02d}")
    out: list[str] = []
    for _ in range(width):
        rest, digit = divmod(rest, base)
        out.append(alphabet[digit])
    return "".join(reversed(out))


def task_of_serial(text: str, *, alphabet: str = DIGITS) -> str:
    """Read back the task number that `serial` wrote."""
    value = 0
    for character in text:
        if character not in alphabet:
            raise NumberFault("format", "the serial holds a character outside its alphabet")
        value = value * len(alphabet) + alphabet.index(character)
    digits = f"{value:0{_SERIAL_DIGITS}d}"
    if len(digits) > _SERIAL_DIGITS:
        raise NumberFault("format", "the serial is not one of ours")
    try:
        on = date(2000 + int(digits[:2]), int(digits[2:4]), int(digits[4:6]))
    except ValueError:
        raise NumberFault("date", "the serial holds an impossible date") from None
    return task_number(case_number(on, digits[6:12], int(digits[12:18])), int(digits[18:]))


def serial20(task: str) -> str:
    """Make the serial for 20-character fields: `yyMMdd`, division, sequence, task; readable by eye."""
    return serial(task, width=_SERIAL_DIGITS)


def task_of_serial20(text: str) -> str:
    """Read the task number out of a `serial20`."""
    if len(text) != _SERIAL_DIGITS:
        raise NumberFault("length", "the serial does not have 20 digits")
    return task_of_serial(text)


def serial12(text: str) -> str:
    """Write a `serial20` in twelve characters of BASE36, for narrow fields; no two serials share one.

    Twenty digits are too many, but their first six are a date, and a century has 36 525 of those.
    """
    task_of_serial20(text)
    day = date(2000 + int(text[:2]), int(text[2:4]), int(text[4:6]))
    rest = (day - _CENTURY).days * _A_DAY + int(text[6:])
    out: list[str] = []
    for _ in range(12):
        rest, digit = divmod(rest, len(BASE36))
        out.append(BASE36[digit])
    return "".join(reversed(out))


def read_serial12(text: str) -> str:
    """Read the `serial20` that `serial12` wrote."""
    if not re.fullmatch("[0-9A-Z]{12}", text):
        raise NumberFault("format", "the serial is not twelve characters of digits and capitals")
    days, rest = divmod(int(text, 36), _A_DAY)
    if days >= _DAYS:
        raise NumberFault("date", "the serial holds an impossible date")
    found = f"{_CENTURY + timedelta(days=days):%y%m%d}{rest:014d}"
    task_of_serial20(found)
    return found


def serial32hex(task: str, purpose: str) -> str:
    """Make 32 lower-case hex digits for one purpose (an operation's name) of a task; cannot be read back."""
    parse_task_number(task)
    return hashlib.sha256(f"{task}\n{purpose}".encode()).hexdigest()[:32]
