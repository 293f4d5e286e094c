"""The BOSS's wire form: documents in forms, serials that are times, what INFO says besides words, the file of a day."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from importlib import resources
from typing import Any

from hub.sdk import DecodeError, EncodeError, Env, ErrorCode, Refused, Tree, expect_ok
from hub.sdk.wire import HttpRequest, HttpResponse, basic_auth, crypto, sheet, xml, xmlcontract, xmlform

_CONTRACT = xmlcontract.XmlContract(resources.files(__package__) / "contracts" / "request.xsd")
_SESSION_OVER = "1001"
_LISTS = ("CUST", "BILL", "ADDR")
_ACTS = {"BS4001": 1, "BS4002": 2, "BS5002": 3}
_SPAN = 10**10
_SERIAL = re.compile(r"([0-9]{6})([0-9]{4})([0-9]{10})")
_STAMP = re.compile(r"20([0-9]{6})([0-2][0-9])([0-5][0-9])([0-5][0-9])([0-9]{6})")
_SMALL_X = re.compile(r"[1-8][0-9]{16}X")
_NUMBERS = ("IDNO", "AGENTIDNO", "LEGALIDNO")
_HALVES = {"AM": "上午", "PM": "下午"}
_OWED = re.compile(r"(?:欠费|违约金):([0-9]{1,8}(?:\.[0-9]{1,2})?)")
_BREACH = re.compile(r"参数错误:([A-Za-z]{1,20})")
_COLUMNS = ("流水号", "操作员", "客户编号", "业务类型", "金额", "办理时间", "收据号", "工单号")
_FILE = sheet.Sheet(_COLUMNS, total="合计", count_in="客户编号", amount_of="金额")


def stamped(serial: str, city: str, act: int = 0) -> str:
    """Our serial as the BOSS wants one: a real time of the day it is from, and six digits.

    Every serial of the city has a time of its own, the same in each attempt, and each act on an order (0 the order, 1
    a payment, 2 a reversal, 3 a cancelling) another. Raises EncodeError for a serial of another city.
    """
    found = _SERIAL.fullmatch(serial)
    if found is None or found[2] != city:
        raise EncodeError("HEAD.SERIALNO", "is made of serials of one city only; config city says which")
    seconds, rest = divmod(act * _SPAN + int(found[3]), 10**6)
    return f"20{found[1]}{seconds // 3600:02d}{seconds // 60 % 60:02d}{seconds % 60:02d}{rest:06d}"


def unstamped(stamp: str, city: str) -> str:
    """Our serial out of what `stamped` made of it, whatever the act; anything else as it is."""
    found = _STAMP.fullmatch(stamp)
    if found is None:
        return stamp
    hours, minutes, seconds, rest = map(int, found.groups()[1:])
    number = ((hours * 60 + minutes) * 60 + seconds) * 10**6 + rest
    return f"{found[1]}{city}{number % _SPAN:010d}" if number < (max(_ACTS.values()) + 1) * _SPAN else stamp


class Codec:
    """Writes requests and reads answers of one endpoint."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._config = config
        self._base = str(config["base_url"]).rstrip("/")
        self._city = str(config["city"])

    def request(self, message: str, tree: Tree) -> HttpRequest:
        """A service call, held against the contract. Raises EncodeError with the field's path."""
        head, body = dict(tree["HEAD"]), self._body(dict(tree["BODY"]))
        if message != "BS1001":
            head["SERIALNO"] = stamped(head["SERIALNO"], self._city, _ACTS.get(message, 0))
        document = _CONTRACT.write(message, {"HEAD": head, "BODY": body}, "REQUEST")
        headers, content = xmlform.encode(document)
        return HttpRequest("POST", f"{self._base}/boss/interface.do", headers, content)

    def _body(self, body: Tree) -> Tree:
        """The few fields whose spelling is more than a format."""
        for name in _NUMBERS:
            if _SMALL_X.fullmatch(body.get(name, "")):
                body[name] = body[name].lower()
        if "PWD" in body:
            body["PWD"] = crypto.md5_upper(body["PWD"].encode())
        if "SERIALNO" in body:
            body["SERIALNO"] = stamped(body["SERIALNO"], self._city)
        if "VISITTIME" in body:
            day, _, half = str(body["VISITTIME"]).partition(" ")
            year, month, of_month = map(int, day.split("-"))
            body["VISITTIME"] = f"{year}/{month}/{of_month} {_HALVES[half]}"
        if "TODATE" in body and not _within_a_year(body["FROMDATE"], body["TODATE"]):
            raise EncodeError("BODY.TODATE", "is before FROMDATE, or more than 12 months after it")
        return body

    def answer(self, response: HttpResponse, env: Env) -> Tree:
        """The document of an answer. Raises Refused when the session was over: nothing was done then."""
        expect_ok(response, env.now)
        document = xmlform.decode(response.headers, response.body, "RESPONSE")
        tree = xml.to_tree(document, _LISTS)
        head, body = tree.get("HEAD"), tree.get("BODY") or {}
        if not isinstance(head, dict) or not isinstance(body, dict):
            raise DecodeError("RESPONSE", "has no HEAD, or a BODY that is text")
        if head.get("RETURN") == _SESSION_OVER:
            raise Refused(ErrorCode.UPS_AUTH, _SESSION_OVER)
        if isinstance(paid := body.get("LASTPAY"), dict):
            body["LASTPAY"] = {**paid, "SERIALNO": unstamped(str(paid.get("SERIALNO", "")), self._city)}
        return {"HEAD": {**head, **_said(head)}, "BODY": body}

    def file_request(self, tree: Tree) -> HttpRequest:
        url = f"{self._base}/boss/files/{tree['day']}_{tree['branch']}.csv"
        return HttpRequest("GET", url, (basic_auth(self._config["files_user"], self._config["files_password"]),))

    def file(self, response: HttpResponse, env: Env) -> Tree:
        """The lines of a day's file, counted and summed; a file that is not there yet is late."""
        if response.status in {401, 403}:
            raise Refused(ErrorCode.UPS_AUTH, f"HTTP {response.status}")
        if response.status == 404:
            raise Refused(ErrorCode.FILE_LATE, "HTTP 404")
        expect_ok(response, env.now)
        return {"ROW": [{**row, "SERIAL": self._serial(row)} for row in _FILE.read(response.body)]}

    def _serial(self, row: Mapping[str, str]) -> str:
        """Another operator's serial is a real time, and says nothing of ours."""
        own = row["操作员"] == self._config["operator"]
        return unstamped(row["流水号"], self._city) if own else row["流水号"]


def _said(head: Mapping[str, Any]) -> Tree:
    """What INFO says to a machine: an amount owed, or the tag that breaks the contract."""
    info = str(head.get("INFO", ""))
    owed, breach = _OWED.fullmatch(info), _BREACH.fullmatch(info)
    said: Tree = {"OWED": owed[1]} if owed else {}
    return {**said, "FIELD": breach[1]} if breach and head.get("RETURN") == "-1" else said


def _within_a_year(start: str, end: str) -> bool:
    begin, finish = (date(*map(int, text.split("/"))) for text in (start, end))
    return begin <= finish and (finish.year, finish.month, finish.day) <= (begin.year + 1, begin.month, begin.day)
