"""Files on a mounted exchange disk: temporary name and rename, never outside the folder."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path, PurePosixPath

from hub.errors import EncodeError
from hub.wire.exchange import Exchanged, FileGet, FileList, FilePut, FileResponse, Limits, Phase, WireRequest


class FolderTransport:
    """The folder of an exchange disk. Paths of requests are relative to it."""

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder)

    async def exchange(self, request: WireRequest, limits: Limits) -> Exchanged:
        """Put, get or list. A disk that is not mounted is a failure before anything was written."""
        if not isinstance(request, FilePut | FileGet | FileList):
            raise EncodeError("request", f"a folder cannot carry a {type(request).__name__}")
        clock = asyncio.get_running_loop().time
        start = clock()
        try:
            async with asyncio.timeout(limits.total):
                response = await asyncio.to_thread(self._perform, request, limits)
        except TimeoutError:
            return Exchanged(Phase.SENDING, failure="deadline", seconds=clock() - start)
        except OSError as error:
            # Until the last rename nobody can see the file, and a rename that fails has not been made.
            return Exchanged(Phase.CONNECT, failure=_word(error), seconds=clock() - start)
        return Exchanged(Phase.RECEIVED, response, seconds=clock() - start)

    async def aclose(self) -> None:
        """Nothing is kept open."""

    def _perform(self, request: FilePut | FileGet | FileList, limits: Limits) -> FileResponse:
        if not self._folder.is_dir():
            raise FileNotFoundError(self._folder)
        match request:
            case FilePut(path, body, flag_path, flag_body):
                self._put(path, body)
                if flag_path is not None:
                    self._put(flag_path, flag_body)
                return FileResponse()
            case FileGet(path):
                return self._get(path, limits)
            case FileList(path):
                return self._list(path)

    def _put(self, path: str, body: bytes) -> None:
        target = self._inside(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.part")
        with part.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)

    def _get(self, path: str, limits: Limits) -> FileResponse:
        target = self._inside(path)
        if not target.is_file():
            return FileResponse(found=False)
        if target.stat().st_size > limits.max_body:
            raise OSError("too-large")
        return FileResponse(body=target.read_bytes())

    def _list(self, path: str) -> FileResponse:
        target = self._inside(path)
        if not target.is_dir():
            return FileResponse()
        found = [each for each in target.iterdir() if each.is_file() and not each.name.startswith(".")]
        return FileResponse(names=tuple(sorted((each.name, each.stat().st_size) for each in found)))

    def _inside(self, path: str) -> Path:
        """The path in the folder. Paths come from the other side too: one that leads out is refused."""
        parts = PurePosixPath(path).parts
        if not parts or path.startswith("/") or any(part in {"..", "."} or "\0" in part for part in parts):
            raise EncodeError("path", "does not stay inside the exchange folder")
        return self._folder.joinpath(*parts)


def _word(error: OSError) -> str:
    return "no-folder" if isinstance(error, FileNotFoundError) else "disk"
