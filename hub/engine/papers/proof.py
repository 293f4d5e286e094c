"""The code that proves a joint receipt: its number and digest, signed by the hub; anyone with the public key can check.

`OW1.<case>.<receipt>.<SM3 of what it says>.<SM2 signature>`, the last two in base64url. It holds no personal data.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

from hub.domain.issue import Verdict
from hub.domain.receipt import Receipt
from hub.wire import crypto

_CODE = re.compile(r"OW1\.(JX6[0-9]{21})\.([0-9]{1,4})\.([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]{86})")
_ORDER = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123  # of the SM2 curve


@dataclass(frozen=True, slots=True)
class Code:
    """A code, read."""

    case_number: str
    seq: int
    digest: str
    signed: bytes
    signature: str

    def good(self, public: bytes) -> bool:
        """Whether the owner of this public key made it."""
        return crypto.sm2_verify(public, self.signed, self.signature)


class Signer:
    """Signs receipts with a key made of a secret of 32 bytes."""

    def __init__(self, secret: bytes) -> None:
        self._private = (int.from_bytes(secret, "big") % (_ORDER - 2) + 1).to_bytes(32, "big")
        self.public = crypto.sm2_public(self._private)

    def __repr__(self) -> str:
        return "<Signer>"

    def code(self, receipt: Receipt) -> str:
        """The code of a receipt, the same whenever it is made: the nonce follows from the key and the message."""
        head = f"OW1.{receipt.case_number}.{receipt.seq}.{_b64(digest(receipt))}"
        count = 0

        def nonce(size: int) -> bytes:
            nonlocal count
            count += 1
            return crypto.hmac_sm3(self._private, b"%d:%s" % (count, head.encode()))[:size]

        return f"{head}.{_b64(bytes.fromhex(crypto.sm2_sign(self._private, head.encode(), nonce)))}"


def digest(receipt: Receipt) -> bytes:
    """SM3 of everything that a receipt says."""
    said = json.dumps(receipt.model_dump(mode="json"), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return crypto.sm3(said.encode())


def short(receipt: Receipt) -> str:
    """The beginning of the digest, for the eye: `3F2A 9C01 77DE 10AB`."""
    text = digest(receipt).hex()[:16].upper()
    return " ".join(text[at : at + 4] for at in range(0, 16, 4))


def find_code(given: bytes | str) -> Code | None:
    """The code in a scanned text or in a receipt's file; nothing if there is none.

    A text may be broken into lines, as the code is on paper.
    """
    text = given.decode("latin-1") if isinstance(given, bytes) else re.sub(r"[\s\u200b]", "", given)
    found = _CODE.search(text)
    if found is None:
        return None
    head = found[0].rpartition(".")[0]
    return Code(found[1], int(found[2]), _hex(found[3]), head.encode(), _hex(found[4]))


def verify_alone(given: bytes | str, public: bytes) -> Verdict:
    """What the public key alone can tell: whether the code is this hub's. It knows nothing of the file around it.

    Raises:
        EncodeError: the key is no point of the curve.
    """
    code = find_code(given)
    if code is None:
        return Verdict(genuine=False, reason="there is no code of a joint receipt in it")
    good = code.good(public)
    reason = (
        "the code was signed by the owner of this key" if good else "the code was not signed by the owner of this key"
    )
    return Verdict(genuine=good, current=False, reason=reason, case_number=code.case_number, seq=code.seq)


def _b64(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def _hex(text: str) -> str:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4)).hex()
