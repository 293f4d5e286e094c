"""The platform's wire form: signed headers, the SM2 and SM4 envelope around each body, signed replies. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from importlib import resources
from typing import Any

from hub.sdk import DecodeError, Draw, Env, ErrorCode, Refused, Tree, expect_ok, whole_file
from hub.sdk.wire import HttpRequest, HttpResponse, WireResponse, crypto, delimited, envelope, jsoncontract, jsontext

_TOKEN_PATH = "/gateway/oauth/token"  # noqa: S105 -- a path
_AUTH = frozenset({"10002", "10003", "10004"})
_TABLE = delimited.tsv(("chargeId", "channelSerial", "bizType", "consNo", "appNo", "amt", "bizTime", "origChargeId"))
_SAME_SERVICE = {"ping": "app.query", "pay.fee": "pay.writeoff"}

CONTRACT = jsoncontract.JsonContract(
    resources.files(__package__) / "contracts", formats={"day": "%Y%m%d", "month": "%Y%m", "stamp": "%Y%m%d%H%M%S"}
)


def service_of(message: str) -> str:
    """The service that a message calls; two messages are special uses of another one's service."""
    return _SAME_SERVICE.get(message, message)


class Codec:
    """Writes requests and reads replies with the keys of one endpoint."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._base = str(config["base_url"]).rstrip("/")
        self._app_key = str(config["app_key"])
        self._secret = str(config["app_secret"]).encode()
        self._theirs = bytes.fromhex(config["platform_public_key"])
        self._ours = bytes.fromhex(config["app_private_key"])

    # writing

    def token(self, tree: Tree, env: Env, draw: Draw) -> HttpRequest:
        """The token request: its signature is a field of the plain body."""
        last = str(tree.get("refreshToken") or tree["appKey"])
        headers = self._headers(env.now, draw)
        signed = {**tree, "sign": self._sign(_TOKEN_PATH, headers, last)}
        CONTRACT.check_request("token", signed)
        return self._post(_TOKEN_PATH, headers, jsontext.dumps(signed))

    def service(self, message: str, tree: Tree, env: Env, draw: Draw) -> HttpRequest:
        """A service call. Its request id comes from the operation, so that a repeat can be told from a new one."""
        service = service_of(message)
        CONTRACT.check_request(service, tree)
        path = f"/gateway/v1/{service.replace('.', '/')}"
        body = self._seal(jsontext.dumps(tree), draw)
        headers = {
            **self._headers(env.now, draw),
            "X-Access-Token": str(env.session.get("token", "")),
            "X-Request-Id": env.vars.get("request_id") or draw(16).hex(),
        }
        headers["X-Sign"] = self._sign(path, headers, crypto.sm3(body).hex())
        return self._post(path, headers, body)

    def _headers(self, now: datetime, draw: Draw) -> dict[str, str]:
        return {
            "Content-Type": "application/json",
            "X-App-Key": self._app_key,
            "X-Timestamp": str(int(now.timestamp() * 1000)),
            "X-Nonce": draw(16).hex(),
        }

    def _sign(self, path: str, headers: Mapping[str, str], last: str) -> str:
        lines = ("POST", path, headers["X-Timestamp"], headers["X-Nonce"], last)
        return crypto.hmac_sm3(self._secret, "\n".join(lines).encode()).hex()

    def _post(self, path: str, headers: Mapping[str, str], body: bytes) -> HttpRequest:
        return HttpRequest("POST", self._base + path, tuple(headers.items()), body)

    def _seal(self, plain: bytes, draw: Draw) -> bytes:
        sealed = envelope.seal(self._theirs, plain, draw)
        return jsontext.dumps({"keyVer": "1", "encKey": sealed.key, "data": sealed.data})

    # reading

    def reply(self, message: str, response: HttpResponse, env: Env) -> Tree:
        """The opened and checked reply. Raises Refused when the gateway did nothing with the request."""
        if response.status == 401:
            raise Refused(ErrorCode.UPS_AUTH, _code(response.body))
        self._verify(response)
        expect_ok(response, env.now)
        body = jsontext.load_object(response.body)
        if message != "token":
            body = self._open(body)
        CONTRACT.check_reply(service_of(message), body)
        return self._derived(body)

    def _verify(self, response: HttpResponse) -> None:
        wanted = crypto.hmac_sm3(self._secret, crypto.sm3(response.body).hex().encode()).hex()
        if not crypto.same(wanted, response.headers.get("x-resp-sign", "")):
            raise DecodeError("X-Resp-Sign", "is missing or not the signature of this body")

    def _open(self, body: Tree) -> Tree:
        if "encKey" not in body:
            code = str(body.get("code"))
            if code in _AUTH:
                raise Refused(ErrorCode.UPS_AUTH, code)
            if code == "10001":  # our envelope could not be opened: nothing was done, and a repeat would not help
                raise Refused(ErrorCode.UPS_PROTOCOL, code)
            raise DecodeError("encKey", "is missing: a reply must be sealed")
        sealed = envelope.Sealed(str(body["encKey"]), str(body.get("data", "")))
        return jsontext.load_object(envelope.unseal(self._ours, sealed))

    def _derived(self, body: Tree) -> Tree:
        """Add the sums that the contract tells in words, and refuse addresses that would leave TLS."""
        data = body["data"]
        for bill in data.get("bills", ()):
            bill["openAmt"] = bill["rcvblAmt"] + bill["penaltyAmt"] - bill["rcvedAmt"]
        if data.get("nodeCode") == "04" and data.get("feeAmt"):
            due = data["feeAmt"] - data.get("feePaid", 0)
            data["feeDue" if due > 0 else "feeSettled"] = due
        for name in ("uploadUrl", "url"):
            if self._base.startswith("https:") and not data.get(name, "https:").startswith("https:"):
                raise DecodeError(f"data.{name}", "is not an https address, as the platform itself has")
        return body


def uploaded(response: WireResponse) -> bool:
    return isinstance(response, HttpResponse) and response.status == 200 and _code(response.body) == "1"


def day_file(response: HttpResponse, env: Env) -> Tree:
    """The rows of a downloaded reconciliation file; an altered or short one is refused whole."""
    rows = _TABLE.read(whole_file(response, str(env.vars["sm3"])))
    if str(len(rows)) != env.vars["count"]:
        raise Refused(ErrorCode.FILE_COUNT, "count")
    return {"rows": rows}


def _code(body: bytes) -> str:
    """The code of a plain reply that may be anything."""
    try:
        code = str(jsontext.load_object(body).get("code", "none"))
    except DecodeError:
        return "unreadable"
    return code if code.isalnum() and len(code) <= 16 else "?"
