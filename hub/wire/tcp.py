"""Messages on one long TCP connection: framed, signed on, kept alive, each reply matched to its request.

What the two ends say besides requests is a `Dialogue`; this file knows frames, phases and time limits only.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from hub.errors import EncodeError, WireError
from hub.wire.exchange import Exchanged, FrameRequest, FrameResponse, Limits, Phase, WireRequest

_LOG = logging.getLogger("hub.wire.tcp")
_LARGEST = 0xFFFF
_GOODBYE = 1.0
T = TypeVar("T")


class NotAccepted(WireError):
    """The far side, or we, refuse to go on with a connection; `word` is for logs."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


@dataclass(frozen=True, slots=True)
class Heard:
    """What a frame of theirs is: the reply to the request `key`, or a question of theirs with our `answer`."""

    key: str | None = None
    answer: bytes | None = None


Ask = Callable[[FrameRequest], Awaitable[bytes]]


class Dialogue(Protocol):
    """What is said on one connection besides requests. A new connection gets a new one."""

    async def open(self, ask: Ask) -> None:
        """Sign on and agree on keys. Raises NotAccepted."""

    async def renew(self, ask: Ask) -> None:
        """Agree on new keys. Raises NotAccepted."""

    def due(self, now: float) -> bool:
        """Whether the keys have served long enough; `now` in seconds."""

    def echo(self) -> FrameRequest:
        """A message that asks for nothing but an answer."""

    def seal(self, body: bytes) -> bytes:
        """The frame as it goes out."""

    def hear(self, body: bytes) -> Heard:
        """Understand and verify a frame of theirs. Raises NotAccepted or DecodeError: the stream cannot be trusted."""

    def seal_refused(self, body: bytes) -> bool:
        """Whether a reply says that nothing was done because our seal was wrong."""


class TcpTransport:
    """One connection to one far side, opened when needed, shared by all requests at once."""

    def __init__(self, host: str, port: int, dialogue: Callable[[], Dialogue], *, echo_seconds: float = 60.0) -> None:
        self._host, self._port, self._dialogue = host, port, dialogue
        self._echo_seconds = echo_seconds
        self._link: _Link | None = None
        self._turn = asyncio.Lock()

    async def exchange(self, request: WireRequest, limits: Limits) -> Exchanged:
        """Send one message and wait for its reply; what the network does comes back as phase and failure."""
        if not isinstance(request, FrameRequest):
            raise EncodeError("request", f"a connection of frames cannot carry a {type(request).__name__}")
        clock = asyncio.get_running_loop().time
        start, step = clock(), _Step()
        try:
            async with asyncio.timeout(limits.total):
                body = await self._converse(request, limits, step)
        except TimeoutError:
            return Exchanged(step.phase, failure="deadline", seconds=clock() - start)
        except NotAccepted as refused:
            return Exchanged(step.phase, failure=refused.word, seconds=clock() - start)
        return Exchanged(Phase.RECEIVED, FrameResponse(body), seconds=clock() - start)

    async def aclose(self) -> None:
        """Close the connection."""
        link, self._link = self._link, None
        if link is not None:
            await link.aclose()

    async def _converse(self, request: FrameRequest, limits: Limits, step: _Step) -> bytes:
        link = await self._ready(limits, step)
        reply = await link.ask(request, limits, step)
        if not link.dialogue.seal_refused(reply):
            return reply
        try:
            await self._renewed(link, limits)
        except (NotAccepted, TimeoutError):
            return reply  # whole, and it says that nothing was done
        return await link.ask(request, limits, step)

    async def _ready(self, limits: Limits, step: _Step) -> _Link:
        """The connection, signed on and with keys that are good."""
        step.phase = Phase.CONNECT
        async with self._turn:
            if self._link is None or self._link.closed:
                self._link = None
                self._link = await self._opened(limits, step)
            elif self._link.dialogue.due(asyncio.get_running_loop().time()):
                await _within(limits.read, "login-timeout", self._link.renew(limits))
            return self._link

    async def _renewed(self, link: _Link, limits: Limits) -> None:
        keys = link.renewals
        async with self._turn:
            if link.renewals == keys:  # else another request has seen to it meanwhile
                await _within(limits.read, "login-timeout", link.renew(limits))

    async def _opened(self, limits: Limits, step: _Step) -> _Link:
        try:
            reader, writer = await _within(
                limits.connect, "connect-timeout", asyncio.open_connection(self._host, self._port)
            )
        except (socket.gaierror, UnicodeError):
            step.phase = Phase.RESOLVE
            raise NotAccepted("name-not-found") from None
        except ConnectionRefusedError:
            raise NotAccepted("refused") from None
        except OSError:
            raise NotAccepted("connect-failed") from None
        link = _Link(reader, writer, self._dialogue(), self._echo_seconds, limits.read)
        try:
            await _within(limits.read, "login-timeout", link.open(limits))
        except BaseException:
            link.close("login")
            raise
        return link


@dataclass(slots=True)
class _Step:
    """How far the exchange got."""

    phase: Phase = Phase.PREPARED


class _Link:
    """An open connection: its reader, its heartbeat, and who waits for which reply."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        dialogue: Dialogue,
        echo_seconds: float,
        frame_seconds: float,
    ) -> None:
        self.dialogue, self.renewals, self.closed = dialogue, 0, False
        self._reader, self._writer = reader, writer
        self._echo_seconds, self._frame_seconds = echo_seconds, frame_seconds
        self._waiting: dict[str, asyncio.Future[bytes]] = {}
        self._stirred, self._suspect = asyncio.Event(), False
        self._tasks = [asyncio.create_task(self._read(), name="tcp-reader")]

    async def open(self, limits: Limits) -> None:
        await self.dialogue.open(lambda request: self.ask(request, limits, _Step()))
        self._tasks.append(asyncio.create_task(self._beat(limits), name="tcp-heartbeat"))

    async def renew(self, limits: Limits) -> None:
        await self.dialogue.renew(lambda request: self.ask(request, limits, _Step()))
        self.renewals += 1

    async def ask(self, request: FrameRequest, limits: Limits, step: _Step) -> bytes:
        """Send one frame and wait for its reply. Raises NotAccepted when there is none."""
        reply = await _within(limits.pool, "key-in-use", self._place(request.key))
        try:
            if self.closed:
                raise NotAccepted("cut")
            frame = _framed(self.dialogue.seal(request.body))
            step.phase = Phase.SENDING
            self._writer.write(frame)
            await _within(limits.write, "write-timeout", self._writer.drain())
            step.phase = Phase.SENT
            return await self._reply(limits.read, reply)
        except OSError:
            self.close("cut")
            raise NotAccepted("cut") from None
        finally:
            if self._waiting.get(request.key) is reply:
                del self._waiting[request.key]
            if not reply.cancel() and not reply.cancelled():
                reply.exception()  # seen: the failure of a reply that nobody waits for any more is no news

    async def _reply(self, seconds: float, reply: asyncio.Future[bytes]) -> bytes:
        try:
            return await _within(seconds, "read-timeout", reply)
        except NotAccepted as error:
            if error.word == "read-timeout":
                # A slow answer, or a far side that is gone without a word: the heartbeat finds out at once.
                self._suspect = True
                self._stirred.set()
            raise

    async def _place(self, key: str) -> asyncio.Future[bytes]:
        """A place to wait for a reply. Two requests of one key could not be told apart: the second waits."""
        while (other := self._waiting.get(key)) is not None:
            await asyncio.wait([other])
            await asyncio.sleep(0)
        self._waiting[key] = asyncio.get_running_loop().create_future()
        return self._waiting[key]

    async def _read(self) -> None:
        word = "cut"
        try:
            while True:
                first = await self._reader.readexactly(1)
                # Once begun, a frame must come to its end: all others wait behind it.
                async with asyncio.timeout(self._frame_seconds):
                    size = int.from_bytes(first + await self._reader.readexactly(1), "big")
                    body = await self._reader.readexactly(size)
                self._stirred.set()
                if body:
                    self._take(body)
        except (asyncio.IncompleteReadError, OSError):
            pass
        except WireError as error:
            # Nobody can tell any more which frame answers what.
            word = error.word if isinstance(error, NotAccepted) else "garbage"
            _LOG.warning("a frame cannot be trusted; the connection is closed", extra={"why": word})
        self.close(word)

    def _take(self, body: bytes) -> None:
        heard = self.dialogue.hear(body)
        if heard.answer is not None:
            self._writer.write(_framed(heard.answer))
        waiting = self._waiting.pop(heard.key or "", None)
        if waiting is not None and not waiting.done():
            waiting.set_result(body)
        elif heard.key is not None:
            _LOG.warning("a reply came that nobody waits for")

    async def _beat(self, limits: Limits) -> None:
        """Ask for an answer when nothing was heard for a while, or a reply did not come; without one all is dead."""
        while True:
            self._stirred.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._echo_seconds):
                    await self._stirred.wait()
                if not self._suspect:
                    continue
            self._suspect = False
            try:
                await self.ask(self.dialogue.echo(), limits, _Step())
            except NotAccepted:
                return self.close("dead")

    def close(self, word: str) -> None:
        """Close at once; every request that waits ends with `word`."""
        self.closed = True
        waiting, self._waiting = self._waiting, {}
        for each in waiting.values():
            if not each.done():
                each.set_exception(NotAccepted(word))
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()
        self._writer.transport.abort()

    async def aclose(self) -> None:
        tasks = list(self._tasks)
        self.close("closed")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GOODBYE):
                await asyncio.gather(*tasks, return_exceptions=True)


def _framed(body: bytes) -> bytes:
    if len(body) > _LARGEST:
        raise EncodeError("frame", f"has {len(body)} bytes, {_LARGEST} are allowed")
    return len(body).to_bytes(2, "big") + body


async def _within(seconds: float, word: str, step: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(seconds):
            return await step
    except TimeoutError:
        raise NotAccepted(word) from None
