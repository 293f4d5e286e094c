"""The frozen base of all canonical values, and the version of the canonical model."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

CANONICAL_VERSION = "1.0"


class Frozen(BaseModel):
    """A value: compared by content, never changed, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    def with_(self, **changes: Any) -> Any:
        """A copy with some fields changed. The changes are validated values already."""
        return self.model_copy(update=changes)

    def __repr__(self) -> str:
        # Values carry personal data; a repr ends up in logs and assertion texts.
        return f"<{type(self).__name__}>"

    __str__ = __repr__


class Labelled(StrEnum):
    """A code with its Chinese label."""

    label_zh: str

    def __new__(cls, value: str, label_zh: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label_zh = label_zh
        return member
