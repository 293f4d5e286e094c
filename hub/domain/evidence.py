"""Evidence 材料: what proves something, by reference and digest; the bytes stay in the evidence store."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import PurePosixPath

from pydantic import Field

from hub.domain.base import Frozen

_SUFFIXES = {"image/jpeg": ".jpg", "image/png": ".png", "application/pdf": ".pdf", "application/ofd": ".ofd"}


class Evidence(Frozen):
    """One collected material. `ref` finds the bytes in the evidence store; physical things have none."""

    material: str
    file_name: str | None = None
    media_type: str | None = None
    size: int = Field(default=0, ge=0)
    sm3: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    ref: str | None = None
    collected_at: datetime | None = None
    valid_until: date | None = None

    @property
    def neutral_name(self) -> str:
        """A file name from the material's name: what people call their files may hold their own names."""
        suffix = PurePosixPath(self.file_name or "").suffix.lower()
        return f"{self.material.lower()}{suffix or _SUFFIXES.get(self.media_type or '', '')}"
