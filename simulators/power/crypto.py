"""The platform's cryptography: SM3 and HMAC-SM3 signatures, the SM2/SM4 body envelope, SM2 webhook signatures."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import gmalg
import gmssl_pyx
from cryptography.hazmat.primitives import hashes, hmac, padding
from cryptography.hazmat.primitives.asymmetric import utils
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

_ORDER = 0xFFFFFFFE_FFFFFFFF_FFFFFFFF_FFFFFFFF_7203DF6B_21C6052B_53BBF409_39D54123
_USER_ID = b"1234567812345678"
_BLOCK = 16


class EnvelopeError(ValueError):
    """The body is no envelope that the holder of this key can open."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """An SM2 key pair as hex text: private 64 digits, public 130 digits beginning with 04."""

    private: str = field(repr=False)
    public: str


@dataclass(frozen=True, slots=True)
class Keys:
    """All keys between the platform and its one app."""

    app_key: str
    app_secret: str = field(repr=False)
    platform: KeyPair
    app: KeyPair
    callback: KeyPair


@lru_cache(maxsize=8)
def test_keys(seed: int) -> Keys:
    """TEST keys: the same seed gives the same keys."""
    return Keys(
        app_key=f"TEST-JX6-{seed}",
        app_secret="TEST-" + sm3_hex(f"app secret {seed}".encode())[:32],
        platform=_key_pair(f"platform {seed}"),
        app=_key_pair(f"app {seed}"),
        callback=_key_pair(f"callback {seed}"),
    )


def _key_pair(label: str) -> KeyPair:
    secret = int(sm3_hex(f"TEST {label}".encode()), 16) % (_ORDER - 2) + 1
    private = secret.to_bytes(32, "big")
    return KeyPair(private.hex(), gmalg.SM2().generate_pk(private).hex())


def sm3_hex(data: bytes) -> str:
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize().hex()


def hmac_sm3_hex(secret: str, text: str) -> str:
    mac = hmac.HMAC(secret.encode(), hashes.SM3())
    mac.update(text.encode())
    return mac.finalize().hex()


def request_sign(secret: str, *lines: str) -> str:
    """The signature of a request: method, path, timestamp, nonce, and what the call names last."""
    return hmac_sm3_hex(secret, "\n".join(lines))


def seal(plain: bytes, public: str, chance: random.Random) -> dict[str, str]:
    """Encrypt a body for the owner of `public`, under a fresh SM4 key."""
    key, vector = chance.randbytes(_BLOCK), chance.randbytes(_BLOCK)
    padder = padding.PKCS7(_BLOCK * 8).padder()
    encryptor = Cipher(algorithms.SM4(key), modes.CBC(vector)).encryptor()
    data = encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()
    wrapped = gmssl_pyx.sm2_encrypt(bytes.fromhex(public)[1:], key)
    return {
        "keyVer": "1",
        "encKey": _raw(wrapped).hex(),
        "data": base64.b64encode(vector + data).decode("ascii"),
    }


def unseal(envelope: Mapping[str, str], private: str) -> bytes:
    """Decrypt a body sealed for the owner of `private`."""
    try:
        wrapped = bytes.fromhex(envelope["encKey"])
        data = base64.b64decode(envelope["data"], validate=True)
    except (ValueError, binascii.Error) as error:
        raise EnvelopeError("encKey is not hex or data is not base64") from error
    try:
        key = gmssl_pyx.sm2_decrypt(bytes.fromhex(private), _asn1(wrapped))
    except gmssl_pyx.GmsslInnerError as error:
        raise EnvelopeError("encKey does not open with the platform's key") from error
    if len(key) != _BLOCK or len(data) < 2 * _BLOCK or len(data) % _BLOCK:
        raise EnvelopeError("encKey holds no 16-byte key or data is no whole number of blocks")
    decryptor = Cipher(algorithms.SM4(key), modes.CBC(data[:_BLOCK])).decryptor()
    unpadder = padding.PKCS7(_BLOCK * 8).unpadder()
    padded = decryptor.update(data[_BLOCK:]) + decryptor.finalize()
    try:
        return unpadder.update(padded) + unpadder.finalize()
    except ValueError as error:
        raise EnvelopeError("data does not open with the key in encKey") from error


def callback_text(fields: Mapping[str, object]) -> str:
    """What a webhook's signature covers: every other field as k=v, by name, joined with &."""
    return "&".join(f"{name}={fields[name]}" for name in sorted(fields) if name != "signSm2")


def sign_callback(fields: Mapping[str, object], pair: KeyPair) -> str:
    private, public = bytes.fromhex(pair.private), bytes.fromhex(pair.public)[1:]
    signature = gmssl_pyx.sm2_sign(private, public, callback_text(fields).encode(), signer_id=_USER_ID)
    r, s = utils.decode_dss_signature(signature)
    return f"{r:064x}{s:064x}"


def _raw(wrapped: bytes) -> bytes:
    """C1 || C3 || C2, as the platform's format has it, from the library's ASN.1; every part is short."""
    parts, at = [], 2
    while at < len(wrapped):
        size = wrapped[at + 1]
        parts.append(wrapped[at + 2 : at + 2 + size])
        at += 2 + size
    x, y, digest, text = parts
    return int.from_bytes(x, "big").to_bytes(32, "big") + int.from_bytes(y, "big").to_bytes(32, "big") + digest + text


def _asn1(raw: bytes) -> bytes:
    """The library's form of C1 || C3 || C2; what is too long to be a wrapped key is none."""
    numbers = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:64], "big"))[2:]
    digest, text = raw[64:96], raw[96:]
    body = numbers + bytes([4, len(digest)]) + digest + bytes([4, min(len(text), 127)]) + text[:127]
    return bytes([0x30]) + (bytes([len(body)]) if len(body) < 128 else bytes([0x81, len(body) & 255])) + body
