"""SM2, SM3, SM4 and the old digests, held to the published vectors and to their own inverses."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import DecodeError, EncodeError
from hub.wire import crypto

# GM/T 0003.5 and GB/T 32918.5, example on the recommended curve.
PRIVATE = bytes.fromhex("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8")
PUBLIC = bytes.fromhex(
    "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
)
NONCE = bytes.fromhex("59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21")
KEY = bytes(range(16))


def seeded(seed=1):
    return random.Random(seed).randbytes


def test_sm3_gives_the_standard_s_digests():
    assert crypto.sm3(b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert crypto.sm3(b"abcd" * 16).hex() == "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_hmac_sm3_follows_its_definition(key, data):
    block = (crypto.sm3(key) if len(key) > 64 else key).ljust(64, b"\0")
    inner = crypto.sm3(bytes(byte ^ 0x36 for byte in block) + data)
    assert crypto.hmac_sm3(key, data) == crypto.sm3(bytes(byte ^ 0x5C for byte in block) + inner)


def test_old_digests_give_the_known_values():
    assert crypto.md5_upper(b"abc") == "900150983CD24FB0D6963F7D28E17F72"
    assert (
        crypto.hmac_sha256(b"key", b"The quick brown fox jumps over the lazy dog").hex()
        == "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"
    )


def test_sm4_gives_the_standard_s_block():
    # GB/T 32907 example: one block in CBC with a zero IV is the plain block cipher.
    key = bytes.fromhex("0123456789abcdeffedcba9876543210")
    assert crypto.sm4_cbc_encrypt(key, bytes(16), key)[:16].hex() == "681edf34d206965e86b3e94f536e4246"


@given(st.binary(max_size=80), st.binary(min_size=16, max_size=16))
def test_sm4_cbc_and_gcm_come_back(plain, iv):
    assert crypto.sm4_cbc_decrypt(KEY, iv, crypto.sm4_cbc_encrypt(KEY, iv, plain)) == plain
    assert crypto.sm4_gcm_decrypt(KEY, iv, crypto.sm4_gcm_encrypt(KEY, iv, plain, b"case"), b"case") == plain


@given(st.binary(max_size=40), st.integers(0, 10_000))
def test_any_altered_byte_of_sm4_gcm_is_refused(plain, place):
    cipher = bytearray(crypto.sm4_gcm_encrypt(KEY, bytes(12), plain))
    cipher[place % len(cipher)] ^= 1
    with pytest.raises(DecodeError):
        crypto.sm4_gcm_decrypt(KEY, bytes(12), bytes(cipher))


@pytest.mark.parametrize("cipher", [b"", b"short", bytes(16), bytes(17)])
def test_bytes_that_are_no_sm4_ciphertext_are_refused(cipher):
    with pytest.raises(DecodeError):
        crypto.sm4_cbc_decrypt(KEY, bytes(16), cipher)
    with pytest.raises(DecodeError):
        crypto.sm4_gcm_decrypt(KEY, bytes(12), cipher)
    with pytest.raises(DecodeError):
        crypto.sm4_cbc_decrypt(KEY, b"short", bytes(16))


def test_sm2_sign_gives_the_standard_s_signature():
    signature = crypto.sm2_sign(PRIVATE, b"message digest", lambda _: NONCE)
    assert signature.upper() == (
        "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
        "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
    )
    assert crypto.sm2_public(PRIVATE) == PUBLIC
    assert crypto.sm2_verify(PUBLIC, b"message digest", signature)


def test_sm2_encrypt_gives_the_standard_s_ciphertext():
    cipher = crypto.sm2_encrypt(PUBLIC, b"encryption standard", lambda _: NONCE)
    assert len(cipher) == 64 + 32 + 19
    assert cipher[:4].hex() == "04ebfc71"
    assert cipher[96:].hex() == "21886ca989ca9c7d58087307ca93092d651efa"
    assert crypto.sm2_decrypt(PRIVATE, cipher) == b"encryption standard"


@settings(max_examples=8, deadline=None)
@given(st.binary(min_size=1, max_size=48), st.integers())
def test_sm2_comes_back_for_every_key_and_message(plain, seed):
    private = crypto.sm3(str(seed).encode())
    public = crypto.sm2_public(private).rjust(64, b"\0")
    assert crypto.sm2_decrypt(private, crypto.sm2_encrypt(public, plain, seeded(seed))) == plain
    signature = crypto.sm2_sign(private, plain, seeded(seed))
    assert len(signature) == 128
    assert crypto.sm2_verify(b"\x04" + public, plain, signature)
    assert not crypto.sm2_verify(public, plain + b"!", signature)


@pytest.mark.parametrize(("seed", "place"), [(141, 0), (93, 64)])
def test_a_scalar_that_begins_with_zeros_keeps_them(seed, place):
    signature = crypto.sm2_sign(PRIVATE, b"message digest", seeded(seed))
    assert signature[place : place + 2] == "00"
    assert len(signature) == 128
    assert crypto.sm2_verify(PUBLIC, b"message digest", signature)


@pytest.mark.parametrize("signature", ["", "zz", "00" * 64, "ff" * 64, "00" * 63, "é"])
def test_a_malformed_signature_is_just_not_valid(signature):
    assert not crypto.sm2_verify(PUBLIC, b"data", signature)


@pytest.mark.parametrize("cipher", [b"", bytes(96), bytes(100), b"\x01" * 120])
def test_bytes_that_are_no_sm2_ciphertext_are_refused(cipher):
    with pytest.raises(DecodeError):
        crypto.sm2_decrypt(PRIVATE, cipher)


def test_an_altered_sm2_ciphertext_is_refused():
    cipher = bytearray(crypto.sm2_encrypt(PUBLIC, b"key of the envelope", seeded()))
    cipher[-1] ^= 1
    with pytest.raises(DecodeError):
        crypto.sm2_decrypt(PRIVATE, bytes(cipher))


@pytest.mark.parametrize("public", [b"", bytes(64), b"\x01" * 64, b"\x02" + PUBLIC, PUBLIC[:-1]])
def test_a_public_key_off_the_curve_is_refused(public):
    with pytest.raises(EncodeError, match="not a point"):
        crypto.sm2_encrypt(public, b"x", seeded())


def test_sm2_refuses_to_encrypt_nothing():
    with pytest.raises(EncodeError):
        crypto.sm2_encrypt(PUBLIC, b"", seeded())


def test_same_compares_text_and_bytes():
    assert crypto.same("AB", b"AB")
    assert not crypto.same("AB", "ab")
    assert not crypto.same("签", "AB")


def test_randomness_comes_only_from_the_argument():
    first, again = (crypto.sm2_encrypt(PUBLIC, b"x", seeded(7)) for _ in range(2))
    assert first == again != crypto.sm2_encrypt(PUBLIC, b"x", seeded(8))
