"""A folder in memory, as the doors of a context show it to the parts that exchange files."""

from __future__ import annotations

from datetime import UTC, datetime

from hub.domain.outcome import NotSent
from hub.domain.taxonomy import ErrorCode, ServiceError
from hub.sdk import CallEnded, FileName
from hub.sdk.context import Sessions
from hub.sdk.wire import FileList, FileResponse

NOW = datetime(2026, 11, 25, tzinfo=UTC)


class Name(FileName, stem="X_{kind}_{inst}_{day}_{seq}_K{key}"):
    """The names of this exchange."""


def name(kind="APPL", seq="0001", key="01"):
    return Name("20261125", kind, "0402", seq, key)


def ended(code, kind=NotSent, **fields):
    return CallEnded(kind(error=ServiceError(code=code, **fields)))


class Ctx:
    """Files by path; `replies` by message are replies, or what a call ends with. Remembers what was called."""

    endpoint = "x"

    def __init__(self, files=None, **replies):
        self.files, self.replies, self.calls, self.fetched = dict(files or {}), replies, [], []
        self.sessions = Sessions()

    async def fetch(self, message, request):
        self.fetched.append(request.path)
        if isinstance(request, FileList):
            names = [path for path in self.files if path.startswith(f"{request.path}/")]
            return FileResponse(names=tuple((path.rpartition("/")[2], len(self.files[path])) for path in names))
        return FileResponse(found=request.path in self.files, body=self.files.get(request.path, b""))

    async def call(self, message, source, **values):
        self.calls.append((message, source, values))
        made = self.replies[message]
        reply = made(source, **values) if callable(made) else made
        if isinstance(reply, CallEnded):
            raise reply
        return reply

    async def session(self, place, make):
        return await self.sessions.get(place, NOW, make)

    def drop_session(self, place):
        self.sessions.drop(place)


BUSY = ErrorCode.UPS_BUSY
