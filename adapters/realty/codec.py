"""Between the messages' trees and the rows of the exchange tables. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Any

from hub.sdk import DecodeError, EncodeError, Evidence, ServiceOrder, Tree
from hub.sdk.wire import Select, TableResponse, TableWork, Update, crypto
from hub.sdk.wire import rows as codec

_TABLES = ("QZ_SQ", "QZ_QLR", "QZ_FJ", "QZ_JD", "QZ_JG", "QZ_TS", "QZ_QS")
_NOBODY = "0" * 32
_ENTERED, _ISSUED = "50", "70"
_ASKED = "1"


@cache
def _table(name: str) -> codec.RowTable:
    text = files(__package__).joinpath("contracts", "tables.schema.json").read_text("utf-8")
    return codec.RowTable.from_schema(name, json.loads(text)["$defs"][name])


def encode(message: str, tree: Tree) -> TableWork:
    """The steps of a message, in one transaction. Raises EncodeError with the column's path."""
    return TableWork(tuple(_STEPS[message](tree)))


def decode(message: str, response: TableResponse) -> Tree:
    """The tree of a message's answer. Raises DecodeError."""
    if message in _WRITES:
        return {"RESULT": response.refused or "done"}
    if response.refused is not None:
        raise DecodeError("response", "refuses a read")
    return _READS[message](response.results) if message in _READS else {}


def paths(order: ServiceOrder, county: str) -> list[tuple[str, Evidence]]:
    """The materials that there are bytes of, each with its path on the exchange disk."""
    kept = (evidence for evidence in order.evidence if evidence.ref and evidence.sm3)
    return [(_path(county, order.request_id, each.sm3 or "", each.file_name or ""), each) for each in kept]


def variants(number: str) -> tuple[str, ...]:
    """The spellings under which the registry may hold a document's number: small x, and 15 digits before 1999."""
    found = [number.upper(), number.upper().removesuffix("X") + "x"] if number[-1:] in {"x", "X"} else [number]
    if len(number) == 18 and number[6:8] == "19" and number[:17].isdigit():
        found.append(number[:6] + number[8:17])
    return tuple(found)


# requests


def _apply(tree: Tree) -> list[Any]:
    application = dict(tree["QZ_SQ"])
    key = application["BSM"]
    application["HZZJH"] = _spelt(application.get("HZZJZL"), application.get("HZZJH"))
    application["DLRZJH"] = _spelt(application.get("DLRZJZL"), application.get("DLRZJH"))
    steps = [_table("QZ_SQ").insert(application)]
    for side in ("QLR", "YWR"):
        for place, party in enumerate(tree[side], start=1):
            own = {"BSM": _key(key, side, place), "SQBSM": key, "SXH": f"{place:03d}"}
            row = {**party, **own, "ZJH": _spelt(party["ZJZL"], party["ZJH"])}
            steps.append(_table("QZ_QLR").insert(row, f"{side}[{place}]"))
    return steps + _files(tree)


def _supplement(tree: Tree) -> list[Any]:
    return [*_files(tree), Update("QZ_SQ", {"BZBZ": _ASKED}, {"BSM": tree["BSM"]})]


def _files(tree: Tree) -> list[Any]:
    return [_table("QZ_FJ").insert(row, f"QZ_FJ[{place}]") for place, row in enumerate(_materials(tree), start=1)]


def _materials(tree: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of the materials with their keys and paths; the same material is the same row and file."""
    head = tree.get("QZ_SQ", tree)
    made = []
    for place, row in enumerate(tree.get("QZ_FJ", ()), start=1):
        key = _key(head["BSM"], "FJ", row["PC"], place, row["FJLX"], row["SM3"])
        path = _path(head["QXDM"], head["BSM"], row["SM3"], row["WJM"])
        made.append({**row, "BSM": key, "SQBSM": head["BSM"], "WJLJ": path})
    return made


def _path(county: str, order: str, digest: str, name: str) -> str:
    suffix = PurePosixPath(name).suffix.lower()
    plain = suffix if suffix.isascii() and suffix[1:].isalnum() and len(suffix) <= 6 else ""
    return f"in/{county}/{order}/{digest}{plain}"


def _progress(tree: Tree) -> list[Any]:
    key = tree["BSM"]
    mine = [_table(name).select({"SQBSM": key}) for name in ("QZ_JD", "QZ_JG")]
    return [_table("QZ_SQ").select({"BSM": key}), *mine]


def _cancel(tree: Tree) -> list[Any]:
    # A wish that was heard already, whatever came of it, is not uttered again.
    return [Update("QZ_SQ", {"CXBZ": _ASKED}, {"BSM": tree["BSM"], "CXBZ": ("0", _ASKED)})]


def _noted(tree: Tree) -> list[Any]:
    return [
        Update(name, {"JHBZ": "2"}, {"BSM": tuple(tree[name]), "JHBZ": ("0", "1")})
        for name in ("QZ_JD", "QZ_JG", "QZ_TS")
        if tree.get(name)
    ]


def _holdings(tree: Tree) -> list[Any]:
    if not tree:
        raise EncodeError("BDCDYH", "a unit or a document is needed")
    where = {"ZJH": variants(tree["ZJH"])} if "ZJH" in tree else {"BDCDYH": tree["BDCDYH"]}
    return [_table("QZ_QS").select(where, ("BDCDYH", "BSM"))]


def _pushes(_tree: Tree) -> list[Any]:
    # Claimed by one statement; what an earlier reader claimed and did not settle is read again.
    return [Update("QZ_TS", {"JHBZ": "1"}, {"JHBZ": "0"}), _table("QZ_TS").select({})]


def _check(_tree: Tree) -> list[Any]:
    return [Select(name, _table(name).names, {"BSM": _NOBODY}, limit=1) for name in _TABLES]


def _spelt(kind: str | None, number: str | None) -> str | None:
    """A resident's number as the registry writes it: with a small x."""
    return number[:-1] + "x" if number and kind == "1" and number.endswith("X") else number


def _key(*parts: object) -> str:
    return crypto.sm3("|".join(map(str, parts)).encode()).hex()[:32]


# replies


def _stand(results: tuple[Any, ...]) -> Tree:
    """Where an application stands, from what both sides wrote; half of what belongs together is not the whole."""
    applications, nodes, outcomes = (
        _table(name).read(rows) for name, rows in zip(("QZ_SQ", "QZ_JD", "QZ_JG"), results, strict=True)
    )
    nodes.sort(key=lambda row: (row["JDSJ"], row["JDDM"]))
    tree: Tree = {"NODES": nodes, "NEWS": [row["BSM"] for row in (*nodes, *outcomes) if row["JHBZ"] == "0"]}
    tree |= {"SQ": applications[0]} if applications else {}
    tree |= {"JD": nodes[-1]} if nodes else {}
    entered = [row for row in nodes if row["JDDM"] == _ENTERED]
    tree |= {"DB": entered[0]} if entered else {}
    tree |= {"JG": outcomes[0]} if outcomes else {}
    return tree | _state(tree)


def _state(tree: Tree) -> Tree:
    application, node = tree.get("SQ", {}), tree.get("JD", {}).get("JDDM", "")
    if application.get("JHBZ") == "3":
        return {"REASON": application["SBYY"].partition("：")[0] or "?"}
    if node == "21" and application.get("BZBZ") == _ASKED:
        return {"STATE": "21+"}
    if node == _ISSUED and "JG" not in tree:
        return {"STATE": "70-"}  # the certificate's own row is still to come
    return {"STATE": node or f"JHBZ{application['JHBZ']}"} if node or application else {}


def _owned(results: tuple[Any, ...]) -> Tree:
    return {"QS": [{**row, "ZT": row["CFZT"] + row["DYZT"]} for row in _table("QZ_QS").read(results[0])]}


def _told(results: tuple[Any, ...]) -> Tree:
    """Of each transfer the last step, if it was not settled before; what came late or twice is settled with it."""
    by_number: dict[str, list[dict[str, str]]] = {}
    for row in _table("QZ_TS").read(results[1]):
        by_number.setdefault(row["YWH"], []).append(row)
    told, late = [], []
    for rows in by_number.values():
        last = max(rows, key=lambda row: (row["JDSJ"], row["JDDM"], row["JHBZ"]))
        open_ids = [row["BSM"] for row in rows if row["JHBZ"] == "1"]
        if last["JHBZ"] == "1":
            fields = [each for each in last["LBSX"].split(",") if each]
            told.append({**last, "IDS": open_ids, "FIELDS": fields})
        else:
            late += open_ids
    return {"TS": sorted(told, key=lambda row: (row["JDSJ"], row["YWH"])), "LATE": late}


_STEPS = {
    "apply": _apply,
    "supplement": _supplement,
    "cancel": _cancel,
    "progress": _progress,
    "noted": _noted,
    "holdings": _holdings,
    "pushes": _pushes,
    "settle": _noted,
    "check": _check,
}
_WRITES = frozenset({"apply", "supplement", "cancel"})
_READS = {"progress": _stand, "holdings": _owned, "pushes": _told}
