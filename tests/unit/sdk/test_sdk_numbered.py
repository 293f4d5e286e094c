"""Numbered files: a number is never left out, and a refused file's orders are told what became of them."""

from __future__ import annotations

import pytest

from hub.domain.outcome import Faulty
from hub.domain.states import TaskState
from hub.sdk import (
    Accepted,
    CallEnded,
    ErrorCode,
    Folders,
    Haul,
    NotSent,
    Refusals,
    Reply,
    ServiceOrder,
    refused_file,
    send_numbered,
)
from tests.unit.sdk.exchange import BUSY, Ctx, Name, ended, name

GAP = Reply(error=ErrorCode.FILE_GAP, raw_code="9006", content="0001")
DEAD = Reply(error=ErrorCode.FILE_COUNT, raw_code="9002")
TWICE = Reply(error=ErrorCode.DUP_SAME, raw_code="9003", digest="ab")


async def take(ctx, *refused, known=()):
    haul = Haul(frozenset(known))
    await Refusals(ctx, Folders(ctx, Name.parse), haul).take(refused)
    return haul


async def test_batch_that_can_be_written_is_accepted_as_a_file():
    ctx = Ctx(APPL=Reply())
    batch = name().batch("x", ServiceOrder.model_construct(serial="1"))
    assert await send_numbered(batch, ctx) == Accepted(raw_code="FILE")
    assert [source for _, source, _ in ctx.calls] == [batch]


async def test_batch_that_cannot_be_written_leaves_an_empty_file_under_its_number():
    ctx = Ctx(APPL=lambda batch: ended(ErrorCode.VAL_FORMAT, Faulty) if batch.orders else Reply())
    batch = name().batch("x", ServiceOrder.model_construct(serial="1"))
    with pytest.raises(CallEnded):
        await send_numbered(batch, ctx)
    assert [len(source.orders) for _, source, _ in ctx.calls] == [1, 0]
    assert {source.id for _, source, _ in ctx.calls} == {batch.id}


async def test_batch_that_was_not_sent_keeps_its_number_for_the_repeat():
    ctx = Ctx(APPL=ended(BUSY))
    with pytest.raises(CallEnded):
        await send_numbered(name().batch("x", ServiceOrder.model_construct(serial="1")), ctx)
    assert len(ctx.calls) == 1


@pytest.mark.parametrize(
    ("reply", "kind"),
    [(GAP, "progress"), (TWICE, "accepted"), (TWICE.with_(digest="cd"), "not_sent"), (DEAD, "not_sent")],
)
def test_refusal_of_a_file_is_told_to_all_its_orders(reply, kind):
    assert refused_file(reply, "ab", "x").kind == kind


async def test_refusal_is_noted_with_its_code_and_told_once():
    haul = await take(Ctx(ERR=DEAD), name())
    (file,) = haul.files
    assert (file.name, file.digest) == (f"{name()}.err:9002", "9002")
    assert isinstance(file.batches["x:APPL:20261125:0001"], NotSent)
    assert (await take(Ctx(ERR=DEAD), name(), known=[file.name])).files == []


async def test_file_that_waits_is_suspended_until_the_missing_one_has_come():
    (file,) = (await take(Ctx(ERR=GAP), name(seq="0002"))).files
    assert file.batches["x:APPL:20261125:0002"].state is TaskState.SUSPENDED


async def test_number_of_a_dead_file_that_others_wait_for_is_taken_up_by_an_empty_one():
    ctx = Ctx(ERR=lambda _source, path: DEAD if "_0001_" in path else GAP, APPL=Reply())
    dead, waiting = name(), name(seq="0002")
    await take(ctx, dead, waiting)
    assert [message for message, *_ in ctx.calls] == ["ERR", "ERR"]  # its orders are told first
    await take(ctx, dead, waiting, known=[f"{dead}.err:9002"])
    (sent,) = [source for message, source, _ in ctx.calls if message == "APPL"]
    assert (sent.id, sent.orders) == ("x:APPL:20261125:0001", ())


async def test_file_that_was_taken_before_is_known_by_the_digest_in_our_own_flag():
    ctx = Ctx({name().path("in", "ok"): b"123 AB\n"}, ERR=TWICE)
    (file,) = (await take(ctx, name())).files
    assert file.batches["x:APPL:20261125:0001"].kind == "accepted"


async def test_refusal_with_an_unknown_code_needs_a_person_and_a_torn_one_is_read_again():
    unknown = ended(ErrorCode.UPS_UNMAPPED, Faulty, provider_code_raw="9099")
    (file,) = (await take(Ctx(ERR=unknown), name())).files
    assert (file.digest, file.batches["x:APPL:20261125:0001"].kind) == ("9099", "faulty")
    torn = await take(Ctx(ERR=ended(ErrorCode.UPS_PROTOCOL)), name())
    assert (torn.files, torn.damaged) == ([], [(f"{name()}.err", "UPS_PROTOCOL")])
