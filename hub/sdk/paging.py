"""Answers in pages: those of a day, and those of a feed of changes, each of which says where the next begins."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, time

from hub.domain.outcome import Outcome
from hub.domain.reply import FileRecord, Reply
from hub.domain.taxonomy import ErrorCode, ServiceError
from hub.sdk.adapter import Collect, Collected, CollectedFile
from hub.sdk.errors import CallEnded
from hub.sdk.outcomes import refusal

_FEED = "feed:"


async def all_pages(page: Callable[[int], Awaitable[Reply]], provider: str) -> Reply:
    """The records of all pages, or the reply of a page that was refused.

    A page's reply has how many pages there are in `note`, how many records in `content`, their sum in `balance_fen`.

    Raises:
        CallEnded: FILE_COUNT, when the pages do not hold what they state.
    """
    records: tuple[FileRecord, ...] = ()
    number, pages = 1, 1
    while number <= pages:
        reply = await page(number)
        if reply.error is not None:
            return reply
        records, number, pages = (*records, *reply.records), number + 1, int(reply.note or 1)
    if (str(len(records)), sum(each.amount_fen or 0 for each in records)) != (reply.content, reply.balance_fen):
        raise CallEnded(refusal(ServiceError(code=ErrorCode.FILE_COUNT, provider=provider)))
    return Reply(records=records)


async def from_feed(
    task: Collect,
    page: Callable[[datetime, str | None], Awaitable[Reply]],
    outcomes: Callable[[tuple[FileRecord, ...]], Awaitable[Mapping[str, Outcome]]],
) -> Collected:
    """What a feed brings since the last collection; each page counts as a file, named after its cursor.

    Args:
        task: of the operation.
        page: asks for the changes since a moment, or after a cursor; the reply has the next cursor in `content`,
            and in `note` the word `true` if there is more.
        outcomes: what the records of one page mean, by our serials.
    """
    cursor = max((name.removeprefix(_FEED) for name in task.known if name.startswith(_FEED)), default=None)
    since = datetime.combine(min(task.days), time.min, UTC)
    files: list[CollectedFile] = []
    more = True
    while more:
        reply = await page(since, cursor)
        if reply.error is not None or not reply.records:
            break
        told = await outcomes(reply.records)
        cursor, more = reply.content, reply.note == "true"
        files.append(CollectedFile(name=f"{_FEED}{cursor}", digest=str(len(reply.records)), outcomes=told))
    return Collected(files=tuple(files))
