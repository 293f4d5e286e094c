"""Every message of the citizen card centre, both ways, byte for byte: hex with its fields named, and files as they are.

UPDATE_GOLDENS=1 writes the files anew: review them.
"""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import pytest

from adapters.ccard.adapter import CcardAdapter
from hub.domain.form import ContactChange
from hub.sdk import Env, signedfile
from hub.wire.crypto import sm2_public, sm2_raw, sm2_verify
from hub.wire.exchange import FileGet, FileResponse, FrameResponse
from tests.golden.ccard_frames import frame, reply, shown, unshown
from tests.integration.ccard_hub import (
    DEMO,
    FOREIGN,
    FOREIGNER,
    FORMAL,
    LONG,
    LONG_NAMED,
    MAPPINGS,
    START,
    act_of,
    batch_of,
    day_query,
    order_of,
    portrait,
    query,
    topup,
)

FOLDER = Path(__file__).parent / "ccard"
PRIVATE = "07" * 32
CONFIG = {
    "host": "127.0.0.1",
    "port": 8583,
    "institution": "33040001",
    "merchant": "330400000000001",
    "master_key": "54455354" * 4,
    "sftp_host": "127.0.0.1",
    "sftp_username": "onewindow",
    "sftp_private_key": "TEST",
    "sftp_host_key": "TEST",
    "sign_private_key": PRIVATE,
    "centre_public_key": sm2_public(bytes.fromhex(PRIVATE)).hex(),
}
ADAPTER = CcardAdapter("ccard", CONFIG)
TOTALS = ["040000000001000000003000", "630000000003000000006000"]
REQUESTS = {
    "act-900010": ("act", act_of("JX6-CIT-02")[0], {}),
    "act-900011": ("act", act_of("JX6-CIT-02/formal")[0], {}),
    "act-900020": ("act", act_of("JX6-CIT-03")[0], {}),
    "act-900030": ("act", act_of("JX6-CIT-05")[0], {}),
    "act-900040": ("act", act_of("JX6-CIT-06")[0], {}),
    "act-rare-name": ("act", order_of("JX6-CIT-02", form={"card_no": LONG}, applicant=LONG_NAMED), {}),
    "act-foreigner": ("act", order_of("JX6-CIT-02", form={"card_no": FOREIGN}, applicant=FOREIGNER), {}),
    "status": ("status", order_of("JX6-CIT-08"), {}),
    "find-number": ("find", query(account_no=DEMO), {}),
    "find-document": ("find", query(document=order_of("JX6-CIT-08").applicant.document, name="王秀兰"), {}),
    "topup": ("topup", topup(amount=12345), {}),
    "reversal": ("reversal", topup(amount=12345), {}),
    "totals": ("totals", day_query(), {"totals": TOTALS}),
    "totals-none": ("totals", day_query(), {"totals": []}),
    "ping": ("ping", None, {}),
}
STATUS = {"de2": DEMO, "de54": "0002156C000000005000"}
REPLIES = {
    "act": ("act", reply("00", what="900020", de2=DEMO)),
    "act-oral": ("act", reply("00", what="900010", tags={"008": "20261129091501"}, de2=DEMO)),
    "act-functions": ("act", reply("00", what="900030", tags={"006": "BUS,BIKE"}, de2=DEMO)),
    **{f"act-{code}": ("act", reply(code, what="900010")) for code in ("14", "90", "94", "96", "A0", "N1", "N2", "N3")},
    "status": ("status", reply("00", tags={"001": "王**", "006": "BUS,BIKE,LIB,WALLET"}, **STATUS)),
    "status-41": ("status", reply("41", tags={"001": "王**", "008": "20261129091501"}, **STATUS)),
    "status-43": ("status", reply("43", tags={"001": "王**"}, **STATUS)),
    "status-14": ("status", reply("14")),
    "find": ("find", reply("36", tags={"001": "阿****", "006": "BUS"}, de2=DEMO, de54="0002156D000000000150")),
    "topup": ("topup", reply("00", what="630000", de2=DEMO, de4="000000012345", de54="0002156C000000017345")),
    "topup-61": ("topup", reply("61", what="630000")),
    "topup-68": ("topup", reply("68", what="630000")),
    "reversal": ("reversal", reply("00", mti="0410", what="630000", de2=DEMO)),
    "reversal-12": ("reversal", reply("12", mti="0410", what="630000")),
    "totals": ("totals", reply("00", mti="0510", de70="201")),
    "totals-97": ("totals", reply("97", mti="0510", de70="201")),
    "ping": ("ping", frame("0810", de11="000101", de32="33040001", de39="00", de70="301")),
}
CHANGED = {"contact_change": ContactChange(name="王|秀兰", mobile="13900139000"), "insured_division": None}
FILES = {
    "APPLY": (
        "APPLY",
        batch_of(
            "APPLY",
            order_of("JX6-CIT-01", 1, evidence=(portrait(),)),
            order_of(
                "JX6-CIT-04", 2, form={"card_no": FORMAL, "reissue_reason": "lost", "amount": 3000}, delivery="post"
            ),
            order_of("JX6-CIT-04", 3, form={"card_no": DEMO, "reissue_reason": "damaged", "amount": 3000}),
        ),
    ),
    "APPLY-empty": ("APPLY", batch_of("APPLY")),
    "INFO": (
        "INFO",
        batch_of("INFO", order_of("JX6-CIT-07", 1), order_of("JX6-CIT-07", 2, form=CHANGED), seq=12),
    ),
}
THEIRS = {
    "RESULT": (
        "26112433040200000101|01|00|3140330000000000127|B20261127|000101|||20261127093000\n"
        "26112433040200000201|02|00|3140330000000000135|B20261127|000000||图书借阅、公共自行车功能须重新开通|20261127093000\n"
        "26112433040200000301|01|90||||F1|照片不合格|20261124100000\n"
        "26112433040200000401|1|00|3140330000000000010|||||20261125100000\n"
        "END|4\n"
    ),
    "RESULT-unknown": "26112433040200000101|01|90||||F9|新原因|20261127093000\nEND|1\n",
    "TRANS": (
        "7GPFG42PO2BT|630000|3140330000000000010|12345|20261124090000\n"
        "7GPFG42PO2BT|040000|3140330000000000010|-12345|20261124090100\n"
        "OTHERCHANNEL|630000|3140330000000000028|500|20261124100000\n"
        "END|3\n"
    ),
}


def env(**values):
    return Env(now=START, config=ADAPTER.config, vars=values)


def draw(count):
    return bytes(range(1, count + 1))


def compare(name: str, found: str) -> None:
    path = FOLDER / name
    if os.environ.get("UPDATE_GOLDENS"):
        FOLDER.mkdir(exist_ok=True)
        path.write_text(found, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == found, f"{name} has changed"


def as_json(value) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True, default=str) + "\n"


@pytest.mark.parametrize("name", REQUESTS)
def test_message_of_ours_is_as_it_was(name):
    message, source, values = REQUESTS[name]
    tree = MAPPINGS.request(message)(source, env(**values))
    request = ADAPTER.encode(message, tree, env(**values), draw)
    compare(f"{name}.request.json", as_json(tree))
    compare(f"{name}.request.hex", shown(request.body))
    assert unshown((FOLDER / f"{name}.request.hex").read_text("utf-8")) == request.body


@pytest.mark.parametrize("name", REPLIES)
def test_message_of_theirs_is_read_as_it_was(name):
    message, body = REPLIES[name]
    compare(f"{name}.reply.hex", shown(body))
    read(name, message, FrameResponse(body), env())


@pytest.mark.parametrize("name", FILES)
def test_file_of_ours_is_as_it_was(name):
    kind, batch = FILES[name]
    tree = MAPPINGS.request(kind)(batch, env())
    put = ADAPTER.encode(kind, tree, env(), draw)
    compare(f"{name}.request.json", as_json(tree))
    compare(f"{name}.request.txt", f"{put.path}\n{put.flag_path}\n{put.body.decode()}")
    assert sm2_verify(sm2_public(bytes.fromhex(PRIVATE)), put.body, sm2_raw(base64.b64decode(put.flag_body)))


@pytest.mark.parametrize("name", THEIRS)
def test_file_of_theirs_is_read_as_it_was(name):
    body = THEIRS[name].encode()
    compare(f"{name}.reply.txt", THEIRS[name])
    signature = signedfile.sign(PRIVATE, body, draw).decode()
    kind = name.partition("-")[0]
    read(name, kind, FileResponse(body=body), env(signature=signature, path="/out/x.txt"))


@pytest.mark.parametrize("code", ["S1", "S2", "S3", "S4"])
def test_refusal_of_a_file_is_read_as_it_was(code):
    read(f"ERR-{code}", "ERR", FileResponse(body=f"{code}|text\n".encode()), env(path="/out/x.err"))


def test_files_of_theirs_are_asked_for_by_their_path():
    assert ADAPTER.encode("RESULT", {}, env(path="/out/a.txt"), draw) == FileGet("/out/a.txt")


def test_trace_number_of_a_repeat_is_the_same_and_that_of_a_question_is_drawn():
    def field(message, source, random):
        tree = MAPPINGS.request(message)(source, env())
        return shown(ADAPTER.encode(message, tree, env(), random).body).partition("DE11")[2].split("\n")[0]

    assert field("topup", topup(), draw) == field("topup", topup(), os.urandom)
    assert field("status", order_of("JX6-CIT-08"), draw) != field("status", order_of("JX6-CIT-08"), bytes)


def read(name, message, response, values) -> None:
    tree = ADAPTER.decode(message, response, values)
    found = MAPPINGS.reply(message)(tree, values)
    compare(
        f"{name}.reply.json", as_json({"tree": tree, "reply": found.model_dump(mode="json", exclude_defaults=True)})
    )
