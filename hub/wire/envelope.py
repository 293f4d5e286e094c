"""The digital envelope 数字信封: SM4 around the content, SM2 around its key. Pure; randomness is passed in."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field

from hub.errors import DecodeError
from hub.wire import crypto

_KEY_BYTES = 16


@dataclass(frozen=True, slots=True)
class Sealed:
    """What stands on the wire: the wrapped key in hex, the initialisation vector and the content in base64."""

    key: str = field(repr=False)
    data: str = field(repr=False)


def seal(public_key: bytes, plain: bytes, draw: Callable[[int], bytes]) -> Sealed:
    """Seal for the owner of an SM2 key, with a fresh SM4 key."""
    key, start = draw(_KEY_BYTES), draw(_KEY_BYTES)
    wrapped = crypto.sm2_encrypt(public_key, key, draw)
    data = base64.b64encode(start + crypto.sm4_cbc_encrypt(key, start, plain)).decode()
    return Sealed(wrapped.hex(), data)


def unseal(private_key: bytes, sealed: Sealed) -> bytes:
    """Open an envelope. Raises DecodeError, whose text never repeats what came in."""
    try:
        wrapped = bytes.fromhex(sealed.key)
        content = base64.b64decode(sealed.data, validate=True)
    except (ValueError, TypeError):
        raise DecodeError("envelope", "is no hex key and base64 content") from None
    key = crypto.sm2_decrypt(private_key, wrapped)
    if len(key) != _KEY_BYTES:
        raise DecodeError("envelope", f"holds a key of {len(key)} bytes, not of {_KEY_BYTES}")
    return crypto.sm4_cbc_decrypt(key, content[:_KEY_BYTES], content[_KEY_BYTES:])
