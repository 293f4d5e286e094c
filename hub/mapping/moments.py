"""Dates and times on the wire: a closed set of strftime directives, written as source and read strictly."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from hub.mapping.functions import Refused, as_text

_WRITE = {
    "%Y": "{v.year:04d}",
    "%y": "{v.year % 100:02d}",
    "%m": "{v.month:02d}",
    "%d": "{v.day:02d}",
    "%H": "{v.hour:02d}",
    "%M": "{v.minute:02d}",
    "%S": "{v.second:02d}",
    "%-m": "{v.month}",
    "%-d": "{v.day}",
    "%-H": "{v.hour}",
}
_READ = {
    "%Y": "(?P<year>[0-9]{4})",
    "%y": "(?P<short>[0-9]{2})",
    "%m": "(?P<month>[0-9]{2})",
    "%d": "(?P<day>[0-9]{2})",
    "%H": "(?P<hour>[0-9]{2})",
    "%M": "(?P<minute>[0-9]{2})",
    "%S": "(?P<second>[0-9]{2})",
    "%-m": "(?P<month>[0-9]{1,2})",
    "%-d": "(?P<day>[0-9]{1,2})",
    "%-H": "(?P<hour>[0-9]{1,2})",
}
_SPECIAL = {
    "%Y-%m-%d": ".isoformat()[:10]",
    "%Y%m%d": ".isoformat()[:10].replace('-', '')",
    "%Y-%m-%d %H:%M:%S": ".isoformat(' ')[:19]",
    "%Y-%m-%dT%H:%M:%S": ".isoformat()[:19]",
}
"""The common formats from isoformat, which is half the price of building them field by field."""

_TOKEN = re.compile(r"%-?[A-Za-z]|%%|[^%]+|%")
_TIME = frozenset({"%H", "%M", "%S", "%-H"})
_YEAR = frozenset({"%Y", "%y"})


class FormatFault(ValueError):
    """The format is outside the closed set."""


@dataclass(frozen=True, slots=True)
class Format:
    """A parsed format."""

    text: str
    tokens: tuple[str, ...]

    @property
    def has_time(self) -> bool:
        return any(token in _TIME for token in self.tokens)

    @property
    def is_full_date(self) -> bool:
        """Holds year, month and day, so that a date can be read from it."""
        kinds = {token.replace("-", "") for token in self.tokens}
        return {"%m", "%d"} <= kinds and bool(kinds & _YEAR)

    def source(self, value: str) -> str:
        """A Python expression that writes `value`, an expression without quotes."""
        if self.text in _SPECIAL:
            return value + _SPECIAL[self.text]
        parts = [_WRITE.get(token) or _literal(token) for token in self.tokens]
        if value != "v":
            first = next(place for place, token in enumerate(self.tokens) if token in _WRITE)
            parts[first] = parts[first].replace("v.", f"(v := {value}).", 1)
        return "f" + repr("".join(parts))


def parse_format(text: object) -> Format:
    """Check a format against the closed set of directives."""
    if not isinstance(text, str) or not 0 < len(text) <= 60:
        raise FormatFault("a format is text such as %Y-%m-%d")
    tokens = tuple(_TOKEN.findall(text))
    for part in tokens:
        if part.startswith("%") and part != "%%" and part not in _WRITE:
            raise FormatFault(f"the directive {part!r} is unknown; there are {' '.join(_WRITE)} and %%")
    plain = [token.replace("-", "") for token in tokens if token in _WRITE]
    if not plain or len(plain) != len(set(plain)) or {"%Y", "%y"} <= set(plain):
        raise FormatFault("a format holds at least one directive, and none twice")
    return Format(text, tokens)


class Reader:
    """Reads one format strictly: every character counts, and impossible dates and local times are refused."""

    def __init__(self, form: Format, zone: str | None, *, only_date: bool) -> None:
        self._pattern = re.compile("".join(_READ.get(t) or re.escape(_unescaped(t)) for t in form.tokens))
        self._zone = ZoneInfo(zone) if zone else None
        self._only_date = only_date

    def __call__(self, value: object) -> date | datetime:
        text = as_text(value)
        found = self._pattern.fullmatch(text) if len(text) <= 80 else None
        if found is None:
            raise Refused("VAL_FORMAT", "does not match the format")
        parts = {name: int(digits) for name, digits in found.groupdict().items()}
        year = parts.get("year", 2000 + parts.get("short", 0))
        try:
            day = date(year, parts["month"], parts["day"])
            if self._only_date:
                return day
            clock = (parts.get("hour", 0), parts.get("minute", 0), parts.get("second", 0))
            return self._instant(datetime(day.year, day.month, day.day, *clock, tzinfo=self._zone))
        except (ValueError, OverflowError) as error:
            raise error if isinstance(error, Refused) else Refused("VAL_FORMAT", "is no real date") from None

    def _instant(self, local: datetime) -> datetime:
        instant = local.astimezone(UTC)
        if instant.astimezone(self._zone).replace(fold=0) != local:
            raise Refused("VAL_FORMAT", "is a time that the clock change of its zone skips")
        return instant


def _unescaped(part: str) -> str:
    return "%" if part == "%%" else part


def _literal(part: str) -> str:
    return _unescaped(part).replace("{", "{{").replace("}", "}}")
