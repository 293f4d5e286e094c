"""The two dialects of the document inside `xmlData` and `InvokeResult`: its form, its signature, its daily file."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from hub.sdk import DecodeError, EncodeError, Tree
from hub.sdk.wire import charsets, crypto, delimited, jsontext, xml, xmlcontract

CONTRACTS = resources.files(__package__) / "contracts"


@dataclass(frozen=True, slots=True)
class Dialect:
    """One dialect. `charset` is what it declares; what it calls gb2312 is GBK in truth."""

    name: str
    path: str
    charset: str
    root: str
    body: str
    business: str
    visit: str
    data: str
    daily_name: str
    daily_text: str
    daily_rows: str
    columns: tuple[str, ...]
    customer: tuple[str, str]
    sign: Callable[[str, str], str]
    parse: Callable[[str], Tree]

    def write(self, message: str, tree: Tree, hours: Mapping[str, str]) -> str:
        """Write a request's document, checked against the pinned contract. Raises EncodeError with the field's path."""
        body = dict(tree.get(self.body, {}))
        if self.visit in body:
            body[self.visit] = _slot(body[self.visit], hours, f"{self.body}.{self.visit}")
        kind = f".{body.get(self.business)}" if message == "3001" else ""
        document = _contract(self.name).write(f"Q{message}{kind}", {**tree, self.body: body}, self.root)
        try:
            return charsets.decode(xml.to_bytes(document, self.charset), self.charset)
        except EncodeError as error:
            raise EncodeError(xmlcontract.dotted(error.where), str(error).partition(": ")[2]) from None

    def read(self, message: str, text: str) -> Tree:
        """Read a reply's document; the file in a 9001 is unfolded into rows. Raises DecodeError."""
        tree = self.parse(text)
        body = tree.get(self.data)
        if message == "9001" and isinstance(body, dict) and body.get(self.daily_name):
            where = f"{self.data}.{self.daily_text}"
            try:
                content = base64.b64decode(str(body.get(self.daily_text, "")), validate=True)
            except (binascii.Error, ValueError):
                raise DecodeError(where, "is not base64") from None
            return {**tree, self.data: {**body, self.daily_text: "", self.daily_rows: self._rows(content)}}
        return tree

    def _rows(self, content: bytes) -> list[dict[str, str]]:
        summary = delimited.Summary("first", amount_of=self.columns[3])
        rows = delimited.Table(self.columns, charset=self.charset, summary=summary).read(content)
        # A reversal is listed under a serial made of the payment's, which is of the same day: see 2002.
        serial = self.columns[1]
        paid = {row[serial][1:]: row[serial] for row in rows if not row[serial].startswith("R")}
        rows = [{**row, serial: paid.get(row[serial][1:], row[serial])} for row in rows]
        # A fee's payment has the number of its order where others have the number of the account.
        account, number = self.customer
        return [{**row, account: "", number: row[account]} if row[account].startswith("W") else row for row in rows]


def _slot(slot: str, hours: Mapping[str, str], where: str) -> str:
    """`2026-12-02 AM` with the hours that the company visits in."""
    day, _, half = slot.partition(" ")
    if half not in hours:
        raise EncodeError(where, "the endpoint's visit_hours lack this half of the day")
    begin, _, end = hours[half].partition("-")
    return f"{day.replace('-', '')}{begin}-{end}"


@cache
def _contract(name: str) -> xmlcontract.XmlContract:
    return xmlcontract.XmlContract(CONTRACTS / f"{name.lower()}.request.xsd")


def _sign_a(text: str, key: str) -> str:
    return crypto.md5_upper(charsets.encode(text + key, "gbk"))


def _sign_b(text: str, key: str) -> str:
    return crypto.hmac_sha256(key.encode(), text.encode()).hex()


def _parse_a(text: str) -> Tree:
    document = xml.parse(text)
    if document.tag != "ROOT":
        raise DecodeError("InvokeResult", "holds another document than ROOT")
    return xml.to_tree(document)


def _parse_b(text: str) -> Tree:
    document: Any = jsontext.loads(text.encode())
    if not isinstance(document, dict):
        raise DecodeError("InvokeResult", "is no JSON object")
    return document


DIALECTS = {
    "A": Dialect(
        name="A",
        path="/YYService/Business.asmx",
        charset="gb2312",
        root="ROOT",
        body="BODY",
        business="YWLX",
        visit="YYSJ",
        data="BODY",
        daily_name="WJM",
        daily_text="NR",
        daily_rows="MX",
        columns=("JYRQ", "LSH", "YHBH", "JE", "QDLX", "JYLX"),
        customer=("YHBH", "SLBH"),
        sign=_sign_a,
        parse=_parse_a,
    ),
    "B": Dialect(
        name="B",
        path="/YYServiceB/Business.asmx",
        charset="utf-8",
        root="request",
        body="body",
        business="businessType",
        visit="visitSlot",
        data="data",
        daily_name="fileName",
        daily_text="content",
        daily_rows="rows",
        columns=("tradeDate", "serialNo", "accountNo", "amount", "channel", "kind"),
        customer=("accountNo", "orderNo"),
        sign=_sign_b,
        parse=_parse_b,
    ),
}
