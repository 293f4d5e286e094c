"""A large file that is fetched once, asked often, and fetched anew when it is not the same any more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest

from hub.sdk import CallEnded, DecodeError, ErrorCode, FileName, Folders, Reply, ask_kept
from tests.unit.sdk.exchange import BUSY, Ctx, Name, ended, name


@dataclass
class Kept:
    name: FileName
    body: bytes


def both(file, body):
    return {file.path("out", "dat"): body, file.path("out", "ok"): b"flag"}


async def ask(ctx, file, answer=None):
    def read(flag, body):
        if flag != b"flag":
            raise DecodeError("flag", "is wrong")
        return Kept(file, body)

    async def question(kept):
        if answer is not None:
            raise answer
        return Reply(content=kept.body.decode())

    folders = Folders(ctx, Name.parse)
    reply = await ask_kept(ctx, folders, file, read, question, good_for=timedelta(days=1), note="snapshot")
    return reply.content


async def test_file_is_fetched_once_for_many_questions():
    ctx = Ctx(both(name(), b"one"))
    assert [await ask(ctx, name()) for _ in range(3)] == ["one"] * 3
    assert len(ctx.fetched) == 2


async def test_newer_file_takes_the_place_of_the_kept_one():
    newer = name(seq="0002")
    ctx = Ctx(both(name(), b"one") | both(newer, b"two"))
    assert [await ask(ctx, name()), await ask(ctx, newer)] == ["one", "two"]


async def test_file_that_did_not_answer_is_fetched_anew():
    ctx = Ctx(both(name(), b"one"))
    with pytest.raises(CallEnded):
        await ask(ctx, name(), ended(BUSY))
    ctx.files |= both(name(), b"mended")
    assert await ask(ctx, name()) == "mended"


async def test_spoilt_file_ends_the_question_and_is_not_kept():
    ctx = Ctx({name().path("out", "ok"): b"?"})
    with pytest.raises(CallEnded) as spoilt:
        await ask(ctx, name())
    assert (spoilt.value.outcome.error.code, spoilt.value.outcome.error.note) == (ErrorCode.FILE_DIGEST, "snapshot")
    ctx.files |= both(name(), b"one")
    assert await ask(ctx, name()) == "one"
