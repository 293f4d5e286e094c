"""The files of the exchange: their names and records, and what the centre writes beside them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from hub.sdk import Context, DecodeError, FileName, FileRecord, Folders, Tree, fixedfiles
from hub.sdk.wire import FilePut, charsets, fixed

CHARSET = "gb18030"
RECORD = 258
_NAME_BYTES = 30
WHOLE = frozenset({"dat", "ok"})
_ERROR = re.compile(r"([0-9]{4})(?: (.*))?")
_TOTALS = {"APPL": "amount", "RCHG": "amount", "RESP": "fee", "CARD": "balance", "RECN": "amount", "BLKL": None}


class CentreFile(FileName, stem="JXGJ_{kind}_{inst}_{day}_{seq}_K{key}", place="/{folder}/{day}/{stem}.{end}"):
    """The stem that a file and its flag share."""


def folders(ctx: Context) -> Folders[FileName]:
    return Folders(ctx, CentreFile.parser(inst=ctx.params["inst"]))


async def whole(ctx: Context, folder: str, day: date, kind: str) -> list[FileName]:
    """The whole files of a kind in one of a day's folders, in order."""
    names = await folders(ctx).whole(f"/{folder}/{day:%Y%m%d}", WHOLE)
    return [name for name in names if name.kind == kind]


async def records(ctx: Context, name: FileName) -> tuple[str, tuple[FileRecord, ...]]:
    """The digest and the records of a file of theirs. Raises CallEnded, also for a damaged file."""
    flag = (await folders(ctx).get(name.path("out", "ok"))).decode("ascii", "replace")
    reply = await ctx.call(name.kind, None, path=name.path("out", "dat"), flag=flag)
    return flag.split()[-1], reply.records


@cache
def file_layout(kind: str) -> fixed.FileLayout:
    """The layout of a file of one kind, as pinned in contracts/records.yaml."""
    columns: dict[str, list[list[Any]]] = yaml.safe_load(
        files(__package__).joinpath("contracts", "records.yaml").read_text("utf-8")
    )
    return fixed.FileLayout.of_columns(columns, kind, charset=CHARSET, length=RECORD - 2, amount_of=_TOTALS[kind])


def sealed(tree: Tree, keys: Mapping[str, str]) -> FilePut:
    """A file of ours with its flag. The same tree gives the same bytes: a repeat must be recognised as one."""
    head = tree["H"]
    name = CentreFile(head["bizdate"], head["ftype"], head["inst"], f"{head['seq']:04d}", head["keyver"])
    plain = file_layout(name.kind).encode_file(head, [_on_the_wire(row) for row in tree.get("D", ())])
    return fixedfiles.sealed(name, plain, keys, tree["BATCH"])


def photo_name(serial: str) -> str:
    return f"{serial}.jpg"


def opened(name: FileName, flag: bytes, body: bytes, keys: Mapping[str, str]) -> fixedfiles.Opened:
    """Verify and decipher a file of theirs. Raises Refused and DecodeError."""
    return fixedfiles.opened(name, file_layout(name.kind), flag, body, keys)


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
