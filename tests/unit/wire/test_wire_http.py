"""HTTP exchanges against servers that misbehave at every point: the phase decides, and half an answer is none."""

import asyncio
import gzip
import logging
import socket
import struct
from contextlib import asynccontextmanager

import httpx
import pytest

from hub.errors import EncodeError
from hub.wire.exchange import FileGet, HttpRequest, HttpResponse, Limits, Phase
from hub.wire.http import HttpTransport

QUICK = Limits(connect=3, read=3, write=3, pool=3, total=8)
HASTY = Limits(connect=0.3, read=0.4, write=0.3, pool=0.1, total=3)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Sim: yes\r\n\r\nok"


@asynccontextmanager
async def serving(handler, **keywords):
    """Run `handler(reader, writer)` for each connection on an ephemeral port; every connection ends with the test."""
    tasks = set()

    async def connected(reader, writer):
        task = asyncio.current_task()
        tasks.add(task)
        try:
            await handler(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            tasks.discard(task)
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, **keywords)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def opened(**keywords):
    transport = HttpTransport(**keywords)
    try:
        yield transport
    finally:
        await transport.aclose()


async def read_request(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    return head, await reader.readexactly(length)


def answering(reply):
    async def handler(reader, writer):
        await read_request(reader)
        writer.write(reply)
        await writer.drain()

    return handler


def reset(writer):
    """Close with RST instead of FIN."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def post(port, body=b"x", path="/", scheme="http", **keywords):
    return HttpRequest("POST", f"{scheme}://127.0.0.1:{port}{path}", body=body, **keywords)


async def once(handler, request=post, limits=QUICK, **keywords):
    async with serving(handler) as port, opened(**keywords) as transport:
        return await transport.exchange(request(port), limits)


async def test_a_whole_answer_is_received_with_status_lower_case_headers_and_body():
    result = await once(answering(OK))
    assert result.phase is Phase.RECEIVED
    assert result.response == HttpResponse(200, {"content-length": "2", "x-sim": "yes"}, b"ok")
    assert result.failure is None
    assert result.seconds > 0


async def test_only_the_request_s_own_headers_go_out_beside_host_and_length():
    seen = []

    async def handler(reader, writer):
        seen.append(await read_request(reader))
        writer.write(OK)

    headers = (("Content-Type", "text/xml; charset=gb2312"), ("SOAPAction", '"urn:x"'))
    result = await once(handler, lambda port: post(port, "张".encode("gbk"), headers=headers))
    head, body = seen[0]
    names = sorted(line.split(b":")[0].lower() for line in head.split(b"\r\n")[1:] if line)
    assert names == [b"content-length", b"content-type", b"host", b"soapaction"]
    assert b'SOAPAction: "urn:x"' in head
    assert body == "张".encode("gbk")
    assert result.response.status == 200


async def test_a_refused_connection_is_provably_not_sent():
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        async with opened() as transport:
            result = await transport.exchange(post(reserved.getsockname()[1]), QUICK)
    assert (result.phase, result.failure, result.response) == (Phase.CONNECT, "refused", None)
    assert result.phase.provably_not_sent


async def test_an_unknown_name_is_provably_not_sent(monkeypatch):
    def unknown(*_):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    async with opened() as transport:
        result = await transport.exchange(HttpRequest("GET", "http://water.invalid/"), QUICK)
        impossible = await transport.exchange(HttpRequest("GET", f"http://{'x' * 70}.invalid/"), QUICK)
    assert (result.phase, result.failure) == (Phase.RESOLVE, "name-not-found")
    assert impossible.phase.provably_not_sent


async def test_a_connection_that_hangs_is_provably_not_sent():
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        async with opened() as transport:
            result = await transport.exchange(post(full.getsockname()[1]), HASTY)
        for filler in fillers:
            filler.close()
    assert (result.phase, result.failure) == (Phase.CONNECT, "connect-timeout")


async def test_no_free_connection_is_provably_not_sent():
    async def handler(reader, writer):
        await asyncio.sleep(5)

    async with serving(handler) as port, opened(max_connections=1) as transport:
        first = asyncio.create_task(transport.exchange(post(port), HASTY))
        await asyncio.sleep(0.05)
        result = await transport.exchange(post(port), HASTY)
        assert (result.phase, result.failure) == (Phase.PREPARED, "pool-timeout")
        assert (await first).failure == "read-timeout"


async def hang_up_without_reading(reader, writer):
    reset(writer)


async def hang_up_after_reading(reader, writer):
    await read_request(reader)
    writer.close()


async def reset_after_reading(reader, writer):
    await read_request(reader)
    reset(writer)


async def never_answer(reader, writer):
    await read_request(reader)
    await asyncio.sleep(5)


@pytest.mark.parametrize(
    ("handler", "failure", "phase"),
    [
        (hang_up_without_reading, "cut", Phase.SENT),
        (hang_up_after_reading, "cut", Phase.SENT),
        (reset_after_reading, "cut", Phase.SENT),
        (never_answer, "read-timeout", Phase.SENT),
        (answering(b"HTTP/1.1 20"), "cut", Phase.SENT),
        (answering(OK[:-1]), "cut", Phase.RECEIVING),
        (answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"), "cut", Phase.RECEIVING),
        (answering(b"CANARY\r\n\r\n"), "protocol", Phase.SENT),
        (
            answering(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok"),
            "garbled",
            Phase.RECEIVING,
        ),
    ],
)
async def test_whatever_happens_after_sending_began_is_unknown(handler, failure, phase):
    result = await once(handler, limits=HASTY if handler is never_answer else QUICK)
    assert result.phase in {Phase.SENDING, phase}
    assert not result.phase.provably_not_sent
    assert result.phase < Phase.RECEIVED
    assert (result.failure, result.response) == (failure, None)


async def test_an_answer_cut_after_any_byte_is_never_an_answer():
    cuts = iter(range(len(OK)))

    async def handler(reader, writer):
        await read_request(reader)
        writer.write(OK[: next(cuts)])

    async with serving(handler) as port, opened() as transport:
        results = [await transport.exchange(post(port), QUICK) for _ in range(len(OK))]
    assert all(result.response is None and Phase.SENT <= result.phase < Phase.RECEIVED for result in results)


async def test_a_server_that_stops_reading_a_large_body_leaves_the_outcome_unknown():
    async def handler(reader, writer):
        await reader.readexactly(1000)
        await asyncio.sleep(0.05)
        reset(writer)

    result = await once(handler, lambda port: post(port, bytes(20_000_000)))
    assert Phase.SENDING <= result.phase < Phase.RECEIVED
    assert result.response is None


async def test_an_answer_before_the_body_was_read_is_an_answer():
    async def handler(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        await reader.read()

    result = await once(handler, lambda port: post(port, bytes(1000)))
    assert result.response.status == 413


async def test_a_kept_connection_that_the_server_closed_is_replaced_unnoticed():
    async with serving(answering(OK)) as port, opened() as transport:
        for _ in range(3):
            result = await transport.exchange(post(port), QUICK)
            assert result.response.body == b"ok"
            await asyncio.sleep(0.02)


async def test_a_kept_connection_reset_on_the_second_request_leaves_the_outcome_unknown():
    async def handler(reader, writer):
        await read_request(reader)
        writer.write(OK)
        await reader.readexactly(1)
        reset(writer)

    async with serving(handler) as port, opened() as transport:
        assert (await transport.exchange(post(port), QUICK)).phase is Phase.RECEIVED
        result = await transport.exchange(post(port), QUICK)
    assert Phase.SENDING <= result.phase < Phase.RECEIVED
    assert result.failure == "cut"


@pytest.mark.parametrize("part", ["head", "body"])
async def test_a_dribbled_answer_obeys_the_total_deadline(part):
    async def handler(reader, writer):
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n" + (b"Content-Length: 1000\r\n\r\n" if part == "body" else b""))
        for _ in range(80):
            writer.write(b"X" if part == "body" else b"A: b\r\n")
            await writer.drain()
            await asyncio.sleep(0.05)

    result = await once(handler, limits=Limits(read=3, total=0.5))
    assert result.failure == "deadline"
    assert result.phase is (Phase.RECEIVING if part == "body" else Phase.SENT)
    assert 0.4 < result.seconds < 3


async def test_a_body_over_the_limit_is_refused_while_it_streams_also_when_packed():
    packed = gzip.compress(bytes(1_000_000))
    for reply in (
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + bytes(200_000),
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed,
    ):
        result = await once(answering(reply), limits=Limits(max_body=100_000))
        assert (result.phase, result.failure, result.response) == (Phase.RECEIVING, "too-large", None)


async def test_redirects_are_answers_and_cookies_are_forgotten():
    heads = []

    async def handler(reader, writer):
        heads.append((await read_request(reader))[0])
        writer.write(
            b"HTTP/1.1 302 Found\r\nLocation: /other\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )

    async with serving(handler) as port, opened() as transport:
        for _ in range(2):
            assert (await transport.exchange(post(port), QUICK)).response.status == 302
        assert not list(transport._client.cookies.jar)
    assert len(heads) == 2
    assert not any(b"cookie" in head.lower() for head in heads)


async def test_proxies_of_the_environment_are_not_used(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert (await once(answering(OK))).response.status == 200


async def test_cancellation_passes_through_and_the_transport_still_works():
    slow = asyncio.Event()

    async def handler(reader, writer):
        await read_request(reader)
        if not slow.is_set():
            slow.set()
            await asyncio.sleep(5)
        writer.write(OK)

    async with serving(handler) as port, opened(max_connections=1) as transport:
        task = asyncio.create_task(transport.exchange(post(port), Limits()))
        await slow.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await transport.exchange(post(port), QUICK)).response.body == b"ok"


async def test_many_exchanges_at_once_keep_their_own_answers():
    async def handler(reader, writer):
        while True:
            _, body = await read_request(reader)
            await asyncio.sleep(0.001 * (int(body) % 5))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    async with serving(handler) as port, opened(max_connections=5) as transport:
        bodies = [str(number).encode() for number in range(60)]
        results = await asyncio.gather(*(transport.exchange(post(port, body), Limits()) for body in bodies))
    assert [result.response.body for result in results] == bodies


@pytest.mark.parametrize(
    "request_",
    [
        HttpRequest("GET", "ftp://127.0.0.1/CANARY"),
        HttpRequest("GET", "http://127.0.0.1:CANARY/"),
        HttpRequest("GET", "http:///CANARY"),
        HttpRequest("GET", "http://user:CANARY@127.0.0.1/"),
        HttpRequest("GET", "http://127.0.0.1/", headers=(("X-Name", "张三CANARY"),)),
        HttpRequest("GET", "http://127.0.0.1/", headers=(("X-Name", "a\r\nCANARY: b"),)),
        HttpRequest("GET", "http://127.0.0.1/", headers=(("CANARY 张", "a"),)),
        FileGet("/CANARY"),
    ],
)
async def test_a_request_that_http_cannot_carry_is_our_error_and_quotes_nothing(request_):
    async with opened() as transport:
        with pytest.raises(EncodeError) as caught:
            await transport.exchange(request_, QUICK)
    assert "CANARY" not in str(caught.value) + repr(caught.value)


async def test_nothing_is_logged_even_when_everything_is_logged(caplog):
    caplog.set_level(logging.DEBUG)
    headers = (("Authorization", "CANARY"),)
    await once(answering(OK), lambda port: post(port, b"CANARY", "/?idNo=CANARY", headers=headers))
    assert "CANARY" not in caplog.text


def test_requests_and_responses_do_not_show_their_bodies():
    assert "CANARY" not in repr(HttpRequest("POST", "http://x/", body=b"CANARY")) + repr(
        HttpResponse(200, {}, b"CANARY")
    )


async def test_a_given_client_is_used_and_left_open():
    async with httpx.AsyncClient() as client:
        async with serving(answering(OK)) as port, opened(client=client) as transport:
            assert (await transport.exchange(post(port), QUICK)).phase is Phase.RECEIVED
        assert not client.is_closed


async def test_a_given_client_that_reports_no_phases_leaves_the_outcome_unknown():
    def broken(request):
        raise httpx.ConnectError("says that it did not connect")

    async with httpx.AsyncClient(transport=httpx.MockTransport(broken)) as client, opened(client=client) as transport:
        result = await transport.exchange(post(1), QUICK)
    assert result.phase is Phase.SENDING
