"""A file under SM4 with its flag beside it: the flag tells length and SM3, and says that the file is whole."""

from __future__ import annotations

import re
from collections.abc import Mapping

from hub.domain.taxonomy import ErrorCode
from hub.sdk.errors import Refused
from hub.wire import crypto

_BLOCK = 16
_KEY = re.compile("[0-9A-Fa-f]{32}")


def key_of(keys: Mapping[str, str], version: str) -> bytes | None:
    """The SM4 key of a version, of keys in 32 hex digits; None if there is no such key."""
    found = keys.get(version, "")
    return bytes.fromhex(found) if _KEY.fullmatch(found) else None


def flag_of(body: bytes) -> str:
    """`{length} {SM3 in hex}` of a file as it stands in the folder."""
    return f"{len(body)} {crypto.sm3(body).hex()}"


def read_flag(flag: bytes) -> str:
    return flag.decode("ascii", "replace").strip().lower()


def seal(key: bytes, salt: bytes, plain: bytes) -> bytes:
    """Encipher; the initialisation vector comes from `salt`, so that the same file is the same bytes again."""
    start = crypto.hmac_sm3(key, salt)[:_BLOCK]
    return start + crypto.sm4_cbc_encrypt(key, start, plain)


def unseal(key: bytes, body: bytes) -> bytes:
    """Raises DecodeError for what is not enciphered under this key."""
    return crypto.sm4_cbc_decrypt(key, body[:_BLOCK], body[_BLOCK:])


def check_flag(flag: bytes, body: bytes) -> str:
    """The flag as text. Raises Refused FILE_DIGEST for a file that is half-written or spoilt."""
    said = read_flag(flag)
    if not crypto.same(said, flag_of(body)):
        raise Refused(ErrorCode.FILE_DIGEST, "ok")
    return said
