"""Exchange by files: what stands in a folder and is whole, and what one collection has brought."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from hub.domain.evidence import Evidence
from hub.domain.outcome import Outcome
from hub.domain.taxonomy import ErrorCode, ServiceError
from hub.sdk.adapter import Collected, CollectedFile
from hub.sdk.context import Context
from hub.sdk.errors import CallEnded
from hub.wire.exchange import FileGet, FileList, FilePut, FileResponse

Name = TypeVar("Name")
_DAMAGE = frozenset({ErrorCode.FILE_DIGEST, ErrorCode.UPS_PROTOCOL, ErrorCode.UPS_AUTH})


@dataclass(frozen=True, slots=True)
class Folders(Generic[Name]):
    """The folders of an exchange, through the messages LIST and FILE of the manifest.

    `parse` reads the stem of a file name; None means a file that is none of ours.
    """

    ctx: Context
    parse: Callable[[str], Name | None]

    async def sizes(self, path: str) -> Mapping[str, int]:
        """The names in a folder with their sizes; none if it is not there."""
        response = await self.ctx.fetch("LIST", FileList(path))
        return dict(response.names) if isinstance(response, FileResponse) else {}

    async def get(self, path: str) -> bytes:
        """A file's bytes, none if it is not there."""
        response = await self.ctx.fetch("FILE", FileGet(path))
        return response.body if isinstance(response, FileResponse) else b""

    async def send_missing(self, message: str, folder: str, files: Mapping[str, Evidence]) -> None:
        """Send materials under their names; what an interrupted attempt has brought is not sent again."""
        there = await self.sizes(folder) if files else {}
        for name, evidence in files.items():
            if there.get(name) != evidence.size:
                await self.ctx.fetch(message, FilePut(f"{folder}/{name}", await self.ctx.evidence(evidence)))

    async def whole(self, path: str, ends: AbstractSet[str]) -> list[Name]:
        """The files of a folder that stand there with all these ends, in order: without its flag one may be torn."""
        return sorted(name for name, those in (await self.ends(path)).items() if ends <= those)  # type: ignore[type-var]

    async def ends(self, path: str) -> dict[Name, frozenset[str]]:
        """The files of a folder by their stem, each with the ends that stand there: dat, ok, err."""
        found: defaultdict[Name, set[str]] = defaultdict(set)
        for entry in await self.sizes(path):
            stem, _, end = entry.partition(".")
            name = self.parse(stem)
            if name is not None:
                found[name].add(end)
        return {name: frozenset(those) for name, those in found.items()}


@dataclass(frozen=True, slots=True)
class Haul:
    """What a collection brings: the new files with what they say, and the files that were damaged.

    `known` are the names that earlier collections took; a damaged file is told once, and read again until it is whole.
    """

    known: frozenset[str]
    files: list[CollectedFile] = field(default_factory=list)
    damaged: list[tuple[str, str]] = field(default_factory=list)

    def new(self, file: str) -> bool:
        return file not in self.known

    def take(self, file: str, digest: str, outcomes: Mapping[str, Outcome]) -> None:
        """Take what a new and whole file says of orders, by their serials."""
        if digest and self.new(file):
            self.files.append(CollectedFile(name=file, digest=digest, outcomes=outcomes))

    def spoilt(self, file: str, ended: CallEnded) -> None:
        """Note a file that cannot be read as it is; raises on when it was not the file's fault."""
        code = error_in(ended).code
        if code not in _DAMAGE:
            raise ended
        if self.new(file):
            self.damaged.append((file, code.value))

    def collected(self) -> Collected:
        return Collected(files=tuple(self.files), damaged=tuple(self.damaged))


def error_in(ended: CallEnded) -> ServiceError:
    """The failure that ended a call."""
    error: ServiceError = getattr(ended.outcome, "error", None) or ServiceError(code=ErrorCode.UPS_UNAVAILABLE)
    return error
