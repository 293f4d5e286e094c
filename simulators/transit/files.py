"""Batch files: their names, the cipher around them, the flag beside them, the checks on the whole of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import SM4

from simulators.transit.layouts import AMOUNTS, DETAILS, HEADER, TRAILER, Layout, LayoutError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NAME = re.compile(
    r"JXGJ_(?P<ftype>[A-Z]{4})_(?P<inst>\d{4})_(?P<day>\d{8})_(?P<seq>\d{4})_K(?P<keyver>\d{2})", re.ASCII
)
_BLOCK_BITS = 128
_IV_BYTES = 16


class FileError(Exception):
    """The whole file is refused; `code` is what its .err says."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code} {text}")
        self.code, self.text = code, text


@dataclass(frozen=True, slots=True)
class FileName:
    """What the name of a file says, without its suffix."""

    ftype: str
    inst: str
    day: str
    seq: int
    keyver: str

    @classmethod
    def parse(cls, stem: str) -> FileName:
        found = _NAME.fullmatch(stem)
        if found is None or to_date(found["day"]) is None:
            raise FileError("9005", "name is not JXGJ_TYPE_inst4_yyyyMMdd_seq4_Kver2")
        return cls(found["ftype"], found["inst"], found["day"], int(found["seq"]), found["keyver"])

    def __str__(self) -> str:
        return f"JXGJ_{self.ftype}_{self.inst}_{self.day}_{self.seq:04d}_K{self.keyver}"

    @property
    def sequence(self) -> tuple[str, str, str]:
        """Files of one type, institution and day are numbered together."""
        return self.ftype, self.inst, self.day


def sm3_hex(data: bytes) -> str:
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize().hex()


def seal(text: bytes, key: bytes, iv: bytes) -> bytes:
    padder = padding.PKCS7(_BLOCK_BITS).padder()
    encryptor = Cipher(SM4(key), modes.CBC(iv)).encryptor()
    return iv + encryptor.update(padder.update(text) + padder.finalize()) + encryptor.finalize()


def unseal(data: bytes, key: bytes) -> bytes:
    """The text of a .dat; ValueError if it cannot have been made with this key."""
    decryptor = Cipher(SM4(key), modes.CBC(data[:_IV_BYTES])).decryptor()
    unpadder = padding.PKCS7(_BLOCK_BITS).unpadder()
    padded = decryptor.update(data[_IV_BYTES:]) + decryptor.finalize()
    return unpadder.update(padded) + unpadder.finalize()


def flag(data: bytes) -> bytes:
    return f"{len(data)} {sm3_hex(data)}".encode("ascii")


def check_flag(data: bytes | None, ok: bytes) -> None:
    if data is None:
        raise FileError("9001", "the .dat is missing")
    if ok.split() != flag(data).split():
        raise FileError("9001", "size or SM3 of the .dat differs from the .ok")


def compose(name: FileName, rows: Sequence[Mapping[str, str | int]]) -> bytes:
    """The text of a file: header, numbered details, trailer."""
    money = AMOUNTS[name.ftype]
    totals: dict[str, str | int] = {"count": len(rows), "amount": sum(int(row[money]) for row in rows) if money else 0}
    head: dict[str, str | int] = {
        "rectype": "H",
        "ftype": name.ftype,
        "inst": name.inst,
        "bizdate": name.day,
        "seq": name.seq,
        "keyver": name.keyver,
    }
    detail = DETAILS[name.ftype]
    lines = [HEADER.build({**head, **totals})]
    lines += [detail.build({"rectype": "D", "seq": i, **row}) for i, row in enumerate(rows, 1)]
    lines.append(TRAILER.build({"rectype": "T", **totals}))
    return b"".join(line + b"\r\n" for line in lines)


def open_text(name: FileName, data: bytes, keys: Mapping[str, bytes]) -> bytes:
    key = keys.get(name.keyver)
    if key is None:
        raise FileError("9004", f"key version {name.keyver} is unknown or retired")
    try:
        return unseal(data, key)
    except ValueError:
        raise FileError("9004", f"does not decrypt with key version {name.keyver}") from None


def details_of(name: FileName, text: bytes) -> tuple[list[bytes], tuple[str, ...]]:
    """The detail lines, after all that concerns the file as a whole was checked; and what is untidy but bearable."""
    untidy = () if text.endswith(b"\r\n") else ("no CRLF after the last record",)
    lines = text.removesuffix(b"\r\n").split(b"\r\n")
    if len(lines) < 2:
        raise FileError("9002", "header or trailer is missing")
    head, tail = _part(HEADER, lines[0], "H"), _part(TRAILER, lines[-1], "T")
    if head["keyver"] != name.keyver:
        raise FileError("9004", "key version in the header differs from the name")
    said = (head["ftype"], head["inst"], head["bizdate"], int(head["seq"]))
    if said != (*name.sequence, name.seq):
        raise FileError("9005", "header differs from the name")
    details = lines[1:-1]
    _check_totals(name, head, tail, details)
    layouts = [HEADER, *[DETAILS[name.ftype]] * len(details), TRAILER]
    dirty = [i for i, (layout, line) in enumerate(zip(layouts, lines, strict=True)) if layout.dirty(line)]
    return details, untidy + tuple(f"line {i + 1}: filler is not blank" for i in dirty)


def _part(layout: Layout, line: bytes, rectype: str) -> dict[str, str]:
    try:
        part = layout.parse(line)
    except LayoutError as error:
        raise FileError("9002", f"{rectype} record: {error}") from None
    if part["rectype"] != rectype:
        raise FileError("9002", f"{rectype} record is missing")
    return part


def _check_totals(name: FileName, head: Mapping[str, str], tail: Mapping[str, str], details: Sequence[bytes]) -> None:
    if not int(head["count"]) == int(tail["count"]) == len(details):
        raise FileError("9002", "count differs between header, trailer and records")
    if int(head["amount"]) != int(tail["amount"]):
        raise FileError("9002", "amount differs between header and trailer")
    money = AMOUNTS[name.ftype]
    try:
        total = sum(int(DETAILS[name.ftype].read(line, money)) for line in details) if money else 0
    except (LayoutError, ValueError):
        return  # a record too spoilt to be summed is refused by itself
    if total != int(tail["amount"]):
        raise FileError("9002", "amount differs between trailer and records")


def to_date(digits: str) -> date | None:
    try:
        return datetime.strptime(digits, "%Y%m%d").date()  # noqa: DTZ007 -- a date has no zone
    except ValueError:
        return None
