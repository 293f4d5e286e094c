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
LIMIT_SECONDS = 900  # twice a minute on two quiet cores; machines that are shared take their time


# One test: several would each live through the month where they run in parallel.
@pytest.mark.acceptance
def test_thirty_days_leave_one_record_twice_each_order_its_effect_once_and_money_that_agrees(tmp_path):
    first, second = _twice(tmp_path)
    assert first == second, "the same seed gave another record; compare the two files"
    record = json.loads(first)
    _every_order_is_at_rest_with_its_effect_once(record)
    _money_agrees(record)
    _nothing_was_easy(record)
    _books_would_tell(record)


def _twice(folder: Path) -> list[bytes]:
    """The records of two runs, each in a process of its own: nothing of one can reach the other."""
    files = [folder / "first.json", folder / "second.json"]
    command = [sys.executable, "-m", "tests.acceptance.month", SEED, DAYS, CASES, FAULTS]
    runs = [subprocess.Popen([*command, str(file)], cwd=ROOT) for file in files]
    try:
        assert [run.wait(timeout=LIMIT_SECONDS) for run in runs] == [0, 0]
    finally:
        for run in runs:
            run.kill()
    return [file.read_bytes() for file in files]


def _every_order_is_at_rest_with_its_effect_once(record) -> None:
    ends = Counter(task["state"] for task in books.tasks(record))
    assert set(ends) <= books.RESTING
    assert books.wrong_orders(record) == []
    assert books.breaches(record) == []


def _money_agrees(record) -> None:
    """The hub's books, each utility's ledger and its daily files."""
    assert books.wrong_payments(record) == []
    assert {payment["state"] for payment in books.payments(record)} <= {"POSTED", "REVERSED"}
    assert books.unexplained(record) == []
    sums = books.sums(record)
    assert all(len(set(each)) == 1 for each in sums.values()), sums
    assert all(each[0] > 0 for each in sums.values()), sums


def _nothing_was_easy(record) -> None:
    """The month had what it was made for: all systems, faults, closed doors, refusals, second thoughts, refunds."""
    ends = Counter(task["state"] for task in books.tasks(record))
    assert ends["COMPLETED"] > 100
    assert min(ends["CANCELLED"], ends["REJECTED"]) > 4
    assert all(each["journal"] and each["ledger"] for each in record["systems"].values())
    struck = {name: {entry["fault"] for entry in each["journal"]} - {""} for name, each in record["systems"].items()}
    assert all(len(kinds) >= 3 for name, kinds in struck.items() if name != "realty"), struck
    held = {task["endpoint"].split("-")[0] for task in books.tasks(record) if books.was(record, task, "HELD")}
    assert held >= {"water", "power", "gas", "ccard"}
    assert "REVERSED" in {payment["state"] for payment in books.payments(record)}
    assert any(books.was(record, task, "AWAITING_APPLICANT") for task in books.tasks(record))


def _books_would_tell(record) -> None:
    """An order that was made twice and a payment that was booked twice would have been seen."""
    ledger = record["systems"]["water"]["ledger"]
    ledger += [next(entry for entry in ledger if entry["effect"] == effect) for effect in ("order", "payment")]
    assert len(books.wrong_orders(record)) == 1
    assert len(books.wrong_payments(record)) == 1
    assert len(set(books.sums(record)["water"])) == 2
