"""The utility at the table for bundles: it can be asked beforehand, enters and refuses orders, and takes back."""

from __future__ import annotations

from dataclasses import dataclass, field

from hub.domain.outcome import Absent, Completed, Progress, Rejected
from hub.domain.states import TaskState
from hub.domain.taxonomy import ErrorCode, ServiceError
from hub.domain.work import CommandKind
from tests.toy.desk import DOWN, LOST, NO, ODD, Desk

CHECKINGS = ("well", "well", "obstacle", "down", "odd", "dies-before")
UNDOINGS = ("well", "lost", "cut", "down", "refused", "dies-before", "dies-after")
ARREARS = Rejected(error=ServiceError(code=ErrorCode.ELG_ARREARS, amount_fen=12860), raw_code="0003")
REFUSED = Rejected(error=ServiceError(code=ErrorCode.ELG_STATUS), raw_code="90")


@dataclass
class BundleDesk(Desk):
    """`entered` has the orders whose act is in force; `undone` counts what was taken back."""

    entered: dict = field(default_factory=dict)
    undone: dict = field(default_factory=dict)

    def serve(self, command, how):
        if command.kind is CommandKind.PRECHECK:
            answers = {"well": Completed(opinion="可以办理"), "obstacle": ARREARS, "down": DOWN, "odd": ODD}
            return answers.get(how)
        if command.kind is CommandKind.COMPENSATE:
            return self._take_back(command, how)
        return super().serve(command, how)

    def _take_back(self, command, how):
        serial, doubt = command.order.serial, (command.order.serial, command.kind)
        if command.in_doubt:
            if how in {"down", "dies-before"}:
                return DOWN if how == "down" else None
            self.doubts.discard(doubt)
            return Completed() if serial in self.undone else Absent()
        if self.clock.now() > command.send_deadline:
            return DOWN
        if doubt in self.doubts:
            self.blind.append(command.id)
        if how in {"lost", "cut"}:
            self.doubts.add(doubt)
        if how in {"dies-before", "cut", "down", "refused"}:
            return {"dies-before": None, "down": DOWN, "refused": NO}.get(how, LOST)
        self.undone[serial] = self.undone.get(serial, 0) + 1
        return {"dies-after": None, "lost": LOST}.get(how, Completed())

    def enter(self, serial):
        """What an order is about comes into force, before it is completed."""
        if self.orders[serial].state in {"new", "work"}:
            self.orders[serial].state = "work"
            self.entered.setdefault(serial, self.clock.now())

    def refuse(self, serial):
        """The utility decides no."""
        if self.orders[serial].state in {"new", "work"} and serial not in self.entered:
            self.orders[serial].state = "no"

    def told(self, serial):
        kept = self.orders.get(serial)
        if kept is not None and kept.state == "no":
            return REFUSED
        answer = super().told(serial)
        in_force = self.entered.get(serial)
        if in_force is None or not isinstance(answer, Completed | Progress):
            return answer
        return answer.with_(legal_effect=in_force) if kept.state in {"work", "done"} else answer

    def reached(self, serial, gate):
        """Whether an order has really come as far as its gate."""
        kept = self.orders.get(serial)
        done = kept is not None and kept.state == "done"
        return done or (gate == "legal_effect" and serial in self.entered)

    def lost_for_good(self, serial):
        kept = self.orders.get(serial)
        return serial not in self.entered and (kept is None or kept.state in {"no", "gone"})


__all__ = ["ARREARS", "CHECKINGS", "REFUSED", "UNDOINGS", "BundleDesk", "TaskState"]
