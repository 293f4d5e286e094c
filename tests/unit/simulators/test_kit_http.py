"""The server seen from a bare socket and from httpx: every fault as bytes on the wire, and the control port."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx
import pytest

from simulators.kit.clock import ManualClock, WallClock
from simulators.kit.faults import Faults
from simulators.kit.http import HttpReply, HttpServer
from simulators.kit.simulator import Simulator

BODY = "户名：王秀兰".encode()
REQUEST = b"POST /order HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"


@asynccontextmanager
async def served(clock=None, handler=None):
    faults, effects = Faults(frozenset({"/order"})), []

    async def accept(call):
        effects.append(call)
        return HttpReply(200, [("Content-Type", "text/plain; charset=utf-8")], BODY)

    server = HttpServer(handler or accept, faults, clock or WallClock())
    await server.start()
    try:
        yield server, faults, effects
    finally:
        await server.stop()


async def talk(port, request=REQUEST, deadline=2.0):
    """Everything the server says until it closes; None when it resets the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request.replace(b"Host: x", b"Host: x\r\nConnection: close"))
        await writer.drain()
        return await asyncio.wait_for(reader.read(), deadline)
    except ConnectionResetError:
        return None
    finally:
        writer.close()


async def test_calls_arrive_whole_and_connections_are_kept():
    async with served() as (server, _, effects), httpx.AsyncClient() as client:
        for number in range(3):
            reply = await client.post(f"{server.url}/order?n={number}&e=", content=BODY * 10_000)
            assert (reply.status_code, reply.content) == (200, BODY)
        assert [call.params for call in effects] == [{"n": str(number), "e": ""} for number in range(3)]
        assert {len(call.body) for call in effects} == {len(BODY) * 10_000}
        assert len({call.peer for call in effects}) == 1


async def test_before_commit_resets_without_effect():
    async with served() as (server, faults, effects):
        faults.arm("before-commit")
        assert await talk(server.port) is None
        assert effects == []
        assert BODY in await talk(server.port)


async def test_after_commit_resets_with_the_effect_done():
    async with served() as (server, faults, effects):
        faults.arm("after-commit")
        assert await talk(server.port) is None
        assert len(effects) == 1


async def test_half_status_and_half_body_stop_in_the_middle():
    async with served() as (server, faults, effects):
        faults.arm("half-status")
        faults.arm("half-body", after=0)
        assert await talk(server.port) == b"HTTP/1.1 2"
        head, _, body = (await talk(server.port)).partition(b"\r\n\r\n")
        assert f"Content-Length: {len(BODY)}".encode() in head
        assert body == BODY[: len(BODY) // 2]
        assert len(effects) == 2


async def test_dribble_sends_byte_by_byte_slower_than_the_deadline():
    async with served() as (server, faults, effects):
        faults.arm("dribble", delay=0.02)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(REQUEST)
        sizes = [len(await reader.read(100)) for _ in range(5)]
        assert sizes == [1, 1, 1, 1, 1]
        assert len(effects) == 1
        writer.close()


@pytest.mark.parametrize(("kind", "status"), [("garbage", 200), ("html", 502), ("wrong-charset", 200)])
async def test_spoilt_replies_are_whole_but_useless(kind, status):
    async with served() as (server, faults, effects), httpx.AsyncClient() as client:
        faults.arm(kind)
        reply = await client.post(f"{server.url}/order")
        assert reply.status_code == status
        assert BODY not in reply.content
        assert len(effects) == 1
        assert (await client.post(f"{server.url}/order")).content == BODY


async def test_wrong_charset_of_plain_ascii_is_still_unreadable():
    async def ascii_only(call):
        return HttpReply(200, [("Content-Type", "application/json")], b'{"ok":1}')

    async with served(handler=ascii_only) as (server, faults, _), httpx.AsyncClient() as client:
        faults.arm("wrong-charset")
        assert b'{"ok":1}' not in (await client.post(f"{server.url}/order")).content


async def test_busy_has_no_effect_and_says_when_to_come_again():
    async with served() as (server, faults, effects), httpx.AsyncClient() as client:
        faults.arm("busy", retry_after=7, status=429)
        reply = await client.post(f"{server.url}/order")
        assert (reply.status_code, reply.headers["retry-after"]) == (429, "7")
        assert effects == []


async def test_down_refuses_until_lifted_even_on_a_kept_connection():
    async with served() as (server, faults, _), httpx.AsyncClient() as client:
        assert (await client.post(f"{server.url}/order")).status_code == 200
        faults.arm("down")
        await asyncio.sleep(0.01)
        for _ in range(2):
            with pytest.raises(httpx.ConnectError):
                await client.post(f"{server.url}/order")
        faults.lift("down")
        assert (await client.post(f"{server.url}/order")).status_code == 200


async def test_refused_ends_with_its_seconds_on_the_simulators_clock():
    clock = ManualClock()
    async with served(clock) as (server, faults, effects), httpx.AsyncClient() as client:
        faults.arm("refused", times=2)
        with pytest.raises(httpx.ConnectError):
            await client.post(f"{server.url}/order")
        await clock.play(1.9)
        with pytest.raises(httpx.ConnectError):
            await client.post(f"{server.url}/order")
        await clock.play(0.2)
        assert (await client.post(f"{server.url}/order")).status_code == 200
        assert len(effects) == 1


async def test_connect_hang_is_never_served():
    async with served() as (server, faults, effects):
        faults.arm("connect-hang")
        with pytest.raises(TimeoutError):
            await talk(server.port, deadline=0.1)
        assert effects == []
        assert BODY in await talk(server.port)


async def test_a_refused_request_leaves_effect_faults_armed():
    async def refuse(call):
        return HttpReply(200, [], b"no", committed=False)

    async with served(handler=refuse) as (server, faults, _):
        faults.arm("after-commit")
        assert (await talk(server.port)).endswith(b"no")
        assert faults.is_armed("after-commit")


async def test_bytes_that_are_not_http_are_answered_400():
    async with served() as (server, _, effects):
        assert (await talk(server.port, b"\x00\x01garbage\r\n\r\n")).startswith(b"HTTP/1.1 400")
        assert effects == []


async def test_two_servers_cannot_take_the_same_port():
    async with served() as (server, _, _):
        other = HttpServer(None, Faults(), WallClock(), port=server.port)
        with pytest.raises(OSError, match="in use"):
            await other.start()


class Tap(Simulator):
    """The smallest simulator."""

    name, label_zh, effect_operations = "tap", "水龙头", frozenset({"/order"})

    async def open(self):
        self.server = HttpServer(self.handle, self.faults, self.clock, self.host, self.port)
        await self.server.start()
        self.port = self.server.port

    async def close(self):
        await self.server.stop()

    async def seed(self):
        self.accounts = []

    async def advance(self, order, state):
        raise KeyError(order)

    def add_account(self, **facts):
        self.accounts.append(facts)

    def connection(self):
        return {"base_url": self.server.url}

    def state(self):
        return {"accounts": self.accounts}

    async def handle(self, call):
        self.ledger.record("order", call.body.decode())
        self.journal.record("/order", violations=("too wet",))
        return HttpReply(200)


async def test_the_control_port_steers_a_running_simulator():
    async with Tap(clock=ManualClock()) as tap, httpx.AsyncClient() as client:
        control = f"http://127.0.0.1:{tap.control_port}/__sim__"
        await client.post(f"{tap.connection()['base_url']}/order", content=b"A1")
        ledger = (await client.get(f"{control}/ledger")).json()
        assert ledger["summary"] == {"order": 1}
        assert ledger["entries"][0]["order"] == "A1"
        assert (await client.get(f"{control}/journal")).json()["violations"] == ["#1 /order: too wet"]
        await client.post(f"{control}/faults", json={"kind": "after-commit", "times": 2})
        with pytest.raises(httpx.ReadError):
            await client.post(f"{tap.connection()['base_url']}/order", content=b"A2")
        assert (await client.get(f"{control}/faults")).json()["armed"][0]["times"] == 1
        assert (await client.delete(f"{control}/faults")).json() == {"armed": []}
        await client.post(f"{control}/accounts", json={"number": "1"})
        assert (await client.get(f"{control}/state")).json() == {"accounts": [{"number": "1"}]}
        moved = (await client.post(f"{control}/clock", json={"set": "2026-02-01T00:00:00+08:00"})).json()
        assert datetime.fromisoformat(moved["now"]) == datetime(2026, 1, 31, 16, tzinfo=UTC)
        assert (await client.post(f"{control}/reset")).json() == {"reset": True}
        assert (await client.get(f"{control}/ledger")).json() == {"summary": {}, "entries": []}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("POST", "faults", {"kind": "meteor"}, 400, "meteor"),
        ("POST", "advance", {"order": "W1", "state": "50"}, 400, "W1"),
        ("POST", "clock", {"advance_seconds": 1}, 400, "cannot be moved"),
        ("GET", "nowhere", None, 404, "no such control"),
    ],
)
async def test_the_control_port_explains_what_it_refuses(method, path, body, status, said):
    async with Tap(clock=WallClock()) as tap, httpx.AsyncClient() as client:
        reply = await client.request(method, f"http://127.0.0.1:{tap.control_port}/__sim__/{path}", json=body)
        assert reply.status_code == status
        assert said in reply.json()["error"]
