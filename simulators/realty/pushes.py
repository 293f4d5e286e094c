"""Transfers that were handed in at the registry's own windows, told to the hub (E9: 协办信息)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulators.realty.cases import ENTERED, WITHDRAWN, stamp
from simulators.realty.rules import key
from simulators.realty.schema import NEW, PUSH

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Connection

    from simulators.kit.faults import Fault
    from simulators.realty.units import Owner, Unit


class Pushes:
    """Writes QZ_TS. A push may be written twice, under two keys, or after the one that follows it."""

    def __init__(self, strike: Callable[[str, str], Fault | None]) -> None:
        self._strike = strike
        self._held: list[dict[str, Any]] = []

    def tell(
        self, connection: Connection, unit: Unit, owner: Owner, at: datetime, *, number: str, node: str, consent: bool,
        linked: str,
    ) -> None:  # fmt: skip
        """One node of one transfer: 50 entered, or 91 withdrawn."""
        if node not in {ENTERED, WITHDRAWN}:
            raise ValueError("node: 50 or 91")
        row = {
            "BSM": key("TS", number, node, 1), "YWH": number, "QXDM": unit.number[:6], "BDCDYH": unit.number,
            "BDCQZH": unit.certificate, "ZL": unit.place, "YWRMC": unit.owners[0].name, "QLRMC": owner.name,
            "ZJZL": owner.kind, "ZJH": owner.number, "DH": owner.phone, "LBSX": linked, "SQTY": str(int(consent)),
            "JDDM": node, "JDSJ": stamp(at), "DBSJ": stamp(at) if node == ENTERED else " ", "JHBZ": NEW,
        }  # fmt: skip
        if self._strike("push-order", "QZ_TS") is not None:
            self._held.append(row)
            return
        rows = [row]
        if self._strike("push", "QZ_TS") is not None:
            rows.append({**row, "BSM": key("TS", number, node, 2)})
        for each in [*rows, *self._held]:
            connection.execute(PUSH.insert().values(each))
        self._held.clear()
