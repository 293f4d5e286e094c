"""A client of the gateway written from its README alone."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
from dataclasses import dataclass, field
from urllib.parse import urlencode

import httpx

from simulators.idv import IdvSimulator, portrait
from simulators.kit.clock import ManualClock
from simulators.kit.simulator import Profile

CASE = "JX6202611243304020000015"
BUYER, SELLER, CHILD = "330402195203140024", "330402198801010012", "330411200501010025"
PURPOSE = {"itemCode": "JX6-WAT-01", "caseNo": CASE, "operatorId": "c01", "materialName": "居民身份证"}
HOUSEHOLD = {**PURPOSE, "itemCode": "JX6-WAT-11"}


@dataclass
class IdvClient:
    """Speaks the contract; every parameter can be overridden (None takes it out), to break it."""

    connection: dict
    clock: ManualClock
    http: httpx.AsyncClient
    secret: str = field(default="", repr=False)
    refresh: str = field(default="", repr=False)

    def signed(self, secret: str) -> dict[str, str]:
        stamp, key = str(int(self.clock.now().timestamp() * 1000)), self.connection["app_key"]
        sign = hashlib.md5(f"{key}{secret}{stamp}".encode()).hexdigest()  # noqa: S324 the contract says so
        return {"appKey": key, "requestTime": stamp, "sign": sign}

    async def post(self, path: str, fields: dict[str, str | None]) -> httpx.Response:
        kept = {name: value for name, value in fields.items() if value is not None}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        url = f"{self.connection['base_url']}/gateway{path}"
        return await self.http.post(url, content=urlencode(kept), headers=headers)

    async def start(self, **override) -> dict:
        return self.keep(
            (
                await self.post("/app/refreshTokenByKey", {**self.signed(self.connection["app_secret"]), **override})
            ).json()
        )

    async def renew(self, refresh: str | None = None) -> dict:
        return self.keep((await self.post("/app/refreshTokenBySec", self.signed(refresh or self.refresh))).json())

    def keep(self, answer: dict) -> dict:
        if answer["code"] == "00":
            data = opened(answer)
            self.secret, self.refresh = data["requestSecret"], data["refreshSecret"]
        return answer

    async def call(self, path: str, purpose=PURPOSE, secret: str | None = None, **fields) -> dict:
        additional = json.dumps(purpose, ensure_ascii=False) if isinstance(purpose, dict) else purpose
        whole = {**self.signed(secret or self.secret), "additional": additional, **fields}
        reply = await self.post(path, whole)
        assert reply.status_code == 200
        return reply.json()

    async def result(self, path: str, **fields) -> str:
        answer = await self.call(path, **fields)
        assert answer["code"] == "00", answer
        return opened(answer)["result"]


def opened(answer: dict):
    """`datas`, in whichever of its shapes."""
    inner = answer["datas"]
    if inner == "":
        assert answer["dataCount"] == 0
        return None
    data = json.loads(inner) if isinstance(inner, str) else inner
    assert answer["dataCount"] == (len(data) if isinstance(data, list) else 1)
    return data


def photo(number: str = BUYER, **options) -> str:
    return base64.b64encode(portrait(number, **options)).decode()


@contextlib.asynccontextmanager
async def running(*, started=True, start=None, **profile):
    """A simulator on a clock that stands still, and a client of it."""
    clock = ManualClock(start) if start else ManualClock()
    async with (
        IdvSimulator(clock=clock, profile=Profile(**profile), control_port=None) as idv,
        httpx.AsyncClient(verify=False, trust_env=False, timeout=5) as http,  # noqa: S501 no TLS here
    ):
        client = IdvClient(idv.connection(), clock, http)
        if started:
            assert (await client.start())["code"] == "00"
        yield idv, client
