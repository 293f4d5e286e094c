"""The gateway's wire form: a signed form out, an envelope with JSON in a text back. Pure."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from importlib.resources import files
from typing import Any
from urllib.parse import urlencode

from hub.sdk import DecodeError, EncodeError, Env, Tree, expect_ok
from hub.sdk.wire import HttpRequest, HttpResponse, crypto, jsoncontract, jsontext

_FORM = (("Content-Type", "application/x-www-form-urlencoded"),)
_PATHS = {"token.key": "/app/refreshTokenByKey", "token.secret": "/app/refreshTokenBySec"}
_REGISTERED = ("idcard.verify", "idcard.photoCompare", "realestate.holdings")
_VERDICTS = ("idcard.verify", "residence.permit", "entexit.verify")
_CONTRACT = jsoncontract.JsonContract(files(__package__) / "contracts")
_OK, _NOTHING = "00", "-"


class Codec:
    """Writes requests and reads replies for one application key."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._base = str(config["base_url"]).rstrip("/")
        self._app_key, self._app_secret = str(config["app_key"]), str(config["app_secret"])
        self._rare = str.maketrans(dict(config.get("rare_characters") or {}))

    def request(self, message: str, tree: Tree, env: Env) -> HttpRequest:
        """The signed form. A register compares names by its own code points: those that it published are written."""
        if message in _PATHS:
            secret = self._app_secret if message == "token.key" else env.session.get("refresh")
        else:
            if message in _REGISTERED:
                tree = {**tree, "name": str(tree["name"]).translate(self._rare)} if "name" in tree else tree
            _CONTRACT.check_request(message, tree)
            secret = env.session.get("secret")
        if not secret:
            raise EncodeError("sign", "there is no secret to sign with")
        fields = {**self._signature(str(secret), env), **tree}
        if "additional" in tree:
            fields["additional"] = jsontext.dumps(tree["additional"]).decode()
        path = _PATHS.get(message) or "/" + message.replace(".", "/")
        return HttpRequest("POST", f"{self._base}/gateway{path}", _FORM, urlencode(fields).encode())

    def _signature(self, secret: str, env: Env) -> dict[str, str]:
        stamp = str(int(env.now.timestamp() * 1000))
        sign = crypto.md5_upper(f"{self._app_key}{secret}{stamp}".encode()).lower()
        return {"appKey": self._app_key, "requestTime": stamp, "sign": sign}

    def reply(self, message: str, response: HttpResponse, env: Env) -> Tree:
        """The envelope with `datas` opened as `data`, checked. Raises Refused where the gateway did nothing."""
        expect_ok(response, env.now)
        body = _object(jsontext.loads(response.body), "body")
        tree: Tree = {"code": str(body.get("code")), "requestId": body.get("requestId") or ""}
        data = _opened(body)
        if data is not None and tree["code"] == _OK:
            tree["data"] = data
        tree["answer"] = _answer(tree)
        _CONTRACT.check_reply(_answer_to(message), tree)
        if message in _PATHS and "data" in tree:
            left = tree["data"]["requestSecretEndTime"] / 1000 - env.now.timestamp()
            tree["data"]["lifetimeSeconds"] = int(left)
        if message == "licence.get" and "data" in tree:
            _check_file(tree["data"])
        return tree


def _answer_to(message: str) -> str:
    """The part of the contract that describes an answer; several messages are answered alike."""
    return "token" if message in _PATHS else "verdict" if message in _VERDICTS else message


def _opened(body: Tree) -> Tree | None:
    """`datas` is a text with JSON in it, or the object itself, or an empty text; a list comes as `list`."""
    data = body.get("datas")
    if isinstance(data, str):
        data = jsontext.loads(data.encode()) if data else None
    if data is None:
        return None
    count = len(data) if isinstance(data, list) else 1
    if body.get("dataCount") != count:
        raise DecodeError("dataCount", "does not agree with datas")
    return {"list": data} if isinstance(data, list) else _object(data, "datas")


def _answer(tree: Tree) -> str:
    """The code; behind a yes also what the register says, so that one table holds every verdict."""
    if tree["code"] != _OK:
        return str(tree["code"])
    if "data" not in tree:
        return f"{_OK}/{_NOTHING}"
    verdict = tree["data"].get("result") or tree["data"].get("status")
    return f"{_OK}/{verdict}" if verdict else _OK


def _check_file(data: Tree) -> None:
    try:
        content = base64.b64decode(data["file"], validate=True)
    except ValueError:
        raise DecodeError("data.file", "is no base64") from None
    if not crypto.same(crypto.sm3(content).hex(), data["sm3"]):
        raise DecodeError("data.sm3", "is not the digest of the file [FILE_DIGEST]")


def _object(value: Any, where: str) -> Tree:
    if not isinstance(value, dict):
        raise DecodeError(where, "is no JSON object")
    return value
