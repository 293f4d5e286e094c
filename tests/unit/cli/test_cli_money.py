"""`hub charges`, `pay`, `refund`, `supplement` and `reconcile`, on a toy till that runs beside the command."""

from __future__ import annotations

import asyncio
import threading

import pytest

from hub.clock import WallClock
from hub.registry import Registry
from tests.toy.hubs import overlay, registry
from tests.toy.till import TillAdapter, TillServer

QUICK = {
    "limits": {"concurrency": 2, "connect_seconds": 0.5, "read_seconds": 0.5, "total_seconds": 1.0},
    "retry": {"attempts": 50, "base_seconds": 0.05, "cap_seconds": 0.2, "deadline_hours": 1},
    "poll": {"every_minutes": 0.003},
}


@pytest.fixture
def server():
    """The till in a thread of its own: a command runs its own event loop."""
    ready, stop, made = threading.Event(), [], []

    async def serve():
        async with TillServer(WallClock()) as running:
            made.append(running)
            done = asyncio.Event()
            stop.append((asyncio.get_running_loop(), done))
            ready.set()
            await done.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    ready.wait()
    yield made[0]
    loop, done = stop[0]
    loop.call_soon_threadsafe(done.set)
    thread.join()


@pytest.fixture
def till(cli, server, monkeypatch, tmp_path):
    folder = overlay(tmp_path / "config", adapter="toy-till", config={"base_url": server.url}, **QUICK)
    monkeypatch.setenv("HUB_CONFIG_DIR", str(folder))
    monkeypatch.setattr(Registry, "load", lambda _mappings=None: registry(TillAdapter))
    return cli


def waiting(till, server, tmp_path, state):
    server.stuck = state
    path = tmp_path / "application.json"
    path.write_text(till("example", "JX6-WAT-01").out, encoding="utf-8")
    ran = till("submit", path, "--wait", "--timeout", "10", "--json")
    return ran.json["number"]


def test_fee_is_shown_paid_and_given_back(till, server, tmp_path):
    number = waiting(till, server, tmp_path, "fee")
    shown = till("charges", number)
    assert "业务费用 FEE" in shown.out
    assert shown.last == "1 charge"
    (charge,) = till("charges", number, "--json").json
    assert (charge["amount_fen"], charge["state"]) == (5000, "DUE")
    pay = ("pay", number, charge["id"], "--reference", "P1", "--channel", "POS", "--amount")
    wrong = till(*pay, "49.99")
    assert (wrong.code, "PAY_AMOUNT" in wrong.err) == (2, True)
    assert till(*pay, "fifty").code == 2
    server.stuck = "done"
    server._pay = lambda body: server._book("payment", "P", body, body["fen"])
    ran = till(*pay, "50.00", "--wait", "--timeout", "10", "--json")
    assert ran.code == 0
    (payment,) = ran.json
    assert (payment["state"], payment["provider_receipt"], payment["repayable"]) == ("POSTED", "P0001", False)
    ran = till("refund", payment["id"], "--reason", "重复缴费", "--wait", "--timeout", "10")
    assert ran.code == 0
    assert "已冲正 REVERSED" in ran.out
    assert "to be given back to the payer" in ran.out
    ran = till("refund", payment["id"], "--reason", "重复缴费", "--repaid", "BACK-1", "--channel", "POS", "--json")
    assert ran.json[0]["repaid"]["reference"] == "BACK-1"
    assert server.ledger.summary() == {"order": 1, "payment": 1, "reversal": 1}


def test_payment_channel_that_does_not_exist_ends_with_2(till, server, tmp_path):
    number = waiting(till, server, tmp_path, "fee")
    (charge,) = till("charges", number, "--json").json
    ran = till("pay", number, charge["id"], "--reference", "P1", "--channel", "GOLD", "--amount", "50")
    assert ran.code == 2
    assert ran.err.startswith("--channel: ")


def test_supplement_is_given_from_a_file(till, server, tmp_path):
    server.asked = ["RE_CERT"]
    number = waiting(till, server, tmp_path, "ask")
    scan = tmp_path / "scan.pdf"
    give = ("supplement", number, "--task", "1", "--material", f"RE_CERT={scan}")
    assert till(*give).code == 2
    scan.write_bytes(b"%PDF-1.7 synthetic")
    assert till("supplement", number, "--task", "1", "--field", "reason").code == 2
    ran = till("supplement", number, "--task", "1", "--material", f"LEASE={scan}", "--json")
    assert {fault["rule"] for fault in ran.json["faults"]} == {"MAT_INVALID", "MAT_MISSING"}
    stuck = server._supplement
    server._supplement = lambda body: [stuck(body), setattr(server, "stuck", "done")][0]
    ran = till(*give, "--wait", "--timeout", "10", "--json")
    assert (ran.code, ran.json["tasks"][0]["state"]) == (0, "COMPLETED")
    assert "scan.pdf" not in ran.out


def test_reconciliation_says_whether_all_agree(till, server, tmp_path):
    number = waiting(till, server, tmp_path, "fee")
    assert number
    ran = till("reconcile", "--date", "2026-01-02", "--endpoint", "water-city")
    assert (ran.code, ran.last) == (0, "1 of 1 agree")
    server.booked.append({"serial": "9" * 20, "receipt": "P1", "kind": "P", "fen": 100, "day": "20260102"})
    ran = till("reconcile", "--date", "2026-01-02", "--endpoint", "water-city")
    assert ran.code == 1
    assert "REC_MISSING_OURS 对账:我方缺失" in ran.out
    assert "PERSON 由财务人员核实" in ran.out
    document = till("reconcile", "--date", "2026-01-02", "--endpoint", "water-city", "--json").json
    assert (document[0]["agrees"], document[0]["theirs"]) == (False, {"count": 1, "sum_fen": 100})
    assert till("reconcile", "--date", "yesterday").code == 2
    assert till("reconcile", "--date", "2026-01-02", "--endpoint", "nobody").code == 2


@pytest.mark.parametrize(
    "arguments", [("charges",), ("pay", "c", "--reference", "r", "--channel", "POS", "--amount", "1")]
)
def test_case_that_does_not_exist_ends_with_2(cli, arguments):
    command, *rest = arguments
    ran = cli(command, "JX6202611243304020000999", *rest)
    assert (ran.code, "[NotFound]" in ran.err) == (2, True)
