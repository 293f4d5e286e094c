"""TEST keys, always the same for the same seed: SSH host and client, SM4 by version."""

from __future__ import annotations

from dataclasses import dataclass, field

import asyncssh
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from simulators.transit.files import sm3_hex

_VERSIONS = ("01", "02")
_MARK = b"TEST"


def ssh_key(seed: int, use: str) -> asyncssh.SSHKey:
    raw = Ed25519PrivateKey.from_private_bytes(_material(seed, use))
    pem = raw.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    key = asyncssh.import_private_key(pem)
    key.set_comment(f"TEST-transit-{use}")
    return key


@dataclass(slots=True)
class KeyRing:
    """The file keys the centre takes, and the version it writes with."""

    seed: int
    current: str = _VERSIONS[0]
    retired: set[str] = field(default_factory=set)

    def all(self) -> dict[str, bytes]:
        # The mark stands in the key itself, so that nobody can take it for one of production.
        return {v: _MARK + _material(self.seed, f"sm4-{v}")[:12] for v in _VERSIONS}

    def taken(self) -> dict[str, bytes]:
        return {version: key for version, key in self.all().items() if version not in self.retired}

    @property
    def writing(self) -> bytes:
        return self.all()[self.current]

    def rotate(self) -> None:
        """The next version is written from now on; files under the old one are refused."""
        self.retired.add(self.current)
        self.current = next((v for v in _VERSIONS if v not in self.retired), _VERSIONS[-1])
        self.retired.discard(self.current)


def _material(seed: int, use: str) -> bytes:
    return bytes.fromhex(sm3_hex(f"TEST transit {use} {seed}".encode()))
