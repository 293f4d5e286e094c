"""A client of the card centre written by hand from its contract: it shares no code with the hub's transport or codec."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from datetime import UTC, datetime

from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import SM4

from simulators.ccard import CcardSimulator
from simulators.kit.clock import ManualClock
from simulators.kit.simulator import Profile
from tests.golden.ccard_frames import FIELDS, frame

START = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)  # a Tuesday, 09:00 in Shanghai
DEMO, HOLDER = "3140330000000000010", "330402195203140024"


class Client:
    """One connection, by hand."""

    def __init__(self, reader, writer, master):
        self.reader, self.writer, self.master = reader, writer, bytes.fromhex(master)
        self.key = None
        self.trace = 0

    @classmethod
    async def connect(cls, centre):
        place = centre.connection()
        reader, writer = await asyncio.open_connection(place["host"], place["port"])
        return cls(reader, writer, place["master_key"])

    async def sign_on(self):
        assert (await self.manage("001"))["39"] == "00"
        self.take_keys((await self.manage("101"))["62"])
        return self

    def take_keys(self, text):
        sealed = bytes.fromhex(text)
        self.key = ecb(self.master).decryptor().update(sealed[:16])
        assert ecb(self.key).encryptor().update(bytes(16))[:8] == sealed[32:]

    async def manage(self, what, institution="33040001"):
        self.trace += 1
        await self.send(frame("0800", de11=f"{self.trace:06d}", de32=institution, de70=what))
        return await self.receive()

    async def ask(self, code, mti="0200", *, tags=None, key=None, trace=None, **fields):
        """Send a sealed message and read the reply."""
        self.trace += 1
        stan = trace or f"{self.trace:06d}"
        usual = {"de3": code, "de7": "1124090000", "de11": stan, "de12": "090000", "de13": "1124", "de32": "33040001"}
        usual |= {"de37": f"{int(stan):012d}", "de41": "33040201", "de42": "330400000000001", "de49": "156"}
        made = frame(mti, tags, **{name: value for name, value in {**usual, **fields}.items() if value is not None})
        cut = made.index(b"0" * 16, len(made) - 16 - (42 if "de90" in fields else 0) - (3 if "de70" in fields else 0))
        await self.send(made[:cut] + mac(key or self.key, made[:cut]) + made[cut + 16 :])
        return await self.receive()

    async def send(self, body):
        self.writer.write(struct.pack(">H", len(body)) + body)
        await self.writer.drain()

    async def receive(self):
        async with asyncio.timeout(2):
            size = struct.unpack(">H", await self.reader.readexactly(2))[0]
            return cut_up(await self.reader.readexactly(size))

    def close(self):
        self.writer.transport.abort()


def ecb(key):
    return Cipher(SM4(key), modes.ECB())  # noqa: S305 -- how the centre wraps keys


def mac(key, data):
    last = Cipher(SM4(key), modes.CBC(bytes(16))).encryptor().update(data + bytes(-len(data) % 16))[-16:]
    return last[:8].hex().upper().encode()


def cut_up(body):
    """A frame by its places: fields by number, tags of field 48 by `48.nnn`, and what the MAC covers."""
    found, at = {"mti": body[:4].decode()}, 20
    bits = f"{int(body[4:20], 16):064b}"
    if bits[0] == "1":
        bits, at = bits + f"{int(body[20:36], 16):064b}", 36
    for number in [n for n, bit in enumerate(bits, start=1) if bit == "1" and n > 1]:
        width = FIELDS[number][0]
        if number == 64:
            found["signed"] = body[:at]
        if width < 0:
            at, width = at - width, int(body[at : at - width])
        value, at = body[at : at + width], at + width
        if number == 48:
            place = 0
            while place < len(value):
                size = int(value[place + 3 : place + 6])
                found[f"48.{value[place : place + 3].decode()}"] = value[place + 6 : place + 6 + size].decode("gb18030")
                place += 6 + size
        else:
            found[str(number)] = value.decode()
    assert at == len(body)
    return found


@contextlib.asynccontextmanager
async def centre(*, start=START, sign_on=True, **profile):
    """A card centre on a clock that stands still, and a client that has signed on."""
    clock = ManualClock(start)
    async with CcardSimulator(clock=clock, profile=Profile(**profile), control_port=0) as simulator:
        client = await Client.connect(simulator)
        if sign_on:
            await client.sign_on()
        try:
            yield simulator, client
        finally:
            client.close()
