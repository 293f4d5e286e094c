"""The exchange tables (前置库): who writes which, column by column. The contract in words is in README.md."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import CHAR, VARCHAR, Column, MetaData, Numeric, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

METADATA = MetaData()
NEW, TAKEN, DONE, FAILED = "0", "1", "2", "3"  # JHBZ
_STAMP = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}")


def _table(name: str, **columns: Any) -> Table:
    made = [Column(key, kind, primary_key=key == "BSM") for key, kind in columns.items()]
    return Table(name, METADATA, *made)


def _c(width: int) -> CHAR:
    return CHAR(width)


def _v(width: int) -> VARCHAR:
    return VARCHAR(width)


def _n(digits: int, scale: int) -> Numeric[Any]:
    return Numeric(digits, scale, asdecimal=False)


APPLICATION = _table(
    "QZ_SQ",
    BSM=_c(32), SLBH=_c(20), QXDM=_c(6), DJLX=_c(3), DJYY=_v(50), BDCDYH=_c(28), BDCQZH=_v(60), ZL=_v(200),
    HTBH=_v(50), QDJG=_n(15, 6), SQSJ=_v(19), LBSX=_v(20), HZMC=_v(60), HZZJZL=_v(2), HZZJH=_v(30),
    DLRMC=_v(60), DLRZJZL=_v(2), DLRZJH=_v(30), DLRDH=_v(20),
    JHBZ=_c(1), JHCS=_n(3, 0), SBYY=_v(200), CXBZ=_c(1), BZBZ=_c(1),
)  # fmt: skip
PARTY = _table(
    "QZ_QLR",
    BSM=_c(32), SQBSM=_c(32), LX=_c(1), SXH=_v(3), MC=_v(60), ZJZL=_v(2), ZJH=_v(30), DH=_v(20),
    GYFS=_c(1), QLBL=_v(20),
)  # fmt: skip
FILE = _table(
    "QZ_FJ", BSM=_c(32), SQBSM=_c(32), FJLX=_v(2), WJM=_v(100), WJLJ=_v(200), SM3=_c(64), PC=_v(2)
)  # fmt: skip
PROGRESS = _table(
    "QZ_JD", BSM=_c(32), SQBSM=_c(32), YWH=_v(20), JDDM=_c(2), JDSJ=_v(19), YJ=_v(200), JHBZ=_c(1)
)  # fmt: skip
RESULT = _table(
    "QZ_JG",
    BSM=_c(32), SQBSM=_c(32), YWH=_v(20), BDCDYH=_c(28), BDCQZH=_v(60), DBSJ=_v(19), DZZZBH=_v(64),
    WJLJ=_v(200), SM3=_c(64), JHBZ=_c(1),
)  # fmt: skip
PUSH = _table(
    "QZ_TS",
    BSM=_c(32), YWH=_v(20), QXDM=_c(6), BDCDYH=_c(28), BDCQZH=_v(60), ZL=_v(200), YWRMC=_v(60), QLRMC=_v(60),
    ZJZL=_v(2), ZJH=_v(30), DH=_v(20), LBSX=_v(20), SQTY=_c(1), JDDM=_c(2), JDSJ=_v(19), DBSJ=_v(19), JHBZ=_c(1),
)  # fmt: skip
HOLDING = _table(
    "QZ_QS",
    BSM=_c(32), BDCDYH=_c(28), BDCQZH=_v(60), ZL=_v(200), QLRMC=_v(60), ZJZL=_v(2), ZJH=_v(30), GYFS=_c(1),
    QLBL=_v(20), JZMJ=_n(12, 2), YT=_v(20), CFZT=_c(1), DYZT=_c(1), GXSJ=_v(19),
)  # fmt: skip

RIGHTS: Mapping[str, str] = {
    "QZ_SQ": "SELECT, INSERT, UPDATE",
    "QZ_QLR": "SELECT, INSERT",
    "QZ_FJ": "SELECT, INSERT",
    "QZ_JD": "SELECT, UPDATE",
    "QZ_JG": "SELECT, UPDATE",
    "QZ_TS": "SELECT, UPDATE",
    "QZ_QS": "SELECT",
}
"""What the hub's database account may do."""

_CODES = {
    "QZ_SQ": {"DJLX": "200", "JHBZ": "0|1|2|3", "CXBZ": "0|1|2|3", "BZBZ": "0|1|2", "LBSX": r" |[SDQG](,[SDQG])*",
              "QXDM": r"\d{6}", "BDCDYH": r"[0-9A-Z]{28}", "SLBH": r"\S.*", "BDCQZH": r"\S.*", "HTBH": r"\S.*"},
    "QZ_QLR": {"LX": "1|2", "GYFS": "0|1|2|3| ", "ZJZL": "1|2|3|4|7|99", "MC": r"\S.*", "ZJH": r"[0-9A-Za-z]+",
               "QLBL": r" |[1-9]\d*/[1-9]\d*"},
    "QZ_FJ": {"FJLX": r"\d{2}", "SM3": "[0-9a-f]{64}", "WJLJ": r"\S.*"},
}  # fmt: skip


def violations(table: Table, row: Mapping[str, Any]) -> list[str]:
    """What in a row of the hub breaks the contract; the column and the rule, never a value."""
    found = []
    codes = _CODES.get(table.name, {})
    for column in table.columns:
        value = row[column.name]
        if isinstance(column.type, Numeric):
            continue
        length = column.type.length or 0  # type: ignore[attr-defined]  # CHAR and VARCHAR both have one
        if value is None:
            found.append(f"{table.name}.{column.name}: null, a blank is wanted")
        elif len(value) > length or (isinstance(column.type, CHAR) and len(value) != length):
            found.append(f"{table.name}.{column.name}: width")
        elif column.name in codes and not re.fullmatch(codes[column.name], value.rstrip(" ") or " "):
            found.append(f"{table.name}.{column.name}: code")
        elif column.name == "SQSJ" and not _STAMP.fullmatch(value):
            found.append(f"{table.name}.{column.name}: form")
    if table is PARTY and row["ZJZL"] == "1" and "X" in row["ZJH"]:
        found.append("QZ_QLR.ZJH: the x of a resident number is small here")
    return found
