"""Thirty virtual days of mixed load, twice from one seed: the same record byte for byte, and books that agree."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.acceptance import month_books as books

ROOT = Path(__file__).resolve().parents[2]
SEED, DAYS, CASES, FAULTS = "7", "30", "130", "110"


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """What two runs left behind, each in a process of its own: nothing of one can reach the other."""
    files = [tmp_path_factory.mktemp("month") / "record.json" for _ in range(2)]
    command = [sys.executable, "-m", "tests.acceptance.month", SEED, DAYS, CASES, FAULTS]
    runs = [subprocess.Popen([*command, str(file)], cwd=ROOT) for file in files]
    assert [run.wait(timeout=900) for run in runs] == [0, 0]
    return [file.read_bytes() for file in files]


def test_month_run_twice_from_one_seed_leaves_the_same_record_byte_for_byte(records):
    first, second = records
    assert first == second


def test_after_a_month_every_order_is_at_rest_with_its_effect_exactly_once(records):
    record = json.loads(records[0])
    ends = Counter(task["state"] for task in books.tasks(record))
    assert set(ends) <= books.RESTING
    assert ends["COMPLETED"] > 100
    assert ends["CANCELLED"] > 5
    assert all(each["journal"] for each in record["systems"].values())
    assert [
        each for system in record["systems"].values() for entry in system["journal"] for each in entry["violations"]
    ] == []
    assert books.wrong_orders(record) == []


def test_in_a_month_faults_struck_every_system_and_orders_waited_at_closed_doors(records):
    record = json.loads(records[0])
    struck = {name: {entry["fault"] for entry in each["journal"]} - {""} for name, each in record["systems"].items()}
    assert all(len(struck[name]) >= 3 for name in struck if name != "realty"), struck
    held = {task["endpoint"].split("-")[0] for task in books.tasks(record) if books.was(record, task, "HELD")}
    assert held >= {"water", "power", "gas", "ccard"}


def test_after_a_month_hub_ledger_and_daily_files_agree_about_the_money(records):
    record = json.loads(records[0])
    assert books.wrong_payments(record) == []
    assert {payment["state"] for payment in books.payments(record)} <= {"POSTED", "REVERSED"}
    assert books.unexplained(record) == []
    sums = books.sums(record)
    assert all(len(set(each)) == 1 for each in sums.values()), sums
    assert all(each[0] > 0 for each in sums.values()), sums
