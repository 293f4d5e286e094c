"""The names of files in an exchange: who writes which file of which day, read from and written into one form."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from string import Formatter
from typing import Any, ClassVar, Self

from hub.domain.order import Batch, ServiceOrder

_PARTS = {"day": "[0-9]{8}", "kind": "[A-Z]+", "inst": "[0-9]{4}", "seq": "[0-9]+", "key": "[0-9]{2}"}


@dataclass(frozen=True, order=True)
class FileName:
    """A file's name by its parts, all of them text as they stand in it; files sort by day, kind, writer and number.

    A subclass says how its exchange writes them, with any of `day`, `kind`, `inst`, `seq` and `key`::

        class Name(FileName, stem="JXGJ_{kind}_{inst}_{day}_{seq}_K{key}", place="/{folder}/{day}/{stem}.{end}"):
            ...
    """

    day: str
    kind: str
    inst: str = ""
    seq: str = ""
    key: str = ""

    _stem: ClassVar[str]
    _place: ClassVar[str]
    _form: ClassVar[re.Pattern[str]]

    def __init_subclass__(cls, *, stem: str, place: str = "/{folder}/{stem}.{end}", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        parts = [(re.escape(text), part) for text, part, *_ in Formatter().parse(stem)]
        form = "".join(text + (f"(?P<{part}>{_PARTS[part]})" if part else "") for text, part in parts)
        cls._stem, cls._place, cls._form = stem, place, re.compile(form)

    def __str__(self) -> str:
        return self._stem.format(**vars(self))

    @classmethod
    def parse(cls, stem: str) -> Self | None:
        """The name that a stem is; None for any other file's."""
        found = cls._form.fullmatch(stem)
        return cls(**found.groupdict()) if found else None

    @classmethod
    def parser(cls, **own: str) -> Callable[[str], FileName | None]:
        """Reads stems as `parse` does, but only those with these parts: other institutions' files are none of ours."""

        def parse(stem: str) -> FileName | None:
            name = cls.parse(stem)
            return name if name is not None and own.items() <= vars(name).items() else None

        return parse

    def path(self, folder: str, end: str) -> str:
        return self._place.format(folder=folder, stem=self, end=end, **vars(self))

    def numbered(self, seq: str) -> Self:
        """The place of that number on the same day, whatever the key: one file can take it."""
        return replace(self, seq=seq, key="")

    def batch(self, endpoint: str, *orders: ServiceOrder) -> Batch:
        """The batch of a file of ours by its identity; without orders it only takes up its number."""
        day, seq = date.fromisoformat(self.day), int(self.seq)
        batch_id = f"{endpoint}:{self.kind}:{self.day}:{seq:04d}"
        return Batch(id=batch_id, endpoint=endpoint, type=self.kind, day=day, seq=seq, orders=orders)
