"""Operators and their sessions: one an operator, ended by twenty idle minutes or by the next login."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from simulators.catv.books import Refused

IDLE = timedelta(minutes=20)
_LOCKED = timedelta(hours=1)
_WRONG = 5


@dataclass(slots=True)
class Operator:
    """An operator with the one session that counts."""

    password: str = field(repr=False)
    session: str = field(default="", repr=False)
    used_at: datetime | None = None
    wrong: list[datetime] = field(default_factory=list)
    locked_until: datetime | None = None
    calling: bool = False


class Operators:
    """All operators by number."""

    def __init__(self, passwords: dict[str, str], chance: random.Random) -> None:
        self._operators = {name: Operator(password) for name, password in passwords.items()}
        self._chance = chance

    def find(self, name: str) -> Operator | None:
        return self._operators.get(name)

    def log_in(self, name: str, digest: str, now: datetime) -> str:
        """A new session, which ends the operator's former one. Raises Refused 1002 or 1003."""
        operator = self._operators.get(name)
        if operator is None:
            raise Refused("1002")
        if operator.locked_until is not None and now < operator.locked_until:
            raise Refused("1003")
        if digest != hashlib.md5(operator.password.encode()).hexdigest().upper():
            operator.wrong = [at for at in operator.wrong if now - at < _LOCKED] + [now]
            if len(operator.wrong) >= _WRONG:
                operator.locked_until = now + _LOCKED
                operator.wrong.clear()
            raise Refused("1002")
        operator.wrong.clear()
        operator.session = f"{self._chance.getrandbits(128):032X}"
        operator.used_at = now
        return operator.session

    def check(self, name: str, session: str, now: datetime) -> None:
        """Raises Refused 1001 for a session that is over, or was never the operator's."""
        operator = self._operators.get(name)
        if operator is None or not session or operator.session != session or operator.used_at is None:
            raise Refused("1001")
        if now - operator.used_at >= IDLE:
            operator.session = ""
            raise Refused("1001")
        operator.used_at = now

    def kick(self, name: str) -> None:
        """Somebody else logs in as this operator."""
        operator = self._operators.get(name)
        if operator is not None:
            operator.session = f"{self._chance.getrandbits(128):032X}"
