"""What the README shows is what really prints."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def shown(marker):
    found = re.search(rf"<!-- {re.escape(marker)} -->\n```text\n(.*?)```", README, re.DOTALL)
    return [line.rstrip() for line in found[1].splitlines()]


def printed(*arguments):
    hub = Path(sys.executable).parent / "hub"
    done = subprocess.run([hub, "demo", *arguments], capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 0, done.stderr
    return [line.rstrip() for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def demo():
    return printed()


@pytest.mark.parametrize("part", ["what is found", "what is asked", "what `hub demo` prints"])
def test_part_of_the_demo_is_the_one_shown(demo, part):
    table = shown(f"demo: {part}")
    start = demo.index(table[0])
    assert demo[start : start + len(table)] == table


def test_demo_ends_as_shown(demo):
    end = shown("demo: how it ends")
    assert demo[-len(end) :] == end


def test_lost_reply_is_told_as_shown():
    lines = printed("--fault", "water:after-commit")
    told = shown("demo --fault water:after-commit")
    start = lines.index(told[0])
    assert lines[start : start + len(told)] == told
    assert "water: 1 order" in lines
