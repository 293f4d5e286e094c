"""A client of the power platform written from its README alone, and a subscriber for its webhooks."""

from __future__ import annotations

import base64
import contextlib
import functools
import json
import secrets
from dataclasses import dataclass, field

import gmalg
import httpx
from cryptography.hazmat.primitives import hashes, hmac, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from simulators.kit.clock import ManualClock
from simulators.kit.faults import Faults
from simulators.kit.http import HttpCall, HttpReply, HttpServer
from simulators.kit.simulator import Profile
from simulators.power import PowerSimulator

DEMO = "3304020012345"
SENIOR = {"custName": "王秀兰", "certTypeCode": "01", "certNo": "330402195203140024"}
FORMER = {"custName": "李建国", "certTypeCode": "01", "certNo": "330402198801010012"}
FIRM = {"custName": "嘉兴市模拟纺织有限公司", "certTypeCode": "08", "certNo": "91330402MA28A12323"}
ADDRESS = {"divisionCode": "330402007", "text": "嘉兴市南湖区建设街道中山东路100号1幢2单元301室"}
_SUPPLY = {"addr": ADDRESS, "elecTypeCode": "200", "contractCap": "8", "voltCode": "AC00220"}
_TRANSFER = {
    "consNo": DEMO,
    "oldCustName": "李建国",
    "oldHolderConsent": "01",
    "ownershipNo": "浙（2026）嘉兴市不动产权第0012345号",
    "settleMode": "01",
}
BY_TYPE = {
    "110": {**SENIOR, **_SUPPLY},
    "120": {**FIRM, **_SUPPLY, "elecTypeCode": "402", "voltCode": "AC00380", "contractCap": "30.5"},
    "130": {
        **FIRM,
        **_SUPPLY,
        "elecTypeCode": "100",
        "voltCode": "AC10000",
        "projectName": "模拟厂房",
        "startDate": "20260301",
    },
    "140": {**FORMER, "consNo": DEMO, "contractCap": "12", "reason": "加装空调"},
    "210": {**SENIOR, **_TRANSFER},
    "211": {**FIRM, **_TRANSFER, "consNo": "3304020019001", "oldCustName": "旧公司"},
    "310": {**FORMER, "consNo": DEMO, "touPlan": "01"},
    "320": {
        **FORMER,
        "consNo": DEMO,
        "memberCount": 5,
        "members": [{"name": "李小明", "certTypeCode": "01", "certNo": "330411200501010025"}],
        "startDate": "20260201",
    },
    "330": {**FORMER, "consNo": DEMO, "changes": {"mobile": "13900139000"}},
    "410": {
        **FORMER,
        "consNo": DEMO,
        "suspendKind": "01",
        "startDate": "20260110",
        "endDate": "20260410",
    },
    "420": {**FORMER, "consNo": DEMO, "reason": "房屋拆迁"},
    "510": {**FORMER, "consNo": DEMO, "doubt": "电表走得太快"},
    "610": {**SENIOR, "addr": ADDRESS, "parkingNo": "B1-023", "chargerKw": "7", "voltCode": "AC00220"},
}


def form(app_type="210", outer="JX6-0001", **changes):
    """A complete application; None takes a field out."""
    whole = {
        "appTypeCode": app_type,
        "outerNo": outer,
        "orgNo": "330402001",
        "channel": "01",
        "operatorNo": "W001",
        "contact": {"name": "王秀兰", "mobile": "13800138000"},
        **BY_TYPE[app_type],
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def sm3(data: bytes) -> str:
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize().hex()


def hmac_sm3(secret: str, text: str) -> str:
    mac = hmac.HMAC(secret.encode(), hashes.SM3())
    mac.update(text.encode())
    return mac.finalize().hex()


@functools.lru_cache
def session_key(public: str) -> tuple[bytes, bytes]:
    """One SM4 key, wrapped once: a real client takes a fresh one each time, but SM2 in Python is slow."""
    key = secrets.token_bytes(16)
    return key, gmalg.SM2(pk=bytes.fromhex(public)).encrypt(key)


def seal(plain: bytes, public: str) -> bytes:
    (key, wrapped), iv = session_key(public), secrets.token_bytes(16)
    padder = padding.PKCS7(128).padder()
    cipher = Cipher(algorithms.SM4(key), modes.CBC(iv)).encryptor()
    data = cipher.update(padder.update(plain) + padder.finalize()) + cipher.finalize()
    envelope = {
        "keyVer": "1",
        "encKey": wrapped[1:].hex(),
        "data": base64.b64encode(iv + data).decode(),
    }
    return json.dumps(envelope).encode()


def unseal(body: bytes, private: str) -> dict:
    envelope = json.loads(body)
    assert set(envelope) == {"keyVer", "encKey", "data"}
    assert len(envelope["encKey"]) == 224
    key = gmalg.SM2(bytes.fromhex(private)).decrypt(b"\x04" + bytes.fromhex(envelope["encKey"]))
    blob = base64.b64decode(envelope["data"])
    cipher = Cipher(algorithms.SM4(key), modes.CBC(blob[:16])).decryptor()
    unpadder = padding.PKCS7(128).unpadder()
    text = unpadder.update(cipher.update(blob[16:]) + cipher.finalize()) + unpadder.finalize()
    return json.loads(text)


@dataclass
class PowerClient:
    """Speaks the contract; every header can be overridden, to break it."""

    connection: dict
    clock: ManualClock
    http: httpx.AsyncClient
    token: str = ""
    refresh: str = ""
    last: httpx.Response | None = field(default=None, repr=False)

    def stamp(self) -> str:
        return str(int(self.clock.now().timestamp() * 1000))

    async def post(self, path: str, body: bytes, last: str, **headers: str | None) -> httpx.Response:
        sent = {
            "Content-Type": "application/json",
            "X-App-Key": self.connection["app_key"],
            "X-Access-Token": self.token,
            "X-Timestamp": self.stamp(),
            "X-Nonce": secrets.token_hex(16),
            "X-Request-Id": secrets.token_hex(16),
        }
        sent.update({name.replace("_", "-"): value for name, value in headers.items()})
        lines = ("POST", path, sent["X-Timestamp"] or "", sent["X-Nonce"] or "", last)
        sent.setdefault("X-Sign", hmac_sm3(self.connection["app_secret"], "\n".join(lines)))
        kept = {name: value for name, value in sent.items() if value is not None}
        self.last = await self.http.post(self.connection["base_url"] + path, content=body, headers=kept)
        return self.last

    async def login(self, *, refresh: str | None = None, sign: str | None = None) -> dict:
        path, key = "/gateway/oauth/token", self.connection["app_key"]
        stamp, nonce = self.stamp(), secrets.token_hex(16)
        last = refresh or key
        text = f"POST\n{path}\n{stamp}\n{nonce}\n{last}"
        body = {"appKey": key, "sign": sign or hmac_sm3(self.connection["app_secret"], text)}
        if refresh:
            body |= {"grantType": "refreshToken", "refreshToken": refresh}
        reply = await self.post(path, json.dumps(body).encode(), last, X_Timestamp=stamp, X_Nonce=nonce)
        answer = reply.json()
        if answer["code"] == 1:
            self.token, self.refresh = answer["data"]["accessToken"], answer["data"]["refreshToken"]
        return answer

    async def call(self, service: str, data: object, **headers: str | None) -> dict:
        body = seal(json.dumps(data, ensure_ascii=False).encode(), self.connection["platform_public_key"])
        reply = await self.post(f"/gateway/v1/{service}", body, sm3(body), **headers)
        if reply.headers.get("X-Resp-Sign") != hmac_sm3(self.connection["app_secret"], sm3(reply.content)):
            raise ValueError("X-Resp-Sign does not hold")
        if "encKey" in reply.json():
            assert reply.status_code == 200
            return unseal(reply.content, self.connection["app_private_key"])
        return reply.json()

    async def ok(self, service: str, data: object, **headers: str | None) -> dict:
        answer = await self.call(service, data, **headers)
        assert answer["code"] == 1, answer
        assert answer["message"] == ""
        assert len(answer["traceId"]) == 32
        return answer["data"]

    async def upload(self, content: bytes = b"%PDF-1.7 synthetic", name: str = "a.pdf") -> str:
        asked = {"fileName": name, "size": len(content), "sm3": sm3(content)}
        slot = await self.ok("attach/presign", asked)
        reply = await self.http.put(slot["uploadUrl"], content=content)
        assert reply.status_code == 200, reply.text
        return slot["fileId"]


@contextlib.asynccontextmanager
async def running(*, logged_in=True, start=None, **profile):
    """A simulator on a clock that stands still, and a client of it."""
    clock = ManualClock(start) if start else ManualClock()
    async with (
        PowerSimulator(clock=clock, profile=Profile(**profile), control_port=None) as power,
        httpx.AsyncClient(verify=False, trust_env=False, timeout=5) as http,  # noqa: S501 -- no TLS here
    ):
        client = PowerClient(power.connection(), clock, http)
        if logged_in:
            await client.login()
        yield power, client


class Subscriber:
    """A webhook receiver; `answers` are used up one by one, then it says yes."""

    def __init__(self, clock, answers=()):
        self.events: list[dict] = []
        self.arrivals: list = []
        self.answers = list(answers)
        self._clock = clock
        self._server = HttpServer(self._handle, Faults(), clock)

    async def __aenter__(self):
        await self._server.start()
        return self

    async def __aexit__(self, *_):
        await self._server.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.port}/callbacks/power"

    @property
    def nodes(self) -> list[str]:
        return [event["nodeCode"] for event in self.events]

    async def _handle(self, call: HttpCall) -> HttpReply:
        assert call.method == "POST"
        self.events.append(json.loads(call.body))
        self.arrivals.append(self._clock.now())
        status, body = self.answers.pop(0) if self.answers else (200, b'{"code":"1"}')
        return HttpReply(status, [("Content-Type", "application/json")], body)


def signature_holds(event: dict, public: str) -> bool:
    text = "&".join(f"{name}={event[name]}" for name in sorted(event) if name != "signSm2")
    raw = bytes.fromhex(event["signSm2"])
    assert len(raw) == 64
    checker = gmalg.SM2(uid=b"1234567812345678", pk=bytes.fromhex(public))
    return checker.verify(text.encode(), raw[:32], raw[32:])
