"""What a finished order changes in the books."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from simulators.water.records import Account, Order

if TYPE_CHECKING:
    from collections import Counter

PREFIXES = {"0401": "010", "0421": "021", "0424": "024", "0481": "081", "0482": "082", "0483": "083"}
_STATUS = {"08": "1", "09": "0", "10": "2"}


def applied(account: Account, order: Order) -> Account:
    """The account after the order; an element that came empty leaves what was there."""
    facts = order.facts
    match order.kind:
        case "01":
            account = _transferred(account, order)
        case "04":
            account = replace(account, size=facts["SBKJ"])
        case "05":
            account = replace(account, use=facts["YSXZ"])
        case "06":
            name, mobile = facts.get("BGYHMC", account.name), facts.get("BGLXDH", account.mobile)
            account = replace(account, name=name, mobile=mobile, address=facts.get("BGDZ", account.address))
        case "08" | "09" | "10":
            account = replace(account, status=_STATUS[order.kind])
        case "11":
            account = replace(account, members=int(facts["RKS"]))
    return account


def _transferred(account: Account, order: Order) -> Account:
    facts = order.facts
    new = ("ZDHZ", "ZDZJLX", "ZDZJHM") if "ZDHZ" in facts else ("YHMC", "ZJLX", "ZJHM")
    name, id_type, id_number = (facts[tag] for tag in new)
    return replace(account, name=name, id_type=id_type, id_number=id_number, mobile=facts["LXDH"])


def newly_connected(order: Order, counters: Counter[str], taken: set[str]) -> Account:
    """The account that a new connection ends with."""
    facts, prefix = order.facts, PREFIXES[order.company]
    while True:
        counters[prefix] += 1
        number = f"{prefix}{3_000_000 + counters[prefix]:07d}"
        if number not in taken:
            break
    return Account(
        number=number,
        company=order.company,
        name=facts["YHMC"],
        id_type=facts["ZJLX"],
        id_number=facts["ZJHM"],
        mobile=facts["LXDH"],
        address=facts["YSDZ"],
        use=facts.get("YSXZ", "02"),
        size=facts["SBKJ"],
        meter=f"M{number}",
    )


def contract_of(order: Order, number: str) -> Order:
    """The paper an order ends with: a contract for a new holder or connection, a certificate for a tested meter."""
    if order.kind in {"01", "02", "03"}:
        return replace(order, contract=f"HT{order.company}{number[2:]}")
    if order.kind == "12":
        return replace(order, certificate=f"JD{order.company}{number[2:]}")
    return order
