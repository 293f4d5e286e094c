"""The Chinese commercial algorithms SM2, SM3 and SM4 and the older digests, as the utilities' interfaces use them.

Randomness is passed in: `random(n)` returns n bytes, `secrets.token_bytes` in production.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from functools import lru_cache

import gmssl_pyx
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import hmac as keyed
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from gmalg import SM2

from hub.errors import DecodeError, EncodeError

Random = Callable[[int], bytes]

SM2_USER_ID = b"1234567812345678"
_BLOCK_BITS = 128
_TAG = 16
_POINT = 64
_SCALAR = 32


def sm3(data: bytes) -> bytes:
    """Digest by SM3, 32 bytes."""
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()


def hmac_sm3(key: bytes, data: bytes) -> bytes:
    """Authenticate by HMAC over SM3, 32 bytes."""
    code = keyed.HMAC(key, hashes.SM3())
    code.update(data)
    return code.finalize()


def hmac_sha256(key: bytes, data: bytes) -> bytes:
    """Authenticate by HMAC over SHA-256, 32 bytes."""
    return hmac.digest(key, data, "sha256")


def md5_upper(data: bytes) -> str:
    """Digest by MD5, upper-case hex; only because old interfaces demand it."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest().upper()


def same(left: str | bytes, right: str | bytes) -> bool:
    """Compare two signatures in constant time; text is compared as its UTF-8 bytes."""
    return hmac.compare_digest(_octets(left), _octets(right))


def sm4_cbc_encrypt(key: bytes, iv: bytes, plain: bytes) -> bytes:
    """Encrypt by SM4-CBC with PKCS7 padding; the IV is not part of the result."""
    padder = PKCS7(_BLOCK_BITS).padder()
    encryptor = Cipher(algorithms.SM4(key), modes.CBC(iv)).encryptor()
    return encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()


def sm4_cbc_decrypt(key: bytes, iv: bytes, cipher: bytes) -> bytes:
    """Decrypt SM4-CBC and remove the PKCS7 padding."""
    if len(iv) * 8 != _BLOCK_BITS:
        raise DecodeError("iv", f"has {len(iv)} bytes, not 16")
    decryptor = Cipher(algorithms.SM4(key), modes.CBC(iv)).decryptor()
    unpadder = PKCS7(_BLOCK_BITS).unpadder()
    try:
        padded = decryptor.update(cipher) + decryptor.finalize()
        return unpadder.update(padded) + unpadder.finalize()
    except ValueError:
        raise DecodeError("cipher", "is not SM4-CBC with PKCS7 padding under this key") from None


def sm4_ecb_encrypt(key: bytes, plain: bytes) -> bytes:
    """Encrypt whole blocks of 16 bytes, each for itself: for keys under a master key, never for data."""
    encryptor = Cipher(algorithms.SM4(key), modes.ECB()).encryptor()  # noqa: S305 -- how interfaces wrap keys
    return encryptor.update(plain) + encryptor.finalize()


def sm4_ecb_decrypt(key: bytes, cipher: bytes) -> bytes:
    """Decrypt whole blocks of 16 bytes. Raises DecodeError when they are not whole."""
    if not cipher or len(cipher) % 16:
        raise DecodeError("cipher", "is not whole SM4 blocks")
    decryptor = Cipher(algorithms.SM4(key), modes.ECB()).decryptor()  # noqa: S305 -- how interfaces wrap keys
    return decryptor.update(cipher) + decryptor.finalize()


def sm4_cbc_mac(key: bytes, data: bytes) -> bytes:
    """Authenticate by the last block of SM4-CBC from a zero start, the data filled up with zeros (ISO 9797-1)."""
    encryptor = Cipher(algorithms.SM4(key), modes.CBC(bytes(16))).encryptor()
    filled = data + bytes(-len(data) % 16 or (0 if data else 16))
    return (encryptor.update(filled) + encryptor.finalize())[-16:]


def sm4_gcm_encrypt(key: bytes, nonce: bytes, plain: bytes, aad: bytes = b"") -> bytes:
    """Encrypt by SM4-GCM; the 16-byte tag is the end of the result."""
    encryptor = Cipher(algorithms.SM4(key), modes.GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(aad)
    return encryptor.update(plain) + encryptor.finalize() + encryptor.tag


def sm4_gcm_decrypt(key: bytes, nonce: bytes, cipher: bytes, aad: bytes = b"") -> bytes:
    """Decrypt SM4-GCM; an altered ciphertext, tag or `aad` is refused."""
    body, tag = cipher[:-_TAG], cipher[-_TAG:]
    if len(tag) != _TAG:
        raise DecodeError("cipher", "is shorter than an SM4-GCM tag")
    decryptor = Cipher(algorithms.SM4(key), modes.GCM(nonce, tag)).decryptor()
    decryptor.authenticate_additional_data(aad)
    try:
        return decryptor.update(body) + decryptor.finalize()
    except InvalidTag:
        raise DecodeError("cipher", "does not authenticate under this SM4-GCM key") from None


def sm2_public(private: bytes) -> bytes:
    """Derive the public key, 64 bytes x || y, from a private key of 32 bytes."""
    point: bytes = SM2().generate_pk(private)
    return point[1:]


def sm2_encrypt(public: bytes, plain: bytes, random: Random) -> bytes:
    """Encrypt to a public key; the result is C1 || C3 || C2 without the leading 04 byte."""
    if not plain:
        raise EncodeError("plain", "SM2 cannot encrypt nothing")
    cipher: bytes = SM2(pk=_checked_point(public), rnd_fn=_bits(random)).encrypt(plain)
    return cipher[1:]


def sm2_decrypt(private: bytes, cipher: bytes) -> bytes:
    """Decrypt C1 || C3 || C2, without the leading 04 byte."""
    if len(cipher) <= _POINT + _SCALAR:
        raise DecodeError("cipher", "is shorter than an SM2 ciphertext")
    try:
        plain: bytes = gmssl_pyx.sm2_decrypt(private, _der_cipher(cipher))
    except gmssl_pyx.GmsslInnerError:
        raise DecodeError("cipher", "is not an SM2 ciphertext for this key") from None
    return plain


def sm2_sign(private: bytes, data: bytes, random: Random, user_id: bytes = SM2_USER_ID) -> str:
    """Sign by SM2 with SM3; the result is r || s in 128 lower-case hex digits."""
    r: bytes
    s: bytes
    r, s = SM2(sk=private, uid=user_id, rnd_fn=_bits(random)).sign(data)
    # The library drops leading zero bytes, once in 256 signatures.
    return (r.rjust(_SCALAR, b"\0") + s.rjust(_SCALAR, b"\0")).hex()


def sm2_verify(public: bytes, data: bytes, signature: str, user_id: bytes = SM2_USER_ID) -> bool:
    """Tell whether `signature`, r || s in hex, is this key's for the data; a malformed one is just not."""
    try:
        raw = bytes.fromhex(signature)
    except ValueError:
        return False
    if len(raw) != 2 * _SCALAR:
        return False
    r, s = (int.from_bytes(half, "big") for half in (raw[:_SCALAR], raw[_SCALAR:]))
    try:
        good: bool = gmssl_pyx.sm2_verify(
            _checked_point(public)[1:], data, encode_dss_signature(r, s), signer_id=user_id
        )
    except gmssl_pyx.GmsslInnerError:
        return False
    return good


def sm2_der(signature: str) -> bytes:
    """Write a signature, r || s in hex, in the DER form of GM/T 0009."""
    raw = bytes.fromhex(signature)
    return encode_dss_signature(*(int.from_bytes(half, "big") for half in (raw[:_SCALAR], raw[_SCALAR:])))


def sm2_raw(der: bytes) -> str:
    """Read a DER signature into r || s in hex; what is none gives a signature that never verifies."""
    try:
        r, s = decode_dss_signature(der)
        return (r.to_bytes(_SCALAR, "big") + s.to_bytes(_SCALAR, "big")).hex()
    except (ValueError, OverflowError):
        return ""


@lru_cache(maxsize=64)
def _checked_point(public: bytes) -> bytes:
    """Bring a public key (x || y, with or without 04) into the library's form; a point off the curve is refused."""
    point = public if len(public) == _POINT + 1 else b"\x04" + public
    if len(point) != _POINT + 1 or point[0] != 4 or not SM2().verify_pk(point):
        raise EncodeError("public key", "is not a point of the SM2 curve")
    return point


def _der_cipher(cipher: bytes) -> bytes:
    """A raw C1 || C3 || C2 as the ASN.1 that the library takes: the point's two numbers, the digest, the text."""
    x, y, digest, text = (
        cipher[:_SCALAR],
        cipher[_SCALAR:_POINT],
        cipher[_POINT : _POINT + _SCALAR],
        cipher[_POINT + _SCALAR :],
    )
    return _der(0x30, _der_number(x) + _der_number(y) + _der(0x04, digest) + _der(0x04, text))


def _der_number(octets: bytes) -> bytes:
    bare = octets.lstrip(b"\0") or b"\0"
    return _der(0x02, (b"\0" if bare[0] & 0x80 else b"") + bare)


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    octets = size.to_bytes((size.bit_length() + 7) // 8 or 1, "big")
    return bytes([tag]) + (octets if size < 0x80 else bytes([0x80 | len(octets)]) + octets) + content


def _bits(random: Random) -> Callable[[int], int]:
    def draw(bits: int) -> int:
        size = (bits + 7) // 8
        return int.from_bytes(random(size), "big") >> (8 * size - bits)

    return draw


def _octets(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value
