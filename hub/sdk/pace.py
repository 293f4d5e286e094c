"""How many requests a second one utility's system is sent, whoever sends them."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

from hub.clock import Clock


class Pace:
    """Lets at most `per_second` requests begin within any second of the clock; below one, one in so many seconds.

    It counts the requests of this process: several processes for one endpoint share its rate between them.
    """

    def __init__(self, per_second: float, clock: Clock) -> None:
        count = max(1, int(per_second))
        self._span = timedelta(seconds=count / per_second)
        self._begun: deque[datetime] = deque(maxlen=count)
        self._clock = clock

    async def turn(self) -> None:
        """Wait until one more request may begin; requests begin in the order of asking."""
        now = self._clock.now()
        full = len(self._begun) == self._begun.maxlen
        at = max(now, self._begun[0] + self._span) if full else now
        self._begun.append(at)
        if at > now:
            await self._clock.sleep((at - now).total_seconds())
