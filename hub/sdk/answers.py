"""Answers in files, and a reconciliation that speaks for the orders whose answer was lost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

from hub.domain.outcome import Outcome, Output
from hub.domain.reply import FileRecord
from hub.domain.states import TaskState
from hub.domain.taxonomy import ErrorCode
from hub.sdk.errors import CallEnded
from hub.sdk.filename import FileName
from hub.sdk.folders import Haul
from hub.sdk.outcomes import outcome_of_record

Told = Mapping[str, set[TaskState]]
Records = tuple[FileRecord, ...]
# What an answer may have said about a record that the reconciliation lists in this state.
_EXPLAINS = {
    TaskState.COMPLETED: {TaskState.COMPLETED},
    TaskState.IN_PROGRESS: {TaskState.IN_PROGRESS, TaskState.COMPLETED},
    TaskState.REJECTED: {TaskState.REJECTED, TaskState.AWAITING_APPLICANT, TaskState.ACCEPTED},
}


@dataclass(frozen=True, slots=True)
class Answers:
    """Reads answers for one endpoint; `output` makes the result of an order that was done."""

    provider: str
    output: Callable[[FileRecord], Output]

    def answered(self, records: Iterable[FileRecord]) -> dict[str, Outcome]:
        """Outcomes by serial of a file of answers; that an order is a repeat never hides the answer that it repeats."""
        found: dict[str, Outcome] = {}
        for number, record in enumerate(records, start=1):
            serial = record.serial or f"record {number}"
            if record.error is not ErrorCode.DUP_SAME or serial not in found:
                found[serial] = outcome_of_record(record, self.provider, self.output)
        return found

    def settled(self, records: Iterable[FileRecord], known: Told) -> dict[str, Outcome]:
        """Outcomes by serial of a reconciliation, for those orders only whose answer was lost: `known` does not tell.

        A refusal has no reason there: it may be a photo that can be replaced, or a repeat of an order that is well.
        """
        found: dict[str, Outcome] = {}
        for number, record in enumerate(sorted(records, key=lambda each: each.state is TaskState.COMPLETED), start=1):
            serial = record.serial or f"record {number}"
            if record.state is None or not _EXPLAINS[record.state] & known.get(serial, set()):
                found[serial] = outcome_of_record(record, self.provider, self.output)
        return found

    async def take(
        self,
        haul: Haul,
        answers: Iterable[FileName],
        reconciliations: Iterable[FileName],
        read: Callable[[FileName], Awaitable[tuple[str, Records]]],
    ) -> None:
        """Take new files into the haul. A new reconciliation takes the answers that were known before, too.

        Args:
            haul: of this collection.
            answers: the whole files of answers, in order.
            reconciliations: the whole files of reconciliations.
            read: a file's digest and records; a damaged one ends in CallEnded, is mended in place and read again.
        """
        last = [name for name in reconciliations if haul.new(f"{name}.dat")]
        said: list[FileRecord] = []
        for name in answers:
            if last or haul.new(f"{name}.dat"):
                digest, records = await _read(haul, name, read)
                said += records
                haul.take(f"{name}.dat", digest, self.answered(records))
        known = told(said)
        for name in last:
            digest, records = await _read(haul, name, read)
            haul.take(f"{name}.dat", digest, self.settled(records, known))


def told(records: Iterable[FileRecord]) -> Told:
    """What answers said of each serial."""
    found: defaultdict[str, set[TaskState]] = defaultdict(set)
    for record in records:
        if record.serial and record.state:
            found[record.serial].add(record.state)
    return found


async def _read(
    haul: Haul, name: FileName, read: Callable[[FileName], Awaitable[tuple[str, Records]]]
) -> tuple[str, Records]:
    try:
        return await read(name)
    except CallEnded as ended:
        haul.spoilt(f"{name}.dat", ended)
        return "", ()
