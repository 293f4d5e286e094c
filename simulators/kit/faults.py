"""The faults a simulator can be told to commit, and the point of a request at which each of them strikes."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

POINTS: Mapping[str, str] = MappingProxyType(
    {
        "refused": "connect",
        "connect-hang": "connect",
        "down": "connect",
        "before-commit": "read",
        "busy": "read",
        "after-commit": "committed",
        "half-status": "reply",
        "half-body": "reply",
        "dribble": "reply",
        "garbage": "reply",
        "html": "reply",
        "wrong-charset": "reply",
    }
)
FAULTS = tuple(POINTS)
_CLOSING = frozenset({"refused", "down"})
_DEFAULT_REFUSAL_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault as it strikes."""

    kind: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class _Armed:
    fault: Fault
    point: str
    operation: str | None
    left: int
    skip: int

    def hits(self, point: str, operation: str, effects: frozenset[str]) -> bool:
        if self.point != point:
            return False
        if point == "connect" or self.operation == "*":  # no operation is known when a connection comes in
            return True
        return operation in effects if self.operation is None else operation == self.operation


class Faults:
    """What is armed. `operation=None` hits the operations that make effects, "*" any, else the one named."""

    def __init__(
        self, effect_operations: frozenset[str] = frozenset(), extra_points: Mapping[str, str] | None = None
    ) -> None:
        self._effects = effect_operations
        self._points = {**POINTS, **(extra_points or {})}
        self._armed: list[_Armed] = []
        self._watchers: list[Callable[[], None]] = []

    def arm(self, kind: str, *, operation: str | None = None, times: int = 1, after: int = 0, **options: Any) -> None:
        """Arm a fault; `after` lets that many matching requests through first.

        A closed port cannot count the connections it refuses: "refused" lasts `times` x `seconds`
        (an option, default 1) of the simulator's clock, and "down" until lifted or cleared.
        """
        if kind not in self._points:
            raise ValueError(f"kind: {kind!r} is no fault; known: {', '.join(self._points)}")
        if times < 1 or after < 0:
            raise ValueError(f"times: {times}, after: {after}: at least one time, after no less than none")
        if kind == "refused":
            options["seconds"] = times * float(options.get("seconds", _DEFAULT_REFUSAL_SECONDS))
            times = 1
        self._armed.append(_Armed(Fault(kind, options), self._points[kind], operation, times, after))
        self._tell()

    def take(self, point: str, operation: str) -> Fault | None:
        """The fault that strikes here, if any; it is used up."""
        struck: Fault | None = None
        for armed in list(self._armed):
            if not armed.hits(point, operation, self._effects):
                continue
            if armed.skip:
                armed.skip -= 1
                if armed.fault.kind in _CLOSING:
                    self._tell()
            elif struck is None and armed.fault.kind not in _CLOSING:
                struck = armed.fault
                armed.left -= 1
                if not armed.left:
                    self._armed.remove(armed)
        return struck

    def closing(self) -> Fault | None:
        """The fault that keeps the port closed now."""
        shut = (a.fault for a in self._armed if a.fault.kind in _CLOSING and not a.skip)
        return next(shut, None)

    def armed(self) -> list[dict[str, Any]]:
        return [
            {
                "kind": a.fault.kind,
                "operation": a.operation,
                "times": a.left,
                "after": a.skip,
                **a.fault.options,
            }
            for a in self._armed
        ]

    def is_armed(self, kind: str) -> bool:
        return any(a.fault.kind == kind for a in self._armed)

    def lift(self, kind: str) -> None:
        self._armed = [a for a in self._armed if a.fault.kind != kind]
        self._tell()

    def lift_one(self, fault: Fault) -> None:
        self._armed = [a for a in self._armed if a.fault is not fault]
        self._tell()

    def clear(self) -> None:
        self._armed.clear()
        self._tell()

    def watch(self, changed: Callable[[], None]) -> None:
        """Call back at once on every change: listeners close and open their ports by it."""
        self._watchers.append(changed)

    def _tell(self) -> None:
        for changed in self._watchers:
            changed()
