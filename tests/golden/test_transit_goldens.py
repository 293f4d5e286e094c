"""Every file of the card centre, both ways, byte for byte. UPDATE_GOLDENS=1 writes the files anew: review them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from adapters.transit.adapter import TransitAdapter
from adapters.transit.files import CentreFile, opened
from hub.sdk import Env
from hub.wire.exchange import FileGet, FileResponse
from tests.golden.transit_files import KEY, blkl, card, file, flag, parsed, recn, resp
from tests.integration.transit_desk import (
    ENDPOINT,
    FILES,
    FORMER_CARD,
    KEYS,
    MAPPINGS,
    PARAMS,
    START,
    about_card,
    batch_of,
    order_of,
    senior_card,
    topup,
)
from tests.integration.transit_hub import decrypt

FOLDER = Path(__file__).parent / "transit"
ADAPTER = TransitAdapter(ENDPOINT, {**FILES, **KEYS})
SERIAL, OTHER = "26010533040200000101", "26010533040200000201"
ORDERS = {
    "APPL-01-ordinary": ("APPL", [order_of("JX6-BUS-01", 1)]),
    "APPL-01-student": ("APPL", [order_of("JX6-BUS-02", 1)]),
    "APPL-01-senior": ("APPL", [senior_card(1)]),
    "APPL-02": ("APPL", [about_card("JX6-BUS-06", 1, reissue_reason="lost", amount=1000)]),
    "APPL-03": ("APPL", [about_card("JX6-BUS-06", 1, reissue_reason="damaged")]),
    "APPL-04": ("APPL", [about_card("JX6-BUS-04", 1)]),
    "APPL-05": ("APPL", [about_card("JX6-BUS-05", 1, loss_kind="oral")]),
    "APPL-06": ("APPL", [about_card("JX6-BUS-05", 1, loss_kind="cancel")]),
    "APPL-07": ("APPL", [about_card("JX6-BUS-04", 1).with_(operation="APPL:07", variant="07")]),
    "APPL-several": ("APPL", [senior_card(1), about_card("JX6-BUS-05", 2, loss_kind="formal")]),
    "APPL-empty": ("APPL", []),
    "RCHG": ("RCHG", [topup(1, 5000), topup(2, 12345)]),
}
MASK = "330402********0012"
REPLIES = {
    "RESP": (
        "RESP",
        file(
            "RESP",
            resp(1, SERIAL, "0000", cardno=FORMER_CARD, orderno="G260105000000001", effdate="20260106", msg="已登记"),
            resp(2, OTHER, "0100", orderno="G260105000000002", fee=1000, effdate="20260108", msg="已受理,制卡中"),
            resp(3, "26010533040200000301", "1002", msg="照片不符"),
            resp(4, "26010533040200000401", "2002", orderno="G260105000000001", msg="重复"),
        ),
    ),
    "RESP-final": ("RESP", file("RESP", resp(1, SERIAL, cardno=FORMER_CARD, newcard="3104330000000000172"))),
    "RESP-unknown-code": ("RESP", file("RESP", resp(1, SERIAL, "7777"), resp(2, OTHER, "0000"))),
    "RESP-empty": ("RESP", file("RESP")),
    "RECN": (
        "RECN",
        file(
            "RECN",
            recn(1, SERIAL, "00", txn="11", cardno=FORMER_CARD, amount=5000, orderno="G260105000000001"),
            recn(2, OTHER, "01", orderno="G260105000000002", amount=1000),
            recn(3, "26010533040200000301", "09", txn="04"),
        ),
    ),
    "BLKL": ("BLKL", file("BLKL", blkl(1, FORMER_CARD, "01"), blkl(2, "3104330000000000024", "00"))),
}
SNAPSHOT = file(
    "CARD",
    card(1, FORMER_CARD, name="李建国", mask=MASK, balance=5000, validto="20360103", lasttxn="20260104120000"),
    card(2, "3104330000000000032", "04", "阿卜杜热西提·买买提依明·𠅤", "A1*89", cardtype="30", reviewdue="20260115"),
)


def env(**values):
    return Env(now=START, config=ADAPTER.config, params=PARAMS, session={}, vars=values)


def compare(name: str, found: bytes) -> None:
    path = FOLDER / name
    if os.environ.get("UPDATE_GOLDENS"):
        FOLDER.mkdir(exist_ok=True)
        path.write_bytes(found)
    assert path.read_bytes() == found, f"{name} has changed"


def as_json(value) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True, default=str) + "\n").encode()


@pytest.mark.parametrize("name", ORDERS)
def test_file_of_ours_is_as_it_was(name):
    kind, orders = ORDERS[name]
    tree = MAPPINGS.request(kind)(batch_of(kind, *orders), env())
    put = ADAPTER.encode(kind, tree, env(), bytes)
    compare(f"{name}.request.json", as_json(tree))
    compare(f"{name}.request.dat", put.body)
    compare(
        f"{name}.request.txt", f"{put.path}\n{put.flag_path}\n{put.flag_body.decode()}\n".encode() + plain(put.body)
    )


def plain(body: bytes) -> bytes:
    """The records as UTF-8, for reading; their bytes are compared enciphered."""
    return decrypt(body, KEY).decode("gb18030").replace("\r\n", "|\n").encode()


@pytest.mark.parametrize("name", REPLIES)
def test_file_of_theirs_is_read_as_it_was(name):
    kind, body = REPLIES[name]
    compare(f"{name}.reply.dat", body)
    compare(f"{name}.reply.txt", plain(body))
    values = {"path": f"/out/20260105/JXGJ_{kind}_0402_20260105_0001_K01.dat", "flag": flag(body)}
    read(name, kind, FileResponse(body=body), env(**values))


@pytest.mark.parametrize(
    "line",
    ["9001 digest", "9003 taken before " + "0f" * 32, "9006 expected 0002", "9004 key version"],
)
def test_error_file_is_read_as_it_was(line):
    values = {"path": "/out/20260105/JXGJ_APPL_0402_20260105_0001_K01.err"}
    read(f"ERR-{line[:4]}", "ERR", FileResponse(body=line.encode() + b"\n"), env(**values))


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("CARD-number", {"card_no": FORMER_CARD}),
        ("CARD-person", {"id_mask": "A1*89", "name": "阿卜杜热西提·买买提依明·𠅤·阿里木"}),
        ("CARD-nobody", {"id_mask": MASK, "name": "李建军"}),
    ],
)
def test_card_is_picked_from_the_snapshot_as_it_was(name, asked):
    stem = CentreFile("20260105", "CARD", "0402", "0001", "01")
    kept = opened(stem, flag(SNAPSHOT).encode(), SNAPSHOT, ADAPTER.config["sm4_keys"])
    compare("CARD.reply.dat", SNAPSHOT)
    compare("CARD.reply.txt", plain(SNAPSHOT))
    values = Env(now=START, config=ADAPTER.config, params=PARAMS, session={"snapshot": kept}, vars=asked)
    read(name, "CARD", FileResponse(body=flag(SNAPSHOT).encode()), values)


def read(name: str, message: str, response: FileResponse, values: Env) -> None:
    tree = ADAPTER.decode(message, response, values)
    reply = MAPPINGS.reply(message)(tree, values)
    compare(
        f"{name}.reply.json", as_json({"tree": tree, "reply": reply.model_dump(mode="json", exclude_defaults=True)})
    )


def test_snapshot_is_asked_for_by_its_flag():
    tree = MAPPINGS.request("CARD")(None, env(card_no=FORMER_CARD))
    compare("CARD.request.json", as_json(tree))
    assert ADAPTER.encode("CARD", tree, env(card_no=FORMER_CARD), bytes) == FileGet(
        "/out/20260105/JXGJ_CARD_0402_20260105_0001_K01.ok"
    )


def test_same_batch_gives_the_same_bytes_and_another_batch_another_start_value():
    def body(seq):
        tree = MAPPINGS.request("RCHG")(batch_of("RCHG", topup(1), seq=seq), env())
        return ADAPTER.encode("RCHG", tree, env(), os.urandom).body

    assert body(1) == body(1)
    assert body(1)[:16] != body(2)[:16]


def test_golden_of_ours_reads_by_the_contract_s_places():
    head, rows, trailer = parsed((FOLDER / "APPL-several.request.dat").read_bytes())
    assert (head["ftype"], head["inst"], head["bizdate"], head["seq"]) == ("APPL", "0402", "20260105", "0001")
    assert (head["count"], trailer["count"], head["filler"]) == ("00000002", "00000002", "")
    assert [row["biz"] for row in rows] == ["01", "05"]
    assert (rows[0]["name"], rows[0]["photo"], rows[0]["cardtype"]) == ("王秀兰", f"{SERIAL}.jpg", "30")
    assert (rows[1]["cardno"], rows[1]["mobile"], rows[1]["photo"], rows[1]["site"]) == (FORMER_CARD, "", "", "")
