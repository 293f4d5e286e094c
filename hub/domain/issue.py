"""A joint receipt as issued, and how it was handed out 发证."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from hub.domain.base import Frozen
from hub.domain.receipt import Receipt

Method = Literal["window", "terminal", "post", "electronic"]


class Delivery(Frozen):
    """One handing out: `receiver` is a name, `reference` a letter's number, `tasks` those whose results went along."""

    method: Method
    delivered_at: datetime
    receiver: str
    by_agent: bool = False
    operator: str | None = None
    reference: str | None = None
    tasks: tuple[str, ...] = ()

    def repeats(self, other: Delivery) -> bool:
        """Whether it says the same as another one, the moment aside."""
        same: bool = self == other.with_(delivered_at=self.delivered_at)
        return same


class Issue(Frozen):
    """One receipt of a case. `code` proves it, `file` is the SM3 of its PDF and finds it in the evidence store."""

    receipt: Receipt
    code: str
    file: str
    size: int
    deliveries: tuple[Delivery, ...] = ()


class Verdict(Frozen):
    """What became of a check of a receipt or of its code.

    `genuine`: the hub signed it, and the file (if one was given) is as it was issued. `current`: no later receipt says
    otherwise. `reason` says in words what is wrong. `issue` is what was really issued, if that is known here.
    """

    genuine: bool
    current: bool = False
    reason: str
    case_number: str | None = None
    seq: int | None = None
    file_checked: bool = False
    issue: Issue | None = None
