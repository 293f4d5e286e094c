"""Files outside the envelope: presigned uploads and downloads that live for ten minutes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from simulators.power.crypto import sm3_hex
from simulators.power.refusals import GatewayRefusal

if TYPE_CHECKING:
    import random

    from simulators.kit.clock import SimClock

LIFETIME = timedelta(minutes=10)


@dataclass(slots=True)
class _Slot:
    ticket: str
    size: int
    sm3: str
    expires: datetime
    stored: bool = False


class Files:
    """Tickets for uploads and downloads. Contents are checked and counted, not kept: nothing here reads them again."""

    def __init__(self, clock: SimClock, chance: random.Random) -> None:
        self._clock, self._chance = clock, chance
        self._slots: dict[str, _Slot] = {}
        self._downloads: dict[str, tuple[bytes, datetime]] = {}

    def presign(self, size: int, sm3: str) -> tuple[str, str, datetime]:
        """A new file's id, its ticket and the end of the ticket."""
        file_id, ticket = self._hex(), self._hex()
        expires = self._clock.now() + LIFETIME
        self._slots[file_id] = _Slot(ticket, size, sm3, expires)
        return file_id, ticket, expires

    def store(self, file_id: str, ticket: str, body: bytes) -> None:
        slot = self._slots.get(file_id)
        if slot is None or slot.ticket != ticket or slot.expires < self._clock.now():
            raise GatewayRefusal(10002, status=403, detail="uploadUrl")
        for rule, kept in (("size", len(body) == slot.size), ("sm3", sm3_hex(body) == slot.sm3)):
            if not kept:
                data = {"field": "body", "rule": rule}
                raise GatewayRefusal(10001, status=400, detail=f"body ({rule})", data=data, violation=True)
        slot.stored = True

    def has(self, file_id: str) -> bool:
        return file_id in self._slots and self._slots[file_id].stored

    def offer(self, content: bytes) -> str:
        """A ticket for downloading this content."""
        ticket = self._hex()
        self._downloads[ticket] = (content, self._clock.now() + LIFETIME)
        return ticket

    def fetch(self, ticket: str) -> bytes:
        content, expires = self._downloads.get(ticket, (b"", None))
        if expires is None or expires < self._clock.now():
            raise GatewayRefusal(10002, status=403, detail="url")
        return content

    def _hex(self) -> str:
        return self._chance.randbytes(16).hex()
