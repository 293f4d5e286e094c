"""Evidence files: kept once by content (SM3), sealed, in a folder; orders carry only references."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path

from hub.domain.evidence import Evidence
from hub.errors import Fault, InputError, NotFound
from hub.store.seal import Vault
from hub.wire.crypto import sm3

LARGEST = 20 * 1024 * 1024


class EvidenceFolder:
    """Content-addressed files in `folder`, each sealed under a key of its own that the master key wraps."""

    def __init__(self, folder: Path, vault: Vault) -> None:
        self._folder, self._vault = folder, vault

    async def put(self, material: str, content: bytes, *, file_name: str, media_type: str) -> Evidence:
        """Store one material. The same content is stored once.

        Raises:
            InputError: for an empty or too large file.
        """
        if not 0 < len(content) <= LARGEST:
            raise InputError(Fault("content", "MAT_UNREADABLE", f"a file has 1 to {LARGEST} bytes"))
        digest = sm3(content).hex()
        await asyncio.to_thread(self._write, digest, content)
        return Evidence(
            material=material, file_name=file_name, media_type=media_type, size=len(content), sm3=digest, ref=digest
        )

    async def read(self, evidence: Evidence) -> bytes:
        """The bytes of a material, verified. Raises NotFound when they are missing or damaged."""
        content = await asyncio.to_thread(self._read, evidence.ref or "")
        if sm3(content).hex() != evidence.sm3:
            raise NotFound(f"the file of material {evidence.material} is damaged")
        return content

    def _path(self, ref: str) -> Path:
        return self._folder / ref[:2] / ref

    def _write(self, ref: str, content: bytes) -> None:
        path = self._path(ref)
        if path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        key, wrapped = self._vault.new_key()
        # The same content may be stored by two threads at once.
        part = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.part")
        with part.open("wb") as file:
            file.write(f"{wrapped}\n{self._vault.seal_bytes(key, content)}".encode())
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)

    def _read(self, ref: str) -> bytes:
        path = self._path(ref)
        if len(ref) != 64 or not path.is_file():
            raise NotFound("the file of a material is not in the evidence store")
        wrapped, _, sealed = path.read_text("ascii").partition("\n")
        return self._vault.open_bytes(self._vault.unwrap(wrapped), sealed)
