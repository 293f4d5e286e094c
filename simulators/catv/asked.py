"""One call that passed the gate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Asked:
    """Head and body of a request, with the hour at which it is handled."""

    head: dict[str, Any]
    body: dict[str, Any]
    now: datetime

    @property
    def branch(self) -> str:
        return str(self.head["BRANCH"])

    @property
    def serial(self) -> str:
        return str(self.head["SERIALNO"])

    @property
    def operator(self) -> str:
        return str(self.head["OPERID"])

    def get(self, tag: str) -> str:
        return str(self.body.get(tag, ""))

    def devices(self) -> tuple[tuple[str, str], ...]:
        """The listed terminals as (STBNO, TERMTYPE)."""
        listed = self.body.get("DEVLIST", {}).get("DEV", [])
        records = listed if isinstance(listed, list) else [listed]
        return tuple((record["STBNO"], record["TERMTYPE"]) for record in records)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said: RETURN 0 unless `code` says otherwise; `info` beside 0 is a warning for the clerk."""

    body: dict[str, Any]
    info: str = ""
    code: str = "0"
