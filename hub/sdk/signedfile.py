"""A file with its SM2 signature beside it, base64 of DER: written last, it also says that the file is whole."""

from __future__ import annotations

import base64
import binascii

from hub.domain.taxonomy import ErrorCode
from hub.sdk.adapter import Draw
from hub.sdk.errors import Refused
from hub.wire import crypto


def sign(private_key: str, body: bytes, draw: Draw) -> bytes:
    """The content of the signature file; the key is 64 hex digits."""
    return base64.b64encode(crypto.sm2_der(crypto.sm2_sign(bytes.fromhex(private_key), body, draw)))


def verify(public_key: str, body: bytes, signature: bytes) -> None:
    """Raises Refused FILE_DIGEST for a file that is half-written, altered, or signed by somebody else."""
    try:
        der = base64.b64decode(signature.strip(), validate=True)
    except binascii.Error:
        der = b""
    if not crypto.sm2_verify(bytes.fromhex(public_key), body, crypto.sm2_raw(der)):
        raise Refused(ErrorCode.FILE_DIGEST, "sig")
