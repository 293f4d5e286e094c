"""The cases under way: which node each is at, what comes next and when."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from simulators.kit.clock import SHANGHAI

if TYPE_CHECKING:
    from datetime import datetime

    from simulators.realty.rules import Handed

NODES = {
    "10": "受理",
    "20": "初审",
    "21": "补正",
    "22": "中止",
    "30": "缴税",
    "40": "复审",
    "50": "登簿",
    "60": "缮证",
    "70": "发证",
    "90": "不予受理",
    "91": "撤回",
}
ENTERED, ISSUED, REFUSED, WITHDRAWN = "50", "70", "90", "91"
ENDS = frozenset({ISSUED, REFUSED, WITHDRAWN})
WAITING = frozenset({"21", "22"})
_AHEAD = timedelta(minutes=3)  # this registry's clock is fast
_MINUTES = {"20": 10, "21": 5, "22": 5, "30": 20, "40": 30, "50": 45, "60": 20, "70": 30, "90": 30}
_USUAL = {"10": "20", "20": "40", "30": "40", "40": "50", "50": "60", "60": "70"}
# Ends of sale contract numbers that lead aside; after that the case goes the usual way.
_ASIDE = {"-B": ("20", "21"), "-S": ("20", "22"), "-T": ("20", "30"), "-R": ("20", "90")}


@dataclass(slots=True)
class Case:
    """One application that was taken."""

    handed: Handed
    number: str
    node: str
    due: datetime
    entered_at: datetime | None = None
    aside: bool = False
    files: int = 0
    seen: list[str] = field(default_factory=list)

    @property
    def key(self) -> str:
        return str(self.handed.row["BSM"])

    @property
    def serial(self) -> str:
        return str(self.handed.row["SLBH"]).strip()

    @property
    def unit(self) -> str:
        return str(self.handed.row["BDCDYH"])

    @property
    def over(self) -> bool:
        return self.node in ENDS

    @property
    def entered(self) -> bool:
        return self.entered_at is not None

    def coming(self) -> str:
        """The node after the present one; nothing where somebody else must act first."""
        contract = str(self.handed.row["HTBH"]).strip()
        start, node = _ASIDE.get(contract[-2:], ("", ""))
        if self.node == start and not self.aside:
            return node
        return _USUAL.get(self.node, "")


def wait(node: str, pace: float) -> timedelta:
    """How long the work before a node takes."""
    return timedelta(minutes=_MINUTES.get(node, 0)) * pace


def stamp(at: datetime) -> str:
    """The registry's own time, as it writes it."""
    return f"{(at + _AHEAD).astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
