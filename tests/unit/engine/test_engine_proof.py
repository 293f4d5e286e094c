"""The code of a receipt: signed, read back, and refused when anything of it was altered."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.engine.papers.proof import Signer, digest, find_code, short, verify_alone
from hub.errors import EncodeError
from tests.receipts import partly, receipt, task

SIGNER, OTHER = Signer(b"a" * 32), Signer(b"b" * 32)
CODE = SIGNER.code(partly())


def test_a_code_names_case_receipt_and_digest_and_is_made_the_same_again():
    read = find_code(CODE)
    assert (read.case_number, read.seq) == ("JX6202611243304020000015", 1)
    assert read.digest == digest(partly()).hex()
    assert Signer(b"a" * 32).code(partly()) == CODE
    assert short(partly()).replace(" ", "").lower() == read.digest[:16]


def test_no_two_receipts_share_a_nonce():
    parts = {SIGNER.code(partly().with_(seq=seq)).rpartition(".")[2][:43] for seq in range(1, 6)}
    assert len(parts) == 5


def test_only_the_owner_of_the_key_can_have_signed_it():
    assert find_code(CODE).good(SIGNER.public)
    assert not find_code(CODE).good(OTHER.public)
    assert not find_code(OTHER.code(partly())).good(SIGNER.public)


@given(st.integers(4, len(CODE) - 1), st.sampled_from("0123456789ABCxyz_-"))
@settings(max_examples=30, deadline=None)
def test_a_code_with_one_character_changed_is_not_signed(at, character):
    altered = f"{CODE[:at]}{character}{CODE[at + 1 :]}"
    read = find_code(altered)
    same_bits = read is not None and (read.signed, read.signature) == (
        find_code(CODE).signed,
        find_code(CODE).signature,
    )
    assert altered == CODE or read is None or same_bits or not read.good(SIGNER.public)


@given(st.text() | st.binary())
def test_anything_else_holds_no_code(given_):
    assert find_code(given_) is None


def test_a_code_may_be_broken_into_lines_as_on_paper():
    broken = "核验码 " + "\n".join(CODE[at : at + 40] for at in range(0, len(CODE), 40))
    assert find_code(broken) == find_code(CODE)


@pytest.mark.parametrize(("key", "genuine"), [(SIGNER, True), (OTHER, False)])
def test_the_public_key_alone_tells_who_signed(key, genuine):
    found = verify_alone(CODE, key.public)
    assert (found.genuine, found.file_checked) == (genuine, False)
    assert not verify_alone("nothing", key.public).genuine


def test_a_key_that_is_none_is_refused():
    with pytest.raises(EncodeError):
        verify_alone(CODE, b"\1" * 64)


def test_another_content_has_another_digest():
    assert digest(partly()) != digest(receipt(task(1)))


def test_the_signer_does_not_show_its_key():
    assert repr(SIGNER) == "<Signer>"
