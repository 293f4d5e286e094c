"""Sealed files of fixed-width records: they come back whole, or not at all."""

from __future__ import annotations

import pytest

from hub.sdk import DecodeError, EncodeError, ErrorCode, Folders, Refused, fixedfiles, sealedfile
from hub.sdk.wire import fixed
from tests.unit.sdk.exchange import Ctx, Name, name

KEYS = {"01": "ab" * 16, "02": "cd" * 16, "03": "short"}
PARTS = {
    "H": [
        ["rectype", 1],
        ["ftype", 4],
        ["inst", 4],
        ["bizdate", 8],
        ["seq", 4, "number"],
        ["count", 4, "number"],
        ["keyver", 2],
        ["filler", 13, "filler"],
    ],
    "APPL": [["rectype", 1], ["seq", 4, "number"], ["reqno", 8], ["amount", 6, "number"], ["filler", 21, "filler"]],
    "T": [["rectype", 1], ["count", 4, "number"], ["amount", 6, "number"], ["filler", 29, "filler"]],
}
LAYOUT = fixed.FileLayout.of_columns(PARTS, "APPL", charset="gb18030", length=40, amount_of="amount")
HEAD = {"ftype": "APPL", "inst": "0402", "bizdate": "20261125", "seq": 1, "keyver": "01"}
ROWS = [{"seq": 1, "reqno": "R1", "amount": 5}, {"seq": 2, "reqno": "R2", "amount": 7}]


def put(rows=ROWS, of=None, salt="batch"):
    return fixedfiles.sealed(of or name(), LAYOUT.encode_file(HEAD, rows), KEYS, salt)


def reopened(file, of=None, keys=KEYS):
    return fixedfiles.opened(of or name(), LAYOUT, file.flag_body, file.body, keys)


def test_file_comes_back_as_it_was_written():
    file = put()
    assert (file.path, file.flag_path) == (name().path("in", "dat"), name().path("in", "ok"))
    assert [row["reqno"] for row in reopened(file).rows()] == ["R1", "R2"]


def test_same_content_gives_the_same_bytes_and_another_batch_another_start():
    assert put() == put()
    assert put().body[:16] != put(salt="other").body[:16]


def test_records_that_hold_some_bytes_are_found_without_reading_the_others():
    opened = reopened(put())
    assert [row["reqno"] for row in opened.containing(b"R2")] == ["R2"]
    assert [row["reqno"] for row in opened.containing(b"R")] == ["R1", "R2"]
    assert list(opened.containing(b"20261125")) == []  # stands in the head only
    assert list(opened.containing(b"")) == []


def test_file_that_is_not_what_its_flag_says_is_refused():
    file = put()
    with pytest.raises(Refused) as refused:
        fixedfiles.opened(name(), LAYOUT, file.flag_body, file.body[:-1], KEYS)
    assert refused.value.code is ErrorCode.FILE_DIGEST


@pytest.mark.parametrize("version", ["03", "04"])
def test_file_under_a_key_that_is_not_configured_is_neither_written_nor_read(version):
    other = name(key=version)
    with pytest.raises(Refused) as refused:
        reopened(put(), of=other)
    assert (refused.value.code, refused.value.raw) == (ErrorCode.UPS_AUTH, f"K{version}")
    with pytest.raises(EncodeError, match="keyver"):
        put(of=other)
    assert sealedfile.key_of(KEYS, version) is None


def test_file_under_the_name_of_another_is_not_believed():
    with pytest.raises(DecodeError, match="is not the head"):
        reopened(put(), of=name(seq="0002")).rows()


def test_records_must_be_numbered_through():
    with pytest.raises(DecodeError, match="numbered through"):
        reopened(put([ROWS[1], ROWS[0]])).rows()


async def test_file_is_whole_only_with_its_flag():
    later = name(seq="0002")
    ctx = Ctx({f"/in/{name()}.dat": b"", f"/in/{name()}.ok": b"", f"/in/{later}.dat": b"", "/in/else.dat": b""})
    folders = Folders(ctx, Name.parse)
    assert await folders.whole("/in", {"dat", "ok"}) == [name()]
    assert await folders.whole("/in", {"dat"}) == [name(), later]
