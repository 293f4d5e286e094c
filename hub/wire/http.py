"""HTTP exchanges on httpx that always know how far the request got.

The phase comes from httpx's trace events alone: nothing left exactly when `send_request_headers.started` never
came. Class and text of an exception choose only the word for the log.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx

from hub.errors import EncodeError
from hub.wire.exchange import Exchanged, HttpRequest, HttpResponse, Limits, Phase, WireRequest

# These loggers print URLs, headers and, at DEBUG, everything else.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

_PHASES = {
    "connect_tcp.started": Phase.CONNECT,
    "send_request_headers.started": Phase.SENDING,
    "send_request_body.complete": Phase.SENT,
    "receive_response_headers.complete": Phase.RECEIVING,
}
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")
_CUT = ("disconnected", "closed", "incomplete")


class HttpTransport:
    """A connection pool to one far side. No redirects, no cookies, no proxy, no headers but the request's own.

    `verify` is an SSL context, the path of a CA file, True (the system's CAs) or False (no check: tests only).
    A `client` given from outside is used as it is and not closed.
    """

    def __init__(
        self,
        *,
        verify: ssl.SSLContext | str | bool = True,
        max_connections: int = 10,
        keepalive_expiry: float = 4.0,
        client: httpx.AsyncClient | None = None,
    ) -> None:
        self._verify = verify
        # Below the usual 5 s of servers: a connection that they reset on arrival would make the outcome unknown.
        self._pool = httpx.Limits(
            max_connections=max_connections,
            max_keepalive_connections=max_connections,
            keepalive_expiry=keepalive_expiry,
        )
        self._client = client
        self._owned = client is None

    async def exchange(self, request: WireRequest, limits: Limits) -> Exchanged:
        """Send one request and read the whole response; what the network does comes back as phase and failure."""
        if not isinstance(request, HttpRequest):
            raise EncodeError("request", f"HTTP cannot carry a {type(request).__name__}")
        progress = _Progress(traced=self._owned)
        message = _message(request, limits, progress)
        clock = asyncio.get_running_loop().time
        start = clock()
        try:
            async with asyncio.timeout(limits.total):
                response = await self._receive(message, limits, progress)
        except _TooLarge:
            return progress.failed("too-large", clock() - start)
        except TimeoutError:
            return progress.failed("deadline", clock() - start)
        except (httpx.HTTPError, httpx.StreamError, OSError, UnicodeError) as error:
            return progress.failed(_word(error, progress), clock() - start)
        return Exchanged(Phase.RECEIVED, response, seconds=clock() - start)

    async def aclose(self) -> None:
        """Close the pool."""
        if self._owned and self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _receive(self, message: httpx.Request, limits: Limits, progress: _Progress) -> HttpResponse:
        if self._client is None:
            self._client = self._open()
        reply = await self._client.send(message, stream=True, auth=None, follow_redirects=False)
        try:
            body = bytearray()
            async for chunk in reply.aiter_bytes():
                body += chunk
                if len(body) > limits.max_body:
                    raise _TooLarge
        finally:
            await reply.aclose()
        progress.phase = Phase.RECEIVED
        return HttpResponse(reply.status_code, dict(reply.headers.items()), bytes(body))

    def _open(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            verify=_tls(self._verify),
            limits=self._pool,
            trust_env=False,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )


def basic_auth(user: str, password: str) -> tuple[str, str]:
    """The header of a name and a password."""
    return "Authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")


def retry_after(headers: Mapping[str, str], now: datetime, ceiling: timedelta = timedelta(hours=1)) -> timedelta | None:
    """Read Retry-After, as seconds or as a date; never below zero or above `ceiling`, None if absent or garbled."""
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]+", value):
        return ceiling if len(value) > 9 else min(timedelta(seconds=int(value)), ceiling)
    try:
        when = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    # A date in "-0000" comes out naive and means UTC.
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(timedelta(0), min(when - now, ceiling))


class _TooLarge(Exception):
    """The response is larger than allowed."""


class _Progress:
    """Follows the trace events of one request.

    `traced` says that silence proves that nothing was sent; a transport that sends no events cannot tell.
    """

    def __init__(self, *, traced: bool) -> None:
        self._traced = traced
        self.phase = Phase.PREPARED
        self.last = ""

    async def __call__(self, event: str, _info: Mapping[str, Any]) -> None:
        self.last = event.partition(".")[2]
        self.phase = max(self.phase, _PHASES.get(self.last, self.phase))

    def failed(self, word: str, seconds: float) -> Exchanged:
        phase = Phase.RESOLVE if word == "name-not-found" else self.phase
        if not (self.last or self._traced or word == "pool-timeout"):
            phase = Phase.SENDING
        return Exchanged(phase, failure=word, seconds=seconds)


def _message(request: HttpRequest, limits: Limits, progress: _Progress) -> httpx.Request:
    for name, value in request.headers:
        if not _TOKEN.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            shown = name if _TOKEN.fullmatch(name) else "?"
            raise EncodeError(f"header {shown}", "holds a character that HTTP headers do not allow")
    timeout = httpx.Timeout(connect=limits.connect, read=limits.read, write=limits.write, pool=limits.pool)
    try:
        message = httpx.Request(
            request.method,
            request.url,
            headers=list(request.headers),
            content=request.body,
            extensions={"timeout": timeout.as_dict(), "trace": progress},
        )
    except httpx.InvalidURL:
        raise EncodeError("url", "is not a valid URL") from None
    if message.url.scheme not in {"http", "https"} or not message.url.host:
        raise EncodeError("url", "is not an http or https URL with a host")
    if message.url.userinfo:
        raise EncodeError("url", "must not carry a user name or password")
    return message


@lru_cache(maxsize=16)
def _tls(verify: ssl.SSLContext | str | bool) -> ssl.SSLContext:
    """Make a TLS 1.2+ context once a process: loading the CAs takes tens of milliseconds."""
    if isinstance(verify, ssl.SSLContext):
        return verify
    context = ssl.create_default_context(cafile=verify if isinstance(verify, str) else None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if verify is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _word(error: Exception, progress: _Progress) -> str:
    """Choose the log word for a failure; it decides nothing."""
    if isinstance(error, httpx.TimeoutException):
        return re.sub(r"(?<!^)(?=[A-Z])", "-", type(error).__name__).lower()
    if progress.phase.provably_not_sent:
        causes = list(_causes(error))
        if progress.last.startswith("start_tls"):
            return "tls"
        if any(isinstance(cause, socket.gaierror | UnicodeError) for cause in causes):
            return "name-not-found"
        return "refused" if any(isinstance(cause, ConnectionRefusedError) for cause in causes) else "connect-failed"
    if isinstance(error, httpx.DecodingError):
        return "garbled"
    is_protocol = isinstance(error, httpx.ProtocolError)
    return "protocol" if is_protocol and not any(word in str(error) for word in _CUT) else "cut"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            for inner in error.exceptions:
                yield from _causes(inner)
        error = error.__cause__ or error.__context__
