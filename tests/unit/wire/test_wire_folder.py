"""Files on a mounted exchange disk: whole or not there, and never outside."""

from __future__ import annotations

import pytest

from hub.errors import EncodeError
from hub.wire.exchange import FileGet, FileList, FilePut, HttpRequest, Limits, Phase
from hub.wire.folder import FolderTransport

LIMITS = Limits()


async def test_file_is_put_read_and_listed_and_leaves_no_half_file(tmp_path):
    disk = FolderTransport(tmp_path)
    put = await disk.exchange(FilePut("in/330402/a.pdf", b"%PDF", "in/330402/a.ok", b"4"), LIMITS)
    assert (put.phase, put.failure) == (Phase.RECEIVED, None)
    assert (await disk.exchange(FileGet("in/330402/a.pdf"), LIMITS)).response.body == b"%PDF"
    listed = await disk.exchange(FileList("in/330402"), LIMITS)
    assert listed.response.names == (("a.ok", 1), ("a.pdf", 4))
    assert (await disk.exchange(FilePut("in/330402/a.pdf", b"new"), LIMITS)).phase is Phase.RECEIVED
    assert (await disk.exchange(FileGet("in/330402/a.pdf"), LIMITS)).response.body == b"new"
    await disk.aclose()


async def test_missing_file_or_folder_is_an_answer(tmp_path):
    disk = FolderTransport(tmp_path)
    assert not (await disk.exchange(FileGet("out/none.pdf"), LIMITS)).response.found
    assert (await disk.exchange(FileList("out"), LIMITS)).response.names == ()


async def test_disk_that_is_not_mounted_is_provably_not_sent(tmp_path):
    ended = await FolderTransport(tmp_path / "away").exchange(FilePut("a", b"1"), LIMITS)
    assert (ended.phase.provably_not_sent, ended.failure) == (True, "no-folder")
    assert not (tmp_path / "away").exists()


async def test_full_or_broken_disk_is_provably_not_sent(tmp_path):
    (tmp_path / "in").write_bytes(b"a file where a folder should be")
    ended = await FolderTransport(tmp_path).exchange(FilePut("in/a", b"1"), LIMITS)
    assert (ended.phase.provably_not_sent, ended.failure) == (True, "disk")


async def test_file_larger_than_allowed_is_not_read(tmp_path):
    (tmp_path / "big").write_bytes(b"12345")
    ended = await FolderTransport(tmp_path).exchange(FileGet("big"), Limits(max_body=4))
    assert (ended.response, ended.failure) == (None, "disk")


@pytest.mark.parametrize("path", ["../a", "/etc/passwd", "in/../../a", "", "in/\0a"])
async def test_path_that_leads_out_is_refused(tmp_path, path):
    with pytest.raises(EncodeError):
        await FolderTransport(tmp_path).exchange(FilePut(path, b"1"), LIMITS)


async def test_it_carries_files_only(tmp_path):
    with pytest.raises(EncodeError):
        await FolderTransport(tmp_path).exchange(HttpRequest("GET", "http://x"), LIMITS)
