"""Answers in pages: a day that must add up, and a feed that goes on where it ended."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from hub.sdk import Accepted, CallEnded, Collect, ErrorCode, FileRecord, Reply, all_pages, from_feed

PAGES = [[100, -20], [5], [7]]
DAYS = (date(2026, 11, 25), date(2026, 11, 24))


def day(pages, count="4", total=92):
    async def page(number):
        records = tuple(FileRecord(serial=str(number), amount_fen=fen) for fen in pages[number - 1])
        return Reply(records=records, note=str(len(pages)), content=count, balance_fen=total)

    return page


async def test_all_pages_of_a_day_are_read_and_add_up():
    reply = await all_pages(day(PAGES), "gas")
    assert [record.amount_fen for record in reply.records] == [100, -20, 5, 7]
    assert (await all_pages(day([[]], "0", 0), "gas")).records == ()


@pytest.mark.parametrize(("count", "total"), [("3", 92), ("4", 93)])
async def test_day_that_does_not_hold_what_it_states_is_not_believed(count, total):
    with pytest.raises(CallEnded) as ended:
        await all_pages(day(PAGES, count, total), "gas")
    assert (ended.value.outcome.error.code, ended.value.outcome.error.provider) == (ErrorCode.FILE_COUNT, "gas")


async def test_refused_page_is_the_answer_of_the_day():
    async def page(_number):
        return Reply(error=ErrorCode.UPS_BUSY)

    assert (await all_pages(page, "gas")).error is ErrorCode.UPS_BUSY


class Feed:
    """A feed of three pages, each one record; remembers what it was asked."""

    def __init__(self, *, broken=False):
        self.asked, self.broken = [], broken

    async def page(self, since, cursor):
        self.asked.append((since, cursor))
        number = int(cursor or 0) + 1
        if self.broken and number == 2:
            return Reply(error=ErrorCode.UPS_BUSY)
        if number > 3:
            return Reply()
        return Reply(records=(FileRecord(serial=f"s{number}"),), content=str(number), note=str(number < 3).lower())

    async def outcomes(self, records):
        return {record.serial: Accepted() for record in records}


async def test_feed_is_followed_to_its_end_page_by_page():
    feed = Feed()
    found = await from_feed(Collect(DAYS), feed.page, feed.outcomes)
    assert [file.name for file in found.files] == ["feed:1", "feed:2", "feed:3"]
    assert [dict(file.outcomes) for file in found.files] == [{f"s{n}": Accepted()} for n in (1, 2, 3)]
    assert feed.asked == [(datetime(2026, 11, 24, tzinfo=UTC), cursor) for cursor in (None, "1", "2")]


async def test_feed_goes_on_where_it_was_left():
    feed = Feed()
    found = await from_feed(Collect(DAYS, frozenset({"feed:1", "feed:2", "x.dat"})), feed.page, feed.outcomes)
    assert [file.name for file in found.files] == ["feed:3"]
    assert (await from_feed(Collect(DAYS, frozenset({"feed:3"})), feed.page, feed.outcomes)).files == ()


async def test_page_that_is_refused_ends_the_collection_and_keeps_what_came_before():
    feed = Feed(broken=True)
    found = await from_feed(Collect(DAYS), feed.page, feed.outcomes)
    assert [file.name for file in found.files] == ["feed:1"]
