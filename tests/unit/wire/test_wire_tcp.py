"""The long connection: phases, matching, sign-on and keys, heartbeat, against a peer that misbehaves at each point."""

from __future__ import annotations

import asyncio
import contextlib
import socket

import pytest

from hub.errors import EncodeError, SettingsError
from hub.wire import crypto, iso8583
from hub.wire.exchange import FileGet, FrameRequest, Limits, Phase
from hub.wire.iso8583 import NO_MAC, Message
from hub.wire.iso8583_session import Iso8583Session
from hub.wire.tcp import TcpTransport
from hub.wire.transports import open_transport

MASTER = "54455354" * 4
LIMITS = Limits(connect=0.5, read=0.4, write=0.4, pool=0.3, total=1.0)
LATE = b"late"


class Peer:
    """A card centre of a few lines: signs on, gives keys, and answers as `answer` says."""

    def __init__(self) -> None:
        self.key = b"\x11" * 16
        self.heard: list[Message] = []
        self.connections = 0
        self.writers: list[asyncio.StreamWriter] = []
        self.sign_on = "00"
        self.check = True
        self.answer = self.approve
        self.silent = False
        self.told = asyncio.Event()

    async def __aenter__(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self.server.close()
        for writer in self.writers:
            writer.transport.abort()
        await asyncio.sleep(0)

    async def serve(self, reader, writer):
        self.connections += 1
        self.writers.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                size = int.from_bytes(await reader.readexactly(2), "big")
                body = await reader.readexactly(size)
                message = iso8583.decode(body)
                self.heard.append(message)
                self.told.set()
                if message.mti == "0800" and not self.silent:
                    self.send(writer, self.managed(message))
                elif message.mti == "0200":
                    self.answer(writer, message, body)

    def send(self, writer, body):
        writer.write(len(body).to_bytes(2, "big") + body)

    def keys(self):
        check = crypto.sm4_ecb_encrypt(self.key, bytes(16))[:8] if self.check else bytes(8)
        sealed = crypto.sm4_ecb_encrypt(bytes.fromhex(MASTER), self.key + bytes(16)) + check
        return sealed.hex().upper()

    def managed(self, asked):
        fields = {11: asked.get(11), 39: self.sign_on, 70: asked.get(70)}
        if asked.get(70) == "101":
            fields |= {39: "00", 62: self.keys()}
        return iso8583.encode(Message("0810", fields))

    def reply(self, asked, code="00", key=None):
        fields = {11: asked.get(11), 37: asked.get(37), 39: code, 41: asked.get(41), 64: NO_MAC}
        mac = lambda data: crypto.sm4_cbc_mac(key or self.key, data)[:8].hex().upper()  # noqa: E731 -- short
        return iso8583.seal(iso8583.encode(Message("0210", fields)), mac)

    def sealed(self, body):
        return iso8583.is_sealed(body, lambda data: crypto.sm4_cbc_mac(self.key, data)[:8].hex().upper())

    def approve(self, writer, message, body):
        self.send(writer, self.reply(message, "00" if self.sealed(body) else "A0"))

    @property
    def orders(self):
        return [message for message in self.heard if message.mti == "0200"]

    @property
    def answers(self):
        return [message for message in self.heard if message.mti == "0810"]


async def until(condition):
    async with asyncio.timeout(2):
        while not condition():  # noqa: ASYNC110 -- the far end tells nobody
            await asyncio.sleep(0.001)


def request(trace=1):
    fields = {3: "300000", 11: f"{trace:06d}", 37: f"{trace:012d}", 41: "33040201", 64: NO_MAC}
    message = Message("0200", fields)
    return FrameRequest(iso8583.reply_key(message), iso8583.encode(message))


def code(done):
    return iso8583.decode(done.response.body).get(39)


@contextlib.asynccontextmanager
async def connected(peer=None, **options):
    async with peer or Peer() as far:
        transport = TcpTransport("127.0.0.1", far.port, lambda: Iso8583Session(MASTER, "33040001"), **options)
        try:
            yield far, transport
        finally:
            await transport.aclose()


async def test_the_first_message_signs_on_and_fetches_keys_and_later_ones_do_not():
    async with connected() as (peer, transport):
        for trace in (1, 2):
            done = await transport.exchange(request(trace), LIMITS)
            assert (done.phase, done.failure, code(done)) == (Phase.RECEIVED, None, "00")
        assert [message.get(70) for message in peer.heard] == ["001", "101", "", ""]
        assert peer.connections == 1
        assert all(message.get(64) not in {"", NO_MAC} for message in peer.orders)


async def test_replies_in_any_order_find_their_requests():
    kept = []

    def backwards(writer, message, _body):
        kept.append((writer, message))
        if len(kept) == 5:
            for place, asked in reversed(kept):
                peer.send(place, peer.reply(asked))

    async with connected() as (peer, transport):
        peer.answer = backwards
        done = await asyncio.gather(*(transport.exchange(request(trace), LIMITS) for trace in range(1, 6)))
        assert [iso8583.decode(each.response.body).get(11) for each in done] == [f"{n:06d}" for n in range(1, 6)]
        assert peer.connections == 1


async def test_two_requests_of_one_key_go_one_after_the_other():
    async with connected() as (peer, transport):
        done = await asyncio.gather(*(transport.exchange(request(7), LIMITS) for _ in range(3)))
        assert [code(each) for each in done] == ["00"] * 3
        peer.answer = lambda *_: None
        first, second = await asyncio.gather(*(transport.exchange(request(7), LIMITS) for _ in range(2)))
        assert {first.failure, second.failure} == {"read-timeout", "key-in-use"}
        assert min(first.phase, second.phase) is Phase.CONNECT
        assert len(peer.orders) == 4


async def test_nobody_listens_or_the_name_is_unknown():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        transport = TcpTransport("127.0.0.1", free.getsockname()[1], lambda: Iso8583Session(MASTER, "33040001"))
        done = await transport.exchange(request(), LIMITS)
    assert (done.phase, done.failure) == (Phase.CONNECT, "refused")
    transport = TcpTransport("no-such-host.invalid", 1, lambda: Iso8583Session(MASTER, "33040001"))
    done = await transport.exchange(request(), Limits(connect=5, read=5, total=5))
    assert done.phase.provably_not_sent
    assert done.failure in {"name-not-found", "connect-timeout", "connect-failed"}


async def test_a_sign_on_that_is_refused_or_never_answered_is_not_sent():
    async with connected() as (peer, transport):
        peer.sign_on = "12"
        done = await transport.exchange(request(), LIMITS)
        assert (done.phase, done.failure) == (Phase.CONNECT, "login")
        peer.silent = True
        done = await transport.exchange(request(), LIMITS)
        assert (done.phase, done.failure) == (Phase.CONNECT, "login-timeout")
        assert peer.orders == []


async def test_keys_under_another_master_key_are_not_taken():
    async with connected() as (peer, transport):
        peer.check = False
        done = await transport.exchange(request(), LIMITS)
        assert (done.phase, done.failure, peer.orders) == (Phase.CONNECT, "login", [])


async def test_no_answer_is_a_doubt_and_the_late_one_answers_nothing_else():
    late = []
    async with connected() as (peer, transport):
        peer.answer = lambda writer, message, _body: late.append((writer, message))
        done = await transport.exchange(request(1), LIMITS)
        assert (done.phase, done.failure) == (Phase.SENT, "read-timeout")
        peer.answer = peer.approve
        [(writer, message)] = late
        peer.send(writer, peer.reply(message))
        done = await transport.exchange(request(2), LIMITS)
        assert iso8583.decode(done.response.body).get(11) == "000002"
        assert peer.connections == 1


@pytest.mark.parametrize(
    ("spoil", "failure"),
    [
        (lambda writer, _whole: writer.transport.abort(), "cut"),
        (lambda writer, whole: (writer.write(whole[:1]), writer.close()), "cut"),
        (lambda writer, whole: (writer.write(whole[: len(whole) // 2]), writer.close()), "cut"),
        (lambda writer, _whole: writer.write(b"\x00\x06<html>"), "garbage"),
        (lambda writer, whole: writer.write(whole[:-1] + b"0"), "mac"),
        (lambda writer, whole: writer.write(whole[:-16] + whole[-16:].lower()), "mac"),
    ],
)
async def test_a_spoilt_answer_is_a_doubt_and_the_next_message_gets_a_fresh_connection(spoil, failure):
    async with connected() as (peer, transport):

        def answer(writer, message, _body):
            body = peer.reply(message)
            spoil(writer, len(body).to_bytes(2, "big") + body)

        peer.answer = answer
        done = await transport.exchange(request(1), LIMITS)
        assert not done.phase.provably_not_sent
        assert (done.failure, done.response) == (failure, None)
        peer.answer = peer.approve
        assert code(await transport.exchange(request(2), LIMITS)) == "00"
        assert peer.connections == 2


async def test_a_connection_closed_while_idle_is_opened_anew_without_a_doubt():
    async with connected() as (peer, transport):
        await transport.exchange(request(1), LIMITS)
        peer.writers[0].close()
        await peer.writers[0].wait_closed()
        await until(lambda: transport._link.closed)
        assert code(await transport.exchange(request(2), LIMITS)) == "00"
        assert (peer.connections, len(peer.orders)) == (2, 2)


async def test_everybody_who_waits_hears_of_a_cut_at_once():
    async with connected() as (peer, transport):
        peer.answer = lambda *_: None
        waiting = [asyncio.create_task(transport.exchange(request(n), Limits(read=9, total=9))) for n in (1, 2, 3)]
        await until(lambda: len(peer.orders) == 3)
        peer.writers[0].transport.abort()
        done = await asyncio.gather(*waiting)
        assert {(each.phase, each.failure) for each in done} == {(Phase.SENT, "cut")}


async def test_a_seal_that_is_refused_brings_new_keys_and_the_same_message_once_more():
    async with connected() as (peer, transport):
        await transport.exchange(request(1), LIMITS)
        peer.key = b"\x22" * 16
        done = await asyncio.gather(*(transport.exchange(request(n), LIMITS) for n in (2, 3)))
        assert [code(each) for each in done] == ["00", "00"]
        assert sum(message.get(70) == "101" for message in peer.heard) == 2
        assert [message.get(11) for message in peer.orders].count("000002") == 2


async def test_a_seal_that_is_refused_again_is_an_answer():
    async with connected() as (peer, transport):
        peer.answer = lambda writer, message, _body: peer.send(writer, peer.reply(message, "A0"))
        done = await transport.exchange(request(1), LIMITS)
        assert (done.phase, code(done), len(peer.orders)) == (Phase.RECEIVED, "A0", 2)


async def test_keys_that_the_peer_sends_hold_from_the_answer_on():
    async with connected() as (peer, transport):
        await transport.exchange(request(1), LIMITS)
        peer.key = b"\x33" * 16
        pushed = Message("0800", {11: "000009", 62: peer.keys(), 70: "101"})
        peer.send(peer.writers[0], iso8583.encode(pushed))
        await until(lambda: peer.answers)
        assert (peer.answers[0].get(39), peer.answers[0].get(11)) == ("00", "000009")
        assert code(await transport.exchange(request(2), LIMITS)) == "00"
        assert len(peer.orders) == 2


@pytest.mark.parametrize("wear", ["messages", "age"])
async def test_keys_that_served_long_enough_are_renewed_before_the_next_message(wear):
    async with connected() as (peer, transport):
        await transport.exchange(request(1), LIMITS)
        dialogue = transport._link.dialogue
        if wear == "messages":
            dialogue._messages = 10_000
        else:
            dialogue._since -= 24 * 3600
        peer.key = b"\x44" * 16
        assert code(await transport.exchange(request(2), LIMITS)) == "00"
        assert [message.get(70) for message in peer.heard] == ["001", "101", "", "101", ""]


async def test_an_idle_connection_is_kept_alive_and_a_dead_one_is_dropped():
    async with connected(echo_seconds=0.02) as (peer, transport):
        await transport.exchange(request(1), LIMITS)
        await until(lambda: sum(message.get(70) == "301" for message in peer.heard) >= 2)
        link = transport._link
        assert not link.closed
        peer.silent = True
        await until(lambda: link.closed)
        peer.silent = False
        assert code(await transport.exchange(request(2), LIMITS)) == "00"
        assert peer.connections == 2


async def test_a_far_side_that_is_gone_without_a_word_is_found_out_after_one_reply_that_does_not_come():
    async with connected() as (peer, transport):
        await transport.exchange(request(1), LIMITS)
        peer.answer, peer.silent = (lambda *_: None), True
        done = await transport.exchange(request(2), LIMITS)
        assert (done.phase, done.failure) == (Phase.SENT, "read-timeout")
        link = transport._link
        await until(lambda: link.closed)
        peer.answer, peer.silent = peer.approve, False
        assert code(await transport.exchange(request(3), LIMITS)) == "00"
        assert peer.connections == 2


async def test_a_frame_that_never_ends_does_not_hold_up_those_behind_it():
    async with connected() as (peer, transport):
        peer.answer = lambda writer, _message, _body: writer.write(b"\x01")
        done = await transport.exchange(request(1), LIMITS)
        assert (done.phase, done.response) == (Phase.SENT, None)
        link = transport._link
        await until(lambda: link.closed)
        peer.answer = peer.approve
        assert code(await transport.exchange(request(2), LIMITS)) == "00"


async def test_the_peer_s_own_echo_is_answered():
    async with connected() as (peer, transport):
        await transport.exchange(request(1), LIMITS)
        peer.send(peer.writers[0], iso8583.encode(Message("0800", {11: "000077", 70: "301"})))
        await until(lambda: peer.answers)
        assert [peer.answers[0].get(number) for number in (11, 70, 39)] == ["000077", "301", "00"]


async def test_a_caller_that_goes_away_leaves_the_connection_to_the_others():
    async with connected() as (peer, transport):
        await transport.exchange(request(1), LIMITS)
        peer.answer = lambda *_: None
        waiting = asyncio.create_task(transport.exchange(request(2), LIMITS))
        await until(lambda: len(peer.orders) == 2)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        peer.answer = peer.approve
        assert code(await transport.exchange(request(2), LIMITS)) == "00"
        assert peer.connections == 1


async def test_whatever_dribbles_ends_with_the_deadline():
    async def drip(writer, whole):
        for byte in whole:
            writer.write(bytes([byte]))
            await asyncio.sleep(0.1)

    tasks = []
    async with connected() as (peer, transport):

        def answer(writer, message, _body):
            body = peer.reply(message)
            tasks.append(asyncio.create_task(drip(writer, len(body).to_bytes(2, "big") + body)))

        peer.answer = answer
        done = await transport.exchange(request(1), Limits(connect=0.5, read=9, total=0.5))
        assert (done.phase, done.failure) == (Phase.SENT, "deadline")
        for task in tasks:
            task.cancel()


async def test_what_is_no_message_is_refused_before_anything_is_sent():
    async with connected() as (peer, transport):
        with pytest.raises(EncodeError, match="FileGet"):
            await transport.exchange(FileGet("/x"), LIMITS)
        assert peer.connections == 0


def test_a_master_key_that_is_none_closes_the_endpoint_at_once():
    config = {"host": "127.0.0.1", "port": 1, "master_key": "TEST", "institution": "33040001"}
    with pytest.raises(SettingsError) as caught:
        open_transport(("tcp",), config, 1)
    assert "TEST" not in str(caught.value)


async def test_no_personal_data_and_no_key_in_logs_and_values(caplog):
    caplog.set_level("DEBUG")
    async with connected() as (peer, transport):
        done = await transport.exchange(request(1), LIMITS)
        peer.send(peer.writers[0], peer.reply(Message("0200", {11: "999999", 37: "0" * 12, 41: "33040201"})))
        await transport.exchange(request(2), LIMITS)
        text = caplog.text + repr(done) + repr(request(1))
        assert "a reply came that nobody waits for" in caplog.text
        assert "300000" not in text
        assert MASTER not in text
