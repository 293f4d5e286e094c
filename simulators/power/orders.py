"""Orders and the nodes they pass. The state is lazy: an order is where the clock says when somebody looks."""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from simulators.power.times import day, stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from simulators.kit.clock import SimClock
    from simulators.kit.simulator import Profile

NODE_NAMES = {
    "01": "受理",
    "02": "勘查派工",
    "03": "供电方案答复",
    "04": "待签约缴费",
    "05": "装表/特抄",
    "06": "归档",
    "07": "终止",
    "08": "退回补正",
}
DONE, ENDED, RETURNED, WAITING = "06", "07", "08", "04"
NEW_SUPPLY = frozenset({"110", "120", "130", "610"})
QUICK = frozenset({"310", "320", "330"})
_HOURS = {"02": 2.0, "03": 6.0, "04": 10.0, "05": 20.0, "06": 26.0}
_JITTER = 0.1
FEE = 12_600
REASONS = {
    "M01": "材料不清晰或不完整,请补正",
    "S01": "现场不具备供电条件",
    "20003": "存在欠费: 特抄后终期电费未结清",
}


@dataclass(frozen=True, slots=True)
class Step:
    """A node and when it is reached; the cause explains a node 07 or 08."""

    node: str
    at: datetime
    cause: str = ""


@dataclass(slots=True)
class Order:
    """One work order."""

    app_no: int
    outer_no: str
    app_type: str
    form: Mapping[str, Any] = field(repr=False)
    cons_no: str
    plan_date: str
    plan: list[Step]
    wants: str = ""  # what node 04 waits for: "contract" or "fee"
    released: bool = False  # node 04 has what it waited for
    nodes: list[Step] = field(default_factory=list)
    cancelled: bool = False
    fee_paid: int = 0
    effect_date: str = ""
    final_arrears: int = 0

    @property
    def now_at(self) -> Step:
        return self.nodes[-1]

    @property
    def final(self) -> bool:
        return self.now_at.node in {DONE, ENDED}

    @property
    def waiting(self) -> bool:
        return self.now_at.node in {WAITING, RETURNED} and not self.released

    @property
    def due(self) -> datetime | None:
        """When the next node is reached, if nothing has to happen before."""
        blocked = bool(self.nodes) and (self.waiting or self.final)
        return None if blocked or not self.plan else self.plan[0].at

    @property
    def fee(self) -> int:
        return FEE if self.wants == "fee" else 0

    def enter(self, step: Step) -> None:
        self.nodes.append(step)
        self.released = False
        if self.final:
            self.plan.clear()

    def make_up(self, at: datetime) -> None:
        """Move what is left of the path by the time waited at the present node."""
        if self.waiting:
            waited = at - self.now_at.at
            self.plan = [replace(step, at=step.at + waited) for step in self.plan]

    def resume(self, at: datetime) -> Step | None:
        """Go on after a wait: the rest of the path moves by the time waited; 08 goes back to the node before it."""
        self.make_up(at)
        if self.now_at.node == RETURNED:
            before = self.nodes[-2].node if len(self.nodes) > 1 else "01"
            return Step(before, at)
        self.released = True
        return None

    def as_wire(self) -> dict[str, Any]:
        here = self.now_at
        stopped = here.node in {ENDED, RETURNED}
        return {
            "appNo": self.app_no,
            "outerNo": self.outer_no,
            "appTypeCode": self.app_type,
            "consNo": self.cons_no,
            "nodeCode": here.node,
            "nodeTime": stamp(here.at),
            "nodes": [_node(step) for step in self.nodes],
            "rejectCode": here.cause if stopped else "",
            "rejectReason": REASONS.get(here.cause, "用户撤销") if stopped else "",
            "arrearsAmt": self.final_arrears if here.cause == "20003" else 0,
            "cancelFlag": "1" if self.cancelled else "0",
            "planDate": self.plan_date,
            "effectDate": self.effect_date,
            "contractNo": f"HT{self.app_no}" if here.node in {WAITING, "05", DONE} else "",
            "feeAmt": self.fee,
            "feePaid": self.fee_paid,
        }


def _node(step: Step) -> dict[str, str]:
    return {
        "nodeCode": step.node,
        "nodeName": NODE_NAMES[step.node],
        "nodeTime": stamp(step.at),
        "remark": REASONS.get(step.cause, ""),
    }


def path(app_type: str, fate: str, final_bill: bool) -> list[tuple[str, float, str]]:
    """Nodes after acceptance, with hours and causes."""
    names = [DONE] if app_type in QUICK else ["02", "05", DONE]
    if app_type in NEW_SUPPLY:
        names.insert(1, "03")
    if fate in {"contract", "fee"} and app_type not in QUICK:
        names.insert(names.index("05"), WAITING)
    steps = [(name, _HOURS[name], "") for name in names]
    surveyed = [step for step in steps if step[0] == "02"]
    match fate:
        case "return":
            steps = [*surveyed, (RETURNED, 3.0, "M01"), *steps[len(surveyed) :]]
        case "reject":
            steps = [*surveyed, (ENDED, 3.0, "S01")]
        case "stuck":
            steps = surveyed
    if final_bill and "05" in names and steps[-1][0] == DONE:
        steps.insert(-1, (RETURNED, 20.5, "20003"))
    return steps


class Orders:
    """All orders. `entered` hears of each node as it is reached, in the order of time."""

    def __init__(
        self, clock: SimClock, profile: Profile, entered: Callable[[Order, Step], None] = lambda _o, _s: None
    ) -> None:
        self._clock, self._profile, self._entered = clock, profile, entered
        self._by_number: dict[int, Order] = {}
        self._by_outer: dict[str, int] = {}
        self._open: dict[str, int] = {}
        self._due: list[tuple[datetime, int]] = []
        self.rescheduled: Callable[[datetime], None] = lambda _due: None

    def __iter__(self) -> Any:
        return iter(self._by_number.values())

    def create(self, form: Mapping[str, Any], cons_no: str, *, fate: str = "", final_bill: bool = False) -> Order:
        now = self._clock.now()
        number = int(f"3304{day(now)[2:]}{len(self._by_number) + 1:06d}")
        factor = self._profile.pace * (1 + _JITTER * (2 * self._chance(number) - 1))
        steps = path(form["appTypeCode"], fate, final_bill)
        plan = [Step(node, now + timedelta(hours=hours * factor), cause) for node, hours, cause in steps]
        expected = now + timedelta(hours=_HOURS[DONE] * factor)
        wants = fate if fate in {"contract", "fee"} else ""
        order = Order(number, form["outerNo"], form["appTypeCode"], form, cons_no, day(expected), plan, wants)
        self._by_number[number] = order
        self._by_outer[order.outer_no] = number
        if cons_no:
            self._open[cons_no] = number
        self._enter(order, Step("01", now))
        self._schedule(order)
        return order

    def _chance(self, number: int) -> float:
        return random.Random(self._profile.seed * 1_000_003 + number).random()

    def find(self, *, app_no: int | None = None, outer_no: str | None = None) -> Order | None:
        """By either number; the newest where several orders carry one outer number."""
        number = self._by_outer.get(outer_no or "") if app_no is None else app_no
        return self._by_number.get(number) if number is not None else None

    def named(self, text: str) -> Order | None:
        return self.find(outer_no=text) or (self.find(app_no=int(text)) if text.isdecimal() else None)

    def open_on(self, cons_no: str) -> Order | None:
        order = self._by_number.get(self._open.get(cons_no, -1))
        return None if order is None or order.final else order

    def catch_up(self) -> None:
        """Bring every order to where the clock is, each node at its own time."""
        now = self._clock.now()
        while self._due and self._due[0][0] <= now:
            due, number = heapq.heappop(self._due)
            order = self._by_number[number]
            if order.due == due:  # else the order was pushed, cancelled or moved meanwhile
                self._enter(order, order.plan.pop(0))
                self._schedule(order)

    def next_due(self) -> datetime | None:
        return self._due[0][0] if self._due else None

    def resume(self, order: Order) -> None:
        back = order.resume(self._clock.now())
        if back is not None:
            self._enter(order, back)
        self._schedule(order)

    def cancel(self, order: Order) -> None:
        order.cancelled = True
        self._enter(order, Step(ENDED, self._clock.now()))

    def push(self, order: Order, node: str) -> None:
        """Put an order at a node now; nodes in between are skipped, the rest of the path moves along."""
        if node not in NODE_NAMES:
            raise ValueError(f"state: {node!r} is no node; known: {', '.join(NODE_NAMES)}")
        if order.final:
            raise ValueError(f"order {order.app_no}: is at {order.now_at.node} and stays there")
        now = self._clock.now()
        order.make_up(now)
        cause = {ENDED: "S01", RETURNED: "M01"}.get(node, "")
        ahead = [step.node for step in order.plan]
        if node in ahead:
            reached = order.plan[ahead.index(node)]
            rest = order.plan[ahead.index(node) + 1 :]
            order.plan = [replace(step, at=now + (step.at - reached.at)) for step in rest]
            cause = reached.cause or cause
        if node == WAITING and not order.wants:
            order.wants = "contract"
        self._enter(order, Step(node, now, cause))
        self._schedule(order)

    def _enter(self, order: Order, step: Step) -> None:
        order.enter(step)
        self._entered(order, step)

    def _schedule(self, order: Order) -> None:
        due = order.due
        if due is not None:
            heapq.heappush(self._due, (due, order.app_no))
            self.rescheduled(due)
