"""A utility that takes orders in files, played at the table: what really happened to each order."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from hub.domain.outcome import Absent, Accepted
from hub.domain.work import CommandKind, FileTaken
from tests.toy.desk import CLOSED, DOWN, LOST
from tests.toy.filing import OUTCOMES

SENDINGS = ("well", "well", "lost", "cut", "late", "down", "closed", "dies-before", "dies-after")
_TOTAL = timedelta(seconds=0.9)
_DONE = Accepted(raw_code="FILE")


@dataclass
class FileDesk:
    """The utility; `draw` decides what it says of files and records."""

    clock: object
    draw: object
    files: set = field(default_factory=set)
    effects: Counter = field(default_factory=Counter)
    answers: list[FileTaken] = field(default_factory=list)
    late: list = field(default_factory=list)
    calm: bool = False

    def serve(self, command, how):
        """The outcome of one command as its worker sees it, or None if the worker died."""
        self.catch_up()
        if command.kind is not CommandKind.SEND_BATCH or command.in_doubt:
            if how in {"down", "dies-before"}:
                return DOWN if how == "down" else None
            return _DONE if command.batch.id in self.files else Absent()
        if self.clock.now() > command.send_deadline:
            return DOWN
        if how in {"cut", "down", "closed", "dies-before", "late"}:
            if how == "late":
                self.late.append((self.clock.now() + _TOTAL, command.batch))
            return {"down": DOWN, "closed": CLOSED, "dies-before": None}.get(how, LOST)
        self._take(command.batch)
        return {"lost": LOST, "dies-after": None}.get(how, _DONE)

    def catch_up(self):
        arrived = [each for each in self.late if each[0] <= self.clock.now()]
        self.late = [each for each in self.late if each not in arrived]
        for _, batch in arrived:
            self._take(batch)

    def _take(self, batch):
        if batch.id in self.files:
            return
        self.files.add(batch.id)
        if not self.calm and self.draw.random() < 0.4:
            self.answers.append(FileTaken(name=f"ERR-{batch.id}", digest="0", batches={batch.id: OUTCOMES["refused"]}))
            return
        if self.draw.random() < 0.3:
            self.answers.append(FileTaken(name=f"ACK-{batch.id}", digest="0", batches={batch.id: OUTCOMES["taken"]}))
        said = {order.serial: self._says() for order in batch.orders}
        self.effects.update(serial for serial, word in said.items() if word == "done")
        outcomes = {serial: OUTCOMES[word] for serial, word in said.items()}
        self.answers.append(FileTaken(name=f"RESP-{batch.id}", digest="0", outcomes=outcomes))

    def _says(self):
        return "done" if self.calm else self.draw.choice(("done", "done", "done", "no", "again"))
