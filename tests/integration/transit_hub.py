"""The hub's side of the bus card exchange, written by hand from the contract: it shares no code with the simulator."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from datetime import timedelta

import asyncssh
from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import SM4

from simulators.kit.clock import SHANGHAI, ManualClock
from simulators.kit.people import DEMO_CITIZEN
from simulators.kit.simulator import Profile
from simulators.transit import TransitSimulator

RESP = {"reqno": (9, 29), "result": (29, 33), "cardno": (33, 52), "newcard": (52, 71), "orderno": (71, 87),
        "fee": (87, 97), "effdate": (97, 105), "msg": (105, 165)}  # fmt: skip
CARD = {"cardno": (9, 28), "cardtype": (28, 30), "status": (30, 32), "name": (32, 62), "idmask": (62, 80),
        "balance": (80, 90), "validto": (90, 98), "lasttxn": (98, 112), "reviewdue": (112, 120)}  # fmt: skip
BLKL = {"cardno": (9, 28), "reason": (28, 30), "effective": (30, 44)}
RECN = {"reqno": (9, 29), "orderno": (29, 45), "cardno": (45, 64), "txn": (64, 66), "amount": (66, 76),
        "txntime": (76, 90), "status": (90, 92)}  # fmt: skip
FIELDS = {"RESP": RESP, "CARD": CARD, "BLKL": BLKL, "RECN": RECN}
IV = bytes(range(16))


def text(value: str, size: int) -> bytes:
    encoded = value.encode("gb18030")
    assert len(encoded) <= size, value
    return encoded + b" " * (size - len(encoded))


def number(value: int | str, size: int) -> bytes:
    return str(value).zfill(size).encode()


def appl(seq: int = 1, **changes) -> bytes:
    """A senior card for the demo citizen, unless told otherwise."""
    v = {
        "reqno": f"REQ{seq:04d}", "biz": "01", "cardtype": "30", "cardno": 0, "name": DEMO_CITIZEN.name,
        "idtype": "111", "idno": DEMO_CITIZEN.id_number, "mobile": DEMO_CITIZEN.mobile, "birth": "19520314",
        "division": "330402007", "photo": "good.jpg", "site": "040201", "amount": 0, **changes,
    }  # fmt: skip
    line = b"D" + number(seq, 8) + text(v["reqno"], 20) + number(v["biz"], 2) + number(v["cardtype"], 2)
    line += number(v["cardno"], 19) + text(v["name"], 30) + number(v["idtype"], 3) + text(v["idno"], 18)
    line += text(v["mobile"], 11) + number(v["birth"], 8) + number(v["division"], 9) + text(v["photo"], 40)
    return line + text(v["site"], 6) + number(v["amount"], 10) + b" " * 69


def rchg(cardno: str, amount: int, seq: int = 1, reqno: str = "TOP0001", paytime: str = "20260105090000") -> bytes:
    line = b"D" + number(seq, 8) + text(reqno, 20) + number(cardno, 19) + number(amount, 10) + paytime.encode()
    return line + b" " * 8 + b" " * 176


def batch(ftype: str, inst: str, day: str, seq: int, lines: list[bytes], *, keyver: str = "01", **wrong) -> bytes:
    """The text of a file; `count`, `amount`, `trailer_amount`, `head_day` make it disagree with itself."""
    start, end = (177, 187) if ftype == "APPL" else (48, 58)
    total = sum(int(line[start:end]) for line in lines if line[start:end].isdigit())
    count, amount = wrong.get("count", len(lines)), wrong.get("amount", total)
    head = b"H" + ftype.encode() + inst.encode() + wrong.get("head_day", day).encode() + number(seq, 4)
    head += number(count, 8) + number(amount, 12) + wrong.get("head_keyver", keyver).encode() + b" " * 213
    tail = b"T" + number(len(lines), 8) + number(wrong.get("trailer_amount", total), 12) + b" " * 235
    return b"".join(line + b"\r\n" for line in [head, *lines, tail])


def sm3(data: bytes) -> str:
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize().hex()


def encrypt(plain: bytes, key: bytes) -> bytes:
    padder, encryptor = padding.PKCS7(128).padder(), Cipher(SM4(key), modes.CBC(IV)).encryptor()
    return IV + encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()


def decrypt(data: bytes, key: bytes) -> bytes:
    unpadder, decryptor = padding.PKCS7(128).unpadder(), Cipher(SM4(key), modes.CBC(data[:16])).decryptor()
    return unpadder.update(decryptor.update(data[16:]) + decryptor.finalize()) + unpadder.finalize()


def jpeg(width: int = 358, height: int = 441) -> bytes:
    app0 = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    frame = b"\xff\xc0\x00\x0b\x08" + height.to_bytes(2, "big") + width.to_bytes(2, "big") + b"\x01\x01\x11\x00"
    return b"\xff\xd8" + app0 + frame + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\x00\xff\xd9"


def rows_of(plain: bytes, ftype: str) -> list[dict[str, str]]:
    assert plain.endswith(b"\r\n")
    lines = plain[:-2].split(b"\r\n")
    assert all(len(line) == 256 for line in lines)
    head, details, tail = lines[0], lines[1:-1], lines[-1]
    assert (head[:1], tail[:1]) == (b"H", b"T")
    assert int(head[21:29]) == int(tail[1:9]) == len(details)
    assert int(head[29:41]) == int(tail[9:21])
    assert [int(line[1:9]) for line in details] == list(range(1, len(details) + 1))
    fields = FIELDS[ftype].items()
    return [{name: line[a:b].decode("gb18030").rstrip(" ") for name, (a, b) in fields} for line in details]


@dataclass
class Hub:
    """A client with a session open; reads all that is whole, counts what it has sent."""

    simulator: TransitSimulator
    clock: ManualClock
    sftp: asyncssh.SFTPClient
    numbers: dict[tuple[str, str, str], int] = field(default_factory=dict)

    @property
    def today(self) -> str:
        return f"{self.clock.now().astimezone(SHANGHAI):%Y%m%d}"

    def key(self, version: str = "01") -> bytes:
        return bytes.fromhex(self.simulator.connection()["sm4_keys"][version])

    async def put(self, path: str, data: bytes) -> None:
        async with self.sftp.open(path, "wb") as file:
            await file.write(data)

    async def get(self, path: str) -> bytes:
        async with self.sftp.open(path, "rb") as file:
            return await file.read()

    async def names(self, path: str) -> list[str]:
        return sorted(str(name) for name in await self.sftp.listdir(path) if not str(name).startswith("."))

    async def send(self, ftype: str, lines: list[bytes], *, inst="0402", day="", seq=0, keyver="01", **wrong) -> str:
        """Upload one file as a careful hub does; returns its stem."""
        day = day or self.today
        number = seq or self.numbers.get((ftype, inst, day), 0) + 1
        self.numbers[ftype, inst, day] = number
        stem = f"JXGJ_{ftype}_{inst}_{day}_{number:04d}_K{keyver}"
        plain = batch(ftype, inst, day, number, lines, keyver=keyver, **wrong)
        await self.upload(f"/in/{day}/{stem}", encrypt(plain, self.key(keyver)))
        return stem

    async def upload(self, stem: str, data: bytes, ok: bytes | None = None, *, rename: bool = True) -> None:
        flag = ok if ok is not None else f"{len(data)} {sm3(data)}".encode()
        for path, content in ((f"{stem}.dat", data), (f"{stem}.ok", flag)):
            await self.put(f"{path}.tmp" if rename else path, content)
            if rename:
                await self.sftp.posix_rename(f"{path}.tmp", path)

    async def files(self, ftype: str, inst: str = "0402", day: str = "") -> list[list[dict[str, str]]]:
        """The rows of every whole file of a type, oldest first."""
        folder, found = f"/out/{day or self.today}", []
        for name in await self.names(folder):
            if name.startswith(f"JXGJ_{ftype}_{inst}") and name.endswith(".ok"):
                data, ok = await self.get(f"{folder}/{name[:-3]}.dat"), await self.get(f"{folder}/{name}")
                assert ok == f"{len(data)} {sm3(data)}".encode()
                found.append(rows_of(decrypt(data, self.key(name[-5:-3])), ftype))
        return found

    async def rows(self, ftype: str, inst: str = "0402", day: str = "") -> list[dict[str, str]]:
        return [row for file in await self.files(ftype, inst, day) for row in file]

    async def error(self, stem: str, day: str = "") -> str:
        try:
            return (await self.get(f"/out/{day or self.today}/{stem}.err")).decode("ascii")
        except asyncssh.SFTPNoSuchFile:
            return ""

    async def cycle(self, times: int = 1) -> None:
        """Let pick-ups pass, and the moment after which their files are whole."""
        await self.clock.play(timedelta(minutes=30) * times)

    async def ask(self, *lines: bytes, ftype: str = "APPL", inst: str = "0402") -> list[dict[str, str]]:
        """Send records and read the answers that come with the next cycle."""
        before = len(await self.rows("RESP", inst))
        await self.send(ftype, list(lines), inst=inst)
        await self.cycle(2)
        return (await self.rows("RESP", inst))[before:]


def login(simulator: TransitSimulator, **changes):
    """A connection as the endpoint configuration has it, the host key pinned."""
    c = {**simulator.connection(), **changes}
    known = asyncssh.import_known_hosts(f"[{c['host']}]:{c['port']} {c['host_key']}\n")
    key = asyncssh.import_private_key(c["private_key"])
    return asyncssh.connect(
        c["host"], c["port"], username=c["username"], client_keys=[key], known_hosts=known, config=None, agent_path=None
    )


@contextlib.asynccontextmanager
async def running(**profile):
    """A simulator at 09:05 on a Monday with a hub logged in and a good portrait uploaded."""
    clock = ManualClock()
    simulator = TransitSimulator(clock=clock, profile=Profile(**profile), control_port=None)
    async with simulator, login(simulator) as connection, connection.start_sftp_client() as sftp:
        await clock.play(timedelta(minutes=5))
        hub = Hub(simulator, clock, sftp)
        await hub.put("/photo/good.jpg", jpeg())
        yield hub
