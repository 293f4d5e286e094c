"""Trades on orders and their attachments: 3001 to 3005."""

from __future__ import annotations

import base64
import binascii
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import hashes

from simulators.water.books import Books, Refused
from simulators.water.records import FINAL, NULL_TIME, Account, Order, Upload, local_time, yuan

if TYPE_CHECKING:
    from datetime import datetime

    from simulators.water.accounts import Asked
    from simulators.water.dialect import Body

_THROTTLE = timedelta(seconds=60)
_CHUNK = 262_144
_WITHOUT_ACCOUNT = frozenset({"02", "03"})
_BARRED_BY_ARREARS = frozenset({"01", "04", "05", "08", "09", "10"})
_WANTED_STATUS = {"08": "03", "09": "1"}
_FEES = {"15": 680_00, "20": 980_00, "25": 1380_00, "40": 2600_00, "50": 3800_00, "80": 6500_00}
_EXTERNAL_WORKS = 1500_00
_OPINIONS = {
    "10": "已受理",
    "20": "已安排现场勘查",
    "30": "请缴纳工程费用",
    "40": "施工换表中",
    "50": "已办结",
    "60": "资料不符, 退件",
    "70": "已撤销",
}


def accept(books: Books, asked: Asked) -> Body:
    kind = asked.get("YWLX")
    account = None if kind in _WITHOUT_ACCOUNT else books.account(asked.get("YHBH"), asked.company)
    key = (account.number if account else f"{asked.get('ZJHM')}@{asked.get('YSDZ')}", kind)
    if number := books.open_order(key):
        raise Refused("0005", SLBH=number)
    if account:
        _refuse_unfit(account, asked, kind)
    order = Order(
        number=books.number("W", asked.now, 5),
        serial=asked.head["LSH"],
        company=asked.company,
        kind=kind,
        account=account.number if account else "",
        key=key,
        facts={tag: value for tag, value in asked.body.items() if tag != "FJLIST"},
        accepted_at=asked.now,
        mark="10",
        marked_at=asked.now,
        fee=_fee(asked, kind),
        uploads={(file["FJLX"], file.get("FJXH", "1")): _announced(file) for file in asked.get("FJLIST") or ()},
    )
    books.keep(order)
    books.ledger.record("order", order.serial, slbh=order.number, ywlx=kind, yhbh=order.account)
    return {"SLBH": order.number}


def _refuse_unfit(account: Account, asked: Asked, kind: str) -> None:
    if account.status not in _WANTED_STATUS.get(kind, "03"):
        raise Refused("0004")
    if kind == "01":
        same = asked.get("YYHM") == asked.dialect.stored(account.name)
    else:
        same = asked.get("ZJHM") == account.id_number
    if not same:
        raise Refused("0002")
    if kind in _BARRED_BY_ARREARS and account.arrears:
        raise Refused("0003", QFJE=yuan(account.arrears))


def _fee(asked: Asked, kind: str) -> int:
    if kind not in {"02", "04"}:
        return 0
    return _FEES[asked.get("SBKJ")] + (_EXTERNAL_WORKS if asked.get("SFWX") == "1" else 0)


def _announced(file: dict[str, str]) -> Upload:
    return Upload(int(file["DX"]), file.get("SM3", ""))


def progress(books: Books, asked: Asked) -> Body:
    if number := asked.get("SLBH"):
        order = books.order(number, asked.company)
        last = books.asked.get(number)
        if last is not None and asked.now - last < _THROTTLE:
            raise Refused("0008")
        books.asked[number] = asked.now
    else:
        order = books.order_by_serial(asked.get("YLSH"), asked.company)
    return _shown(order, *books.stage(order, asked.now))


def _shown(order: Order, state: str, since: datetime) -> dict[str, str]:
    return {
        "SLBH": order.number,
        "YWLX": order.kind,
        "YHBH": order.account,
        "BLZT": state,
        "BLYJ": order.opinion or _OPINIONS[state],
        "HTBH": order.contract,
        "ZSBH": order.certificate,
        "DJFY": yuan(order.fee if state == "30" else 0),
        "SLSJ": local_time(order.accepted_at),
        "ZTSJ": local_time(since),
        "BJSJ": local_time(since) if state in FINAL else NULL_TIME,
    }


def cancel(books: Books, asked: Asked) -> Body:
    order = books.order(asked.get("SLBH"), asked.company)
    state, _ = books.stage(order, asked.now)
    if state == "70":
        return {}
    if state not in {"10", "20"}:
        raise Refused("0004", "当前环节不允许撤销")
    books.keep(replace(order, mark="70", marked_at=asked.now))
    books.ledger.record("cancel", order.serial, slbh=order.number)
    return {}


def attach(books: Books, asked: Asked) -> Body:
    order = books.order(asked.get("SLBH"), asked.company)
    if books.stage(order, asked.now)[0] in FINAL:
        raise Refused("0004", "受理单已办结")
    file = (asked.get("FJLX"), asked.get("FJXH") or "1")
    upload = order.uploads.get(file)
    if upload is None:
        raise Refused("0006", "FJLX FJXH: not in the order's FJLIST")
    chunk = _decoded(asked.get("NR"))
    number, total = int(asked.get("XH")), int(asked.get("ZS"))
    if upload.total not in (0, total):
        raise Refused("0006", "ZS: another total than before")
    if upload.complete:
        if upload.chunks[number] != chunk:
            raise Refused("0006", "NR: the file is complete and was another")
    else:
        _take(books, order, file, replace(upload, total=total, chunks={**upload.chunks, number: chunk}), asked.now)
    return {"FJID": _file_id(order, file)}


def _decoded(content: str) -> bytes:
    try:
        chunk = base64.b64decode(content, validate=True)
    except binascii.Error as error:
        raise Refused("0006", "NR: not base64") from error
    if len(chunk) > _CHUNK:
        raise Refused("0006", f"NR: more than {_CHUNK} bytes")
    return chunk


def _take(books: Books, order: Order, file: tuple[str, str], upload: Upload, now: datetime) -> None:
    fault = _damage(upload) if upload.complete else ""
    if fault:
        upload = replace(upload, total=0, chunks={})
    order = replace(order, uploads={**order.uploads, file: upload})
    if order.mark == "10" and order.files_complete:
        order = replace(order, marked_at=now)  # only now does the work begin
    books.keep(order)
    if fault:
        raise Refused("0006", fault)
    if upload.complete:
        books.ledger.record("attachment", order.serial, fjid=_file_id(order, file), size=upload.size)


def _damage(upload: Upload) -> str:
    content = b"".join(upload.chunks[number] for number in sorted(upload.chunks))
    if len(content) != upload.size:
        return "DX: the chunks together have another size"
    digest = hashes.Hash(hashes.SM3())
    digest.update(content)
    return "SM3: the chunks together have another digest" if upload.sm3 not in ("", digest.finalize().hex()) else ""


def attachments(books: Books, asked: Asked) -> Body:
    order = books.order(asked.get("SLBH"), asked.company)
    return {"FJLIST": [_file(order, file, upload) for file, upload in order.uploads.items()]}


def _file(order: Order, file: tuple[str, str], upload: Upload) -> dict[str, Any]:
    return {
        "FJLX": file[0],
        "FJXH": file[1],
        "FJID": _file_id(order, file),
        "ZS": str(upload.total),
        "QSXH": upload.missing,
        "WZ": "1" if upload.complete else "0",
    }


def _file_id(order: Order, file: tuple[str, str]) -> str:
    return f"{order.number}{file[0]}{int(file[1]):04d}"
