"""The platform's wire form: signed headers, the SM2 and SM4 envelope around each body, signed replies. Pure."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from adapters.power import contract
from hub.sdk import DecodeError, Draw, EncodeError, Env, ErrorCode, Refused, Tree
from hub.sdk.wire import HttpRequest, HttpResponse, WireResponse, crypto, delimited, jsontext, retry_after

_TOKEN_PATH = "/gateway/oauth/token"  # noqa: S105 -- a path
_AUTH = frozenset({"10002", "10003", "10004"})
_DID_NOTHING = {429: ErrorCode.UPS_THROTTLED, 503: ErrorCode.UPS_UNAVAILABLE}
_OUR_MISTAKE = frozenset({404, 405, 415})
_HALF_DAYS = {"AM": ("083000", "113000"), "PM": ("133000", "170000")}
_TABLE = delimited.tsv(("chargeId", "channelSerial", "bizType", "consNo", "appNo", "amt", "bizTime", "origChargeId"))


class Codec:
    """Writes requests and reads replies with the keys of one endpoint."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._base = str(config["base_url"]).rstrip("/")
        self._app_key = str(config["app_key"])
        self._secret = str(config["app_secret"]).encode()
        self._keys = {name: str(config[name]) for name in config if name.endswith(("_public_key", "_private_key"))}

    # writing

    def token(self, tree: Tree, env: Env, draw: Draw) -> HttpRequest:
        """The token request: its signature is a field of the plain body."""
        last = str(tree.get("refreshToken") or tree["appKey"])
        headers = self._headers(env.now, draw)
        signed = {**tree, "sign": self._sign(_TOKEN_PATH, headers, last)}
        contract.check_request("token", signed)
        return self._post(_TOKEN_PATH, headers, jsontext.dumps(signed))

    def service(self, message: str, tree: Tree, env: Env, draw: Draw) -> HttpRequest:
        """A service call. Its request id comes from the operation, so that a repeat can be told from a new one."""
        tree = _with_slot(tree)
        contract.check_request(message, tree)
        path = f"/gateway/v1/{contract.service_of(message).replace('.', '/')}"
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
        key, iv = draw(16), draw(16)
        wrapped = crypto.sm2_encrypt(self._key("platform_public_key", 65), key, draw)
        data = base64.b64encode(iv + crypto.sm4_cbc_encrypt(key, iv, plain)).decode()
        return jsontext.dumps({"keyVer": "1", "encKey": wrapped.hex(), "data": data})

    # reading

    def reply(self, message: str, response: HttpResponse, env: Env) -> Tree:
        """The opened and checked reply. Raises Refused when the gateway did nothing with the request."""
        if response.status == 401:
            raise Refused(ErrorCode.UPS_AUTH, _code(response.body))
        self._verify(response)
        if response.status in _DID_NOTHING:
            wait = retry_after(response.headers, env.now)
            raise Refused(_DID_NOTHING[response.status], f"HTTP {response.status}", wait)
        if response.status in _OUR_MISTAKE:
            raise Refused(ErrorCode.UPS_PROTOCOL, f"HTTP {response.status}")
        if response.status != 200:
            raise DecodeError("status", f"HTTP {response.status} is not part of the contract")
        body = _object(response.body)
        if message != "token":
            body = self._open(body)
        contract.check_reply(message, body)
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
        try:
            wrapped = bytes.fromhex(body["encKey"])
            sealed = base64.b64decode(body["data"], validate=True)
        except (ValueError, TypeError, KeyError):
            raise DecodeError("data", "is no envelope of hex key and base64 data") from None
        key = crypto.sm2_decrypt(self._key("app_private_key", 32), wrapped)
        if len(key) != 16:
            raise DecodeError("encKey", f"holds {len(key)} bytes, not a key of 16")
        return _object(crypto.sm4_cbc_decrypt(key, sealed[:16], sealed[16:]))

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

    def callback_key(self) -> bytes:
        return self._key("callback_public_key", 65)

    def _key(self, name: str, size: int) -> bytes:
        try:
            key = bytes.fromhex(self._keys[name])
        except ValueError:
            key = b""
        if len(key) != size:
            raise EncodeError(f"config.{name}", f"is not {2 * size} hex digits")
        return key


def upload(url: str, content: bytes) -> HttpRequest:
    """The address carries the right to upload, so there are no credentials."""
    return HttpRequest("PUT", url, (("Content-Type", "application/octet-stream"),), content)


def uploaded(response: WireResponse) -> bool:
    return isinstance(response, HttpResponse) and response.status == 200 and _code(response.body) == "1"


def day_file(response: HttpResponse, env: Env) -> Tree:
    """The rows of a downloaded reconciliation file; an altered or short one is refused whole."""
    if response.status != 200:
        raise Refused(ErrorCode.UPS_UNAVAILABLE, f"HTTP {response.status}")
    if not crypto.same(crypto.sm3(response.body).hex(), str(env.vars["sm3"])):
        raise Refused(ErrorCode.FILE_DIGEST, "sm3")
    rows = _TABLE.read(response.body)
    if str(len(rows)) != env.vars["count"]:
        raise Refused(ErrorCode.FILE_COUNT, "count")
    return {"rows": rows}


def _with_slot(tree: Tree) -> Tree:
    """Write the visit slot `2026-12-02 AM` as the two instants that the platform wants."""
    slot = tree.get("visitSlot")
    if not slot:
        return tree
    day, _, half = str(slot["begin"]).partition(" ")
    begin, end = (day.replace("-", "") + clock for clock in _HALF_DAYS.get(half, ("", "")))
    return {**tree, "visitSlot": {"begin": begin, "end": end}}


def _object(body: bytes) -> Tree:
    tree = jsontext.loads(body)
    if not isinstance(tree, dict):
        raise DecodeError("body", "is no JSON object")
    return tree


def _code(body: bytes) -> str:
    """The code of a plain reply that may be anything."""
    try:
        code = str(_object(body).get("code", "none"))
    except DecodeError:
        return "unreadable"
    return code if code.isalnum() and len(code) <= 16 else "?"
