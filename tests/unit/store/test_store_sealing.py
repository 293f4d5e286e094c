"""Sealing at rest, and the evidence folder."""

from __future__ import annotations

import asyncio
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import InputError, NotFound, SettingsError
from hub.store.evidence import EvidenceFolder
from hub.store.seal import Vault

VAULT = Vault(b"0" * 16, os.urandom)


@given(st.recursive(st.none() | st.text() | st.integers(), lambda inner: st.dictionaries(st.text(), inner)))
def test_sealed_value_opens_to_the_same_value_and_shows_nothing(value):
    key, wrapped = VAULT.new_key()
    sealed = VAULT.seal(key, {"v": value})
    assert VAULT.open(VAULT.unwrap(wrapped), sealed) == {"v": value}


def test_same_value_is_sealed_differently_each_time():
    key, _ = VAULT.new_key()
    assert VAULT.seal(key, "王秀兰") != VAULT.seal(key, "王秀兰")


def test_changed_ciphertext_does_not_open():
    key, _ = VAULT.new_key()
    head, _, body = VAULT.seal(key, "text" * 10).rpartition(".")
    flipped = ("A" if body[5] != "A" else "B").join((body[:5], body[6:]))
    with pytest.raises(SettingsError):
        VAULT.open(key, f"{head}.{flipped}")


def test_other_master_key_is_refused_with_advice():
    _, wrapped = VAULT.new_key()
    with pytest.raises(SettingsError, match="master key"):
        Vault(b"1" * 16, os.urandom).unwrap(wrapped)


def test_master_key_of_wrong_length_is_refused():
    with pytest.raises(SettingsError, match="32 hex digits"):
        Vault(b"short", os.urandom)


def test_index_is_stable_per_key_and_tells_values_apart():
    assert VAULT.index("330402195203140024") == VAULT.index("330402195203140024")
    assert VAULT.index("330402195203140024") != VAULT.index("330402195203140025")
    assert VAULT.index("a") != Vault(b"1" * 16, os.urandom).index("a")


def test_repr_of_a_vault_shows_no_key():
    assert "0000" not in repr(VAULT)


async def test_evidence_is_read_back_and_not_readable_on_disk(tmp_path):
    folder = EvidenceFolder(tmp_path, VAULT)
    content = b"synthetic material " * 100
    evidence = await folder.put("RE_CERT", content, file_name="a.pdf", media_type="application/pdf")
    assert await folder.read(evidence) == content
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"synthetic" in path.read_bytes()]


async def test_same_content_is_stored_once(tmp_path):
    folder = EvidenceFolder(tmp_path, VAULT)
    for name in ("a.pdf", "b.pdf"):
        await folder.put("RE_CERT", b"same", file_name=name, media_type="application/pdf")
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


async def test_damaged_or_missing_file_is_not_found(tmp_path):
    folder = EvidenceFolder(tmp_path, VAULT)
    evidence = await folder.put("RE_CERT", b"same", file_name="a.pdf", media_type="application/pdf")
    with pytest.raises(NotFound, match="damaged"):
        await folder.read(evidence.with_(sm3="0" * 64))
    with pytest.raises(NotFound):
        await folder.read(evidence.with_(ref="../../etc/passwd"))


@pytest.mark.parametrize("content", [b"", b"x" * (20 * 1024 * 1024 + 1)])
async def test_empty_or_too_large_file_is_refused(tmp_path, content):
    with pytest.raises(InputError, match="MAT_UNREADABLE"):
        await EvidenceFolder(tmp_path, VAULT).put("RE_CERT", content, file_name="a", media_type="b")


async def test_the_same_content_stored_by_many_at_once_is_there_once(tmp_path):
    folder = EvidenceFolder(tmp_path, VAULT)
    puts = (folder.put("RE_CERT", b"%PDF" * 1000, file_name="a.pdf", media_type="application/pdf") for _ in range(16))
    refs = {each.ref for each in await asyncio.gather(*puts)}
    assert len(refs) == 1
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == list(refs)
