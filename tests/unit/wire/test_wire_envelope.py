"""The digital envelope."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import DecodeError
from hub.wire import crypto, envelope

PRIVATE = bytes([7]) * 32
PUBLIC = b"\x04" + crypto.sm2_public(PRIVATE)


def draw(count: int) -> bytes:
    return bytes(range(1, count + 1))


@given(st.binary(max_size=200))
def test_what_is_sealed_for_a_key_is_opened_by_its_owner(plain):
    assert envelope.unseal(PRIVATE, envelope.seal(PUBLIC, plain, draw)) == plain


@pytest.mark.parametrize("sealed", [envelope.Sealed("zz", ""), envelope.Sealed("00", "*"), envelope.Sealed("", "")])
def test_what_is_no_envelope_is_refused_without_its_text(sealed):
    with pytest.raises(DecodeError) as refused:
        envelope.unseal(PRIVATE, sealed)
    assert "zz" not in str(refused.value)


def test_an_envelope_for_another_owner_is_refused():
    with pytest.raises(DecodeError):
        envelope.unseal(bytes([8]) * 32, envelope.seal(PUBLIC, b"secret", draw))


def test_an_envelope_shows_neither_key_nor_content():
    assert repr(envelope.seal(PUBLIC, b"secret", draw)) == "Sealed()"
