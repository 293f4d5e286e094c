"""The desk: verifies a call, finds its trade, and words the answer in the caller's dialect."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lxml import etree

from simulators.water import accounts, orders, papers
from simulators.water.accounts import Asked
from simulators.water.books import MESSAGES, Books, Refused
from simulators.water.contract import breaches, contract, names, request_schema
from simulators.water.records import local_time
from simulators.water.rules import missing, rule_breaches

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from simulators.water.dialect import Body, Dialect
    from simulators.water.soap import Invoke

_TRADES: Mapping[str, Callable[[Books, Asked], Body]] = {
    "1001": accounts.find_accounts,
    "1002": accounts.arrears,
    "2001": accounts.pay,
    "2002": accounts.reverse,
    "3001": orders.accept,
    "3002": orders.progress,
    "3003": orders.cancel,
    "3004": orders.attach,
    "3005": orders.attachments,
    "3006": papers.document,
    "9001": accounts.reconciliation,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said, and what the journal should know of it."""

    code: str
    text: str
    head: Mapping[str, str] = field(default_factory=dict)
    violations: tuple[str, ...] = ()


class _Breach(Refused):
    """A request outside the contract."""

    def __init__(self, violations: tuple[str, ...]) -> None:
        super().__init__("0006", violations[0])
        self.violations = violations


@dataclass(frozen=True, slots=True)
class Desk:
    """`keys` are the companies' sign keys."""

    books: Books
    keys: Mapping[str, str]
    always_open: bool = False

    def answer(self, dialect: Dialect, invoke: Invoke, now: datetime, *, trusted: bool = True) -> Answer:
        """`trusted` says whether the caller's address is on the list. A Crash passes through."""
        head: dict[str, str] = {}
        try:
            root = _parsed(dialect, invoke.xml)
            called = names(dialect.name)
            head = dialect.read(root.find(called.head))
            self._verify(dialect, invoke, head, trusted=trusted)
            body = dialect.read(root.find(called.body))
            _check(dialect, invoke.trade, root, head, body)
            self.books.settle(now)
            asked = Asked(dialect, head, body, now, self.always_open)
            return word(dialect, head, now, "0000", _TRADES[invoke.trade](self.books, asked))
        except _Breach as breach:
            return word(dialect, head, now, breach.code, {}, message=breach.message, violations=breach.violations)
        except Refused as refused:
            return word(
                dialect, head, now, refused.code, dict(refused.carried), message=dialect.called(refused.message)
            )

    def _verify(self, dialect: Dialect, invoke: Invoke, head: Mapping[str, str], *, trusted: bool) -> None:
        key = self.keys.get(head.get("GSDM", ""), "")
        right = dialect.sign(invoke.trade, invoke.xml, key)
        if not (key and trusted and hmac.compare_digest(right.encode(), invoke.sign.encode())):
            raise Refused("0007")


def word(
    dialect: Dialect,
    head: Mapping[str, str],
    now: datetime,
    code: str,
    body: Body,
    *,
    message: str = "",
    violations: tuple[str, ...] = (),
) -> Answer:
    """An answer in the dialect; the head echoes who asked."""
    reply_head = {
        "RetCode": code,
        "RetMsg": message or MESSAGES.get(code, "未知错误"),
        "GSDM": head.get("GSDM", ""),
        "LSH": head.get("LSH", ""),
        "JYSJ": local_time(now),
    }
    return Answer(code, dialect.write(reply_head, body), head, violations)


def _parsed(dialect: Dialect, xml: str) -> etree._Element:
    try:
        return dialect.parse(xml)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise _Breach(("xmlData: not well-formed XML without a DTD",)) from error


def _check(
    dialect: Dialect, trade: str, root: etree._Element, head: Mapping[str, str], body: Mapping[str, str]
) -> None:
    known = contract().trades.get(trade)
    if known is None:
        raise _Breach((f"tradeCode: no such trade ({len(trade)} characters)",))
    kind = body.get("YWLX", "") if "" not in known.requests else ""
    if kind not in known.requests:
        raise _Breach(("YWLX: no such kind of business",))
    found = (
        missing(known.requests[kind], head, body)
        or breaches(request_schema(dialect.name, trade, kind), root)
        or rule_breaches(known, head, body)
    )
    if found:
        raise _Breach(tuple(map(dialect.called, found)))
