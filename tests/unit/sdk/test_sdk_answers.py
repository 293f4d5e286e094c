"""Answers in files, and the reconciliation that stands in for those that were lost."""

from __future__ import annotations

import pytest

from hub.domain.states import TaskState
from hub.sdk import Answers, ErrorCode, FileRecord, Haul, Output
from hub.sdk.answers import told
from tests.unit.sdk.exchange import BUSY, ended, name

ANSWERS = Answers("x", lambda record: Output(kind="receipt", identifier=record.provider_ref))
DONE = FileRecord(serial="1", state=TaskState.COMPLETED, provider_ref="A")
REPEAT = FileRecord(serial="1", state=TaskState.REJECTED, error=ErrorCode.DUP_SAME)
RESP, RECN = name("RESP"), name("RECN")


def test_repeat_never_hides_the_answer_that_it_repeats():
    assert ANSWERS.answered([DONE, REPEAT])["1"].kind == "completed"
    assert ANSWERS.answered([REPEAT, DONE])["1"].kind == "completed"
    assert ANSWERS.answered([REPEAT])["1"].kind == "rejected"


def test_record_without_serial_is_told_by_its_place():
    assert set(ANSWERS.answered([DONE.with_(serial=None)])) == {"record 1"}


@pytest.mark.parametrize(
    ("said", "listed", "speaks"),
    [
        (None, TaskState.COMPLETED, True),
        (TaskState.COMPLETED, TaskState.COMPLETED, False),
        (TaskState.IN_PROGRESS, TaskState.COMPLETED, True),
        (TaskState.COMPLETED, TaskState.IN_PROGRESS, False),
        (TaskState.AWAITING_APPLICANT, TaskState.REJECTED, False),
        (TaskState.COMPLETED, None, True),
    ],
)
def test_reconciliation_speaks_only_where_no_answer_explains_it(said, listed, speaks):
    known = told([FileRecord(serial="1", state=said)])
    assert ("1" in ANSWERS.settled([FileRecord(serial="1", state=listed)], known)) is speaks


def test_done_wins_over_other_lines_of_an_order():
    refused = FileRecord(serial="1", state=TaskState.REJECTED)
    for records in ([DONE, refused], [refused, DONE]):
        assert ANSWERS.settled(records, {})["1"].kind == "completed"


async def taken(contents, *known):
    asked, haul = [], Haul(frozenset(known))

    async def read(file):
        asked.append(file)
        if contents[file] is None:
            raise ended(ErrorCode.FILE_DIGEST)
        return "digest", contents[file]

    await ANSWERS.take(haul, [RESP], [RECN], read)
    return asked, {file.name: dict(file.outcomes) for file in haul.files}, haul.damaged


async def test_lost_answer_is_made_good_by_the_reconciliation():
    other = DONE.with_(serial="2")
    _, files, _ = await taken({RESP: (DONE,), RECN: (DONE, other)})
    assert set(files[f"{RESP}.dat"]) == {"1"}
    assert set(files[f"{RECN}.dat"]) == {"2"}


async def test_new_reconciliation_reads_answers_that_were_known_before_and_a_known_one_reads_nothing():
    asked, files, _ = await taken({RESP: (DONE,), RECN: (DONE,)}, f"{RESP}.dat")
    assert asked == [RESP, RECN]
    assert files == {f"{RECN}.dat": {}}
    assert await taken({}, f"{RESP}.dat", f"{RECN}.dat") == ([], {}, [])


async def test_damaged_file_is_named_and_the_others_are_taken():
    _, files, damaged = await taken({RESP: None, RECN: (DONE,)})
    assert set(files) == {f"{RECN}.dat"}
    assert damaged == [(f"{RESP}.dat", "FILE_DIGEST")]


async def test_failure_that_is_not_the_file_s_ends_the_collection():
    async def read(_file):
        raise ended(BUSY)

    with pytest.raises(type(ended(BUSY))):
        await ANSWERS.take(Haul(frozenset()), [RESP], [], read)
