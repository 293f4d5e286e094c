"""TEST keys, always the same for the same seed, and what is done with them: SM4 MAC and key wrap, SM2 signatures."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from hmac import compare_digest

import gmalg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

_BLOCK = 16
_USER_ID = b"1234567812345678"
_MARK = b"TEST"


@dataclass(frozen=True, slots=True)
class SignKey:
    """An SM2 key pair: 32 bytes private, 64 bytes public."""

    private: bytes = field(repr=False)
    public: bytes


@dataclass(slots=True)
class SessionKeys:
    """The MAC keys of one connection: the current one and, until a message under it comes, the one before."""

    master: bytes = field(repr=False)
    seed: int
    made: int = 0
    current: bytes | None = field(default=None, repr=False)
    previous: bytes | None = field(default=None, repr=False)
    used: int = 0

    def renew(self) -> str:
        """Field 62: MAC key and data key under the master key, and the check value."""
        self.made += 1
        self.previous, self.current, self.used = self.current, material(self.seed, f"session {self.made}"), 0
        wrapped = _ecb(self.master, self.current + material(self.seed, f"data {self.made}"))
        return (wrapped + _ecb(self.current, bytes(_BLOCK))[:8]).hex().upper()

    def drop(self) -> None:
        self.current = self.previous = None

    def accepts(self, data: bytes, mac: str) -> bool:
        for key in filter(None, (self.current, self.previous)):
            if compare_digest(mac_of(key, data).encode(), mac.encode()):
                if key is self.current:
                    self.previous, self.used = None, self.used + 1
                return True
        return False


def material(seed: int, use: str) -> bytes:
    """Sixteen bytes for a use; the mark stands in the key, so that nobody can take it for one of production."""
    return _MARK + hashlib.sha256(f"TEST ccard {use} {seed}".encode()).digest()[:12]


def mac_of(key: bytes, data: bytes) -> str:
    encryptor = Cipher(SM4(key), modes.CBC(bytes(_BLOCK))).encryptor()
    last = encryptor.update(data + bytes(-len(data) % _BLOCK))[-_BLOCK:]
    return last[:8].hex().upper()


def _ecb(key: bytes, data: bytes) -> bytes:
    return Cipher(SM4(key), modes.ECB()).encryptor().update(data)  # noqa: S305 -- how the centre wraps keys


@lru_cache(maxsize=8)
def sign_key(seed: int, use: str) -> SignKey:
    private = hashlib.sha256(f"TEST ccard {use} {seed}".encode()).digest()
    return SignKey(private, gmalg.SM2().generate_pk(private)[1:])


def sign(key: SignKey, data: bytes) -> bytes:
    """The content of a `.sig`: base64 of the DER signature."""
    r, s = gmalg.SM2(sk=key.private, uid=_USER_ID).sign(data)
    return base64.b64encode(encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big")))


def verify(public: bytes, data: bytes, signature: bytes) -> bool:
    try:
        r, s = decode_dss_signature(base64.b64decode(signature.strip(), validate=True))
        pair = r.to_bytes(32, "big"), s.to_bytes(32, "big")
    except (binascii.Error, ValueError, OverflowError):
        return False
    good: bool = gmalg.SM2(pk=b"\x04" + public, uid=_USER_ID).verify(data, *pair)
    return good


def ssh_private(seed: int, use: str) -> str:
    raw = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"TEST ccard ssh {use} {seed}".encode()).digest())
    return raw.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()


def ssh_public(seed: int, use: str) -> str:
    raw = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"TEST ccard ssh {use} {seed}".encode()).digest())
    return raw.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
