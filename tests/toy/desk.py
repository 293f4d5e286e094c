"""A utility played at the table: what really happened to each order, whatever its answers made of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from hub.domain.outcome import Absent, Accepted, Completed, Faulty, NotSent, Progress, Rejected, Unknown
from hub.domain.states import TaskState
from hub.domain.taxonomy import ErrorCode, ServiceError
from hub.domain.work import CommandKind
from hub.sdk.adapter import Callback

DOWN = NotSent(error=ServiceError(code=ErrorCode.UPS_UNAVAILABLE))
CLOSED = NotSent(error=ServiceError(code=ErrorCode.UPS_MAINTENANCE))
LOST = Unknown(phase="SENT", error=ServiceError(code=ErrorCode.UPS_TIMEOUT_UNKNOWN))
NO = Rejected(error=ServiceError(code=ErrorCode.ELG_ARREARS), raw_code="arrears")
ODD = Faulty(error=ServiceError(code=ErrorCode.UPS_UNMAPPED, provider_code_raw="9999"))
_TOTAL = timedelta(seconds=0.9)
SENDINGS = ("well", "well", "lost", "cut", "late", "down", "closed", "no", "odd", "dies-before", "dies-after")
CANCELLINGS = ("well", "lost", "lost", "cut", "cut", "late", "down", "refused", "review", "dies-before", "dies-after")
ASKINGS = ("well", "well", "well", "down", "lost", "odd", "dies-before")


@dataclass
class Kept:
    """One order at the utility."""

    state: str = "new"
    effects: int = 0
    cancels: int = 0


@dataclass
class Desk:
    """The utility."""

    clock: object
    orders: dict[str, Kept] = field(default_factory=dict)
    calls: list[Callback] = field(default_factory=list)
    late: list = field(default_factory=list)
    doubts: set = field(default_factory=set)
    blind: list = field(default_factory=list)

    def serve(self, command, how):
        """The outcome of one command as its worker sees it, or None if the worker died."""
        self.catch_up()
        writes = command.kind in {CommandKind.SEND, CommandKind.CANCEL} and not command.in_doubt
        written = CommandKind.CANCEL if command.kind is CommandKind.CANCEL else CommandKind.SEND
        doubt = (command.order.serial, written)
        if not writes:
            outcome = self._ask(command, how if how in ASKINGS else "well")
            if outcome is not None and command.kind is not CommandKind.POLL:
                self.doubts.discard(doubt)
            return outcome
        if self.clock.now() > command.send_deadline:
            return DOWN
        if doubt in self.doubts:
            self.blind.append(command.id)
        if how in {"lost", "cut", "late"}:
            self.doubts.add(doubt)
        effect = self._accept if command.kind is CommandKind.SEND else self._cancel
        return self._write(command, how, effect)

    def _write(self, command, how, effect):
        serial = command.order.serial
        if how in {"dies-before", "cut", "down", "closed", "odd", "late"}:
            if how == "late":
                self.late.append((self.clock.now() + _TOTAL, effect, serial))
            return {"dies-before": None, "down": DOWN, "closed": CLOSED, "odd": ODD}.get(how, LOST)
        if how in {"no", "refused"}:
            return NO
        if how == "review":
            return Progress(state=TaskState.IN_PROGRESS, provider_ref=self._ref(serial))
        answer = effect(serial)
        return {"dies-after": None, "lost": LOST}.get(how, answer)

    def _ask(self, command, how):
        if how in {"dies-before", "down", "lost", "odd"}:
            return {"dies-before": None, "odd": ODD}.get(how, DOWN)
        return self.told(command.order.serial)

    def told(self, serial):
        kept = self.orders.get(serial)
        if kept is None:
            return Absent()
        taken = {"provider_ref": self._ref(serial), "raw_code": kept.state}
        return {
            "new": Accepted(**taken),
            "work": Progress(**taken, state=TaskState.IN_PROGRESS),
            "done": Completed(**taken),
            "gone": Progress(**taken, state=TaskState.CANCELLED),
        }[kept.state]

    def _accept(self, serial):
        kept = self.orders.setdefault(serial, Kept())
        kept.effects += 1
        return self.told(serial)

    def _cancel(self, serial):
        kept = self.orders.get(serial)
        if kept is None or kept.state == "done":
            return NO
        kept.state = "gone"
        kept.cancels += 1
        return self.told(serial)

    def work(self, serial):
        """An order goes one step on, and the utility calls."""
        self.catch_up()
        kept = self.orders[serial]
        kept.state = {"new": "work", "work": "done"}.get(kept.state, kept.state)
        event = f"E{len(self.calls)}"
        self.calls.append(Callback(event, self.told(serial), serial=serial, provider_ref=self._ref(serial)))

    def catch_up(self):
        """Requests that were still on their way arrive."""
        arrived = [each for each in self.late if each[0] <= self.clock.now()]
        self.late = [each for each in self.late if each not in arrived]
        for _, effect, serial in arrived:
            effect(serial)

    def _ref(self, serial):
        return f"T{serial[-8:]}"
