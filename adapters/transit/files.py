"""The files of the exchange: names, fixed-width records, SM4 and the flag file. Pure functions over bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from hub.sdk import DecodeError, EncodeError, ErrorCode, Refused, Tree, sealedfile
from hub.sdk.wire import FilePut, charsets, fixed

CHARSET = "gb18030"
RECORD = 258
_NAME_BYTES = 30
_NAME = re.compile(r"JXGJ_([A-Z]{4})_([0-9]{4})_([0-9]{8})_([0-9]{4})_K([0-9]{2})")
_ERROR = re.compile(r"([0-9]{4})(?: (.*))?")
_TOTALS = {"APPL": "amount", "RCHG": "amount", "RESP": "fee", "CARD": "balance", "RECN": "amount", "BLKL": None}


@dataclass(frozen=True, slots=True, order=True)
class FileName:
    """`JXGJ_{kind}_{inst}_{day}_{seq}_K{key}`, the stem that a file and its flag share."""

    day: str
    kind: str
    inst: str
    seq: str
    key: str

    def __str__(self) -> str:
        return f"JXGJ_{self.kind}_{self.inst}_{self.day}_{self.seq}_K{self.key}"

    @classmethod
    def parse(cls, stem: str) -> FileName | None:
        found = _NAME.fullmatch(stem)
        return cls(found[3], found[1], found[2], found[4], found[5]) if found else None

    def numbered(self, seq: str) -> FileName:
        """The place of that number on the same day: the centre takes one file for it, under whatever key."""
        return FileName(self.day, self.kind, self.inst, seq, "")

    def path(self, folder: str, end: str) -> str:
        return f"/{folder}/{self.day}/{self}.{end}"


@dataclass(frozen=True, slots=True)
class Opened:
    """A file as it was verified and deciphered; `flag` tells one version of it from another."""

    name: FileName
    flag: str
    text: bytes = field(repr=False)

    def records(self, needle: bytes) -> Iterator[dict[str, str]]:
        """The records that hold some bytes: a snapshot is too long to read every one for one card."""
        layout, at = file_layout(self.name.kind).detail, self.text.find(needle)
        while at >= 0:
            start = at - at % RECORD
            if self.text[start : start + 1] == b"D":
                yield layout.decode(self.text[start : start + RECORD - 2], start // RECORD + 1, start)
            at = self.text.find(needle, start + RECORD)


@cache
def file_layout(kind: str) -> fixed.FileLayout:
    """The layout of a file of one kind, as pinned in contracts/records.yaml."""
    columns: dict[str, list[list[Any]]] = yaml.safe_load(
        files(__package__).joinpath("contracts", "records.yaml").read_text("utf-8")
    )
    head, detail, tail = (
        fixed.Layout.of_columns(part, columns[part], charset=CHARSET, length=RECORD - 2) for part in ("H", kind, "T")
    )
    return fixed.FileLayout(head, detail, tail, amount_of=_TOTALS[kind])


def sealed(tree: Tree, keys: Mapping[str, str]) -> FilePut:
    """A file of ours with its flag. The same tree gives the same bytes: a repeat must be recognised as one."""
    head = tree["H"]
    name = FileName(head["bizdate"], head["ftype"], head["inst"], f"{head['seq']:04d}", head["keyver"])
    rows = [_on_the_wire(row) for row in tree.get("D", ())]
    plain = file_layout(name.kind).encode_file(head, rows)
    key = _key(keys, name.key)
    if key is None:
        raise EncodeError("H.keyver", "there is no SM4 key of this version in the configuration")
    body = sealedfile.seal(key, tree["BATCH"].encode(), plain)
    return FilePut(name.path("in", "dat"), body, name.path("in", "ok"), sealedfile.flag_of(body).encode())


def photo_name(serial: str) -> str:
    return f"{serial}.jpg"


def opened(name: FileName, flag: bytes, body: bytes, keys: Mapping[str, str]) -> Opened:
    """Verify and decipher a file of theirs; nothing of it is believed unless all of it is right.

    Raises:
        Refused: FILE_DIGEST, when it is not what its flag says (half-written, spoilt); UPS_AUTH without its key.
        DecodeError: for all else.
    """
    said = sealedfile.check_flag(flag, body)
    key = _key(keys, name.key)
    if key is None:
        raise Refused(ErrorCode.UPS_AUTH, f"K{name.key}")
    return Opened(name, said, sealedfile.unseal(key, body))


def rows_of(file: Opened) -> list[dict[str, str]]:
    """Every record of a file whose head, count, sum and numbering are right. Raises DecodeError."""
    head, rows, _ = file_layout(file.name.kind).decode_file(file.text)
    name = file.name
    said = FileName(head["bizdate"], head["ftype"], head["inst"], head["seq"], head["keyver"])
    if said != name:
        raise DecodeError("H", "is not the head of the file of this name")
    for number, row in enumerate(rows, start=1):
        if int(row["seq"] or 0) != number:
            raise DecodeError(f"{name.kind}.seq record {number + 1}", "the records are not numbered through")
    return rows


def error_line(body: bytes) -> Tree:
    """An `.err` file: its code, the digest that 9003 ends with, the number that 9006 waits for."""
    found = _ERROR.fullmatch(body.decode("ascii", "replace").strip())
    if found is None:
        raise DecodeError("err", "is not a code and a text")
    text = found[2] or ""
    taken, expected = re.search(r"\b[0-9a-f]{64}$", text), re.search(r"\bexpected ([0-9]{4})\b", text)
    return {"code": found[1], "taken": taken and taken[0], "expected": expected and expected[1]}


def cut_name(name: str) -> str:
    """A name as the files carry it: at most 30 bytes, cut between characters. The holder is known by the document."""
    return charsets.cut(name, CHARSET, _NAME_BYTES).rstrip(" ")


def _on_the_wire(row: Tree) -> Tree:
    changes = {"name": cut_name(row["name"])} if "name" in row else {}
    return {**row, **changes, **({"photo": photo_name(row["photo"])} if "photo" in row else {})}


def _key(keys: Mapping[str, str], version: str) -> bytes | None:
    found = keys.get(version, "")
    return bytes.fromhex(found) if re.fullmatch("[0-9A-Fa-f]{32}", found) else None
