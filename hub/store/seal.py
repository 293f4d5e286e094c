"""Sealing of personal data at rest: SM4-GCM under a key per case, itself wrapped by the master key.

A sealed value is `1.<key version>.<nonce>.<ciphertext>` in base64url, so the algorithm and the key stay known.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from hub.errors import Fault, SettingsError

_ALGORITHM = "1"  # SM4-GCM
_NONCE, _TAG = 12, 16
Draw = Callable[[int], bytes]


class Vault:
    """Seals and opens. `master` is 16 bytes; the index key for searching is derived from it.

    Raises:
        SettingsError: when the master key has the wrong length, or does not open what is stored.
    """

    def __init__(self, master: bytes, draw: Draw, *, version: str = "m1") -> None:
        if len(master) != 16:
            raise SettingsError(Fault("HUB_MASTER_KEY", "LENGTH", "the master key is 16 bytes (32 hex digits)"))
        self._master, self._draw, self._version = master, draw, version
        self._index_key = _hmac(master, b"index")

    def __repr__(self) -> str:
        return f"<Vault {self._version}>"

    def subkey(self, purpose: str) -> bytes:
        """32 bytes for one purpose, the same as long as the master key is."""
        return _hmac(self._master, purpose.encode())

    def new_key(self) -> tuple[bytes, str]:
        """A fresh data key, and the same wrapped."""
        key = self._draw(16)
        return key, self.seal_bytes(self._master, key)

    def unwrap(self, wrapped: str) -> bytes:
        return self.open_bytes(self._master, wrapped)

    def seal(self, key: bytes, value: Any) -> str:
        return self.seal_bytes(key, json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())

    def open(self, key: bytes, sealed: str) -> Any:
        return json.loads(self.open_bytes(key, sealed))

    def seal_bytes(self, key: bytes, data: bytes) -> str:
        nonce = self._draw(_NONCE)
        encryptor = Cipher(algorithms.SM4(key), modes.GCM(nonce)).encryptor()
        body = encryptor.update(data) + encryptor.finalize() + encryptor.tag
        return ".".join((_ALGORITHM, self._version, _b64(nonce), _b64(body)))

    def open_bytes(self, key: bytes, sealed: str) -> bytes:
        _, _, nonce, body = sealed.split(".")
        raw = urlsafe_b64decode(body)
        cipher = Cipher(algorithms.SM4(key), modes.GCM(urlsafe_b64decode(nonce), raw[-_TAG:]))
        decryptor = cipher.decryptor()
        try:
            return decryptor.update(raw[:-_TAG]) + decryptor.finalize()
        except InvalidTag:
            text = "the master key does not open what is stored; give the key that this database was made with"
            raise SettingsError(Fault("HUB_MASTER_KEY", "KEY", text)) from None

    def index(self, value: str) -> str:
        """A keyed digest to search by: the same value gives the same index, and tells nothing else."""
        return _hmac(self._index_key, value.encode()).hex()


def _hmac(key: bytes, data: bytes) -> bytes:
    mac = hmac.HMAC(key, hashes.SM3())
    mac.update(data)
    return mac.finalize()


def _b64(data: bytes) -> str:
    return urlsafe_b64encode(data).decode()
